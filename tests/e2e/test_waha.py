"""WAHA as a service of the command: its environment, its session, groups that become as they should be."""

from __future__ import annotations

import pytest

from tests.support import ACCOUNT, ANA, BRUNO, Repo

GROUP = """\
subject: Suporte Campinas
description: Atendimento em dias úteis
permissions: {send_messages: admins, add_members: admins}
admins: [ana]
members: [bruno]
"""


@pytest.fixture
def gateway(repo: Repo) -> Repo:
    repo.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nbackend: waha\n')
    repo.group("suporte", GROUP)
    return repo


def test_groups_become_as_they_should_be(gateway: Repo) -> None:
    made = gateway.apply(RECONCILER_USERNAME="")  # the session is `default`
    assert (made.code, made.err) == (0, "")
    live = gateway.live("Suporte Campinas")
    assert live["description"] == "Atendimento em dias úteis"
    gateway.api.join(live["id"], ANA, BRUNO)
    assert gateway.apply().code == 0
    assert set(gateway.live("Suporte Campinas")["admins"]) == {ACCOUNT, ANA}
    gateway.api.clear_calls()
    assert gateway.plan("--detailed-exitcode").code == 0
    again = gateway.apply()
    assert (again.code, gateway.writes()) == (0, [])


def test_the_address_has_to_be_said(gateway: Repo) -> None:
    for address, why in (
        ("", "RECONCILER_BASE_URL is not set, and WAHA has no address of its own"),
        ("http://8.8.8.8:3000", "RECONCILER_BASE_URL is http"),
        ("http://ana:segredo@127.0.0.1:3000", "holds a user name or password"),
    ):
        refused = gateway.plan(RECONCILER_BASE_URL=address)
        assert refused.code == 1
        assert why in refused.err
        assert "segredo" not in refused.err
    private = gateway.plan(RECONCILER_BASE_URL="http://8.8.8.8:3000", RECONCILER_ALLOW_HTTP="1")
    assert private.code == 1
    assert "outside of private networks" in private.err
    looked = gateway.run("doctor", "--format", "json", RECONCILER_BASE_URL="")
    assert [each["check"] for each in looked.json["findings"] if each["verdict"] == "problem"] == ["address"]


@pytest.mark.parametrize(
    ("status", "mend"),
    [("SCAN_QR_CODE", "scan its QR code"), ("STOPPED", "start it"), ("FAILED", "restart it")],
)
def test_a_session_that_does_not_work_says_what_to_do(gateway: Repo, status: str, mend: str) -> None:
    gateway.api.set_options(session_status=status)
    for verb in ("plan", "drift", "list"):
        refused = gateway.run(verb)
        assert (refused.code, mend in refused.err) == (1, True), refused.err
    assert gateway.writes() == []


def test_links_are_sent_as_texts(gateway: Repo) -> None:
    assert gateway.apply().code == 0
    sent = gateway.run("invites", "--send", "--yes")
    assert sent.code == 0, sent.err
    messages = [each for each in gateway.api.messages() if each["kind"] == "sent"]
    assert {each["chat"] for each in messages} == {ANA, BRUNO}
    assert gateway.run("send", "suporte", "Olá", "--yes").code == 0
