"""Each fault, before and after the effect; what they count; and their text form."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest
import requests

from reconciler.sandbox import Fault, parse_fault
from reconciler.sandbox.faults import BODIES, matches

from .conftest import ANA, Client, Connect, Make

BREAKS = {
    "reset": requests.exceptions.ConnectionError,
    "hang": requests.exceptions.ReadTimeout,
    "truncated": requests.exceptions.ChunkedEncodingError,
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", BREAKS)
def test_broken_connections(api: Client, action: str, when: str) -> None:
    api.control.add_faults(f"POST /groups {action} when={when}")
    with pytest.raises(BREAKS[action]) as broken:
        api("POST", "/groups", {"subject": "a"}, timeout=0.3)
    if action == "reset":
        assert "ConnectionResetError" in repr(broken.value)
    assert len(api.control.groups()) == (when == "after")
    (call,) = api.control.calls()
    assert (call["outcome"], call["changed"]) == (action, when == "after")
    api.control.clear_faults()
    assert api.create()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("action", "status", "body"),
    [("status=503", 503, None), ("status=201", 201, None), ("garbage", 200, b"<<<"), ("empty", 200, b"")],
)
def test_wrong_answers(api: Client, action: str, status: int, body: bytes | None, when: str) -> None:
    api.control.add_faults(f"POST /groups {action} when={when}")
    answer = api("POST", "/groups", {"subject": "a"})
    assert answer.status_code == status
    if body is not None:
        assert answer.content.startswith(body)
        with pytest.raises(ValueError, match=r"JSON|Expecting|decode"):
            answer.json()
    assert len(api.control.groups()) == (when == "after")
    (call,) = api.control.calls()
    assert (call["status"], call["outcome"]) == (status, action.partition("=")[0])


def test_a_lie_looks_like_success_and_does_nothing(api: Client) -> None:
    group_id = api.create("Before")
    api.control.join(group_id, ANA)
    api.control.add_faults("* ** lie")
    assert api("POST", "/groups", {"subject": "x"}).json()["groups"][0]["id"] != group_id
    assert api("PUT", f"/groups/{group_id}", {"subject": "After"}).text in ("null", "{}")
    assert api("PATCH", f"/groups/{group_id}/admins", api.people(ANA)).status_code == 200
    assert api("GET", f"/groups/{group_id}/invite").json()["groups"][0]["link"]
    assert api("POST", f"/groups/{group_id}/leave").status_code == 200
    assert api("PATCH", f"/groups/{group_id}/admins", api.people("99999")).status_code == 400
    (group,) = api.control.groups()
    assert (group["subject"], group["admins"], group["link"]) == ("Before", [group["creator"]], None)
    assert not any(call["changed"] for call in api.control.calls()[1:])


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay(api: Client, when: str) -> None:
    api.control.add_faults(f"POST /groups delay=0.2 when={when}", "POST /groups status=500 nth=2 when=after")
    began = time.monotonic()
    assert api("POST", "/groups", {"subject": "a"}).status_code == 200
    assert time.monotonic() - began >= 0.2
    assert api("POST", "/groups", {"subject": "b"}).status_code == 500
    assert time.monotonic() - began >= 0.4
    assert len(api.control.groups()) == 2


@pytest.mark.parametrize("body", BODIES)
def test_error_bodies(api: Client, body: str) -> None:
    api.control.add_faults(f"GET /groups status=429 body={body} retry_after=1.2")
    answer = api("GET", "/groups")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "2"
    match body:
        case "errorCode":
            assert answer.json() == {"errorCode": 429, "errorMessage": "Too Many Requests"}
        case "errors":
            assert answer.json()["errors"][0]["code"] == 1015
        case "message":
            assert set(answer.json()) == {"message", "details"}
        case "meta":
            assert answer.json()["meta"]["httpCode"] == 429
            assert answer.json()["meta"]["success"] is False
        case "error":
            assert set(answer.json()["error"]) == {"message", "type", "code"}
        case "text" | "html":
            assert answer.headers["Content-Type"].startswith(
                "text/" + {"text": "plain", "html": "html"}[body]
            )
        case "overlimit":
            assert answer.json()["exception"]["message"] == "rate-overlimit"
        case _:
            assert body == "junk"
            with pytest.raises(UnicodeDecodeError):
                answer.content.decode()


def test_an_error_inside_a_200(api: Client) -> None:
    api.control.add_faults("GET /groups status=200 body=errors")
    assert "errors" in api("GET", "/groups").json()


def test_a_redirect_leads_elsewhere_and_shows_who_followed(api: Client) -> None:
    api.control.add_faults("GET /groups status=302")
    answer = api("GET", "/groups", allow_redirects=False)
    assert answer.headers["Location"].startswith(api.server.cdn_url)
    api("GET", "/groups")
    (followed,) = api.control.downloads()
    assert followed["credentials"]


def test_nth_and_times(api: Client) -> None:
    api.control.add_faults("GET /groups status=500 nth=2", "GET /groups status=503 nth=4 times=2")
    assert [api("GET", "/groups").status_code for _ in range(7)] == [200, 500, 200, 503, 503, 200, 200]
    api.control.clear_faults()
    api.control.add_faults("* * status=504 times=2")
    assert [api("GET", "/groups").status_code for _ in range(3)] == [504, 504, 200]
    assert api.control.faults() == [{"fault": "* * status=504 times=2", "matched": 3}]


def test_faults_from_the_start(connect: Connect) -> None:
    api = connect(faults=(parse_fault("GET /groups status=500 nth=1"),))
    assert [api("GET", "/groups").status_code for _ in range(2)] == [500, 200]


def test_faults_strike_both_dialects(either: Client) -> None:
    either.control.add_faults("GET /groups/*/admins status=500", "GET /groups status=502")
    assert either("GET", "/groups").status_code == 502


def test_stopping_frees_who_hangs(make: Make) -> None:
    server = make(faults=(parse_fault("* * hang"),))
    host, port = urlsplit(server.base_url).hostname, urlsplit(server.base_url).port
    assert host
    connection = http.client.HTTPConnection(host, port or 0, timeout=10)
    connection.request("GET", "/v1/groups", headers={"Authorization": "Bearer x"})
    server.control().wait_for_call("GET", "/groups")
    began = time.monotonic()
    server.stop()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*", "/groups/1/admins", True),
        ("*", "/cdn/x.png", False),
        ("/cdn/**", "/cdn/2026/x.png", True),
        ("/groups/*", "/groups/1", True),
        ("/groups/*", "/groups/1/admins", False),
        ("/groups/**", "/groups/1/admins", True),
        ("/groups/*/admins", "/groups/1/admins", True),
        ("/groups/1.", "/groups/12", False),
    ],
)
def test_paths(glob: str, path: str, expected: bool) -> None:
    assert matches("GET", glob, "GET", path) is expected
    assert not matches("POST", glob, "GET", path)


@pytest.mark.parametrize(
    "text",
    [
        "POST /groups status=503 when=after nth=1 body=html",
        "* * hang",
        "GET /groups/*/icon delay=0.5 times=3",
        "PATCH /groups/*/admins lie nth=2 times=2",
        "POST /send destinations=error when=after nth=1",
        "GET * status=429 retry_after=2",
        "GET /api/*/groups show=short times=2 until=refresh",
    ],
)
def test_a_fault_is_read_and_written_alike(text: str) -> None:
    fault = parse_fault(text)
    assert parse_fault(str(fault)) == fault


def test_a_fault_as_data() -> None:
    expected = Fault(method="POST", path="/groups", action="status", status=503, when="after", nth=2)
    assert parse_fault("POST /groups  status=503 nth=2 when=after") == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("POST /groups", "expected METHOD PATH ACTION"),
        ("post /groups reset", "no method"),
        ("POST groups reset", "must begin with /"),
        ("POST /groups explode", "choose from status, reset"),
        ("POST /groups status", "status needs a whole number"),
        ("POST /groups status=99", "from 200 to 599"),
        ("POST /groups delay=soon", "delay needs seconds"),
        ("POST /groups delay=nan", "delay needs seconds"),
        ("POST /groups reset=1", "takes no value"),
        ("POST /groups reset nth=0", "count from 1"),
        ("POST /groups reset nth=x", "nth needs a whole number"),
        ("POST /groups reset nth=1 nth=2", "given twice"),
        ("POST /groups reset status=500", "no key"),
        ("POST /groups reset when=never", "neither before nor after"),
        ("POST /groups lie when=after", "ordinary answer"),
        ("POST /send destinations=some", "choose from none"),
        ("POST /send destinations", "choose from none"),
        ("GET /api/*/groups show=nothing", "choose from short"),
        ("GET /api/*/groups show=short until=noon", "there is until=refresh"),
        ("POST /groups status=500 body=poem", "choose from errorCode"),
        ("POST /groups status=500 colour=red", "choose from when"),
        ("POST /groups status=500 loudly", "no key=value"),
    ],
)
def test_wrong_faults_say_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="fault") as wrong:
        parse_fault(text)
    assert said in str(wrong.value)
