"""The story of groups at a gateway, over real HTTP: thirty groups come into Git, a kind of them gets
permissions and a description, and people come, refuse, leave and go.

The steps are those of `docs/record_waha.py`, which draws the pictures of `docs/story-waha.md`.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"
KIND = {"send_messages": "admins", "edit_info": "everyone", "add_members": "admins", "approve_members": False}


def test_thirty_groups_from_their_import_to_a_leaver_who_is_in_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    record = importlib.import_module("record_waha")
    with record.story(tmp_path) as told:
        api = told.control

        def run(*arguments: str, code: int = 0) -> str:
            done = told.run(*arguments)
            assert done.returncode == code, done.stdout + done.stderr
            return str(done.stdout)

        def data(*arguments: str, code: int = 0) -> Any:
            return json.loads(run(*arguments, "--format", "json", code=code))

        def nothing_to_do() -> None:
            plan = data("plan", "--detailed-exitcode")
            assert len(plan["groups"]) == 30
            assert [group["changes"] for group in plan["groups"]] == [[]] * 30

        # what is there comes into the files, and a plan of them is empty
        told.people_have_groups()
        run("import", "--all", "--fields", "subject,icon,admins")
        told.commit("The groups that we have")
        nothing_to_do()
        assert api.writes() == []

        # a pull request gives the groups of customers a kind, and a plan says what it causes
        told.write_kind()
        plan = data("plan", "--base", "main")
        caused = {
            group["name"]: [(each.get("setting", each["kind"]), each["after"]) for each in group["changes"]]
            for group in plan["groups"]
            if group["changes"]
        }
        text = "Atendimento em dias úteis, das 8h às 18h."
        changes = [("set_description", text), ("send_messages", "admins"), ("add_members", "admins")]
        assert caused == {f"cliente-{n}": changes for n in range(1, record.CUSTOMERS + 1)}
        assert {each["cause"] for group in plan["groups"] for each in group["changes"]} == {"this_change"}
        told.merge()
        run("apply", "--yes")
        for group in api.groups():
            customer = group["subject"].startswith("Cliente")
            assert (group["description"] == text, group["permissions"] == KIND) == (customer, customer)
        nothing_to_do()

        # somebody changes one of them by hand: it drifted, and is accepted
        seven = told.group("Cliente 7")["id"]
        api.permit(seven, send_messages="everyone")
        api.clear_calls()
        drift = data("drift", code=2)
        (drifted,) = [group for group in drift["groups"] if group["status"] == "drifted"]
        assert drifted["name"] == "cliente-7"
        assert [(each["field"], each["cause"]) for each in drifted["fields"]] == [
            ("permissions.send_messages", "edited_outside")
        ]
        run("accept", "cliente-7", "--yes")
        written = yaml.safe_load((tmp_path / "groups/cliente-7.yaml").read_text(encoding="utf-8"))
        assert written["permissions"] == {"send_messages": "everyone", "add_members": "admins"}
        told.commit("In this group everybody writes")
        nothing_to_do()
        assert api.writes() == []

        # two are to be added: one is, the other does not let others add her, and is sent the link
        told.want_two_more()
        applied = data("apply", "--yes")
        (team,) = [group for group in applied["groups"] if group["name"] == "equipe-1"]
        people = [(each["person"], each["status"]) for each in team["outcomes"][0]["people"]]
        assert (team["outcomes"][0]["status"], people) == (
            "done",
            [("carla", "invite"), ("davi", "done")],
        )
        inside = told.group("Equipe 1")["participants"]
        assert record.DAVI in inside
        assert record.CARLA not in inside
        run("invites", "--send", "--yes")
        link = told.group("Equipe 1")["link"]
        assert [
            (each["chat"], link in each["text"]) for each in api.messages() if each["kind"] == "sent"
        ] == [(record.CARLA, True)]

        # neither is asked again, and who has left is left alone
        told.davi_leaves()
        api.clear_calls()
        run("apply", "--yes")
        run("invites", "--send", "--yes")
        assert api.writes() == []
        plan = data("plan", "--detailed-exitcode")
        (team,) = [group for group in plan["groups"] if group["name"] == "equipe-1"]
        assert [invite["person"] for invite in team["to_invite"]] == ["carla"]

        # who leaves the company leaves every group, once somebody says that so many are meant
        told.bruno_goes()
        run("plan", code=6)
        run("apply", "--yes", code=6)
        assert api.writes() == []
        run("apply", "--yes", "--allow", "remove-many")
        assert all(record.BRUNO not in group["participants"] for group in api.groups())
        assert all(record.ANA in group["participants"] for group in api.groups())
        nothing_to_do()
