"""Record the README's terminal session, once in each language that there is a README in:
`python docs/record_session.py` writes `docs/session.svg` and `docs/session.pt-BR.svg`.

Real commands on the repository's own examples, against a sandbox that starts empty; between two of them
people join by the link and somebody changes things by hand. Who has yet to join is shown once only.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from reconciler.sandbox import Options, start
from reconciler.sandbox.control import Control

REPOSITORY = Path(__file__).parent.parent
ACCOUNT = "5519911112222"
ANA, BRUNO, STRANGER = "5519900000001", "5519900000002", "5519900000077"
COLUMNS = 100  # as wide as the program takes what is no terminal to be


@dataclass(frozen=True, slots=True)
class Session:
    """What a picture shows in its language: `joining` is how the paragraph begins that is shown once, and
    `meanwhile` says what happens between two commands."""

    language: str
    picture: str
    title: str
    joining: str
    meanwhile: str


SESSIONS = (
    Session(
        "en",
        "docs/session.svg",
        "A terminal session of reconciler",
        "Still to join",
        "# Ana and Bruno join by the link; somebody changes things by hand",
    ),
    Session(
        "pt-BR",
        "docs/session.pt-BR.svg",
        "Uma sessão do reconciler no terminal",
        "Falta entrar",
        "# Ana e Bruno entram pelo link; alguém altera coisas à mão",
    ),
)

# rich's own template without its web fonts: the picture asks nobody for anything.
TEMPLATE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img"
 aria-label="A terminal session of reconciler">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
 font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: ui-sans-serif, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Run the sessions and write the pictures."""
    for session in SESSIONS:
        record(session)


def record(session: Session) -> None:
    """Run the session and write its picture."""
    picture = REPOSITORY / session.picture
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Options(database=":memory:", account=ACCOUNT)) as server,
    ):
        environment = {
            **os.environ,
            "RECONCILER_BASE_URL": server.base_url,
            "RECONCILER_USERNAME": "demo",
            "RECONCILER_TOKEN": "demo",
            "RECONCILER_STATE": f"file:{folder}/state.json",
            "RECONCILER_LANG": session.language,
        }
        console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
        say(console, "apply --yes", environment)
        people_do_things(server.control())
        console.print(Text(session.meanwhile, "bright_black"))
        say(console, "plan", environment, drop=session.joining)
        say(console, "apply --yes", environment, drop=session.joining)
        say(console, "plan", environment, drop=session.joining)
        template = TEMPLATE.replace(SESSIONS[0].title, session.title)
        picture.write_text(
            console.export_svg(title="reconciler", code_format=template, unique_id="session"),
            encoding="utf-8",
        )
    print(f"{session.picture}: {picture.stat().st_size // 1024} KB")


def people_do_things(control: Control) -> None:
    """What happens in the groups between two runs."""
    groups = {group["subject"]: group["id"] for group in control.groups()}
    suporte = groups["Suporte Campinas"]
    control.join(suporte, ANA, BRUNO, STRANGER)
    control.promote(suporte, STRANGER)
    control.set_subject(suporte, "Suporte Cps")


def say(console: Console, arguments: str, environment: dict[str, str], drop: str | None = None) -> None:
    """Run one command and print it as a terminal would show it; the paragraph that begins with `drop` is
    left out, because it stands above already."""
    console.print(Text.assemble(("$ ", "green"), (f"reconciler {arguments}", "bold")))
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *shlex.split(arguments), "--color", "always"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    paragraphs = [
        paragraph
        for paragraph in done.stdout.rstrip("\n").split("\n\n")
        if drop is None or not Text.from_ansi(paragraph).plain.startswith(drop)
    ]
    console.print(Text.from_ansi("\n\n".join(paragraphs)))
    console.print()


if __name__ == "__main__":
    main()
