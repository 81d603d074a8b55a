"""What a view holds: plain frozen data with nothing left to redact. Made by the views, read by formats.

Here is what the views of several verbs are made of; a verb's own shapes are in `<verb>_shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.report.model import Problem

if TYPE_CHECKING:
    from reconciler.model.change import ChangeKind
    from reconciler.model.plan import CauseOfChange


ProblemView = Problem


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
class InviteView:
    person: str
    role: Literal["admin", "member"]
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
class UnmanagedView:
    id: str
    subject: str | None
