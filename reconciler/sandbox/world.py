"""What can happen to a group, by WhatsApp's own rules. Who may ask for it is the API's affair."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from reconciler.language import msg, msg_p

from . import pictures
from .answers import Refused
from .group import Group, Icon, Kind, Message, Permissions, Waiting
from .inbox import Inbox
from .outbox import Outbox
from .settings import Settings
from .store import Store

_ALPHABET = string.ascii_letters + string.digits
_CODE_LENGTH = 22
ADDED, IN_ALREADY, LEFT, UNKNOWN = 200, 409, 408, 404
"""What adding a person to a group is answered (API facts, codes per person)."""


class World:
    """Groups, people and messages, and every way they change. Each method commits before it returns.

    A group is handed in as it is now (`Store.get`), and comes back as it has become. Methods raise Refused,
    with nothing changed, where WhatsApp would not do it.
    """

    def __init__(self, store: Store, settings: Settings, inbox: Inbox) -> None:
        self.store = store
        self.settings = settings
        self.inbox = inbox
        self.account = settings.options.account
        self.outbox = Outbox(self.account)

    def create(self, subject: str, creator: str) -> Group:
        """A new group with its creator alone in it."""
        moment = int(time.time())
        group_id, moment = self._new_id(creator, moment, step=1)
        group = Group(group_id, subject, creator, moment, (creator,), (creator,))
        return self._save(group, (creator, msg_p("in a conversation", "created the group")))

    def seed(
        self,
        subjects: Sequence[str],
        creator: str,
        participants: Sequence[str],
        admins: Sequence[str],
        picture: tuple[bytes, str | None] | None = None,
        creation_time: int | None = None,
        **more: Any,
    ) -> list[Group]:
        """Groups that have been there for a while: a day, unless `creation_time` says. `more` are fields."""
        moment = int(time.time()) - 86_400 if creation_time is None else creation_time
        people = tuple(dict.fromkeys(self.known(person) for person in (creator, *participants, *admins)))
        leading = {self.known(person) for person in (creator, *admins)}
        leaders = tuple(person for person in people if person in leading)
        icon = None if picture is None else pictures.take(*picture, self.settings.options)
        groups: dict[str, Group] = {}
        for subject in subjects:
            group_id, moment = self._new_id(creator, moment, step=-1, taken=groups)
            kept = None if icon is None else icon[0]
            groups[group_id] = Group(group_id, subject, people[0], moment, people, leaders, icon=kept, **more)
        self.store.save(*groups.values(), icon=icon, settled=True)
        return list(groups.values())

    def rename(self, group: Group, subject: str, by: str) -> Group:
        """Set the subject. An equal one is set again and everybody is told again, as in WhatsApp."""
        return self._save(
            replace(group, subject=subject),
            (by, msg_p("in a conversation", "changed the subject to “{subject}”", subject=subject)),
        )

    def known(self, number: str) -> str:
        """The number that WhatsApp knows somebody under: mostly the same."""
        return self.store.person(number).registered or number

    def has_account(self, number: str) -> bool:
        """Whether WhatsApp knows a number, written like this."""
        person = self.store.person(number)
        return number.isdecimal() and person.registered is None and person.refusal not in (404, 451)

    def join(self, group: Group, numbers: Sequence[str]) -> Group:
        """People come in by the invite link, or wait where admins want to be asked; who is in stays so."""
        new = [number for number in self._all_known(numbers) if number not in group.participants]
        if not group.permissions.approve_members:
            return self._come_in(group, new, msg_p("in a conversation", "joined using the invite link"))
        asked = {entry.number for entry in group.waiting}
        waiting = tuple(Waiting(number, int(time.time())) for number in new if number not in asked)
        if not waiting:
            return group
        asking = replace(group, waiting=(*group.waiting, *waiting))
        return self._save(
            asking, *((entry.number, msg_p("in a conversation", "asked to join")) for entry in waiting)
        )

    def add(self, group: Group, numbers: Sequence[str]) -> tuple[Group, dict[str, int]]:
        """Add people without asking them; return what is answered of each, by the number that was given."""
        answers = {number: self._adding(group, number) for number in numbers}
        new = [number for number, status in answers.items() if status == ADDED]
        return self._come_in(group, new, msg_p("in a conversation", "was added")), answers

    def _adding(self, group: Group, number: str) -> int:
        if number in group.participants:
            return IN_ALREADY
        if not self.has_account(number):
            return self.store.person(number).refusal or UNKNOWN
        return self.store.person(number).refusal or (LEFT if number in group.leavers else ADDED)

    def decide(self, group: Group, numbers: Sequence[str], let_in: bool) -> tuple[Group, dict[str, bool]]:
        """Approve or reject who waits; return for each number whether it was waiting."""
        asked = {entry.number for entry in group.waiting}
        answers = {number: number in asked for number in dict.fromkeys(numbers)}
        decided = [number for number, waits in answers.items() if waits]
        if let_in:
            return self._come_in(group, decided, msg_p("in a conversation", "was let in")), answers
        waiting = tuple(entry for entry in group.waiting if entry.number not in decided)
        return (self._save(replace(group, waiting=waiting)) if decided else group), answers

    def _come_in(self, group: Group, numbers: Sequence[str], how: str) -> Group:
        if not numbers:
            return group
        joined = replace(
            group,
            participants=(*group.participants, *numbers),
            waiting=tuple(entry for entry in group.waiting if entry.number not in numbers),
            leavers=tuple(number for number in group.leavers if number not in numbers),
        )
        return self._save(joined, *((number, how) for number in numbers))

    def describe(self, group: Group, text: str, by: str) -> Group:
        """Set the description; an empty one removes it."""
        return self._save(
            replace(group, description=text or None),
            (by, msg_p("in a conversation", "changed the description")),
        )

    def permit(self, group: Group, permissions: Permissions, by: str) -> Group:
        """Set who may do what."""
        if permissions == group.permissions:
            return group
        return self._save(
            replace(group, permissions=permissions),
            (by, msg_p("in a conversation", "changed what members may do")),
        )

    def place(self, group: Group, kind: Kind, parent: str | None) -> Group:
        """Make a group a community, its announcements, or a part of one. Raises Refused."""
        if parent is not None:
            above = self.store.get(parent)
            if above is None or above.kind != "community" or parent == group.id:
                raise Refused(400, 1009, msg("The parent is no community"))
        return self._save(replace(group, kind=kind, parent=parent))

    def remove(self, group: Group, numbers: Sequence[str]) -> Group:
        """Take people out. Who is not in (any more) is refused, and then nobody is taken out."""
        gone = self._participants(group, numbers)
        left = replace(
            group,
            participants=tuple(p for p in group.participants if p not in gone),
            admins=tuple(p for p in group.admins if p not in gone),
        )
        return self._save(left, *((number, msg_p("in a conversation", "was removed")) for number in gone))

    def leave(self, group: Group, number: str) -> Group:
        """One goes by oneself."""
        self._participants(group, [number])
        left = replace(
            group,
            participants=tuple(p for p in group.participants if p != number),
            admins=tuple(p for p in group.admins if p != number),
            leavers=(*group.leavers, number),
        )
        return self._save(left, (number, msg_p("in a conversation", "left")))

    def promote(self, group: Group, numbers: Sequence[str]) -> Group:
        """Make participants admins; who is one already stays so."""
        new = [number for number in self._participants(group, numbers) if number not in group.admins]
        if not new:
            return group
        return self._save(
            replace(group, admins=(*group.admins, *new)),
            *((number, msg_p("in a conversation", "is now an admin")) for number in new),
        )

    def demote(self, group: Group, numbers: Sequence[str]) -> Group:
        """Make admins ordinary participants; who is none already stays so. The creator cannot be demoted."""
        people = self._participants(group, numbers)
        if group.creator in people:
            raise Refused(400, 1009, msg("The creator of a group cannot be demoted"))
        gone = [number for number in people if number in group.admins]
        if not gone:
            return group
        fewer = replace(group, admins=tuple(p for p in group.admins if p not in gone))
        return self._save(
            fewer, *((number, msg_p("in a conversation", "is no longer an admin")) for number in gone)
        )

    def set_icon(self, group: Group, data: bytes, declared: str | None, by: str) -> Group:
        """Set the icon, checked and stored as the options say (`pictures.take`)."""
        icon, stored = pictures.take(data, declared, self.settings.options)
        return self._save(
            replace(group, icon=icon),
            (by, msg_p("in a conversation", "changed the group's icon")),
            icon=(icon, stored),
        )

    def drop_icon(self, group: Group, by: str) -> Group:
        """Remove the icon; refused (404) where there is none."""
        if group.icon is None:
            raise Refused(404, 1006, msg("The group has no icon"))
        return self._save(
            replace(group, icon=None), (by, msg_p("in a conversation", "removed the group's icon"))
        )

    def invite(self, group: Group) -> Group:
        """Make sure there is an invite link."""
        if group.invite is not None:
            return group
        return self._save(
            replace(group, invite="".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)))
        )

    def revoke(self, group: Group, by: str) -> Group:
        """End the present invite link; the next one who asks gets a new one."""
        if group.invite is None:
            return group
        return self._save(
            replace(group, invite=None), (by, msg_p("in a conversation", "reset the invite link"))
        )

    def hide(self, group: Group, hidden: bool) -> Group:
        """Leave the group out of the list although it answers, or no longer."""
        return self._save(replace(group, hidden=hidden))

    def write(self, sender: str, text: str, group: Group | None) -> None:
        """A person writes, in a group or to the account: stored, and reported as an MO."""
        if group is not None:
            self._participants(group, [sender])
        chat = sender if group is None else group.id
        self.store.save(messages=(Message(0, time.time(), "received", chat, sender, text),))
        self.inbox.receive(sender, self.account, text, None if group is None else group.id)

    def deliver(self, messages: tuple[Message, ...]) -> None:
        """The account's messages reach their chats."""
        self.store.save(messages=messages)

    def _participants(self, group: Group, numbers: Sequence[str]) -> list[str]:
        # Ids are compared as they are: the real service does not know "the same number, written otherwise"
        # either.
        people = list(dict.fromkeys(numbers))
        if any(number not in group.participants for number in people):
            raise Refused(400, 1013, msg("A number is not a participant of the group"))
        return people

    def _all_known(self, numbers: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(self.known(number) for number in numbers))

    def _new_id(self, creator: str, moment: int, step: int, taken: Collection[str] = ()) -> tuple[str, int]:
        """An id that no group has, and its creation time, which moves until a classic id is free."""
        while True:
            if self.settings.options.id_style == "opaque":
                group_id = f"120363{secrets.randbelow(10**12):012d}"
            else:
                group_id = f"{creator}-{moment}"
            if self.store.get(group_id) is None and group_id not in taken:
                return group_id, moment
            moment += step

    def _save(self, group: Group, *notices: tuple[str, str], icon: tuple[Icon, bytes] | None = None) -> Group:
        messages = tuple(_notice(group, sender, text) for sender, text in notices)
        before, revision = self.store.get(group.id), self.store.revision
        self.store.save(group, icon=icon, messages=messages)
        if self.store.revision != revision:
            self.outbox.compare(before, group)
        return group


def _notice(group: Group, sender: str, text: str) -> Message:
    return Message(0, time.time(), "notice", group.id, sender, text)
