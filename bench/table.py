"""Results as Markdown: tables with ratios, and pages that keep the sections which were not run again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure import Run, middle

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = (DOCS / "performance.md", DOCS / "scale.md")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is text, the others are numbers."""
    lines = [" | ".join(head), " | ".join(["---", *["--:"] * (len(head) - 1)]), *map(" | ".join, rows)]
    return "".join(f"| {line} |\n" for line in lines)


def compared(found: Mapping[str, Sequence[Run]], to: str) -> list[list[str]]:
    """A row for each contender: wall, CPU, memory, and how many times those of `to` wall and CPU are."""
    base = middle(found[to])
    rows = []
    for name, runs in found.items():
        run = middle(runs)
        spread = f"{min(each.wall for each in runs):.2f}–{max(each.wall for each in runs):.2f}"
        ratio = f"{ratio_of(found, name, to):.2f}"
        cpu = [f"{run.cpu:.2f} s", f"{run.cpu / base.cpu:.1f}"]
        rows.append([name, f"{run.wall:.2f} s", spread, ratio, *cpu, f"{run.memory:.0f} MB"])
    return rows


def ratio_of(found: Mapping[str, Sequence[Run]], name: str, to: str) -> float:
    """The median of the ratios of wall time, run by run: neighbours in time had the same machine."""
    ratios = sorted(mine.wall / its.wall for mine, its in zip(found[name], found[to], strict=True))
    return ratios[len(ratios) // 2]


def renew(section: str, text: str) -> None:
    """Put a section's results into the page that has a place for it, between two comments."""
    begin, end = f"<!-- bench {section} -->\n", f"<!-- end of bench {section} -->\n"
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        if found.search(page):
            path.write_text(found.sub(lambda _: f"{begin}{text}{end}", page), encoding="utf-8")
            return
    raise ValueError(f"there is no place for {section!r} on any page")
