"""What makes a function a verb; and one verb, several accounts: which of them are meant, and a run for each,
one after another.

Every run is whole: its own files, credentials, pace, lock, guards, question and state. What one ends with
stops no other; a wish to stop does. Where the configuration has no `accounts`, there is nothing to do here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import environment, loading, terminal, wiring
from reconciler.cli.clock import SystemClock, stopping_on_signals
from reconciler.cli.collected import Account, Collected
from reconciler.cli.common import Common, ExampleCommand, common_options
from reconciler.cli.files import find_root
from reconciler.errors import Exit, InputError, Problem, ReconcilerError, UsageError, first_exit
from reconciler.language import msg
from reconciler.manifests import numbers
from reconciler.manifests.complaints import guessed
from reconciler.manifests.settings import spelled_out, state_mistake
from reconciler.model import number
from reconciler.report.section import Section, closing

if TYPE_CHECKING:
    from reconciler.manifests.config import Config
    from reconciler.manifests.load import Loaded
    from reconciler.model.settings import OwnSettings

Body = Callable[[Common], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerAccount:
    """How a verb goes about several accounts: one after another, each as a run of its own.

    `together`: it looks at the files of all of them itself, and at nothing else. `alone` says why a run can
    be about one account only, always or `when` that option was given; the option or argument `names` then
    holds names of groups, or globs, by which the account is found. The files of all accounts are read `ahead`
    of the first run, so that every mistake comes at once; `groups` as for `loading.load`.
    """

    groups: bool = True
    ahead: bool = True
    together: bool = False
    alone: str = ""
    when: str = ""
    names: str = ""


def verb(
    name: str, examples: str, accounts: PerAccount | None = None, *, numbers: bool = False
) -> Callable[[Callable[..., Any]], ExampleCommand]:
    """Decorate a function as a command with examples and the common options. Without `accounts` it is about
    none, or with `numbers` about those that `account_numbers` finds."""

    def decorate(function: Callable[..., Any]) -> ExampleCommand:
        def run(common: Common, **given: Any) -> Any:
            if accounts is None:
                if not numbers:
                    common.refuse("accounts")
                return function(common, **given)
            return _run(common, accounts, name, given, lambda common: function(common, **given))

        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        made = click.command(
            name, cls=ExampleCommand, context_settings={"help_option_names": ["--help", "-h"]}
        )(common_options(run, of_accounts=accounts is not None or numbers, numbers=numbers))
        made.examples = examples
        return made

    return decorate


def _run(common: Common, how: PerAccount, verb: str, given: Mapping[str, Any], body: Body) -> int:
    """Carry out `body` for every account that is meant; returns the exit code. `given` are the verb's own
    options. Raises `UsageError` where the command does not fit the accounts that there are."""
    wiring.enter(common)
    common = replace(common, directory="")
    configured, whole = loading.configured_accounts(common)
    if not configured:
        if common.accounts and whole:
            raise UsageError(
                msg(
                    "--account {given!r:.40}: the configuration has no `accounts`",
                    given=common.accounts[0],
                ),
                msg("there is one account, so leave it out"),
            )
        return body(common)
    if not common.sandbox and not how.together:
        environment.check_unambiguous()
        _check_apart(configured)
    names = _chosen(common.accounts, [own.name for own in configured])
    if how.together:
        return body(replace(common, accounts=names))
    if set(common.accounts) == set(names) and len(names) == 1:
        return _alone(common, names[0], body)
    if how.alone and (not how.when or given[how.when]):
        wanted = given[how.names] if how.names else ()
        owner = _owner(common, names, (wanted,) if isinstance(wanted, str) else wanted or (), how.alone)
        return _alone(common, owner, body)
    # once for all, where each run would say it again
    written = [f"--report {each}" for each in common.report]
    loading.check_outputs(
        common, [*written, *(f"--record={each}" for each in (given.get("record"),) if each)]
    )
    collected = Collected([own.name for own in configured], quiet=common.quiet)
    return _each(common, names, how, verb, body, collected)


def _alone(common: Common, name: str, body: Body) -> int:
    """The run of one account, as if there were no other."""
    try:
        return body(replace(common, only=Account(name)))
    except ReconcilerError as error:
        environment.speak_of(name, error)
        raise


def _chosen(patterns: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The accounts that `--account` means, in the order of the configuration."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise UsageError(
                msg("--account {given!r:.60}: there is no such account", given=pattern),
                guessed(pattern, known, msg("accounts: {names}", names=", ".join(known))),
            )
    return tuple(
        name for name in known if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def account_numbers(common: Common, config: Config | None = None) -> dict[str, tuple[str, ...]]:
    """Return the accounts that `--account` means where it takes a number as well as a name (a glob), without
    it all of them: by name their numbers, the present one first, none where they are not configured. The one
    account of a configuration without names, and a number that is nobody's, has the name "". Without `config`
    the configuration of the present folder is asked. Raises `UsageError`."""
    config = config or loading.configuration(common)
    known = {own.name: own.account for own in config.accounts} or {"": config.settings.account}
    found: dict[str, tuple[str, ...]] = {}
    for given in common.accounts:
        names = [name for name in known if name and fnmatchcase(name, given)]
        meant = {name: known[name] for name in names} if names else _typed(given, known)
        if any(found.get(name, own) != own for name, own in meant.items()):
            raise UsageError(msg("--account: these are two numbers of one account"), msg("give one of them"))
        found |= meant
    if "" in found and len(found) > 1:
        raise UsageError(msg("--account: one of these numbers is no account's"), msg("give it alone"))
    return found or known


def _typed(given: str, known: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the account of a number that was typed."""
    try:
        digits = numbers.parse(given)
    except numbers.NumberError as error:
        if any(character.isdecimal() for character in given):
            raise UsageError(msg("--account: {why}", why=error.message), error.hint) from None
        names = ", ".join(filter(None, known))
        if names:
            raise UsageError(
                msg("--account {given!r:.60}: there is no such account", given=given),
                msg("accounts: {names}; or give a number", names=names),
            ) from None
        raise UsageError(
            msg("--account {given!r:.60}: the configuration has no `accounts`", given=given),
            msg("give a number, or leave it out"),
        ) from None
    for name, own in known.items():
        for each in own:
            if number.key(each) == number.key(digits):  # as it is configured, with its ninth digit or without
                return {name: (each, *(other for other in own if other != each))}
    return {"": (digits,)}


def _check_apart(accounts: Sequence[OwnSettings]) -> None:
    """Raise `UsageError` where variables give two accounts the same state or the same number; that the
    configuration does not was seen when it was read."""
    places: dict[str, str] = {}
    keys: dict[str, frozenset[str]] = {}
    for own in accounts:
        variable = environment.name_of("STATE", own.name)
        given = environment.variable(variable)
        if given is not None and (mistake := state_mistake(given)) is not None:
            why = msg("{variable} {value!r:.60} {why}", variable=variable, value=given, why=mistake[0])
            raise UsageError(why, mistake[1])
        places[own.name] = _place(given, own)
        keys[own.name] = frozenset(
            number.key(digits) for digits in environment.numbers(own.name) or own.account
        )
    for one, other in combinations(places, 2):
        if places[one] == places[other] != "none":
            raise UsageError(
                msg("{account} and {other} have the same state", account=one, other=other),
                msg(
                    "each needs its own: see {variable}, and `state` in the file",
                    variable=environment.name_of("STATE", other),
                ),
            )
        if keys[one] & keys[other]:
            raise UsageError(
                msg("{account} and {other} have the same number", account=one, other=other),
                msg(
                    "correct {variable}, or that of {account}",
                    variable=environment.name_of("ACCOUNT", other),
                    account=one,
                ),
            )


def _place(given: str | None, own: OwnSettings) -> str:
    """A state, so that equal places are equal words."""
    text = given or own.state
    if not text.startswith("file:"):
        return spelled_out(text)
    base = Path.cwd() if given else find_root(Path.cwd())
    return os.path.realpath(base / text.removeprefix("file:"))


def _owner(common: Common, names: Sequence[str], patterns: Sequence[str], reason: str) -> str:
    """The one account that has groups of these names. Raises `UsageError` where that is none, or several."""
    choices = msg("say which, with --account: {names}", names=", ".join(names))
    found = []
    if patterns:
        loaded = loading.load_each(replace(common, quiet=True), SystemClock(), names, groups=False)
        found = [
            name
            for name, files in loaded.items()
            if any(fnmatchcase(group.name, each) for group in files.desired.groups for each in patterns)
        ]
        if len(found) == 1:
            return found[0]
        known = _groups(loaded)
        for each in patterns:
            if not found and each not in known:
                choices = guessed(each, known, choices)
    if found:
        both = ", ".join(found)
        why = msg("{reason}, and {accounts} have groups of this name", reason=reason, accounts=both)
    else:
        why = msg("{reason}, and there are several accounts", reason=reason)
    raise UsageError(why, choices)


def _groups(loaded: Mapping[str, Loaded]) -> set[str]:
    return {group.name for files in loaded.values() for group in files.desired.groups}


def _each(
    common: Common, names: Sequence[str], how: PerAccount, verb: str, body: Body, collected: Collected
) -> int:
    """A run for each account, and then what all of them said."""
    clock = SystemClock()
    runs = _Runs(common, collected, body)
    files: dict[str, Loaded] = {}
    if how.ahead:
        try:
            files = loading.load_each(common, clock, names, groups=how.groups)
        except InputError as error:
            # One run, which ends where it would read the files, so that every format tells of it once.
            runs.run(replace(common, only=Account(names[0], error, collected)), stop=False)
            runs.end_alike(names[1:])
            return runs.end(verb)
    targets = _targets(common.target, files) if files else dict.fromkeys(names, common.target)
    with stopping_on_signals(clock):
        for name in targets:
            only = Account(name, files.get(name), collected)
            runs.run(replace(common, only=only, target=targets[name]), stop=clock.stopping)
        return runs.end(verb)


def _targets(given: tuple[str, ...], files: Mapping[str, Loaded]) -> dict[str, tuple[str, ...]]:
    """Return the targets of each account that has any. Raises `UsageError` before anything is done for one
    that no account has a manifest for."""
    found = {
        name: tuple(
            target
            for target in given
            if any(fnmatchcase(group.name, target) for group in loaded.desired.groups)
        )
        for name, loaded in files.items()
    }
    for target in given:
        if not any(target in targets for targets in found.values()):
            raise UsageError(
                msg(
                    "--target {target!r:.70} matches no manifest of {accounts}",
                    target=target,
                    accounts=", ".join(files),
                ),
                guessed(target, _groups(files), msg("a name that is only recorded needs its --account")),
            )
    return {name: targets for name, targets in found.items() if targets or not given}


class _Runs:
    """Runs, and how they ended."""

    def __init__(self, common: Common, collected: Collected, body: Body) -> None:
        self._common = common
        self._collected = collected
        self._body = body
        self._ended: list[Section] = []
        self._usage: list[tuple[str, UsageError]] = []
        self._stopped = False

    def run(self, common: Common, *, stop: bool) -> None:
        """One account's run, unless a `stop` was asked for. Its error is told of at once; a usage error at
        the end, because it may be everybody's."""
        name = common.account_name
        if stop or self._stopped:
            why = Problem("interrupted", msg("not begun: a stop was asked for"))
            self._ended.append(Section(name, Exit.INTERRUPTED, problem=why))
            return
        problem, beside = None, self._common.format
        try:
            code = Exit(self._body(common))
        except UsageError as error:
            environment.speak_of(name, error)
            self._usage.append((name, error))
            code, problem = error.exit_code, Problem.of(error)
        except ReconcilerError as error:
            environment.speak_of(name, error)
            terminal.print_error(error, name, beside)
            code, problem = error.exit_code, Problem.of(error)
        except (click.Abort, KeyboardInterrupt):
            code, problem = terminal.say_interrupted(beside), Problem("interrupted", msg("interrupted"))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  # a bug: it says so, and what others did is told all the same
            terminal.print_bug(error, beside)
            code, problem = Exit.BUG, Problem("bug", msg("a bug: {kind}", kind=type(error).__name__))
        self._stopped = code in (Exit.INTERRUPTED, Exit.BUG)
        self._ended.append(Section(name, code, problem=problem))

    def end_alike(self, names: Iterable[str]) -> None:
        """Further accounts end as the last one did, without a run."""
        last = self._ended[-1]
        for name in names:
            self._ended.append(replace(last, account=name))
            self._usage += [(name, error) for _, error in self._usage[:1]]

    def end(self, verb: str) -> int:
        """Write what was collected, and say how each account ended; returns the exit code for all."""
        if len(self._usage) == len(self._ended) and len({error.message for _, error in self._usage}) == 1:
            raise self._usage[0][1]  # the command cannot be carried out, whatever the account
        for name, error in self._usage:
            terminal.print_error(error, name, self._common.format)
        failed = self._collected.write(verb, self._ended)
        for each in failed:
            terminal.print_error(each, beside=self._common.format)
        self._collected.tell_github(self._ended)
        last = closing(self._ended)
        if self._common.format in ("", "text"):
            terminal.put(f"\n{last}")
        elif not self._common.quiet:
            terminal.say(last)
        return first_exit(
            [*(Exit(each.exit_code) for each in self._ended), *(each.exit_code for each in failed)]
        )
