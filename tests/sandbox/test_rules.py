"""What the API is known to refuse, and that a refusal changes nothing."""

from __future__ import annotations

import pytest

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, Connect, picture


def code_of(answer: object) -> int:
    code: int = answer.json()["errors"][0]["code"]  # type: ignore[attr-defined]
    return code


@pytest.mark.parametrize("subject", ["", "   ", "x" * 26, 7, None, ["a"]])
def test_bad_subjects(either: Client, subject: object) -> None:
    group_id = either.create("before")
    for answer in (
        either("POST", "/groups", {"subject": subject}),
        either("PUT", f"/groups/{group_id}", {"subject": subject}),
    ):
        assert answer.status_code == 400
        assert code_of(answer) == 1009
    assert [group["subject"] for group in either.control.groups()] == ["before"]


def test_the_limit_counts_code_points(connect: Connect) -> None:
    api = connect()
    assert api("POST", "/groups", {"subject": "🙂" * 25}).status_code == 200
    assert api("POST", "/groups", {"subject": "🙂" * 26}).status_code == 400
    assert connect(subject_limit=100)("POST", "/groups", {"subject": "x" * 100}).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"subject": "\\ud800"}', b"\xff", b"[" * 100_000]
)
def test_bodies_that_are_no_json_object(api: Client, body: bytes) -> None:
    answer = api("POST", "/groups", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert api.control.groups() == []


def test_promoting_needs_participants_and_is_atomic(either: Client) -> None:
    group_id = either.create()
    either.control.join(group_id, ANA)
    answer = either("PATCH", f"/groups/{group_id}/admins", either.people(ANA, BRUNO))
    assert answer.status_code == 400
    assert code_of(answer) == 1013
    assert either.info(group_id)["admins"] == [ACCOUNT]


def test_a_number_written_otherwise_is_unknown(api: Client) -> None:
    group_id = api.create()
    api.control.join(group_id, "551988887777")
    assert api("PATCH", f"/groups/{group_id}/admins", api.people("5519988887777")).status_code == 400
    assert api("PATCH", f"/groups/{group_id}/admins", api.people("551988887777")).status_code == 200


def test_the_creator_stays(either: Client) -> None:
    group_id = either.create()
    either.control.join(group_id, ANA)
    for path in ("admins", "participants"):
        assert either("DELETE", f"/groups/{group_id}/{path}", either.people(ANA, ACCOUNT)).status_code == 400
    foreign = either.control.seed("Other", creator=CARLA, participants=[ANA], account="admin")[0]["id"]
    for path in ("admins", "participants"):
        assert either("DELETE", f"/groups/{foreign}/{path}", either.people(CARLA)).status_code == 400
    assert either.info(group_id)["participants"] == [ACCOUNT, ANA]
    assert either.info(foreign)["admins"] == [CARLA, ACCOUNT]


def test_an_account_that_is_not_the_creator_may_step_down(api: Client) -> None:
    group_id = api.control.seed("Other", creator=CARLA, account="admin")[0]["id"]
    assert api("DELETE", f"/groups/{group_id}/admins", api.people(ACCOUNT)).status_code == 200
    assert api.info(group_id)["admins"] == [CARLA]


def test_removing_somebody_gone_is_refused_and_atomic(either: Client) -> None:
    group_id = either.create()
    either.control.join(group_id, ANA)
    answer = either("DELETE", f"/groups/{group_id}/participants", either.people(ANA, BRUNO))
    assert answer.status_code == 400
    assert either.info(group_id)["participants"] == [ACCOUNT, ANA]


@pytest.mark.parametrize("people", [[], None, "5519900000001", [5519900000001]])
def test_wa_ids_must_be_a_list_of_texts(either: Client, people: object) -> None:
    group_id = either.create()
    for method, path in (("PATCH", "admins"), ("DELETE", "admins"), ("DELETE", "participants")):
        assert either(method, f"/groups/{group_id}/{path}", {either.ids: people}).status_code == 400


def test_only_an_admin_may_change(either: Client) -> None:
    group_id = either.control.seed("Other", creator=CARLA, participants=[ANA], icon=picture())[0]["id"]
    assert either.info(group_id)["subject"] == "Other"
    assert either("GET", f"/groups/{group_id}/icon").status_code == 200
    before = either.truth(group_id)
    refused = [
        either("PUT", f"/groups/{group_id}", {"subject": "New"}),
        either("GET", f"/groups/{group_id}/invite"),
        either("DELETE", f"/groups/{group_id}/invite"),
        either("DELETE", f"/groups/{group_id}/participants", either.people(ANA)),
        either("PATCH", f"/groups/{group_id}/admins", either.people(ANA)),
        either("DELETE", f"/groups/{group_id}/admins", either.people(ANA)),
        either.set_icon(group_id, picture("red")),
        either("DELETE", f"/groups/{group_id}/icon"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 8
    assert {code_of(answer) for answer in refused} == {1005}
    assert either.truth(group_id) == before
    assert either("POST", f"/groups/{group_id}/leave").status_code == 200


def test_groups_without_the_account_are_unknown(either: Client) -> None:
    absent = either.control.seed("Other", creator=CARLA, account="absent")[0]["id"]
    assert either.listed() == []
    for group_id in (absent, "5519900000000-1"):
        answer = either("GET", f"/groups/{group_id}")
        assert answer.status_code == 404
        assert code_of(answer) == 1012
        assert either("PUT", f"/groups/{group_id}", {"subject": "x"}).status_code == 404


def test_the_type_must_be_what_the_bytes_are(either: Client) -> None:
    group_id = either.create()
    png, jpeg = picture(), picture(kind="JPEG")
    for data, kind in (
        (png, "image/jpeg"),
        (jpeg, "image/png"),
        (png, "application/octet-stream"),
        (b"GIF89a", "image/gif"),
        (b"", "image/png"),
    ):
        answer = either.set_icon(group_id, data, kind)
        assert answer.status_code == 400
        assert code_of(answer) == 1014
    assert either.truth(group_id)["icon"] is None
    assert either.set_icon(group_id, jpeg, "image/jpeg; charset=binary").status_code == 200


def test_an_icon_of_more_than_5_mb_is_refused(either: Client) -> None:
    group_id, start = either.create(), picture()
    fits = start + b"\0" * (5 * 1024 * 1024 - len(start))
    assert either.set_icon(group_id, fits + b"\0").status_code == 400
    assert either.set_icon(group_id, fits).status_code == 200
    assert either.set_icon(group_id, start + b"\0" * 17 * 1024 * 1024).status_code == 413


def test_errors_look_like_the_on_premises_ones(api: Client) -> None:
    answer = api("GET", "/groups/1-1")
    body = answer.json()
    assert set(body) == {"errors", "meta"}
    assert set(body["errors"][0]) == {"code", "title", "details", "href"}
