"""Whom the command line means by an alias or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.language import msg
from reconciler.manifests.complaints import did_you_mean, quote
from reconciler.manifests.numbers import NumberError, like_a_number, parse
from reconciler.model import number

if TYPE_CHECKING:
    from reconciler.model.desired import Desired


def people_keys(given: tuple[str, ...], desired: Desired) -> frozenset[str]:
    """Number keys of those who are named by alias or by number, whether the files know that or not.

    Raises `UsageError` for what is neither.
    """
    aliases = {person.alias: person for person in desired.people if person.alias}
    by_key = {key: person for person in desired.people for key in person.keys}
    keys: set[str] = set()
    for text in given:
        found = aliases.get(text)
        if found is None:
            try:
                key = number.key(parse(text))
            except NumberError as error:
                if like_a_number(text):
                    raise UsageError(
                        msg("--person {given}: {why}", given=quote(text), why=error.message), error.hint
                    ) from None
                guess = did_you_mean(text, frozenset(aliases))
                hint = guess or msg("give an alias of contacts, or a number such as +55 19 90000-0001")
                raise UsageError(
                    msg("--person: there is no person {given}", given=quote(text)), hint
                ) from None
            found = by_key.get(key)
            keys.add(key)
        if found is not None:
            keys |= found.keys
    return frozenset(keys)


def known_people(given: tuple[str, ...], desired: Desired) -> frozenset[str]:
    """Number keys of those who are named by alias or by number, and are somebody in the files.

    Raises `UsageError` for who is nobody there.
    """
    groups = [people for group in desired.groups for people in (group.admins, group.members)]
    named = {person.key: person for people in (desired.people, *groups) for person in people or ()}
    by_key = {key: person for person in named.values() for key in person.keys}
    keys: set[str] = set()
    for text in given:
        found = people_keys((text,), desired)
        if not found & by_key.keys():
            raise UsageError(msg("--person: nobody in the files has the number {given}", given=quote(text)))
        keys |= found
        for key in found & by_key.keys():
            keys |= by_key[key].keys
    return frozenset(keys)
