"""Every call of the API facts in both dialects, with the shapes that are stated."""

from __future__ import annotations

import hashlib

import pytest

from .conftest import ACCOUNT, ANA, BRUNO, Client, Connect, picture


def test_create_list_info(either: Client) -> None:
    assert either("GET", "/groups").json()["groups"] == []
    answer = either("POST", "/groups", {"subject": "assunto-do-grupo"})
    (made,) = answer.json()["groups"]
    assert set(made) == {"creation_time", "id"}
    assert made["id"] == f"{ACCOUNT}-{made['creation_time']}"
    assert either("GET", "/groups").json()["groups"] == [{"id": made["id"]}]
    assert either.info(made["id"]) == {
        "admins": [ACCOUNT],
        "creation_time": made["creation_time"],
        "creator": ACCOUNT,
        "id": made["id"],
        "participants": [ACCOUNT],
        "subject": "assunto-do-grupo",
    }


def test_onprem_answers_carry_meta_and_the_proxys_do_not(connect: Connect) -> None:
    proxy = connect()
    onprem = connect("onprem", proxy.server)
    created = proxy("POST", "/groups", {"subject": "a"}), onprem("POST", "/groups", {"subject": "b"})
    assert [answer.status_code for answer in created] == [200, 200]
    assert ["meta" in answer.json() for answer in created] == [False, True]


def test_ids_are_unique_within_a_second(api: Client) -> None:
    ids = [api.create(f"g{n}") for n in range(20)]
    assert len(set(ids)) == 20
    assert api.listed() == ids


def test_opaque_ids(connect: Connect) -> None:
    api = connect(id_style="opaque")
    group_id = api.create()
    assert group_id.startswith("120363")
    assert len(group_id) == 18
    assert group_id.isdecimal()
    assert api.info(group_id)["creator"] == ACCOUNT


def test_rename(either: Client) -> None:
    group_id = either.create()
    answer = either("PUT", f"/groups/{group_id}", {"subject": "Suporte São Paulo"})
    assert (answer.status_code, answer.json()) in ((200, None), (200, {}))
    assert either.info(group_id)["subject"] == "Suporte São Paulo"


def test_a_rename_to_the_same_subject_is_told_to_everybody_again(api: Client) -> None:
    group_id = api.create("Same")
    api("PUT", f"/groups/{group_id}", {"subject": "Same"})
    assert sum("changed the subject" in notice for notice in api.truth(group_id)["notices"]) == 1


def test_invite_and_revoke(either: Client) -> None:
    group_id = either.create()
    assert either.truth(group_id)["link"] is None
    link = either("GET", f"/groups/{group_id}/invite").json()["groups"][0]["link"]
    assert link.startswith("https://chat.whatsapp.com/")
    assert either("GET", f"/groups/{group_id}/invite").json()["groups"] == [{"link": link}]
    assert either("DELETE", f"/groups/{group_id}/invite").status_code == 200
    assert either("GET", f"/groups/{group_id}/invite").json()["groups"][0]["link"] != link


def test_admins_and_participants(either: Client) -> None:
    group_id = either.create()
    either.control.join(group_id, ANA, BRUNO)
    assert either.info(group_id)["participants"] == [ACCOUNT, ANA, BRUNO]
    assert either("PATCH", f"/groups/{group_id}/admins", either.people(ANA)).status_code == 200
    assert either.info(group_id)["admins"] == [ACCOUNT, ANA]
    assert either("PATCH", f"/groups/{group_id}/admins", either.people(ANA, BRUNO)).status_code == 200
    assert either("DELETE", f"/groups/{group_id}/admins", either.people(ANA)).status_code == 200
    assert either.info(group_id)["admins"] == [ACCOUNT, BRUNO]
    assert either("DELETE", f"/groups/{group_id}/participants", either.people(BRUNO)).status_code == 200
    info = either.info(group_id)
    assert (info["admins"], info["participants"]) == ([ACCOUNT], [ACCOUNT, ANA])


def test_the_proxy_takes_wa_ids_too_and_onprem_only_those(connect: Connect) -> None:
    proxy = connect()
    onprem = connect("onprem", proxy.server)
    group_id = proxy.create()
    proxy.control.join(group_id, ANA, BRUNO)
    assert proxy("PATCH", f"/groups/{group_id}/admins", {"wa_ids": [ANA]}).status_code == 200
    assert onprem("PATCH", f"/groups/{group_id}/admins", {"waIds": [BRUNO]}).status_code == 400
    assert proxy.info(group_id)["admins"] == [ACCOUNT, ANA]


def test_leave_is_one_way(either: Client) -> None:
    group_id = either.create()
    either.control.join(group_id, ANA)
    assert either("POST", f"/groups/{group_id}/leave").status_code == 200
    assert either.listed() == []
    for method, path in (("GET", ""), ("POST", "/leave"), ("GET", "/invite"), ("GET", "/icon")):
        assert either(method, f"/groups/{group_id}{path}").status_code == 404
    assert either.truth(group_id)["participants"] == [ANA]


def test_icon_of_the_proxy(connect: Connect) -> None:
    api = connect(signed_urls=False)
    group_id, data = api.create(), picture()
    assert api("GET", f"/groups/{group_id}/icon").status_code == 404
    assert api("DELETE", f"/groups/{group_id}/icon").status_code == 404
    assert api.set_icon(group_id, data).status_code == 200
    answer = api("GET", f"/groups/{group_id}/icon").json()
    address = answer.pop("data")
    assert answer == {
        "type": "URL",
        "mimeType": "image/png",
        "fileName": "groupIcon.png",
        "extraData": {"public": True, "Content-Type": "image/png", "Content-Length": str(len(data))},
    }
    assert address.startswith(api.server.cdn_url + "/")
    assert address.endswith("/groupIcon.png")
    assert api.truth(group_id)["icon"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert api("DELETE", f"/groups/{group_id}/icon").status_code == 200
    assert api("GET", f"/groups/{group_id}/icon").status_code == 404


def test_icon_of_onprem_is_binary(connect: Connect) -> None:
    api = connect("onprem")
    group_id, data = api.create(), picture(kind="JPEG")
    assert api("GET", f"/groups/{group_id}/icon").status_code == 404
    assert api.set_icon(group_id, data, "image/jpeg").status_code == 200
    answer = api("GET", f"/groups/{group_id}/icon")
    assert (answer.headers["Content-Type"], answer.content) == ("image/jpeg", data)


@pytest.mark.parametrize("declared", ["image/png", "application/octet-stream"])
def test_icon_as_multipart(either: Client, declared: str) -> None:
    group_id, data = either.create(), picture()
    answer = either("POST", f"/groups/{group_id}/icon", files={"File": ("icon.png", data, declared)})
    assert answer.status_code == 200, answer.text
    assert either.truth(group_id)["icon"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_multipart_without_the_field_or_with_another_type_is_refused(either: Client) -> None:
    group_id, data = either.create(), picture()
    for files in ({"Other": ("i.png", data, "image/png")}, {"File": ("i.png", data, "image/jpeg")}):
        assert either("POST", f"/groups/{group_id}/icon", files=files).status_code == 400
    broken = {"Content-Type": "multipart/form-data"}
    assert either("POST", f"/groups/{group_id}/icon", data=b"x", headers=broken).status_code == 400
    assert either.truth(group_id)["icon"] is None


@pytest.mark.parametrize(
    ("style", "expected"),
    [("null", ["null"] * 4), ("object", ["{}"] * 4), ("mixed", ["null", "{}", "null", "{}"])],
)
def test_writes_answer_null_or_an_object(connect: Connect, style: str, expected: list[str]) -> None:
    api = connect(empty_answers=style)
    group_id = api.create()
    answers = [api("PUT", f"/groups/{group_id}", {"subject": f"s{n}"}).text for n in range(4)]
    assert answers == expected


def test_unknown_paths_and_methods(api: Client) -> None:
    group_id = api.create()
    assert api("GET", "/nothing").status_code == 404
    assert api("GET", f"/groups/{group_id}/nothing").status_code == 404
    assert api("POST", f"/groups/{group_id}").status_code == 405
    assert api("PUT", f"/groups/{group_id}/admins", {}).status_code == 405


def test_send_is_no_call_of_onprem(connect: Connect) -> None:
    assert connect("onprem")("POST", "/send", {}).status_code == 404


def test_missing_credentials(connect: Connect) -> None:
    proxy = connect()
    del proxy.session.headers["authenticationToken"]
    answer = proxy("GET", "/groups")
    assert answer.status_code == 401
    assert answer.json()["errorCode"] == 401
    assert answer.json()["errorMessage"].startswith("Authentication Error: ")
    onprem = connect("onprem", proxy.server)
    del onprem.session.headers["Authorization"]
    assert onprem("GET", "/groups").status_code == 401
    assert [call["outcome"] for call in proxy.control.calls()] == ["refused", "refused"]


def test_given_credentials_are_checked(connect: Connect) -> None:
    wrong = connect(username="ana", token="other")
    assert wrong("GET", "/groups").status_code == 401
    right = connect(username="ana", token="secret")
    assert right("GET", "/groups").status_code == 200
    assert right("GET", "/groups", headers={"userName": "bruno"}).status_code == 401
    assert connect("onprem", wrong.server)("GET", "/groups").status_code == 401
    assert connect("onprem", right.server)("GET", "/groups").status_code == 200
