"""What Git has and the disk has not, in real repositories: told from what was deleted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import InputError
from reconciler.manifests.config import load_config
from reconciler.manifests.files import WorkTree
from reconciler.manifests.load import Loaded
from reconciler.manifests.tracked import CannotTell, Tracked
from tests import gitrepo
from tests.gitrepo import git
from tests.manifests.conftest import Folder

SPARSE = "this file is in Git and not on disk: a sparse checkout leaves it out"
SUBMODULE = "this is a submodule that is not checked out, and manifests may be in it"
TEXT = "this link came out as a text file, so what it leads to is not read"
ALLOW_FILES = ("-c", "protocol.file.allow=always")


class Checkout(Folder):
    """A folder in a repository, read as a run reads it: what Git has is compared with what is there."""

    def load(self, **options: object) -> Loaded:
        cwd = options.pop("cwd", self.root)
        tracked = self.tracked(cwd, str(options.get("only", "")))  # type: ignore[arg-type]
        return super().load(cwd=cwd, left_out=tracked.left_out, **options)

    def tracked(self, cwd: Path, only: str = "", **environ: str) -> Tracked:
        tree = WorkTree(self.root, cwd)
        return Tracked(tree, {**os.environ, **environ}, config_path=None, only=only)

    def said(self, **options: object) -> list[str]:
        """Every complaint and warning, without its hint."""
        try:
            found = self.load(**options).desired.warnings
        except InputError as error:
            found = error.complaints
        return [f"{each.location.file}: {each.message}" for each in found]

    def declared(self, *names: str, only: str = "", **environ: str) -> set[str]:
        """Which of the names the commit still declares."""
        tree = WorkTree(self.root, self.root)
        config, _ = load_config(tree, None)
        tracked = self.tracked(self.root, only, **environ)
        return set(tracked.declared(config.of(only) if only else config, frozenset(names)))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A repository with manifests in two folders, all of it committed."""
    found = Checkout(tmp_path / "repo")
    gitrepo.start(found.root)
    found.write("reconciler.yaml", "api: {retries: 5}\n")
    found.write("groups/sul/a.yaml", "subject: A\n")
    found.write("groups/norte/b.yaml", "subject: B\n")
    found.write("groups/norte/c.yml", "name: sea\nsubject: C\n")
    found.write("docs/d.yaml", "nothing: of ours\n")
    gitrepo.commit(found.root)
    assert found.said() == []
    return found


@pytest.fixture
def clone(tmp_path: Path, checkout: Checkout) -> Callable[..., Checkout]:
    """Clones the repository."""

    def _clone(*options: str, name: str = "clone") -> Checkout:
        git(tmp_path, *ALLOW_FILES, "clone", "--quiet", *options, f"file://{checkout.root}", name)
        return Checkout(tmp_path / name)

    return _clone


@pytest.mark.parametrize("options", [("--cone",), ("--cone", "--sparse-index")])
def test_a_sparse_checkout_is_named_file_by_file(checkout: Checkout, options: tuple[str, ...]) -> None:
    git(checkout.root, "sparse-checkout", "set", *options, "groups/sul")
    assert checkout.said() == [f"groups/norte/b.yaml: {SPARSE}", f"groups/norte/c.yml: {SPARSE}"]
    assert "`git sparse-checkout disable`" in checkout.complaints()[0]
    git(checkout.root, "sparse-checkout", "add", "groups/norte")
    assert checkout.said() == []


def test_a_sparse_checkout_by_patterns_leaves_out_single_files(checkout: Checkout) -> None:
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/*", "!/docs/", "!*.yml")
    assert checkout.said() == [f"groups/norte/c.yml: {SPARSE}"]
    git(checkout.root, "sparse-checkout", "disable")
    assert checkout.said() == []


def test_a_file_that_is_skipped_by_hand(checkout: Checkout) -> None:
    git(checkout.root, "update-index", "--skip-worktree", "groups/sul/a.yaml")
    assert checkout.said() == []  # it is there
    (checkout.root / "groups/sul/a.yaml").unlink()
    assert checkout.said() == [f"groups/sul/a.yaml: {SPARSE}"]


def test_a_folder_elsewhere_that_a_link_leads_to(checkout: Checkout) -> None:
    checkout.write("shared/x.yaml", "subject: X\n")
    checkout.write("shared/y.yaml", "subject: Y\n")
    (checkout.root / "groups/linked").symlink_to("../shared")
    gitrepo.commit(checkout.root)
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/*", "!/shared/x.yaml")
    assert checkout.said() == [f"shared/x.yaml: {SPARSE}"]
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/*", "!/shared/")
    assert checkout.said() == [
        "groups/linked: this file is a link that leads nowhere",
        f"shared/x.yaml: {SPARSE}",
        f"shared/y.yaml: {SPARSE}",
    ]


def test_more_links_than_fit_into_a_command_line(checkout: Checkout) -> None:
    for number in range(600):
        name = f"{number:03}-" + "x" * 200
        checkout.write(f"shared/{name}/g{number}.yaml", f"subject: G{number}\n")
        (checkout.root / "groups" / name).symlink_to(f"../shared/{name}")
    gitrepo.commit(checkout.root)
    assert checkout.said() == []
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/*", "!/shared/599-*/", "!/docs/")
    assert [each.partition(":")[0][-9:] for each in checkout.said()] == ["x" * 9, "g599.yaml"]


def test_a_folder_of_manifests_that_is_a_link(checkout: Checkout) -> None:
    git(checkout.root, "mv", "groups", "teams")
    (checkout.root / "groups").symlink_to("teams")
    gitrepo.commit(checkout.root)
    assert checkout.said() == []
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/*", "!/teams/norte/")
    assert checkout.said() == [f"teams/norte/b.yaml: {SPARSE}", f"teams/norte/c.yml: {SPARSE}"]


def test_only_what_would_be_read_counts(checkout: Checkout) -> None:
    checkout.write("groups/icons/a.png", "no picture, and nobody's icon")
    checkout.write("groups/.hidden/h.yaml", "subject: H\n")
    checkout.write("groups/README.md", "x")
    (checkout.root / "groups/icons/b.png").symlink_to("a.png")
    gitrepo.commit(checkout.root)
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/reconciler.yaml", "/groups/*/*.y*ml")
    assert not (checkout.root / "groups/icons").exists()
    assert checkout.said() == []


def test_configuration_and_contacts_count_as_well(checkout: Checkout) -> None:
    checkout.write("contacts.yml", 'people: {ana: "+55 19 90000-0001"}\n')
    checkout.write("groups/sul/a.yaml", "subject: A\nadmins: [ana]\n")
    gitrepo.commit(checkout.root)
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/groups/")
    assert checkout.said() == [f"contacts.yml: {SPARSE}", f"reconciler.yaml: {SPARSE}"]


def test_the_commit_s_own_folder_counts_under_either_spelling(checkout: Checkout) -> None:
    git(checkout.root, "mv", "groups", "grupos")
    git(checkout.root, "mv", "reconciler.yaml", "reconciler.yml")
    checkout.write("reconciler.yml", "manifests: grupos\n")
    gitrepo.commit(checkout.root)
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/*", "!/grupos/norte/", "!/reconciler.yml")
    assert {
        f"grupos/norte/b.yaml: {SPARSE}",
        f"grupos/norte/c.yml: {SPARSE}",
        f"reconciler.yml: {SPARSE}",
    } <= set(checkout.said())


@pytest.mark.parametrize("command", ["rm", "git rm", "git rm --cached", "assumed unchanged"])
def test_what_was_deleted_is_deleted(checkout: Checkout, command: str) -> None:
    path = "groups/norte/b.yaml"
    if command == "rm":
        (checkout.root / path).unlink()
    elif command == "assumed unchanged":
        git(checkout.root, "update-index", "--assume-unchanged", path)
        (checkout.root / path).unlink()
    else:
        git(checkout.root, *command.split()[1:], "--quiet", path)
    assert checkout.said() == []


def test_a_folder_that_was_deleted_is_deleted(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / "groups/norte")
    assert checkout.said() == []
    git(checkout.root, "rm", "-r", "--quiet", "groups/norte")
    assert checkout.said() == []


def test_very_many_are_counted(checkout: Checkout) -> None:
    for number in range(150):
        checkout.write(f"groups/many/g{number:03}.yaml", f"subject: G{number}\n")
    gitrepo.commit(checkout.root)
    git(checkout.root, "sparse-checkout", "set", "groups/sul", "groups/norte")
    said = checkout.said()
    assert len(said) == 101
    assert "groups: 50 more files are not checked out" in said


def test_a_clone_without_a_checkout(checkout: Checkout, clone: Callable[..., Checkout]) -> None:
    bare = clone("--no-checkout")
    nothing = "this file is in the commit, and nothing was ever checked out here"
    expected = [f"groups/norte/b.yaml: {nothing}", f"groups/norte/c.yml: {nothing}"]
    assert bare.said() == [*expected, f"groups/sul/a.yaml: {nothing}"]
    bare.write("groups/sul/a.yaml", "subject: A\n")
    assert bare.said() == expected
    git(bare.root, "checkout", "HEAD", "--", ".")
    assert bare.said() == []


def test_a_work_tree_beside_its_repository(tmp_path: Path, checkout: Checkout) -> None:
    git(checkout.root, "worktree", "add", "--quiet", "--no-checkout", str(tmp_path / "beside"))
    beside = Checkout(tmp_path / "beside")
    assert len(beside.said()) == 3
    git(beside.root, "checkout", "HEAD", "--", ".")
    assert beside.said() == []
    git(beside.root, "sparse-checkout", "set", "groups/norte")
    assert beside.said() == [f"groups/sul/a.yaml: {SPARSE}"]
    assert checkout.said() == []


def test_a_folder_below_the_top_of_the_repository(checkout: Checkout) -> None:
    git(checkout.root, "mv", "groups", "docs/groups")
    gitrepo.commit(checkout.root)
    git(checkout.root, "sparse-checkout", "set", "--no-cone", "/docs/", "!/docs/groups/sul/")
    assert checkout.said(cwd=checkout.root / "docs") == [f"groups/sul/a.yaml: {SPARSE}"]


def test_before_the_first_commit(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    gitrepo.start(tmp_path)
    checkout.write("groups/a.yaml", "subject: A\n")
    assert checkout.said() == []
    git(tmp_path, "add", ".")
    assert checkout.said() == []
    git(tmp_path, "update-index", "--skip-worktree", "groups/a.yaml")
    (tmp_path / "groups/a.yaml").unlink()
    assert checkout.said() == [f"groups/a.yaml: {SPARSE}"]
    assert checkout.declared("a") == set()


def test_a_conflict_that_nobody_has_resolved(checkout: Checkout) -> None:
    git(checkout.root, "checkout", "--quiet", "-b", "other")
    checkout.write("groups/sul/a.yaml", "subject: Another\n")
    gitrepo.commit(checkout.root)
    git(checkout.root, "checkout", "--quiet", "main")
    git(checkout.root, "rm", "--quiet", "groups/sul/a.yaml")
    gitrepo.commit(checkout.root)
    with pytest.raises(AssertionError, match="merge"):
        git(checkout.root, "merge", "other")
    assert checkout.said() == []  # the file is there, as the other branch has it
    (checkout.root / "groups/sul/a.yaml").unlink()
    assert checkout.said() == [
        "groups/sul/a.yaml: this file is in a conflict that nobody has resolved, and not on disk"
    ]
    git(checkout.root, "rm", "--quiet", "groups/sul/a.yaml")
    assert checkout.said() == []


def test_names_that_git_would_quote(checkout: Checkout) -> None:
    checkout.write("groups/São Paulo ☕/x.yaml", "name: x\nsubject: X\n")
    (checkout.root / "groups/São Paulo ☕" / os.fsdecode(b"n\xff.yaml")).write_text("name: n\nsubject: N\n")
    checkout.write("groups/São Paulo ☕/\x1b[1m\n.yaml", "name: e\nsubject: E\n")
    gitrepo.commit(checkout.root)
    assert checkout.said() == []
    git(checkout.root, "sparse-checkout", "set", "groups/sul", "groups/norte")
    assert checkout.said() == [
        f"groups/São Paulo ☕/\\x1b[1m\\n.yaml: {SPARSE}",
        f"groups/São Paulo ☕/n\\udcff.yaml: {SPARSE}",
        f"groups/São Paulo ☕/x.yaml: {SPARSE}",
    ]


# Submodules, and other repositories inside.


def inner(folder: Path, *files: str) -> Path:
    """A repository to be a submodule, with a manifest in each of the files."""
    gitrepo.start(folder)
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"subject: {Path(name).stem}\n")
    gitrepo.commit(folder)
    return folder


def add_submodule(checkout: Checkout, source: Path, path: str) -> None:
    git(checkout.root, *ALLOW_FILES, "submodule", "--quiet", "add", str(source), path)
    gitrepo.commit(checkout.root)


@pytest.mark.parametrize("path", ["groups", "groups/sub", "groups/deep/er/sub", "vendor"])
def test_a_submodule_that_is_not_checked_out(
    tmp_path: Path, checkout: Checkout, clone: Callable[..., Checkout], path: str
) -> None:
    """Below the folder, the folder itself, or around it."""
    if path == "groups":
        git(checkout.root, "rm", "-r", "--quiet", "groups")
    if path == "vendor":
        checkout.write("reconciler.yaml", "manifests: vendor/groups\n")
    add_submodule(checkout, inner(tmp_path / "inner", "groups/x.yaml"), path)
    assert checkout.said() == []
    other = clone()
    assert other.said() == [f"{path}: {SUBMODULE}"]
    assert other.said(need_manifests=False) == [f"{path}: {SUBMODULE}"]
    git(other.root, *ALLOW_FILES, "submodule", "--quiet", "update", "--init")
    assert other.said() == []


def test_a_submodule_whose_folder_is_missing_altogether(
    tmp_path: Path, checkout: Checkout, clone: Callable[..., Checkout]
) -> None:
    """Empty folders get lost on the way from one job to another."""
    add_submodule(checkout, inner(tmp_path / "inner", "x.yaml"), "groups/sub")
    other = clone()
    (other.root / "groups/sub").rmdir()
    assert other.said() == [f"groups/sub: {SUBMODULE}"]
    git(other.root, "rm", "--quiet", "groups/sub")
    assert other.said() == []


def test_a_submodule_that_is_sparse_itself(tmp_path: Path, checkout: Checkout) -> None:
    add_submodule(checkout, inner(tmp_path / "inner", "one/x.yaml", "two/y.yaml"), "groups/sub")
    git(checkout.root / "groups/sub", "sparse-checkout", "set", "one")
    assert checkout.said() == [f"groups/sub/two/y.yaml: {SPARSE}"]


def test_another_clone_inside(tmp_path: Path) -> None:
    """As pipelines make them that check out two repositories: the outer one need not know, or be one."""
    checkout = Checkout(tmp_path / "outer")
    inner(checkout.root / "groups", "one/x.yaml", "two/y.yaml")
    assert checkout.said() == []
    git(checkout.root / "groups", "sparse-checkout", "set", "one")
    assert checkout.said() == [f"groups/two/y.yaml: {SPARSE}"]
    gitrepo.start(checkout.root)
    assert checkout.said() == [f"groups/two/y.yaml: {SPARSE}"]


# Links.


def without_links(checkout: Checkout, clone: Callable[..., Checkout]) -> Checkout:
    """A clone on a file system that has no links."""
    return clone("--config", "core.symlinks=false")


def test_links_that_came_out_as_text_files(checkout: Checkout, clone: Callable[..., Checkout]) -> None:
    checkout.write("shared/x.yaml", "subject: X\n")
    (checkout.root / "groups/linked").symlink_to("../shared")
    (checkout.root / "groups/file.yaml").symlink_to("../docs/d.yaml")
    (checkout.root / "groups/icon.png").symlink_to("../docs/i.png")
    gitrepo.commit(checkout.root)
    other = without_links(checkout, clone)
    assert (other.root / "groups/linked").read_text() == "../shared"
    assert other.said() == [f"groups/file.yaml: {TEXT}", f"groups/linked: {TEXT}"]
    other.write("groups/linked", "../shared\n")  # an editor's newline
    assert f"groups/linked: {TEXT}" in other.said()


def test_a_file_that_was_put_where_a_link_was(checkout: Checkout, clone: Callable[..., Checkout]) -> None:
    (checkout.root / "groups/file.yaml").symlink_to("sul/a.yaml")
    gitrepo.commit(checkout.root)
    other = without_links(checkout, clone)
    other.write("groups/file.yaml", "subject: Another\n")
    assert other.said() == []


def test_a_folder_of_manifests_whose_link_came_out_as_text(
    checkout: Checkout, clone: Callable[..., Checkout]
) -> None:
    git(checkout.root, "mv", "groups", "teams")
    (checkout.root / "groups").symlink_to("teams")
    gitrepo.commit(checkout.root)
    assert without_links(checkout, clone).said() == [f"groups: {TEXT}"]


@pytest.mark.parametrize("in_git", [True, False])
def test_a_link_that_leads_nowhere(tmp_path: Path, in_git: bool) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("groups/a.yaml", "subject: A\n")
    for name in ("folder", "v2.1", "file.yaml", "icon.png", ".#a.yaml"):
        (tmp_path / "groups" / name).symlink_to("nowhere")
    if in_git:
        gitrepo.start(tmp_path)
        gitrepo.commit(tmp_path)
    where = "this file is a link that leads nowhere"
    assert checkout.said() == [f"groups/{name}: {where}" for name in ("file.yaml", "folder", "v2.1")]
    assert "delete the link" in checkout.complaints()[0]


# Where Git cannot answer.


def test_without_the_program(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (warning,) = checkout.warnings()
    assert warning.startswith(
        ".git:1:1: warning: Git cannot say whether every manifest is here: the git program cannot be started"
    )
    assert "install git" in warning
    with pytest.raises(CannotTell, match="cannot be started"):
        checkout.declared()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_else_s_repository(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path in (checkout.root, checkout.root / ".git"):
        os.chown(path, 12345, 12345)
    (warning,) = checkout.warnings()
    assert "detected dubious ownership" in warning
    assert f"`git config --global --add safe.directory {checkout.root}`" in warning
    with pytest.raises(CannotTell, match="dubious ownership"):
        checkout.declared()
    git(
        tmp_path, "config", "--file", f"{os.environ['HOME']}/.gitconfig", "safe.directory", str(checkout.root)
    )
    assert checkout.warnings() == []
    (checkout.root / "groups/sul/a.yaml").unlink()
    assert checkout.declared("a") == {"a"}


def test_a_clone_without_trees(checkout: Checkout, clone: Callable[..., Checkout]) -> None:
    git(checkout.root, "config", "uploadpack.allowFilter", "true")
    treeless = clone("--filter=tree:0", "--no-checkout", "--depth=1")
    treeless.write("groups/a.yaml", "subject: A\n")
    (warning,) = treeless.warnings()
    assert "Git cannot say whether every manifest is here" in warning
    assert "git fetch --refetch --no-filter origin" in warning
    with pytest.raises(CannotTell):
        treeless.declared()


@pytest.mark.parametrize("part", ["HEAD", "HEAD^{tree}", "HEAD:groups", "HEAD:reconciler.yaml"])
def test_a_repository_that_has_lost_something(checkout: Checkout, part: str) -> None:
    lost = git(checkout.root, "rev-parse", part)
    (checkout.root / ".git/objects" / lost[:2] / lost[2:]).unlink()
    (warning,) = checkout.warnings()
    assert "is not in this clone" in warning
    with pytest.raises(CannotTell, match="is not in this clone"):
        checkout.declared()


def test_a_folder_that_was_lost_deeper_down(checkout: Checkout) -> None:
    lost = git(checkout.root, "rev-parse", "HEAD:groups/norte")
    (checkout.root / ".git/objects" / lost[:2] / lost[2:]).unlink()
    assert checkout.said() == []
    with pytest.raises(CannotTell, match="a part of the commit is not in this clone"):
        checkout.declared("b")


def test_a_commit_whose_manifests_are_not_in_the_clone(
    checkout: Checkout, clone: Callable[..., Checkout]
) -> None:
    """`b` was never fetched: its name is in nobody's hands."""
    git(checkout.root, "config", "uploadpack.allowFilter", "true")
    blobless = clone("--filter=blob:none", "--no-checkout")
    git(blobless.root, "sparse-checkout", "set", "groups/sul")
    git(blobless.root, *ALLOW_FILES, "checkout", "--quiet", "main")
    assert len(blobless.said()) == 2
    git(blobless.root, "rm", "--quiet", "--sparse", "-r", "groups/norte")
    assert blobless.said() == []
    with pytest.raises(CannotTell, match=r"is not in this clone|ended without an answer"):
        blobless.declared("gone")
    assert blobless.declared() == set()


@pytest.mark.parametrize("text", ["gitdir: /nowhere/at/all\n", "gitdir: ../none\n", "nonsense"])
def test_a_git_file_that_leads_nowhere(tmp_path: Path, text: str) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("groups/a.yaml", "subject: A\n")
    checkout.write(".git", text)
    (warning,) = checkout.warnings()
    assert "Git cannot say" in warning
    with pytest.raises(CannotTell):
        checkout.declared()


def test_no_repository_and_an_empty_one(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("groups/a.yaml", "subject: A\n")
    assert checkout.said() == []
    (tmp_path / ".git").mkdir()
    assert checkout.said() == []
    assert checkout.declared("gone") == set()


@pytest.mark.parametrize("folder", ["groups", "groups/norte"])
def test_a_sparse_index_whose_trees_are_not_in_the_clone(
    checkout: Checkout, tmp_path: Path, folder: str
) -> None:
    """Git would fetch them to say which files they hold, or go on without them. What is left out is told all
    the same, and nothing is fetched."""
    git(tmp_path, "clone", "--quiet", "--bare", str(checkout.root), "remote.git")
    asked, helper = tmp_path / "asked", tmp_path / "upload-pack"
    helper.write_text(f'#!/bin/sh\ntouch {asked}\nexec git-upload-pack "$@"\n')
    helper.chmod(0o755)
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "protocol.file.allow": "always",
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": str(helper),
        "remote.origin.url": f"file://{tmp_path}/remote.git",
    }.items():
        git(checkout.root, "config", key, value)
    checkout.write("reconciler.yaml", f"manifests: {folder}\n")
    git(checkout.root, "sparse-checkout", "set", "--cone", "--sparse-index", "groups/sul")
    lost = git(checkout.root, "rev-parse", "HEAD:groups/norte")
    (checkout.root / ".git/objects" / lost[:2] / lost[2:]).unlink()
    assert f"groups/norte: {SPARSE}" in checkout.said()
    with pytest.raises(CannotTell):
        checkout.declared("b")
    assert not asked.exists()


# What the commit still declares.


def test_a_deletion_counts_once_it_is_committed(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / "groups/norte")
    assert checkout.declared("b", "sea", "other") == {"b", "sea"}
    git(checkout.root, "add", "--all")
    assert checkout.declared("b", "sea", "other") == {"b", "sea"}
    gitrepo.commit(checkout.root)
    assert checkout.declared("b", "sea", "other") == set()


def test_names_are_looked_for_and_not_paths(checkout: Checkout) -> None:
    checkout.write("groups/two.yaml", "name: first\nsubject: F\n---\nname: second\nsubject: S\n")
    gitrepo.commit(checkout.root)
    checkout.write("groups/two.yaml", "name: first\nsubject: F\n")
    (checkout.root / "groups/sul/a.yaml").rename(checkout.root / "groups/sul/renamed.yaml")
    assert checkout.declared("second", "a") == {"second", "a"}


def test_the_commit_s_folder_is_where_its_own_configuration_says(checkout: Checkout) -> None:
    checkout.write("reconciler.yaml", "manifests: elsewhere\n")
    checkout.write("elsewhere/new.yaml", "subject: New\n")
    assert checkout.declared("a", "b", "sea") == {"a", "b", "sea"}


def test_accounts_have_names_of_their_own(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    gitrepo.start(tmp_path)
    checkout.write("reconciler.yml", "accounts: {sales: {}, support: {manifests: support}}\n")
    for path in ("groups/sales/team", "groups/sales/own", "support/team"):
        checkout.write(f"{path}.yaml", "subject: T\n")
    gitrepo.commit(tmp_path)
    (tmp_path / "groups/sales/team.yaml").unlink()
    (tmp_path / "groups/sales/own.yaml").unlink()
    assert checkout.declared("team", "own", only="sales") == {"team", "own"}
    gitrepo.commit(tmp_path)
    assert checkout.declared("team", "own", only="sales") == set()
    (tmp_path / "support/team.yaml").unlink()
    assert checkout.declared("team", only="support") == {"team"}
    # An account that the commit does not know may have had any of them.
    checkout.write("reconciler.yml", "accounts: {sales: {}, help: {manifests: support}}\n")
    assert checkout.declared("team", only="help") == {"team"}


def test_what_the_commit_has_of_a_submodule(tmp_path: Path, checkout: Checkout) -> None:
    add_submodule(checkout, inner(tmp_path / "inner", "x.yaml", "deep/y.yaml"), "groups/sub")
    (checkout.root / "groups/sub/x.yaml").unlink()
    assert checkout.declared("x", "y") == {"x"}
    gitrepo.commit(checkout.root / "groups/sub")  # in the submodule, which the outer commit does not know of
    assert checkout.declared("x", "y") == {"x"}
    gitrepo.commit(checkout.root)
    assert checkout.declared("x", "y") == set()


def test_a_submodule_that_goes_with_the_next_commit(tmp_path: Path, checkout: Checkout) -> None:
    add_submodule(checkout, inner(tmp_path / "inner", "x.yaml"), "groups/sub")
    git(checkout.root, "rm", "--quiet", "groups/sub")
    with pytest.raises(CannotTell, match="a submodule that is not checked out, groups/sub"):
        checkout.declared("x")
    gitrepo.commit(checkout.root)
    assert checkout.declared("x") == set()


@pytest.mark.parametrize(
    "text", ["subject: [\n", "name: 'Not A Name'\nsubject: X\n", "subject: A\n---\nsubject: B\n"]
)
def test_a_manifest_that_nobody_can_read_any_more(checkout: Checkout, text: str) -> None:
    checkout.write("groups/sul/a.yaml", text)
    gitrepo.commit(checkout.root)
    (checkout.root / "groups/sul/a.yaml").unlink()
    with pytest.raises(CannotTell, match=r"which groups groups/sul/a.yaml declares"):
        checkout.declared("gone")
    gitrepo.commit(checkout.root)
    assert checkout.declared("gone") == set()


def test_a_configuration_that_the_commit_has_wrong(checkout: Checkout) -> None:
    checkout.write("reconciler.yaml", "manifests: [\n")
    gitrepo.commit(checkout.root)
    checkout.write("reconciler.yaml", "manifests: groups\n")
    assert checkout.said() == []
    with pytest.raises(CannotTell, match="the configuration of the commit has mistakes"):
        checkout.declared("gone")


def test_files_beside_the_manifests_declare_nothing(checkout: Checkout) -> None:
    checkout.write("reconciler.yaml", "manifests: .\n")
    checkout.write("contacts.yaml", 'people: {ana: "+55 19 90000-0001"}\n')
    shutil.rmtree(checkout.root / "docs")
    gitrepo.commit(checkout.root)
    checkout.write("reconciler.yaml", "manifests: .\napi: {retries: 1}\n")
    (checkout.root / "contacts.yaml").unlink()
    assert checkout.declared("reconciler", "contacts", "a") == set()


def test_links_are_followed_in_the_commit(checkout: Checkout) -> None:
    checkout.write("shared/x.yaml", "subject: X\n")
    (checkout.root / "groups/linked").symlink_to("../shared")
    (checkout.root / "groups/y.yaml").symlink_to("../shared/x.yaml")
    gitrepo.commit(checkout.root)
    for name in ("linked", "y.yaml"):
        (checkout.root / "groups" / name).unlink()
    assert checkout.declared("x", "y") == {"x", "y"}
