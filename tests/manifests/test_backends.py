"""What a service cannot honour is complained of where it stands, without asking it; and what goes by the
service where the configuration does not say it."""

from __future__ import annotations

import pytest

from reconciler.model.group import PERMISSIONS
from reconciler.model.settings import ApiSettings, InviteSettings
from tests.manifests.conftest import Folder

SINCH = "is not possible with Sinch (backend: sinch)"
WAHA_CAN = "`backend: waha` can; leave it out"
BOTH_CAN = "`backend: waha` and `backend: evolution` can; leave it out"
IN_GROUPS = ", or let the groups that it reaches say `unmanaged: [{}]`"

MANIFEST = {
    "description": (
        "subject: G\ndescription: Oi\n",
        [f"2:14: `description` {SINCH} ({BOTH_CAN})"],
    ),
    "no description": (
        "subject: G\ndescription: null\n",
        [f"2:14: `description: null` {SINCH} ({WAHA_CAN})"],
    ),
    "each permission": (
        "subject: G\npermissions:\n"
        "  send_messages: admins\n  edit_info: everyone\n  add_members: admins\n  approve_members: false\n",
        [
            f"3:18: `permissions.send_messages` {SINCH} ({BOTH_CAN})",
            f"4:14: `permissions.edit_info` {SINCH} ({BOTH_CAN})",
            f"5:16: `permissions.add_members` {SINCH} ({WAHA_CAN})",
            f"6:20: `permissions.approve_members` {SINCH} ({WAHA_CAN})",
        ],
    ),
    "adding": (
        "subject: G\nmembers: [bruno]\njoin: add\n",
        [f"3:7: `join: add` {SINCH} ({BOTH_CAN})"],
    ),
}


@pytest.mark.parametrize("case", MANIFEST)
def test_what_the_service_cannot_honour_is_named(repo: Folder, case: str) -> None:
    text, expected = MANIFEST[case]
    repo.write("groups/g.yaml", text)

    assert repo.complaints() == [f"groups/g.yaml:{each}" for each in expected]

    repo.write("reconciler.yaml", "backend: waha\n")
    assert repo.warnings() == []


@pytest.mark.parametrize("case", ["icon", "description"])
def test_what_cannot_be_taken_away_is_named(repo: Folder, case: str) -> None:
    repo.write("reconciler.yaml", "backend: evolution\n")
    repo.write("groups/g.yaml", f"subject: G\n{case}: null\n")

    can = "`backend: sinch` and `backend: waha` can" if case == "icon" else "`backend: waha` can"
    assert repo.complaints() == [
        f"groups/g.yaml:2:{len(case) + 3}: `{case}: null` is not possible with Evolution API "
        f"(backend: evolution) ({can}; leave it out)"
    ]


@pytest.mark.parametrize(
    ("key", "value", "column", "named"),
    [
        ("description", "Oi", 0, "description"),
        ("description", "null", 0, "description: null"),
        ("join", "add", 0, "join: add"),
        ("permissions", "{edit_info: admins}", 12, "permissions.edit_info"),
    ],
)
@pytest.mark.parametrize("where", ["defaults", "kinds"])
def test_what_a_kind_or_the_defaults_give_is_named_once_where_it_stands(
    repo: Folder, where: str, key: str, value: str, column: int, named: str
) -> None:
    before, whose = ("kinds: {cliente: {", "the kind `cliente`")
    if where == "defaults":
        before, whose = ("defaults: {", "the defaults")
    end = "}}" if where == "kinds" else "}"
    repo.write("reconciler.yaml", f"{before}{key}: {value}{end}\n")
    for name in ("a", "b"):
        kind = "kind: cliente\n" if where == "kinds" else ""
        repo.write(f"groups/{name}.yaml", f"subject: {name}\n{kind}")

    place = len(f"{before}{key}: ") + 1 + column
    can = WAHA_CAN if value == "null" else BOTH_CAN
    assert repo.complaints() == [
        f"reconciler.yaml:1:{place}: `{named}` of {whose} {SINCH} ({can}{IN_GROUPS.format(key)})"
    ]

    for name in ("a", "b", "right"):
        kind = "kind: cliente\n" if where == "kinds" else ""
        repo.write(f"groups/{name}.yaml", f"subject: {name}\n{kind}unmanaged: [{key}]\n")
    assert repo.warnings() == [], "no group gets it"


def test_what_no_group_gets_is_no_mistake(repo: Folder) -> None:
    """A kind that nobody has, and a default in whose place every group has another value."""
    repo.write("reconciler.yaml", "kinds: {cliente: {description: Oi}}\ndefaults: {join: add}\n")
    repo.write("groups/right.yaml", "subject: G\njoin: invite\n")

    assert repo.warnings() == []


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("120363000000000001", "write it with `@g.us` behind it: `••••01@g.us`"),
        ("a-group", "write it with `@g.us` behind it: `a-group@g.us`"),
        ("1@newsletter", "a group's id ends in `@g.us`: see reconciler list --show-numbers"),
    ],
)
def test_an_id_of_a_gateway_has_its_domain(repo: Folder, written: str, mend: str) -> None:
    repo.write("groups/g.yaml", f"subject: G\nid: {written}\n")
    assert repo.warnings() == [], "any id is one of the first service"
    repo.write("reconciler.yaml", "backend: waha\n")

    assert repo.complaints() == [f"groups/g.yaml:2:5: `id` is not one of a group with WAHA ({mend})"]

    repo.write("groups/g.yaml", "subject: G\nid: 120363000000000001@g.us\n")
    assert repo.warnings() == []


def test_a_template_is_not_for_a_gateway(repo: Folder) -> None:
    template = "{namespace: n, elementName: e, languageCode: pt_BR, bodyParameters: ['{link}']}"
    repo.write("reconciler.yaml", f"backend: waha\ninvites:\n  template: {template}\n")

    assert repo.complaints() == [
        "reconciler.yaml:3:13: `invites.template` is not possible with WAHA (backend: waha) "
        "(`backend: sinch` can; leave it out, and people are written `invites.text`)"
    ]

    repo.write("reconciler.yaml", f"backend: sinch\ninvites:\n  template: {template}\n")
    assert repo.warnings() == []
    repo.write("reconciler.yaml", "backend: waha\ninvites: {template: null}\n")
    assert repo.warnings() == []


def test_adding_needs_a_state(repo: Folder) -> None:
    """Who refused, and who left, has to be remembered."""
    repo.write("reconciler.yaml", "backend: waha\nstate: none\n")
    repo.write("groups/g.yaml", "subject: G\njoin: add\n")
    said = "needs a state, and `state` is none (keep a state, or leave it out)"

    assert repo.complaints() == [f"groups/g.yaml:2:7: `join: add` {said}"]
    assert repo.complaints(state="none") == [f"groups/g.yaml:2:7: `join: add` {said}"]
    assert repo.load(state="file:elsewhere.json").desired.groups[0].join == "add", "the environment outweighs"

    repo.write("reconciler.yaml", "backend: waha\nstate: none\ndefaults:\n  join: add\n")
    repo.write("groups/g.yaml", "subject: G\n")
    assert repo.complaints() == [f"reconciler.yaml:4:9: `join: add` of the defaults {said}"]
    repo.write("groups/g.yaml", "subject: G\njoin: invite\n")
    repo.write("groups/right.yaml", "subject: H\nunmanaged: [join]\n")
    assert repo.warnings() == []


def test_a_subject_is_as_long_as_the_service_takes(repo: Folder) -> None:
    repo.write("groups/g.yaml", f"subject: {'x' * 100}\n")
    assert repo.complaints() == [
        "groups/g.yaml:1:10: `subject` has 100 characters, 25 are allowed (shorten it)"
    ]
    repo.write("reconciler.yaml", "backend: waha\n")
    assert repo.warnings() == []
    repo.write("groups/g.yaml", f"subject: {'x' * 101}\n")
    assert repo.complaints() == [
        "groups/g.yaml:1:10: `subject` has 101 characters, 100 are allowed (shorten it)"
    ]
    repo.write("reconciler.yaml", "backend: waha\napi: {subject_limit: 101}\n")
    assert repo.warnings() == []


DESCRIPTION = {
    "nothing to see": (
        r'"\u200b \n"',
        "`description` is empty (write what members shall see, or null for none)",
    ),
    "too long": ("x" * 2049, "`description` has 2049 characters, 2048 are allowed (shorten it)"),
}


@pytest.mark.parametrize("case", DESCRIPTION)
def test_a_description_that_cannot_be(repo: Folder, case: str) -> None:
    text, expected = DESCRIPTION[case]
    repo.write("reconciler.yaml", "backend: waha\n")
    repo.write("groups/g.yaml", f"subject: G\ndescription: {text}\n")
    assert repo.complaints() == [f"groups/g.yaml:2:14: {expected}"]

    repo.write("reconciler.yaml", f"backend: waha\ndefaults:\n  description: {text}\n")
    repo.write("groups/g.yaml", "subject: G\n")
    assert repo.complaints() == [f"reconciler.yaml:3:16: {expected}"]


def test_a_description_is_compared_as_a_subject_is(repo: Folder) -> None:
    repo.write("reconciler.yaml", "backend: waha\n")
    lines = "x" * 2045
    repo.write("groups/g.yaml", "subject: G\ndescription: |\n\n  cafe\u0301:\n  a\n\nname: g\n")
    repo.write("groups/long.yaml", f'subject: L\ndescription: "  e\u0301{lines}\\n\\t"\n')
    repo.write("groups/none.yaml", "subject: N\ndescription: ~\n")

    found = {group.name: group.description for group in repo.load().desired.groups}

    assert found == {"g": "café:\na", "long": f"é{lines}", "none": "", "right": None}


def test_kinds_and_defaults_give_the_new_keys_whole(repo: Folder) -> None:
    repo.write(
        "reconciler.yaml",
        "backend: waha\n"
        "defaults: {description: Todos, permissions: {send_messages: admins, edit_info: admins}, join: add}\n"
        "kinds: {cliente: {description: null, permissions: {approve_members: true}}}\n",
    )
    repo.write("groups/kind.yaml", "subject: K\nkind: cliente\n")
    repo.write(
        "groups/own.yaml", "subject: O\nkind: cliente\ndescription: X\npermissions: {}\njoin: invite\n"
    )
    repo.write("groups/off.yaml", "subject: F\nunmanaged: [description, permissions, join]\n")

    found = {
        group.name: (group.description, dict(group.permissions), group.join)
        for group in repo.load().desired.groups
    }

    assert found == {
        "kind": ("", {"approve_members": True}, "add"),
        "own": ("X", {}, "invite"),
        "off": (None, {}, "invite"),
        "right": ("Todos", {"send_messages": "admins", "edit_info": "admins"}, "add"),
    }


def test_a_value_that_is_unmanaged_is_said_so(repo: Folder) -> None:
    repo.write("reconciler.yaml", "backend: waha\n")
    repo.write(
        "groups/g.yaml",
        "subject: G\ndescription: X\npermissions: {edit_info: admins}\njoin: add\n"
        "unmanaged: [description, permissions, join]\n",
    )
    assert repo.complaints() == [
        f"groups/g.yaml:5:{column}: `{key}` is unmanaged, and this manifest gives it a value "
        "(keep one of the two)"
        for key, column in (("description", 13), ("permissions", 26), ("join", 39))
    ]


def test_each_key_of_permissions_has_its_place(repo: Folder) -> None:
    repo.write("reconciler.yaml", "backend: waha\n")
    given = "".join(
        f"  {name}: {'true' if name == 'approve_members' else 'admins'}\n" for name in PERMISSIONS
    )
    repo.write("groups/right.yaml", f"subject: G\npermissions:\n{given}")

    (manifest,) = repo.load().manifests

    for line, name in enumerate(PERMISSIONS, 3):
        assert manifest.location_of(f"permissions.{name}").line == line


def test_how_a_gateway_is_called_where_nobody_says_so(repo: Folder) -> None:
    repo.write("reconciler.yaml", "backend: waha\n")
    settings = repo.load().settings
    assert settings.backend == "waha"
    assert settings.api == ApiSettings(
        concurrency=2, write_concurrency=1, subject_limit=100, write_pause=(2.0, 5.0)
    )
    assert settings.invites == InviteSettings(budget=20, pause=(30.0, 60.0))

    repo.write("reconciler.yaml", "backend: waha\napi: {concurrency: 3, timeout: 9}\ninvites: {budget: 30}\n")
    settings = repo.load().settings
    assert settings.api == ApiSettings(
        timeout=9.0, concurrency=3, write_concurrency=1, subject_limit=100, write_pause=(2.0, 5.0)
    )
    assert settings.invites == InviteSettings(budget=30, pause=(30.0, 60.0))


@pytest.mark.parametrize("key", ["write_pause", "pause"])
def test_the_pauses_of_a_gateway_cannot_be_configured(repo: Folder, key: str) -> None:
    section = "api" if key == "write_pause" else "invites"
    repo.write("reconciler.yaml", f"backend: waha\n{section}: {{{key}: [0, 0]}}\n")
    (complaint,) = repo.complaints()
    assert complaint.startswith(f"reconciler.yaml:2:{len(section) + 4}: `{key}` is not a key")


def test_each_account_has_its_backend(repo: Folder) -> None:
    """Or the one that stands beside `accounts`; what goes by it is its own, and what is written is shared."""
    repo.write(
        "reconciler.yaml",
        "backend: waha\napi: {concurrency: 3}\naccounts:\n  a: {}\n  b: {backend: sinch}\n"
        "defaults: {description: Oi}\n",
    )
    (repo.root / "groups/right.yaml").unlink()
    repo.write("groups/a/g.yaml", "subject: G\n")
    repo.write("groups/b/g.yaml", "subject: G\nunmanaged: [description]\n")

    a, b = (repo.load(only=name) for name in "ab")

    assert (a.settings.backend, b.settings.backend) == ("waha", "sinch")
    assert a.settings.api == ApiSettings(
        concurrency=3, write_concurrency=1, subject_limit=100, write_pause=(2.0, 5.0)
    )
    assert b.settings.api == ApiSettings(concurrency=3)
    assert b.settings.invites == InviteSettings()
    assert (a.desired.groups[0].description, b.desired.groups[0].description) == ("Oi", None)

    repo.write("groups/b/g.yaml", "subject: G\n")
    assert repo.complaints(only="b") == [
        f"reconciler.yaml:6:25: `description` of the defaults {SINCH} ({BOTH_CAN}"
        f"{IN_GROUPS.format('description')})"
    ]
    assert repo.load(only="a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("backend: wahaha\n", "1:10: `backend` cannot be `wahaha`: did you mean `waha`?"),
        (
            "accounts:\n  a: {backend: whatsmeow}\n",
            "2:16: `accounts.a.backend` cannot be `whatsmeow` (it is one of `sinch`, `waha` and `evolution`)",
        ),
    ],
)
def test_a_backend_that_there_is_not(repo: Folder, text: str, expected: str) -> None:
    repo.write("reconciler.yaml", text)
    assert f"reconciler.yaml:{expected}" in repo.complaints()


def test_people_are_known_by_their_lids(repo: Folder) -> None:
    repo.write(
        "contacts.yaml",
        "people:\n  ana: {numbers: ['+55 19 99000-0001', '+55 19 99000-0009'], lids: [11@lid, 12@lid]}\n"
        "  bruno: '+55 19 90000-0002'\n",
    )

    loaded = repo.load()

    ana, bruno = loaded.desired.people
    assert (ana.lids, bruno.lids) == (("11@lid", "12@lid"), ())
    assert loaded.desired.aliases() == {
        **dict.fromkeys(("551990000001", "551990000009", "11@lid", "12@lid"), "ana"),
        "5519900000002": "bruno",
    }
    assert loaded.contacts.by_key["12@lid"] is ana
