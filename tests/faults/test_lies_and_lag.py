"""Answers that say too much, and reads that come too late: green only when it was seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.support import Template, configure, each, problems, sha256, statuses, world
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, STRANGER, Repo, picture

ICON = picture("navy", 256)


def everything(repo: Repo) -> None:
    """A group that is to change in every way, on record with its link's version."""
    (group,) = repo.api.seed(
        "Antes", participants=[ANA, CARLOS, STRANGER], admins=[STRANGER], icon=picture("teal", 256)
    )
    group_id = str(group["id"])
    repo.api.invite(group_id)
    repo.group("g1", f"id: {group_id}\nlink_version: 1\n")
    assert repo.apply().code == 0
    repo.api.clear_calls()
    repo.write("groups/icons/i.png", ICON)
    repo.group(
        "g1",
        f"id: {group_id}\nsubject: Depois\nicon: icons/i.png\nadmins: [ana]\nmembers: [carlos]\n"
        "prune_members: true\nlink_version: 2\n",
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("everything"), everything)


ONE_EACH = ["PUT", "POST icon", "PATCH admins", "DELETE admins", "DELETE invite", "DELETE participants"]
LIES = {
    "set_subject": "PUT /groups/*",
    "set_icon": "POST /groups/*/icon",
    "promote": "PATCH /groups/*/admins",
    "demote": "DELETE /groups/*/admins",
    "revoke_link": "DELETE /groups/*/invite",
    "remove_participants": "DELETE /groups/*/participants",
}
LATER = {"demote", "revoke_link", "remove_participants"}
"""What is not sent when a promotion before it was not seen."""


def sent(repo: Repo) -> list[str]:
    return [
        " ".join([call["method"], *call["path"].split("/")[3:]]) for call in repo.api.writes()
    ]  # fmt: skip


def test_a_200_without_effect_is_failed(template: Template, tmp_path: Path) -> None:
    """Whatever the call; and no demotion follows a promotion that was not seen."""

    def work(kind: str) -> None:
        with template.world(tmp_path / kind) as repo:
            repo.api.add_faults(f"{LIES[kind]} lie")
            done = repo.apply()
            assert done.code == 3
            found = statuses(done, "g1")
            assert found[kind] == "failed", done.out
            assert found.keys() == LIES.keys()
            skipped = {other for other, status in found.items() if status == "skipped"}
            if kind == "promote":
                assert skipped == LATER
                live = repo.live("Depois")
                assert STRANGER in live["admins"]
                assert STRANGER in live["participants"]
            assert all(status == "done" for other, status in found.items() if other not in {kind, *skipped})
            assert "reading" in problems(done, "g1")[kind]
            repo.api.clear_faults()
            assert repo.apply().code == 0
            assert repo.plan("--detailed-exitcode").code == 0
            assert repo.live("Depois")["icon"]["sha256"] == sha256(ICON)
            assert sorted(repo.live("Depois")["participants"]) == sorted([ACCOUNT, ANA, CARLOS])

    each(LIES, work, width=6)


def test_reads_that_lag_three_seconds_cost_one_write_each(tmp_path: Path) -> None:
    def work(case: str) -> None:
        with world(tmp_path / case) as repo:
            if case == "changed":
                everything(repo)
            else:
                repo.write("groups/icons/i.png", ICON)
                repo.group("nova", "subject: Nova\nicon: icons/i.png\nadmins: [ana]\n")
                repo.group("outra", "subject: Outra\n")
            repo.api.set_options(lag=3)
            done = repo.apply()
            assert done.code == 0, done.out
            if case == "changed":
                assert sent(repo) == ONE_EACH
            else:
                assert sorted(sent(repo)) == ["POST", "POST", "POST icon"]
            repo.api.set_options(lag=0)
            repo.api.clear_calls()
            assert repo.apply().code == 0
            assert repo.writes() == []

    each(["created", "changed"], work)


def test_unclear_answers_to_writes_are_looked_at_before_anything_is_sent_again(
    template: Template, tmp_path: Path
) -> None:
    """The answer to every write is lost after it was made: one write each. Before: two."""

    def work(case: tuple[str, str]) -> None:
        action, when = case
        with template.world(tmp_path / f"{action}-{when}".replace("=", "-")) as repo:
            for path in LIES.values():
                repo.api.add_faults(f"{path} {action} nth=1 when={when}")
            done = repo.apply()
            assert done.code == 0, done.out
            expected = ONE_EACH if when == "after" else [word for word in ONE_EACH for _ in range(2)]
            assert sent(repo) == expected

    each(
        [(action, when) for action in ("reset", "status=500", "truncated") for when in ("after", "before")
         if not (action == "truncated" and when == "before")],
        work,
        width=5,
    )  # fmt: skip


def test_an_unreadable_verification_is_unknown(tmp_path: Path) -> None:
    def work(answer: str) -> None:
        with world(tmp_path / answer) as repo:
            configure(repo, retries=0)
            (group,) = repo.api.seed("Grupo", participants=[ANA, STRANGER], admins=[STRANGER])
            repo.group("g1", f"id: {group['id']}\nsubject: Renomeado\nadmins: [ana]\n")
            repo.api.add_faults(f"GET /groups/* {answer} nth=3 times=1000")
            done = repo.apply()
            assert done.code == 3
            assert statuses(done, "g1") == {
                "set_subject": "unknown", "promote": "unknown", "demote": "skipped"
            }  # fmt: skip
            assert "could not be read" in problems(done, "g1")["promote"]
            assert STRANGER in repo.live("Renomeado")["admins"]
            repo.api.clear_faults()
            assert repo.apply().code == 0
            assert [method for method, _ in repo.writes()] == ["PUT", "PATCH", "DELETE"]

    each(["status=500", "garbage", "empty"], work)


def test_a_short_list_creates_nothing(repo: Repo) -> None:
    """A bound group is left out, and answers: the list cannot be trusted for the others either."""
    repo.group("a", "subject: Grupo A\n")
    assert repo.apply().code == 0
    repo.api.hide(repo.live("Grupo A")["id"])
    repo.group("b", "subject: Grupo B\n")
    repo.api.clear_calls()
    for result in (repo.plan(), repo.plan("--detailed-exitcode"), repo.apply()):
        assert result.code == 1
        assert result.json["complete"] is False
    assert repo.plan().json["summary"]["create"] == 0
    assert repo.writes() == []
    repo.api.hide(repo.live("Grupo A")["id"], False)
    assert repo.apply().code == 0
    assert len(repo.api.groups()) == 2


@pytest.mark.parametrize("state", ["file:.reconciler/state.json", "none"])
def test_a_listed_group_that_is_said_not_to_be_there_is_made_no_second_time(repo: Repo, state: str) -> None:
    """State is lost, and the answers by which the groups would be found are wrong: 1, in every format."""
    for n in range(12):
        repo.api.seed(f"Grupo {n}", participants=[ANA])
        repo.group(f"g{n}", f"subject: Grupo {n}\n")
    repo.api.add_faults("GET /groups/* status=404")
    for verb in (["plan"], ["apply", "--yes"], ["drift"], ["drift", "--exit-zero"]):
        for form in ("text", "json", "markdown", "junit"):
            done = repo.run(*verb, "--format", form, RECONCILER_STATE=state)
            assert done.code == 1, (verb, form)
    assert repo.writes() == []
    assert "`ignore:` in" in " ".join(repo.run("plan", RECONCILER_STATE=state).out.split())
    repo.api.clear_faults()
    repo.api.add_faults("GET /groups/* status=404 nth=1 times=12")
    assert repo.apply(RECONCILER_STATE=state).code == 0, "asked once more"
    assert repo.writes() == []


def test_what_is_ignored_is_in_nobodys_way_and_cannot_be_managed(repo: Repo) -> None:
    (broken,) = repo.api.seed("Quebrado", participants=[ANA])
    group_id = str(broken["id"])
    repo.api.add_faults(f"GET /groups/{group_id} status=404")
    repo.group("nova", "subject: Nova\n")
    assert repo.apply().code == 1
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nignore: ["{group_id}"]\n')
    planned = repo.plan()
    assert planned.code == 0
    assert group_id in planned.out
    assert planned.json["unmanaged"] == []
    assert repo.apply().code == 0
    assert group_id not in repo.run("list", "--format", "csv", "--show-numbers").out
    assert repo.run("list").code == repo.run("import", "--all", "--dry-run").code == 0
    assert repo.run("state", "bind", "antigo", group_id).code == 0
    bound = repo.run("plan")
    assert bound.code == 1
    assert "reconciler state forget antigo" in bound.err
    assert repo.run("state", "forget", "antigo").code == 0
    repo.group("antigo", f"subject: Quebrado\nid: {group_id}\n")
    wrong = repo.run("validate")
    assert wrong.code == 1
    assert "groups/antigo.yaml:2:5" in wrong.err + wrong.out


def test_an_empty_list_creates_nothing(repo: Repo) -> None:
    """All are left out: with a state nothing is missing, nothing is made again."""
    for name in ("a", "b"):
        repo.group(name, f"subject: Grupo {name}\n")
    assert repo.apply().code == 0
    for group in repo.api.groups():
        repo.api.hide(group["id"])
    repo.group("c", "subject: Grupo c\n")
    repo.group("d", "subject: Grupo d\npreviously: [Grupo a]\n")
    repo.api.clear_calls()
    for result in (repo.plan(), repo.apply(), repo.apply("--allow", "recreate", "--prune")):
        assert result.code == 1
        assert result.json["complete"] is False
    assert repo.writes() == []
    text = repo.run("apply", "--yes")
    assert text.code == 1
    assert "incomplete" in text.out


def test_what_the_list_lost_is_no_orphan_either(repo: Repo) -> None:
    """`--prune` with a short list leaves nothing that still has a manifest."""
    for name in ("a", "b"):
        repo.group(name, f"subject: Grupo {name}\n")
    assert repo.apply().code == 0
    repo.api.join(repo.live("Grupo b")["id"], BRUNO)
    repo.api.promote(repo.live("Grupo b")["id"], BRUNO)
    repo.api.hide(repo.live("Grupo a")["id"])
    (repo.path / "groups/b.yaml").unlink()
    repo.api.clear_calls()
    pruned = repo.apply("--prune")
    assert pruned.code == 1
    assert not any(path.startswith(f"/groups/{repo.live('Grupo a')['id']}") for _, path in repo.writes())


@pytest.mark.parametrize("answer", ["status=500", "garbage", "empty", "truncated", "reset", "status=302"])
def test_a_list_that_cannot_be_read_ends_one(repo: Repo, answer: str) -> None:
    configure(repo, retries=1)
    repo.group("a", "subject: Grupo A\n")
    repo.api.add_faults(f"GET /groups {answer}")
    assert repo.plan().code == 1
    assert repo.apply().code == 1
    assert repo.writes() == []


def test_gone_is_missing_and_comes_back_only_when_asked_for(repo: Repo) -> None:
    repo.group("a", "subject: Grupo A\n")
    assert repo.apply().code == 0
    first = repo.live("Grupo A")["id"]
    repo.api.remove(first, ACCOUNT)
    repo.api.clear_calls()
    for _ in range(2):
        gone = repo.apply()
        assert gone.code == 3
        assert gone.group("a")["action"] == "missing"
        assert "--allow recreate" in str(gone.group("a")["notes"])
    assert repo.writes() == []
    configure(repo, "allow:\n- {code: recreate}\n")
    assert repo.apply().code == 1, "not in configuration"
    configure(repo)
    assert repo.apply("--allow", "recreate").code == 0
    assert len([group for group in repo.api.groups() if group["id"] != first]) == 1
    repo.api.clear_calls()
    assert repo.apply("--allow", "recreate").code == 0
    assert repo.writes() == []
