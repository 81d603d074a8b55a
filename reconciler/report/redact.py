"""What may be shown: `Redactor` is the only place where numbers become aliases or masks.

Everything in a document may be published as it is; what is left to a format is to escape it for its medium.
Invite links are in no document but that of `invites`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import Problem
from reconciler.language import said, tr, tr_p
from reconciler.model import number

if TYPE_CHECKING:
    from reconciler.errors import Problem
    from reconciler.model.desired import Person
    from reconciler.model.plan import Note

_SLOT = re.compile(r"\{(ids|people|texts)(?:\[([0-9]+)\])?\}")
_SERVICE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|inv-[0-9a-f]{20}", re.IGNORECASE)
_LINK = re.compile(r"(chat\.whatsapp\.com/)[^\s\"'<>]+", re.IGNORECASE)


@dataclass(frozen=True)
class Redactor:
    """Who is who, and what may be shown. `aliases`: number key → alias; `account`: its number keys.

    `show_numbers` shows numbers and ids in full. Links are never shown.
    """

    aliases: Mapping[str, str]
    account: frozenset[str] = frozenset()
    show_numbers: bool = False

    def person(self, wa_id: str) -> str:
        """`account`, an alias, or the number masked: `+55 19 •••• 0002`."""
        key = number.key(wa_id)
        if key in self.account:
            return tr_p("one of the people", "account")
        return self.aliases.get(key) or self.number(wa_id)

    def named(self, person: Person) -> str:
        """Somebody of the files: the alias, or the number that they are reached at."""
        return person.alias or self.person(person.numbers[0])

    def number(self, wa_id: str) -> str:
        """The number itself, masked unless numbers are to be shown."""
        digits = number.of_id(wa_id)
        if digits is None and number.is_person_id(wa_id):
            name, _, domain = wa_id.partition("@")
            masked = tr("hidden number ••{digits} (@{domain})", digits=name[-4:], domain=domain)
            return wa_id if self.show_numbers else masked
        if digits is None:
            return self.untrusted(wa_id) or tr("somebody unknown")
        return f"+{digits}" if self.show_numbers else number.mask(digits)

    def group_id(self, group_id: str) -> str:
        """An id without its creator's number, unless that is the account's."""
        return group_id if self.show_numbers else number.mask_id(group_id, self.account)

    def message_id(self, text: str) -> str:
        """An id of a message: whole where it is a UUID or one of ours, else as anybody's words."""
        return text if _SERVICE_ID.fullmatch(text) else self.untrusted(text)

    def line(self, text: str) -> str:
        """A line of one of our files: at most 1,000 characters, without links, numbers masked."""
        text = _LINK.sub(r"\1••••", text)
        return _cut(text if self.show_numbers else number.mask_line(text), 1000)

    def untrusted(self, text: str) -> str:
        """Words that anybody may have written: at most 200 characters, without links, numbers masked."""
        return self._hidden(text, 200)

    def note(self, note: Note) -> str:
        """A note's sentence with its values in their places."""
        values = {
            "ids": [self.group_id(group_id) for group_id in note.ids],
            "people": [self.person(wa_id) for wa_id in note.people],
            "texts": [self.untrusted(said(text)) for text in note.texts],
        }

        def fill(slot: re.Match[str]) -> str:
            found = values[slot[1]]
            if slot[2] is None:
                return ", ".join(found)
            return found[int(slot[2])] if int(slot[2]) < len(found) else slot[0]

        text = _SLOT.sub(fill, said(note.text))
        if values["ids"] != list(note.ids):
            text += f" ({tr('whole ids: --show-numbers')})"
        return text

    def sentence(self, text: str) -> str:
        """A sentence of our own about a failed call, which may quote the API."""
        return self._hidden(said(text), 1000)

    def _hidden(self, text: str, limit: int) -> str:
        text = _LINK.sub(r"\1••••", text)
        if not self.show_numbers:
            return number.mask_text(text, limit)
        return _cut(text, limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def labels(redactor: Redactor, wa_ids: Iterable[str]) -> Callable[[str], str]:
    """Return a function that names people who appear together, so that two numbers never look like one."""
    shared = Counter(
        redactor.person(wa_id) for wa_id in {number.key(wa_id): wa_id for wa_id in wa_ids}.values()
    )

    def label(wa_id: str) -> str:
        who = redactor.person(wa_id)
        shown = redactor.number(wa_id)
        return f"{who} ({shown})" if shared[who] > 1 and who != shown else who

    return label


def shown_problem(problem: Problem | None, redactor: Redactor) -> Problem | None:
    """Return the problem, fit to be shown."""
    if problem is None:
        return None
    message, hint = redactor.sentence(problem.message), redactor.sentence(problem.hint)
    return Problem(problem.code, message, hint, problem.retry)
