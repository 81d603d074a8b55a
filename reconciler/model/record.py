"""State: what earlier runs recorded. A cache, never the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from reconciler.model.group import PERMISSIONS, Permission, Value, ValueName, values_of


@dataclass(frozen=True, slots=True)
class IconRecord:
    """The picture last applied (`source`, SHA-256 of the file) and what was served after that.

    `served` is the SHA-256 of the served bytes; `url` is without query; `length` as the API says, in bytes.
    Of a group that was left without an icon there is no such record; `Applied.icon` says so.
    """

    source: str
    served: str
    url: str
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was last applied or found as wanted; None where a field was not managed.

    `icon` is the SHA-256 of the source, "" for no icon, as `description` is; people are aliases, else digits.
    """

    subject: str | None = None
    icon: str | None = None
    admins: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None
    description: str | None = None
    permissions: Mapping[Permission, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[ValueName, Value]) -> Applied:
        """Return one of texts and permissions alone."""
        subject, description = values.get("subject"), values.get("description")
        return cls(
            subject=subject if isinstance(subject, str) else None,
            description=description if isinstance(description, str) else None,
            permissions={name: values[name] for name in PERMISSIONS if name in values},
        )

    def values(self) -> dict[ValueName, Value]:
        """Return the texts and permissions that were managed."""
        return values_of(self.subject, self.description, self.permissions)


DAY = timedelta(hours=24)

CHANGES = "+changes"
"""What follows a commit in `State.commit`, and wherever one is shown, whose files were not as it has them."""


def short_commit(commit: str, length: int = 10) -> str:
    """The first characters of a commit, and whether there were changes on top of it."""
    name = commit.removesuffix(CHANGES)
    return f"{name[:length]}{commit[len(name) :]}"


@dataclass(frozen=True, slots=True)
class Sent:
    """When a person was last sent the link of a group, and how many times; times are UTC.

    `status`: `sent`; `sending`, which is written before the message goes out, and stays where the process
    died; `unknown`, after an unclear answer; `reset`, once the link was revoked: `at` is then of the old
    link, and `times` is 0. `earlier` are the times of other messages in the 24 hours before `at`; `message`
    is the correlation id under which the last one was sent, `link` the digest of the link in it
    (`model.messages.digest`), "" where that is not on record.
    """

    at: datetime
    times: int = 1
    status: str = "sent"
    earlier: tuple[datetime, ...] = ()
    message: str = ""
    link: str = ""

    @property
    def unclear(self) -> bool:
        """Whether nobody knows if the last message arrived."""
        return self.status in ("sending", "unknown")

    def reset(self) -> Sent:
        """After the link was revoked: whoever was sent the old one is due again, whatever became of it."""
        return replace(self, times=0, status="reset", message="")

    def next(self, at: datetime, message: str, link: str = "") -> Sent:
        """With one more message about to be sent; `link` is the digest of the link in it."""
        earlier = tuple(time for time in (*self.earlier, self.at) if at - DAY < time < at)
        return Sent(at, self.times + 1, "sending", earlier, message, link)


@dataclass(frozen=True, slots=True)
class Revoking:
    """A revoke of the invite link that was begun: the link version that is wanted (None where it was asked
    for by hand, or where the group is being closed), the digest of the link that is to die ("" where there
    was no proper one), and when (UTC). That of a `closing` stays on record until the group is left."""

    version: int | None
    link: str
    at: datetime
    closing: bool = False


@dataclass(frozen=True, slots=True)
class StoredSubject:
    """The service keeps the subject `sent` in another form, `found`: seen once, and in sync since then."""

    sent: str
    found: str


@dataclass(frozen=True, slots=True)
class Left:
    """A group that was left on purpose: its id, when (UTC), and whether it was closed before."""

    id: str
    at: datetime
    how: Literal["left", "closed"] = "left"


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody who was to be added has decided: not to be added by others, so that they are invited
    (`invite`), as long as the group's wanted `people` (a digest) stay the same; or to leave (`left`)."""

    status: Literal["invite", "left"]
    people: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of one name. `joined`: wanted people who were seen in the group, as
    `planning.diff.joined_ref` writes them. `missing`: when the others were first seen to be missing, and
    `sent`: when they were sent the link, by that same text. `revoking`: a revoke of the link of which the
    end was not recorded. `decisions` are those of people who were to be added, `added` is when others were,
    in the last 24 h, both by that same text. `lids`: ids that hide the numbers of people whom the manifest
    names → the alias, else the digits. `stored`: the form in which the service keeps the subject last sent,
    where that is another."""

    id: str
    applied: Applied | None = None
    icon: IconRecord | None = None
    link_version: int | None = None
    joined: tuple[str, ...] = ()
    missing: Mapping[str, datetime] = field(default_factory=dict)
    sent: Mapping[str, Sent] = field(default_factory=dict)
    revoking: Revoking | None = None
    stored: StoredSubject | None = None
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    added: Mapping[str, datetime] = field(default_factory=dict)
    lids: Mapping[str, str] = field(default_factory=dict)

    def all_due(self) -> Record:
        """After the link was revoked: everybody who is pending is to be sent the new one."""
        return replace(self, sent={ref: sent.reset() for ref, sent in self.sent.items()})

    def revoked(self) -> Record:
        """Once another link than the one that was to die was seen: the version is applied, everybody who is
        pending is to be sent the new link, and what was begun has ended, unless the group is being closed."""
        if self.revoking is None:
            return self
        wanted = self.revoking.version
        version = self.link_version if wanted is None else max(wanted, self.link_version or 0)
        begun = self.revoking if self.revoking.closing else None
        return replace(self.all_due(), revoking=begun, link_version=version)

    def after_move(self, other: Record) -> Record:
        """With what another service's state has of the same name: people, whom both know by their numbers,
        and the version of the link, which is the group's. Of two messages to somebody the later counts, of
        one what the other state says of it."""
        sent = {
            ref: max(each, self.sent.get(ref, each), key=lambda one: one.at)
            for ref, each in other.sent.items()
        }
        return replace(
            self,
            link_version=self.link_version if other.link_version is None else other.link_version,
            joined=tuple(dict.fromkeys((*self.joined, *other.joined))),
            missing={**self.missing, **other.missing},
            sent={**self.sent, **sent},
            decisions={**self.decisions, **other.decisions},
            added={**self.added, **other.added},
            lids={**self.lids, **other.lids},
        )

    def with_sent(self, changes: Mapping[str, Sent | None]) -> Record:
        """With what became of messages; None where none was ever sent."""
        merged = {**self.sent, **changes}
        return replace(self, sent={ref: sent for ref, sent in merged.items() if sent is not None})


@dataclass(frozen=True, slots=True)
class Intent:
    """A create that was started: the subject sent, the ids listed just before, and when (UTC)."""

    subject: str
    listed: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything recorded for one API and account. `commit`: that of the manifests last applied, followed by
    `CHANGES` where not all was committed. `created`: times of creations of the last 24 h, UTC. `left`: the
    groups that were left on purpose, by the name that they had. `backend` and `account` (digits) say whose it
    is where the service tells that; the `base_url` of a gateway may change then."""

    base_url: str = ""
    serial: int = 0
    commit: str | None = None
    groups: Mapping[str, Record] = field(default_factory=dict)
    creating: Mapping[str, Intent] = field(default_factory=dict)
    created: tuple[datetime, ...] = ()
    left: Mapping[str, Left] = field(default_factory=dict)
    backend: str | None = None
    account: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every name of which something is recorded."""
        return frozenset((*self.groups, *self.creating, *self.left))

    def with_record(self, name: str, record: Record) -> State:
        """With what is now known of `name`; a create in progress under that name has ended, and that it was
        left before counts no more."""
        return replace(self.without(name), groups={**self.groups, name: record})

    def with_intent(self, name: str, intent: Intent) -> State:
        """With a create of `name` about to be sent."""
        return replace(self, creating={**self.creating, name: intent})

    def without_intent(self, name: str) -> State:
        """With no create in progress under `name`: it surely made nothing."""
        return replace(self, creating={key: value for key, value in self.creating.items() if key != name})

    def without(self, name: str) -> State:
        """With nothing known of `name`."""
        return replace(
            self,
            groups={key: value for key, value in self.groups.items() if key != name},
            creating={key: value for key, value in self.creating.items() if key != name},
            left={key: value for key, value in self.left.items() if key != name},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a run did, for those who read the history: `verb` the command, `counts` by what was done, `names`
    what was done to each name. No number of anybody is in it."""

    verb: str
    counts: tuple[tuple[str, int], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
