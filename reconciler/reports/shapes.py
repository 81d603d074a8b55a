"""What a view holds: plain frozen data with nothing left to redact. Made by the views, read by formats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.model.acceptance import AcceptField, AcceptStatus
from reconciler.model.attribution import CauseOfChange, SettingName
from reconciler.model.change import ChangeKind
from reconciler.model.drift import Cause, DriftStatus, FieldName
from reconciler.model.finding import Check, Verdict
from reconciler.model.imported import ImportStatus
from reconciler.model.invitation import InviteStatus
from reconciler.model.listing import Role
from reconciler.model.outcome import Status
from reconciler.model.plan import Action


@dataclass(frozen=True, slots=True)
class PictureView:
    """An icon, as far as it is known: of a live one not more than `sha256` and `size` (bytes) can be.

    Of one on record `sha256` is that of the file, `served` that of what the server made of it, and `size`
    is of the latter.
    """

    file: str | None = None
    sha256: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    mime: str | None = None
    served: str | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """`who` is an alias, a masked number or `account`."""

    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change. `before` and `after` are what the kind says: subjects, pictures, link versions, an id.

    `cause` is known where the plan was compared with a base. A change of people that has two causes is then
    two changes of one kind, this change's before the other's.
    """

    kind: ChangeKind
    before: str | int | PictureView | None = None
    after: str | int | PictureView | None = None
    people: tuple[PersonView, ...] = ()
    cause: CauseOfChange | None = None


@dataclass(frozen=True, slots=True)
class AdminView:
    who: str
    creator: bool = False


@dataclass(frozen=True, slots=True)
class InviteView:
    person: str
    role: Literal["admin", "member"]
    cause: CauseOfChange | None = None


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group of a plan. `admins_after` is None where admins stay as they are or nobody knows them.

    With a base, `cause` is `this_change` where any change is, or where this change made it blocked, missing
    and so on; it is None where nothing would be done.
    """

    name: str
    id: str | None
    file: str | None
    line: int | None
    action: Action
    changes: tuple[ChangeView, ...] = ()
    withheld: tuple[ChangeView, ...] = ()
    admins_after: tuple[AdminView, ...] | None = None
    to_invite: tuple[InviteView, ...] = ()
    notes: tuple[str, ...] = ()
    notices: int = 0
    cause: CauseOfChange | None = None


@dataclass(frozen=True, slots=True)
class ObjectionView:
    code: str
    message: str
    groups: tuple[str, ...]
    lifted_by: str | None
    liftable: bool
    cause: CauseOfChange | None = None


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting that this change would change: `name` is the guard's key or the alias. Empty: not set."""

    setting: SettingName
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DroppedView:
    """What the base would do about a name, and this change calls off."""

    name: str
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """What one cause contributes: groups by what it does to them or has made of them (a group with two causes
    counts for both), single changes, and people to invite."""

    create: int = 0
    adopt: int = 0
    update: int = 0
    leave: int = 0
    blocked: int = 0
    missing: int = 0
    orphaned: int = 0
    held: int = 0
    unreadable: int = 0
    changes: int = 0
    invites: int = 0

    @property
    def changed(self) -> int:
        """Groups that would be changed."""
        return self.create + self.adopt + self.update + self.leave


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseView:
    """What a plan was compared with. `loaded` is False where the base's manifests could not be used; `notes`
    say why, and what else to know of the comparison."""

    ref: str
    commit: str
    loaded: bool
    this_change: ShareView
    before: ShareView
    settings: tuple[SettingView, ...] = ()
    dropped: tuple[DroppedView, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnmanagedView:
    id: str
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """Groups by action (`unchanged` is `none`), people to invite, and notices that members will see."""

    create: int
    adopt: int
    update: int
    leave: int
    unchanged: int
    blocked: int
    missing: int
    orphaned: int
    held: int
    unreadable: int
    unmanaged: int
    invites: int
    notices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    complete: bool
    digest: str
    summary: PlanSummary
    groups: tuple[GroupView, ...]
    objections: tuple[ObjectionView, ...]
    unmanaged: tuple[UnmanagedView, ...]
    notes: tuple[str, ...]
    ready_only: bool = False
    base: BaseView | None = None


@dataclass(frozen=True, slots=True)
class ProblemView:
    code: str
    message: str
    hint: str
    retry: bool


@dataclass(frozen=True, slots=True)
class OutcomeView:
    change: ChangeView
    status: Status
    problem: ProblemView | None = None


@dataclass(frozen=True, slots=True)
class GroupOutcomeView:
    name: str
    id: str | None
    action: Action
    outcomes: tuple[OutcomeView, ...] = ()
    to_invite: tuple[InviteView, ...] = ()
    notes: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySummary:
    """Changes by what became of them, and groups that could not be or were not to be changed."""

    done: int
    failed: int
    skipped: int
    unknown: int
    blocked: int
    missing: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyView:
    """`bind` holds names with whole ids: groups of our own that a lost state would have to find again."""

    complete: bool
    interrupted: bool
    summary: ApplySummary
    groups: tuple[GroupOutcomeView, ...]
    objections: tuple[ObjectionView, ...]
    notes: tuple[str, ...]
    unsaved: ProblemView | None = None
    bind: tuple[tuple[str, str], ...] = ()
    ready_only: bool = False


@dataclass(frozen=True, slots=True)
class PersonDriftView:
    """Somebody who differs: what an apply would do, why, and who moved."""

    who: str
    change: Literal["promote", "demote", "remove"]
    reason: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDriftView:
    """One field that differs. People are sorted labels; `recorded` tells whether `last_applied` is known."""

    field: FieldName
    desired: str | int | tuple[str, ...] | PictureView | None
    last_applied: str | int | tuple[str, ...] | PictureView | None
    live: str | int | tuple[str, ...] | PictureView | None
    cause: Cause
    recorded: bool
    people: tuple[PersonDriftView, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDriftView:
    """`restore` is the command that makes the group as its manifest says, where one would."""

    name: str
    id: str | None
    file: str | None
    line: int | None
    status: DriftStatus
    fields: tuple[FieldDriftView, ...]
    notes: tuple[str, ...]
    restore: str | None = None
    accept: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummary:
    """Groups by status, and live groups without a manifest."""

    in_sync: int
    drifted: int
    pending: int
    missing: int
    blocked: int
    held: int
    unreadable: int
    unmanaged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftView:
    in_sync: bool
    complete: bool
    summary: DriftSummary
    groups: tuple[GroupDriftView, ...]
    unmanaged: tuple[UnmanagedView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentView:
    """When somebody was last sent a link, and how many times; `status` as in `model.record.Sent`."""

    at: datetime
    times: int
    status: str


@dataclass(frozen=True, slots=True)
class InviteeView:
    """Somebody to invite: the full number with its `+`; `left` where they joined before and have left;
    `since` when they are known to be missing; `sent` where a link was sent."""

    number: str
    contact: str | None
    name: str | None
    role: Literal["admin", "member"]
    left: bool = False
    since: datetime | None = None
    sent: SentView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInvitesView:
    """One group with the whole link, None where `status` is not `ready`, and then `notes` say why."""

    name: str
    id: str | None
    subject: str | None
    status: InviteStatus
    link: str | None
    people: tuple[InviteeView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitesSummary:
    """`people` to invite to `groups` that have a link; `without_link`: groups that have none; `left_out`: how
    often somebody joined a group, left it, and is not named for that."""

    people: int
    groups: int
    without_link: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitesView:
    """`all_read` is False where not everything that had to be read was read, `complete` also where a link
    could not be had."""

    complete: bool
    all_read: bool
    summary: InvitesSummary
    groups: tuple[GroupInvitesView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedView:
    """One live group. `people` and `admins` are labels; `owner` is the name it is known by, and without a
    `file` that name's manifest is gone. `role` is the account's, None where nobody knows.

    Of a group that could not be read `subject` is None, and `notes` say why.
    """

    id: str
    subject: str | None
    people: tuple[str, ...]
    admins: tuple[str, ...]
    role: Role | None
    can_promote: tuple[str, ...]
    owner: str | None
    file: str | None
    line: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSummary:
    """Counts over the groups that are shown, but for `total`."""

    total: int
    shown: int
    unmanaged: int
    not_admin: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """`account` is who we are, None where nobody knows; `guessed`: it is not configured, only probable."""

    complete: bool
    account: str | None
    guessed: bool
    summary: ListSummary
    groups: tuple[ListedView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedView:
    """One group of an import; `file` and `icon` are what was written. `bound`: it is in state now."""

    id: str
    status: ImportStatus
    subject: str | None
    name: str | None
    file: str | None
    icon: str | None
    remarks: tuple[str, ...]
    problem: ProblemView | None
    bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """Groups by what became of them, and people added to the contacts."""

    imported: int
    skipped: int
    failed: int
    unreadable: int
    not_begun: int
    contacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """`dry_run`: nothing was written. `contacts` is the file that people were added to."""

    complete: bool
    dry_run: bool
    interrupted: bool
    summary: ImportSummary
    groups: tuple[ImportedView, ...]
    contacts: str | None
    unsaved: ProblemView | None
    refused: ProblemView | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file of an acceptance. `diff` are the lines of a unified one, without its head; of a picture `before`
    and `after` are sizes in bytes."""

    path: str
    new: bool
    picture: bool
    diff: tuple[str, ...]
    before: int | None
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedView:
    """One group: `fields` went into its manifest; `left` is what could not, in words."""

    name: str
    id: str | None
    status: AcceptStatus
    fields: tuple[AcceptField, ...]
    notes: tuple[str, ...]
    left: tuple[str, ...]
    problem: ProblemView | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """One thing that was looked at; `hint` says how to mend it, where there is something to mend."""

    check: Check
    verdict: Verdict
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorView:
    """An examination. `healthy`: no problem was found, but maybe warnings."""

    healthy: bool
    problems: int
    warnings: int
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptView:
    """`complete` is False where something could not be read."""

    complete: bool
    interrupted: bool
    groups: tuple[AcceptedView, ...]
    files: tuple[FileView, ...]
    failed: ProblemView | None
    unsaved: ProblemView | None
