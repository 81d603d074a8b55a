"""`--prune` in a real repository, through the command, against the sandbox: a group is left because somebody
committed that its manifest is gone, and for no other reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import gitrepo
from tests.gitrepo import git
from tests.support import ANA, Repo, Result

NOTE = "its manifest is gone here, and the commit that is checked out still has it"


@pytest.fixture
def applied(repo: Repo) -> Repo:
    """Three groups in two folders, applied and committed. Each has an admin besides the account, so that no
    guard minds if it is left."""
    gitrepo.start(repo.path)
    repo.write(".gitignore", ".reconciler/\n*.json\n")
    repo.group("sul/alfa", "subject: Alfa\nadmins: [ana]\n")
    repo.group("norte/beta", "subject: Beta\nadmins: [ana]\n")
    repo.group("norte/gama", "subject: Gama\nadmins: [ana]\n")
    gitrepo.commit(repo.path)
    assert repo.apply().code == 0
    for subject in ("Alfa", "Beta", "Gama"):
        repo.api.join(repo.live(subject)["id"], ANA)
    assert repo.apply().code == 0
    repo.api.clear_calls()
    return repo


def prune(repo: Repo, **environment: str) -> Result:
    return repo.apply("--prune", **environment)


def left(repo: Repo) -> int:
    """How many groups were left since the last look."""
    count = sum(path.endswith("/leave") for _, path in repo.writes())
    repo.api.clear_calls()
    return count


def notes(done: Result, name: str) -> str:
    return " ".join(done.group(name)["notes"])


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift", "list", "invites", "import"])
def test_a_sparse_checkout_ends_one_before_any_call(applied: Repo, command: str) -> None:
    git(applied.path, "sparse-checkout", "set", "groups/sul")
    options = {"plan": ["--prune"], "apply": ["--prune", "--yes"], "import": ["--all"]}.get(command, [])
    done = applied.run(command, *options)
    assert done.code == 1
    assert "groups/norte/beta.yaml:1:1: error: this file is in Git and not on disk" in done.out + done.err
    assert "groups/norte/gama.yaml" in done.out + done.err
    assert applied.api.calls() == []


def test_a_submodule_that_is_not_checked_out_ends_one(tmp_path: Path, repo: Repo) -> None:
    gitrepo.start(tmp_path / "inner")
    (tmp_path / "inner/alfa.yaml").write_text("subject: Alfa\nadmins: [ana]\n")
    gitrepo.commit(tmp_path / "inner")
    gitrepo.start(repo.path)
    allowed = ("-c", "protocol.file.allow=always")
    git(repo.path, *allowed, "submodule", "--quiet", "add", str(tmp_path / "inner"), "groups/inner")
    repo.group("beta", "subject: Beta\n")
    repo.write(".gitignore", ".reconciler/\n")
    gitrepo.commit(repo.path)
    assert repo.apply().code == 0
    git(repo.path, "submodule", "--quiet", "deinit", "--force", "--all")
    repo.api.clear_calls()
    for command in (["validate"], ["apply", "--prune", "--yes"]):
        done = repo.run(*command)
        assert done.code == 1
        assert "groups/inner:1:1: error: this is a submodule that is not checked out" in done.out + done.err
    assert repo.api.calls() == []


def test_a_deletion_is_left_once_it_is_committed(applied: Repo) -> None:
    (applied.path / "groups/norte/beta.yaml").unlink()
    git(applied.path, "rm", "--quiet", "groups/norte/gama.yaml")
    for verb in (applied.plan, applied.apply):
        done = verb("--prune")
        assert done.code == 0, done.err
        assert {done.group(name)["action"] for name in ("beta", "gama")} == {"orphaned"}
        assert NOTE in notes(done, "beta")
    assert NOTE in applied.run("plan", "--prune").out
    assert left(applied) == 0
    gitrepo.commit(applied.path)
    done = prune(applied)
    assert done.code == 0, done.err
    assert left(applied) == 2


def test_what_was_committed_and_what_was_not_in_one_run(applied: Repo) -> None:
    git(applied.path, "rm", "--quiet", "groups/norte/gama.yaml")
    gitrepo.commit(applied.path)
    (applied.path / "groups/norte/beta.yaml").unlink()
    done = prune(applied)
    assert done.code == 0
    assert (done.group("gama")["action"], done.group("beta")["action"]) == ("leave", "orphaned")
    assert left(applied) == 1


def test_a_saved_plan_holds_until_the_deletion_is_committed(applied: Repo) -> None:
    (applied.path / "groups/norte/beta.yaml").unlink()
    assert applied.plan("--prune", "--out", "saved.json").code == 0
    gitrepo.commit(applied.path)
    done = applied.apply("--prune", "--plan", "saved.json")
    assert done.code == 6
    assert "beta would be changed now, too" in done.out + done.err
    assert left(applied) == 0


def test_another_folder_in_an_uncommitted_configuration_leaves_nobody(applied: Repo) -> None:
    applied.write("reconciler.yaml", (applied.path / "reconciler.yaml").read_text() + "manifests: novo\n")
    applied.write("novo/delta.yaml", "subject: Delta\n")
    done = prune(applied)
    assert done.code == 0, done.err
    assert NOTE in notes(done, "alfa")
    assert left(applied) == 0


def test_no_more_calls_than_without_a_repository(applied: Repo, make_repo: Callable[..., Repo]) -> None:
    """What Git says costs no call, and neither does what it forbids."""
    git(applied.path, "rm", "--quiet", "groups/norte/gama.yaml")
    gitrepo.commit(applied.path)
    applied.plan("--prune")
    in_git = [(call["method"], call["path"]) for call in applied.api.calls()]
    applied.api.clear_calls()
    (applied.path / ".git").rename(applied.path / "git-elsewhere")
    (applied.path / ".git").mkdir()
    applied.plan("--prune")
    assert sorted(in_git) == sorted((call["method"], call["path"]) for call in applied.api.calls())


def test_outside_git_the_disk_is_believed(applied: Repo) -> None:
    (applied.path / ".git").rename(applied.path / "git-elsewhere")
    (applied.path / "groups/norte/beta.yaml").unlink()
    assert prune(applied).code == 0
    assert left(applied) == 1


def test_where_git_cannot_answer_everything_but_prune_works(applied: Repo) -> None:
    (applied.path / "groups/norte/beta.yaml").unlink()
    gitrepo.commit(applied.path)
    warning = "warning: Git cannot say whether every manifest is here: the git program cannot be started"
    for arguments in (["validate"], ["plan"], ["apply", "--yes"]):
        done = applied.run(*arguments, PATH="/nowhere")
        assert done.code == 0, done.err
        assert (done.out + done.err).count("Git cannot say") == 1
        assert warning in done.out + done.err
        assert "install git" in done.out + done.err
    applied.api.clear_calls()
    for arguments in (["plan"], ["apply", "--yes"]):
        done = applied.run(*arguments, "--prune", PATH="/nowhere")
        assert done.code == 1
        assert (
            "--prune leaves only groups whose manifest is gone from the commit, and Git cannot say"
            in done.err
        )
    assert applied.api.calls() == []


def test_a_commit_that_lost_its_tree(applied: Repo) -> None:
    lost = git(applied.path, "rev-parse", "HEAD^{tree}")
    (applied.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    (applied.path / "groups/norte/beta.yaml").unlink()
    done = applied.run("plan")
    assert done.code == 0
    assert done.err.count("Git cannot say") == 1
    done = prune(applied)
    assert done.code == 1
    assert "is not in this clone" in done.err
    assert left(applied) == 0


def test_prune_without_anything_to_leave_still_asks(applied: Repo) -> None:
    assert applied.run("plan", "--prune").code == 0
    assert applied.run("plan", "--prune", PATH="/nowhere").code == 1


def test_a_manifest_that_the_commit_has_broken_leaves_nobody(applied: Repo) -> None:
    applied.group("norte/beta", "subject: [\n")
    gitrepo.commit(applied.path)
    (applied.path / "groups/norte/beta.yaml").unlink()
    done = prune(applied)
    assert done.code == 1
    assert "nobody can tell which groups groups/norte/beta.yaml declares in the commit" in done.err
    assert left(applied) == 0


def test_a_work_tree_beside_the_repository(applied: Repo, tmp_path: Path) -> None:
    git(applied.path, "worktree", "add", "--quiet", str(tmp_path / "beside"))
    beside = tmp_path / "beside"
    (beside / "groups/norte/beta.yaml").unlink()
    state = f"file:{applied.path}/.reconciler/state.json"
    done = prune(applied_in(applied, beside), RECONCILER_STATE=state)
    assert done.code == 0, done.err
    assert NOTE in notes(done, "beta")
    assert left(applied) == 0


def applied_in(repo: Repo, folder: Path) -> Repo:
    """The same user in another folder."""
    other = object.__new__(Repo)
    other.__dict__.update(repo.__dict__, path=folder)
    return other


def test_with_base_it_is_the_commit_that_is_checked_out(applied: Repo) -> None:
    git(applied.path, "checkout", "--quiet", "-b", "change")
    (applied.path / "groups/norte/beta.yaml").unlink()
    assert NOTE in notes(applied.plan("--prune", "--base", "main"), "beta")
    gitrepo.commit(applied.path)
    assert applied.plan("--prune", "--base", "main").group("beta")["action"] == "leave"
