"""Drifts made by hand: together they hold every status, cause, field and kind of value there is."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.errors import Location
from reconciler.language import msg
from reconciler.model.drift import Cause, Drift, DriftStatus, FieldDrift, GroupDrift, PersonDrift
from reconciler.model.group import PERMISSIONS
from reconciler.model.live import LiveIcon
from reconciler.model.plan import Note, Unmanaged
from reconciler.model.record import IconRecord

from .samples import (
    ACCOUNT,
    ANA,
    BRUNO,
    CARLOS,
    DORA,
    DORA_OLD,
    INCOMPLETE,
    JOINED,
    LEFT,
    LEFT_AGAIN,
    LOGO,
    NOT_READ,
    OLD_ICON,
    STRANGER,
    UNLISTED,
    UNSEEN_ICON,
)
from .samples import ON_HOLD as BLACK_FRIDAY

FIRST_SEEN = datetime(2026, 11, 20, 2, 0, 30, tzinfo=UTC)
RECORDED = IconRecord(LOGO.sha256, "5e7d" + "0" * 60, "https://cdn.example/a.jpeg", 38_000)
NO_ICON_RECORDED = IconRecord("", "", "")


def subject(cause: Cause, desired: str, last: str | None, live: str | None) -> FieldDrift:
    return FieldDrift(
        field="subject",
        desired=desired,
        last_applied=last,
        live=live,
        cause=cause,
        recorded=last is not None,
    )


def group(
    name: str,
    status: DriftStatus,
    *fields: FieldDrift,
    group_id: str | None = "120363000000000001",
    notes: tuple[Note, ...] = (),
    since: datetime | None = None,
) -> GroupDrift:
    return GroupDrift(
        name=name,
        status=status,
        id=group_id,
        location=Location(f"groups/{name}.yaml", 1),
        fields=fields,
        notes=notes,
        as_wanted=status == "in_sync",
        since=since,
    )


SUPPORT = group(
    "suporte-campinas",
    "drifted",
    FieldDrift(
        field="admins",
        desired=(BRUNO, ANA),
        last_applied=("bruno", "ana", "carlos"),
        live=(BRUNO, CARLOS, STRANGER),
        cause="both",
        people=(
            PersonDrift(ANA, "promote", JOINED, "edited_outside"),
            PersonDrift(STRANGER, "demote", UNLISTED, "edited_outside"),
            PersonDrift(CARLOS, "demote", LEFT, "not_applied", has_left=True),
        ),
        since=FIRST_SEEN,
    ),
    subject("edited_outside", "Suporte Campinas", "Suporte Campinas", "Ofertas +55 19 98888-7777"),
    FieldDrift(
        field="icon",
        desired=LOGO,
        last_applied=RECORDED,
        live=OLD_ICON,
        cause="edited_outside",
        since=FIRST_SEEN,
    ),
    FieldDrift(field="link_version", desired=2, last_applied=1, live=None, cause="not_applied"),
    group_id=f"{STRANGER}-1513616971",
)
LOOKS = group(
    "vendas-sudeste",
    "drifted",
    subject("both", "Vendas Sudeste", "Vendas", "VENDAS!!"),
    FieldDrift(
        field="icon", desired=None, last_applied=NO_ICON_RECORDED, live=UNSEEN_ICON, cause="edited_outside"
    ),
)
UNRECORDED = group(
    "cliente-delta",
    "drifted",
    FieldDrift(
        field="admins",
        desired=(DORA, "5519970000001"),
        last_applied=None,
        live=(DORA_OLD, DORA),
        cause="unknown",
        recorded=False,
        people=(PersonDrift(DORA_OLD, "demote", UNLISTED, "unknown"),),
    ),
    FieldDrift(
        field="icon",
        desired=LOGO,
        last_applied=None,
        live=LiveIcon(None),
        cause="unknown",
        recorded=False,
    ),
)
MISSING = group(
    "cliente-beta",
    "missing",
    notes=(Note("{ids[0]} is not listed, and asking for it answers HTTP 404.", ids=("120363000000000009",)),),
    since=FIRST_SEEN,
)
NEVER_THERE = group(
    "cliente-zeta",
    "missing",
    subject("unknown", "Cliente Zeta", None, None),
    group_id=None,
    notes=(Note(msg("there is no such group, and without a state nobody knows whether there was one")),),
)
BLOCKED = group(
    "cliente-acme",
    "blocked",
    subject("edited_outside", "Cliente Acme", "Cliente Acme", "Sequestrado"),
    notes=(
        Note(
            msg(
                "the account is no admin of this group, so nothing can be changed. One of these can make it "
                "one: {people}"
            ),
            people=(STRANGER,),
        ),
    ),
    since=FIRST_SEEN,
)
UNREADABLE = group(
    "cliente-gama",
    "unreadable",
    notes=(NOT_READ,),
)
CREATED = group(
    "comunidade-cafe",
    "pending",
    subject("not_applied", "Comunidade do Café ☕", None, None),
    FieldDrift(field="icon", desired=LOGO, last_applied=None, live=None, cause="not_applied", recorded=False),
    group_id=None,
)
FIELDS = group(
    "bairro-centro",
    "drifted",
    FieldDrift(field="description", desired="", last_applied="", live="Ligue já", cause="edited_outside"),
    *(
        FieldDrift(
            field=f"permissions.{name}",  # type: ignore[arg-type]
            desired="admins" if name != "approve_members" else True,
            last_applied=None,
            live="everyone" if name != "approve_members" else False,
            cause="not_applied",
            recorded=False,
        )
        for name in PERMISSIONS
    ),
)
"""What only some services have."""
PRUNED = group(
    "vendas-interno",
    "pending",
    FieldDrift(
        field="members",
        desired=(BRUNO,),
        last_applied=("bruno", f"55199{90000000}"),
        live=(BRUNO, *(f"55199{90000000 + n}" for n in range(25))),
        cause="not_applied",
        people=tuple(
            PersonDrift(f"55199{90000000 + n}", "remove", UNLISTED, "not_applied") for n in range(25)
        ),
    ),
)
CLOSED = group(
    "projeto-2025",
    "pending",
    FieldDrift(
        field="ensure",
        desired="closed",
        last_applied=None,
        live="present",
        cause="not_applied",
        recorded=False,
    ),
)
NEWLY_MANAGED = group(
    "atendimento", "pending", subject("not_applied", "Atendimento", None, "Atendimento antigo")
)
HELD = group(
    "campanha",
    "held",
    subject("edited_outside", "Campanha", "Campanha", "Campanha de Natal"),
    notes=(BLACK_FRIDAY,),
)
AS_WANTED = group(
    "tranquilo",
    "in_sync",
    group_id=f"{ACCOUNT}-1513616971",
    notes=(LEFT_AGAIN,),
)

EVERYTHING = Drift(
    groups=(
        SUPPORT,
        UNRECORDED,
        LOOKS,
        MISSING,
        NEVER_THERE,
        BLOCKED,
        UNREADABLE,
        NEWLY_MANAGED,
        CREATED,
        CLOSED,
        PRUNED,
        HELD,
        AS_WANTED,
    ),
    unmanaged=(Unmanaged("120363000000000099"), Unmanaged(f"{STRANGER}-1", "Família 19988887777")),
    notes=(INCOMPLETE,),
    complete=False,
)
PENDING = Drift(groups=(NEWLY_MANAGED,))
ON_HOLD = Drift(groups=(HELD,))
IN_SYNC = Drift(groups=(AS_WANTED,))
