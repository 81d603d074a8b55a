"""The files of a commit, asked of the real git: the same answers as the same files on disk give."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import GitError, ReconcilerError, UsageError
from reconciler.manifests.files import FileError, GitSilent, WorkTree
from reconciler.manifests.gitobjects import Objects
from reconciler.manifests.gittree import GitTree
from tests import gitrepo
from tests.gitrepo import git

YAML = (".yaml", ".yml")
LIMIT = 1000
FILES = {
    "reconciler.yaml": "account: x\n",
    "groups/a.yaml": "a",
    "groups/B.YAML": "b",
    "groups/notes.txt": "n",
    "groups/.hidden.yaml": "h",
    "groups/.hidden/x.yaml": "h",
    "groups/deep/er/c.yml": "c",
    "groups/São Paulo ☕.yaml": "s",
    "groups/empty.yaml": "",
    "groups/long.yaml": "x" * (LIMIT + 1),
    "groups/just.yaml": "x" * LIMIT,
    "elsewhere/e.yaml": "e",
    "elsewhere/sub/f.yaml": "f",
    "icons/a.png": "\x89PNG",
}
LINKS = {
    "groups/to-file.yaml": "a.yaml",
    "groups/to-text.yaml": "notes.txt",
    "groups/folder": "../elsewhere",
    "groups/zz-again": "folder/sub",
    "groups/twice.yaml": "folder/sub/../e.yaml",
    "groups/deep/loop": "..",
    "groups/self.yaml": "self.yaml",
    "groups/ping.yaml": "pong.yaml",
    "groups/pong.yaml": "ping.yaml",
    "groups/broken.yaml": "nothing.yaml",
    "groups/broken": "nothing",
    "groups/out.yaml": "../../outside.yaml",
    "groups/absolute.yaml": "/etc/passwd",
    "groups/git.yaml": "../.git/config",
    "linked": "groups",
    "groups/through.yaml": "a.yaml/x",
}
PATHS = (
    *FILES,
    *LINKS,
    "groups",
    "groups/deep",
    "nothing",
    "nothing/at/all.yaml",
    "groups/a.yaml/x",
    "linked/a.yaml",
    "linked/folder/sub/f.yaml",
    "groups/folder/e.yaml",
    "groups/folder/none.yaml",
    "groups/deep/loop/a.yaml",
    ".git/config",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("gittree") / "repo"
    gitrepo.start(root)
    (root.parent / "outside.yaml").write_text("secret")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    (root / "groups/a.yaml").chmod(0o755)
    gitrepo.commit(root)
    return root


@pytest.fixture
def objects(repository: Path) -> Iterator[Objects]:
    with Objects(repository) as found:
        yield found


@pytest.fixture
def both(repository: Path, objects: Objects) -> tuple[WorkTree, GitTree]:
    work = WorkTree(repository, repository)
    return work, GitTree(objects, objects.commit("main"), work)


def answer(tree: WorkTree | GitTree, path: str) -> bytes | str:
    try:
        return tree.read(path, LIMIT)
    except FileError as error:
        return error.message


@pytest.mark.parametrize("path", PATHS)
def test_a_path_means_the_same_as_on_disk(both: tuple[WorkTree, GitTree], path: str) -> None:
    work, tree = both
    if path != "groups/through.yaml" and path != "groups/a.yaml/x":  # the system's words: "not a directory"
        assert answer(tree, path) == answer(work, path)
    assert isinstance(answer(tree, path), bytes) == isinstance(answer(work, path), bytes)
    assert tree.exists(path) == (work.exists(path) and not path.startswith(".git"))
    assert (tree.real(path) is None) == (work.real(path) is None) or path.startswith(".git")
    assert tree.shown(path) == work.shown(path)


@pytest.mark.parametrize(
    "folder", ["groups", "groups/deep", "linked", "elsewhere", "", "nothing", "reconciler.yaml"]
)
def test_a_folder_holds_the_same_as_on_disk(both: tuple[WorkTree, GitTree], folder: str) -> None:
    def listed(tree: WorkTree | GitTree) -> tuple[str, ...] | str:
        try:
            return tree.list(folder, YAML)
        except FileError as error:
            return error.message

    work, tree = both
    on_disk = listed(work)
    if not isinstance(on_disk, str):  # what may be a folder and leads nowhere: whoever reads the disk is told
        on_disk = tuple(path for path in on_disk if not path.endswith("/broken"))
    assert listed(tree) == on_disk


def test_nobody_s_link_leads_out(both: tuple[WorkTree, GitTree]) -> None:
    for path in ("groups/out.yaml", "groups/absolute.yaml"):
        assert answer(both[1], path) == "leads out of the repository"
        assert both[1].real(path) is None


def test_an_empty_path_is_the_root(both: tuple[WorkTree, GitTree]) -> None:
    assert both[1].exists("")
    assert answer(both[1], "") == "is a folder, not a regular file"


def test_what_is_not_committed_is_not_there(repository: Path, both: tuple[WorkTree, GitTree]) -> None:
    (repository / "groups/new.yaml").write_text("new")
    try:
        assert answer(both[0], "groups/new.yaml") == b"new"
        assert answer(both[1], "groups/new.yaml") == "does not exist"
    finally:
        (repository / "groups/new.yaml").unlink()


def test_many_threads_get_their_own_answers(both: tuple[WorkTree, GitTree]) -> None:
    wrong: list[str] = []

    def ask() -> None:
        for _ in range(30):
            for path in ("groups/a.yaml", "groups/just.yaml", "linked/folder/sub/f.yaml", "groups/out.yaml"):
                if answer(both[1], path) != answer(both[0], path):
                    wrong.append(path)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_submodule_is_a_folder_that_nobody_can_look_into(tmp_path: Path) -> None:
    gitrepo.start(tmp_path)
    first = gitrepo.commit(tmp_path)
    git(tmp_path, "update-index", "--add", "--cacheinfo", f"160000,{first},groups/sub")
    git(tmp_path, "commit", "--quiet", "--message", "submodule")
    with Objects(tmp_path) as objects:
        tree = GitTree(objects, objects.commit("HEAD"), WorkTree(tmp_path, tmp_path))
        assert tree.list("groups", YAML) == ()
        assert answer(tree, "groups/sub") == "is a folder, not a regular file"
        with pytest.raises(FileError, match="is a submodule"):
            tree.list("groups/sub", YAML)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """Its size is asked first; were its bytes asked for, they would have to be read to the end."""
    gitrepo.start(tmp_path)
    (tmp_path / "big.yaml").write_bytes(b"\0" * 40_000_000)
    gitrepo.commit(tmp_path)
    with Objects(tmp_path) as objects:
        tree = GitTree(objects, objects.commit("HEAD"), WorkTree(tmp_path, tmp_path))
        before = _memory()
        with pytest.raises(FileError, match="is longer than 4 MiB"):
            tree.read("big.yaml", 4 * 1024 * 1024)
        assert _memory() - before < 20_000_000


def _memory() -> int:
    """Bytes of memory that this process uses now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_picture_that_lfs_keeps(tmp_path: Path) -> None:
    gitrepo.start(tmp_path)
    data = b"the picture"
    sha256 = hashlib.sha256(data).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 11\n"
    (tmp_path / "icon.png").write_text(pointer)
    gitrepo.commit(tmp_path)
    (tmp_path / "icon.png").write_bytes(data)  # as a checkout with LFS leaves it
    with Objects(tmp_path) as objects:
        tree = GitTree(objects, objects.commit("HEAD"), WorkTree(tmp_path, tmp_path))
        assert tree.read("icon.png", LIMIT) == data
        (tmp_path / "icon.png").write_bytes(b"another one")
        assert answer(tree, "icon.png") == "is kept by Git LFS, and another version of it is checked out"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_both_kinds_of_ids(tmp_path: Path, object_format: str) -> None:
    git(tmp_path, "init", "--quiet", f"--object-format={object_format}", ".")
    (tmp_path / "a.yaml").write_text("a")
    commit = gitrepo.commit(tmp_path)
    with Objects(tmp_path) as objects:
        assert objects.commit(commit) == commit
        assert GitTree(objects, commit, WorkTree(tmp_path, tmp_path)).read("a.yaml", 9) == b"a"


# --- names of commits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ref",
    [
        "-x",
        "--upload-pack=touch pwned",
        "--all",
        "a..b",
        "main..other",
        "main:groups",
        "main@{1}",
        "@{-1}",
        "HEAD^{/change}",
        ":/change",
        ":0:groups/a.yaml",
        "main^{tree}",
        "main~1:a",
        "",
        " ",
        "main main",
        "main\nHEAD",
        "main\0",
        "a/.b",
        "a.lock",
        "refs/heads/../main",
        "ma\x1b[31min",
        "~1",
        "^main",
        "x" * 300,
    ],
)
def test_what_is_no_name_of_a_commit(objects: Objects, ref: str) -> None:
    with pytest.raises(UsageError, match="is no name of a branch, tag or commit") as error:
        objects.commit(ref)
    assert error.value.message.isprintable()


def test_names_of_one_commit(repository: Path, objects: Objects) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    for ref in ("main", "HEAD", "refs/heads/main", commit, commit[:10], "main~0", "HEAD^0"):
        assert objects.commit(ref) == commit
    for ref in ("nothing", "origin/main", "main~1", "HEAD^2", "0" * 40):
        with pytest.raises(GitError, match="there is no such commit here"):
            objects.commit(ref)


def test_a_tree_or_a_file_is_no_commit(repository: Path, objects: Objects) -> None:
    with pytest.raises(GitError, match="there is no such commit"):
        objects.commit(git(repository, "rev-parse", "HEAD^{tree}"))


def test_a_tag_does_not_pass_for_a_branch(tmp_path: Path) -> None:
    gitrepo.start(tmp_path)
    first = gitrepo.commit(tmp_path)
    second = gitrepo.commit(tmp_path)
    git(tmp_path, "update-ref", "refs/remotes/origin/main", second)
    with Objects(tmp_path) as objects:
        assert objects.commit("origin/main") == second
        with pytest.raises(GitError) as error:
            objects.commit("nothing")
        assert "git fetch origin nothing" in error.value.hint
    git(tmp_path, "tag", "origin/main", first)
    with Objects(tmp_path) as objects:
        with pytest.raises(UsageError, match="several commits: refs/remotes/origin/main, refs/tags"):
            objects.commit("origin/main")
        assert objects.commit("refs/remotes/origin/main") == second


def test_a_branch_that_only_the_remote_has_is_named(tmp_path: Path) -> None:
    gitrepo.start(tmp_path)
    git(tmp_path, "update-ref", "refs/remotes/origin/release", gitrepo.commit(tmp_path))
    with Objects(tmp_path) as objects, pytest.raises(GitError) as error:
        objects.commit("release")
    assert error.value.hint == "did you mean --base origin/release?"


def test_a_shallow_clone_says_what_to_fetch(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    gitrepo.start(origin)
    (origin / "a.yaml").write_text("a")
    first = gitrepo.commit(origin)
    second = gitrepo.commit(origin)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", str(clone))
    with Objects(clone) as objects:
        assert objects.commit("HEAD") == second
        with pytest.raises(GitError, match="no such commit") as error:
            objects.commit("HEAD^1")
        assert "fetch-depth: 2" in error.value.hint
        with pytest.raises(GitError):
            objects.commit(first)
        assert not objects.lacks(second, second)


def test_a_base_with_commits_that_are_not_checked_out_is_told(tmp_path: Path) -> None:
    gitrepo.start(tmp_path)
    first = gitrepo.commit(tmp_path)
    second = gitrepo.commit(tmp_path)
    with Objects(tmp_path) as objects:
        assert objects.lacks(second, first)
        assert not objects.lacks(first, second)


# --- hostile repositories ---------------------------------------------------------------------------------


def test_no_setting_of_the_repository_runs_a_program(tmp_path: Path) -> None:
    """Whatever Git can be told to run, on a read of objects it is not run."""
    root = tmp_path / "repo"
    gitrepo.start(root)
    (root / "a.yaml").write_text("a")
    (root / ".gitattributes").write_text("*.yaml filter=evil diff=evil\n")
    gitrepo.commit(root)
    ran = tmp_path / "ran"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "core.alternateRefsCommand",
        "core.gitProxy",
        "credential.helper",
        "filter.evil.smudge",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.external",
        "pager.cat-file",
        "alias.cat-file",
        "uploadpack.packObjectsHook",
    ):
        git(root, "config", key, f"!{script}" if key.startswith("alias") else str(script))
    for hook in (
        "post-checkout",
        "pre-commit",
        "reference-transaction",
        "post-index-change",
        "fsmonitor-watchman",
    ):
        target = root / ".git/hooks" / hook
        target.write_text(script.read_text())
        target.chmod(target.stat().st_mode | stat.S_IXUSR)
    with Objects(root) as objects:
        commit = objects.commit("main")
        tree = GitTree(objects, commit, WorkTree(root, root))
        assert tree.read("a.yaml", 9) == b"a"
        objects.lacks(commit, commit)
    assert not ran.exists()


def test_replaced_objects_do_not_pass_for_the_base(tmp_path: Path) -> None:
    gitrepo.start(tmp_path)
    (tmp_path / "a.yaml").write_text("true")
    first = gitrepo.commit(tmp_path)
    (tmp_path / "a.yaml").write_text("false")
    second = gitrepo.commit(tmp_path)
    git(tmp_path, "replace", first, second)
    assert git(tmp_path, "show", f"{first}:a.yaml") == "false"
    with Objects(tmp_path) as objects:
        assert GitTree(objects, first, WorkTree(tmp_path, tmp_path)).read("a.yaml", 9) == b"true"


def test_the_environment_chooses_no_other_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    for root in (mine, other):
        gitrepo.start(root)
        (root / "a.yaml").write_text(root.name)
        gitrepo.commit(root)
    ran = tmp_path / "ran"
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git/objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"touch {ran}")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    with Objects(mine) as objects:
        assert GitTree(objects, objects.commit("main"), WorkTree(mine, mine)).read("a.yaml", 9) == b"mine"
    assert not ran.exists()
    assert not (tmp_path / "trace").exists()


def before_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have a script run wherever git is started, and git after it."""
    program = folder / "bin/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{script}\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_no_secret_reaches_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gitrepo.start(tmp_path / "repo")
    gitrepo.commit(tmp_path / "repo")
    seen = tmp_path / "seen"
    before_git(tmp_path, monkeypatch, f'env >> {seen}\nprintf "%s\\n" "$@" >> {seen}')
    monkeypatch.setenv("RECONCILER_TOKEN", "the-token")
    monkeypatch.setenv("GITHUB_TOKEN", "the-other-token")
    with Objects(tmp_path / "repo") as objects:
        objects.commit("main")
    text = seen.read_text()
    assert "check-ref-format" in text
    assert "token" not in text


def test_a_repository_that_somebody_committed_is_not_the_repository(tmp_path: Path) -> None:
    """A bare repository in the work tree would bring its own configuration."""
    gitrepo.start(tmp_path)
    git(tmp_path, "init", "--quiet", "--bare", "inner")
    for path in (tmp_path / "inner").iterdir():
        path.rename(tmp_path / path.name)
    commit = gitrepo.commit(tmp_path)
    with Objects(tmp_path) as objects:
        assert objects.commit("HEAD") == commit


def test_no_repository_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a Git repository"):
        Objects(tmp_path)
    (tmp_path / ".git").mkdir()
    with Objects(tmp_path) as objects, pytest.raises(ReconcilerError):  # it is none, whatever its name
        objects.commit("HEAD")


def test_a_partial_clone_fetches_nothing(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    gitrepo.start(origin)
    (origin / "a.yaml").write_text("first")
    first = gitrepo.commit(origin)
    (origin / "a.yaml").write_text("second")
    gitrepo.commit(origin)
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{origin}", str(clone))
    with Objects(clone) as objects:
        tree = GitTree(objects, objects.commit(first), WorkTree(clone, clone))
        with pytest.raises(FileError) as error:
            tree.read("a.yaml", 9)
    assert "in this clone" in error.value.message or "partial clone" in error.value.hint


def test_git_that_dies_is_an_error_not_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gitrepo.start(tmp_path / "repo")
    commit = gitrepo.commit(tmp_path / "repo")
    before_git(tmp_path, monkeypatch, 'case "$*" in *cat-file*) exit 1;; esac')
    with Objects(tmp_path / "repo") as objects:
        with pytest.raises(GitError, match="ended without an answer"):
            objects.commit("main")
        with pytest.raises(GitSilent, match="ended without an answer"):
            GitTree(objects, commit, WorkTree(tmp_path, tmp_path)).read("a.yaml", 9)
