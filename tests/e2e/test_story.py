"""The whole story of an invitation over real HTTP: a sandbox of its own, a webhook, and people in a browser.

The steps are those of `docs/record_story.py`, which draws the pictures of `docs/story.md`.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from tests.browser import chromium

DOCS = Path(__file__).resolve().parents[2] / "docs"


def the_story() -> Any:
    spec = importlib.util.spec_from_file_location("record_story", DOCS / "record_story.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_from_apply_to_an_empty_plan_with_one_who_has_yet_to_join(tmp_path: Path) -> None:
    record = the_story()
    ana, bruno, account = record.ANA, record.BRUNO, record.ACCOUNT
    printed = []
    with chromium() as browser, record.story(tmp_path, browser) as told:

        def run(*arguments: str) -> str:
            done = told.run(*arguments)
            assert done.returncode == 0, done.stdout + done.stderr
            printed.append(done.stdout + done.stderr)
            return str(done.stdout)

        # apply: the group is made, and two people are reported
        applied = run("apply", "--yes")
        assert "Still to join" in applied
        for person, role in (("ana", "admin"), ("bruno", "member")):
            assert any(line.split()[:2] == [person, role] for line in applied.splitlines())
        assert told.group()["participants"] == [account]

        # both are sent the link, once
        run("invites", "--send", "--yes")
        link = told.group()["link"]
        messages = told.control.messages()
        assert sorted(message["chat"] for message in messages) == [ana, bruno]
        assert all(link in message["text"] for message in messages)

        # both open it; ana joins and writes, bruno leaves it for later
        told.look_at_phone(bruno)
        told.open_link()
        told.look_at_phone(ana)
        told.open_link()
        told.join()
        told.write("Oi, cheguei!")
        assert told.group()["participants"] == [account, ana]
        assert told.group()["admins"] == [account]
        told.control.clear_calls()

        # what she wrote promotes her, and nothing else is done
        told.take_what_came()
        (line,) = map(json.loads, run("inbound", "batch.jsonl", "--ready", "--yes").splitlines())
        assert (line["kind"], line["from"], line["appeared_as"]) == ("group_message", "ana", "admin")
        assert line["group"]["name"] == "suporte"
        assert told.group()["admins"] == [account, ana]
        group_id = told.group()["id"]
        assert [(call["method"], call["path"]) for call in told.control.writes()] == [
            ("PATCH", f"/groups/{group_id}/admins")
        ]

        # nothing is left to do, and one has yet to join
        plan = json.loads(run("plan", "--detailed-exitcode", "--format", "json"))
        assert [group["changes"] for group in plan["groups"]] == [[]]
        assert plan["groups"][0]["to_invite"] == [{"person": "bruno", "as": "member"}]

    kept = [(tmp_path / ".reconciler/state.json").read_text(), *printed]
    for text in kept:
        assert link not in text
        assert "cheguei" not in text
    assert not any(ana in text or bruno in text for text in printed)
