"""Who is meant by a list of aliases, teams and numbers; who is unknown, has left, or will leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from reconciler.manifests.complaints import did_you_mean, quote
from reconciler.manifests.contacts import Contacts, gone, unknown
from reconciler.manifests.numbers import like_a_number, read_number

if TYPE_CHECKING:
    from reconciler.errors import Mark
    from reconciler.manifests.complaints import Complaints
    from reconciler.model.desired import Person

_GUESSES = 100


class Naming:
    """Resolves one list after the other; `complaints` collects what is wrong, all of it."""

    def __init__(self, contacts: Contacts, today: date, complaints: Complaints) -> None:
        self._contacts = contacts
        self._today = today
        self._complaints = complaints
        self._names = contacts.names()
        self._guesses = 0
        self._by_name = self._usable_names()

    def people(self, written: tuple[str, ...], mark_of: Callable[[int], Mark]) -> tuple[Person, ...]:
        """The people whom a list names, each once. Persons are unique objects here, so identity decides."""
        found: dict[int, Person] = {}
        for index, entry in enumerate(written):
            people = self._by_name.get(entry)
            if people is None:
                if self._complaints.full(mark_of(index).file):
                    break
                people = self._one(entry, mark_of(index))
            for person in people:
                found[id(person)] = person
        return tuple(found.values())

    def guess(self, word: str, options: frozenset[str]) -> str:
        """A guess costs milliseconds among thousands of names, so a hostile file gets only some."""
        self._guesses += 1
        return did_you_mean(word, options) if self._guesses <= _GUESSES else ""

    def _usable_names(self) -> dict[str, tuple[Person, ...]]:
        """What can be named without another word: people who stay, and teams without those who left."""
        found: dict[str, tuple[Person, ...]] = {
            alias: (person,) for alias, person in self._contacts.people.items() if person.left is None
        }
        for team, people in self._contacts.teams.items():
            found[team] = tuple(person for person in people if not gone(person, self._today))
        return found

    def _one(self, entry: str, mark: Mark) -> tuple[Person, ...]:
        """Whom a number means, or the alias of somebody with a last day; nobody after a complaint."""
        contacts = self._contacts
        person: Person | None = None
        if like_a_number(entry):
            digits = read_number(entry, mark, self._complaints)
            person = None if digits is None else contacts.stranger(digits)
        elif entry in contacts.people:
            person = contacts.people[entry]
        elif contacts.whole and entry not in contacts.broken:
            guess = self.guess(entry, self._names)
            hint = "" if guess else "add them to the contacts, or write an international number"
            message = unknown("person or team", entry, guess)
            self._complaints.add(mark, message, hint, "unknown-person")
        if person is None:
            return ()
        if person.left is None:
            return (person,)
        return self._leaver(person, mark)

    def _leaver(self, person: Person, mark: Mark) -> tuple[Person, ...]:
        """Naming somebody with a last day is a warning until then, and a mistake from that day on."""
        if gone(person, self._today):
            self._complaints.add(
                mark,
                f"{quote(person.ref)} left on {person.left}, says {person.mark}",
                "take them out here; they are demoted and removed without being named",
                "leaver",
            )
            return ()
        self._complaints.add(
            mark,
            f"{quote(person.ref)} leaves on {person.left}, says {person.mark}; "
            "from that day on naming them is a mistake",
            "take them out here on that day; they are demoted and removed without being named",
            "leaver",
            warning=True,
        )
        return (person,)
