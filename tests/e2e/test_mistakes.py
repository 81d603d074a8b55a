"""Promise 6: every mistake in every file is named at once, and nothing is called."""

from __future__ import annotations

import re

import pytest

from tests.support import Repo

FILES = {
    "groups/a.yaml": "name: a\nsubject: A\nadmin: [ana]\n",
    "groups/b.yaml": "name: b\nsubject: A subject of more than 25 characters\nmembers: ana\n",
    "groups/c.yaml": "name: c\nsubject: C\nsubject: D\nicon: nowhere.png\n",
    "contacts.yaml": 'people:\n  ana: "+5519900000001"\n  bia: "+5519900000001"\nteams:\n  cs: [zeca]\n',
    "reconciler.yaml": 'account: "+55 19 91111-2222"\napi: {timeout: -1}\n',
}
PLACES = [
    "contacts.yaml:3:8",
    "contacts.yaml:5:8",
    "groups/a.yaml:3:1",
    "groups/b.yaml:2:10",
    "groups/b.yaml:3:10",
    "groups/c.yaml:3:1",
    "groups/c.yaml:4:7",
    "reconciler.yaml:2:16",
]


@pytest.mark.parametrize("verb", [["validate"], ["plan"], ["apply", "--yes"], ["drift"]])
def test_eight_mistakes_in_five_files(repo: Repo, verb: list[str]) -> None:
    for name, text in FILES.items():
        repo.write(name, text)
    done = repo.run(*verb)
    assert done.code == 1
    assert re.findall(r"^(\S+:\d+:\d+): error", done.out + done.err, re.MULTILINE) == PLACES
    assert "did you mean `admins`?" in done.out + done.err
    assert repo.api.calls() == []


def test_validate_says_the_same_in_json(repo: Repo) -> None:
    for name, text in FILES.items():
        repo.write(name, text)
    done = repo.run("validate", "--format", "json")
    assert done.code == 1
    assert not done.json["valid"]
    found = [f"{entry['file']}:{entry['line']}:{entry['column']}" for entry in done.json["complaints"]]
    assert found == PLACES


def test_what_the_service_cannot_honour_is_named_before_anything_is_called(repo: Repo) -> None:
    repo.group("a", "subject: A\ndescription: Oi\npermissions: {edit_info: admins}\njoin: add\n")
    for verb in (["validate"], ["plan"], ["apply", "--yes"]):
        done = repo.run(*verb)
        assert done.code == 1
        found = re.findall(r"^(\S+:\d+:\d+): error", done.out + done.err, re.MULTILINE)
        assert found == ["groups/a.yaml:2:14", "groups/a.yaml:3:26", "groups/a.yaml:4:7"]
        assert "`backend: waha` and `backend: evolution` can" in done.out + done.err
    assert repo.api.calls() == []


def test_where_the_state_is_goes_by_the_environment_where_that_says_it(repo: Repo) -> None:
    """Adding people needs one; with `--sandbox` there is one, whatever is said."""
    repo.group("a", "subject: A\njoin: add\n")
    repo.write("reconciler.yaml", "backend: waha\n")
    assert repo.run("validate").code == 0
    refused = repo.run("validate", RECONCILER_STATE="none")
    assert refused.code == 1
    assert "`join: add` needs a state, and `state` is none" in refused.out + refused.err
    repo.write("reconciler.yaml", "backend: waha\nstate: none\n")
    assert repo.run("validate").code == 1
    assert repo.run("validate", RECONCILER_STATE="file:kept.json").code == 0
    assert repo.run("validate", "--sandbox", RECONCILER_STATE="none").code == 0
