"""What every backend must do, over a `backend` fixture that gives reader, writer and the truth.

A new backend subclasses `BackendContract` and provides the fixture: an account without groups, and a
`Truth` that looks at and changes the groups without going through reader or writer.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest
from PIL import Image

from reconciler.errors import ApiError, NotFound, Refused
from reconciler.model.live import LiveGroup
from reconciler.ports import Reader, Writer
from tests.fakes import READS

ANA, BRUNO, CARLA = "5519900000001", "5519900000002", "5521988887777"
STRANGER = "5511999990000"
CROWD = tuple(f"55119000000{n:02}" for n in range(21))


class Truth(Protocol):
    """The groups as they truly are, and the hands of the people in them."""

    account: str

    def seed(
        self,
        subject: str,
        *,
        creator: str | None = None,
        participants: Sequence[str] = (),
        admins: Sequence[str] = (),
        icon: bytes | None = None,
    ) -> str: ...
    def ids(self) -> tuple[str, ...]: ...
    def group(self, group_id: str) -> LiveGroup: ...
    def link(self, group_id: str) -> str | None: ...
    def sent(self) -> list[str]: ...
    def join(self, group_id: str, *people: str) -> None: ...
    def leave(self, group_id: str, *people: str) -> None: ...
    def promote(self, group_id: str, *people: str) -> None: ...
    def set_subject(self, group_id: str, subject: str) -> None: ...


@dataclass(frozen=True)
class Backend:
    """`limit`: the code points of the longest subject. `missing`: the id of a group that there is not, and
    `unknown` what asking for it, or doing something to it, may end as. `people`: with whom groups are made,
    where none is made without. `no_icon`: a picture can be taken away."""

    reader: Reader
    writer: Writer
    truth: Truth
    limit: int = 25
    missing: str = "5519911112222-1"
    unknown: tuple[type[ApiError], ...] = (NotFound,)
    refused: tuple[type[ApiError], ...] = (Refused,)
    people: tuple[str, ...] = ()
    no_icon: bool = True

    def create(self, subject: str) -> str:
        return self.writer.create_group(subject, self.people)

    def group(self, group_id: str) -> LiveGroup:
        """What the reader says of a group, people by their numbers, and of the rest what `Truth` knows."""
        live = self.reader.get_group(group_id)
        return LiveGroup(
            id=live.id,
            subject=live.subject,
            creator=live.shown(live.creator) if live.creator else None,
            admins=tuple(map(live.shown, live.admins)),
            participants=tuple(map(live.shown, live.participants)),
        )


def picture(colour: str, kind: str = "PNG") -> bytes:
    """A small picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (200, 200), colour).save(out, kind)
    return out.getvalue()


RED, BLUE = picture("red"), picture("blue", "JPEG")


class BackendContract:
    """The tests. None of them knows which backend it runs on."""

    def test_an_account_without_groups(self, backend: Backend) -> None:
        assert backend.reader.list_groups().ids == ()

    def test_a_new_group_is_listed_and_has_its_creator_and_whom_it_was_made_with(
        self, backend: Backend
    ) -> None:
        group_id = backend.create("Suporte São José")
        assert backend.reader.list_groups().ids == (group_id,)
        live = backend.group(group_id)
        account = backend.truth.account
        assert (live.id, live.subject, live.creator) == (group_id, "Suporte São José", account)
        assert live.admins == (account,)
        assert live.participants == (account, *backend.people)

    def test_equal_subjects_make_two_groups(self, backend: Backend) -> None:
        first, second = backend.create("Vendas"), backend.create("Vendas")
        assert first != second
        assert set(backend.reader.list_groups().ids) == {first, second} == set(backend.truth.ids())

    def test_a_subject_that_is_refused_creates_nothing(self, backend: Backend) -> None:
        for subject in ("", "x" * (backend.limit + 1)):
            with pytest.raises(backend.refused):
                backend.create(subject)
        assert backend.truth.ids() == ()

    def test_a_group_of_somebody_else(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Deles", creator=ANA, participants=[BRUNO])
        live = backend.group(group_id)
        assert (live.creator, live.admins) == (ANA, (ANA,))
        assert set(live.participants) == {ANA, BRUNO, backend.truth.account}

    def test_an_unknown_group_is_not_found(self, backend: Backend) -> None:
        for call in (
            lambda: backend.reader.get_group(backend.missing),
            lambda: backend.writer.set_subject(backend.missing, "Novo"),
            lambda: backend.writer.promote(backend.missing, [ANA]),
            lambda: backend.writer.leave(backend.missing),
            lambda: backend.writer.get_link(backend.missing),
        ):
            with pytest.raises(backend.unknown) as caught:
                call()
            assert not isinstance(caught.value, NotFound) or caught.value.status in (404, 400, None)

    @pytest.mark.parametrize("group_id", ["", "..", "a/b", "a b", "x" * 65, "grupo\n"])
    def test_what_is_no_id_is_never_sent(self, backend: Backend, group_id: str) -> None:
        for call in (backend.reader.get_group, backend.reader.get_icon, backend.writer.leave):
            with pytest.raises(ValueError, match="id"):
                call(group_id)

    def test_what_others_change_is_seen(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Vendas", participants=[ANA])
        backend.truth.join(group_id, BRUNO)
        backend.truth.promote(group_id, BRUNO)
        backend.truth.leave(group_id, ANA)
        backend.truth.set_subject(group_id, "Vendas 2")
        live = backend.group(group_id)
        assert (live.subject, set(live.admins)) == ("Vendas 2", {backend.truth.account, BRUNO})
        assert set(live.participants) == {backend.truth.account, BRUNO}

    def test_subject(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Antes")
        backend.writer.set_subject(group_id, "Depois é ótimo 🎉")
        assert backend.truth.group(group_id).subject == "Depois é ótimo 🎉"
        assert backend.group(group_id).subject == "Depois é ótimo 🎉"
        with pytest.raises(backend.refused):
            backend.writer.set_subject(group_id, "x" * (backend.limit + 1))
        assert backend.truth.group(group_id).subject == "Depois é ótimo 🎉"

    def test_icon(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Com ícone")
        reader, writer = backend.reader, backend.writer
        assert reader.get_icon(group_id) is None
        writer.set_icon(group_id, RED, "image/png")
        first = reader.get_icon(group_id)
        assert first is not None
        assert reader.fetch_icon(first) == RED
        assert first.length in (len(RED), None)
        again = reader.get_icon(group_id)
        assert again is not None
        assert again.bare_url == first.bare_url
        writer.set_icon(group_id, BLUE, "image/jpeg")
        second = reader.get_icon(group_id)
        assert second is not None
        assert second.bare_url != first.bare_url
        assert reader.fetch_icon(second) == BLUE
        if not backend.no_icon:
            with pytest.raises(ValueError, match="take a picture away"):
                writer.remove_icon(group_id)
            assert reader.get_icon(group_id) is not None
            return
        writer.remove_icon(group_id)
        assert reader.get_icon(group_id) is None
        writer.remove_icon(group_id)  # there is none: as wanted

    def test_a_picture_that_is_not_what_is_said_is_refused(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Com ícone", icon=BLUE)
        with pytest.raises(Refused):
            backend.writer.set_icon(group_id, RED, "image/jpeg")
        with pytest.raises(ValueError, match="image/jpeg"):
            backend.writer.set_icon(group_id, RED, "image/svg+xml")
        meta = backend.reader.get_icon(group_id)
        assert meta is not None
        assert backend.reader.fetch_icon(meta) == BLUE

    def test_promote_and_demote(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Equipe", participants=[ANA, BRUNO, CARLA])
        account = backend.truth.account
        backend.writer.promote(group_id, [ANA, BRUNO, ANA])
        assert set(backend.group(group_id).admins) == {account, ANA, BRUNO}
        backend.writer.demote(group_id, (ANA,))
        assert set(backend.truth.group(group_id).admins) == {account, BRUNO}
        assert set(backend.truth.group(group_id).participants) == {account, ANA, BRUNO, CARLA}

    def test_one_stranger_and_nobody_is_promoted_or_removed(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Equipe", participants=[ANA])
        before = backend.truth.group(group_id)
        for call in (backend.writer.promote, backend.writer.demote, backend.writer.remove_participants):
            with pytest.raises(Refused):
                call(group_id, [ANA, STRANGER])
        assert backend.truth.group(group_id) == before

    def test_the_creator_stays(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Deles", creator=ANA, admins=[backend.truth.account])
        before = backend.truth.group(group_id)
        for call in (backend.writer.demote, backend.writer.remove_participants):
            with pytest.raises(Refused):
                call(group_id, [ANA])
        assert backend.truth.group(group_id) == before

    def test_remove_participants(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Equipe", participants=[ANA, BRUNO], admins=[CARLA])
        backend.writer.remove_participants(group_id, [ANA, CARLA])
        live = backend.group(group_id)
        assert set(live.participants) == {backend.truth.account, BRUNO}
        assert live.admins == (backend.truth.account,)
        assert live == backend.truth.group(group_id)

    def test_twenty_people_a_call_and_no_more(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Muitos", participants=CROWD)
        backend.writer.promote(group_id, CROWD[:20])
        assert set(CROWD[:20]) < set(backend.truth.group(group_id).admins)
        before = backend.truth.group(group_id)
        for call in (backend.writer.promote, backend.writer.demote, backend.writer.remove_participants):
            for people in (CROWD, (), ["+55 19 90000-0001"]):
                with pytest.raises(ValueError, match=r"people|person"):
                    call(group_id, people)
        assert backend.truth.group(group_id) == before

    def test_who_is_no_admin_changes_nothing(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Deles", creator=ANA, participants=[BRUNO], icon=RED)
        before = backend.truth.group(group_id)
        for call in (
            lambda: backend.writer.set_subject(group_id, "Nosso"),
            lambda: backend.writer.set_icon(group_id, BLUE, "image/jpeg"),
            lambda: backend.writer.remove_icon(group_id),
            lambda: backend.writer.promote(group_id, [BRUNO]),
            lambda: backend.writer.demote(group_id, [BRUNO]),
            lambda: backend.writer.remove_participants(group_id, [BRUNO]),
            lambda: backend.writer.get_link(group_id),
            lambda: backend.writer.revoke_link(group_id),
        ):
            with pytest.raises(Refused):
                call()
        assert backend.truth.group(group_id) == before
        assert backend.reader.get_icon(group_id) is not None

    def test_the_link_is_the_same_until_it_is_revoked(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Convite")
        link = backend.writer.get_link(group_id)
        assert link.startswith("https://chat.whatsapp.com/")
        assert backend.writer.get_link(group_id) == link == backend.truth.link(group_id)
        backend.writer.revoke_link(group_id)
        assert backend.writer.get_link(group_id) != link

    def test_reading_changes_nothing_and_makes_no_link(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Quieto", participants=[ANA], icon=RED)
        before = backend.truth.group(group_id)
        reader = backend.reader
        assert reader.list_groups().ids == (group_id,)
        assert backend.group(group_id) == before
        meta = reader.get_icon(group_id)
        assert meta is not None
        reader.fetch_icon(meta)
        assert backend.truth.group(group_id) == before
        assert backend.truth.link(group_id) is None

    def test_the_reader_has_nothing_that_writes(self, backend: Backend) -> None:
        def methods(thing: object) -> set[str]:
            return {name for name in dir(thing) if not name.startswith("_")}

        assert methods(backend.reader) - {"gateway"} == READS
        assert not methods(backend.reader) & methods(backend.writer)

    def test_leaving_is_final(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Adeus", admins=[ANA])
        backend.writer.leave(group_id)
        assert backend.reader.list_groups().ids == ()
        with pytest.raises(backend.unknown):
            backend.reader.get_group(group_id)
        with pytest.raises((*backend.unknown, Refused)):
            backend.writer.leave(group_id)
        live = backend.truth.group(group_id)
        assert live.participants == live.admins == (ANA,)

    def test_messages(self, backend: Backend) -> None:
        group_id = backend.truth.seed("Avisos")
        sent = [
            backend.writer.send_to_group(group_id, "Olá a todos"),
            backend.writer.send_to_person(ANA, {"messageText": "Olá, Ana"}, "convite-1"),
            backend.writer.send_to_person(BRUNO, {"messageText": "Olá, Bruno"}),
        ]
        assert len(set(sent)) == 3
        assert all(sent)
        assert backend.truth.sent() == [group_id, ANA, BRUNO]
        with pytest.raises(ValueError, match="id"):
            backend.writer.send_to_person("+55 19", {"messageText": "?"})
