"""The benchmark measures what it says: every contender does the whole work, and the page takes its tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench import rivals, table
from bench.measure import Contender, Failed, Run, run
from bench.world import World, made

SIZE = 12


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="curl or jq is not installed")
def test_every_contender_sees_that_all_is_as_wanted_and_what_is_not(tmp_path: Path) -> None:
    with made(tmp_path / "repository", SIZE) as world:
        _compare(world)


def _compare(world: World) -> None:
    ours = world.reconciler("plan", "--quiet", "--detailed-exitcode")
    with world.serving(0.001):
        for contender in (ours, rivals.curl(world, 4), rivals.script(world, 4), rivals.bash(world, 4)):
            found = run(contender)
            assert found.wall > 0
            assert found.cpu > 0
        assert (world.path / "live.tsv").read_text() == (world.path / "wanted.tsv").read_text()
        assert len((world.path / "live.tsv").read_text().splitlines()) == SIZE

        manifest = world.path / "groups" / "group-00003.yaml"
        manifest.write_text(manifest.read_text().replace("subject: Group 3", "subject: Another"))
        with pytest.raises(Failed, match="ended 2"):
            run(ours)
        run(rivals.bash(world, 4))
        assert (world.path / "live.tsv").read_text() != (world.path / "wanted.tsv").read_text()


def test_a_contender_that_fails_is_no_fast_one(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="false ended 1"):
        run(Contender("false", ("false",), tmp_path, {}))


def test_ratios_are_of_neighbours_and_the_page_has_a_place_for_each_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {
        "a": [Run(1, 1, 1), Run(10, 1, 1), Run(2, 1, 1)],
        "b": [Run(2, 1, 1), Run(11, 1, 1), Run(3, 1, 1)],
    }
    assert table.ratio_of(runs, "b", "a") == 1.5
    pages = tuple(tmp_path / page.name for page in table.PAGES)
    for page, real in zip(pages, table.PAGES, strict=True):
        page.write_text(real.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(table, "PAGES", pages)
    for section in ("reads", "start", "local", "writes", "accounts"):
        table.renew(section, f"results of {section}\n")
        table.renew(section, f"new results of {section}\n")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [
        text.count(f"new results of {section}\n<!-- end") for section in ("reads", "local", "accounts")
    ] == [1, 1, 1]
    with pytest.raises(ValueError, match="no place"):
        table.renew("other", "")
