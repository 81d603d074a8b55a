"""`reconciler init`."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from reconciler.cli import distribution, environment, terminal, wiring
from reconciler.cli.accounts import account_numbers, verb
from reconciler.cli.common import Common, offering
from reconciler.cli.files import find_root, is_there
from reconciler.errors import Exit, GitError, InputError, ReconcilerError, UsageError
from reconciler.git import Git
from reconciler.language import msg, of_system, tr
from reconciler.manifests import numbers
from reconciler.manifests.complaints import guessed, listed, visible
from reconciler.model import number
from reconciler.model.capabilities import BACKENDS, CAPABILITIES, BackendName

if TYPE_CHECKING:
    from reconciler.manifests.config import Config
    from reconciler.manifests.starter import CodeHost, Start
    from reconciler.model.settings import OwnSettings

EXAMPLES = msg(
    "\nreconciler init                             asks, shows what it would write, "
    "and writes it\nreconciler init grupos                      in that folder, "
    "which is made\nreconciler init --backend waha --ci github --yes\nreconciler "
    "init --account '+55 19 91111-2222' --ci none --yes\n"
)

_W = TypeVar("_W", bound=str)

_PLACES: dict[CodeHost, str] = {
    "github": msg("GitHub, Settings → Environments, `groups-plan` and `groups`"),
    "gitlab": msg("GitLab, Settings → CI/CD → Variables, masked, with the scopes `groups-plan` and `groups`"),
    "none": msg("the environment of whoever runs it"),
}
_NAMED = {"manifests": msg("manifests"), "contacts": msg("contacts")}
_SERVER = re.compile(r"(?:[a-z+]+://)?(?:[^/@]*@)?([^/:]+)")


@verb("init", EXAMPLES, numbers=True)
@click.argument("folder", default=".", metavar="[DIR]", shell_complete=offering("folders"))
@click.option(
    "--backend", type=click.Choice(BACKENDS), default=None, help=msg("The service  [default: sinch]")
)
@click.option(
    "--ci",
    type=click.Choice(list(_PLACES)),
    default=None,
    help=msg("Whose pipelines  [default: by the remote and the files]"),
)
@click.option("--yes", "-y", is_flag=True, help=msg("Do not ask."))
def command(common: Common, folder: str, backend: BackendName | None, ci: CodeHost | None, yes: bool) -> int:
    """Begin a repository of groups in DIR: write the files that it lacks, and nothing over one that is there.

    Settings, contacts, an example of a group that is on hold (no apply makes it), schemas for editors, a hook
    for pre-commit, and pipelines that run this release. On a terminal it asks for what no option says.
    """
    from reconciler.manifests.files import WorkTree
    from reconciler.manifests.output import Output
    from reconciler.manifests.starter import starter_files
    from reconciler.operations.init import what_is_missing, write_missing

    common.refuse("target", "report", "format", "sandbox", "config")
    terminal.check_can_ask("init", yes=yes)
    wiring.enter(common)
    place = Path(os.path.realpath(folder))
    if is_there(place) and not os.path.isdir(place):
        raise ReconcilerError(
            msg("{place} is no folder that can be used", place=_shown(place)), msg("name another place")
        )
    config = _configuration(place)
    start, left_out = _start(common, place, config, backend, ci)
    fresh = config.path is None
    if not yes:
        asked = {
            "backend": fresh and backend is None,
            "account": fresh and not common.accounts,
            "host": ci is None and start.top and not config.accounts,
        }
        start = _asked(start, [what for what, due in asked.items() if due])
    missing = what_is_missing(WorkTree(place, place), list(starter_files(start)))
    left = [*_listed(tr("Left as it is:"), (*missing.kept, *left_out))]
    if missing.files and not yes:
        rows = [(file.path, file.about) for file in missing.files]
        terminal.say("\n".join([*_listed(tr("To be written in {place}:", place=_shown(place)), rows), *left]))
        if not terminal.ask(tr("Write these files?"), lambda: False):
            terminal.say(tr("Nothing was written."))
            return Exit.PARTIAL
    written: list[tuple[str, str]] = []
    try:
        os.makedirs(place, exist_ok=True)
        for file in write_missing(Output(place), missing.files):
            written.append((file.path, file.about))
    except OSError as error:
        raise ReconcilerError(
            msg("{place} cannot be made: {why}", place=_shown(place), why=of_system(error))
        ) from None
    finally:
        terminal.put("\n".join([*_listed(tr("Written in {place}:", place=_shown(place)), written), *left]))
    elsewhere = place != Path.cwd() or common.directory
    first = config.accounts[0] if config.accounts else None
    terminal.put("\n".join(_next(start, place, first, fresh=fresh, elsewhere=bool(elsewhere))))
    return Exit.OK


def _shown(place: Path) -> str:
    """Return a folder as the user would type it."""
    here = Path.cwd()
    return visible(str(place.relative_to(here) if place.is_relative_to(here) and place != here else place))


def _configuration(place: Path) -> Config:
    """Return the configuration that the folder has, or the defaults. Raises `InputError` for its mistakes."""
    from reconciler.manifests.config import DEFAULT_CONFIG, load_config
    from reconciler.manifests.files import WorkTree, spellings

    elsewhere = environment.variable("RECONCILER_CONFIG")
    if elsewhere is not None and elsewhere not in spellings(DEFAULT_CONFIG):
        raise UsageError(
            msg("RECONCILER_CONFIG names another configuration"),
            msg("unset it: init writes {default_config}", default_config=DEFAULT_CONFIG),
        )
    config, complaints = load_config(WorkTree(find_root(place), place), None)
    if not all(complaint.warning for complaint in complaints):
        raise InputError(complaints)
    return config


def _start(
    common: Common, place: Path, config: Config, backend: BackendName | None, ci: CodeHost | None
) -> tuple[Start, list[tuple[str, str]]]:
    """Return how the repository begins, as far as options, files and Git say, and what is left out and why.
    Raises `UsageError` for an option that does not fit what is there."""
    from reconciler.manifests.starter import Start

    settings, several = config.settings, bool(config.accounts)
    if config.path is not None and backend not in (None, settings.backend) and not several:
        raise UsageError(
            msg(
                "--backend {asked}: the configuration says {backend}",
                asked=backend,
                backend=settings.backend,
            ),
            msg("change it there, or leave it out"),
        )
    root = find_root(place)
    top = root == place
    if ci not in (None, "none") and not top:
        raise UsageError(
            msg(
                "--ci {ci}: {place} is not the top of its repository, where pipelines are looked for",
                ci=ci,
                place=_shown(place),
            ),
            msg("run init at the top, or say --ci none"),
        )
    git = Git(root, os.environ) if is_there(root / ".git") else None
    remote = _git(git, "config", "--get", "remote.origin.url")
    why = []
    if not top:
        why.append((tr("pipelines"), tr("are looked for at the top of the repository alone, as is the hook")))
    elif several:
        why.append(
            (tr("pipelines"), tr("of several accounts have a job for each: see docs/scale.md of the project"))
        )
    if several:
        folders = ", ".join(f"{own.manifests}/" for own in config.accounts)
        why.append(
            (tr("manifests"), tr("of several accounts have a folder for each: {folders}", folders=folders))
        )
    below = {
        what: None if several else _below(root / path, place, what, why)
        for what, path in (
            ("manifests", settings.manifests),
            ("contacts", settings.contacts or "contacts.yaml"),
        )
    }
    release, commit = distribution.pin()
    start = Start(
        backend=settings.backend if config.path is not None else backend or "sinch",
        account=_account(common, config),
        host=(ci or _guess(place, remote)) if top and not several else "none",
        branch=_branch(git),
        manifests=below["manifests"],
        contacts=below["contacts"],
        top=top,
        remote=bool(remote),
        home=distribution.home(),
        release=release,
        commit=commit,
    )
    return start, why


def _below(path: Path, place: Path, what: str, why: list[tuple[str, str]]) -> str | None:
    """Return a path from the folder that gets the files; None where it leads out of there."""
    below = os.path.relpath(path, place)
    if below == ".." or below.startswith("../"):
        why.append((tr(_NAMED[what]), tr("lie outside of this folder, by the configuration")))
        return None
    return "" if below == "." else below


def _account(common: Common, config: Config) -> str:
    """Return the digits of the account, "" where nobody says them. Raises `UsageError` for an option that
    the configuration contradicts."""
    found = account_numbers(common, config)
    given = [own for own in found.values() if own]
    if common.accounts and len(found) > 1:
        raise UsageError(
            msg("--account: these are several accounts"), msg("init begins the repository of one")
        )
    if not given:
        return ""
    fresh = common.accounts and config.path is None
    if fresh and (unsure := numbers.country_doubt(common.accounts[0], given[0][0])):
        raise UsageError(msg("--account: {why}", why=unsure.message), unsure.hint)
    names = (config.settings.account, *(own.account for own in config.accounts))
    known = {number.key(each) for own in names for each in own}
    if common.accounts and config.path is not None and number.key(given[0][0]) not in known:
        raise UsageError(
            msg("--account: the configuration is there already, and does not name this number"),
            msg("write it there, as `account`, and leave it out here"),
        )
    return given[0][0]


def _guess(place: Path, remote: str) -> CodeHost:
    """Return the code host by the remote's server, else by the files that are there."""
    server = found[1].lower() if (found := _SERVER.match(remote)) else ""
    if "github" in server:
        return "github"
    if "gitlab" in server or is_there(place / ".gitlab-ci.yml"):
        return "gitlab"
    return "github" if is_there(place / ".github") else "none"


def _branch(git: Git | None) -> str:
    """Return the default branch: the remote's, else the one that is called like it, else the present one."""
    head = _git(git, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if head:
        return head.removeprefix("origin/")
    for name in ("main", "master"):
        if _git(git, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
            return name
    return _git(git, "symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def _git(git: Git | None, *arguments: str) -> str:
    """Return what git says; "" where it says nothing, or cannot."""
    try:
        ended = git.run(*arguments) if git is not None else None
    except GitError:
        return ""
    return ended.text if ended is not None and ended.code == 0 else ""


def _asked(start: Start, open_questions: Collection[str]) -> Start:
    """Ask for what neither options nor files say, one question a line."""
    if "backend" in open_questions:
        start = replace(start, backend=_choice(tr("The service of the groups"), BACKENDS, start.backend))
    if "account" in open_questions:
        start = replace(start, account=_number(start.backend))
    if "host" in open_questions:
        start = replace(start, host=_choice(tr("Pipelines for"), _PLACES, start.host))
    return start


def _choice(question: str, words: Iterable[_W], default: _W) -> _W:
    known = {str(word): word for word in words}
    while True:
        typed = terminal.answer(f"{question} ({', '.join(known)})", default)
        if typed.lower() in known:
            return known[typed.lower()]
        hint = guessed(typed, known, msg("one of these words, or an empty line"))
        terminal.say(f"  {tr(hint)}")


def _number(backend: BackendName) -> str:
    question = (
        tr("Your business's own number, from + on, or the gateway tells it")
        if CAPABILITIES[backend].gateway
        else tr("Your business's own number, from + on")
    )
    later = tr("later")
    while True:
        typed = terminal.answer(question, later)
        if typed == later:
            return ""
        try:
            digits = numbers.parse(typed)
            if unsure := numbers.country_doubt(typed, digits):
                raise unsure
            return digits
        except numbers.NumberError as error:
            terminal.say(f"  {'; '.join(tr(each) for each in (error.message, error.hint) if each)}")


def _listed(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the title and a line for each path; nothing where there is none."""
    if rows:
        yield title
        width = max(len(path) for path, _ in rows)
        yield from (f"  {visible(path):{width}}  {visible(tr(said))}" for path, said in rows)


def _next(
    start: Start, place: Path, first: OwnSettings | None, *, fresh: bool, elsewhere: bool
) -> Iterator[str]:
    """Yield what to do next: commands, and where secrets go; those of the `first` account, where there are
    several."""
    from reconciler.manifests.starter import BRANCH, UNKNOWN

    backend = (first and first.backend) or start.backend
    can = CAPABILITIES[backend]
    steps = []
    if elsewhere:
        steps.append((f"cd {shlex.quote(visible(str(place)))}", tr("where the rest is done")))
    if not is_there(find_root(place) / ".git"):
        steps.append(("git init", tr("what groups should be is reviewed as commits")))
    if start.host != "none" and not start.remote:
        steps.append(
            ("git remote add origin URL", tr("then, in reconciler.yaml, state: {branch}", branch=BRANCH))
        )
    steps += [
        ("reconciler validate", tr("checks the files, offline")),
        ("reconciler plan --sandbox", tr("what an apply would do, without an account")),
        ("reconciler doctor", tr("what a run on the real service needs, once the credentials are set")),
    ]
    yield from _listed(tr("Next:"), steps)
    needed = {"BASE_URL": can.gateway, "USERNAME": backend != "waha", "TOKEN": True}
    account = first.name if first else ""
    names = listed(environment.name_of(what, account) for what, due in needed.items() if due)
    yield tr("Credentials stand in no file. {names}: {place}.", names=names, place=_PLACES[start.host])
    if account:
        yield tr("Those are of `{account}`: each account has its own, by its name.", account=account)
    if can.gateway and start.host == "github":
        yield tr(
            "There `{name}` is a variable, and the rest are secrets.",
            name=environment.name_of("BASE_URL"),
        )
    if can.gateway and start.host != "none":
        yield tr("{service} has to be within reach of the pipelines' runners.", service=can.title)
    if fresh and not start.account and not can.gateway:
        yield tr("Nobody is demoted or removed without your own number: `account` in reconciler.yaml.")
    if start.ref == UNKNOWN:
        yield tr(
            "Which release runs is not known here: in these files, fill it in for {unknown},\n"
            "or no pipeline begins.",
            unknown=UNKNOWN,
        )
    elif not start.release:
        yield tr("No release runs here, so the commit {commit} is pinned.", commit=start.commit[:12])
    if start.host != "none":
        yield tr(
            "How pipelines are set up: {home}/blob/{tag}/docs/ci.md",
            home=start.home,
            tag=start.tag or start.commit or "HEAD",
        )
