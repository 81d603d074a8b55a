"""Which live values go into a manifest, and whether the next plan would then be content with it. Pure."""

from __future__ import annotations

from reconciler.language import msg
from reconciler.model import number
from reconciler.model.adoption import Acceptance, AcceptField, AcceptRequest, ListChange, accepted_as
from reconciler.model.change import Change, ChangePeople
from reconciler.model.desired import DesiredGroup, Person
from reconciler.model.drift import FIELD_OF, FieldDrift, GroupDrift, PersonDrift
from reconciler.model.group import Value, ValueName
from reconciler.model.live import LiveGroup, LiveIcon
from reconciler.model.plan import Note
from reconciler.planning.group import Context
from reconciler.planning.subjects import as_compared


def choose(
    desired: DesiredGroup, live: LiveGroup, found: GroupDrift, request: AcceptRequest, context: Context
) -> Acceptance:
    """Choose what of a group's drift is accepted. Somebody who left by the contacts is not named again."""
    choice = _Choice(desired, live, request, context)
    for field in found.fields:
        if accepted_as(field.field) in request.fields or (not request.fields and field.drifts):
            choice.take(field)
    if request.drop_pending:
        choice.drop_pending()
    return choice.result()


class _Choice:
    def __init__(
        self, desired: DesiredGroup, live: LiveGroup, request: AcceptRequest, context: Context
    ) -> None:
        self.desired = desired
        self.live = live
        self.request = request
        self.leavers = frozenset(context.leavers)
        self.account = context.account_keys
        self.values: dict[ValueName, Value] = {}
        self.icon: LiveIcon | None = None
        self.named: dict[AcceptField, dict[str, str]] = {"admins": {}, "members": {}}  # key → id
        self.dropped: dict[AcceptField, set[str]] = {"admins": set(), "members": set()}
        self.notes: list[Note] = []

    def take(self, field: FieldDrift) -> None:
        match field.field:
            case "icon":
                self.icon = field.live if isinstance(field.live, LiveIcon) else None
            case "admins" | "members":
                for person in field.people:
                    if self.request.fields or person.cause != "not_applied":
                        self._person(person)
            case "ensure" | "link_version":
                pass
            case _:
                name = next(name for name, found in FIELD_OF.items() if found == field.field)
                value = as_compared(self.live.values().get(name))
                if value is not None:
                    self.values[name] = value

    def _person(self, person: PersonDrift) -> None:
        key = number.key(person.wa_id)
        if person.change == "promote":  # wanted as admin, in the group, and no admin any more
            self.dropped["admins"].add(key)
            self._keep_in_the_group(key, person.wa_id)
        elif key in self.leavers:
            why = msg("{people} left by the contacts, so is not named: correct `left` there")
            self.notes.append(Note(why, people=(person.wa_id,)))
        else:
            self.named["admins" if person.change == "demote" else "members"][key] = person.wa_id

    def _keep_in_the_group(self, key: str, wa_id: str) -> None:
        """Name somebody in `members` who would otherwise be removed from the group, being neither admin nor
        member by the manifest any more."""
        members = self.desired.members
        if not self.desired.prune_members or members is None:
            return
        if not any(key in person.keys for person in members):
            self.named["members"][key] = wa_id
            why = msg("{people} is named in `members`, so as not to be removed")
            self.notes.append(Note(why, people=(wa_id,)))

    def drop_pending(self) -> None:
        """Take out everybody who is wanted and not in the group under any of their numbers."""
        for field, people in (("admins", self.desired.admins), ("members", self.desired.members)):
            if not self.request.fields or field in self.request.fields:
                for person in people or ():
                    if self._absent(person):
                        self.dropped["admins" if field == "admins" else "members"] |= person.keys

    def _absent(self, person: Person) -> bool:
        return not person.keys & (self.live.participant_keys | self.account)

    def result(self) -> Acceptance:
        wanted = {person.key for person in self.desired.admins or ()} - self.dropped["admins"]
        members = {
            key: wa_id
            for key, wa_id in self.named["members"].items()
            if key not in self.named["admins"] and key not in wanted
        }
        return Acceptance(
            name=self.desired.name,
            live=self.live,
            values=self.values,
            icon=self.icon,
            admins=ListChange(tuple(self.named["admins"].values()), frozenset(self.dropped["admins"])),
            members=ListChange(tuple(members.values()), frozenset(self.dropped["members"])),
            notes=tuple(self.notes),
        )


def more_than(before: tuple[Change, ...], after: tuple[Change, ...]) -> bool:
    """Return whether an apply would do anything after the acceptance that it would not have done before."""
    earlier = {change.key: change for change in before}
    return any(not _covers(earlier.get(change.key), change) for change in after)


def _covers(before: Change | None, after: Change) -> bool:
    match before, after:
        case None, _:
            return False
        case ChangePeople(), ChangePeople():
            return _ids(after) <= _ids(before)
        case _:
            return before == after


def _ids(change: Change | None) -> set[str]:
    return {person.wa_id for person in change.people} if isinstance(change, ChangePeople) else set()


def still_differs(accepted: Acceptance, after: tuple[Change, ...]) -> tuple[AcceptField, ...]:
    """Return the accepted fields in which an apply would still undo what was accepted. People count who were
    named or taken out; others may differ still, because only the files moved there."""
    kinds = {change.kind for change in after}
    people = {each.key for change in after if isinstance(change, ChangePeople) for each in change.people}
    left: dict[AcceptField, bool] = {
        "subject": "set_subject" in kinds,
        "description": "set_description" in kinds,
        "permissions": "set_permission" in kinds,
        "icon": bool(kinds & {"set_icon", "remove_icon"}),
        "admins": bool(people & _keys(accepted.admins)),
        "members": bool(people & _keys(accepted.members)),
    }
    return tuple(field for field in accepted.fields if left[field])


def _keys(change: ListChange) -> frozenset[str]:
    return frozenset(map(number.key, change.add)) | change.drop
