"""`plan --base` with several accounts: who they are, and where their states are, is the base's to say."""

from __future__ import annotations

from typing import Any

import pytest

from tests import gitrepo
from tests.accounts.conftest import CONFIG, NAMES, Three
from tests.gitrepo import git
from tests.support import ANA, STRANGER


@pytest.fixture
def committed(three: Three) -> Three:
    """Three accounts, applied and committed on `main`; the branch `change` is checked out."""
    gitrepo.start(three.path)
    three.write(".gitignore", ".reconciler/\n")
    assert three.apply().code == 0
    gitrepo.commit(three.path, "applied")
    git(three.path, "checkout", "--quiet", "-b", "change")
    return three


def test_numbers_and_states_come_from_the_base(committed: Three) -> None:
    """A change that would protect a stranger instead of the account, and hide what was applied."""
    changed = CONFIG.replace(
        'sales: {account: "+5519911112222"}', f'sales: {{account: "+{STRANGER}", state: none}}'
    )
    committed.write("reconciler.yaml", changed)
    committed.want("support", "night", "subject: Night\n")
    done = committed.plan("--base", "main")
    assert done.code == 0, done.err
    plans: dict[str, Any] = {each["name"]: each for each in done.json["accounts"]}
    moved = {each["setting"] for each in plans["sales"]["base"]["settings_changed"]}
    assert moved == {"account", "state"}
    assert plans["sales"]["summary"]["adopt"] == 0  # it is known from the state that the base names
    assert plans["sales"]["summary"]["unchanged"] == 1
    assert plans["support"]["base"]["settings_changed"] == []
    assert plans["support"]["summary"]["attribution"]["this_change"]["create"] == 1
    assert plans["field-ops"]["summary"]["attribution"]["this_change"]["changes"] == 0


def test_an_account_that_the_base_lacks_gets_no_number_of_the_changes_choice(committed: Three) -> None:
    git(committed.path, "checkout", "--quiet", "main")
    committed.write("reconciler.yaml", CONFIG.replace('  sales: {account: "+5519911112222"}\n', ""))
    gitrepo.commit(committed.path, "without sales")
    git(committed.path, "checkout", "--quiet", "-B", "change")
    group_id = committed.apis["sales"].groups()[0]["id"]
    committed.apis["sales"].join(group_id, ANA)
    committed.apis["sales"].promote(group_id, ANA)
    committed.want("sales", "team", "subject: Team sales\nadmins: []\n")
    committed.write("reconciler.yaml", CONFIG)
    gitrepo.commit(committed.path, "with sales")
    done = committed.plan("--base", "main")
    plans: dict[str, Any] = {each["name"]: each for each in done.json["accounts"]}
    assert [each["code"] for each in plans["sales"]["objections"]] == ["no-account"]
    assert "main has no account sales" in str(plans["sales"]["base"]["notes"])
    assert {name: plans[name]["exit_code"] for name in NAMES} == {"sales": 6, "support": 0, "field-ops": 0}
    assert done.code == 6
