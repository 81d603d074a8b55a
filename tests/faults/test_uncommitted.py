"""What no commit has: it is named as such, and where others share the state it is not applied."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.sandbox import Server
from reconciler.sandbox.inbox import mo_body
from reconciler.state import codec
from tests.brownfield.conftest import Inside
from tests.gitrepo import commit, git, start
from tests.support import ACCOUNT, ANA, Repo, Result, picture

GIT = "git:origin/reconciler-state"
SAID = "not committed as it is: "


class Desk(Inside):
    """A repository with one commit that has a manifest of every kind, and a bare remote."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder / "desk", server)
        (self.path / ".git").rmdir()
        start(self.path)
        self.write(".gitignore", ".reconciler/\n/private*\n")
        self.write("README", "read me\n")
        self.group("g", "subject: G\nicon: icons/g.png\nadmins: [ana]\n")
        self.write("groups/icons/g.png", picture())
        self.group("sul/h", "subject: H\n")
        self.commit = commit(self.path)
        git(folder, "init", "--quiet", "--bare", "origin.git")
        git(self.path, "remote", "add", "origin", str(folder / "origin.git"))

    def git(self, *arguments: str) -> str:
        return git(self.path, *arguments)

    def told(self, *arguments: str) -> str:
        """Which files a plan says are not committed, "" for none."""
        done = self.plan(*arguments)
        assert done.code == 0, done.out + done.err
        notes = [note.removeprefix(SAID).partition(". ")[0] for note in done.json["notes"] if SAID in note]
        return notes[0] if notes else ""

    def recorded(self) -> str | None:
        return codec.loads(self.state.read_bytes()).commit


@pytest.fixture
def desk(tmp_path: Path, serve: Callable[..., Server]) -> Desk:
    return Desk(tmp_path, serve())


# --- which files count ------------------------------------------------------------------------------------


def linked(desk: Desk) -> None:
    """A manifest that is a link to a link to a folder in which there is a file."""
    for version in ("v1", "v2"):
        desk.write(f"shared/{version}/x.yaml", f"subject: {version}\n")
    (desk.path / "shared/now").symlink_to("v1")
    (desk.path / "groups/x.yaml").symlink_to("../shared/now/x.yaml")
    commit(desk.path)


def with_submodule(desk: Desk) -> None:
    """Manifests in a submodule, beside a file that is none."""
    library = desk.path.parent / "library"
    start(library)
    (library / "groups").mkdir()
    (library / "groups/s.yaml").write_text("subject: S\n")
    (library / "README").write_text("read me\n")
    commit(library)
    desk.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "groups/sub")
    commit(desk.path)


def edited_link(desk: Desk) -> None:
    linked(desk)
    (desk.path / "groups/x.yaml").unlink()
    (desk.path / "groups/x.yaml").symlink_to("../shared/v2/x.yaml")


def edited_middle_link(desk: Desk) -> None:
    linked(desk)
    (desk.path / "shared/now").unlink()
    (desk.path / "shared/now").symlink_to("v2")


def edited_target(desk: Desk) -> None:
    linked(desk)
    desk.write("shared/v1/x.yaml", "subject: other\n")


def file_for_link(desk: Desk) -> None:
    linked(desk)
    (desk.path / "groups/x.yaml").unlink()
    desk.group("x", "subject: v1\n")


def staged(desk: Desk) -> None:
    desk.group("g", "subject: Other\n")
    desk.git("add", "-A")


def staged_new(desk: Desk) -> None:
    desk.group("new", "subject: New\n")
    desk.git("add", "-A")


def hidden(flag: str) -> Callable[[Desk], None]:
    def change(desk: Desk) -> None:
        desk.git("update-index", flag, "groups/sul/h.yaml")
        desk.group("sul/h", "subject: Other\n")

    return change


def hidden_and_deleted(desk: Desk) -> None:
    desk.git("update-index", "--assume-unchanged", "groups/sul/h.yaml")
    (desk.path / "groups/sul/h.yaml").unlink()


def ignored(desk: Desk) -> None:
    desk.write("groups/.gitignore", "draft.yaml\n")
    desk.group("draft", "subject: Draft\n")


def contacts_that_are_kept_out(desk: Desk) -> None:
    (desk.path / "contacts.yaml").rename(desk.path / "private.yaml")
    desk.write("reconciler.yaml", f'account: "+{ACCOUNT}"\ncontacts: private.yaml\n')
    commit(desk.path)


def folder_deleted(desk: Desk) -> None:
    (desk.path / "groups/sul/h.yaml").unlink()
    (desk.path / "groups/sul").rmdir()


def submodule_edited(desk: Desk) -> None:
    with_submodule(desk)
    desk.write("groups/sub/groups/s.yaml", "subject: Other\n")


def submodule_untracked(desk: Desk) -> None:
    with_submodule(desk)
    desk.write("groups/sub/groups/t.yaml", "subject: T\n")


def submodule_moved_on(desk: Desk) -> None:
    with_submodule(desk)
    desk.write("groups/sub/groups/s.yaml", "subject: Other\n")
    commit(desk.path / "groups/sub")


def clone_inside(desk: Desk) -> None:
    """A repository of its own among the manifests, of which the commit knows nothing."""
    start(desk.path / "groups/foreign")
    desk.write("groups/foreign/f.yaml", "subject: F\n")
    commit(desk.path / "groups/foreign")


def no_commit_yet(desk: Desk) -> None:
    desk.git("update-ref", "-d", "HEAD")


def by(**files: str | bytes | None) -> Callable[[Desk], None]:
    """Files with other contents; None: deleted. `__` stands for a slash, `_` before the suffix for a dot."""

    def change(desk: Desk) -> None:
        for name, data in files.items():
            path = name.replace("__", "/").replace("_", ".")
            if data is None:
                (desk.path / path).unlink()
            else:
                desk.write(path, data)

    return change


CONTACTS = "people: {ana: '+55 19 90000-0001', eva: '+55 19 90000-0077'}\n"
COUNTS: dict[str, tuple[Callable[[Desk], None], str]] = {
    "a manifest": (by(groups__g_yaml="subject: Other\n"), "groups/g.yaml"),
    "a manifest that is staged": (staged, "groups/g.yaml"),
    "a new one": (by(groups__new_yaml="subject: New\n"), "groups/new.yaml"),
    "a new one that is staged": (staged_new, "groups/new.yaml"),
    "a new one that git ignores": (ignored, "groups/draft.yaml"),
    "one that was deleted": (by(groups__sul__h_yaml=None), "groups/sul/h.yaml"),
    "a folder that was deleted": (folder_deleted, "groups/sul/h.yaml"),
    "one that git shall not look at": (hidden("--assume-unchanged"), "groups/sul/h.yaml"),
    "one that is sparse and there": (hidden("--skip-worktree"), "groups/sul/h.yaml"),
    "one that git shall not look at, deleted": (hidden_and_deleted, "groups/sul/h.yaml"),
    "an icon": (by(groups__icons__g_png=picture("navy")), "groups/icons/g.png"),
    "contacts": (by(contacts_yaml=CONTACTS), "contacts.yaml"),
    "contacts that git ignores": (contacts_that_are_kept_out, "private.yaml"),
    "the configuration": (by(reconciler_yaml=f"account: '+{ACCOUNT}'\n# other\n"), "reconciler.yaml"),
    "the configuration, deleted": (by(reconciler_yaml=None), "reconciler.yaml"),
    "a link": (edited_link, "groups/x.yaml"),
    "a link that a link leads to": (edited_middle_link, "shared/now"),
    "what a link leads to": (edited_target, "shared/v1/x.yaml"),
    "a file in the place of a link": (file_for_link, "groups/x.yaml"),
    "a manifest in a submodule": (submodule_edited, "groups/sub/groups/s.yaml"),
    "a new one in a submodule": (submodule_untracked, "groups/sub/groups/t.yaml"),
    "a submodule at another commit": (submodule_moved_on, "groups/sub"),
    "a clone among the manifests": (clone_inside, "groups/foreign"),
    "all, before the first commit": (
        no_commit_yet,
        "contacts.yaml, groups/g.yaml, groups/icons/g.png and 2 more",
    ),
}


@pytest.mark.parametrize("what", COUNTS)
def test_what_the_run_goes_by_counts(desk: Desk, what: str) -> None:
    change, names = COUNTS[what]
    assert desk.told() == ""
    change(desk)
    assert desk.told() == names


def other_line_ends(desk: Desk) -> None:
    desk.git("config", "core.autocrlf", "true")
    desk.write("groups/g.yaml", (desk.path / "groups/g.yaml").read_bytes().replace(b"\n", b"\r\n"))


def line_ends_by_attribute(desk: Desk) -> None:
    desk.write(".gitattributes", "*.yaml text eol=crlf\n")
    commit(desk.path)
    desk.git("rm", "-rq", "--cached", ".")
    desk.git("reset", "-q", "--hard")
    assert b"\r\n" in (desk.path / "groups/g.yaml").read_bytes()
    (desk.path / "groups/g.yaml").touch()


def line_ends_that_were_committed(desk: Desk) -> None:
    desk.git("config", "core.autocrlf", "false")
    desk.write("groups/g.yaml", (desk.path / "groups/g.yaml").read_bytes().replace(b"\n", b"\r\n"))
    commit(desk.path)
    desk.git("config", "core.autocrlf", "true")
    os.utime(desk.path / "groups/g.yaml", (1, 1))


def large_files(desk: Desk) -> None:
    """As with Git LFS: the commit holds a pointer, which a filter makes of the picture."""
    desk.git("config", "filter.lfs.clean", "sha256sum")
    desk.git("config", "filter.lfs.smudge", "false")
    desk.git("config", "filter.lfs.required", "true")
    desk.write(".gitattributes", "*.png filter=lfs\n")
    desk.write("groups/icons/g.png", picture("navy"))
    commit(desk.path)
    assert len(desk.git("show", "HEAD:groups/icons/g.png")) < 100
    os.utime(desk.path / "groups/icons/g.png", (1, 1))
    desk.git("update-index", "--assume-unchanged", "groups/icons/g.png")


def touched(desk: Desk) -> None:
    for path in desk.path.rglob("*.yaml"):
        os.utime(path, (1, 1))
    (desk.path / "groups/g.yaml").chmod(0o755)


def staged_and_back(desk: Desk) -> None:
    before = (desk.path / "groups/g.yaml").read_bytes()
    staged(desk)
    desk.write("groups/g.yaml", before)


def taken_out_of_the_index(desk: Desk) -> None:
    desk.git("rm", "-q", "--cached", "groups/g.yaml")


def sparse(desk: Desk) -> None:
    desk.write("other/x.yaml", "x: 1\n")
    commit(desk.path)
    desk.git("sparse-checkout", "set", "--cone", "groups")
    assert not (desk.path / "other").exists()


def beside_the_manifests_of_a_submodule(desk: Desk) -> None:
    with_submodule(desk)
    desk.write("groups/sub/README", "other\n")
    desk.write("groups/sub/NEW", "new\n")


def hidden_flag_alone(desk: Desk) -> None:
    desk.git("update-index", "--assume-unchanged", "groups/g.yaml")
    desk.git("update-index", "--skip-worktree", "groups/sul/h.yaml")


DOES_NOT: dict[str, Callable[[Desk], None]] = {
    "a file that is not read": by(README="other\n", NOTES="new\n", elsewhere__x_yaml="x: 1\n"),
    "what stands among the manifests and is none": by(groups__notes_txt="new\n", groups__icons__new_png=b"x"),
    "a hidden one": lambda desk: desk.write("groups/.draft.yaml", "subject: Draft\n") and None,
    "line ends that git converts": other_line_ends,
    "line ends that an attribute asks for": line_ends_by_attribute,
    "line ends that are committed": line_ends_that_were_committed,
    "what a filter makes of a file": large_files,
    "a touch, and another mode": touched,
    "what was staged and taken back": staged_and_back,
    "what is committed and left out of the index": taken_out_of_the_index,
    "what a sparse checkout leaves out": sparse,
    "what else is in a submodule": beside_the_manifests_of_a_submodule,
    "flags alone": hidden_flag_alone,
}


@pytest.mark.parametrize("what", DOES_NOT)
def test_what_it_does_not_go_by_counts_for_nothing(desk: Desk, what: str) -> None:
    DOES_NOT[what](desk)
    assert desk.told() == ""
    assert desk.run("apply", "--yes", RECONCILER_STATE=GIT).code == 0


def test_in_a_folder_below_the_top_only_its_own_files_count(desk: Desk) -> None:
    for name in ("one", "two"):
        desk.write(f"{name}/reconciler.yaml", f'account: "+{ACCOUNT}"\n')
        desk.write(f"{name}/groups/{name}.yaml", f"subject: {name}\n")
    commit(desk.path)
    desk.write("two/groups/two.yaml", "subject: Other\n")
    desk.write("two/contacts.yaml", "people: {}\n")
    assert desk.told("-C", "one") == ""
    assert desk.told("-C", "two") == "two/contacts.yaml, two/groups/two.yaml"


def test_each_account_goes_by_its_own_files(desk: Desk) -> None:
    desk.write(
        "reconciler.yaml",
        f'accounts: {{sales: {{account: "+{ACCOUNT}"}}, support: {{account: "+55 19 92222-3333"}}}}\n',
    )
    for name in ("sales", "support"):
        desk.write(f"groups/{name}/{name}.yaml", f"subject: {name}\n")
        for what in ("USERNAME", "TOKEN"):
            desk.environment[f"RECONCILER_{name.upper()}_{what}"] = "x"
    (desk.path / "groups/g.yaml").unlink()
    (desk.path / "groups/sul/h.yaml").unlink()
    commit(desk.path)
    desk.write("groups/support/support.yaml", "subject: Other\n")
    assert desk.told("--account", "sales") == ""
    assert desk.told("--account", "support") == "groups/support/support.yaml"


def test_thousands_of_files_are_asked_about_by_their_folders(desk: Desk) -> None:
    for number in range(700):
        desk.write(f"groups/many/m{number}.yaml", f"id: {ACCOUNT}-{number}\n")
    commit(desk.path)
    assert desk.plan("--target", "g").code == 0
    desk.write("groups/many/m7.yaml", f"id: {ACCOUNT}-7777\n")
    assert desk.told("--target", "g") == "groups/many/m7.yaml"
    for number in range(700):
        desk.write(f"groups/many/m{number}.yaml", f"id: {ACCOUNT}-1{number}\n")
    assert desk.told("--target", "g").endswith(" and 697 more")


# --- what follows -----------------------------------------------------------------------------------------


def objections(done: Result) -> list[str]:
    return [objection["code"] for objection in done.json["objections"]]


def test_applied_with_a_file_it_is_named_and_told_to_who_has_only_the_commit(
    desk: Desk, tmp_path: Path, serve: Callable[..., Server]
) -> None:
    assert desk.apply().code == 0
    assert desk.recorded() == desk.commit
    desk.group("g", "subject: Campinas\nadmins: [ana]\n")
    changed = f"{desk.commit}+changes"
    shown = f"{desk.commit[:12]}+changes"
    page, comment = tmp_path / "p.html", tmp_path / "p.md"
    reports = ("--report", f"html={page}", "--report", f"markdown={comment}")
    for verb in ("plan", "drift", "validate", "apply --yes"):
        done = desk.run(*verb.split(), *reports)
        assert done.code in (0, 2), done.err
        assert (shown in page.read_text(), shown in comment.read_text()) == (True, True), verb
    assert "Warning: not committed as it is: groups/g.yaml" in done.err
    assert desk.recorded() == changed

    clone = Inside(tmp_path / "clone", desk.server)
    (clone.path / ".git").rmdir()
    for name in ("reconciler.yaml", "contacts.yaml"):
        (clone.path / name).unlink()
    git(tmp_path, "clone", "--quiet", str(desk.path), "clone")
    clone.environment["RECONCILER_STATE"] = f"file:{desk.state}"
    told = f"what was applied last was not committed ({desk.commit[:10]}+changes)"
    for verb in ("plan", "drift"):
        document = clone.run(verb, "--format", "json")
        assert document.code == 0
        assert any(told in note for note in document.json["notes"]), verb
        assert "was not committed" in clone.run(verb).out
    assert clone.apply("--target", "h").code == 0
    assert desk.recorded() == changed  # g is still as it was
    done = clone.run("apply", "--yes")
    assert (done.code, "older-commit" in done.out) == (0, False)
    assert desk.recorded() == desk.commit
    assert not [note for note in clone.plan().json["notes"] if "not committed" in note]


def test_with_a_state_in_git_it_is_objected_to(desk: Desk) -> None:
    desk.environment["RECONCILER_STATE"] = GIT
    assert desk.apply().code == 0
    desk.api.clear_calls()
    desk.group("g", "subject: Campinas\nadmins: [ana]\n")
    assert desk.plan().code == 0
    assert objections(desk.plan()) == []
    for arguments in ((), ("--target", "g"), ("--allow", "older-commit")):
        refused = desk.run("apply", "--yes", *arguments)
        assert refused.code == 6, refused.out + refused.err
        assert "uncommitted" in refused.out
        assert "groups/g.yaml" in refused.out
    assert not desk.api.writes()
    desk.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nallow: [{{code: uncommitted}}]\n')
    wrong = desk.run("validate")
    assert (wrong.code, "on the command line only" in wrong.err + wrong.out) == (1, True)
    desk.git("checkout", "-q", "reconciler.yaml")
    done = desk.run("apply", "--yes", "--allow", "uncommitted")
    assert (done.code, "--allow uncommitted" in done.out) == (0, True), done.out
    log = desk.run("state", "log", "--format", "json").json["runs"]
    assert [run["commit"] for run in log] == [f"{desk.commit}+changes", desk.commit]
    assert f"manifests {desk.commit[:10]}+changes" in desk.run("state", "log").out
    assert desk.run("state", "show").json["commit"] == f"{desk.commit}+changes"


def test_another_file_than_the_targets_is_objected_to_as_well(desk: Desk) -> None:
    desk.write("contacts.yaml", CONTACTS)
    done = desk.run("apply", "--yes", "--target", "h", RECONCILER_STATE=GIT)
    assert (done.code, "contacts.yaml" in done.out) == (6, True), done.out
    assert not desk.api.writes()


def test_what_would_write_nothing_is_harmless(desk: Desk) -> None:
    desk.environment["RECONCILER_STATE"] = GIT
    assert desk.apply().code == 0
    with (desk.path / "groups/g.yaml").open("a") as file:
        file.write("# a word\n")
    assert desk.apply().code == 0


def test_promotions_are_objected_to_as_well(desk: Desk) -> None:
    desk.environment["RECONCILER_STATE"] = GIT
    assert desk.apply().code == 0
    group = desk.live("G")["id"]
    desk.api.join(group, ANA)
    desk.write("body.json", json.dumps(mo_body(ANA, ACCOUNT, "Oi", group)))
    desk.group("sul/h", "subject: Other\n")
    desk.api.clear_calls()
    for verb in ("apply --ready --yes", "inbound body.json --ready --yes"):
        done = desk.run(*verb.split())
        assert (done.code, "uncommitted" in done.out + done.err) == (6, True), done.out + done.err
    assert not desk.api.writes()
    assert desk.run("inbound", "body.json", "--ready", "--yes", "--allow", "uncommitted").code == 0
    assert desk.api.writes()


def test_who_is_invited_from_such_files_is_told_of(desk: Desk) -> None:
    assert desk.apply().code == 0
    desk.group("sul/h", "subject: H\nmembers: [bruno]\n")
    done = desk.run("invites", "--send", "--yes")
    assert (done.code, SAID in done.out + done.err) == (0, True), done.out + done.err


def test_an_older_commit_is_compared_without_the_changes(desk: Desk) -> None:
    desk.group("g", "subject: Later\n")
    later = commit(desk.path)
    desk.group("g", "subject: Later still\n")
    assert desk.apply().code == 0
    assert desk.recorded() == f"{later}+changes"
    desk.git("checkout", "-q", "-f", desk.commit)
    refused = desk.apply()
    assert refused.code == 6
    assert objections(desk.plan()) == ["older-commit"]
    desk.git("checkout", "-q", "-f", later)
    assert desk.apply().code == 0
    assert desk.recorded() == later


def test_a_saved_plan_of_such_files_can_be_applied_where_that_is_allowed(desk: Desk) -> None:
    desk.environment["RECONCILER_STATE"] = GIT
    desk.group("g", "subject: Campinas\n")
    assert desk.run("plan", "--out", "plan.json").code == 0
    assert desk.run("apply", "--yes", "--plan", "plan.json").code == 6
    assert desk.run("apply", "--yes", "--plan", "plan.json", "--allow", "uncommitted").code == 0


def test_the_sandbox_does_not_mind(desk: Desk) -> None:
    desk.group("g", "subject: Campinas\n")
    done = desk.run("apply", "--yes", "--sandbox", RECONCILER_STATE=GIT)
    assert (done.code, "committed" in done.out + done.err) == (0, False), done.out + done.err
    state = codec.loads((desk.path / ".reconciler/sandbox-state.json").read_bytes())
    assert state.commit == desk.commit


def test_outside_of_git_nothing_is_said(repo: Repo) -> None:
    (repo.path / ".git").rmdir()
    repo.group("g", "subject: G\n")
    done = repo.run("apply", "--yes", GITHUB_SHA="a" * 40)
    assert (done.code, "committed" in done.out + done.err) == (0, False)
    assert codec.loads(repo.state.read_bytes()).commit == "a" * 40


def test_files_with_mistakes_are_not_told_of_as_the_commits(desk: Desk, tmp_path: Path) -> None:
    desk.group("g", "subject: 7: 8\n")
    for verb in ("validate", "plan"):
        page = tmp_path / f"{verb}.html"
        assert desk.run(verb, "--report", f"html={page}").code == 1
        assert f"{desk.commit[:12]}+changes" in page.read_text()
