"""The benchmark measures what it says: every contender does the whole work, and the page takes its tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from socket import create_server

import jinja2
import pytest
import yaml

from bench import backends, local, rivals, server, table
from bench.measure import Contender, Failed, Run, run
from bench.world import World, live_groups, made, write_files

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
    for section in ("reads", "start", "local", "writes", "accounts", "backends"):
        table.renew(section, f"results of {section}\n")
        table.renew(section, f"new results of {section}\n")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [
        text.count(f"new results of {section}\n<!-- end") for section in ("reads", "local", "accounts")
    ] == [1, 1, 1]
    with pytest.raises(ValueError, match="no place"):
        table.renew("other", "")


def test_the_curve_leaves_out_what_starting_takes_and_says_which_line_is_which() -> None:
    cpu = {  # seconds; a group of `validate` takes 0.2 ms beside half a second to start
        "validate": (0.7, 2.5),
        "plan, nothing to do": (2.0, 9.0),
        "plan, the state is lost": (2.4, 20.0),
        "plan, every subject changed": (2.5, 15.0),
        "the same as JSON": (3.0, 12.0),
    }
    found = {
        size: {step: Run(seconds[at], seconds[at], 40) for step, seconds in cpu.items()}
        for at, size in enumerate((1_000, 10_000))
    }
    rows, picture, legend = local.curve(found).split("\n\n")
    assert rows.splitlines()[2:4] == [
        "| validate | 1,000 | 0.70 s | 40 MB | 0.70 s | 0.700 ms |  |",
        "| validate | 10,000 | 2.50 s | 40 MB | 2.50 s | 0.250 ms | 0.200 ms |",
    ]
    assert picture.splitlines() == [
        "```mermaid",
        '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": '
        '"#1f77b4, #ff7f0e, #2ca02c, #d62728, #9467bd"}}}}%%',
        "xychart-beta",
        '  x-axis "groups" ["1,000", "10,000"]',
        '  y-axis "CPU a group, ms" 0 --> 3.3',
        '  line "validate" [0.7, 0.25]',
        '  line "plan, nothing to do" [2.0, 0.9]',
        '  line "plan, the state is lost" [2.4, 2.0]',
        '  line "plan, every subject changed" [2.5, 1.5]',
        '  line "the same as JSON" [3.0, 1.2]',
        "```",
    ]
    assert legend == (
        "From above at 10,000: plan, the state is lost (green); plan, every subject changed (red); "
        "the same as JSON (purple); plan, nothing to do (orange); validate (blue).\n"
    )
    assert "mermaid" not in local.curve({1_000: found[1_000]})


def test_every_tool_that_does_not_run_has_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    octodns = "octoDNS: skipped: it has only providers for DNS, so that there is nothing to run."
    missing = [
        f"{tool}: skipped: not installed." for tool in ("Terraform", "octoDNS", "Ansible", "curl", "jq")
    ]
    assert rivals.absent() == [missing[0], octodns, *missing[2:]]
    for program in ("terraform", "octodns-sync", "ansible-playbook", "curl", "jq"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    assert rivals.has_ansible()
    assert rivals.absent() == [
        "Terraform: skipped: it calls an API through a provider, and none for any REST API comes with it.",
        octodns,
    ]


@pytest.mark.parametrize("way", [rivals.ansible_with_uri, rivals.ansible_with_lookup])
def test_the_playbook_makes_the_calls_of_the_others(
    way: Callable[[World, int], Contender], tmp_path: Path
) -> None:
    """As far as its templates say: Ansible itself is not needed to develop."""
    icons = write_files(tmp_path, SIZE)
    with create_server(("127.0.0.1", 0)) as listener:
        world = World(tmp_path, SIZE, listener, server.answers(live_groups(SIZE), icons, "http://127.0.0.1"))
        contender = way(world, 4)
        found = _playbook_calls(contender, world.ids)
        expected = [path.decode() for path in world.answers if path.startswith(b"/v1/")]
        assert sorted(found) == sorted(world.base + path for path in expected)
    assert "--forks 4" in " ".join(contender.command)
    assert Path(contender.environment["ANSIBLE_CONFIG"]).is_file()


def _playbook_calls(contender: Contender, ids: list[str]) -> list[str]:
    """The addresses that a contender's playbook reads, its templates evaluated as Ansible does."""
    calls = []

    def lookup(plugin: str, what: str, *, headers: object = None, split_lines: bool = True) -> str:
        if plugin == "ansible.builtin.env":
            return contender.environment[what]
        assert (plugin, split_lines) == ("ansible.builtin.url", False)
        assert headers == login
        calls.append(what)
        return "{}"

    templates = jinja2.Environment(undefined=jinja2.StrictUndefined)
    templates.filters["from_json"] = json.loads

    def evaluated(text: str, **known: object) -> str:
        return templates.from_string(text).render(lookup=lookup, **known)

    playbook = Path(contender.command[-1])
    given = json.loads(contender.command[contender.command.index("--extra-vars") + 1])
    listing, reading, comparing = yaml.safe_load(playbook.read_text(encoding="utf-8"))
    assert not any(play["gather_facts"] for play in (listing, reading, comparing))
    login = {name: evaluated(text) for name, text in reading["vars"]["headers"].items()}
    assert login == {"userName": "bench", "authenticationToken": "bench-token"}
    api = evaluated(reading["vars"]["api"])
    imported = playbook.parent / evaluated(reading["tasks"][0]["ansible.builtin.import_tasks"], **given)
    calls.append(evaluated(listing["tasks"][0]["ansible.builtin.uri"]["url"], api=api))
    for group_id in ids:
        for task in yaml.safe_load(imported.read_text(encoding="utf-8")):
            known = {"api": api, "inventory_hostname": group_id}
            own = {name: evaluated(text, **known) for name, text in task.get("vars", {}).items()}
            if "ansible.builtin.uri" in task:
                calls.append(evaluated(task["ansible.builtin.uri"]["url"], **known, **own))
            else:
                for fact in task["ansible.builtin.set_fact"].values():
                    evaluated(fact["json"], headers=login, **known, **own)
    return calls


def test_a_gateway_is_asked_for_its_groups_at_once_and_the_other_service_for_each(tmp_path: Path) -> None:
    for backend, managed, expected in (
        ("sinch", False, SIZE + 1),
        ("waha", False, 3),
        ("waha", True, SIZE + 3),
    ):
        folder = tmp_path / f"{backend}-{managed}"
        folder.mkdir()
        with backends.made(folder, SIZE, backend, managed) as shop:  # type: ignore[arg-type]
            assert backends.calls(shop) == expected
