"""Plays a story: every run is a process of its own, with nothing of an earlier one but what was durable."""

from __future__ import annotations

import json
import random
import traceback
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

from reconciler import pictures
from reconciler.cli import exits
from reconciler.errors import Exit, ReconcilerError
from reconciler.manifests.files import Tree
from reconciler.manifests.icons import ManifestIconFiles
from reconciler.manifests.load import Loaded, LoadOptions, load
from reconciler.model import number
from reconciler.model.adoption import AcceptRequest, ImportRequest
from reconciler.model.plan import Plan
from reconciler.model.record import State
from reconciler.model.settings import GUARD_CODES
from reconciler.operations.accept import ManifestFiles, accept
from reconciler.operations.apply import apply, promote
from reconciler.operations.import_ import import_groups
from reconciler.operations.people import InviteFilter, rotate_links, send_invites
from reconciler.planning.options import Options
from reconciler.ports import Journal, WritePorts
from reconciler.state.memory import MemoryJournal
from tests.apply.world import Quiet, picture, reencoded
from tests.fakes import ACCOUNT, FakeGroup
from tests.simulation.places import Kept, MemoryOutput, MemoryStore, MemoryTree
from tests.simulation.schedule import Greenlets, Killed, Scheduler
from tests.simulation.service import Event, Process, Service, short
from tests.simulation.story import (
    CALLED,
    NAMES,
    PEOPLE,
    STRANGERS,
    Commit,
    Fields,
    Gateway,
    Hands,
    Lose,
    Run,
    Story,
    crowd,
)

BASE_URL = "https://api.example"
COLOURS = {"red": "teal", "blue": "navy", "other": "olive"}


@cache
def icon_bytes(name: str) -> bytes:
    return picture(COLOURS[name])


@cache
def known_hashes() -> frozenset[str]:
    return frozenset(
        pictures.sha256(data) for name in COLOURS for data in (icon_bytes(name), reencoded(icon_bytes(name)))
    )


@dataclass
class Ran:
    """What became of one run. `plan` is the one that was approved, at `approved`; `loaded` what the files
    said; `before` the durable state when it began, `after` what its journal held in the end."""

    run: Run
    process: Process
    began: float
    loaded: Loaded | None = None
    plan: Plan | None = None
    approved: float = float("inf")
    before: State = field(default_factory=State)
    after: State | None = None
    exit: Exit | None = None
    error: ReconcilerError | None = None
    bug: str = ""
    killed: bool = False
    ended: float = 0.0
    result: object = None
    quiet: bool = False
    unlisted: frozenset[str] = frozenset()  # of which the gateway's cache knew nothing then
    locked: bool = False  # it had the lock


@dataclass
class Loss:
    """The state was lost or set back: at `at`, from what was durable to what is."""

    at: float
    before: State
    after: State


class Play:
    """One story, played to its end; `omit` are the keys of what is left out."""

    def __init__(self, story: Story, omit: Collection[str] = ()) -> None:
        self.story = story
        self.omit = frozenset(omit)
        self.lines: list[str] = []
        self.scheduler = Scheduler()
        self.keeps = story.keeps
        self.lag = 0.0 if "lag" in self.omit else story.lag
        self.list_lag = self.lag if "list_lag" in self.omit else max(story.list_lag, self.lag)
        self.people = Process(0, "people", self.scheduler, (), story.seed, self.say)
        self.service = Service(
            self.scheduler,
            self.people.clock,
            lag=self.lag,
            list_lag=self.list_lag,
            store=reencoded if story.reencodes else bytes,
            edit=self.edit,
            backend=story.gateway.backend if story.gateway is not None else "sinch",
        )
        self.service.pictures = {}
        if story.gateway is not None:
            self._set_up(story.gateway)
        self.kept = Kept()
        self.files: dict[str, bytes] = {
            f"groups/icons/{name}.png": icon_bytes(name) for name in ("red", "blue")
        }
        self.ran: list[Ran] = []
        self.losses: list[Loss] = []
        self.meant: dict[str, set[str]] = {name: set() for name in NAMES}  # groups from before, by name
        self.counts: Counter[str] = Counter()

    def _set_up(self, gateway: Gateway) -> None:
        """How the gateway lists people, and what they answer."""
        service = self.service
        service.lists_new = gateway.lists_new
        if "hidden" not in self.omit:
            service.hidden = dict(gateway.hidden)
            service.told = set(gateway.told)
            service.lids = {gateway.hidden[each]: each for each in gateway.looked_up}
            known = gateway.told | gateway.looked_up | gateway.in_contacts
            service.known = {gateway.hidden[each]: each for each in known}
        if "refusals" not in self.omit:
            service.refusals = dict(gateway.refusals)
        if "known_as" not in self.omit:
            service.known_as = dict(gateway.known_as)
        for what in ("hidden", "refusals", "known_as"):
            self.say(f"gateway, {what}: {getattr(service, what)}")
        self.say(f"gateway, known: {service.known}")

    def say(self, line: str) -> None:
        self.lines.append(f"{self.scheduler.now:9.2f}  {line}")

    # The story

    def play(self) -> None:
        self._seed_groups()
        for step in self.story.steps:
            if step.key in self.omit:
                continue
            match step:
                case Commit():
                    self._commit(step)
                case Run():
                    self.scheduler.now += step.after
                    self._run(step)
                case Lose():
                    self._lose(step)
                case Hands():
                    for n, event in enumerate(step.events):
                        if f"{step.key}.{n}" not in self.omit:
                            self.say(f"people: {self.edit(event, None)}")
        self.scheduler.now += 70.0 + self.lag
        service = self.service
        service.refusals = {each: code for each, code in service.refusals.items() if code in (403, 417, 408)}
        for n in (1, 2, 3) if service.gateway else (1, 2):
            self.say(f"quiet run {n}")
            self._run(Run("apply", (), 0.0, 0.0, (), n, f"quiet{n}"), quiet=True)
            self.scheduler.now += 70.0

    def _seed_groups(self) -> None:
        service, state = self.service, State(base_url=BASE_URL)
        journal = MemoryJournal(state)
        for seeded in self.story.seeded:
            if seeded.key in self.omit or (seeded.name and f"name:{seeded.name}" in self.omit):
                continue
            group_id = service.seed(
                seeded.subject,
                creator=seeded.creator,
                participants=seeded.participants,
                admins=seeded.admins,
                account=seeded.account,
                icon=None if seeded.icon is None else service.store(icon_bytes(seeded.icon)),
            )
            if self.story.gateway is not None and "ownerless" not in self.omit:
                odds = random.Random(f"{self.story.gateway.salt} {seeded.key}").random()
                service.ownerless |= {group_id} if odds < self.story.gateway.ownerless else set()
            if seeded.name is not None:
                self.meant[seeded.name].add(group_id)
                if seeded.bound and self.keeps:
                    journal.created(seeded.name, group_id, self.people.clock.now())
            bound = "bound" if seeded.bound and self.keeps else "unbound"
            self.say(
                f"there is {self._describe(service.now[group_id])}, for {seeded.name or 'nobody'}, {bound}"
            )
        if journal.state.groups:
            self.kept.save(replace(journal.state, created=(), serial=1))

    def _describe(self, group: FakeGroup) -> str:
        live = group.live
        names = [CALLED.get(each, each) + ("*" if each in live.admins else "") for each in live.participants]
        creator = CALLED.get(live.creator or "", live.creator)
        return f"{short(live.id)} {live.subject!r} by {creator}: {' '.join(names)}"

    def _commit(self, step: Commit) -> None:
        contacts = {
            alias: {
                "numbers": [f"+{digits}" for digits in numbers],
                **({"left": "2026-01-01"} if alias in step.left else {}),
                **self._lids_of(ids),
            }
            for alias, (numbers, ids) in PEOPLE.items()
        }
        self.files["contacts.yaml"] = json.dumps({"people": contacts}).encode()
        config = {
            "account": f"+{ACCOUNT}",
            "backend": self.service.can.name,
            "api": {
                "retries": self.story.retries,
                "concurrency": self.story.width,
                "write_concurrency": self.story.width,
            },
            "state": "file:.reconciler/state.json" if self.keeps else "none",
        }
        self.files["reconciler.yaml"] = json.dumps(config).encode()
        for name in NAMES:
            fields = step.manifests.get(name)
            path = f"groups/{name}.yaml"
            if fields is None or f"name:{name}" in self.omit:
                self.files.pop(path, None)
                continue
            kept = {
                key: value for key, value in fields.items() if f"{step.key}.{name}.{key}" not in self.omit
            }
            text = _yaml(kept)
            if self.files.get(path) != text:
                self.files[path] = text
                self.say(f"commit {name}: {' · '.join(text.decode().splitlines())}")
        self.say(f"contacts: {', '.join(step.left) or 'nobody'} left")

    def _lids_of(self, ids: tuple[str, ...]) -> dict[str, list[str]]:
        """What contacts say of the ids that hide somebody's number."""
        gateway = self.story.gateway
        known = (
            []
            if gateway is None or "hidden" in self.omit
            else [each for each in ids if each in gateway.in_contacts]
        )
        return {"lids": [gateway.hidden[each] for each in known]} if gateway is not None and known else {}

    def _lose(self, step: Lose) -> None:
        before = self._durable()
        if step.how == "older" and self.kept.past:
            older = random.Random(step.salt).choice(self.kept.past[-6:])
            self.kept.state = older
            self.kept.bytes = None
            self.say(f"the state is set back to serial {older.serial}")
        elif step.how == "damaged":
            self.kept.put(b'{"format_version": 1, "groups": {')
            self.say("the state is damaged; a run finds that out, and it is set aside")
            self._run(Run("apply", (), 0.0, 0.0, (), step.salt, f"{step.key}d"))
            self.kept.put(None)
        else:
            self.kept.put(None)
            self.say("the state is lost")
        self.counts[f"state_{step.how}"] += 1
        self.losses.append(Loss(self.scheduler.now, before, self._durable()))

    def _durable(self) -> State:
        return self.kept.state or State(base_url=BASE_URL)

    # Other people

    def edit(self, event: Event, group_id: str | None) -> str:
        """What other people do, mostly in the group that a call is about."""
        dice = random.Random(event.salt)
        service = self.service
        ids = [each for each in service.now if not service.now[each].hidden]
        if not ids or dice.random() < 0.06:
            return self._another(dice)
        if group_id not in service.now or dice.random() < 0.25:
            group_id = dice.choice(ids)
        assert group_id is not None
        live = service.group(group_id)
        place = short(group_id)
        others = [each for each in live.participants if each not in (ACCOUNT, live.creator)]
        chosen = dice.choice(others) if others else None
        who = CALLED.get(chosen or "", chosen)
        self.counts["edits"] += 1
        match dice.choice(
            ("rename", "promote", "demote", "join", "join", "leave", "remove", "icon", "link", "us")
        ):
            case "rename":
                subject = dice.choice(("Renamed", "By hand", *(name.capitalize() for name in NAMES)))
                service.set_subject(group_id, subject)
                return f"somebody renames {place} to {subject!r}"
            case "promote" if chosen:
                service.promote(group_id, chosen)
                return f"somebody promotes {who} in {place}"
            case "demote" if chosen and chosen in live.admins:
                service.demote(group_id, chosen)
                return f"somebody demotes {who} in {place}"
            case "leave" | "remove" if chosen:
                service.leave(group_id, chosen)
                return f"{who} leaves {place}"
            case "icon":
                name = dice.choice(("other", "red", None))
                if service.gateway:  # where none is shown any more nobody can go on by themselves
                    name = name or "other"
                service.set_icon(group_id, None if name is None else icon_bytes(name))
                return f"somebody sets the icon of {place} to {name}"
            case "link":
                service.put(replace(service.now[group_id], link=None))
                return f"somebody resets the link of {place}"
            case "us" if live.creator != ACCOUNT and ACCOUNT in live.admins and dice.random() < 0.5:
                service.demote(group_id, ACCOUNT)
                return f"somebody demotes US in {place}"
            case _:
                new = [each for each in crowd(dice, 9) if number.key(each) not in live.participant_keys]
                if not new:
                    return "nobody does anything"
                service.join(group_id, new[0])
                return f"{CALLED[new[0]]} joins {place}"

    def _another(self, dice: random.Random) -> str:
        """Somebody makes a group of the same subject, with the account in it."""
        service = self.service
        subject, creator = dice.choice(NAMES).capitalize(), dice.choice(STRANGERS)
        group = service._new(subject, creator, (creator, ACCOUNT), (creator,))
        service.put(group)
        self.counts["edits"] += 1
        return f"{CALLED[creator]} makes a group {subject!r}, with US in it"

    # Runs

    def _run(self, step: Run, *, quiet: bool = False) -> None:
        ran = self._start(step, 0.0, quiet)
        if step.beside is not None and step.beside.key not in self.omit:
            self.counts["two_at_once"] += 1
            self._start(step.beside, step.beside.after, quiet)
        self.scheduler.play()
        for each in self.ran:
            if not each.ended:
                each.bug = each.bug or "it never ended"
        assert ran.ended or ran.bug

    def _start(self, step: Run, after: float, quiet: bool) -> Ran:
        events = tuple(event for n, event in enumerate(step.events) if f"{step.key}.{n}" not in self.omit)
        number = len(self.ran) + 1
        process = Process(
            number,
            step.verb,
            self.scheduler,
            events,
            step.salt,
            lambda line: self.say(f"#{number} {line}"),
            0.0 if f"{step.key}.skew" in self.omit else step.skew,
        )
        ran = Ran(
            step, process, self.scheduler.now + after, quiet=quiet, unlisted=frozenset(self.service.unlisted)
        )
        self.ran.append(ran)
        self.counts[f"run_{step.verb}"] += 1
        self.scheduler.spawn(process, lambda: self._process(ran), after)
        return ran

    def _process(self, ran: Ran) -> None:
        process = ran.process
        skew = f", its clock wrong by {process.clock.skew:.0f} s" if process.clock.skew else ""
        process.say(f"{ran.run.verb} begins{skew}")
        try:
            ran.exit = self._verb(ran)
        except ReconcilerError as error:
            ran.error = error
            ran.exit = error.exit_code
        except Killed:
            ran.killed = True
        except Exception:  # noqa: BLE001  (judged)
            ran.bug = traceback.format_exc()
        ran.ended = self.scheduler.now
        for kind, count in process.struck.items():
            self.counts[kind] += count
        why = f": {ran.error.message}" if ran.error is not None else ""
        process.say("is dead" if ran.killed else "BUG" if ran.bug else f"ends {int(ran.exit or 0)}{why}")

    def _verb(self, ran: Ran) -> Exit:
        process, clock = ran.process, ran.process.clock
        tree = MemoryTree(self.files)
        now = clock.now()

        def reload(files: Tree) -> Loaded:
            return load(
                files,
                LoadOptions(
                    config_path=None,
                    today=date(2026, 11, 21),
                    need_manifests=False,
                    applied_icons=lambda _: known_hashes(),
                ),
            )

        ran.loaded = loaded = reload(tree)
        icon_files = ManifestIconFiles(tree)
        if any(event.kind == "vanish" for event in process.events):
            self._vanish(process, tree)
            icon_files = ManifestIconFiles(tree)
        options = Options(now=now, today=now.date(), allow=frozenset(GUARD_CODES), keeps_state=self.keeps)

        def approve(plan: Plan) -> bool:
            if plan.open_objections:
                process.say(f"objections: {' '.join(each.code for each in plan.open_objections)}")
                return False
            ran.plan, ran.approved = plan, clock.monotonic()
            return True

        with self._journal(process) as journal:
            ran.locked = True
            ran.before = journal.state
            try:
                ports = WritePorts(
                    reader=self.service.reader,
                    icon_files=icon_files,
                    clock=clock,
                    progress=Quiet(),
                    workers=Greenlets(self.scheduler),
                    writer=self.service.writer,
                    journal=journal,
                )
                match ran.run.verb:
                    case "apply":
                        result = apply(
                            loaded, options, ports, plan_key=b"key", saved_plan=None, approve=approve
                        )
                        code = exits.of_apply(result)
                        self._tell_apply(process, result)
                    case "ready":
                        result = promote(loaded, options, ports, appeared=None, approve=approve)
                        code = exits.of_apply(result, ready=True)
                        self._tell_apply(process, result)
                    case "send":
                        result = send_invites(
                            loaded,
                            options,
                            ports,
                            whom=InviteFilter(),
                            settings=loaded.settings.invites,
                            unknown="hold",
                            approve=lambda letters, others: True,
                        )
                        code = exits.of_sending(result)
                    case "rotate":
                        names = [name for name in ran.run.names if name in journal.state.groups]
                        result = rotate_links(names, ports, approve=lambda: True)
                        code = exits.of_rotations(result)
                    case "accept":
                        files = ManifestFiles(tree, MemoryOutput(self.files), reload)
                        result = accept(
                            loaded,
                            journal.state,
                            options,
                            ports.read_only(),
                            files=files,
                            request=AcceptRequest(),
                            approve=lambda result: True,
                        )
                        code = exits.of_accept(result)
                    case "import":
                        fields = frozenset({"subject", "admins", "members"})
                        result = import_groups(
                            loaded,
                            journal,
                            options,
                            ports.read_only(),
                            tree=tree,
                            output=MemoryOutput(self.files),
                            request=ImportRequest(everything=True, fields=fields),
                        )
                        code = exits.of_import(result)
            finally:
                ran.after = journal.state
            ran.result = result
        return code

    def _tell_apply(self, process: Process, result: object) -> None:
        for group in result.groups:  # type: ignore[attr-defined]
            told = " ".join(
                f"{each.change.kind}={each.status}" + (f"({each.problem.code})" if each.problem else "")
                for each in group.outcomes
            )
            action = "" if group.action == "none" else f"{group.action} "
            if action or told:
                process.say(f"  {group.name}: {action}{told}")

    @contextmanager
    def _journal(self, process: Process) -> Iterator[Journal]:
        if self.keeps:
            store = MemoryStore(self.kept, BASE_URL, process.step)
            with store.lock(timeout=0, clock=process.clock, holder=f"#{process.number}") as journal:
                yield journal
        else:
            yield _Alone(process)

    def _vanish(self, process: Process, tree: MemoryTree) -> None:
        """A picture goes away once it was checked."""
        tree.files = {path: data for path, data in self.files.items() if not path.endswith(".png")}
        process.struck["vanish"] += 1
        process.say("    ‖ the pictures vanish from the disk")


class _Alone(MemoryJournal):
    """For `state: none`; its steps are kill points all the same."""

    def __init__(self, process: Process) -> None:
        super().__init__(State(base_url=BASE_URL))
        self._process = process

    def _save(self, version: int) -> None:
        if self._process.dead:
            raise Killed


def _yaml(fields: Fields) -> bytes:
    lines = []
    for key, value in fields.items():
        said = f"icons/{value}.png" if key == "icon" and value is not None else value
        lines.append(f"{key}: {json.dumps(said)}")
    return ("\n".join(lines) + "\n").encode()
