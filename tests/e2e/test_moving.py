"""From one service to another as docs/backends.md tells it, on one world: groups of Sinch go to Evolution,
with the same number or with another that was made their admin, and back again.

The commands are those of that page. Nobody may be invited or added twice, no group be made beside another,
and nothing be written that was not wanted; whoever leaves out a step is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.record import Intent
from reconciler.sandbox import Server
from reconciler.sandbox.evolution_shapes import INSTANCE_TOKEN
from reconciler.state import codec
from tests import gitrepo
from tests.gitrepo import git
from tests.support import ACCOUNT, ANA, BRUNO, CARLOS, DORA, ELISA, Repo, Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "backends.md"
NEW = "5519922223333"
OLD_STATE, NEW_STATE = ".reconciler/state.json", ".reconciler/evolution.json"
TAKE_OVER = f"reconciler import --moved-from file:{OLD_STATE}"
TAKE_BACK = f"reconciler import --moved-from file:{NEW_STATE}"
SUPPORT = "subject: Suporte\nadmins: [ana]\nmembers: [bruno, carlos, elisa]\nlink_version: 1\n"
SALES = "subject: Vendas\nmembers: [bruno, dora]\n"


class Moving:
    """A repository, and the service whose world outlives a change of number."""

    def __init__(self, path: Path, serve: Callable[..., Server]) -> None:
        self._serve = serve
        self._options = {"database": str(path / "world.sqlite3")}
        self._server = serve(**self._options)
        self._port = int(self._server.base_url.rpartition(":")[2])
        self.repo = Repo(path / "repo", self._server)

    def log_in(self, account: str) -> None:
        """From now on another phone's number is asked."""
        self._server.stop()
        self._server = self._serve(**self._options, account=account, port=self._port)

    def configure(self, backend: str, state: str, *accounts: str) -> None:
        """Say in reconciler.yaml which service it is, where the state is, and which numbers are ours."""
        numbers = json.dumps([f"+{each}" for each in accounts or (ACCOUNT,)])
        text = f"account: {numbers}\nbackend: {backend}\nstate: 'file:{state}'\n"
        self.repo.write("reconciler.yaml", text)

    def at_sinch(self, *accounts: str) -> None:
        self.configure("sinch", OLD_STATE, *accounts)

    def at_evolution(self, *accounts: str) -> None:
        self.configure("evolution", NEW_STATE, *accounts)

    def command(self, text: str) -> Result:
        """Run a command as the page has it."""
        assert text in PAGE.read_text(encoding="utf-8"), text
        return self.repo.run(*text.split()[1:])

    def sent(self) -> list[str]:
        """Who was written to so far, a person a message."""
        return [each["chat"] for each in self.repo.api.messages() if each["kind"] == "sent"]

    def world(self) -> list[Any]:
        """What is to stay as it is: every group, and every message that was sent."""
        return [self.repo.api.groups(), self.sent()]


@pytest.fixture
def moving(tmp_path: Path, serve: Callable[..., Server]) -> Moving:
    """Two groups at Sinch: everybody was sent the links, some came, Elisa came and left, Carlos and Dora have
    yet to come."""
    moving = Moving(tmp_path, serve)
    repo = moving.repo
    moving.at_sinch()
    repo.group("suporte", SUPPORT)
    repo.group("vendas", SALES)
    assert repo.apply().code == 0
    assert repo.run("invites", "--send", "--yes").code == 0
    assert sorted(moving.sent()) == [ANA, BRUNO, CARLOS, DORA, ELISA]
    support, sales = repo.live("Suporte")["id"], repo.live("Vendas")["id"]
    repo.api.join(support, ANA, BRUNO, ELISA)
    repo.api.join(sales, BRUNO)
    assert repo.apply().code == 0
    repo.api.leave(support, ELISA)
    assert repo.apply().code == 0
    return moving


def in_sync(moving: Moving) -> None:
    """Nothing is left to do for any verb that writes, and none of them writes."""
    before = moving.world()
    planned = moving.repo.plan("--detailed-exitcode")
    assert planned.code == 0, planned.out + planned.err
    assert [(each["action"], each["changes"]) for each in planned.json["groups"]] == [("none", [])] * 2
    assert [each["person"] for each in planned.group("suporte")["to_invite"]] == ["carlos"]  # Elisa has left
    assert moving.repo.apply().code == 0
    sending = moving.repo.run("invites", "--send", "--yes")
    assert sending.code == 0, sending.out + sending.err
    assert moving.world() == before


def move(moving: Moving, *accounts: str) -> None:
    """Go to Evolution API, command by command."""
    before = moving.world()
    moving.at_evolution(*accounts)
    examined = moving.command("reconciler doctor")
    assert (examined.code, TAKE_OVER in " ".join(examined.out.split())) == (1, True), examined.out
    assert "1 problem and" in examined.out
    assert INSTANCE_TOKEN not in examined.out + examined.err
    for command in (TAKE_OVER, "reconciler plan"):
        done = moving.command(command)
        assert done.code == 0, (command, done.out + done.err)
    assert moving.world() == before
    in_sync(moving)


def back(moving: Moving, *accounts: str) -> None:
    """Return to Sinch, whose state is where it was."""
    before = moving.world()
    moving.at_sinch(*accounts)
    for command in (TAKE_BACK, "reconciler plan"):
        done = moving.command(command)
        assert done.code == 0, (command, done.out + done.err)
    assert moving.world() == before
    in_sync(moving)


def somebody_new(moving: Moving) -> None:
    """Elisa, who was sent the link of one group, is wanted in the other: this service sends it to her."""
    moving.repo.group("vendas", SALES.replace("dora", "dora, elisa"))
    assert moving.repo.apply().code == 0
    before = moving.sent()
    sending = moving.repo.run("invites", "--send", "--yes")
    assert sending.code == 0, sending.out + sending.err
    assert moving.sent() == [*before, ELISA]


def test_with_the_same_number_and_back_again(moving: Moving) -> None:
    move(moving)
    somebody_new(moving)
    in_sync(moving)
    back(moving)


def test_with_another_number_and_back_again(moving: Moving) -> None:
    for group in moving.repo.api.groups():
        moving.repo.api.join(group["id"], NEW)
        moving.repo.api.promote(group["id"], NEW)
    moving.log_in(NEW)
    move(moving, NEW, ACCOUNT)
    somebody_new(moving)
    in_sync(moving)
    moving.log_in(ACCOUNT)
    back(moving, ACCOUNT, NEW)


def test_a_link_version_goes_along(moving: Moving) -> None:
    moving.at_evolution()
    assert moving.command(TAKE_OVER).code == 0
    moving.repo.group("suporte", SUPPORT.replace("link_version: 1", "link_version: 2"))
    planned = moving.repo.plan()
    assert [each["kind"] for each in planned.group("suporte")["changes"]] == ["revoke_link"]


def test_between_gateways_nobody_is_added_who_left_or_does_not_want_to_be(moving: Moving) -> None:
    repo = moving.repo
    repo.state.rename(repo.state.with_suffix(".sinch"))
    repo.environment["RECONCILER_USERNAME"] = "default"
    moving.configure("waha", OLD_STATE)
    repo.group("suporte", f"{SUPPORT}join: add\n")
    repo.api.person(CARLOS, refusal=403)
    assert repo.apply().code == 0  # Carlos lets nobody add him, and Elisa has left
    support = repo.live("Suporte")["id"]
    assert repo.run("invites", "--send", "--yes").code == 0
    move(moving)
    assert set(repo.live("Suporte")["participants"]) == {ACCOUNT, ANA, BRUNO}
    adding = ("/participants/add", "/updateParticipant/")
    assert [call["path"] for call in repo.api.calls() if any(each in call["path"] for each in adding)] == [
        f"/api/default/groups/{support}@g.us/participants/add"
    ]


def test_a_dry_run_says_what_would_be_bound_and_records_nothing(moving: Moving) -> None:
    moving.at_evolution()
    done = moving.repo.run(*TAKE_OVER.split()[1:], "--dry-run", "--format", "json")
    assert done.code == 0, done.err
    assert [(each["name"], each["status"], each["bound"]) for each in done.json["groups"]] == [
        ("suporte", "skipped", True),
        ("vendas", "skipped", True),
    ]
    refused(moving, "take it over", "apply", "--yes")
    assert moving.repo.run(*TAKE_OVER.split()[1:]).code == 0
    again = moving.repo.run(*TAKE_OVER.split()[1:])
    assert again.code == 0, again.err
    in_sync(moving)


def test_a_state_on_a_branch_is_taken_over_onto_another(moving: Moving) -> None:
    gitrepo.start(moving.repo.path)
    moving.repo.write(".gitignore", ".reconciler/\n")
    gitrepo.commit(moving.repo.path)
    git(moving.repo.path.parent, "init", "--quiet", "--bare", "origin.git")
    git(moving.repo.path, "remote", "add", "origin", str(moving.repo.path.parent / "origin.git"))
    git(moving.repo.path, "push", "--quiet", "origin", "HEAD")
    assert moving.repo.run("state", "migrate", f"file:{OLD_STATE}", "git:origin/old").code == 0
    text = f'account: "+{ACCOUNT}"\nbackend: evolution\nstate: "git:origin/new"\n'
    moving.repo.write("reconciler.yaml", text)
    gitrepo.commit(moving.repo.path)
    done = moving.repo.run("import", "--moved-from", "git:origin/old")
    assert done.code == 0, done.out + done.err
    in_sync(moving)


def test_what_is_no_state_of_another_service_is_not_taken_over(moving: Moving) -> None:
    for place, words in ((f"file:{OLD_STATE}", "is of this service and account already"),
                         ("file:nothing.json", "there is no state in file:nothing.json")):  # fmt: skip
        done = moving.repo.run("import", "--moved-from", place)
        assert (done.code, words in done.err) == (1, True), done.err
    for more in (["--all"], ["Suporte"], ["--contacts"]):
        assert moving.repo.run("import", "--moved-from", f"file:{OLD_STATE}", *more).code == 64


def refused(moving: Moving, words: str, *command: str) -> None:
    """The command ends 1 with these words, and so does whatever might write; the world stays as it is."""
    before = moving.world()
    done = moving.repo.run(*command)
    assert (done.code, words in done.out + done.err) == (1, True), done.out + done.err
    for verb in (("apply", "--yes"), ("invites", "--send", "--yes")):
        done = moving.repo.run(*verb)
        assert done.code == 1, (verb, done.out + done.err)
    assert moving.world() == before


def test_without_taking_over_nobody_is_written_to(moving: Moving) -> None:
    moving.at_evolution()
    refused(moving, f"take it over: `{TAKE_OVER}`", "apply", "--yes")
    warned = moving.repo.run("plan")
    assert f"take it over: `{TAKE_OVER}`" in warned.err
    assert "names in .reconciler/state.json" in moving.repo.run("doctor").out


def test_who_sets_the_old_state_aside_has_everybody_written_to_again(moving: Moving) -> None:
    """What the step protects from, so that it is seen to do so."""
    moving.at_evolution()
    moving.repo.state.rename(moving.repo.state.with_suffix(".old"))
    assert moving.repo.apply().code == 0
    assert moving.repo.run("invites", "--send", "--yes").code == 0
    assert sorted(moving.sent()) == sorted([ANA, BRUNO, CARLOS, DORA, ELISA, CARLOS, DORA, ELISA])


def test_without_taking_back_what_was_sent_meanwhile_is_sent_again(moving: Moving) -> None:
    move(moving)
    somebody_new(moving)
    moving.at_sinch()
    assert moving.repo.run("invites", "--send", "--yes").code == 0
    assert moving.sent().count(ELISA) == 3


def test_the_state_stays_where_it_belongs(moving: Moving) -> None:
    moving.configure("evolution", OLD_STATE)
    refused(moving, "belongs to another service: sinch, not evolution", "plan")


def test_ids_of_the_old_service_are_mistakes(moving: Moving) -> None:
    moving.repo.group("suporte", SUPPORT + f"id: {moving.repo.live('Suporte')['id']}\n")
    moving.at_evolution()
    refused(moving, "@g.us", "validate")


def test_a_number_that_is_in_one_group_alone_moves_none(moving: Moving) -> None:
    group_id = moving.repo.live("Suporte")["id"]
    moving.repo.api.join(group_id, NEW)
    moving.repo.api.promote(group_id, NEW)
    moving.log_in(NEW)
    moving.at_evolution(NEW, ACCOUNT)
    refused(moving, "no group was found here for vendas", *TAKE_OVER.split()[1:])
    assert not (moving.repo.path / NEW_STATE).exists()


def test_a_number_that_does_not_know_the_old_one_moves_none_but_by_id(moving: Moving) -> None:
    repo = moving.repo
    for group in repo.api.groups():
        repo.api.join(group["id"], NEW)
        repo.api.promote(group["id"], NEW)
    moving.log_in(NEW)
    moving.at_evolution(NEW)
    refused(moving, "no group was found here for suporte, vendas", *TAKE_OVER.split()[1:])
    for name, text, subject in (("suporte", SUPPORT, "Suporte"), ("vendas", SALES, "Vendas")):
        repo.group(name, f"{text}id: {repo.live(subject)['id']}@g.us\n")
    move(moving, NEW)


def test_what_was_begun_is_ended_at_the_old_service(moving: Moving) -> None:
    repo = moving.repo
    state = codec.loads(repo.state.read_bytes())
    begun = {"vendas": Intent("Vendas", (), datetime.now(UTC))}
    repo.state.write_bytes(codec.dumps(replace(state, creating=begun)))
    moving.at_evolution()
    refused(moving, "vendas: a create was begun at the service before", *TAKE_OVER.split()[1:])
