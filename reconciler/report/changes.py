"""Changes in words and as plain data: what a plan would do to a group, and what an apply has done.

Every change becomes one field of an entry, so that all formats and both verbs say it alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, assert_never

from reconciler.language import msg, msg_p, tr, tr_n
from reconciler.model.change import (
    AdoptGroup,
    Affected,
    Change,
    ChangePeople,
    CreateGroup,
    Invite,
    LeaveGroup,
    RevokeLink,
    SetIcon,
    SetValue,
)
from reconciler.model.group import VALUES
from reconciler.planning.guards import NEVER_LIFTED, ON_THE_COMMAND_LINE
from reconciler.planning.last_applied import origin_of
from reconciler.report import words
from reconciler.report.model import Banner, Field, Person, Status, Summary, Table, Value

if TYPE_CHECKING:
    from reconciler.model.live import LiveIcon
    from reconciler.model.plan import CauseOfChange, Objection
    from reconciler.report.redact import Redactor

_ADMINS = Field(key="admins", label=words.LABELS["admins"])


class Joining(NamedTuple):
    """Somebody who has yet to join a group: what they are called, and as what they are wanted. `cause` is
    that in words, "" where there is no base."""

    group: str
    person: str
    role: str
    cause: str = ""


Label = Callable[[str], str]
"""What people are called in one group, by wa_id."""

ACTIONS = words.by_key(
    words.UNREADABLE,
    words.MISSING,
    words.BLOCKED,
    Status(
        "leave",
        "-",
        msg_p("what is done about a group", "leave"),
        "warn",
        "failure",
        msg("The account would leave these groups, for good."),
    ),
    Status(
        "update",
        "~",
        msg_p("what is done about a group", "update"),
        "change",
        "failure",
        msg("These groups would be changed."),
        bare=True,
    ),
    Status(
        "create",
        "+",
        msg_p("what is done about a group", "create"),
        "good",
        "failure",
        msg("These groups do not exist yet."),
    ),
    Status(
        "adopt",
        ">",
        msg_p("what is done about a group", "adopt"),
        "change",
        "failure",
        msg("Found by subject or an earlier record, and bound."),
    ),
    words.HELD,
    Status(
        "orphaned",
        "?",
        msg_p("of a group", "orphaned"),
        "warn",
        "skipped",
        msg("Bound to a name without a manifest."),
    ),
    Status("none", "✓", msg_p("of a group", "unchanged"), "good", "passed"),
)
"""What is done about a group, what matters most first."""

JOINING = Status(
    "joining", "+", msg("to join"), "change", "skipped", msg("Nothing changes; somebody is asked to join.")
)
"""Of a group in which somebody new is wanted, and nothing else is done."""
TAKEN_ON = Status(
    "managed", ">", msg("newly managed"), "change", "skipped", msg("As its manifest says already.")
)
"""Of a group that no manifest was about before, in which nothing is to be done."""

_ROLES = {
    "admin": msg_p("as what somebody joins", "admin"),
    "member": msg_p("as what somebody joins", "member"),
}
_ORDER = ("adopt", *VALUES, "icon", "admins", "link", "members", "ensure")
"""The order in which they are made, what cannot be undone last."""


def people_of(changes: Iterable[Change]) -> list[str]:
    """Return the wa_ids of everybody whom the changes are about, in their order."""
    return [
        person.shown for change in changes if isinstance(change, ChangePeople) for person in change.people
    ]


def field_of(change: Change, redactor: Redactor, label: Label, *, created: bool) -> Field:
    """Return one change as a field. `label` is what people are called in its group; `created`: the group is
    only being created."""

    def people(sign: Literal["+", "-"], affected: tuple[Affected, ...]) -> tuple[Person, ...]:
        return tuple(Person(sign, label(person.shown), words.why(change.kind, person)) for person in affected)

    match change:
        case CreateGroup(subject):
            after = words.quoted(redactor.untrusted(subject))
            return Field(key="subject", label=words.LABELS["subject"], values=(words.NO_GROUP, after))
        case AdoptGroup(group_id):
            adopt = ACTIONS["adopt"].word
            return Field(key="adopt", label=adopt, said=redactor.group_id(group_id), recorded=True)
        case SetValue(name, before, after, origin):
            live = words.NO_GROUP if created else words.value(name, before, redactor)
            values = (live, words.value(name, after, redactor))
            said = tr(words.TAKEN_BACK.get(origin, ""))
            return Field(key=name, label=words.LABELS[name], said=said, values=values)
        case SetIcon(before, icon, origin):
            live = words.NO_GROUP if created else _live(before)
            wanted = words.NO_PICTURE if icon is None else Value(picture=words.file_picture(icon))
            said = tr(words.TAKEN_BACK.get(origin, ""))
            return Field(key="icon", label=words.LABELS["icon"], said=said, values=(live, wanted))
        case ChangePeople("add_members", affected):
            return Field(key="members", label=words.LABELS["members"], people=people("+", affected))
        case ChangePeople("promote", affected):
            return replace(_ADMINS, people=people("+", affected))
        case ChangePeople("demote", affected):
            return replace(_ADMINS, people=people("-", affected))
        case ChangePeople(_, affected):
            said = tr("removed, and have to join again by the link")
            label_of = words.LABELS["members"]
            return Field(key="members", label=label_of, said=said, people=people("-", affected), final=True)
        case RevokeLink(before, version):
            said = (
                tr("revoked, the old one stops working")
                if version is None
                else tr(
                    "revoked (version {before} → {after}), the old one stops working",
                    before=before,
                    after=version,
                )
            )
            return Field(key="link", label=words.LABELS["link"], said=said, final=True)
        case LeaveGroup():
            said = tr("the account leaves the group")
            return Field(key="ensure", label=ACTIONS["leave"].word, said=said, final=True)
        case _:
            assert_never(change)


def fields_of(
    changes: tuple[Change, ...], redactor: Redactor, label: Label, admins_after: str = ""
) -> tuple[Field, ...]:
    """Return what becomes of each part of a group: promotions and demotions are one. `admins_after` says who
    will be admin, where that changes."""
    created = any(isinstance(change, CreateGroup) for change in changes)
    removed = {
        each.wa_id
        for change in changes
        if isinstance(change, ChangePeople) and change.kind == "remove_participants"
        for each in change.people
    }
    found: dict[str, Field] = {}
    for change in changes:
        field = field_of(change, redactor, label, created=created)
        if isinstance(change, ChangePeople) and change.kind == "demote":
            stays = (each.wa_id not in removed for each in change.people)
            people = (
                replace(who, why=tr("{why}, stays in the group", why=who.why)) if stay else who
                for who, stay in zip(field.people, stays, strict=True)
            )
            field = replace(field, people=tuple(people))
        if field.key in found:
            field = replace(found[field.key], people=found[field.key].people + field.people)
        found[field.key] = field
    if admins_after:
        found["admins"] = replace(found.get("admins", _ADMINS), after=admins_after)
    return tuple(sorted(found.values(), key=lambda field: _ORDER.index(field.key)))


def _live(seen: LiveIcon | None) -> Value:
    picture = words.seen_picture(seen)
    return words.NO_PICTURE if picture is None else Value(picture=picture)


# --- what stands beside changes ---------------------------------------------------------------------------


def nothing(verdict: str, unchanged: int, others: Sequence[str]) -> Summary:
    """Return the line of a run without changes: a verdict, groups that are as wanted, what else there is."""
    are = tr_n("{n} group is as its manifest says", "{n} groups are as the manifests say", unchanged)
    return Summary(verdict, f" {' · '.join((are, *others))}.")


def nobody(groups: int, others: Sequence[str]) -> Summary:
    """Return the line of a run that only promotes, and so does not know whether its groups are as wanted."""
    what = (
        tr_n(
            "looked at {n} group that waits for an admin",
            "looked at {n} groups that wait for an admin",
            groups,
        )
        if groups
        else tr("no group waits for an admin")
    )
    return Summary(tr("Nobody to promote"), f": {' · '.join((what, *others))}.")


def joining_field(invites: Iterable[Invite], redactor: Redactor) -> tuple[Field, ...]:
    """Return who of one group has yet to join, as a field."""
    people = tuple(
        Person(
            "+",
            redactor.named(each.person),
            tr("as admin, by the link; promoted by an apply after that")
            if each.role == "admin"
            else tr("as member, by the link"),
        )
        for each in invites
    )
    return (Field(key="joining", label=tr("to join"), people=people),) if people else ()


def joining(invites: Iterable[Joining]) -> tuple[Table, ...]:
    """Return who has yet to join: one row a person and role, aliases first; beside a base also what made it
    so, this change first."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in invites:
        found.setdefault((each.cause, each.person, each.role), []).append(each.group)
    if not found:
        return ()
    people = sorted(found.items(), key=lambda item: (item[0][0], item[0][1].startswith("+"), item[0]))
    rows = tuple(
        (who, tr(_ROLES[role]), words.few(each), *filter(None, [cause]))
        for (cause, who, role), each in people
    )
    head = (tr("Person"), tr("As"), tr("Groups"), tr("Caused by"))[: len(rows[0])]
    title = tr("Still to join (not changes)")
    return (Table("joining", title, head, rows, lead=tr("next: reconciler invites")),)


def objections(
    found: Iterable[Objection], redactor: Redactor, causes: Mapping[str, CauseOfChange] | None = None
) -> tuple[Banner, ...]:
    """Return what guards say: what was lifted and by what, then what stands and how to lift it. `causes` says
    by code which of them met it before this change as well."""
    causes = causes or {}
    banners = [_objection(each, redactor, was_there=causes.get(each.code) == "before") for each in found]
    return tuple(sorted(banners, key=lambda banner: banner.level == "failure"))


def _objection(objection: Objection, redactor: Redactor, *, was_there: bool) -> Banner:
    code = objection.code
    lines = [redactor.note(objection.note)]
    if objection.groups:
        lines.append(tr("groups: {groups}", groups=words.few(objection.groups, 12)))
    if was_there:
        lines.append(tr("it was there before this change"))
    if objection.lifted_by is not None:
        lines.append(tr("by {what}", what=objection.lifted_by))
        return Banner(tr("{code} allowed", code=code), "warn", tuple(lines), name=code, suite="objections")
    lines.append(_how_to_lift(code))
    title = tr("{code} refused: nothing will be applied", code=code)
    return Banner(
        title, "bad", tuple(lines), name=code, level="failure", suite="objections", kind="objection"
    )


def _how_to_lift(code: str) -> str:
    if code in NEVER_LIFTED:
        return tr("nothing lifts this one")
    if code in ON_THE_COMMAND_LINE:
        return tr("to lift it: --allow {code}", code=code)
    return tr("to lift it: --allow {code}, or an entry under `allow:` in reconciler.yaml", code=code)


# --- plain data -------------------------------------------------------------------------------------------


def data_of_change(change: Change, redactor: Redactor, label: Label) -> dict[str, Any]:
    """Return a change as JSON says it: its kind, what that kind has, and its origin where that is known."""
    origin = origin_of(change)
    return _data_of_effect(change, redactor, label) | ({} if origin is None else {"origin": origin})


def _data_of_effect(change: Change, redactor: Redactor, label: Label) -> dict[str, Any]:
    kind = change.kind
    match change:
        case CreateGroup(subject):
            return {"kind": kind, "after": redactor.untrusted(subject)}
        case AdoptGroup(group_id, _, was):
            return {
                "kind": kind,
                **({} if was is None else {"before": was}),
                "after": redactor.group_id(group_id),
            }
        case SetValue(name, before, after):
            return {
                "kind": kind,
                **({} if change.setting is None else {"setting": name}),
                "before": words.data_of_value(before, redactor),
                "after": words.data_of_value(after, redactor),
            }
        case SetIcon(before, icon):
            return {
                "kind": kind,
                "before": _data_of_live(before),
                "after": None if icon is None else words.data_of_picture(words.file_picture(icon)),
            }
        case ChangePeople(_, affected):
            return {
                "kind": kind,
                "people": [label(person.shown) for person in affected],
                "reasons": [person.reason for person in affected],
            }
        case RevokeLink(before, version):
            return {"kind": kind, "before": before, "after": version}
        case LeaveGroup():
            return {"kind": kind}
        case _:
            assert_never(change)


def data_of_invite(invite: Invite, redactor: Redactor) -> dict[str, Any]:
    """Return somebody who has yet to join; `maybe`: they may be in already, under a hidden number."""
    maybe = {"maybe": True} if invite.maybe else {}
    return {"person": redactor.named(invite.person), "as": invite.role, **maybe}


def _data_of_live(seen: LiveIcon | None) -> dict[str, Any] | None:
    return words.data_of_picture(words.seen_picture(seen))


def data_of_objection(objection: Objection, redactor: Redactor) -> dict[str, Any]:
    """Return what a guard says; `lifted_by` only where something lifts it."""
    found: dict[str, Any] = {
        "code": objection.code,
        "message": redactor.note(objection.note),
        "groups": list(objection.groups),
        "liftable": objection.code not in NEVER_LIFTED,
    }
    return found if objection.lifted_by is None else found | {"lifted_by": objection.lifted_by}
