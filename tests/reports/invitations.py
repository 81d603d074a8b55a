"""Invitations made by hand: together they hold every status there is."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.errors import Problem
from reconciler.language import msg
from reconciler.model.change import Invite
from reconciler.model.messages import GroupInvites, Invitations, Invitee
from reconciler.model.plan import Note
from reconciler.model.record import Sent

from .samples import ACCOUNT, BY_NUMBER, INCOMPLETE, ON_HOLD, PEOPLE, STRANGER

LINK = "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"
ADMIN = Invitee(Invite(PEOPLE["dora"], "admin"))
FRIDAY = datetime(2026, 11, 20, 23, 59, 59, 5, tzinfo=UTC)
MEMBERS = (
    Invitee(Invite(PEOPLE["bruno"], "member"), since=FRIDAY, sent=Sent(FRIDAY, 2)),
    Invitee(Invite(PEOPLE["ana"], "member"), left=True, since=FRIDAY, sent=Sent(FRIDAY, 0, "reset")),
    Invitee(Invite(PEOPLE["dora"], "member"), sent=Sent(FRIDAY, 1, "unknown")),
    Invitee(Invite(BY_NUMBER, "member")),
)

EVERYTHING = Invitations(
    groups=(
        GroupInvites(
            name="cliente-acme",
            status="blocked",
            notes=(Note("2 groups have this subject: {ids}.", ids=(f"{ACCOUNT}-1", f"{STRANGER}-15136")),),
        ),
        GroupInvites(
            name="cliente-beta",
            status="missing",
            id="120363000000000009",
            subject="Cliente Beta",
            notes=(Note("{ids[0]} is not listed.", ids=("120363000000000009",)),),
        ),
        GroupInvites(
            name="cliente-delta",
            status="blocked",
            id="g3",
            subject="Delta",
            people=MEMBERS[:1],
            notes=(Note("the account is no admin of this group: {people}", people=(STRANGER,)),),
        ),
        GroupInvites(
            name="cliente-gama",
            status="unreadable",
            id="g4",
            notes=(Note(msg("could not be read: {texts[0]}"), texts=("call +55 19 98888-7777",)),),
        ),
        GroupInvites(
            name="campanha",
            status="held",
            id="g5",
            subject="Campanha",
            people=(ADMIN,),
            notes=(ON_HOLD,),
        ),
        GroupInvites(
            name="comunidade-cafe",
            status="create",
            subject="Comunidade do Café ☕",
            people=(ADMIN, *MEMBERS),
            notes=(Note(msg("the group is yet to be created. First: reconciler apply")),),
        ),
        GroupInvites(
            name="suporte-campinas",
            status="ready",
            id=f"{STRANGER}-1513616971",
            subject="Suporte +55 19 98888-7777 https://chat.whatsapp.com/NotThisOne",
            link=LINK,
            people=(ADMIN, *MEMBERS),
        ),
        GroupInvites(
            name="vendas",
            status="failed",
            id="g7",
            subject="Vendas",
            people=(ADMIN,),
            problem=Problem(
                "junk_link", msg("the API answered with something that is no invite link"), "later"
            ),
        ),
        GroupInvites(
            name="vendas-sudeste",
            status="revoke",
            id="g8",
            subject="Vendas Sudeste",
            people=(ADMIN,),
            notes=(Note("`link_version` was raised: the next apply revokes this link."),),
        ),
    ),
    left_out=1,
    all_read=False,
    notes=(INCOMPLETE,),
)
READY = Invitations(groups=(EVERYTHING.groups[6],))
NOBODY = Invitations(groups=(), left_out=2)
