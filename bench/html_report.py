"""How large the page of a large drift is, and how long a browser takes to open it.

`python bench/html_report.py` makes 10,000 groups, 500 of them drifted, each of those with a live picture of
its own, as colourful as a photo. The bounds are 10 MB and 2 seconds; it ends 1 where one is broken. It needs
Chromium.
"""

from __future__ import annotations

import io
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image
from playwright.sync_api import sync_playwright

from reconciler import pictures
from reconciler.model.live import Thumbnail, Thumbnails
from reconciler.report import drift
from tests.browser import FLAGS, NAMES
from tests.reports import large
from tests.reports.runs import Look, render
from tests.reports.samples import LOGO, REDACTOR, RUN

BYTES = 10_000_000
SECONDS = 2.0
ROUNDS = 5


def photo(seed: int) -> Thumbnail:
    """A picture with as much in it as a photo: noise, made soft."""
    dice = random.Random(seed)
    noise = Image.frombytes("RGB", (40, 40), dice.randbytes(4800)).resize(
        (320, 320), Image.Resampling.BICUBIC
    )
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    return pictures.thumbnail(buffer.getvalue())


def main() -> int:
    live = {name: photo(seed) for seed, name in enumerate(large.DRIFTED)}
    icons = Thumbnails(files={LOGO.sha256: photo(-1)}, live=live)
    began = time.perf_counter()
    page = render("html", "drift", drift.told(large.drift(), REDACTOR), RUN, Look(thumbnails=icons))
    print(f"written in {time.perf_counter() - began:.2f} s, {len(page.encode()) / 1e6:.2f} MB")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "drift.html"
        file.write_text(page, encoding="utf-8")
        path = next(filter(None, map(shutil.which, NAMES)))
        for _ in range(ROUNDS):
            browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            tab.goto(file.as_uri(), wait_until="load")
            tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            opened = time.perf_counter() - began
            painted = tab.evaluate("performance.getEntriesByType('paint')[0]?.startTime ?? 0") / 1000
            nodes = tab.evaluate("document.querySelectorAll('*').length")
            narrowed = tab.evaluate(
                """async () => {
                  const search = document.getElementById("search");
                  const began = performance.now();
                  search.value = "00123";
                  search.dispatchEvent(new Event("input"));
                  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                  return performance.now() - began;
                }"""
            )
            print(
                f"opened in {opened:.2f} s (first paint {painted:.2f} s), {nodes} elements, "
                f"searched in {narrowed:.0f} ms"
            )
            worst = max(worst, opened)
            browser.close()
    return int(worst > SECONDS or len(page.encode()) > BYTES)


if __name__ == "__main__":
    sys.exit(main())
