"""Several accounts in reconciler.yaml: what each gets, and every mistake at its place."""

from __future__ import annotations

import pytest

from reconciler.model.settings import OwnSettings
from tests.manifests.conftest import Folder

MISTAKES = {
    "number at the top": (
        'account: "+55 19 91111-2222"\naccounts: {a: {}}\n',
        [
            "1:1: `account` cannot stand beside `accounts` "
            "(each account has its own: accounts: {a: {account: …}})",
        ],
    ),
    "all at the top": (
        "manifests: x\nstate: none\naccounts: {a: {}}\n",
        [
            "1:1: `manifests` cannot stand beside `accounts` "
            "(each account has its own: accounts: {a: {manifests: …}})",
            "2:1: `state` cannot stand beside `accounts` "
            "(each account has its own: accounts: {a: {state: …}})",
        ],
    ),
    "what is shared": (
        "accounts:\n  a: {api: {}}\n",
        ["2:7: `api` cannot stand here (it is shared by all accounts: write it at the top of the file)"],
    ),
    "a token": (
        "accounts:\n  a: {token: x}\n",
        [
            "2:7: `token` cannot stand here (only from the environment: RECONCILER_NAME_TOKEN or "
            "RECONCILER_NAME_TOKEN_FILE or RECONCILER_NAME_TOKEN_COMMAND; configuration is part of a pull "
            "request)"
        ],
    ),
    "none": (
        "accounts: {}\n",
        ["1:1: `accounts` names no account (name one, or leave it out)"],
    ),
    "a list": (
        "accounts: [a]\n",
        ['1:11: `accounts` should be a mapping (`key: value`), this is a list (such as {"sales": '],
    ),
    "nothing in one": (
        "accounts: {a: }\n",
        ["1:15: `accounts.a` has no value"],
    ),
    "a name in capitals": (
        "accounts: {Sales: {}}\n",
        ["1:12: `Sales` is no name for an account: 1 to 40 of"],
    ),
    "a number as a name": ("accounts: {5519911112222: {}}\n", ["1:12: `••••22` is no name for an account"]),
    "a hyphen last": ("accounts: {a-: {}}\n", ["1:12: `a-` is no name for an account"]),
    "the same number": (
        'accounts:\n  a: {account: "+55 19 91111-2222"}\n'
        '  b: {account: ["+55 19 92222-2222", 551991111-2222]}\n',
        ["3:16: `a` has the same number (a number belongs to one account: correct the one that is wrong)"],
    ),
    "the same state": (
        "accounts:\n  a: {state: file:x/../s.json}\n  b: {state: file:s.json}\n",
        [
            "3:14: the state of `a` is in the same place, `file:s.json` "
            "(an account would take the other's groups for its own: give each a state of its own)"
        ],
    ),
    "the default of another": (
        "accounts:\n  a: {}\n  b: {state: file:.reconciler/a.json}\n",
        ["3:14: the state of `a` is in the same place"],
    ),
    "the same branch": (
        "accounts:\n  a: {state: 'git:'}\n  b: {state: git:origin/reconciler-state}\n",
        ["3:14: the state of `a` is in the same place"],
    ),
    "the same folder": (
        "accounts:\n  a: {manifests: groups/b}\n  b: {}\n",
        ["3:3: the manifests of `a` are in the same folder, or in one inside of the other (`groups/b` and"],
    ),
    "a folder inside": (
        "accounts:\n  a: {manifests: teams/b/c}\n  b: {manifests: ./teams/b}\n",
        ["3:18: the manifests of `a` are in the same folder, or in one inside of the other"],
    ),
    "a folder around all": (
        "accounts:\n  a: {manifests: .}\n  b: {manifests: groups}\n",
        ["3:18: the manifests of `a` are in the same folder, or in one inside of the other"],
    ),
    "a folder outside": (
        "accounts:\n  a: {manifests: ../x}\n",
        ["2:18: `../x` leads out of the repository"],
    ),
    "a state at a URL": (
        "accounts:\n  a: {state: git:https://x/y}\n",
        ["2:14: `git:https://x/y` names a URL"],
    ),
    "no number": (
        "accounts:\n  a: {account: [x]}\n",
        ["2:17: `x`: not a phone number"],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_at_its_place(folder: Folder, case: str) -> None:
    text, expected = MISTAKES[case]
    folder.write("reconciler.yaml", text)
    found = [each for each in folder.complaints(need_manifests=False) if each.startswith("reconciler.yaml")]
    assert len(found) == len(expected), found
    for complaint, words in zip(found, expected, strict=True):
        assert complaint.startswith(f"reconciler.yaml:{words}")


def test_each_account_has_its_own_and_shares_the_rest(folder: Folder) -> None:
    folder.write(
        "conf/reconciler.yaml",
        "accounts:\n"
        '  a: {account: ["+55 19 91111-2222", "+55 19 93333-2222"], manifests: ../teams, state: none}\n'
        "  b: {}\n"
        "guards: {demote_count: 7}\n",
    )
    folder.write("teams/one.yaml", "subject: One\n")
    folder.write("conf/groups/b/two.yaml", "subject: Two\n")
    a = folder.load(config_path="conf/reconciler.yaml", only="a")
    b = folder.load(config_path="conf/reconciler.yaml", only="b")
    assert [group.name for group in a.desired.groups] == ["one"]
    assert [group.name for group in b.desired.groups] == ["two"]
    assert a.settings.account == ("5519911112222", "5519933332222")
    assert (a.settings.state, b.settings.state) == ("none", "file:conf/.reconciler/b.json")
    assert a.settings.guards == b.settings.guards
    assert a.settings.guards.demote_count == 7
    assert b.settings.account == ()


def test_an_account_that_is_not_there_has_the_defaults_of_its_name(folder: Folder) -> None:
    """So a base that lacks it gives it no number and no state of the change's choice."""
    folder.write("reconciler.yaml", 'account: "+55 19 91111-2222"\n')
    config = folder.load(only="new", need_manifests=False).config
    settings = config.settings
    assert OwnSettings(
        name="new", account=settings.account, manifests=settings.manifests, state=settings.state
    ) == OwnSettings(name="new", manifests="groups/new", state="file:.reconciler/new.json")


def test_a_missing_folder_is_said_of_each_account(folder: Folder) -> None:
    folder.write("reconciler.yaml", "accounts:\n  a: {}\n  b: {manifests: there}\n")
    assert "the folder of the manifests does not exist" in folder.complaints(only="a")[0]
    assert folder.complaints(only="b")[0].startswith("reconciler.yaml:3:18: the folder of the manifests")


@pytest.fixture
def two(folder: Folder) -> Folder:
    """Two accounts with folders in the common one."""
    folder.write("reconciler.yaml", "accounts: {sales: {}, support: {}}\n")
    for name in ("sales", "support"):
        folder.write(f"groups/{name}/g.yaml", "subject: G\n")
        assert folder.warnings(only=name) == []
    return folder


UNOWNED = "1:1: this manifest belongs to no account, so it would not be read"


@pytest.mark.parametrize(
    "path", ["groups/g2.yaml", "groups/g2.yml", "groups/deep/er/g2.yaml", "groups/SALES/g.yaml"]
)
def test_a_manifest_of_nobody_is_a_mistake_whatever_the_account(two: Folder, path: str) -> None:
    two.write(path, "subject: Nobody's\n")
    for name in ("sales", "support"):
        (found,) = two.complaints(only=name)
        assert found == f"{path}:{UNOWNED} (move it into the folder of its account, such as `groups/sales`)"


def test_what_is_no_manifest_belongs_to_nobody(two: Folder) -> None:
    two.write("groups/README.md", "about them")
    two.write("groups/icons/a.png", "x")
    two.write("groups/.hidden.yaml", "x: y\n")
    two.write("docs/d.yaml", "subject: D\n")
    assert two.warnings(only="sales") == []


def test_accounts_whose_folders_lie_elsewhere(folder: Folder) -> None:
    folder.write("reconciler.yaml", "accounts: {sales: {manifests: vendas}, support: {}}\n")
    folder.write("vendas/g.yaml", "subject: G\n")
    folder.write("groups/support/g.yaml", "subject: G\n")
    folder.write("groups/sales/g.yaml", "subject: G\n")  # where it would be by default
    for name in ("sales", "support"):
        assert folder.complaints(only=name)[0].startswith(f"groups/sales/g.yaml:{UNOWNED}")
    (folder.root / "groups/sales/g.yaml").unlink()
    folder.write("config/groups/x.yaml", "subject: G\n")
    assert folder.warnings(only="sales") == []


def test_a_folder_that_holds_the_folders_of_several_is_common_too(folder: Folder) -> None:
    folder.write(
        "reconciler.yaml",
        "accounts: {sales: {manifests: grupos/vendas}, support: {manifests: grupos/suporte}}\n",
    )
    folder.write("grupos/vendas/g.yaml", "subject: G\n")
    folder.write("grupos/suporte/g.yaml", "subject: G\n")
    folder.write("grupos/compose.yaml", "services: {}\n")  # it may hold other things besides
    assert folder.warnings(only="sales") == []
    folder.write("grupos/novo.yml", "subject: Novo\n")
    assert folder.complaints(only="sales")[0].startswith(f"grupos/novo.yml:{UNOWNED}")


def test_the_root_is_nobody_s_folder(folder: Folder) -> None:
    folder.write("reconciler.yaml", "accounts: {sales: {manifests: vendas}, support: {manifests: suporte}}\n")
    folder.write("vendas/g.yaml", "subject: G\n")
    folder.write("suporte/g.yaml", "subject: G\n")
    folder.write("mine.yaml", "subject: G\n")
    assert folder.warnings(only="sales") == []


def test_links_to_an_account_s_own_folder(folder: Folder) -> None:
    folder.write("reconciler.yaml", "accounts: {sales: {manifests: teams/sales}, support: {}}\n")
    folder.write("teams/sales/g.yaml", "subject: G\n")
    folder.write("groups/support/g.yaml", "subject: G\n")
    (folder.root / "groups/sales").symlink_to("../teams/sales")
    assert folder.warnings(only="sales") == []
    folder.write("elsewhere/g2.yaml", "subject: G\n")
    (folder.root / "groups/more").symlink_to("../elsewhere")
    assert folder.complaints(only="sales")[0].startswith(f"groups/more/g2.yaml:{UNOWNED}")
