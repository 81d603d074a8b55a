"""`plan --base` in a real repository, through the command, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.base import opened
from reconciler.manifests.files import WorkTree
from reconciler.manifests.load import LoadOptions, load
from tests import gitrepo
from tests.gitrepo import git
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, CONTACTS, STRANGER, Repo, picture


@pytest.fixture
def due(make_repo: Callable[..., Repo]) -> Repo:
    """Three groups, applied and committed on `main`; then Carlos was promoted by hand, and Ana has joined.
    The branch `change` is checked out."""
    repo = make_repo()
    gitrepo.start(repo.path)
    repo.write(".gitignore", ".reconciler/\n")
    repo.write("groups/icons/a.png", picture("teal", 320))
    repo.group("suporte", "subject: Suporte\nadmins: [ana]\nicon: icons/a.png\n")
    repo.group("vendas", "subject: Vendas\nadmins: [ana, bruno]\n")
    repo.group("equipe", "subject: Equipe\n")
    assert repo.apply().code == 0
    gitrepo.commit(repo.path, "applied")
    group_id = repo.live("Suporte")["id"]
    for who in (ANA, CARLOS):
        repo.api.join(group_id, who)
    repo.api.promote(group_id, CARLOS)
    git(repo.path, "checkout", "--quiet", "-b", "change")
    return repo


def causes(document: Any, name: str) -> list[tuple[str, list[str], str]]:
    group = next(found for found in document["groups"] if found["name"] == name)
    return [(change["kind"], change.get("people", []), change["cause"]) for change in group["changes"]]


def test_what_was_due_is_told_from_what_the_change_causes(due: Repo) -> None:
    due.group("suporte", "subject: Suporte SP\nadmins: [ana]\nicon: icons/a.png\n")
    due.group("nova", "subject: Nova\nadmins: [ana]\n")
    gitrepo.commit(due.path)
    due.api.clear_calls()
    done = due.plan("--base", "main", "--detailed-exitcode", "--report", "markdown=plan.md")
    assert done.code == 2, done.err
    document = done.json
    assert causes(document, "suporte") == [
        ("set_subject", [], "this_change"),
        ("promote", ["ana"], "before"),
        ("demote", ["carlos"], "before"),
    ]
    assert causes(document, "nova") == [("create_group", [], "this_change")]
    counts = document["summary"]["attribution"]
    assert (counts["this_change"]["changes"], counts["before"]["changes"]) == (2, 2)
    assert document["base"]["commit"] == git(due.path, "rev-parse", "main")
    asked = [(call["method"], call["path"]) for call in due.api.calls()]
    assert len(asked) == len(set(asked))  # one reading for both plans
    title = (
        "## Plan: 1 to create, 1 to update, 0 to leave · 1 to invite (as admin) by this change · "
        "2 changes in 1 group due before"
    )
    assert title in (due.path / "plan.md").read_text().splitlines()


FORMATS = ("text", "markdown", "html", "github", "gitlab", "junit")


def test_somebody_newly_wanted_is_told_of_as_caused_by_this_change(due: Repo) -> None:
    """Nobody's rights change before Dora has joined, and yet this is what is to be reviewed."""
    assert due.apply().code == 0
    git(due.path, "checkout", "--quiet", "-b", "handover")
    due.group("vendas", "subject: Vendas\nadmins: [ana, bruno, dora]\nmembers: [carlos]\n")
    gitrepo.commit(due.path)
    reports = [f"--report={each}={each}.out" for each in FORMATS]
    done = due.plan("--base", "main", "--detailed-exitcode", *reports)
    assert done.code == 0, done.err
    asked = {(each["person"], each["as"]): each["cause"] for each in done.group("vendas")["to_invite"]}
    assert asked["dora", "admin"] == asked["carlos", "member"] == "this_change"
    assert asked["ana", "admin"] == asked["bruno", "admin"] == "before"
    told = {each: (due.path / f"{each}.out").read_text() for each in FORMATS}
    assert "No changes; by this change 2 to invite (1 as admin)." in " ".join(told["text"].split())
    assert "4 to invite (3 as admin)" in " ".join(told["text"].split())
    heading = next(line for line in told["markdown"].splitlines() if line.startswith("## "))
    assert heading == r"## Plan: No changes; by this change 2 to invite (1 as admin)."
    assert "This change causes no changes; 2 to invite (1 as admin)" in told["html"]
    assert "to join: dora (as admin, by the link; promoted by an apply after that)" in told["github"]
    assert "to join: dora (as admin, by the link; promoted by an apply after that)" in told["junit"]
    for name in ("text", "markdown", "html"):
        part = told[name].split("Caused by this change", 1)[1].split("Still to join", 1)[0]
        assert ("vendas" in part, "dora" in part, "bruno" in part) == (True, True, False), name


GITHUB = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "acme/groups",
}


def test_a_page_for_a_pull_request_leads_on(due: Repo) -> None:
    """What members will notice, how it is applied, the pipeline's run, and the page that it keeps."""
    due.group("suporte", "subject: Suporte SP\nadmins: [ana]\nicon: icons/a.png\n")
    gitrepo.commit(due.path)

    def page(*arguments: str, **environment: str) -> str:
        done = due.plan("--base", "main", "--report", "markdown=plan.md", *arguments, **environment)
        assert done.code == 0, done.err
        return (due.path / "plan.md").read_text()

    told = page("--report", "html=plan.html", **GITHUB)
    assert "2 unchanged. Members will see 3 notices in 1 group." in told
    assert "Nothing is changed yet. Once this is merged: `reconciler apply`." in told
    run = "https://github.example/acme/groups/actions/runs/77"
    assert told.rstrip().endswith(f"[this run]({run}) · [the whole page]({run}#artifacts)")
    job = "https://gitlab.example/acme/groups/-/jobs/7"
    assert page(CI_JOB_URL=job).rstrip().endswith(f"[this run]({job})")
    assert page("--report", "html=plan.html", CI_JOB_URL=job).rstrip().endswith(f"]({job}/artifacts/browse)")
    assert "](" not in page()
    assert "](" not in page(**{**GITHUB, "GITHUB_SERVER_URL": "javascript:alert(1)//"})
    assert "](" not in page(**{**GITHUB, "GITHUB_REPOSITORY": "a)b [c](https://evil.example"})


def test_who_loses_what_and_what_a_hold_keeps_back_is_said_once(due: Repo) -> None:
    """Somebody who is no admin any more stays a member, a picture becomes another, and a hold has an end."""

    def text() -> str:
        gitrepo.commit(due.path)
        options = ("--allow", "no-admin-left", "--report", "html=plan.html")
        return " ".join(due.run("plan", "--base", "main", *options).out.split())

    assert due.apply().code == 0
    due.write("groups/icons/b.png", picture("navy", 320))
    due.group("suporte", "subject: Suporte\nmembers: [ana]\nadmins: [bruno]\nicon: icons/b.png\n")
    told = text()
    assert "- ana not an admin in the manifest, stays in the group" in told
    assert " → groups/icons/b.png (" in told
    due.group("suporte", "subject: Suporte 24h\nhold: {reason: campanha}\n")
    told = text()
    assert "subject waits for the end of the hold" in told
    assert (
        "No changes; by this change 1 on hold from now on. 2 groups are as the manifests say · 2 to invite"
        in told
    )
    assert 'class="verdict quiet"' in (due.path / "plan.html").read_text(), "as a hold is meant"
    due.group("suporte", "subject: Suporte\nadmins: [bruno]\nmembers: []\nprune_members: true\n")
    assert "2 people (ana, carlos) removed from 1 group" in text()


def test_what_may_be_a_rename_is_told_of_before_all_else(due: Repo) -> None:
    """To apply it as it stands would make a second group."""
    assert due.apply().code == 0
    (due.path / "groups/equipe.yaml").unlink()
    due.group("equipe-sul", "subject: Equipe Sul\n")
    gitrepo.commit(due.path)
    reports = [f"--report={each}={each}.out" for each in FORMATS]
    assert due.plan("--base", "main", *reports).code == 0
    for name in ("text", "markdown", "html", "github"):
        told = " ".join((due.path / f"{name}.out").read_text().split())
        assert "Perhaps a rename" in told, name
        assert "reconciler state mv equipe equipe-sul" in told, name
    page = (due.path / "markdown.out").read_text()
    assert page.index("Perhaps a rename") < page.index("Caused by this change")


def test_a_plan_says_with_which_options_it_is_applied(due: Repo) -> None:
    """A group whose manifest is gone is left only with `--prune`, and what `--allow` lifted stands again."""
    assert due.apply().code == 0
    (due.path / "groups/vendas.yaml").unlink()
    gitrepo.commit(due.path)
    reports = [f"--report={each}={each}.out" for each in ("markdown", "html")]
    done = due.plan("--base", "main", "--prune", "--allow", "leave-no-admin", *reports)
    assert done.code == 0, done.err
    told = (due.path / "markdown.out").read_text()
    assert "Once this is merged: `reconciler apply --prune --allow leave-no-admin`." in told
    assert "its manifest is gone, and `--prune` leaves its group" in told
    assert "reconciler apply --prune --target vendas" in (due.path / "html.out").read_text()


def test_what_a_change_makes_so_besides_is_told_as_its_own(due: Repo) -> None:
    """A hold, a group that is managed from now on, and one whose manifest goes: nothing is sent, and yet this
    is what is to be reviewed."""
    assert due.apply().code == 0
    git(due.path, "checkout", "--quiet", "-b", "besides")
    (seeded,) = due.api.seed("Clientes VIP", creator=ACCOUNT, participants=[ANA], admins=[ANA])
    due.group("vip", f"id: {seeded['id']}\nsubject: Clientes VIP\nadmins: [ana]\n")
    due.group("suporte", "subject: Suporte 24h\nadmins: [ana]\nhold: {reason: campanha}\n")
    (due.path / "groups/equipe.yaml").unlink()
    gitrepo.commit(due.path)
    done = due.plan(
        "--base", "main", "--detailed-exitcode", *(f"--report={each}={each}.out" for each in FORMATS)
    )
    assert done.code == 0, done.err
    title = "No changes; by this change 1 newly managed, 1 orphaned, 1 on hold from now on."
    for name in ("text", "markdown", "html"):
        told = " ".join((due.path / f"{name}.out").read_text().split())
        assert name == "html" or title in told, told
        part = told.split("Caused by this change", 1)[1]
        said = ("suporte", "vip", "newly managed", "equipe", "campanha")
        missing = [each for each in said if each not in part.replace("Newly", "newly")]
        assert missing == [], name
    noted = (due.path / "github.out").read_text()
    assert 'title=vip "Clientes VIP"%3A newly managed' in noted
    assert 'title=suporte "Suporte 24h"%3A on hold' in noted


def test_without_a_base_a_plan_of_no_changes_says_how_many_have_yet_to_join(due: Repo) -> None:
    assert due.apply().code == 0
    done = due.run("plan")
    assert "as the manifests say · 2 to invite (2 as admin)." in " ".join(done.out.split())


def test_a_detailed_exit_code_counts_only_this_change(due: Repo) -> None:
    due.write("README.md", "nothing of ours\n")
    gitrepo.commit(due.path)
    done = due.plan("--base", "main", "--detailed-exitcode")
    assert done.code == 0, done.err
    assert done.json["summary"]["attribution"]["before"]["changes"] == 2
    assert due.plan("--detailed-exitcode").code == 2


def test_drift_that_is_written_down_is_called_off(due: Repo) -> None:
    due.group("suporte", "subject: Suporte\nadmins: [ana, carlos]\nicon: icons/a.png\n")
    done = due.plan("--base", "main", "--detailed-exitcode")
    assert done.code == 0
    (dropped,) = done.json["base"]["dropped"]
    assert (dropped["name"], dropped["changes"][0]["people"]) == ("suporte", ["carlos"])


def test_account_guards_and_allowances_are_the_base_s(due: Repo) -> None:
    """A change may not choose what is let pass while it is reviewed."""
    git(due.path, "checkout", "--quiet", "main")
    due.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nguards: {{leave_count: 2}}\n')
    gitrepo.commit(due.path)
    git(due.path, "checkout", "--quiet", "-b", "loose")
    due.write(
        "reconciler.yaml",
        f'account: "+{STRANGER}"\nstate: none\nguards: {{leave_count: 100}}\n'
        "allow: [{code: leave-many, reason: 'let me'}]\n",
    )
    due.write("contacts.yaml", CONTACTS.replace(f"+{BRUNO}", f"+{STRANGER}"))
    for name in ("suporte", "vendas", "equipe"):
        due.group(name, f"subject: {name}\nensure: left\n")
    done = due.plan("--base", "main")
    assert done.code == 6, done.err
    document = done.json
    assert {each["code"]: each.get("lifted_by") for each in document["objections"]} == {
        "leave-many": None,
        "leave-no-admin": None,
    }
    changed = {(each["setting"], each.get("name", "")): each for each in document["base"]["settings_changed"]}
    assert set(changed) == {
        ("account", ""),
        ("state", ""),
        ("guards", "leave_count"),
        ("allow", ""),
        ("alias", "bruno"),
    }
    assert STRANGER not in done.out
    assert changed["guards", "leave_count"]["before"] == "2"
    # Three groups of the state that the base keeps; with the change's own there would be none to leave.
    assert document["summary"]["leave"] == 3
    assert all(group["action"] == "leave" for group in document["groups"])


def test_the_backend_is_the_base_s(due: Repo) -> None:
    """The service that is asked is the one that the base names, and only for what it can do."""
    git(due.path, "checkout", "--quiet", "-b", "moved")
    due.write(
        "reconciler.yaml",
        f'account: "+{ACCOUNT}"\nbackend: waha\n'
        "defaults: {description: Oi, permissions: {edit_info: admins}, join: add}\n",
    )
    done = due.plan("--base", "main")
    assert done.code == 0, done.err
    assert done.json["base"]["settings_changed"] == [
        {"setting": "backend", "before": "sinch", "after": "waha"}
    ]
    kinds = {change["kind"] for group in done.json["groups"] for change in group["changes"]}
    assert kinds.isdisjoint({"set_description", "set_permission", "add_members"})
    text = due.run("plan", "--base", "main").out
    assert "This change moves what protects people" in text
    assert "backend: sinch → waha" in text


def test_a_saved_plan_is_the_one_that_apply_makes(due: Repo) -> None:
    due.group("equipe", "subject: Equipe SP\n")
    gitrepo.commit(due.path)
    key = {"RECONCILER_PLAN_KEY": "k"}
    with_base = due.plan("--base", "main", "--out", "plan.json", **key).json
    assert with_base["digest"] == due.plan(**key).json["digest"]
    assert due.apply("--plan", "plan.json", **key).code == 0


def test_a_base_that_is_broken_is_told(due: Repo) -> None:
    git(due.path, "checkout", "--quiet", "main")
    due.group("broken", "subject: [\n")
    gitrepo.commit(due.path)
    git(due.path, "checkout", "--quiet", "-b", "mended")
    (due.path / "groups/broken.yaml").unlink()
    gitrepo.commit(due.path)
    done = due.plan("--base", "main", "--detailed-exitcode")
    assert done.code == 2, done.err
    assert done.json["base"]["loaded"] is False
    assert "groups/broken.yaml:" in done.json["base"]["notes"][0]
    assert done.json["summary"]["attribution"]["before"]["changes"] == 0


def test_a_base_whose_settings_are_broken_allows_nothing(due: Repo) -> None:
    git(due.path, "checkout", "--quiet", "main")
    due.write("reconciler.yaml", "account: [\n")
    gitrepo.commit(due.path)
    git(due.path, "checkout", "--quiet", "-b", "mended")
    due.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nguards: {{create_count: 1000}}\n')
    gitrepo.commit(due.path)
    document = due.plan("--base", "main").json
    assert document["base"]["settings_changed"][0]["before"] == "20"
    assert "nothing is allowed" in document["base"]["notes"][1]


def nothing(repo: Repo) -> str:
    """A commit without files."""
    tree = git(repo.path, "hash-object", "-t", "tree", "-w", "/dev/null")
    return git(repo.path, "commit-tree", tree, "-m", "x")


def test_a_first_change_and_a_new_account_choose_their_backend(
    due: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the base there is nothing of theirs, and nothing to protect."""
    git(due.path, "checkout", "--quiet", "main")
    due.write("reconciler.yaml", "accounts:\n  sales: {}\n")
    gitrepo.commit(due.path)
    due.write("reconciler.yaml", "accounts:\n  sales: {backend: waha}\n  new: {backend: waha}\n")
    (due.path / "groups").rename(due.path / "aside")
    due.write("groups/sales/g.yaml", "subject: G\n")
    due.write("groups/new/g.yaml", "subject: G\n")
    monkeypatch.chdir(due.path)

    def seen(ref: str, only: str) -> tuple[str, int, list[str]]:
        work = WorkTree(due.path, due.path)
        options = LoadOptions(config_path=None, today=date(2026, 11, 22), only=only)
        with opened(ref, load(work, options), work, options) as found:
            settings, moved = found.loaded.settings, found.files.settings
            return settings.backend, settings.api.concurrency, [each.setting for each in moved]

    assert seen("HEAD", "sales") == ("sinch", 8, ["backend"])
    assert seen("HEAD", "new") == ("waha", 2, [])
    due.write("reconciler.yaml", "backend: waha\nmanifests: groups/new\n")
    assert seen(nothing(due), "") == ("waha", 2, [])
    assert seen("change", "") == ("sinch", 8, ["account", "backend"])


def test_a_base_without_any_of_our_files(due: Repo) -> None:
    empty = nothing(due)
    done = due.plan("--base", empty)
    assert done.json["base"]["loaded"] is True
    assert done.json["base"]["settings_changed"][0]["setting"] == "account"
    assert {each["cause"] for group in done.json["groups"] for each in group["changes"]} == {"this_change"}


def commit_state(repo: Repo) -> None:
    git(repo.path, "add", "--force", ".reconciler/state.json")
    git(repo.path, "commit", "--quiet", "--message", "state")


def test_a_state_that_the_change_brings_is_not_read(due: Repo) -> None:
    """It could bind names to any group of the account."""
    wrong = json.loads(due.state.read_text())
    names = list(wrong["groups"])
    wrong["groups"][names[0]]["id"], wrong["groups"][names[1]]["id"] = (
        wrong["groups"][names[1]]["id"],
        wrong["groups"][names[0]]["id"],
    )
    good = due.state.read_text()
    assert due.plan("--base", "main").json["summary"]["adopt"] == 0  # one that no commit has is read
    due.state.write_text(json.dumps(wrong))
    commit_state(due)
    done = due.plan("--base", "main")
    assert "is part of this change, so it is not read" in done.err
    assert done.json["summary"]["adopt"] == 3  # found by their subjects
    git(due.path, "checkout", "--quiet", "main")
    due.state.parent.mkdir(exist_ok=True)
    due.state.write_text(good)
    commit_state(due)
    git(due.path, "checkout", "--quiet", "-b", "again")
    due.state.write_text(json.dumps(wrong))
    commit_state(due)
    assert causes(due.plan("--base", "main").json, "equipe") == []  # the base's own


@pytest.mark.parametrize("ref", ["--upload-pack=touch x", "-x", "a..b", "main:groups", "nothing"])
def test_what_is_no_base(due: Repo, ref: str) -> None:
    done = due.run("plan", f"--base={ref}")
    assert done.code == (1 if ref == "nothing" else 64)
    assert "--base" in done.err
    assert not (Path(due.path) / "x").exists()
