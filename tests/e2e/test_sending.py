"""`invites --send`, `--rotate` and `send` as processes over real HTTP: who gets what, and never twice."""

from __future__ import annotations

import json
import re
import signal
import stat
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from reconciler.state import codec
from tests.faults.support import configure
from tests.faults.test_options import Terminal
from tests.support import ANA, BRUNO, CARLOS, DORA, STRANGER, Repo, Result

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
LINK = re.compile(r"https://chat\.whatsapp\.com/[A-Za-z0-9_-]+")


def validated(result: Result, schema: str) -> Result:
    if result.out:
        document = json.loads((SCHEMAS / f"{schema}.schema.json").read_text())
        jsonschema.Draft202012Validator(document).validate(result.json)
    return result


def send(repo: Repo, *arguments: str, **environment: str) -> Result:
    """`invites --send --yes --format json`, whose output keeps to the schema and holds no link."""
    done = validated(
        repo.run("invites", "--send", "--yes", "--format", "json", *arguments, **environment), "sent"
    )
    assert not LINK.search(done.out + done.err)
    return done


def ended(result: Result) -> dict[str, str]:
    return {entry["person"]: entry["status"] for entry in result.json["people"]}


def codes(result: Result) -> dict[str, str]:
    return {entry["person"]: entry["error"]["code"] for entry in result.json["people"] if "error" in entry}


def texts(repo: Repo, person: str) -> list[str]:
    """What a person was written, oldest first."""
    return [message["text"] for message in repo.api.messages() if message["chat"] == person]


def age(repo: Repo, *, days: int) -> None:
    """Let time pass since the last message to everybody."""
    state = codec.loads(repo.state.read_bytes())
    groups = {
        name: replace(
            record,
            sent={ref: replace(sent, at=sent.at - timedelta(days=days)) for ref, sent in record.sent.items()},
        )
        for name, record in state.groups.items()
    }
    repo.state.write_bytes(codec.dumps(replace(state, groups=groups)))


def link(repo: Repo, subject: str) -> str:
    found: str = repo.live(subject)["link"]
    return found


def asked(repo: Repo) -> list[str]:
    """The groups whose link was asked for."""
    names = {group["id"]: group["subject"].lower() for group in repo.api.groups()}
    paths = [call["path"].split("/") for call in repo.api.calls() if call["method"] == "GET"]
    return sorted(names[path[2]] for path in paths if path[-1] == "invite")


@pytest.fixture
def waiting(repo: Repo) -> Repo:
    """`suporte` waits for ana (admin), bruno and dora, `vendas` for ana; carlos is in it."""
    repo.group("suporte", "subject: Suporte\nadmins: [ana]\nmembers: [bruno, dora]\n")
    repo.group("vendas", "subject: Vendas\nadmins: [ana]\nmembers: [carlos]\n")
    assert repo.apply().code == 0
    repo.api.join(repo.live("Vendas")["id"], CARLOS)
    assert repo.apply().code == 0
    repo.api.clear_calls()
    return repo


# --- whom, what, and when ---------------------------------------------------------------------------------


def test_each_person_gets_one_message_with_all_their_links_and_none_before_it_is_due(waiting: Repo) -> None:
    done = send(waiting)
    assert (done.code, ended(done)) == (0, {"ana": "sent", "bruno": "sent", "dora": "sent"})
    assert texts(waiting, ANA) == [
        "Olá, Ana Souza! Aqui está o seu convite para o WhatsApp. Para entrar, abra o link:\n"
        f"Suporte: {link(waiting, 'Suporte')}\n"
        f"Vendas: {link(waiting, 'Vendas')}\n"
        "O convite é só para você: por favor, não o repasse."
    ]
    assert texts(waiting, BRUNO)[0].startswith("Olá! Aqui está")
    assert texts(waiting, CARLOS) == []
    ids = {entry["person"]: entry["message"] for entry in done.json["people"]}
    assert {m["correlation_id"] for m in waiting.api.messages()} == set(ids.values())
    again = send(waiting)
    assert (again.code, set(codes(again).values())) == (0, {"not_due"})
    waiting.api.join(waiting.live("Suporte")["id"], BRUNO)
    age(waiting, days=8)
    assert codes(send(waiting, "--resend-after", "9d")) == {"ana": "not_due", "dora": "not_due"}
    later = send(waiting, "--person", "bruno", "--person", "dora")
    assert ended(later) == {"dora": "sent"}
    shown = waiting.run("invites", "--format", "json").group("suporte")
    assert [(p["contact"], p["sent"]["times"]) for p in shown["people"]] == [("ana", 1), ("dora", 2)]
    state = waiting.state.read_text()
    assert not LINK.search(state)
    assert DORA not in state


def test_another_alias_is_no_reason_to_write_again(waiting: Repo) -> None:
    waiting.group("vendas", f'subject: Vendas\nadmins: [ana]\nmembers: [carlos, "+{STRANGER}"]\n')
    assert waiting.apply().code == 0
    assert send(waiting).json["summary"]["sent"] == 4
    contacts = (waiting.path / "contacts.yaml").read_text()
    contacts = contacts.replace("ana", "anna").replace("people:\n", f'people:\n  zeca: "+{STRANGER}"\n')
    waiting.write("contacts.yaml", contacts)
    for name, text in (("suporte", "[bruno, dora]"), ("vendas", "[carlos, zeca]")):
        waiting.group(name, f"subject: {name.title()}\nadmins: [anna]\nmembers: {text}\n")
    again = send(waiting)
    assert (again.code, set(codes(again).values())) == (0, {"not_due"})
    assert {entry["person"] for entry in again.json["people"]} == {"anna", "bruno", "dora", "zeca"}
    assert waiting.apply().code == 0
    assert send(waiting).json["summary"]["sent"] == 0
    assert (len(texts(waiting, ANA)), len(texts(waiting, STRANGER))) == (1, 1)


def test_only_those_who_are_meant_and_links_only_where_they_are_needed(waiting: Repo) -> None:
    done = send(waiting, "--target", "suporte", "--person", "bruno")
    assert ended(done) == {"bruno": "sent"}
    assert asked(waiting) == ["suporte"]
    waiting.api.clear_calls()
    assert set(codes(send(waiting, "--person", "bruno")).values()) == {"not_due"}
    assert asked(waiting) == ["suporte"], "whether the link that he was sent is the present one"
    waiting.api.clear_calls()
    assert ended(send(waiting, "--person", "elisa")) == {}
    assert asked(waiting) == []


def test_who_left_is_sent_a_link_only_when_asked_for(waiting: Repo) -> None:
    waiting.api.leave(waiting.live("Vendas")["id"], CARLOS)
    assert "carlos" not in ended(send(waiting))
    assert ended(send(waiting, "--include-left"))["carlos"] == "sent"


def test_limits_are_told_and_are_no_failure(waiting: Repo) -> None:
    waiting.write(
        "reconciler.yaml",
        (waiting.path / "reconciler.yaml").read_text()
        + "invites: {budget: 1, max_sends: 1, text: 'Oi {name}: {link}'}\n",
    )
    first = send(waiting)
    assert (first.code, first.json["summary"]["sent"], set(codes(first).values())) == (0, 1, {"budget"})
    second = send(waiting)
    assert (second.code, sorted(codes(second).values())) == (0, ["budget", "max_sends"])
    assert send(waiting).code == 0
    last = send(waiting)
    assert (last.code, sorted(codes(last).values())) == (0, ["max_sends"] * 3)
    text = waiting.run("invites", "--send", "--yes").out
    assert text.count("sent the link 1 times and not in yet: given up (3)") == 1
    assert all(len(texts(waiting, person)) == 1 for person in (ANA, BRUNO, DORA))


def test_a_template_goes_out_once_a_group_and_as_often_a_day_as_allowed(waiting: Repo) -> None:
    waiting.write(
        "reconciler.yaml",
        (waiting.path / "reconciler.yaml").read_text()
        + "invites:\n  per_person: 1\n  template:\n    namespace: ns\n    elementName: convite\n"
        "    languageCode: pt_BR\n    bodyParameters:\n"
        "      - {type: TEXT, text: '{subject}'}\n      - {type: TEXT, text: '{link}'}\n",
    )
    done = send(waiting)
    assert done.code == 0
    (template,) = [json.loads(m["template"]) for m in waiting.api.messages() if m["chat"] == ANA]
    assert template["bodyParameters"] == [
        {"type": "TEXT", "text": "Suporte"},
        {"type": "TEXT", "text": link(waiting, "Suporte")},
    ]
    assert codes(done) == {"ana": "per_person"}
    reasons = [entry["error"]["code"] for entry in send(waiting).json["people"]]
    assert sorted(reasons) == ["not_due", "not_due", "not_due", "per_person"]


# --- groups, errors, and consent --------------------------------------------------------------------------


def test_what_stands_in_the_way_of_a_group_is_told(waiting: Repo) -> None:
    waiting.group("nova", "subject: Nova\nadmins: [elisa]\n")
    done = send(waiting)
    assert (done.code, codes(done)) == (0, {"elisa": "create"})
    waiting.state.unlink()
    lost = send(waiting)
    assert (lost.code, set(codes(lost).values())) == (0, {"create", "unrecorded"})
    assert len(texts(waiting, ANA)) == 1
    waiting.api.remove(waiting.live("Suporte")["id"], "5519911112222")
    assert waiting.apply().code == 0
    waiting.group("presa", f"id: {waiting.api.seed('Presa', creator=CARLOS)[0]['id']}\nmembers: [dora]\n")
    blocked = send(waiting)
    assert blocked.code == 3
    assert codes(blocked)["dora"] == "blocked"


def test_a_link_that_cannot_be_had_ends_1_and_the_others_are_sent(waiting: Repo) -> None:
    configure(waiting, retries=0)
    waiting.api.add_faults(f"GET /groups/{waiting.live('Suporte')['id']}/invite status=500")
    done = send(waiting)
    assert (done.code, done.json["complete"]) == (1, False)
    assert texts(waiting, ANA)[0].count("https://") == 1
    assert texts(waiting, BRUNO) == []


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("none", "unknown", 3),
        ("missing", "unknown", 3),
        ("text", "unknown", 3),
        ("stranger", "unknown", 3),
        ("error", "failed", 3),
        ("variant", "sent", 0),
    ],
)
def test_only_an_answer_that_names_them_without_an_error_means_sent(
    repo: Repo, how: str, status: str, code: int
) -> None:
    mobile = "5519987654321"
    repo.group("suporte", f'subject: Suporte\nmembers: ["+{mobile}"]\n')
    assert repo.apply().code == 0
    arrives = how != "error"
    repo.api.add_faults(f"POST /send destinations={how} nth=1 when={'after' if arrives else 'before'}")
    done = send(repo)
    (entry,) = done.json["people"]
    assert (done.code, entry["status"]) == (code, status)
    assert mobile not in done.out + done.err
    repo.api.clear_faults()
    for _ in range(2):
        send(repo)
        assert len(texts(repo, mobile)) == 1, "only what was refused there is sent later"
    to_group = f"POST /send destinations={how} when={'after' if arrives else 'before'}"
    repo.api.add_faults(to_group)
    text = repo.run("send", "suporte", "Olá", "--yes", "--format", "json")
    assert (text.code, text.json["status"]) == (code, status)
    assert group_texts(repo) == ["Olá"] * arrives


USAGE: list[tuple[tuple[str, ...], str]] = [
    (("invites", "--send"), "add --yes"),
    (("invites", "--rotate", "suporte"), "add --yes"),
    (("send", "suporte", "Oi"), "add --yes"),
    (("invites", "--send", "--yes", "--resend-after", "x"), "no length of time"),
    (("invites", "--resend-after", "7d"), "with --send only"),
    (("invites", "--unknown", "resend"), "with --send only"),
    (("invites", "--yes"), "with --send or --rotate only"),
    (("invites", "--rotate", "suporte", "--send", "--yes"), "nothing beside --rotate"),
    (("invites", "--rotate", "nobody", "--yes"), "no group is on record as nobody"),
    (("invites", "--send", "--yes", "--format", "csv"), "text, json"),
    (("send", "suport", "Oi", "--yes"), "did you mean `suporte`"),
    (("send", "suporte", "--yes"), "give either TEXT or --file"),
    (("send", "suporte", " \n", "--yes"), "the text is empty"),
    (("send", "suporte", "x" * 4097, "--yes"), "4097 characters"),
    (("send", "suporte", "a\x07b", "--yes"), "U+0007"),
    (("send", "suporte", "Oi", "--target", "x", "--yes"), "--target means nothing"),
]


def test_what_cannot_be_carried_out_ends_64_and_sends_nothing(waiting: Repo) -> None:
    for arguments, words in USAGE:
        refused = waiting.run(*arguments)
        assert (refused.code, refused.out) == (64, ""), arguments
        assert words in refused.err, arguments
    assert waiting.api.messages() == []
    assert waiting.api.writes() == []


def test_only_yes_is_a_yes(waiting: Repo) -> None:
    """What is about to be done is on the screen before the question; no link is."""
    for arguments, shown, path in (
        (("invites", "--send"), "3 messages to 3 people", "/send"),
        (("invites", "--rotate", "suporte"), "stops working at once", "/invite"),
        (("send", "suporte", "Olá a todos"), 'Send this to "Suporte" (suporte, 0 people)?', "/send"),
    ):
        for answer, code in (("y", 3), ("yes", 0)):
            before = len(waiting.api.writes())
            terminal = Terminal(waiting, *arguments)
            terminal.until("Only 'yes' is a yes")
            assert shown in terminal.seen
            terminal.type(f"{answer}\n")
            assert terminal.end() == code, terminal.seen
            assert not LINK.search(terminal.seen)
            made = [call["path"] for call in waiting.api.writes()[before:]]
            assert bool(made) is (code == 0)
            assert all(path in each for each in made)


def test_without_a_state_nobody_could_remember_who_was_sent_a_link(waiting: Repo) -> None:
    for mode in (("--send",), ("--rotate", "suporte")):
        refused = waiting.run("invites", *mode, "--yes", RECONCILER_STATE="none")
        assert (refused.code, "`state` is none" in refused.err) == (64, True)
    assert waiting.api.messages() == []


def test_only_one_run_sends_at_a_time(waiting: Repo) -> None:
    configure(waiting, write_concurrency=1)
    waiting.api.add_faults("POST /send hang when=before nth=1")
    first = waiting.start("invites", "--send", "--yes")
    waiting.api.wait_for_call("POST", "*", timeout=60)
    assert waiting.run("invites", "--send", "--yes").code == 5
    assert waiting.run("invites").code == 0
    first.kill()
    first.communicate(timeout=60)
    waiting.api.clear_faults()
    again = waiting.run("invites", "--send", "--yes")
    assert again.code == 3, "what became of the first message is not known"
    assert sorted(Counter(m["chat"] for m in waiting.api.messages()).values()) == [1, 1]


def test_the_first_signal_finishes_what_is_under_way_and_reports(waiting: Repo) -> None:
    configure(waiting, write_concurrency=1)
    waiting.api.add_faults("POST /send delay=1")
    waiting.api.clear_calls()
    process = waiting.start("invites", "--send", "--yes", "--format", "json")
    waiting.api.wait_for_call("POST", "/send*", timeout=60, pending=True)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    stopped = validated(Result(process.returncode, out, err), "sent")
    assert stopped.code == 130
    assert stopped.json["interrupted"] is True
    assert Counter(ended(stopped).values()) == {"sent": 1, "skipped": 2}
    waiting.api.clear_faults()
    assert Counter(ended(send(waiting)).values()) == {"sent": 2, "skipped": 1}
    assert all(len(texts(waiting, person)) == 1 for person in (ANA, BRUNO, DORA))


# --- two hundred people, and everything that can go wrong -------------------------------------------------

PEOPLE = 200
SURELY_NOT = (
    "status=400",
    "status=400 body=text",
    "status=403",
    "status=404 body=errors",
    "status=412 body=meta",
    "status=420",
    "status=429",
)
UNCLEAR = (
    "status=500",
    "status=500 body=html",
    "status=502",
    "status=503 when=after",
    "status=504 when=after",
    "hang",
    "hang when=after",
    "reset",
    "reset when=after",
    "truncated",
    "garbage",
    "empty when=after",
    "status=200 body=error",
)
FAULTS = (*UNCLEAR, *SURELY_NOT)  # those of the pace last: after them everybody goes slower


def _crowd(repo: Repo) -> dict[str, str]:
    """Two groups that wait for the same two hundred people: alias → number."""
    people = {f"p{n:03}": f"55199100{n:05}" for n in range(PEOPLE)}
    lines = "".join(f'  {alias}: "+{digits}"\n' for alias, digits in people.items())
    repo.write("contacts.yaml", f"people:\n{lines}teams:\n  todos: [{', '.join(people)}]\n")
    repo.group("grupo", "subject: Grupo\nmembers: [todos]\n")
    repo.group("outro", "subject: Outro\nmembers: [todos]\n")
    repo.write(
        "reconciler.yaml",
        f'account: "+5519911112222"\napi: {{retries: 0, timeout: 1.5}}\ninvites: {{budget: {PEOPLE}}}\n',
    )
    assert repo.apply().code == 0
    return people


def test_two_hundred_people_twenty_failures_and_a_kill_and_nobody_gets_two_messages(repo: Repo) -> None:
    people = _crowd(repo)

    def received() -> Counter[str]:
        return Counter(message["chat"] for message in repo.api.messages())

    # Killed in the middle.
    repo.api.add_faults("POST /send delay=0.02 when=after")
    process = repo.start("invites", "--send", "--yes")
    deadline = time.monotonic() + 60
    while len(received()) < 60:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    repo.api.clear_faults()
    first = received()
    assert 60 <= len(first) < PEOPLE

    # The others, of whom twenty meet with a fault each.
    assert len(FAULTS) == 20
    repo.api.add_faults(*(f"POST /send {fault} nth={6 * n + 1}" for n, fault in enumerate(FAULTS)))
    second = send(repo)
    assert second.code == 3
    outcome = ended(second)
    killed = {alias for alias, code in codes(second).items() if code == "unknown"}
    failed = {alias for alias, status in outcome.items() if status == "failed"}
    unknown = {alias for alias, status in outcome.items() if status == "unknown"} - killed
    assert (len(failed), len(unknown)) == (len(SURELY_NOT), len(UNCLEAR)), "all twenty are named"
    assert 1 <= len(killed) <= 4, "what was under way when the run was killed"
    assert len(outcome) == PEOPLE
    text = repo.run("invites", "--send", "--yes", "--person", sorted(killed)[0]).out
    assert sorted(killed)[0] in text
    assert "--unknown resend" in text

    # Again: only those who surely got none.
    repo.api.clear_faults()
    before = received()
    third = send(repo)
    assert third.code == 3, "somebody still has to decide about the unknown"
    new = received() - before
    assert new == Counter({people[alias]: 1 for alias in failed})
    assert {alias for alias, status in ended(third).items() if status == "unknown"} == killed | unknown
    assert max(received().values()) == 1, "nobody got two messages"
    without = {alias for alias, digits in people.items() if digits not in received()}
    assert without <= killed | unknown

    # What the person who asked around says is taken up.
    sure, others = sorted(without), sorted((killed | unknown) - without)
    named = [argument for alias in sure for argument in ("--person", alias)]
    assert send(repo, "--unknown", "resend", *named).code == 0
    settled = send(repo, "--unknown", "received")
    assert (settled.code, {codes(settled)[alias] for alias in others}) == (0, {"not_due"})
    assert received() == Counter(dict.fromkeys(people.values(), 1))


# --- rotation ---------------------------------------------------------------------------------------------


def test_a_link_that_got_out_is_revoked_and_everybody_is_due_for_the_new_one(waiting: Repo) -> None:
    send(waiting)
    old = link(waiting, "Suporte")
    vendas = link(waiting, "Vendas")
    done = validated(waiting.run("invites", "--rotate", "suporte", "--yes", "--format", "json"), "rotated")
    assert done.code == 0
    assert not LINK.search(done.out + done.err)
    assert [(group["name"], group["status"], group["pending"]) for group in done.json["groups"]] == [
        ("suporte", "done", 3)
    ]
    new = link(waiting, "Suporte")
    assert new not in (None, old)
    assert ended(send(waiting)) == {"ana": "sent", "bruno": "sent", "dora": "sent"} | {"ana": "skipped"}
    assert [text.count(vendas) for text in texts(waiting, ANA)] == [1, 0]
    assert [new in text for text in texts(waiting, BRUNO)] == [False, True]


def reset_by_hand(repo: Repo) -> None:
    repo.api.revoke(repo.live("Suporte")["id"])


def rotated_elsewhere(repo: Repo) -> None:
    """As another checkout does that has another state."""
    kept = repo.state.read_bytes()
    assert repo.run("invites", "--rotate", "suporte", "--yes").code == 0
    repo.state.write_bytes(kept)


def rotation_killed(repo: Repo) -> None:
    """Killed after the revoke took effect, before anything more could be done."""
    repo.api.add_faults("DELETE /groups/*/invite hang when=after nth=1")
    process = repo.start("invites", "--rotate", "suporte", "--yes")
    repo.api.wait_for_call("DELETE", "/groups/*/invite", timeout=60, pending=True)
    deadline = time.monotonic() + 60
    while repo.api.calls()[-1]["outcome"] != "hang":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    repo.api.clear_faults()


@pytest.mark.parametrize("happened", [reset_by_hand, rotated_elsewhere, rotation_killed])
def test_whoever_was_sent_a_link_that_is_dead_is_due_and_told_why(
    waiting: Repo, happened: Callable[[Repo], None]
) -> None:
    send(waiting)
    old = link(waiting, "Suporte")
    happened(waiting)
    waiting.api.clear_calls()
    shown = waiting.run("invites", "--format", "json").group("suporte")
    assert {person["sent"]["status"] for person in shown["people"]} == {"reset"}
    done = send(waiting)
    assert done.code == 0
    why = {
        entry["person"]: entry.get("new_link") for entry in done.json["people"] if entry["status"] == "sent"
    }
    assert why == {person: ["suporte"] for person in ("ana", "bruno", "dora")}
    new = link(waiting, "Suporte")
    assert new != old
    assert [(old in text, new in text) for text in texts(waiting, BRUNO)] == [(True, False), (False, True)]
    assert not [call for call in waiting.api.calls() if call["method"] == "DELETE"], "nothing was revoked"
    again = send(waiting)
    assert (again.code, set(codes(again).values())) == (0, {"not_due"})
    assert waiting.run("invites", "--rotate", "suporte", "--yes").code == 0
    assert "(3)" in (text := waiting.run("invites", "--send", "--yes").out)
    assert "the link that they had works no more" in text


def test_a_rotation_that_was_killed_revokes_only_what_is_still_alive(waiting: Repo) -> None:
    send(waiting)
    rotation_killed(waiting)
    new = waiting.api.invite(waiting.live("Suporte")["id"])
    rerun = validated(waiting.run("invites", "--rotate", "suporte", "--yes", "--format", "json"), "rotated")
    assert (rerun.code, rerun.group("suporte")["status"], rerun.group("suporte")["earlier"]) == (
        0,
        "done",
        True,
    )
    assert link(waiting, "Suporte") == new, "the link that was handed out meanwhile lives"
    assert ended(send(waiting))["bruno"] == "sent"
    assert new in texts(waiting, BRUNO)[1]


def test_nobody_is_sent_a_link_that_is_about_to_die(waiting: Repo) -> None:
    """A rotation that was begun, and whose link lives: it is not sent, until the rotation has ended."""
    send(waiting, "--person", "bruno")
    configure(waiting, retries=0)
    waiting.api.add_faults("DELETE /groups/*/invite status=503")
    assert waiting.run("invites", "--rotate", "suporte", "--yes").code == 3
    held = send(waiting)
    assert held.code == 3
    assert {person: code for person, code in codes(held).items() if person != "ana"} == {
        "bruno": "revoking",
        "dora": "revoking",
    }
    shown = waiting.run("invites", "--format", "json").group("suporte")
    assert (shown["status"], shown["link"]) == ("revoke", None)
    assert "invites --rotate" in shown["notes"][0]
    waiting.api.clear_faults()
    assert waiting.run("invites", "--rotate", "suporte", "--yes").code == 0
    last = ended(send(waiting))
    assert (last["bruno"], last["dora"]) == ("sent", "sent")


def test_a_new_link_is_counted_anew_and_keeps_to_what_a_day_allows(waiting: Repo) -> None:
    waiting.write(
        "reconciler.yaml",
        (waiting.path / "reconciler.yaml").read_text() + "invites: {max_sends: 1, per_person: 2}\n",
    )
    assert ended(send(waiting, "--person", "bruno")) == {"bruno": "sent"}
    assert codes(send(waiting, "--person", "bruno")) == {"bruno": "max_sends"}
    reset_by_hand(waiting)
    assert ended(send(waiting, "--person", "bruno")) == {"bruno": "sent"}
    assert codes(send(waiting, "--person", "bruno")) == {"bruno": "max_sends"}
    reset_by_hand(waiting)
    assert codes(send(waiting, "--person", "bruno")) == {"bruno": "per_person"}
    age(waiting, days=2)
    assert ended(send(waiting, "--person", "bruno")) == {"bruno": "sent"}


def test_a_message_of_which_no_link_is_on_record_is_as_it_was(waiting: Repo) -> None:
    send(waiting)
    state = codec.loads(waiting.state.read_bytes())
    groups = {
        name: replace(record, sent={ref: replace(sent, link="") for ref, sent in record.sent.items()})
        for name, record in state.groups.items()
    }
    waiting.state.write_bytes(codec.dumps(replace(state, groups=groups)))
    reset_by_hand(waiting)
    waiting.api.clear_calls()
    assert set(codes(send(waiting)).values()) == {"not_due"}
    assert asked(waiting) == []


def test_a_message_of_which_nobody_knows_is_settled_by_a_new_link(waiting: Repo) -> None:
    waiting.api.add_faults("POST /send status=503 when=after")
    assert set(ended(send(waiting)).values()) == {"unknown"}
    waiting.api.clear_faults()
    reset_by_hand(waiting)
    done = send(waiting)
    assert done.code == 3, "of the other group it is still not known"
    assert {person for person, status in ended(done).items() if status == "sent"} >= {"bruno", "dora"}
    assert [(len(texts(waiting, person))) for person in (ANA, BRUNO, DORA)] == [2, 2, 2]


def test_a_link_that_cannot_be_compared_is_told_and_nobody_is_written_to(waiting: Repo) -> None:
    send(waiting)
    configure(waiting, retries=0)
    waiting.api.add_faults(f"GET /groups/{waiting.live('Suporte')['id']}/invite status=500")
    done = send(waiting)
    assert (done.code, done.json["complete"], codes(done)["bruno"]) == (1, False, "http_500")
    assert len(texts(waiting, BRUNO)) == 1


def test_a_raised_link_version_makes_everybody_due_as_well(waiting: Repo) -> None:
    manifest = "subject: Suporte\nadmins: [ana]\nmembers: [bruno, dora]\nlink_version: {}\n"
    waiting.group("suporte", manifest.format(1))
    assert waiting.apply().code == 0
    send(waiting)
    waiting.group("suporte", manifest.format(2))
    assert codes(send(waiting))["bruno"] == "revoke"
    assert waiting.apply().code == 0
    assert ended(send(waiting))["bruno"] == "sent"
    assert link(waiting, "Suporte") in texts(waiting, BRUNO)[1]


def test_a_link_that_lives_on_ends_3_and_an_unclear_answer_is_settled_by_reading(waiting: Repo) -> None:
    send(waiting)
    configure(waiting, retries=0)
    for fault, status in (("status=403", "failed"), ("status=503 when=after", "done")):
        waiting.api.clear_faults()
        waiting.api.add_faults(f"DELETE /groups/*/invite {fault}")
        done = waiting.run("invites", "--rotate", "suporte", "--yes", "--format", "json")
        assert (done.code, done.group("suporte")["status"]) == (0 if status == "done" else 3, status)
        due = status == "done"
        assert (ended(send(waiting))["bruno"] == "sent") is due


# --- send -------------------------------------------------------------------------------------------------


def group_texts(repo: Repo, subject: str = "Suporte") -> list[str]:
    return texts(repo, repo.live(subject)["id"])


def test_a_text_to_a_group_from_wherever_it_comes(waiting: Repo) -> None:
    waiting.write("aviso.txt", "Linha um\r\nlinha dois ☕\n\n")
    done = validated(
        waiting.run(
            "send", "suporte", "Olá, 'todos'", "--yes", "--format", "json", "--report", "json=m.json"
        ),
        "message",
    )
    assert (done.code, done.json["status"], done.json["people"]) == (0, "sent", 0)
    assert waiting.run("send", "--file", "aviso.txt", "suporte", "--yes").code == 0
    piped = waiting.run("send", "vendas", "-", "--yes")
    assert piped.code == 64, "nothing stands on stdin here"
    assert group_texts(waiting) == ["Olá, 'todos'", "Linha um\nlinha dois ☕"]
    assert stat.S_IMODE((waiting.path / "m.json").stat().st_mode) == 0o600
    assert len([call for call in waiting.api.writes() if call["path"] == "/send"]) == 2


def test_a_text_to_a_group_is_never_sent_blindly_again(waiting: Repo) -> None:
    for fault, code, status, count in (
        ("status=400", 3, "failed", 0),
        ("status=429 nth=1", 0, "sent", 1),
        ("status=503", 3, "unknown", 0),
        ("status=503 when=after", 3, "unknown", 1),
        ("reset when=after", 3, "unknown", 1),
    ):
        waiting.api.clear_faults()
        waiting.api.add_faults(f"POST /send {fault}")
        done = validated(waiting.run("send", "suporte", fault, "--yes", "--format", "json"), "message")
        assert (done.code, done.json["status"], group_texts(waiting).count(fault)) == (code, status, count)
        if status == "unknown":
            assert "look into the group" in done.json["error"]["hint"]


def test_a_group_that_is_not_there_gets_nothing(waiting: Repo) -> None:
    waiting.group("nova", "subject: Nova\n")
    refused = waiting.run("send", "nova", "Oi", "--yes")
    assert (refused.code, "it is yet to be created" in refused.err) == (1, True)
    configure(waiting, retries=0)
    waiting.api.add_faults(f"GET /groups/{waiting.live('Suporte')['id']} status=500")
    assert waiting.run("send", "suporte", "Oi", "--yes").code == 1
    waiting.api.add_faults("GET /groups status=401")
    assert waiting.run("send", "vendas", "Oi", "--yes").code == 4
    assert waiting.api.messages() == []
