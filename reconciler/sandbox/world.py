"""What can happen to a group, by WhatsApp's own rules. Who may ask for it is the API's affair."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from . import pictures
from .answers import Refused
from .group import Group, Icon, Message
from .inbox import Inbox
from .settings import Settings
from .store import Store

_ALPHABET = string.ascii_letters + string.digits
_CODE_LENGTH = 22


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

    def create(self, subject: str, creator: str) -> Group:
        """A new group with its creator alone in it."""
        moment = int(time.time())
        group_id, moment = self._new_id(creator, moment, step=1)
        group = Group(group_id, subject, creator, moment, (creator,), (creator,))
        self.store.save(group, messages=(_notice(group, creator, "created the group"),))
        return group

    def seed(
        self,
        subjects: Sequence[str],
        creator: str,
        participants: Sequence[str],
        admins: Sequence[str],
        picture: tuple[bytes, str | None] | None = None,
        creation_time: int | None = None,
    ) -> list[Group]:
        """Groups that have been there for a while: a day, unless `creation_time` says."""
        moment = int(time.time()) - 86_400 if creation_time is None else creation_time
        people = tuple(dict.fromkeys((creator, *participants, *admins)))
        leaders = tuple(person for person in people if person == creator or person in admins)
        icon = None if picture is None else pictures.take(*picture, self.settings.options)
        groups: dict[str, Group] = {}
        for subject in subjects:
            group_id, moment = self._new_id(creator, moment, step=-1, taken=groups)
            kept = None if icon is None else icon[0]
            groups[group_id] = Group(group_id, subject, creator, moment, people, leaders, icon=kept)
        self.store.save(*groups.values(), icon=icon, settled=True)
        return list(groups.values())

    def rename(self, group: Group, subject: str, by: str) -> Group:
        """Set the subject. An equal one is set again and everybody is told again, as in WhatsApp."""
        return self._save(replace(group, subject=subject), (by, f"changed the subject to “{subject}”"))

    def join(self, group: Group, numbers: Sequence[str]) -> Group:
        """People come in by the invite link; who is in already stays so."""
        new = [number for number in dict.fromkeys(numbers) if number not in group.participants]
        if not new:
            return group
        joined = replace(group, participants=(*group.participants, *new))
        return self._save(joined, *((number, "joined using the invite link") for number in new))

    def remove(self, group: Group, numbers: Sequence[str]) -> Group:
        """Take people out. Who is not in (any more) is refused, and then nobody is taken out."""
        gone = self._participants(group, numbers)
        left = replace(
            group,
            participants=tuple(p for p in group.participants if p not in gone),
            admins=tuple(p for p in group.admins if p not in gone),
        )
        return self._save(left, *((number, "was removed") for number in gone))

    def leave(self, group: Group, number: str) -> Group:
        """One goes by oneself."""
        self._participants(group, [number])
        left = replace(
            group,
            participants=tuple(p for p in group.participants if p != number),
            admins=tuple(p for p in group.admins if p != number),
        )
        return self._save(left, (number, "left"))

    def promote(self, group: Group, numbers: Sequence[str]) -> Group:
        """Make participants admins; who is one already stays so."""
        new = [number for number in self._participants(group, numbers) if number not in group.admins]
        if not new:
            return group
        return self._save(
            replace(group, admins=(*group.admins, *new)), *((number, "is now an admin") for number in new)
        )

    def demote(self, group: Group, numbers: Sequence[str]) -> Group:
        """Make admins ordinary participants; who is none already stays so. The creator cannot be demoted."""
        people = self._participants(group, numbers)
        if group.creator in people:
            raise Refused(400, 1009, "The creator of a group cannot be demoted")
        gone = [number for number in people if number in group.admins]
        if not gone:
            return group
        fewer = replace(group, admins=tuple(p for p in group.admins if p not in gone))
        return self._save(fewer, *((number, "is no longer an admin") for number in gone))

    def set_icon(self, group: Group, data: bytes, declared: str | None, by: str) -> Group:
        """Set the icon, checked and stored as the options say (`pictures.take`)."""
        icon, stored = pictures.take(data, declared, self.settings.options)
        return self._save(replace(group, icon=icon), (by, "changed the group's icon"), icon=(icon, stored))

    def drop_icon(self, group: Group, by: str) -> Group:
        """Remove the icon; refused (404) where there is none."""
        if group.icon is None:
            raise Refused(404, 1006, "The group has no icon")
        return self._save(replace(group, icon=None), (by, "removed the group's icon"))

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
        return self._save(replace(group, invite=None), (by, "reset the invite link"))

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
            raise Refused(400, 1013, "A number is not a participant of the group")
        return people

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
        self.store.save(group, icon=icon, messages=messages)
        return group


def _notice(group: Group, sender: str, text: str) -> Message:
    return Message(0, time.time(), "notice", group.id, sender, text)
