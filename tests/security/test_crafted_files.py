"""A saved plan and a state that somebody made up: both are files that a pull request can hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.security.support import Checkout, assert_clean, everything
from tests.support import ANA, BRUNO, CARLOS, STRANGER, Repo

TIME = "2026-11-22T12:00:00Z"


def state(groups: object = None, **changes: object) -> str:
    """A state of the checkout's API; its `base_url` is filled in when it is written."""
    whole = {"format_version": 1, "base_url": "BASE", "serial": 1, "commit": None}
    return json.dumps(
        {**whole, "groups": {} if groups is None else groups, "creating": {}, "created": [], **changes}
    )


def _nines(count: int) -> str:
    return "9" * count


STATES: dict[str, str] = {
    "deep": "[" * 1_000_000,
    "deep objects": '{"groups":' * 200_000,
    "no JSON": "\x1b]0;x\x07 <<<<<<< HEAD",
    "half a surrogate": state({"a": {"id": "\ud800"}}),
    "names that act": state({"\x1b]0;x\x07": {"id": "g"}}),
    "names that are orders": state({"::error::x": {"id": "g"}}),
    "ids that are paths": state({"a": {"id": "../../v1/send"}}),
    "ids that are dots": state({"a": {"id": ".."}}),
    "ids of a create": state(creating={"a": {"subject": "s", "listed": ["/x"], "at": TIME}}),
    "a time that is none": state(created=["0001-01-01T00:00:00+14:00"]),
    "times at the end of time": state(created=["9999-12-31T23:59:59-01:00"]),
    "a serial without end": state().replace('"serial": 1', f'"serial": {_nines(4300)}'),
    "a link version without end": state({"a": {"id": "g", "link_version": 10**3999}}),
    "a float": state().replace('"serial": 1', '"serial": 1e400'),
    "no number": state().replace('"serial": 1', '"serial": NaN'),
    "another API": state().replace("BASE", "https://evil.example/\x1b]0;x"),
    "another version": state(format_version=2**62),
    "numbers instead of people": state({"a": {"id": "g", "joined": [5], "applied": {"admins": [[]]}}}),
}  # fmt: skip


@pytest.mark.parametrize("text", STATES.values(), ids=STATES)
@pytest.mark.parametrize("command", [["apply", "--yes"], ["state", "show"]])
def test_states_that_are_refused(text: str, command: list[str], checkout: Checkout) -> None:
    checkout.write(
        ".reconciler/state.json", text.replace("BASE", checkout.environment["RECONCILER_BASE_URL"])
    )
    before = checkout.state.read_bytes()
    done = checkout.quick(*command)
    assert done.code == 1, everything(done)[:2000]
    assert "state" in done.err
    assert checkout.state.read_bytes() == before
    assert_clean(done)


def test_a_state_of_a_hundred_thousand_names(checkout: Checkout) -> None:
    groups = {f"g{n}": {"id": f"120363{n:012d}"} for n in range(100_000)}
    checkout.write(
        ".reconciler/state.json", state(groups).replace("BASE", checkout.environment["RECONCILER_BASE_URL"])
    )
    done = checkout.quick("state", "list")
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 100_000


def test_a_state_of_gigabytes(checkout: Checkout) -> None:
    checkout.write(".reconciler/state.json", "")
    with checkout.state.open("r+b") as file:
        file.truncate(3 << 30)
    done = checkout.quick("plan", within=20)
    assert done.code == 1
    assert "MiB" in done.err
    assert_clean(done)


# --- a state that points a name at another group ------------------------------------------------------


def _bound(repo: Repo, **groups: str) -> None:
    records = {name.replace("_", "-"): {"id": group_id} for name, group_id in groups.items()}
    repo.write(".reconciler/state.json", state(records).replace("BASE", repo.server.base_url))


def test_a_binding_to_another_group_is_seen_in_the_plan(repo: Repo) -> None:
    """What docs/security.md says stops it: the plan shows the other group's subject and people."""
    (board,) = repo.api.seed("Diretoria", participants=[ANA, BRUNO, CARLOS], admins=[ANA])
    repo.group("suporte", "subject: Suporte\n")
    _bound(repo, suporte=board["id"])
    plan = repo.plan()
    change = plan.group("suporte")["changes"][0]
    assert (change["kind"], change["before"], change["after"]) == ("set_subject", "Diretoria", "Suporte")


def test_a_state_of_the_environment_outweighs_the_repositorys(repo: Repo) -> None:
    (board,) = repo.api.seed("Diretoria")
    repo.group("suporte", "subject: Suporte\n")
    _bound(repo, suporte=board["id"])
    done = repo.apply(RECONCILER_STATE=f"file:{repo.path.parent}/own.json")
    assert done.code == 0
    assert repo.live("Diretoria")["id"] == board["id"]
    assert repo.live("Suporte")["id"] != board["id"]


def test_two_names_on_one_group_are_blocked(repo: Repo) -> None:
    (board,) = repo.api.seed("Diretoria")
    repo.group("a", "subject: A\n")
    repo.group("b", "subject: B\n")
    _bound(repo, a=board["id"], b=board["id"])
    done = repo.apply()
    assert done.code == 3, everything(done)
    assert done.json["summary"]["blocked"] == 2
    assert repo.writes() == []


def test_names_without_a_manifest_lose_no_group(repo: Repo) -> None:
    """Records made up for every group: without `--prune` nothing is left, with it four are too many."""
    seeded = repo.api.seed("Grupo {n}", count=5)
    repo.group("suporte", "subject: Suporte\n")
    _bound(repo, **{f"x{n}": group["id"] for n, group in enumerate(seeded)})
    assert repo.apply().code == 0
    pruned = repo.apply("--prune")
    assert pruned.code == 6
    assert {entry["code"] for entry in pruned.json["objections"]} >= {"leave-many"}
    assert not [path for _, path in repo.writes() if path.endswith("/leave")]


# --- a saved plan -------------------------------------------------------------------------------------


def _edited(change: Callable[[dict[str, object]], object]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return edit


PLANS: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "no JSON": lambda _: "\x1b]0;x\x07",
    "deep": lambda _: "[" * 1_000_000,
    "deep under a key": lambda _: '{"seal": ' + "[" * 1_000_000,
    "a list": lambda _: "[]",
    "text": lambda _: '"seal"',
    "a huge number": lambda _: '{"seal": ' + _nines(5000) + "}",
    "no seal": _edited(lambda document: document.pop("seal")),
    "a seal of null": _edited(lambda document: document.update(seal=None)),
    "a seal of another script": _edited(lambda document: document.update(seal="é\ud800")),
    "a guessed seal": _edited(lambda document: document.update(seal="0" * 64)),
    "another digest": _edited(lambda document: document.update(digest="0" * 64)),
    "another version": _edited(lambda document: document.update(format_version=2)),
    "no groups": _edited(lambda document: document.update(groups=[])),
    "groups of another type": _edited(lambda document: document.update(groups={"a": [None]})),
    "a key more": _edited(lambda document: document.update(extra=[float("nan")])),
    "a value of half a surrogate": _edited(lambda document: document.update(kind="\ud800")),
    "millions of keys": lambda _: "{" + ",".join(f'"{n}":0' for n in range(500_000)) + ',"seal":"x"}',
}  # fmt: skip


@pytest.mark.parametrize("edit", PLANS.values(), ids=PLANS)
def test_saved_plans_that_were_made_up(edit: Callable[[str], str], repo: Repo) -> None:
    repo.group("suporte", "subject: Suporte\n")
    assert repo.run("plan", "--out", "plan.json").code == 0
    path = repo.path / "plan.json"
    path.write_text(edit(path.read_text()), errors="surrogatepass")
    done = repo.run("apply", "--yes", "--plan", "plan.json")
    assert done.code in (1, 6), everything(done)[:2000]
    assert "plan" in done.err
    assert repo.writes() == []
    assert_clean(done)


@pytest.mark.parametrize("kind", ["huge", "endless", "folder", "no text"])
def test_saved_plans_that_are_no_files(kind: str, checkout: Checkout) -> None:
    path = checkout.path / "plan.json"
    match kind:
        case "huge":
            with path.open("wb") as file:
                file.truncate(1 << 30)
        case "endless":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case _:
            path.write_bytes(b"\xff\xfe")
    done = checkout.quick("apply", "--yes", "--plan", "plan.json", within=30)
    assert done.code == 1, everything(done)
    assert_clean(done)


def test_a_plan_under_another_key_is_none(repo: Repo) -> None:
    repo.group("suporte", "subject: Suporte\n")
    assert repo.run("plan", "--out", "plan.json", RECONCILER_PLAN_KEY="one").code == 0
    assert repo.run("apply", "--yes", "--plan", "plan.json", RECONCILER_PLAN_KEY="two").code == 6
    assert repo.writes() == []


# --- people's numbers ----------------------------------------------------------------------------------


def test_numbers_are_nowhere(repo: Repo) -> None:
    """A large run with people who have no alias, in groups that they created, and an API that names them."""
    strangers = [f"551998888{n:04d}" for n in range(40)]
    for n in range(10):
        creator = strangers[n]
        (group,) = repo.api.seed(
            f"Grupo {n}", creator=creator, participants=[*strangers, ANA, BRUNO],
            admins=[ANA, *strangers[10:20]],
            account="admin",
        )  # fmt: skip
        repo.group(
            f"g{n}",
            f"id: {group['id']}\nsubject: Grupo novo {n}\nadmins: [bruno, '+{CARLOS}', '+{STRANGER}']\n",
        )
    repo.group("nova", f"subject: Nova\nadmins: ['+{STRANGER}']\n")
    repo.api.seed("Liga 5519988887777 ou +1 (415) 555-2671", creator="5519988887777")
    repo.api.add_faults(
        "PATCH /groups/*/admins status=400 body=errors nth=2", "PUT /groups/* status=403 body=text nth=3"
    )
    texts = []
    for command in (
        ["plan", "--out", "p.json", "--report", "json=a.json", "--report", "text=b.txt", "--verbose"],
        ["plan", "--format", "json"],
        [
            "apply",
            "--yes",
            "--report",
            "json=c.json",
            "--report",
            "text=d.txt",
            "--verbose",
            "--allow",
            "demote-many",
        ],
        ["apply", "--yes", "--format", "json", "--allow", "demote-many"],
        ["state", "list"],
        ["state", "show"],
    ):
        done = repo.run(*command)
        assert done.code in (0, 3, 6), everything(done)
        texts.append(everything(done))
    files = [repo.path / name for name in ("p.json", "a.json", "b.txt", "c.json", "d.txt")]
    files.append(repo.state.with_name("state.json.lock"))
    texts += [path.read_text() for path in files]
    hidden = [*strangers, ANA, BRUNO, CARLOS, STRANGER, "5519988887777", "555-2671"]
    for text in texts:
        assert not [number for number in hidden if number in text]
    state_text = repo.state.read_text()
    assert ANA not in state_text, "by alias where there is one"
    assert BRUNO not in state_text
    assert not [number for number in strangers[10:] if number in state_text], "nobody whom no manifest names"
