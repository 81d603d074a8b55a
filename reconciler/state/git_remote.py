"""One branch on one remote, by plumbing: what it points at, its commits, and pushes that compare and swap.

Nothing here touches the work tree, the index or a branch of the clone. What was read is remembered under
`refs/reconciler/REMOTE/BRANCH`, so that git keeps it, fetches only what is new, and can tell a branch that
went on from one that somebody rewrote. Works in shallow, partial and single-branch clones and with a detached
HEAD, because every ref is named in full and nothing is asked of the clone's own refs.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

from reconciler.errors import GitError, StateError, Unreachable
from reconciler.git import Ended, Git
from reconciler.language import msg
from reconciler.state.git_errors import Declined, may_push, refusal, rejection

FILE = "state.json"
"""The one file of the branch that this program writes; others are left as they are."""

MOVED = "state.json.migrated"
"""What that file is called once its state was moved elsewhere."""

_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-filter"),
    *("--no-recurse-submodules", "--refmap="),
)
_PAUSES = (0.5, 2.0)
"""Seconds between tries to read from a remote that does not answer."""

_MESSAGE = 1 << 20
"""Bytes of a commit that is read: no run writes as much, but anybody who may push can."""
_AT_A_TIME = 8 << 20
"""Bytes of states that are held at a time."""

_EPOCH = datetime.fromtimestamp(0, UTC)

_AUTHOR = {
    "GIT_AUTHOR_NAME": "group-reconciler",
    "GIT_AUTHOR_EMAIL": "group-reconciler@localhost",
    "GIT_COMMITTER_NAME": "group-reconciler",
    "GIT_COMMITTER_EMAIL": "group-reconciler@localhost",
}
_POLICY = re.compile(
    r"declined|denied|den(?:y|ies)|protected|not allowed|permission|forbidden|rule|unpack", re.I
)
"""In the reason that git gives (not in a hook's words): trying again does not help."""


def is_oid(text: str) -> bool:
    """Whether this is a whole object id, and so nothing that git could take for an option or a revision."""
    return _OID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Update:
    """One ref of the remote: it has to be at `old` (None: not to exist) and gets `new` (None: is deleted)."""

    ref: str
    old: str | None
    new: str | None


def _entry(blob: str | None, name: str) -> bytes:
    """Return a file as a line for `git mktree`."""
    return b"100644 blob %b\t%b" % (str(blob).encode(), name.encode())


class Remote:
    """The branch `branch` of the remote `name`, and the branch beside it that is its lock."""

    def __init__(
        self, git: Git, name: str, branch: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.git = git
        self._pause = pause
        self.name = name
        self.branch = branch
        self.ref = f"refs/heads/{branch}"
        self.lock_ref = f"refs/heads/{branch}-lock"
        self.seen_ref = f"refs/reconciler/{name}/{branch}"
        self.display = f"git:{name}/{branch}"

    def check(self) -> None:
        """Raise `StateError` unless this is a repository that has the remote, and git takes the names.

        A name that is no remote would be taken for a path, and a pull request may hold such a folder.
        """
        for ref in (self.ref, self.lock_ref, self.seen_ref):
            if self._run("check-ref-format", ref).code != 0:
                raise StateError(
                    msg("`{branch}` is no name of a branch", branch=self.branch),
                    msg("such as git:origin/reconciler-state"),
                )
        here = self._run("rev-parse", "--git-dir")
        if here.code != 0:
            raise refusal(
                here.err,
                msg("the state {state} cannot be used", state=self.display),
                self.name,
                self.branch,
            )
        if not self._settings("url"):
            known = ", ".join(self._run("remote").text.split()[:10])
            raise StateError(
                msg(
                    "the state {state} names a remote that this repository does not have: {remote}",
                    state=self.display,
                    remote=self.name,
                ),
                msg("remotes here: {names}", names=known)
                if known
                else msg("add one: git remote add NAME URL"),
            )

    def check_pushes(self) -> None:
        """Raise `StateError` where a push to the remote would be another one than was asked for.

        Not overruled: the next `git push` of somebody's would do what is configured, and with a mirror that
        is to remove the state's branch.
        """
        mirror = f"remote.{self.name}.mirror"
        if self._run("config", "--type=bool", "--get", mirror).text == "true":
            raise StateError(
                msg(
                    "the state {state} cannot be kept there: {key} is set, so a `git push` from here "
                    "makes that remote equal to this clone, which has no branch of the state",
                    state=self.display,
                    key=mirror,
                ),
                msg("git config --unset {key}, or keep the state on another remote", key=mirror),
            )
        places = self._settings("pushurl") or self._settings("url")
        if len(places) > 1:
            raise StateError(
                msg(
                    "the state {state} cannot be kept there: a push to {remote} goes to {count} "
                    "places (remote.{remote}.pushurl, or .url), and a lock is held in one",
                    state=self.display,
                    remote=self.name,
                    count=len(places),
                ),
                msg(
                    "give the state a remote of its own: git remote add state URL, and state: "
                    "git:state/{branch}",
                    branch=self.branch,
                ),
            )

    def _settings(self, key: str) -> list[str]:
        return self._run("config", "--get-all", f"remote.{self.name}.{key}").text.splitlines()

    # --- the remote -----------------------------------------------------------------------------------------

    def tips(self) -> dict[str, str]:
        """What branch and lock point at now; a ref that is not there has no entry.

        Raises `StateError`, also where a branch is in the way: beside `main` there can be no `main/state`.
        """
        mine = (self.ref, self.lock_ref)
        above = {up for ref in mine for up in accumulate(ref.split("/"), "{}/{}".format) if up.count("/") > 1}
        ended = self._asked("ls-remote", self.name, *sorted(above), *(f"{ref}/*" for ref in mine))
        if ended.code != 0:
            raise self._refusal(ended)
        found = {ref: oid for oid, _, ref in (line.partition("\t") for line in ended.text.splitlines())}
        for ref in sorted(found):
            if ref in above.difference(mine) or ref.startswith(tuple(f"{own}/" for own in mine)):
                taken = ref.removeprefix("refs/heads/")
                raise StateError(
                    msg(
                        "the state {state} cannot be kept there: {remote} has a branch {other}, and "
                        "Git allows no {branch} or {branch}-lock beside it",
                        state=self.display,
                        remote=self.name,
                        other=taken[:200],
                        branch=self.branch,
                    ),
                    msg("name another branch: git:{remote}/reconciler-state", remote=self.name),
                )
        return {ref: found[ref] for ref in mine if is_oid(found.get(ref, ""))}

    def fetch(self, ref: str, oid: str) -> bool:
        """Have the commit `oid`, at which `ref` was just seen; False when the ref has moved meanwhile."""
        if self.has(oid):
            return True
        ended = self._asked(*_FETCH, self.name, ref)
        if ended.code != 0 and ref in self.tips():
            raise self._refusal(ended)
        return self.has(oid)

    def push(
        self, updates: Sequence[Update], *, timeout: float | None = None, hooks: str | None = None
    ) -> str | None:
        """All updates or none, each only if its ref is where it should be. None: done.

        Otherwise why not; whether that was final, and even whether nothing was done, is for `tips` to tell.
        `hooks` is a folder whose `pre-push` is run, once it is known where the refs are. Raises `Declined`
        when this remote does not let us push that, `StateError` when nothing can be pushed, and its branch
        `Unreachable` when nobody answered, or not within `timeout` seconds.
        """
        settings = () if hooks is None else ("-c", f"core.hooksPath={hooks}")
        arguments = self._pushing(updates, "--verify" if hooks else "--no-verify")
        try:
            ended = self.git.run(*settings, *arguments, timeout=timeout)
        except GitError as error:
            if error.unended:
                raise Unreachable(
                    msg("the state {state}: {why}", state=self.display, why=error.message), error.hint
                ) from None
            raise StateError(
                msg("the state {state}: {why}", state=self.display, why=error.message), error.hint
            ) from None
        if ended.code == 0:
            return None
        rejected = [line for line in ended.text.splitlines() if line.startswith("!")]
        what = msg("{remote} did not take the state", remote=self.name)
        if not rejected:
            raise refusal(ended.err, what, self.name, self.branch, writing=True)
        why = rejection(rejected, ended.err)
        if any(_POLICY.search(line.rpartition("\t")[2]) for line in rejected):
            raise Declined(msg("{what}: {why}", what=what, why=why), may_push(self.name, self.branch))
        return why

    def push_in_vain(self, updates: Sequence[Update], meanwhile: Update) -> None:
        """Have the remote judge a push that it cannot carry out: while it is under way, another one moves the
        ref of `meanwhile`, which has to be one of `updates`.

        Its rules and hooks look at a push before it compares the refs, and as these are not where they were,
        nothing is changed but by `meanwhile`. Where no hook of ours can be run this is left out. Raises
        `Declined`, and `StateError` for a remote that does not compare.
        """
        other = shlex.join(["git", *self._pushing([meanwhile], "--no-verify")])
        try:
            with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
                hook, done = Path(folder, "pre-push"), Path(folder, "done")
                hook.write_text(f"#!/bin/sh\n{other} >/dev/null && : > {shlex.quote(str(done))}\n", "utf-8")
                hook.chmod(0o700)
                if not os.access(hook, os.X_OK):  # git would pass over it, and the push be carried out
                    return
                if self.push(updates, hooks=folder) is not None or not done.exists():
                    return
        except OSError:
            return
        raise StateError(
            msg(
                "{remote} does not compare before it changes a branch: the state {state} would "
                "not be safe from two runs at once",
                remote=self.name,
                state=self.display,
            ),
            msg("keep the state on another remote"),
        )

    def _pushing(self, updates: Sequence[Update], verify: str) -> tuple[str, ...]:
        leases = [f"--force-with-lease={update.ref}:{update.old or ''}" for update in updates]
        specs = [f"{update.new or ''}:{update.ref}" for update in updates]
        return ("push", "--porcelain", "--quiet", "--atomic", verify, *leases, self.name, *specs)

    def rehearse(self) -> None:
        """Raise `StateError` unless the remote would take a push of the branch from us, as far as can be told
        without one: no rule and no hook is asked."""
        new = self.tips().get(self.ref) or self.commit(None, None, "A rehearsal", _EPOCH)
        ended = self._asked(
            "push", "--dry-run", "--porcelain", "--quiet", "--no-verify", self.name, f"{new}:{self.ref}"
        )
        if ended.code != 0:
            where = msg("{remote} would not take the state", remote=self.name)
            raise refusal(ended.err, where, self.name, self.branch, writing=True)

    # --- what was seen --------------------------------------------------------------------------------------

    def seen(self) -> str | None:
        """The commit of the branch that this clone read last."""
        oid = self._run("rev-parse", "--verify", "--quiet", self.seen_ref).text
        return oid if is_oid(oid) else None

    def remember(self, oid: str | None) -> None:
        """Keep `oid` as what was read last, None: nothing. Another process may be doing the same: then its
        commit stays, which is as good."""
        if oid is None:
            self._run("update-ref", "-d", self.seen_ref)
        else:
            self._run("update-ref", self.seen_ref, oid)

    def keep_lock(self, oid: str | None) -> None:
        """Keep the commits of a lock that grows from run to run, so that only new ones have to be fetched."""
        if oid is not None:
            self._run("update-ref", f"{self.seen_ref}-lock", oid)

    def follows(self, older: str, newer: str) -> bool:
        """Whether the commit `newer` has `older` in its history, or is it."""
        return older == newer or self._run("merge-base", "--is-ancestor", older, newer).code == 0

    # --- objects --------------------------------------------------------------------------------------------

    def has(self, oid: str) -> bool:
        return self._run("cat-file", "-e", f"{oid}^{{commit}}").code == 0

    def resolve(self, rev: str) -> str | None:
        """The commit that a hash, or a hash with `~N`, means; None for none."""
        oid = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}").text
        return oid if is_oid(oid) else None

    def output(self, *arguments: str) -> bytes:
        """What a command that reads objects prints. Raises `StateError`."""
        return self._out(*arguments).out

    def file(self, commit: str, limit: int) -> bytes | None:
        """The state's file in a commit; None where it has none. Raises `StateError` above `limit` bytes."""
        ((blob, size),) = self._blobs([commit])
        if blob is None:
            return None
        if size > limit:
            raise StateError(
                msg(
                    "the state {state} is longer than {limit} MiB: no run wrote that",
                    state=self.display,
                    limit=limit >> 20,
                ),
                msg("begin anew: git push {remote} --delete {branch}", remote=self.name, branch=self.branch),
            )
        return self._out("cat-file", "blob", blob).out

    def files(self, commits: Sequence[str], limit: int) -> Iterator[bytes | None]:
        """The state's file in each of several commits, some MiB at a time; None where it has none, or one
        above `limit` bytes."""
        blobs = [(blob if size <= limit else None, size) for blob, size in self._blobs(commits)]
        while blobs:
            total = accumulate(size for _, size in blobs)
            some = blobs[: max(1, sum(size <= _AT_A_TIME for size in total))]
            found = self._batch([blob for blob, _ in some if blob is not None])
            yield from (None if blob is None else next(found) for blob, _ in some)
            blobs = blobs[len(some) :]

    def _blobs(self, commits: Sequence[str]) -> list[tuple[str | None, int]]:
        """Id and size of the state's file in each commit."""
        asked = "".join(f"{commit}:{FILE}\n" for commit in commits)
        lines = self._out("cat-file", "--batch-check", data=asked.encode()).text.splitlines()
        fields = [line.split() for line in lines]
        return [
            (field[0], int(field[2])) if len(field) == 3 and field[1] == "blob" else (None, 0)
            for field in fields
        ]

    def messages(self, commits: Sequence[str]) -> list[str]:
        """The message of each of several commits; "" for one that is longer than any run writes."""
        asked = "".join(f"{commit}\n" for commit in commits).encode()
        lines = self._out("cat-file", "--batch-check", data=asked).text.splitlines()
        small = [line.split()[0] for line in lines if int(line.split()[2]) <= _MESSAGE]
        found: dict[str, str] = {}
        for oid, raw in zip(small, self._batch(small), strict=True):
            found[oid] = raw.partition(b"\n\n")[2].decode("utf-8", "replace")
        return [found.get(commit, "") for commit in commits]

    def _batch(self, oids: Sequence[str]) -> Iterator[bytes]:
        """What is in each of several objects, which are there."""
        if not oids:
            return
        found = self._out("cat-file", "--batch", data="".join(f"{oid}\n" for oid in oids).encode()).out
        at = 0
        for _ in oids:
            end = found.index(b"\n", at)
            size = int(found[at:end].split()[2])
            yield found[end + 1 : end + 1 + size]
            at = end + 1 + size + 1

    def commit(self, parent: str | None, data: bytes | None, message: str, at: datetime) -> str:
        """Make a commit whose `state.json` is `data`, and whose other files are its parent's; without `data`
        it has no files. Nothing points at it yet."""
        entries = [] if parent is None or data is None else self._entries(parent, but=(FILE,))
        if data is not None:
            blob = self._out("hash-object", "-w", "--stdin", data=data).text
            entries.append(_entry(blob, FILE))
        return self._commit(parent, entries, message, at)

    def retired(self, parent: str, message: str, at: datetime) -> str:
        """Make a commit in which the state's file is called otherwise. Nothing points at it yet."""
        ((blob, _),) = self._blobs([parent])
        entries = [
            *self._entries(parent, but=(FILE, MOVED)),
            _entry(blob, MOVED),
        ]
        return self._commit(parent, entries, message, at)

    def is_retired(self, commit: str) -> bool:
        """Whether a commit that has no state's file has one that was called otherwise."""
        return self._run("cat-file", "-e", f"{commit}:{MOVED}").code == 0

    def _entries(self, commit: str, *, but: tuple[str, ...]) -> list[bytes]:
        """What a commit's top folder holds, as `ls-tree` says it, without some names."""
        listed = self._out("ls-tree", "-z", commit).out.split(b"\0")
        return [
            entry
            for entry in listed
            if entry and entry.partition(b"\t")[2].decode("utf-8", "replace") not in but
        ]

    def _commit(self, parent: str | None, entries: Sequence[bytes], message: str, at: datetime) -> str:
        data = b"".join(entry + b"\0" for entry in entries)
        tree = self._out("mktree", "-z", "--missing", data=data).text
        when = f"@{int(at.timestamp())} +0000"
        parents = () if parent is None else ("-p", parent)
        return self._out(
            *("commit-tree", "--no-gpg-sign", *parents, tree),
            data=message.encode("utf-8", "replace"),
            environ={**_AUTHOR, **self.git.author, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
        ).text

    def again(self, parent: str | None, empty: bytes, at: datetime) -> str:
        """Make a commit that changes nothing: with the files of its parent, or with this state where there is
        none. Nothing points at it."""
        data = empty if parent is None else self._out("cat-file", "blob", f"{parent}:{FILE}").out
        return self.commit(parent, data, "A rehearsal", at)

    def _run(self, *arguments: str, data: bytes = b"") -> Ended:
        try:
            return self.git.run(*arguments, data=data)
        except GitError as error:
            kind = Unreachable if error.unended else StateError
            raise kind(
                msg("the state {state}: {why}", state=self.display, why=error.message), error.hint
            ) from None

    def _out(self, *arguments: str, data: bytes = b"", environ: Mapping[str, str] | None = None) -> Ended:
        try:
            return self.git.out(*arguments, data=data, environ=environ)
        except GitError as error:
            if error.stderr:
                what = msg(
                    "the state {state}: git {command} failed",
                    state=self.display,
                    command=arguments[0],
                )
                raise refusal(error.stderr, what, self.name, self.branch) from None
            raise StateError(
                msg("the state {state}: {why}", state=self.display, why=error.message), error.hint
            ) from None

    def _asked(self, *arguments: str) -> Ended:
        """A command that reads from the remote, again where nobody answered."""
        pauses = iter(_PAUSES)
        while True:
            ended = self._run(*arguments)
            pause = next(pauses, None)
            if ended.code == 0 or pause is None or not isinstance(self._refusal(ended), Unreachable):
                return ended
            self._pause(pause)

    def _refusal(self, ended: Ended) -> StateError:
        return refusal(
            ended.err, msg("the state {state} cannot be read", state=self.display), self.name, self.branch
        )
