"""One command, three accounts: each gets a run of its own, and none stops another."""

from __future__ import annotations

import fcntl
import json
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests import gitrepo
from tests.accounts.conftest import CONFIG, NAMES, NUMBERS, Three, token, variable
from tests.backends.server import RawServer, reply
from tests.support import ANA, Result

SCHEMAS = Path(__file__).parents[2] / "schemas"


def of(result: Result, account: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in result.json["accounts"] if each["name"] == account)
    return found


def codes(result: Result) -> dict[str, int]:
    return {each["name"]: each["exit_code"] for each in result.json["accounts"]}


def check(result: Result, kind: str | None = None) -> None:
    """The document is as its schema says, and each account's as that of its kind."""
    document = result.json
    Draft202012Validator(json.loads((SCHEMAS / "accounts.schema.json").read_text())).validate(document)
    assert document["exit_code"] == result.code
    if kind is not None:
        schema = Draft202012Validator(json.loads((SCHEMAS / f"{kind}.schema.json").read_text()))
        for each in document["accounts"]:
            assert document["kind"] == kind
            if "error" not in each:
                schema.validate(each)


def test_a_refused_token_stops_no_other_account(three: Three) -> None:
    wrong = {variable("support", "TOKEN"): "wrong"}
    done = three.apply("--report", "text=report.txt", "--report", "markdown=report.md", **wrong)
    assert done.code == 4
    check(done, "apply")
    assert codes(done) == {"sales": 0, "support": 4, "field-ops": 0}
    assert of(done, "support")["error"]["code"] == "credentials"
    assert "RECONCILER_SUPPORT_TOKEN" in of(done, "support")["error"]["hint"]
    assert "Error (support): " in done.err
    assert {name: three.subjects(name) for name in NAMES} == {
        "sales": ["Team sales"], "support": [], "field-ops": ["Team field-ops"]
    }  # fmt: skip
    for report in ("report.txt", "report.md"):
        text = (three.path / report).read_text()
        assert all(name in text for name in NAMES)
        assert "support 4" in text.replace("`", "")
        assert "refused" in text
    assert (three.path / ".reconciler/sales.json").exists()
    assert not (three.path / ".reconciler/support.json").exists()

    again = three.apply()
    assert (again.code, codes(again)) == (0, dict.fromkeys(NAMES, 0))
    assert three.subjects("support") == ["Team support"]
    for name in NAMES:
        three.apis[name].clear_calls()
    assert three.plan("--detailed-exitcode").code == 0
    assert all({call["method"] for call in three.calls(name)} == {"GET"} for name in NAMES)


def test_each_account_is_called_by_its_own_run_alone(three: Three) -> None:
    assert three.apply().code == 0
    for name in NAMES:
        three.apis[name].clear_calls()
    one = three.plan("--account", "support")
    assert (one.code, one.json["kind"]) == (0, "plan")
    assert [group["name"] for group in one.json["groups"]] == ["team"]  # as with one account
    assert [len(three.calls(name)) > 0 for name in NAMES] == [False, True, False]
    some = three.plan("--account", "s*")
    assert codes(some) == {"sales": 0, "support": 0}
    assert not three.calls("field-ops")


def test_text_has_a_part_for_each_account_and_a_closing_line(three: Three) -> None:
    three.apis["field-ops"].add_faults("GET /groups status=401")
    done = three.run("apply", "--yes")
    assert done.code == 4
    lines = done.out.splitlines()
    heads = [line for line in lines if line.startswith("== ")]
    assert heads == ["== sales ==", "== support =="]
    assert lines[-1] == "3 accounts: field-ops 4 (credentials refused or missing); ok: sales, support."
    assert "Error (field-ops): " in done.err


def test_targets_go_to_the_accounts_that_have_them(three: Three) -> None:
    three.want("support", "night", "subject: Night\n")
    found = three.plan("--target", "night")
    assert codes(found) == {"support": 0}
    assert found.json["accounts"][0]["summary"]["create"] == 1
    assert not three.calls("sales")
    both = three.plan("--target", "night", "--target", "team")
    assert {name: of(both, name)["summary"]["create"] for name in NAMES} == {
        "sales": 1, "support": 2, "field-ops": 1
    }  # fmt: skip
    none = three.plan("--target", "nigth")
    assert (none.code, none.out) == (64, "")
    assert "matches no manifest of sales, support, field-ops" in none.err


USAGE = {
    "unknown account": (("plan", "--account", "x"), "there is no such account"),
    "a plan to be saved": (("plan", "--out", "plan.json"), "--out saves the plan of one account"),
    "a saved plan": (("apply", "--yes", "--plan", "plan.json"), "--plan applies the plan of one account"),
    "a page on stdout": (("plan", "--format", "html"), "a document in html is about one account"),
    "no such format": (("plan", "--format", "htm"), "there is no format 'htm'"),
    "a name that three have": (("accept", "team", "--yes"), "sales, support, field-ops have groups"),
    "a name that none has": (("state", "forget", "x"), "there are several accounts"),
    "ids of one account": (("import", "5519911112222-1"), "an id or a subject is a group of one account"),
    "a webhook's messages": (("inbound", "-"), "a webhook's messages are those of one account"),
    "a lock": (("state", "unlock"), "a lock is that of one account"),
    "a link": (("invites", "--rotate", "team", "--yes"), "--rotate revokes links of one account"),
    "no terminal": (("apply",), "there is no terminal to ask on"),
    "a number for all": (("plan",), "RECONCILER_ACCOUNT is set, and there are several accounts"),
    "a state for all": (("plan",), "RECONCILER_STATE is set, and there are several accounts"),
    "the same state": (("plan",), "sales and support have the same state"),
    "the same number": (("plan",), "sales and field-ops have the same number"),
    "no place for a state": (("plan",), "RECONCILER_SALES_STATE 's3:x' is no place for the state"),
}
VARIABLES = {
    "a number for all": {"RECONCILER_ACCOUNT": "+5519911112222"},
    "a state for all": {"RECONCILER_STATE": "none"},
    "the same state": {"RECONCILER_SUPPORT_STATE": "file:./.reconciler/../.reconciler/sales.json"},
    "the same number": {"RECONCILER_FIELD_OPS_ACCOUNT": "+55 19 91111-2222"},
    "no place for a state": {"RECONCILER_SALES_STATE": "s3:x"},
}


def test_what_does_not_fit_several_accounts_ends_before_any_call(three: Three) -> None:
    for case, (arguments, words) in USAGE.items():
        done = three.run(*arguments, **VARIABLES.get(case, {}))
        assert (done.code, done.out) == (64, ""), case
        assert words in done.err, case
        assert done.err.count("Error") == 1, case
    assert not any(three.calls(name) for name in NAMES)


def test_account_without_accounts_is_a_usage_error(three: Three) -> None:
    three.write("reconciler.yaml", "{}\n")
    done = three.run("validate", "--account", "sales")
    assert done.code == 64
    assert "the configuration has no `accounts`" in done.err


def test_mistakes_of_all_accounts_come_at_once_and_before_any_call(three: Three) -> None:
    three.want("sales", "team", "subject: ''\n")
    three.want("field-ops", "team", "subject: Team\nadmins: [nobody]\n")
    three.write("contacts.yaml", "people: {ana: 12}\n")
    for verb in ("validate", "plan", "apply --yes"):
        done = three.run(*verb.split(), "--report", "junit=junit.xml")
        assert done.code == 1
        text = done.out + done.err
        assert "groups/sales/team.yaml:1:10" in text
        assert "groups/field-ops/team.yaml:2:10" in text
        assert text.count("contacts.yaml:1:15") == 1  # shared by all of them
        junit = (three.path / "junit.xml").read_text()
        assert "groups/field-ops/team.yaml" in junit
        assert junit.count("contacts.yaml:1:15") == 1
    told = three.plan()
    assert (told.code, codes(told)) == (1, dict.fromkeys(NAMES, 1))
    assert three.plan("--format", "htm").err.count("no format") == 1
    assert not any(three.calls(name) for name in NAMES)


def test_validate_is_one_report_of_all_accounts(three: Three) -> None:
    assert three.run("validate", "--format", "json").json["groups"] == 3
    assert three.run("validate", "--format", "json", "--account", "s*").json["groups"] == 2


def test_a_command_about_one_group_finds_its_account(three: Three) -> None:
    three.want("support", "night", "subject: Night\nadmins: [ana]\n")
    assert three.apply().code == 0
    (group_id,) = [each["id"] for each in three.apis["support"].groups() if each["subject"] == "Night"]
    three.apis["support"].set_subject(group_id, "Late")
    done = three.run("accept", "night", "--yes", "--format", "json")
    assert done.code == 0, done.err
    assert done.json["kind"] == "accept"  # the document of one account, as ever
    assert "Late" in (three.path / "groups/support/night.yaml").read_text()
    shown = three.run("state", "show", "night")
    assert shown.json["groups"]["id"] == group_id
    sent = three.run("send", "night", "Oi", "--yes")
    assert sent.code == 0, sent.err
    assert three.calls("sales")[-1]["method"] == "GET"


def test_import_writes_into_each_accounts_folder(three: Three) -> None:
    for name in NAMES:
        three.apis[name].seed(f"Old {name}", participants=[ANA])
    done = three.run("import", "--all", "--format", "json")
    assert done.code == 0, done.err
    check(done, "import")
    assert sorted(path.parent.name for path in three.path.glob("groups/*/old-*.yaml")) == sorted(NAMES)
    listed = three.run("list", "--format", "json")
    check(listed, "list")
    assert {each["name"]: each["account"]["number"] for each in listed.json["accounts"]}.keys() == set(NAMES)


def test_a_saved_plan_holds_for_its_account_alone(three: Three) -> None:
    key = {"RECONCILER_PLAN_KEY": "shared"}
    for name in ("sales", "support"):
        three.want(name, "team", "subject: Team\n")  # the same plan, but for whose it is
    assert three.run("plan", "--account", "sales", "--out", "plan.json", **key).code == 0
    other = three.run("apply", "--account", "support", "--plan", "plan.json", "--yes", **key)
    assert other.code == 6
    assert three.subjects("support") == []
    assert three.run("apply", "--account", "sales", "--plan", "plan.json", "--yes", **key).code == 0


def test_a_history_of_drift_is_kept_by_account(three: Three) -> None:
    assert three.apply().code == 0
    assert three.run("drift", "--record", "drift.json").code == 0
    names = {path.name for path in three.path.glob("drift*")}
    assert names == {f"drift-{name}.json" for name in NAMES}


def test_a_locked_state_is_one_accounts(three: Three) -> None:
    assert three.apply().code == 0
    for name in NAMES:
        three.want(name, "team", f"subject: New {name}\n")
    held = next((three.path / ".reconciler").glob("*support*lock*"))
    with open(held, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = three.apply()
    assert (done.code, codes(done)) == (5, {"sales": 0, "support": 5, "field-ops": 0})
    assert of(done, "support")["error"]["code"] == "locked"
    assert three.subjects("support") == ["Team support"]
    assert three.subjects("field-ops") == ["New field-ops"]


def test_guards_look_at_each_account_by_itself(three: Three) -> None:
    """Two creations in all, and one account may make only one: the other account does."""
    three.write("reconciler.yaml", f"{CONFIG}guards: {{create_count: 1}}\n")
    three.want("sales", "second", "subject: Second\n")
    done = three.apply()
    assert (done.code, codes(done)) == (6, {"sales": 6, "support": 0, "field-ops": 0})
    assert three.subjects("sales") == []


def test_an_account_that_cannot_be_read_stops_no_other(three: Three) -> None:
    three.write("reconciler.yaml", f"{CONFIG}api: {{retries: 0}}\n")
    three.apis["sales"].add_faults("GET /groups status=500")
    done = three.plan()
    assert (done.code, codes(done)) == (1, {"sales": 1, "support": 0, "field-ops": 0})
    assert of(done, "sales")["error"]["code"] == "http_500"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_run_in_progress_and_begins_no_other(three: Three, number: signal.Signals) -> None:
    three.apis["support"].add_faults("POST /groups delay=1 when=after")
    process = three.start("apply", "--yes", "--format", "json", "--report", "prometheus=m.prom")
    deadline = time.monotonic() + 30
    while not three.subjects("support"):  # made, and the answer is on its way
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    done = Result(process.returncode, out, err)
    assert done.code == 130
    check(done)
    found = codes(done)
    assert (found["sales"], found["field-ops"]) == (0, 130)
    assert found["support"] in (0, 130)  # 0 where nothing was left to be done when the signal came
    assert of(done, "support")["groups"][0]["id"]  # what was in flight was finished and recorded
    assert of(done, "field-ops")["error"]["message"].startswith("not begun")
    assert not three.calls("field-ops")


def test_with_a_sandbox_each_account_has_its_own(three: Three) -> None:
    ignored = {"RECONCILER_STATE": "none", "RECONCILER_ACCOUNT": "nonsense"}
    assert three.apply("--sandbox", **ignored).code == 0
    again = three.plan("--sandbox", "--detailed-exitcode")
    assert again.code == 0
    ids = {name: of(again, name)["groups"][0]["id"] for name in NAMES}
    assert {name: group_id.split("-")[0] for name, group_id in ids.items()} == NUMBERS
    assert not any(three.calls(name) for name in NAMES)


def test_no_credential_reaches_another_accounts_origin(three: Three) -> None:
    """Servers that write down all they are sent: each sees the credentials of its own account and no others,
    also where it answers with redirects to another's, and where one account has neither token nor URL."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(RawServer(reply(500))) for name in (*NAMES, "common")}
        urls = {variable(name, "BASE_URL"): servers[name].url for name in NAMES}
        loose = {"RECONCILER_USERNAME": "user-of-nobody", "RECONCILER_TOKEN": token("nobody")}
        shared = {"RECONCILER_BASE_URL": servers["common"].url, variable("support", "BASE_URL"): ""}
        three.write("reconciler.yaml", f"{CONFIG}api: {{retries: 0}}\n")
        for verb in ("plan", "apply --yes", "list", "doctor"):
            for answer in (reply(500), reply(302, headers={"Location": f"{servers['sales'].url}/x"})):
                for server in servers.values():
                    server.default = answer
                assert three.run(*verb.split(), **urls | loose | shared).code == 1
        for name, server in servers.items():
            owner = "support" if name == "common" else name
            sent = [repr((seen.path, dict(seen.headers), seen.body)) for seen in server.seen]
            assert bool(sent) == (name != "support"), name
            for text in sent:
                assert f"user-of-{owner}" in text
                assert token(owner) in text
                assert not any(token(other) in text for other in (*NAMES, "nobody") if other != owner)


def test_an_accounts_token_command_sees_no_other_accounts_credentials(three: Three, tmp_path: Path) -> None:
    """However another's are said: as a token, a file or a command, by name or without one."""
    script = tmp_path / "command.py"
    script.write_text(
        "import json, os, sys\n"
        "json.dump(dict(os.environ), open(sys.argv[1] + '.json', 'w'))\n"
        "print('token-of-' + sys.argv[1].rpartition('/')[2])\n"
    )
    (tmp_path / "token").write_text(token("field-ops"))
    three.environment["RECONCILER_PLAN_KEY"] = "plan-key"
    three.environment["RECONCILER_TOKEN"] = "loose-token"
    for name in ("sales", "support"):
        del three.environment[variable(name, "TOKEN")]
        command = f"{sys.executable} {script} {tmp_path}/{name}"
        three.environment[variable(name, "TOKEN_COMMAND")] = command
    del three.environment[variable("field-ops", "TOKEN")]
    three.environment[variable("field-ops", "TOKEN_FILE")] = str(tmp_path / "token")
    three.environment[variable("field-ops", "PLAN_KEY")] = "another-key"
    assert three.plan().code == 0
    for name in ("sales", "support"):
        seen = json.loads((tmp_path / f"{name}.json").read_text())
        ours = {key for key in seen if key.startswith("RECONCILER")}
        assert ours == {variable(name, "USERNAME"), *(variable(each, "BASE_URL") for each in NAMES)}


def test_credentials_without_a_name_are_nobodys(three: Three) -> None:
    loose = {"RECONCILER_USERNAME": "loose-user", "RECONCILER_TOKEN": "loose-token"}
    missing = {variable("support", "TOKEN"): "", variable("support", "USERNAME"): ""}
    done = three.plan(**loose | missing)
    assert (done.code, codes(done)) == (4, {"sales": 0, "support": 4, "field-ops": 0})
    assert not three.calls("support")
    error = of(done, "support")["error"]
    assert "set RECONCILER_SUPPORT_USERNAME and RECONCILER_SUPPORT_TOKEN" in error["message"]
    assert "not used" in error["hint"]
    assert all(call["status"] == 200 for name in ("sales", "field-ops") for call in three.calls(name))
    assert not any(word in done.out + done.err for word in ("loose-", *map(token, NAMES)))


def test_what_git_cannot_say_is_told_once(three: Three) -> None:
    gitrepo.start(three.path)
    gitrepo.commit(three.path)
    for arguments in (["validate"], ["plan"], ["apply", "--yes"]):
        done = three.run(*arguments, PATH="/nowhere")
        assert done.code == 0, done.err
        assert (done.out + done.err).count("Git cannot say") == 1
    assert three.run("plan", "--prune", PATH="/nowhere").code == 1


def test_a_manifest_of_no_account_stops_all_and_each(three: Three) -> None:
    three.write("groups/g2.yml", "subject: Whose\n")
    for chosen in ([], ["--account", "sales"]):
        for command in ("validate", "plan"):
            done = three.run(command, *chosen)
            assert done.code == 1
            assert (done.out + done.err).count(
                "groups/g2.yml:1:1: error: this manifest belongs to no account"
            ) == 1
    assert not any(three.calls(name) for name in NUMBERS)
