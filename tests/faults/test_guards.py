"""Guards, through the command line: each stops everything before the first write, names its groups, and is
lifted by its own code only, within `max` and `until`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.support import configure
from tests.support import ANA, BRUNO, CARLOS, STRANGER, Repo

CROWD = [f"55199800000{n:02}" for n in range(1, 13)]


@dataclass(frozen=True)
class Case:
    """A repository that one guard objects to. `count` is what `max` is compared with."""

    code: str
    build: Callable[[Repo], tuple[str, ...]]  # returns the names of the groups it should name
    count: int
    options: tuple[str, ...] = ()


def _demote_many(repo: Repo) -> tuple[str, ...]:
    """4 of 8 admins; one further group of the plan changes and is not to be named."""
    for n in (1, 2):
        (group,) = repo.api.seed(
            f"Grupo {n}", participants=[ANA, BRUNO, *CROWD[:2]], admins=[ANA, *CROWD[:2]]
        )
        repo.group(f"g{n}", f"id: {group['id']}\nadmins: [ana]\n")
    _innocent(repo)
    return ("g1", "g2")


def _remove_many(repo: Repo) -> tuple[str, ...]:
    (group,) = repo.api.seed("Grupo", participants=[ANA, *CROWD[:4]], admins=[ANA])
    repo.group("g1", f"id: {group['id']}\nadmins: [ana]\nmembers: []\nprune_members: true\n")
    _innocent(repo)
    return ("g1",)


def _no_admin_left(repo: Repo) -> tuple[str, ...]:
    (group,) = repo.api.seed("Grupo", participants=[ANA, BRUNO], admins=[BRUNO])
    repo.group("g1", f"id: {group['id']}\nadmins: []\n")
    _innocent(repo)
    return ("g1",)


def _leave_many(repo: Repo) -> tuple[str, ...]:
    names = tuple(f"g{n}" for n in range(1, 5))
    for name in names:
        (group,) = repo.api.seed(f"Grupo {name}", participants=[ANA], admins=[ANA])
        repo.group(name, f"id: {group['id']}\nensure: left\n")
    _innocent(repo)
    return names


def _leave_no_admin(repo: Repo) -> tuple[str, ...]:
    (group,) = repo.api.seed("Grupo", participants=[ANA])
    repo.group("g1", f"id: {group['id']}\nensure: left\n")
    (closed,) = repo.api.seed("Fechado", participants=[ANA])
    repo.group("closed", f"id: {closed['id']}\nensure: closed\n")
    _innocent(repo)
    return ("g1",)


def _pruned_many(repo: Repo) -> tuple[str, ...]:
    """Orphans that `--prune` would leave count as well."""
    _innocent(repo)
    names = tuple(f"g{n}" for n in range(1, 5))
    for name in names:
        (group,) = repo.api.seed(f"Grupo {name}", participants=[ANA], admins=[ANA])
        assert repo.run("state", "bind", name, group["id"]).code == 0
    return names


def _create_many(repo: Repo) -> tuple[str, ...]:
    names = tuple(f"g{n:02}" for n in range(1, 22))
    for name in names:
        repo.group(name, f"subject: Grupo {name}\n")
    return names


def _innocent(repo: Repo) -> None:
    (group,) = repo.api.seed("Sem culpa", participants=[ANA], admins=[ANA])
    repo.group("innocent", f"id: {group['id']}\nsubject: Renomeado\n")


CASES = [
    Case("demote-many", _demote_many, 4),
    Case("remove-many", _remove_many, 4),
    Case("no-admin-left", _no_admin_left, 1),
    Case("leave-many", _leave_many, 4),
    Case("leave-many", _pruned_many, 4, options=("--prune",)),
    Case("leave-no-admin", _leave_no_admin, 1),
    Case("create-many", _create_many, 21),
]
CODES = sorted({case.code for case in CASES})
TODAY = datetime.now().astimezone().date()
TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)


def others(code: str) -> list[str]:
    return [word for other in CODES if other != code for word in ("--allow", other)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}{''.join(case.options)}")
def test_stops_everything_names_the_groups_and_is_lifted_by_its_own_code(repo: Repo, case: Case) -> None:
    names = case.build(repo)
    before = repo.api.groups()

    # Alone it objects, in text with the plan in full.
    text = repo.run("apply", "--yes", *case.options)
    assert text.code == 6
    assert case.code in text.out
    assert all(name in text.out for name in names), "the plan is printed in full"
    assert f"--allow {case.code}" in text.out

    # Every other code changes nothing about that, and neither does an allowance that is too small or too old.
    other = next(code for code in CODES if code != case.code)
    allow = f"- {{code: {case.code}, max: {case.count}, until: {YESTERDAY}}}\n- {{code: {other}}}\n"
    if case.count > 1:
        allow += f"- {{code: {case.code}, max: {case.count - 1}, until: {TOMORROW}}}\n"
    configure(repo, f"allow:\n{allow}")
    refused = repo.apply(*others(case.code), "--allow", "recreate", *case.options)
    assert refused.code == 6, refused.out
    (objection,) = [entry for entry in refused.json["objections"] if "lifted_by" not in entry]
    assert (objection["code"], sorted(objection["groups"])) == (case.code, sorted(names))
    outcomes = [outcome for group in refused.json["groups"] for outcome in group["outcomes"]]
    assert {outcome["status"] for outcome in outcomes} == {"skipped"}
    assert repo.writes() == []
    assert repo.api.groups() == before

    # Its own code does, and so does an allowance that reaches so far; the plan says which.
    plan = repo.plan("--allow", case.code, *case.options)
    assert plan.code == 0
    (lifted,) = [entry for entry in plan.json["objections"] if entry["code"] == case.code]
    assert lifted["lifted_by"] == f"--allow {case.code}"
    configure(repo, f"allow:\n- {{code: {case.code}, max: {case.count}, until: {TODAY}, reason: new team}}\n")
    plan = repo.plan(*case.options)
    assert plan.code == 0
    (lifted,) = [entry for entry in plan.json["objections"] if entry["code"] == case.code]
    assert "new team" in lifted["lifted_by"]
    assert "reconciler.yaml:3" in lifted["lifted_by"]
    assert repo.writes() == []
    done = repo.apply(*case.options)
    assert done.code == 0, done.out
    assert repo.writes() != []


def test_no_account_cannot_be_lifted_and_says_which_number_it_probably_is(repo: Repo) -> None:
    repo.write("reconciler.yaml", "")
    (group,) = repo.api.seed("Grupo", participants=[ANA, STRANGER], admins=[ANA, STRANGER])
    (pruned,) = repo.api.seed("Outro", participants=[ANA, STRANGER], admins=[ANA])
    repo.group("g1", f"id: {group['id']}\nadmins: [ana]\n")
    repo.group("g2", f"id: {pruned['id']}\nmembers: [ana]\nprune_members: true\n")
    repo.group("g3", "subject: Nova\n")
    refused = repo.apply(*others(""), RECONCILER_ACCOUNT="")
    assert refused.code == 6
    objection = next(entry for entry in refused.json["objections"] if entry["code"] == "no-account")
    assert sorted(objection["groups"]) == ["g1", "g2"]
    assert objection["liftable"] is False
    assert "+55 19 •••• 2222" in objection["message"]
    assert repo.run("apply", "--yes", "--allow", "no-account").code == 64
    repo.write("reconciler.yaml", "allow:\n- {code: no-account}\n")
    assert repo.apply().code in (1, 6)
    assert repo.writes() == []
    repo.write("reconciler.yaml", "")
    assert repo.apply(RECONCILER_ACCOUNT="+55 19 91111-2222").code == 0
    assert STRANGER not in repo.live("Grupo")["admins"]


def test_all_objections_come_at_once_and_each_needs_its_own_code(repo: Repo) -> None:
    _demote_many(repo)
    (group,) = repo.api.seed("Sai", participants=[ANA])
    repo.group("sai", f"id: {group['id']}\nensure: left\n")
    (alone,) = repo.api.seed("Só", participants=[BRUNO], admins=[BRUNO])
    repo.group("so", f"id: {alone['id']}\nadmins: []\n")
    found = [entry["code"] for entry in repo.plan().json["objections"]]
    assert found == ["demote-many", "no-admin-left", "leave-no-admin"]
    allow = [word for code in found for word in ("--allow", code)]
    for left_out in range(3):
        fewer = allow[: 2 * left_out] + allow[2 * left_out + 2 :]
        assert repo.plan(*fewer).code == 6
    assert repo.writes() == []
    assert repo.apply(*allow).code == 0


def test_allowing_what_is_not_objected_is_no_error(repo: Repo) -> None:
    repo.group("g1", "subject: Nova\n")
    assert repo.apply(*others("")).code == 0


def test_creations_count_for_a_day_and_what_may_still_be_created_is_said(repo: Repo) -> None:
    configure(repo, "guards: {create_count: 3}\n")
    repo.group("g0", "subject: Grupo 0\n")
    assert repo.apply().code == 0
    for n in range(1, 6):
        repo.group(f"g{n}", f"subject: Grupo {n}\n")
    refused = repo.apply()
    assert refused.code == 6
    (objection,) = refused.json["objections"]
    assert (objection["code"], len(objection["groups"])) == ("create-many", 5)
    assert "5 groups would be created, and the limit is 3 in 24 hours" in objection["message"]
    said, command = objection["message"].split(": reconciler ", 1)
    assert said.endswith("1 was created already, 2 more may be")
    assert repo.run(*command.split(), "--yes").code == 0
    assert sorted(group["subject"] for group in repo.api.groups()) == ["Grupo 0", "Grupo 1", "Grupo 2"]
    (objection,) = repo.apply().json["objections"]
    told = objection["message"].partition("the next may be from ")[2].removesuffix(" UTC")
    wait = datetime.fromisoformat(f"{told}+00:00") - datetime.now(UTC)
    assert timedelta(hours=23, minutes=50) < wait < timedelta(hours=24)
    assert "reconciler apply" not in objection["message"]
    assert repo.apply("--target", "g0").code == 0, "what creates nothing is not held up"


def test_leavers_are_demoted_and_removed_everywhere(repo: Repo) -> None:
    """From the day that `left` names; before it nothing happens."""
    (managed,) = repo.api.seed("Grupo", participants=[ANA, CARLOS], admins=[ANA, CARLOS])
    repo.group("g1", f"id: {managed['id']}\nsubject: Grupo\n")
    contacts = (repo.path / "contacts.yaml").read_text()
    for day, code in ((TOMORROW, 0), (TODAY, 2)):
        leaver = contacts.replace(f'"+{CARLOS}"]', f'"+{CARLOS}"], left: {day}')
        assert leaver != contacts
        repo.write("contacts.yaml", leaver)
        assert repo.plan("--detailed-exitcode").code == code
    assert repo.apply().code == 0
    assert CARLOS not in repo.live("Grupo")["participants"]
    assert [path.rpartition("/")[2] for _, path in repo.writes()] == ["admins", "participants"]
    repo.group("g1", f"id: {managed['id']}\nadmins: [ana, carlos]\n")
    wrong = repo.run("plan")
    assert wrong.code == 1
    assert "groups/g1.yaml:2:15" in wrong.err, "naming somebody who left is an error"
