"""`contacts.yaml`: people and teams; who is meant by a list of aliases, teams and numbers, and who of them is
unknown, has left, or will leave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciler.errors import Complaint, Location
from reconciler.language import msg
from reconciler.manifests import yaml_tree
from reconciler.manifests.complaints import Complaints, did_you_mean, quote, with_guess
from reconciler.manifests.documents import check
from reconciler.manifests.files import FileError, Tree
from reconciler.manifests.numbers import like_a_number, read_number
from reconciler.manifests.yaml_tree import MappingNode, Node, location_of, node_at
from reconciler.model import number
from reconciler.model.desired import Person

_GUESSES = 100


@dataclass(slots=True)
class Contacts:
    """Who can be named. `broken` are names whose entry is wrong: using them is no second mistake; with
    `whole` false the file could not be read at all, so no name is unknown."""

    people: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, tuple[Person, ...]] = field(default_factory=dict)
    by_key: dict[str, Person] = field(default_factory=dict)  # by number keys, and by lids
    broken: set[str] = field(default_factory=set)
    whole: bool = True
    file: str = "contacts.yaml"
    _strangers: dict[str, Person] = field(default_factory=dict)

    def names(self) -> frozenset[str]:
        """Return all aliases and teams."""
        return frozenset((*self.people, *self.teams))

    def leavers(self, today: date) -> tuple[Person, ...]:
        """Return the people whose day has come."""
        return tuple(person for person in self.people.values() if gone(person, today))

    def stranger(self, digits: str) -> Person:
        """Return the person behind a number: the contact who has it, else somebody without an alias."""
        key = number.key(digits)
        known = self.by_key.get(key) or self._strangers.get(key)
        if known is None:
            known = self._strangers[key] = Person((digits,))
        return known


def gone(person: Person, today: date) -> bool:
    """Return whether the person has left by that day."""
    return person.left is not None and person.left <= today


def load_contacts(tree: Tree, path: str) -> tuple[Contacts, list[Complaint]]:
    """Return the contacts of a file that is there, and everything that is wrong with it."""
    file = tree.shown(path)
    contacts = Contacts(file=file)
    complaints = Complaints()
    try:
        data = tree.read(path, yaml_tree.MAX_BYTES)
    except FileError as error:
        contacts.whole = False
        return contacts, [
            Complaint(Location(file), msg("this file {why}", why=error.message), error.hint, "file")
        ]
    documents = yaml_tree.parse(data, file)
    complaints.extend(documents.complaints)
    contacts.whole = documents.whole
    if len(documents.nodes) > 1:
        complaints.extend([second_document(documents.nodes[1], file)])
    for root in documents.nodes[:1]:
        checked = check("contacts", root, file)
        complaints.extend(checked.complaints)
        if checked.value is None:
            contacts.whole = False
        else:
            _Reader(contacts, checked.node, file, complaints).read(checked.value)
            if isinstance(root, MappingNode) and not root.pairs.keys() <= checked.value.keys():
                contacts.whole = False  # a key that is not known may hold the people
    return contacts, list(complaints)


def second_document(node: Node, file: str) -> Complaint:
    """Return the complaint about a file that may hold one document only."""
    return Complaint(
        location_of(node, file),
        msg("a second document in a file that holds one"),
        msg("remove the line `---`"),
        "second-document",
    )


class _Reader:
    def __init__(self, contacts: Contacts, root: Node, file: str, complaints: Complaints) -> None:
        self._contacts = contacts
        self._root = root
        self._file = file
        self._complaints = complaints

    def read(self, document: Mapping[str, Any]) -> None:
        people, teams = document.get("people", {}), document.get("teams", {})
        self._contacts.broken |= (self._written("people") - people.keys()) | (
            self._written("teams") - teams.keys()
        )
        for alias, entry in people.items():
            self._person(alias, entry)
            if self._complaints.full(self._file):
                self._contacts.whole = False
                return
        for name, members in teams.items():
            if self._complaints.full(self._file):
                self._contacts.whole = False
                return
            if name in people:
                self._complaints.add(
                    self._key_location("teams", name),
                    msg("the team {name} has the name of a person", name=quote(name)),
                    msg("people and teams share one set of names: rename one of them"),
                    "duplicate-name",
                )
            else:
                self._team(name, members, teams.keys())

    def _written(self, section: str) -> set[str]:
        node = node_at(self._root, (section,))
        return set(node.keys) if isinstance(node, MappingNode) and node is not self._root else set()

    def _person(self, alias: str, entry: str | Mapping[str, Any]) -> None:
        if isinstance(entry, str):
            written: list[tuple[str, Location]] = [(entry, self._location("people", alias))]
            entry = {}
        else:
            written = [
                (text, self._location("people", alias, "numbers", index))
                for index, text in enumerate(entry["numbers"])
            ]
        numbers: dict[str, str] = {}
        for text, location in written:
            digits = read_number(text, location, self._complaints)
            if digits is None:
                self._contacts.broken.add(alias)
                continue
            other = self._contacts.by_key.get(number.key(digits))
            if other is not None and other.location is not None:
                self._complaints.add(
                    location,
                    msg("{alias} has a number of {other}", alias=quote(alias), other=quote(other.ref)),
                    msg("who stands at {location}; a number belongs to one person", location=other.location),
                    "duplicate-number",
                )
            else:
                numbers.setdefault(number.key(digits), digits)
        if not numbers:
            self._contacts.broken.add(alias)
            return
        lids = self._lids(alias, entry.get("lids", ()))
        left = entry.get("left")
        person = Person(
            numbers=tuple(numbers.values()),
            alias=alias,
            name=entry.get("name"),
            left=None if left is None else date.fromisoformat(left),
            location=self._key_location("people", alias),
            lids=lids,
        )
        self._contacts.people[alias] = person
        self._contacts.by_key.update(dict.fromkeys((*numbers, *lids), person))

    def _lids(self, alias: str, written: Iterable[str]) -> tuple[str, ...]:
        """Return the hidden ids of somebody, each once; complain of those that somebody else has."""
        found: dict[str, None] = {}
        for index, lid in enumerate(written):
            other = self._contacts.by_key.get(lid)
            if other is None:
                found[lid] = None
                continue
            self._complaints.add(
                self._location("people", alias, "lids", index),
                msg("{alias} has a lid of {other}", alias=quote(alias), other=quote(other.ref)),
                msg("who stands at {location}; a lid belongs to one person", location=other.location),
                "duplicate-lid",
            )
        return tuple(found)

    def _team(self, name: str, members: list[str], teams: Iterable[str]) -> None:
        people: dict[str, Person] = {}
        for index, alias in enumerate(members):
            person = self._contacts.people.get(alias)
            if person is not None:
                people.setdefault(alias, person)
                continue
            if alias in self._contacts.broken:
                continue
            location = self._location("teams", name, index)
            if alias in teams:
                message, hint = (
                    msg("{alias} is a team", alias=quote(alias)),
                    msg("a team holds people, not other teams"),
                )
            elif like_a_number(alias):
                message, hint = (
                    msg("a team holds aliases, not numbers"),
                    msg("give the person an alias under `people`"),
                )
            else:
                guess = did_you_mean(alias, frozenset(self._contacts.people))
                message, hint = (
                    with_guess(msg("there is no person {name}", name=quote(alias)), guess),
                    "" if guess else msg("add them under `people`"),
                )
            self._complaints.add(location, message, hint, "unknown-person")
        self._contacts.teams[name] = tuple(people.values())

    def _location(self, *path: str | int) -> Location:
        node = node_at(self._root, path)
        return location_of(node, self._file)

    def _key_location(self, section: str, key: str) -> Location:
        node = node_at(self._root, (section,))
        place = node.keys[key] if isinstance(node, MappingNode) else node
        return location_of(place, self._file)


class PeopleResolver:
    """Resolves one list after the other; `complaints` collects what is wrong, all of it."""

    def __init__(self, contacts: Contacts, today: date, complaints: Complaints) -> None:
        self._contacts = contacts
        self._today = today
        self._complaints = complaints
        self._names = contacts.names()
        self._guesses = 0
        self._by_name = self._usable_names()

    def people(self, written: tuple[str, ...], location_of: Callable[[int], Location]) -> tuple[Person, ...]:
        """Return the people whom a list names, each once. Persons are unique objects here, so identity
        decides."""
        found: dict[int, Person] = {}
        for index, entry in enumerate(written):
            people = self._by_name.get(entry)
            if people is None:
                if self._complaints.full(location_of(index).file):
                    break
                people = self._one(entry, location_of(index))
            for person in people:
                found[id(person)] = person
        return tuple(found.values())

    def guess(self, word: str, options: frozenset[str]) -> str:
        """Return a guess. It costs milliseconds among thousands of names, so a hostile file gets only
        some."""
        self._guesses += 1
        return did_you_mean(word, options) if self._guesses <= _GUESSES else ""

    def _usable_names(self) -> dict[str, tuple[Person, ...]]:
        """Return what can be named without another word: people who stay, and teams without those who
        left."""
        found: dict[str, tuple[Person, ...]] = {
            alias: (person,) for alias, person in self._contacts.people.items() if person.left is None
        }
        for team, people in self._contacts.teams.items():
            found[team] = tuple(person for person in people if not gone(person, self._today))
        return found

    def _one(self, entry: str, location: Location) -> tuple[Person, ...]:
        """Return whom a number means, or the alias of somebody with a last day; nobody after a complaint."""
        contacts = self._contacts
        person: Person | None = None
        if like_a_number(entry):
            digits = read_number(entry, location, self._complaints)
            person = None if digits is None else contacts.stranger(digits)
        elif entry in contacts.people:
            person = contacts.people[entry]
        elif contacts.whole and entry not in contacts.broken:
            guess = self.guess(entry, self._names)
            hint = (
                ""
                if guess
                else msg("add them to {file}, or write an international number", file=contacts.file)
            )
            message = msg("there is no person or team {name}", name=quote(entry))
            self._complaints.add(location, with_guess(message, guess), hint, "unknown-person")
        if person is None:
            return ()
        if person.left is None:
            return (person,)
        return self._leaver(person, location)

    def _leaver(self, person: Person, location: Location) -> tuple[Person, ...]:
        """Complain of somebody with a last day who is named: a warning until then, a mistake from that day
        on."""
        if gone(person, self._today):
            self._complaints.add(
                location,
                msg(
                    "{person} left on {left:%Y-%m-%d}, says {location}",
                    person=quote(person.ref),
                    left=person.left,
                    location=person.location,
                ),
                msg("take them out here; they are demoted and removed without being named"),
                "leaver",
            )
            return ()
        self._complaints.add(
            location,
            msg(
                "{person} leaves on {left:%Y-%m-%d}, says {location}; from that day on naming them is "
                "a mistake",
                person=quote(person.ref),
                left=person.left,
                location=person.location,
            ),
            msg("take them out here on that day; they are demoted and removed without being named"),
            "leaver",
            warning=True,
        )
        return (person,)
