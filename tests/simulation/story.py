"""What a seed means: manifests and how they change, live groups, and the steps of the story with all that
befalls them. Data alone; every part has a key by which it can be left out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.model.capabilities import CAPABILITIES, BackendName, Capabilities
from tests.fakes import ACCOUNT
from tests.simulation.service import Event

Dice = random.Random
Verb = Literal["apply", "ready", "send", "rotate", "accept", "import"]

# What a story is mostly about: nothing; lost creates; groups that have to be found; links; messages.
THEMES: dict[str, int] = {"any": 10, "create": 3, "find": 3, "link": 3, "messages": 3}

NAMES = ("alpha", "beta", "gamma")
PICTURES = ("red", "blue")

# Who is who: alias → numbers as contacts have them, and the ids under which the service may list them.
PEOPLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ana": (("5519980000001",), ("551980000001", "5519980000001")),
    "bruno": (("5519980000002", "5511970000002"), ("5519980000002",)),
    "carlos": (("525512345678",), ("5215512345678",)),
    "dora": (("5519980000004",), ("5519980000004",)),
    "elisa": (("5519980000005",), ("5519980000005",)),
    "fabio": (("5491122223333",), ("5491122223333", "541122223333")),
}
BRUNO_BEFORE = "5511970000002"
STRANGERS = ("5521977776666", "14155550100", "447700900123")

CALLED = {
    ACCOUNT: "US",
    BRUNO_BEFORE: "bruno's-old",
    **{wa_id: f"{alias}{n or ''}" for alias, (_, ids) in PEOPLE.items() for n, wa_id in enumerate(ids)},
    **{wa_id: f"stranger{n}" for n, wa_id in enumerate(STRANGERS)},
}


@dataclass(frozen=True)
class Seeded:
    """A live group from before; `name` is the manifest that it is meant for, None for nobody's."""

    name: str | None
    subject: str
    creator: str
    account: Literal["admin", "member"]
    participants: tuple[str, ...]
    admins: tuple[str, ...]
    icon: str | None
    bound: bool
    key: str


Fields = dict[str, object]


@dataclass(frozen=True)
class Commit:
    """From now on the files say this: name → fields, None where the manifest is deleted; who has left."""

    manifests: dict[str, Fields]
    left: tuple[str, ...]
    key: str


@dataclass(frozen=True)
class Run:
    """A process. `after` is how many seconds later it begins; `beside` runs at the same time."""

    verb: Verb
    events: tuple[Event, ...]
    after: float
    skew: float
    names: tuple[str, ...]
    salt: int
    key: str
    beside: Run | None = None


@dataclass(frozen=True)
class Lose:
    """Something befalls the state between two runs."""

    how: Literal["lost", "older", "damaged"]
    salt: int
    key: str


@dataclass(frozen=True)
class Hands:
    """Other people edit the groups between two runs."""

    events: tuple[Event, ...]
    key: str


Step = Commit | Run | Lose | Hands


@dataclass(frozen=True)
class Gateway:
    """What is so where the service is a gateway: which one it is, how it lists people (number → id, which
    number a look-up, a list or the contacts tell), which groups it does not tell the creator of (by what
    `salt` decides), whom it knows otherwise, who refuses to be added, and whether its cache has a new group.
    """

    backend: BackendName
    hidden: Mapping[str, str]
    looked_up: frozenset[str]
    told: frozenset[str]
    in_contacts: frozenset[str]
    refusals: Mapping[str, int]
    known_as: Mapping[str, str]
    lists_new: bool
    ownerless: float
    salt: int


@dataclass
class Story:
    seed: int
    theme: str
    keeps: bool
    lag: float
    list_lag: float
    reencodes: bool
    retries: int
    width: int
    seeded: list[Seeded] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    gateway: Gateway | None = None

    def parts(self) -> Iterator[str]:
        """Of everything that may be left out, the largest first."""
        yield from (("hidden", "refusals", "known_as", "ownerless") if self.gateway else ())
        yield "lag"
        yield "list_lag"
        yield from (f"name:{name}" for name in NAMES)
        yield from (each.key for each in self.seeded)
        for step in reversed(self.steps):
            yield step.key
        for step in self.steps:
            if isinstance(step, Run):
                if step.beside is not None:
                    yield step.beside.key
                    yield from (f"{step.beside.key}.{n}" for n in range(len(step.beside.events)))
                if step.skew:
                    yield f"{step.key}.skew"
            if isinstance(step, Run | Hands):
                yield from (f"{step.key}.{n}" for n in range(len(step.events)))
            if isinstance(step, Commit):
                for name, fields in step.manifests.items():
                    yield from (f"{step.key}.{name}.{each}" for each in fields if each != "subject")


def story_of(seed: int) -> Story:
    """The story of a seed."""
    dice = random.Random(seed)
    theme = dice.choices(list(THEMES), list(THEMES.values()))[0]
    keeps = theme in ("link", "messages") or dice.random() < 0.85
    lag = dice.choice((0.0, 0.0, 0.0, 1.0, 2.5, dice.uniform(0, 9.0)))
    story = Story(
        seed=seed,
        theme=theme,
        keeps=keeps,
        lag=lag,
        list_lag=dice.uniform(lag, 55.0)
        if theme == "create"
        else dice.choice((0.0, 0.0, lag, lag, dice.uniform(lag, 55.0))),
        reencodes=dice.random() < 0.3,
        retries=dice.choice((1, 2, 5)),
        width=dice.choice((1, 2, 4)),
    )
    names = NAMES[: dice.choice((1, 1, 2, 2, 2, 3))]
    manifests = {name: _manifest(name, dice, keeps) for name in names}
    if theme == "link":
        for fields in manifests.values():
            fields["link_version"] = 1
    there = {"create": 0.05, "find": 1.0, "messages": 0.8}.get(theme, 0.5)
    left: tuple[str, ...] = ("elisa",) if dice.random() < 0.3 else ()
    for name in names:
        if dice.random() < there:
            seeded = _seeded(name, manifests[name], dice, f"group{len(story.seeded)}")
            bound = {"find": False, "messages": True}.get(theme, seeded.bound)
            story.seeded.append(replace(seeded, bound=bound))
    while dice.random() < 0.25:
        story.seeded.append(_seeded(None, {}, dice, f"group{len(story.seeded)}"))
    story.steps.append(Commit(_copied(manifests), left, "step0"))
    for number in range(1, dice.choice((1, 2, 2, 3, 3)) + 1):
        _step(story, manifests, dice, f"step{number}")
    return _at_gateway(story) if seed % 2 else story


def _at_gateway(story: Story) -> Story:
    """The same story at a gateway, with what is possible only there, by dice of its own."""
    dice = random.Random(f"gateway {story.seed}")
    can = CAPABILITIES["evolution" if story.seed % 4 == 3 else "waha"]
    numbers = [wa_id for _, ids in PEOPLE.values() for wa_id in ids] + [*STRANGERS, BRUNO_BEFORE]
    share = dice.choice((0.0, 0.0, 0.15, 0.4))
    hidden = {each: f"{n + 7:015}@lid" for n, each in enumerate(numbers) if dice.random() < share}
    known = {each: dice.choice(("look-up", "look-up", "list", "contacts", "nobody")) for each in hidden}
    if can.name == "evolution":  # it tells who somebody is beside the id, or not at all
        known = {each: "list" if how == "look-up" else how for each, how in known.items()}
    ours = {wa_id for _, ids in PEOPLE.values() for wa_id in ids}
    named = [numbers[0] for numbers, _ in PEOPLE.values()]
    story.gateway = Gateway(
        backend=can.name,
        hidden=hidden,
        looked_up=frozenset(each for each in hidden if known[each] == "look-up"),
        told=frozenset(each for each in hidden if known[each] == "list"),
        in_contacts=frozenset(each for each in hidden if known[each] == "contacts" and each in ours),
        refusals={each: dice.choice((403, 417, 408, 401, 419)) for each in named if dice.random() < 0.2},
        known_as={"5519980000001": "551980000001"} if dice.random() < 0.5 else {},
        lists_new=dice.random() < 0.6 or not can.refreshes,
        ownerless=dice.choice((0.0, 0.0, 0.5)),
        salt=dice.getrandbits(32),
    )
    story.list_lag = min(
        story.list_lag, dice.choice((0.0, 3.0, 8.0, 14.0) if can.peopled else (0.0, 3.0, 8.0))
    )
    adding = {name for name in NAMES if story.keeps and dice.random() < (0.9 if can.peopled else 0.6)}
    managed = {name for name in NAMES if dice.random() < 0.4}
    steps: list[Step] = []
    for step in story.steps:
        if isinstance(step, Commit):
            for name, fields in step.manifests.items():
                if name in adding:
                    fields["join"] = "add"
                if name in managed:
                    fields["description"] = dice.choice(("Hello", "Bye", None))
                    fields["permissions"] = {"send_messages": dice.choice(("admins", "everyone"))}
                _keep_to(can, fields)
        if isinstance(step, Run):
            events = tuple(_event_at_gateway(each, dice, can) for each in step.events)
            run = replace(step, events=events)
            steps.append(_with_lost_create(run, dice) if can.peopled else run)
        else:
            steps.append(step)
    story.steps = steps
    return story


def _with_lost_create(run: Run, dice: Dice) -> Run:
    """A run that mostly follows soon, and whose first create may be answered by anything: there such an error
    comes after the group was made, more often than elsewhere."""
    if dice.random() < 0.4:
        lost = Event("fault", "method", "create_group", 1, True, dice.getrandbits(32))
        run = replace(run, events=(*run.events, lost))
    return replace(run, after=min(run.after, dice.choice((0.1, 1.0, 5.0, 3600.0))))


def _keep_to(can: Capabilities, fields: Fields) -> None:
    """Ask for nothing that the service cannot do."""
    for key, may_go in (("description", can.no_description), ("icon", can.no_icon)):
        if not may_go and key in fields and fields[key] is None:
            del fields[key]


def _event_at_gateway(event: Event, dice: Dice, can: Capabilities) -> Event:
    """An event as it was, or at a call that is made at a gateway alone, or a cache that forgets a group."""
    if event.where == "method" and dice.random() < 0.3:
        own = "refresh_list" if can.refreshes else "create_group"
        event = replace(
            event, method=dice.choice(("add_participants", "add_participants", own, "find_person"))
        )
    forgets = event.kind == "edit" and dice.random() < 0.3 and can.refreshes
    return replace(event, kind="forget") if forgets else event


def _step(story: Story, manifests: dict[str, Fields], dice: Dice, key: str) -> None:
    """A run, after what may come before it."""
    first = key == "step1"
    if not first and dice.random() < 0.65:
        name = dice.choice(list(manifests))
        manifests[name] = _edited(name, manifests[name], dice, story)
        left = ("elisa",) if dice.random() < 0.4 else ()
        story.steps.append(Commit(_copied(manifests), left, f"{key}c"))
    if dice.random() < 0.35:
        count = dice.choice((1, 1, 2, 3))
        story.steps.append(Hands(tuple(_event("edit", dice, "any", 1) for _ in range(count)), f"{key}h"))
    if story.keeps and not first and dice.random() < 0.15:
        how = dice.choice(("lost", "lost", "older", "damaged"))
        story.steps.append(Lose(how, dice.getrandbits(32), f"{key}l"))  # type: ignore[arg-type]
    story.steps.append(_run(story, manifests, dice, key))


def _run(story: Story, manifests: dict[str, Fields], dice: Dice, key: str) -> Run:
    verb: Verb = "apply"
    if story.keeps and dice.random() < (0.1 if key == "step1" else 0.3):
        verb = dice.choice(("ready", "send", "send", "rotate", "rotate", "accept", "import"))
    if story.theme == "messages":
        verb = dice.choice(("send", "send", "rotate", "rotate", "apply"))
    beside = None
    if verb == "apply" and dice.random() < 0.04:
        beside = Run("apply", (), dice.uniform(0, 5), 0.0, (), dice.getrandbits(32), f"{key}b")
    return Run(
        verb=verb,
        events=_events(dice, story.theme),
        after=dice.choice(
            (0.1, 1.0, 5.0, 20.0) if story.theme == "create" else (0.1, 1.0, 5.0, 20.0, 90.0, 90.0, 3600.0)
        ),
        skew=dice.choice((0.0,) * 12 + (-40.0, 40.0, -7200.0, 7200.0)),
        names=tuple(name for name in manifests if dice.random() < 0.8),
        salt=dice.getrandbits(32),
        key=key,
        beside=beside,
    )


_KINDS: dict[str, int] = {
    "edit": 8,
    "fault": 10,
    "kill": 6,
    "kill_step": 3,
    "refuse_step": 1,
    "stop": 1,
    "clock": 1,
    "vanish": 1,
}

# What a call is named by where an event waits for it; the more often, the more there is to go wrong.
_METHODS: dict[str, int] = {
    "list_groups": 2,
    "get_group": 4,
    "get_icon": 1,
    "create_group": 6,
    "set_subject": 2,
    "set_icon": 2,
    "promote": 2,
    "demote": 2,
    "remove_participants": 2,
    "revoke_link": 5,
    "get_link": 3,
    "leave": 1,
    "send_to_person": 2,
}


_OF_THEME = {
    "create": ("create_group", "create_group", "list_groups"),
    "find": ("get_group", "get_group", "list_groups"),
    "link": ("revoke_link", "get_link"),
    "messages": ("send_to_person", "revoke_link", "get_link"),
}


def _events(dice: Dice, theme: str) -> tuple[Event, ...]:
    """Nothing, one thing at a write or anywhere, or many things."""
    kinds = dice.choices(list(_KINDS), list(_KINDS.values()), k=12)
    style = dice.random()
    if theme in _OF_THEME and style < 0.5:
        event = _event(kinds[0], dice, "method", dice.choice((1, 1, 1, 2, 3)))
        if theme in ("create", "link") and dice.random() < 0.5:  # the answer never comes
            event = replace(event, kind=dice.choice(("kill", "fault")), after=True)
        return (replace(event, method=dice.choice(_OF_THEME[theme])),)
    if style < 0.1:
        return ()
    if style < 0.35:
        return (_event(kinds[0], dice, "write", dice.choice((1, 1, 1, 2, 2, 3, 4))),)
    if style < 0.5:
        return (_event(kinds[0], dice, "any", dice.randint(1, 12)),)
    if style < 0.62:  # most writes of the run
        return tuple(_event(kind, dice, "write", n) for n, kind in enumerate(kinds[:6], 1))
    if style < 0.8:
        return tuple(_event(kind, dice, "method", dice.choice((1, 1, 1, 2, 2, 3))) for kind in kinds[:2])
    writes = [n for n in range(1, 8) if dice.random() < 0.25]
    calls = [n for n in range(1, 25) if dice.random() < 0.08]
    return (
        *(_event(kind, dice, "write", n) for kind, n in zip(kinds[:6], writes, strict=False)),
        *(_event(kind, dice, "any", n) for kind, n in zip(kinds[6:], calls, strict=False)),
    )


def _event(kind: str, dice: Dice, where: str, nth: int) -> Event:
    return Event(
        kind=kind,  # type: ignore[arg-type]
        where=where,  # type: ignore[arg-type]
        method=dice.choices(list(_METHODS), list(_METHODS.values()))[0],
        nth=nth,
        after=dice.random() < 0.5,
        salt=dice.getrandbits(32),
    )


def _copied(manifests: dict[str, Fields]) -> dict[str, Fields]:
    return {name: dict(fields) for name, fields in manifests.items()}


# Manifests


def _people(dice: Dice, most: int) -> list[str]:
    return dice.sample(("ana", "bruno", "carlos", "dora", "fabio"), dice.randint(0, most))


def _manifest(name: str, dice: Dice, keeps: bool) -> Fields:
    fields: Fields = {"subject": name.capitalize()}
    if dice.random() < 0.8:
        fields["admins"] = _people(dice, 3)
    if dice.random() < 0.4:
        fields["members"] = _people(dice, 3)
        if dice.random() < 0.5:
            fields["prune_members"] = True
    if keeps and dice.random() < 0.4:
        fields["link_version"] = 1
    if dice.random() < 0.4:
        fields["icon"] = dice.choice((*PICTURES, None))
    return fields


def _edited(name: str, fields: Fields, dice: Dice, story: Story) -> Fields:
    """Another version of a manifest."""
    new, keeps = dict(fields), story.keeps
    if story.theme == "link" and dice.random() < 0.7:
        new["link_version"] = int(str(new.get("link_version", 0))) + 1
        return new
    match dice.choices(
        ("subject", "admins", "members", "link", "icon", "hold", "ensure", "all"), (2, 4, 2, 5, 2, 1, 1, 2)
    )[0]:
        case "subject":
            old = str(new["subject"])
            new["previously"] = [*new.get("previously", []), old]  # type: ignore[misc]
            new["subject"] = f"{name.capitalize()} {len(new['previously']) + 1}"  # type: ignore[arg-type]
        case "admins":
            new["admins"] = _people(dice, 3)
        case "members":
            new["members"] = _people(dice, 3)
            new["prune_members"] = dice.random() < 0.6
        case "link" if keeps:
            new["link_version"] = int(str(new.get("link_version", 0))) + 1
        case "icon":
            new["icon"] = dice.choice((*PICTURES, None))
        case "hold":
            new["hold"] = {"reason": "campaign", "until": "2027-01-01"}
            if "hold" in fields:
                del new["hold"]
        case "ensure":
            new["ensure"] = dice.choice(("left", "closed"))
        case _:
            new = _manifest(name, dice, keeps) | {
                key: fields[key] for key in ("previously", "subject", "link_version") if key in fields
            }
    return new


# Live groups


def crowd(dice: Dice, most: int) -> list[str]:
    """Ids as the service lists them, no two of them of one person (or hardly ever)."""
    found = [dice.choice(ids) for _, ids in PEOPLE.values() if dice.random() < 0.5]
    found += [each for each in (*STRANGERS, BRUNO_BEFORE) if dice.random() < 0.25]
    if dice.random() < 0.02:
        found += PEOPLE["ana"][1]
    dice.shuffle(found)
    return list(dict.fromkeys(found))[:most]


def _seeded(name: str | None, fields: Fields, dice: Dice, key: str) -> Seeded:
    people = crowd(dice, 6)
    subject = str(fields.get("subject", f"Other {dice.randint(1, 3)}"))
    if name is not None and dice.random() < 0.25:
        subject = dice.choice(("Something else", f" {subject}"))
    foreign = dice.random() < (0.08 if name is not None else 0.5)
    return Seeded(
        name=name,
        subject=subject,
        creator=dice.choice(STRANGERS) if foreign else ACCOUNT,
        account="admin" if not foreign or dice.random() < 0.7 else "member",
        participants=tuple(people),
        admins=tuple(each for each in people if dice.random() < 0.45),
        icon=dice.choice((None, None, *PICTURES)),
        bound=name is not None and (dice.random() < 0.6 or subject == "Something else" or foreign),
        key=key,
    )
