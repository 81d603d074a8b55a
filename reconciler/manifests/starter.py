"""The files of a repository that begins, with comments in the language that is spoken. What they say stands
here, but for the schemas and the workflows: those are files of the project, the latter with what is the
repository's filled in."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from reconciler.errors import ReconcilerError
from reconciler.language import ENGLISH, msg, spoken, tr
from reconciler.manifests.config import DEFAULT_CONFIG, DEFAULT_CONTACTS
from reconciler.manifests.imports import SCHEMA_FOLDER, modeline
from reconciler.manifests.schema import schema_text
from reconciler.model.capabilities import CAPABILITIES, BackendName

CodeHost = Literal["github", "gitlab", "none"]
CODE_HOSTS: tuple[CodeHost, ...] = get_args(CodeHost)
BRANCH = "git:origin/reconciler-state"
"""Where the pipelines keep their state."""
UNKNOWN = "0" * 40
"""Stands for a release that nobody knows. No code host finds it, so a pipeline ends until it is filled in."""

_WORKFLOWS = {
    "groups-pull-request": msg("every pull request: check, plan, and comment what merging would change"),
    "groups-apply": msg("after a merge, and by hand: make the groups so"),
    "groups-ready": msg("every hour: promote who has joined"),
    "groups-drift": msg("every night: what was changed outside?"),
}
_USES = re.compile(r"(?<=uses: )[\w.-]+/group-reconciler@.*")
_WATCHED = ("groups/**", "contacts.y*ml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a repository begins.

    `account` are digits, "" where it is not said. `contacts` and `manifests` are paths from the folder, None
    where they lie elsewhere. `top`: the folder is the top of its repository, where code hosts and pre-commit
    look. `remote`: there is an `origin` to keep state on. `home` is the address of the project,
    `release` the version that runs, where it is a released one, and `commit` its commit; "" where unknown.
    """

    backend: BackendName = "sinch"
    account: str = ""
    host: CodeHost = "none"
    branch: str = "main"
    contacts: str | None = DEFAULT_CONTACTS
    manifests: str | None = "groups"
    top: bool = True
    remote: bool = False
    home: str
    release: str = ""
    commit: str = ""

    @property
    def tag(self) -> str:
        """The release's tag, or ""."""
        return self.release and f"v{self.release}"

    @property
    def ref(self) -> str:
        """What a pipeline names what runs by: the commit, which nobody can move, else the tag."""
        return self.commit or self.tag or UNKNOWN

    def pinned(self, word: str = "") -> str:
        """Return `ref` with a comment that says which release a commit is, after `word`."""
        return f"{self.ref} # {word}{self.tag}" if self.commit and self.tag else self.ref

    @property
    def path(self) -> str:
        """The project's path on a code host."""
        return "/".join(self.home.split("/")[-2:])


@dataclass(frozen=True, slots=True)
class StarterFile:
    """A file to write where it is missing. Where one is there that lacks `mark`, `add` says what to do. An
    example is written only where no manifest is in the folder `unless`."""

    path: str
    text: str
    about: str
    mark: str = ""
    add: str = ""
    unless: str | None = None


def starter_files(start: Start) -> Iterator[StarterFile]:
    """Yield the files of the repository. The configuration comes first, so that after a run that was ended
    the next one goes on as it began."""
    yield StarterFile(DEFAULT_CONFIG, _config(start), msg("settings: service, account, state"))
    if start.contacts is not None:
        yield StarterFile(start.contacts, _contacts(start.contacts), msg("names for people and teams"))
    if start.manifests is not None:
        path = posixpath.join(start.manifests, "first-group.yaml")
        about = msg("an example of a group, on hold: it says how to go on")
        yield StarterFile(path, _example(start, path), about, unless=start.manifests)
    for name in ("group", "contacts", "config"):
        path, text = f"{SCHEMA_FOLDER}/{name}.schema.json", schema_text(name)
        renew = msg(
            "differs from this version's; to renew it: reconciler schema {name} > {path}",
            name=name,
            path=path,
        )
        yield StarterFile(path, text, msg("for editors: completion and checks"), text, renew)
    yield StarterFile(
        ".gitignore",
        tr(_IGNORED),
        msg("keeps state out of commits: it names people"),
        ".reconciler",
        _IGNORE_LINE,
    )
    if start.top:
        # The comment is as `pre-commit autoupdate --freeze` writes it. Unquoted, a commit may be a number.
        rev = start.pinned("frozen: ").replace(start.ref, f'"{start.ref}"', 1)
        hook = _PRE_COMMIT.format(home=start.home, rev=rev, hook=_HOOK)
        add = msg("add the hook {hook} of {home}, rev: {rev}", hook=_HOOK, home=start.home, rev=rev)
        yield StarterFile(
            ".pre-commit-config.yaml",
            hook,
            msg("checks the files before a commit"),
            _HOOK,
            add,
        )
        yield from _pipelines(start)


def _pipelines(start: Start) -> Iterator[StarterFile]:
    if start.host == "gitlab":
        version = json.dumps(start.commit or start.release or UNKNOWN)
        text = tr(_GITLAB, path=start.path, ref=start.pinned(), version=version, state=BRANCH)
        if spoken() != ENGLISH:  # not every job has the configuration
            text += _GITLAB_LANGUAGE.format(tag=spoken())
        add = msg("add what includes the component: {path}/reconciler@{ref}", path=start.path, ref=start.ref)
        about = msg("plan in merge requests, apply after them, drift on a schedule")
        yield StarterFile(".gitlab-ci.yml", text, about, "/reconciler@", add)
    if start.host == "github":
        watched = posixpath.join(start.manifests, "**") if start.manifests is not None else _WATCHED[0]
        contacts = re.sub(r"\.ya?ml$", ".y*ml", start.contacts or DEFAULT_CONTACTS)
        for name, about in _WORKFLOWS.items():
            text = (_folder() / f"{name}.yml").read_text(encoding="utf-8")
            text = _USES.sub(f"{start.path}@{start.pinned()}{_said_of(start)}", text)
            if spoken() != ENGLISH:
                text = text.replace("${{ vars.RECONCILER_LANG }}", spoken())
            if start.branch != "main":
                text = text.replace("branches: [main]", f"branches: [{json.dumps(start.branch)}]")
            if (watched, contacts) != _WATCHED:
                here = f"paths: [{json.dumps(watched)}, {json.dumps(contacts)}"
                text = text.replace(f"paths: [{', '.join(_WATCHED)}", here)
            yield StarterFile(f".github/workflows/{name}.yml", text, about)


@cache
def _folder() -> Path:
    """Return the folder of the workflows, in the installed package or in the documentation of a checkout."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "pipelines", package.parent / "docs/pipelines"):
        if (place / "github").is_dir():
            return place / "github"
    raise ReconcilerError(msg("this installation lacks its workflows"), msg("install the package again"))


def _said_of(start: Start) -> str:
    if start.ref != UNKNOWN:
        return ""
    return " # " + tr("fill in the release: its tag, or better its full commit")


def _config(start: Start) -> str:
    can = CAPABILITIES[start.backend]
    if start.account:
        account = f'account: "+{start.account}"'
    elif can.gateway:
        account = msg(
            "# account: …   # told by the gateway; written here, a session of another number is refused"
        )
    else:
        account = msg("# account: …   # fill it in: without it nobody is demoted or removed")
    if start.host != "none" and start.remote:
        state = msg(
            "# What was last applied: on a branch, for people and pipelines alike.\nstate: {branch}",
            branch=BRANCH,
        )
    else:
        state = msg(
            "# What was last applied: in a file that Git ignores. Where pipelines apply, a "
            "branch keeps it:\n# state: {branch}",
            branch=BRANCH,
        )
    language = ""
    if spoken() != ENGLISH:
        language = msg("# The language in which people are spoken to.\nlanguage: {tag}\n\n", tag=spoken())
    return tr(
        _CONFIG,
        modeline=modeline("", "config"),
        title=can.title,
        backend=start.backend,
        account=account,
        language=language,
        state=state,
    )


def _contacts(path: str) -> str:
    return tr(_CONTACTS, modeline=modeline(posixpath.dirname(path), "contacts"))


def _example(start: Start, path: str) -> str:
    can = CAPABILITIES[start.backend]
    join = ""
    if can.peopled:
        join = msg(
            "# join: add       # adds who is missing: {title} makes no group without somebody to add\n",
            title=can.title,
        )
    elif can.adding:
        join = msg(
            "# join: add       # adds who is missing; without it they are reported for an invitation\n"
        )
    return tr(
        _EXAMPLE, modeline=modeline(posixpath.dirname(path), "group"), limit=can.subject_limit, join=join
    )


_CONFIG = msg("""\
{modeline}
#
# Settings that are the same for every group. Each key has a default. Credentials never stand here, nor does
# the service's address: this file is part of every pull request. They come from the environment.

# The service: {title}.
backend: {backend}

# Your business's own number, which is never demoted, removed or invited.
{account}

{language}{state}

# What holds for every group whose manifest does not say otherwise:
# defaults: {{admins: [team]}}

# What holds for every manifest with `kind: customer`:
# kinds: {{customer: {{admins: [team]}}}}
""")

_CONTACTS = msg("""\
{modeline}
#
# Names for people and teams, so that manifests, plans and reports do without numbers. People and teams share
# one set of names. A number is international: "+", country, area, number; spaces and hyphens do not matter.

people: {{}}
#  ana: {{name: Ana Souza, numbers: ["+…"]}}
#  bruno: "+…"   # the short form: just the number

teams: {{}}
#  team: [ana, bruno]
""")

_EXAMPLE = msg("""\
{modeline}
#
# One YAML document declares one group. This one is an example, and on hold: it is read and reported, and no
# apply makes it. To go on:
#   1. write people into the contacts, and who should be in the group below
#   2. reconciler plan --sandbox, until it shows what you want
#   3. take `hold` away, and open a pull request: its plan says what merging will do

# The stable key: state, plans and `--target` know the group by it.
name: first-group

# {limit} characters at most.
subject: My first group

# A key that is left out is not managed: what people change there by hand stays as they left it.
# admins: [ana]   # exactly these, beside the group's creator and your own number
# members: [bruno]  # should be in the group
{join}# icon: icon.png  # beside this file; JPEG or PNG, square

hold: {{reason: "an example", until: 2099-12-31}}
""")

_IGNORE_LINE = msg("add the line .reconciler/ to it: state names people")
_IGNORED = msg("""\
# What was last applied, the sandbox's groups, reports: they name people.
.reconciler/
""")

_HOOK = "reconciler-validate"
_PRE_COMMIT = """\
repos:
  - repo: {home}
    rev: {rev}
    hooks:
      - id: {hook}
"""

_GITLAB = msg("""\
# Validate and plan in merge requests, apply on the default branch. Drift, and promotions of who has joined,
# on schedules of their own, with the variable GROUPS_JOB: drift or ready.
include:
  - component: $CI_SERVER_FQDN/{path}/reconciler@{ref}
    inputs:
      version: {version}
      state: {state}
""")

_GITLAB_LANGUAGE = """\

variables:
  RECONCILER_LANG: {tag}
"""
