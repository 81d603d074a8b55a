"""What to say of an account, of a state and of a clock, for `doctor`: pure judgements of what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.errors import Exit
from reconciler.language import msg, msg_n
from reconciler.model.adoption import Check, Finding
from reconciler.model.desired import Desired
from reconciler.model.live import Gateway, LiveGroup, LiveState
from reconciler.model.plan import Note
from reconciler.model.record import State
from reconciler.model.settings import Settings
from reconciler.planning.guards import in_none_of, probable_account
from reconciler.planning.options import Checkout

TOLERATED_SKEW = 60.0
"""Seconds by which the clock may differ from the API's: it is days (`left`, `hold`) that we need it for."""

_NAMED = 5  # names in a sentence


def ok(check: Check, text: str, **values: tuple[str, ...]) -> Finding:
    """A thing that is as it should be."""
    return Finding(check, "ok", Note(text, **values))


def warning(check: Check, text: str, hint: str = "", **values: tuple[str, ...]) -> Finding:
    """A thing that works, and that somebody should look at."""
    return Finding(check, "warning", Note(text, **values), hint)


def problem(check: Check, text: str, hint: str = "", code: Exit = Exit.ERROR) -> Finding:
    """A thing that stops other commands; `code` is what they would end with."""
    return Finding(
        check, "problem", Note("{texts}", texts=(text,)) if "{" in text else Note(text), hint, code
    )


def skipped(check: Check, because: str) -> Finding:
    """A thing that could not be looked at."""
    return Finding(check, "skipped", Note(msg("not looked at: {because}", because=because)))


def judge_gateway(gateway: Gateway) -> Finding:
    """Return what a gateway says of itself, once its session was found to work."""
    version = f" {gateway.version}" if gateway.version else ""
    text = msg("it works; the gateway{version} runs {engine}", version=version, engine=gateway.engine)
    if gateway.store is False:
        return warning(
            "session",
            msg(
                "{text} without its store: every reading of groups asks WhatsApp anew, which refuses many",
                text=text,
            ),
            msg("set config.noweb.store.enabled for the session, then log in again"),
        )
    return ok("session", text if gateway.store is None else msg("{text} with its store", text=text))


def judge_account(settings: Settings, groups: Sequence[LiveGroup], listed: int) -> Iterator[Finding]:
    """`groups` are some of those that the API lists; `listed` says how many there are."""
    keys = settings.account_keys
    if not groups:
        if keys:
            yield ok("account", msg("there is no group yet in which it could be found"))
        else:
            yield warning(
                "account",
                msg("`account` is not set"),
                msg("set it in reconciler.yaml: your business's own number"),
            )
        return
    if not keys:
        guess = probable_account(LiveState(groups={group.id: group for group in groups}))
        probably = msg("; it is probably {people}") if guess else ""
        yield warning(
            "account",
            msg("`account` is not set, so nobody will be demoted or removed{probably}", probably=probably),
            msg("set it in reconciler.yaml, or as RECONCILER_ACCOUNT"),
            people=(guess,) if guess else (),
        )
        return
    inside = [group for group in groups if keys & group.participant_keys]
    if not inside:
        yield problem(
            "account",
            in_none_of(len(groups)),
            msg("correct it in reconciler.yaml (or RECONCILER_ACCOUNT): whose are the credentials?"),
        )
        return
    admin = [group for group in groups if keys & group.admin_keys]
    rest = (
        ""
        if len(groups) == listed
        else msg_n("; {n} more were not looked at", "; {n} more were not looked at", listed - len(groups))
    )
    text = msg_n(
        "of {n} group it is in {inside} and admin in {admin}{rest}",
        "of {n} groups it is in {inside} and admin in {admin}{rest}",
        len(groups),
        inside=len(inside),
        admin=len(admin),
        rest=rest,
    )
    if len(admin) == len(groups):
        yield ok("account", text)
    else:
        yield warning("account", text, msg("who could make it admin: reconciler list --role member"))


def judge_state(state: State, desired: Desired, display: str) -> Iterator[Finding]:
    """Return what is recorded, beside the manifests."""
    known = {group.name for group in desired.groups}
    yield ok(
        "state",
        msg_n(
            "{state} knows {n} group, serial {serial}",
            "{state} knows {n} groups, serial {serial}",
            len(state.groups),
            state=display,
            serial=state.serial,
        ),
    )
    gone = sorted(name for name in state.groups if name not in known)
    if gone:
        yield warning(
            "state",
            msg("without a manifest any more: {names}", names=_few(gone)),
            msg(
                "renamed: reconciler state mv OLD NEW. To leave these groups: reconciler apply "
                "--prune. To keep and forget one: reconciler state forget NAME"
            ),
        )
    if state.creating:
        yield warning(
            "state",
            msg("begun to be created by a run that did not end: {names}", names=_few(sorted(state.creating))),
            msg("the next apply looks whether the groups exist before it makes any"),
        )


def judge_checkout(checkout: Checkout | None) -> Iterator[Finding]:
    """Return where the files stand to those that were applied last."""
    if checkout is None:
        return
    match checkout.stands:
        case "behind":
            yield warning(
                "state",
                msg(
                    "this checkout ({here}) is behind what was applied ({applied})",
                    here=checkout.here[:10],
                    applied=checkout.applied[:10],
                ),
                msg("git pull: an apply would be refused (older-commit)"),
            )
        case "aside":
            yield warning(
                "state",
                msg(
                    "this checkout ({here}) does not come after what was applied ({applied}), nor before it",
                    here=checkout.here[:10],
                    applied=checkout.applied[:10],
                ),
                msg("apply from the default branch only"),
            )
        case "ahead" | "unknown":
            return


def judge_clock(skew: float | None) -> Finding:
    """`skew`: seconds by which this machine is ahead of the API; None where the API does not say."""
    if skew is None:
        return skipped("clock", msg("the API does not say what time it is"))
    if abs(skew) <= TOLERATED_SKEW:
        return ok("clock", msg("it agrees with the API's to the minute"))
    duration = _duration(abs(skew))
    return warning(
        "clock",
        msg("it is {duration} ahead of the API's", duration=duration)
        if skew > 0
        else msg("it is {duration} behind the API's", duration=duration),
        msg("set it (NTP): `left`, `hold` and `allow` go by its day, and a state in Git by its hours"),
    )


def _duration(seconds: float) -> str:
    if seconds < 7200:
        return msg_n("{n} minutes", "{n} minutes", round(seconds / 60))
    if seconds < 172_800:
        return msg_n("{n} hours", "{n} hours", round(seconds / 3600))
    return msg_n("{n} days", "{n} days", round(seconds / 86400))


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    some = ", ".join(listed[:_NAMED])
    return msg("{names} and {more} more", names=some, more=more) if more > 0 else some
