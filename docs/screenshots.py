"""Take the pictures of the HTML reports: `python docs/screenshots.py` writes `docs/screenshots/`.

Real commands on the repository's own examples, against a sandbox that starts empty; between two of them
people join by the link, somebody changes things by hand, and manifests change in Git. Needs Chromium; the
pictures in the repository were taken with the packages fonts-inter and fonts-noto-color-emoji installed.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, sync_playwright

from reconciler.sandbox import Options, start
from reconciler.sandbox.control import Control
from tests.browser import FLAGS, NAMES

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURES = REPOSITORY / "docs/screenshots"
ACCOUNT = "5519911112222"
ANA, BRUNO, DORA, ELISA = (
    f"55{digits}" for digits in ("19900000001", "19900000002", "11900000003", "19900000005")
)
STRANGER, PASSER = "5519900000077", "5521977776655"
LIMIT = 200_000  # bytes of one picture

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1120, "height": 1400}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1120, "height": 1400}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 2300}, "color_scheme": "light"},
}


class Session:
    """A scratch copy of the examples under Git, with a sandbox behind it."""

    def __init__(self, folder: Path, base_url: str, control: Control) -> None:
        self.folder = folder
        self.control = control
        self.environment = {
            **os.environ,
            "RECONCILER_BASE_URL": base_url,
            "RECONCILER_USERNAME": "demo",
            "RECONCILER_TOKEN": "demo",
            "RECONCILER_STATE": "file:.reconciler/state.json",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_DATE": "2026-11-20T02:00:00Z",
            "GIT_COMMITTER_DATE": "2026-11-20T02:00:00Z",
        }
        for name in ("groups", "contacts.yaml", "reconciler.yaml"):
            source = REPOSITORY / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / name)
        (folder / ".gitignore").write_text(".reconciler/\n")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("Our groups")

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in codes:
            sys.exit(f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=Ana Souza", "-c", "user.email=ana@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, env=self.environment, check=True)

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def id(self, subject: str) -> str:
        return next(group["id"] for group in self.control.groups() if group["subject"] == subject)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, (name, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


def main() -> None:
    """Make the pages, and take their pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "groups-of-ours"
        folder.mkdir()
        with start(Options(database=":memory:", account=ACCOUNT)) as server:
            pages = make_pages(Session(folder, server.base_url, server.control()))
        PICTURES.mkdir(exist_ok=True)
        path = next(filter(None, map(shutil.which, NAMES)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
            for page in pages:
                for look in LOOKS:
                    take(browser, page, look)
            browser.close()


def make_pages(session: Session) -> list[Path]:
    """Run the commands; the pages in the order in which they were written."""
    pages = [session.folder.parent / f"{name}.html" for name in ("in-sync", "drift", "incomplete", "plan")]
    in_sync, drift, incomplete, plan = pages
    record = str(session.folder / ".reconciler/drift.json")

    session.run("apply", "--yes")
    people_join(session)
    session.run("apply", "--yes")
    session.run("drift", "--report", f"html={in_sync}")

    somebody_changes_things(session)
    session.edit("groups/cliente-acme.yaml", "Cliente Acme Logística", "Acme Operações")
    session.commit("Give Acme its new name")
    session.run("drift", "--record", record, "--report", f"html={drift}", codes=(2,))

    stuck = session.id("Vendas Região Nordeste")
    session.control.add_faults(f"GET /groups/{stuck} status=500")
    session.edit("reconciler.yaml", "# api: {timeout: 30", "api: {retries: 0}\n# api: {timeout: 30")
    session.run("drift", "--record", record, "--report", f"html={incomplete}", codes=(1,))
    session.control.clear_faults()

    session.git("checkout", "--quiet", "-b", "new-brand")
    for name in ("suporte.png", "cliente.png"):
        Image.open(session.folder / "groups/icons" / name).rotate(90).save(
            session.folder / "groups/icons" / name
        )
    session.edit("groups/suporte-campinas.yaml", "subject: Suporte Campinas", "subject: Suporte Campinas 24h")
    session.edit("groups/suporte-campinas.yaml", "admins: [cs, elisa]", "admins: [cs, dora]")
    (session.folder / "groups/projeto-natal.yaml").write_text(
        "# yaml-language-server: $schema=../schemas/group.schema.json\n"
        "subject: Projeto Natal 2026 🎄\nicon: icons/vendas.png\nadmins: [ana]\nmembers: [vendas]\n",
        encoding="utf-8",
    )
    session.commit("New brand, a group for Christmas")
    session.run("plan", "--base", "main", "--report", f"html={plan}", codes=(0,))
    return pages


def people_join(session: Session) -> None:
    """Everybody who was sent a link joins."""
    session.control.join(session.id("Suporte Campinas"), ANA, BRUNO, ELISA)
    session.control.join(session.id("Vendas Região Sudeste"), BRUNO, DORA, ELISA)
    session.control.join(session.id("Cliente Acme Logística"), ANA, BRUNO, DORA)


def somebody_changes_things(session: Session) -> None:
    """What nobody wrote into a manifest."""
    suporte, cafe = session.id("Suporte Campinas"), session.id("Comunidade do Café")
    vendas = session.id("Vendas Região Sudeste")
    session.control.join(suporte, STRANGER)
    session.control.promote(suporte, STRANGER)
    session.control.demote(suporte, ELISA)
    session.control.set_subject(suporte, "PROMOÇÃO 🔥 50% hoje")
    session.control.set_icon(suporte, sale())
    session.control.set_icon(cafe, (REPOSITORY / "groups/icons/vendas.png").read_bytes())
    session.control.join(vendas, PASSER)


def sale() -> bytes:
    """What somebody might take for a better icon."""
    image = Image.new("RGB", (640, 640), "#f5c400")
    draw = ImageDraw.Draw(image)
    for step in range(-640, 640, 128):
        draw.polygon([(step, 640), (step + 64, 640), (step + 704, 0), (step + 640, 0)], fill="#f0b400")
    draw.polygon([(320, 90), (548, 320), (320, 550), (92, 320)], fill="#d6202f")
    draw.ellipse((228, 228, 292, 292), outline="white", width=22)
    draw.ellipse((348, 348, 412, 412), outline="white", width=22)
    draw.line((404, 232, 236, 408), fill="white", width=24)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def take(browser: Browser, page: Path, look: str) -> None:
    """One picture, from the top of the page down to where it ends or the window does."""
    context = browser.new_context(**LOOKS[look], device_scale_factor=1.5)
    tab = context.new_page()
    tab.goto(page.as_uri())
    height = min(tab.evaluate("document.body.offsetHeight"), LOOKS[look]["viewport"]["height"])
    width = LOOKS[look]["viewport"]["width"]
    shot = tab.screenshot(clip={"x": 0, "y": 0, "width": width, "height": height})
    context.close()
    target = PICTURES / f"{page.stem}-{look}.png"
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (256, 128, 64):
        image.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size <= LIMIT:
            break
    print(f"{target.relative_to(REPOSITORY)}: {target.stat().st_size // 1000} KB")


if __name__ == "__main__":
    main()
