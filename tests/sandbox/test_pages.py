"""The pages: what people see, what the forms do, and that nothing hostile gets through."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

import pytest
import requests

from reconciler.sandbox.group import lid_of
from tests.browser import chromium, tab

from .conftest import ACCOUNT, ANA, BRUNO, CARLA, Client, Connect, picture

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }}"


class Browser:
    """Cookies and forms, as a browser has them."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **kwargs: object) -> requests.Response:
        return self.session.get(self.base_url + path, timeout=10, **kwargs)  # type: ignore[arg-type]

    def token(self, page: str) -> str:
        found = re.search(r'name="token" value="([0-9a-f]{64})"', self.get(page).text)
        assert found
        return found[1]

    def post(
        self, page: str, action: str, fields: dict[str, str] | None = None, **kwargs: object
    ) -> requests.Response:
        data = {"token": self.token(page), **(fields or {})}
        return self.session.post(self.base_url + action, data=data, timeout=10, **kwargs)  # type: ignore[arg-type]


@pytest.fixture
def browser(api: Client) -> Iterator[Browser]:
    browser = Browser(api.server.base_url)
    yield browser
    browser.session.close()


def pages(api: Client, group_id: str) -> list[str]:
    code = api.control.invite(group_id).rpartition("/")[2]
    return [
        "/",
        f"/groups/{group_id}",
        f"/join/{code}",
        "/people",
        f"/people/{ANA}",
        "/events",
        "/join/none",
        "/nothing",
    ]


def test_hostile_text_is_shown_as_text(api: Client, browser: Browser) -> None:
    group_id = api.control.seed(HOSTILE, participants=[ANA])[0]["id"]
    api.control.write(ANA, HOSTILE, group_id)
    api.control.write(ANA, HOSTILE)
    api.control.set_subject(group_id, HOSTILE)
    api.control.set_description(group_id, HOSTILE)
    seen = 0
    for page in pages(api, group_id):
        text = browser.get(page).text
        assert "<script" not in text
        assert "<img src=x" not in text
        assert " 49" not in text
        seen += text.count("&lt;script&gt;")
    assert seen >= 6
    assert "&lt;script&gt;" in browser.get(f"/people/{ANA}?number={HOSTILE}").text
    assert "<script" not in browser.get(f"{pages(api, group_id)[2]}?number={HOSTILE}&joined={HOSTILE}").text


def test_every_page_has_a_strict_policy_and_asks_nobody_else(api: Client, browser: Browser) -> None:
    group_id = api.control.seed("Suporte", participants=[ANA], icon=picture())[0]["id"]
    nonces = set()
    for page in pages(api, group_id):
        answer = browser.get(page)
        policy = answer.headers["Content-Security-Policy"]
        nonce = re.search(r"style-src 'nonce-([\w-]+)'", policy)
        assert nonce
        assert f'<style nonce="{nonce[1]}">' in answer.text
        nonces.add(nonce[1])
        assert policy == (
            f"default-src 'none'; img-src 'self' {api.server.cdn_url}; style-src 'nonce-{nonce[1]}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        addresses = re.findall(r'(?:src|href|action)="([^"]+)"', answer.text)
        assert all(address.startswith(("/", api.server.cdn_url)) for address in addresses)
        assert " style=" not in answer.text
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
    assert len(nonces) == len(pages(api, group_id))


def test_the_list_shows_groups_and_their_icons(api: Client, browser: Browser) -> None:
    api.control.seed("Com ícone", participants=[ANA], icon=picture())
    api.control.seed("Sem ícone", creator=ANA, account="absent")
    text = browser.get("/").text
    assert "Com ícone" in text
    assert "account is admin" in text
    assert "without the account" in text
    address = re.search(r'<img class="avatar " src="([^"]+)"', text)
    assert address
    assert requests.get(address[1].replace("&amp;", "&"), timeout=10).content == picture()
    assert "No group yet" not in text


def test_nothing_is_cut_at_any_width(api: Client) -> None:
    """Names and numbers stand in full on phones, tablets and desks; no page is wider than its window."""
    longest = ("W" * 25, "Atendimento Internacional")
    first, second = (
        api.control.seed(subject, participants=[ANA, BRUNO, "123456789012345"])[0]["id"]
        for subject in longest
    )
    for _ in range(12):
        api.control.write(ANA, "Oi " + "x" * 200)
        api.control.write("346001234567890", "Oi", None)
    cut = """() => [...document.querySelectorAll("body *")].filter(each =>
        !["INPUT", "SELECT"].includes(each.tagName)
        && (each.getBoundingClientRect().right > innerWidth + 1
            || (getComputedStyle(each).overflowX !== "visible" && each.scrollWidth > each.clientWidth + 1))
    ).map(each => each.textContent.trim().slice(0, 40))"""
    with chromium() as browser:
        for width in (360, 768, 1280):
            with tab(browser, viewport={"width": width, "height": 900}) as (page, _):
                for path in (*pages(api, first), f"/groups/{second}"):
                    page.goto(api.server.base_url + path)
                    assert page.evaluate(cut) == [], (path, width)


def test_an_empty_sandbox_says_what_to_do(browser: Browser) -> None:
    assert "No group yet" in browser.get("/").text
    assert "Nobody yet" in browser.get("/people").text


def test_joining_by_the_invite_link(api: Client, browser: Browser) -> None:
    group_id = api.create()
    page = "/join/" + api("GET", f"/groups/{group_id}/invite").json()["groups"][0]["link"].rpartition("/")[2]
    assert "Suporte Campinas" in browser.get(page).text
    answer = browser.post(page, page, {"number": "+55 (19) 90000-0001"})
    assert answer.status_code == 200
    assert "You are in" in answer.text
    assert api.info(group_id)["participants"] == [ACCOUNT, ANA]
    assert "5 to 20 digits" in browser.post(page, page, {"number": "hello"}).text
    assert browser.post(page, page, {"number": "12"}).status_code == 400
    api("DELETE", f"/groups/{group_id}/invite")
    assert browser.get(page).status_code == 404
    assert "no longer works" in browser.get(page).text


def test_a_link_that_was_reset_lets_nobody_in(api: Client, browser: Browser) -> None:
    group_id = api.create()
    page = "/join/" + api.control.invite(group_id).rpartition("/")[2]
    token = browser.token(page)
    api.control.revoke(group_id)
    data = {"token": token, "number": ANA}
    assert browser.session.post(browser.base_url + page, data=data, timeout=10).status_code == 404
    assert api.truth(group_id)["participants"] == [ACCOUNT]


def test_changes_behind_the_reconcilers_back(api: Client, browser: Browser) -> None:
    group_id = api.create()
    page = f"/groups/{group_id}"
    for verb, fields in (
        ("join", {"number": "+55 19 90000-0001"}),
        ("join", {"number": BRUNO}),
        ("promote", {"number": ANA}),
        ("subject", {"subject": "Mudado à mão"}),
        ("message", {"sender": ANA, "text": "Bom dia"}),
        ("invite", {}),
    ):
        answer = browser.post(page, f"{page}/{verb}", fields)
        assert (answer.status_code, len(answer.history)) == (200, 1), answer.text
    group = api.truth(group_id)
    assert (group["participants"], group["admins"]) == ([ACCOUNT, ANA, BRUNO], [ACCOUNT, ANA])
    assert group["subject"] == "Mudado à mão"
    assert group["link"]
    assert [message["text"] for message in group["messages"]] == ["Bom dia"]
    assert api.control.deliveries()[0]["body"]["data"][0]["message"]["waGroupId"] == group_id
    for verb, fields in (("demote", {"number": ANA}), ("remove", {"number": BRUNO}), ("revoke", {})):
        assert browser.post(page, f"{page}/{verb}", fields).status_code == 200
    group = api.truth(group_id)
    assert (group["participants"], group["admins"], group["link"]) == ([ACCOUNT, ANA], [ACCOUNT], None)
    text = browser.get(page).text
    assert "Bom dia" in text
    assert "is no longer an admin" in text


def test_the_icon_by_form(api: Client, browser: Browser) -> None:
    group_id = api.create()
    page = f"/groups/{group_id}"
    upload = {"picture": ("icon.png", picture(), "image/png")}
    assert browser.post(page, f"{page}/icon", files=upload).status_code == 200
    assert api.truth(group_id)["icon"]["sha256"] == hashlib.sha256(picture()).hexdigest()
    assert browser.post(page, f"{page}/icon", files={"picture": ("a", b"GIF89a")}).status_code == 400
    assert browser.post(page, f"{page}/icon").status_code == 400
    assert browser.post(page, f"{page}/remove-icon").status_code == 200
    assert api.truth(group_id)["icon"] is None


def test_what_cannot_be_done_is_said_on_the_page(api: Client, browser: Browser) -> None:
    group_id = api.create()
    page = f"/groups/{group_id}"
    for verb, fields, said in (
        ("promote", {"number": ANA}, "not a participant"),
        ("demote", {"number": ACCOUNT}, "cannot be demoted"),
        ("subject", {"subject": " "}, "Fill in the subject"),
        ("join", {"number": "abc"}, "5 to 20 digits"),
        ("fly", {}, "Nothing of that name"),
    ):
        answer = browser.post(page, f"{page}/{verb}", fields)
        assert answer.status_code in (400, 404)
        assert said in answer.text
    assert browser.post(page, "/groups/1-1/join", {"number": ANA}).status_code == 404


def test_a_persons_phone(api: Client, browser: Browser) -> None:
    group_id = api.create()
    link = api.control.invite(group_id)
    text = f"Entre: {link} ou https://evil.example/x"
    body = {"destinations": [{"destination": ANA}], "message": {"messageText": text}}
    assert api("POST", "/send", body).status_code == 200
    page = browser.get(f"/people/{ANA}").text
    assert f'<a href="/join/{link.rpartition("/")[2]}?number={ANA}">{link}</a>' in page
    assert 'href="https://evil' not in page
    assert f'value="{ANA}"' in browser.get(f"/join/{link.rpartition('/')[2]}?number={ANA}").text
    assert "1 message" in browser.get("/people").text
    assert browser.post(f"/people/{ANA}", f"/people/{ANA}/message", {"text": "Obrigada"}).status_code == 200
    assert "Obrigada" in browser.get(f"/people/{ANA}").text
    assert "waGroupId" not in api.control.deliveries()[0]["body"]["data"][0]["message"]
    assert browser.get("/people/evil").status_code == 404


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
def test_a_form_without_its_token_is_refused(api: Client, browser: Browser, token: str | None) -> None:
    group_id = api.create("Before")
    browser.get(f"/groups/{group_id}")
    data = {"subject": "After"} | ({} if token is None else {"token": token})
    url = f"{browser.base_url}/groups/{group_id}/subject"
    assert browser.session.post(url, data=data, timeout=10).status_code == 403
    assert api.truth(group_id)["subject"] == "Before"


def test_a_token_is_of_no_use_without_its_cookie(api: Client, browser: Browser) -> None:
    group_id = api.create("Before")
    token = browser.token(f"/groups/{group_id}")
    url = f"{browser.base_url}/groups/{group_id}/subject"
    data = {"subject": "After", "token": token}
    name = next(iter(browser.session.cookies.keys()))
    assert requests.post(url, data=data, timeout=10).status_code == 403
    assert requests.post(url, data=data, cookies={name: "0" * 32}, timeout=10).status_code == 403
    assert api.truth(group_id)["subject"] == "Before"


def test_a_token_of_another_sandbox_is_refused(api: Client, browser: Browser, connect: Connect) -> None:
    other = connect(server=None)
    group_id, other_id = api.create("Before"), other.create("Before")
    browser.get(f"/groups/{group_id}")
    token = browser.token(f"/groups/{group_id}")
    session = next(iter(browser.session.cookies.values()))
    port = other.server.base_url.rpartition(":")[2]
    url = f"{other.server.base_url}/groups/{other_id}/subject"
    data = {"subject": "After", "token": token}
    assert requests.post(url, data=data, cookies={f"sandbox-{port}": session}, timeout=10).status_code == 403


def test_forms_have_a_limit_of_size(api: Client, browser: Browser) -> None:
    group_id = api.create()
    page = f"/groups/{group_id}"
    upload = {"picture": ("icon.png", picture() + b"\0" * 7 * 1024 * 1024, "image/png")}
    assert browser.post(page, f"{page}/icon", files=upload).status_code == 413


def test_reading_changes_nothing(api: Client, browser: Browser) -> None:
    group_id = api.create()
    for action in ("revoke", "invite", "remove-icon", "join"):
        assert browser.get(f"/groups/{group_id}/{action}").status_code in (404, 405)
    assert api.truth(group_id)["link"] is None


def test_a_person_changes_what_gateways_show(api: Client, browser: Browser) -> None:
    above = api.control.seed("Bairro", kind="community")[0]["id"]
    group_id = api.control.seed("Rua", participants=[ANA])[0]["id"]
    page = f"/groups/{group_id}"
    browser.post(page, f"{page}/description", {"description": "Só urgências\nde dia"})
    permissions = {"send_messages": "admins", "edit_info": "everyone", "add_members": "admins"}
    browser.post(page, f"{page}/permissions", {**permissions, "approve_members": "yes"})
    browser.post(page, f"{page}/place", {"kind": "group", "parent": above})
    browser.post(page, f"{page}/join", {"number": f"+{BRUNO}"})
    browser.post(page, f"{page}/join", {"number": f"+{CARLA}"})
    truth = api.truth(group_id)
    assert truth["description"].splitlines() == ["Só urgências", "de dia"]
    assert truth["permissions"] == {**permissions, "approve_members": True}
    assert truth["parent"] == above
    shown = browser.get(page).text
    for text in ("Só urgências", "Waiting for approval", "in the community", "Bairro"):
        assert text in shown
    browser.post(page, f"{page}/approve", {"number": BRUNO})
    browser.post(page, f"{page}/reject", {"number": CARLA})
    assert (api.truth(group_id)["participants"], api.truth(group_id)["waiting"]) == (
        [ACCOUNT, ANA, BRUNO],
        [],
    )
    events = browser.get("/events").text
    assert "group.v2.update" in events
    assert "permissions" in events


def test_a_person_says_what_adding_somebody_is_answered(api: Client, browser: Browser) -> None:
    page = f"/people/{ANA}"
    api.control.seed("Rua", participants=[ANA])
    browser.post(page, f"{page}/adding", {"refusal": "403", "hidden": "yes"})
    assert "by invitation only" in browser.get("/people").text
    assert api.control.people() == [
        {"number": ANA, "refusal": 403, "registered": None, "hidden": True, "lid": lid_of(ANA)}
    ]
    assert lid_of(ANA) in browser.get(page).text
    browser.post(page, f"{page}/adding", {"refusal": "", "registered": "+55 19 0000-0001"})
    assert api.control.people()[0]["registered"] == "551900000001"
    for wrong in ({"refusal": "200"}, {"refusal": "x"}, {"registered": "12"}, {"registered": ANA}):
        assert browser.post(page, f"{page}/adding", wrong).status_code == 400
    forged = requests.post(browser.base_url + f"{page}/adding", data={"refusal": "401"}, timeout=10)
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("permissions", {"send_messages": "nobody"}),
        ("permissions", {}),
        ("place", {"kind": "club"}),
        ("place", {"kind": "group", "parent": "1203"}),
    ],
)
def test_forms_with_values_that_there_are_not(
    api: Client, browser: Browser, verb: str, fields: dict[str, str]
) -> None:
    page = f"/groups/{api.create()}"
    assert browser.post(page, f"{page}/{verb}", fields).status_code == 400


def test_events_as_lines_for_inbound(api: Client, browser: Browser) -> None:
    group_id = api.create()
    api.control.join(group_id, ANA)
    lines = [json.loads(line) for line in browser.get("/webhooks.jsonl").text.splitlines()]
    assert lines == api.control.webhooks()
    assert len(lines) == 2
