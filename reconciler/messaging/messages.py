"""From a person and the groups that wait for them to messages: texts, or an approved template. Pure.

What is filled in is put on one line without characters that cannot be seen, and never read again for
placeholders: any admin of a group may have written its subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import Problem
from reconciler.language import msg, tr
from reconciler.model.link import is_link
from reconciler.model.messages import MOST_TEXT, GroupInvites

if TYPE_CHECKING:
    from reconciler.model.desired import Person
    from reconciler.model.settings import InviteSettings

DEFAULT_TEXT = msg(
    "Olá, {name}! Aqui está o seu convite para o WhatsApp. Para entrar, abra o "
    "link:\n{subject}: {link}\nO convite é só para você: por favor, não o repasse."
)

LONGEST_VALUE = 200
"""Characters of a name or a subject in a message."""

_PLACEHOLDER = re.compile(r"\{(link|subject|name)\}")
_GROUPS_LINE = re.compile(r"\{(link|subject)\}")
_NAMELESS_START = re.compile(r"^\{name\}[,:;!]?[ \t]*", re.MULTILINE)
_NAMELESS = re.compile(r",?[ \t]*\{name\}")

_JUNK_LINK = Problem(
    "junk_link", msg("what the API gave as a link is none, and is sent to nobody"), retry=True
)
_TOO_LONG = Problem(
    "too_long",
    msg("the message would be longer than {most} characters", most=MOST_TEXT),
    msg("shorten `invites.text`"),
)
_NO_NAME = Problem(
    "no_name",
    msg("the template needs {name}, and this person has none"),
    msg("give them a `name` in contacts.yaml"),
)


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """A message with the links of some groups (names), as the API takes it, or why there can be none."""

    groups: tuple[str, ...]
    body: Mapping[str, object] | Problem


def drafts(
    person: Person, groups: Sequence[GroupInvites], settings: InviteSettings
) -> tuple[MessageDraft, ...]:
    """Draft the messages that bring a person the links of all these groups.

    A text takes as many groups as fit into `MOST_TEXT` characters; a template takes one. A group whose link
    is none gets a draft of its own with a problem.
    """
    good = [group for group in groups if is_link(group.link)]
    junk = tuple(MessageDraft((group.name,), _JUNK_LINK) for group in groups if not is_link(group.link))
    if settings.template is not None:
        return (*junk, *(_from_template(person, group, settings.template) for group in good))
    text = settings.text or tr(DEFAULT_TEXT)
    return (*junk, *_texts(person, good, text))


def _texts(person: Person, groups: Sequence[GroupInvites], text: str) -> list[MessageDraft]:
    found: list[MessageDraft] = []
    rest = list(groups)
    while rest:
        count = len(rest)
        while count > 1 and len(filled(text, person, rest[:count])) > MOST_TEXT:
            count -= 1
        chunk, rest = rest[:count], rest[count:]
        message = filled(text, person, chunk)
        names = tuple(group.name for group in chunk)
        fits = len(message) <= MOST_TEXT
        found.append(MessageDraft(names, {"messageText": message} if fits else _TOO_LONG))
    return found


def filled(text: str, person: Person, groups: Sequence[GroupInvites]) -> str:
    """Fill in the text for one person. The part from the first to the last line that holds {link} or
    {subject} stands once for each group. Where the person has no name, {name} goes together with the comma
    before or after it."""
    if not _value(person.name):
        text = _NAMELESS.sub("", _NAMELESS_START.sub("", text))
    lines = text.split("\n")
    about = [index for index, line in enumerate(lines) if _GROUPS_LINE.search(line)]
    first, last = (about[0], about[-1] + 1) if about else (len(lines), len(lines))
    block = "\n".join(lines[first:last])
    parts = [
        *([_fill("\n".join(lines[:first]), person, None)] if first else []),
        *(_fill(block, person, group) for group in groups if about),
        *([_fill("\n".join(lines[last:]), person, None)] if last < len(lines) else []),
    ]
    return "\n".join(parts)


def _from_template(person: Person, group: GroupInvites, template: Mapping[str, object]) -> MessageDraft:
    if not _value(person.name) and "{name}" in _strings(template):
        return MessageDraft((group.name,), _NO_NAME)
    message = _fill_all(template, person, group)
    if any(len(text) > MOST_TEXT for text in _leaves(message)):
        return MessageDraft((group.name,), _TOO_LONG)
    return MessageDraft((group.name,), {"template": message})


def _fill(text: str, person: Person, group: GroupInvites | None) -> str:
    values = {"name": _value(person.name), "link": "", "subject": ""}
    if group is not None:
        values |= {"link": group.link or "", "subject": _value(group.title) or group.name}
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _fill_all(value: object, person: Person, group: GroupInvites) -> object:
    """Fill in every text in a template, wherever it stands."""
    match value:
        case str():
            return _fill(value, person, group)
        case Mapping():
            return {key: _fill_all(inner, person, group) for key, inner in value.items()}
        case list() | tuple():
            return [_fill_all(inner, person, group) for inner in value]
        case _:
            return value


def _leaves(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for inner in value.values() for text in _leaves(inner)]
        case list() | tuple():
            return [text for inner in value for text in _leaves(inner)]
        case _:
            return []


def _strings(value: object) -> str:
    return "\n".join(_leaves(value))


def _value(text: str | None) -> str:
    """Put somebody's words on one line, without characters that cannot be seen, and cut."""
    seen = "".join(
        " " if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Zs") else char
        for char in text or ""
        if unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn") or char == "\u200d"
    )
    return " ".join(seen.split())[:LONGEST_VALUE]
