"""Descriptions, permissions and people under hidden numbers, from a service into the files and back: what is
written validates, and a plan of it is empty."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.manifests.files import Tree, WorkTree
from reconciler.manifests.icons import ManifestIconFiles
from reconciler.manifests.load import Loaded, LoadOptions, load
from reconciler.manifests.output import Output
from reconciler.model.adoption import (
    DEFAULT_FIELDS,
    AcceptField,
    AcceptRequest,
    AcceptResult,
    ImportField,
    ImportRequest,
    ImportResult,
)
from reconciler.model.live import LiveGroup
from reconciler.model.plan import Plan
from reconciler.model.record import State
from reconciler.operations.accept import ManifestFiles, accept
from reconciler.operations.import_ import import_groups
from reconciler.operations.plan import decide
from reconciler.planning.options import Options
from reconciler.ports import ReadPorts
from reconciler.state.memory import MemoryJournal
from reconciler.workers import THREADS
from tests.apply.world import Quiet
from tests.fakes import ACCOUNT, NOON, FakeApi, FakeGroup

ANA, BRUNO = "5519900000001", "5519900000002"
PERMISSIONS = {
    "send_messages": "everyone", "edit_info": "admins", "add_members": "admins", "approve_members": False
}  # fmt: skip
GROUP = LiveGroup(
    "120363000000000001@g.us",
    "Suporte",
    creator=ACCOUNT,
    admins=(ACCOUNT, ANA),
    participants=(ACCOUNT, ANA, BRUNO),
    description="Atendimento:\n8h–18h",
    permissions=PERMISSIONS,  # type: ignore[arg-type]
)


class Shop:
    """A folder with the files of one account at a gateway, its state, and the gateway itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.api = FakeApi()
        self.journal = MemoryJournal(State())
        self.tree = WorkTree(root, root)
        self.options = Options(now=NOON, today=NOON.date())
        self.configure()

    def configure(self, more: str = "") -> None:
        self.write("reconciler.yaml", f'account: "+{ACCOUNT}"\nbackend: waha\n{more}')

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def put(self, live: LiveGroup) -> None:
        self.api.put(FakeGroup(live))

    def load(self, tree: Tree | None = None, *, needed: bool = True) -> Loaded:
        options = LoadOptions(config_path=None, today=NOON.date(), need_manifests=needed)
        return load(tree or self.tree, options)

    @property
    def ports(self) -> ReadPorts:
        return ReadPorts(
            reader=self.api.reader,
            icon_files=ManifestIconFiles(self.tree),
            clock=self.api.clock,
            progress=Quiet(),
            workers=THREADS,
        )

    def imports(self, *fields: ImportField, contacts: bool = False) -> ImportResult:
        return import_groups(
            self.load(needed=False),
            self.journal,
            self.options,
            self.ports,
            tree=self.tree,
            output=Output(self.root),
            request=ImportRequest(
                everything=True, fields=frozenset(fields) or DEFAULT_FIELDS, contacts=contacts
            ),
        )

    def accepts(self, *fields: AcceptField) -> AcceptResult:
        files = ManifestFiles(self.tree, Output(self.root), self.load)
        return accept(
            self.load(),
            self.journal.state,
            self.options,
            self.ports,
            files=files,
            request=AcceptRequest(frozenset(fields)),
            approve=lambda result: True,
        )

    def plan(self) -> Plan:
        return decide(self.load(), self.journal.state, self.options, self.ports)[0]

    def actions(self) -> dict[str, str]:
        return {group.name: group.action for group in self.plan().groups}

    def text(self, name: str) -> str:
        return (self.root / f"groups/{name}.yaml").read_text(encoding="utf-8")

    def manifest(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.text(name))
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_everything_that_a_gateway_tells_is_imported(shop: Shop) -> None:
    shop.put(GROUP)
    shop.put(replace(GROUP, id="120363000000000002@g.us", subject="Vendas", description="", permissions={}))

    result = shop.imports()

    assert [(group.status, group.remarks) for group in result.groups] == [("imported", ())] * 2
    assert shop.manifest("suporte") == {
        "name": "suporte",
        "subject": "Suporte",
        "description": "Atendimento:\n8h–18h",
        "icon": None,
        "permissions": PERMISSIONS,
        "admins": ["+5519900000001"],
        "id": GROUP.id,
    }
    assert shop.manifest("vendas")["description"] is None
    assert "permissions" not in shop.manifest("vendas")
    assert shop.actions() == {"suporte": "none", "vendas": "none"}


@pytest.mark.parametrize(
    ("live", "why"),
    [
        ("x" * 2049, "it has 2049 characters, 2048 are allowed"),
        ("\u200b", "it is empty"),
        ("a\u202eb", "it holds a character that a manifest may not have"),
        ("a\rb", "it holds a character that a manifest may not have"),
        ("x\ud800", "it holds a character that a manifest may not have"),
    ],
    ids=("long", "unseen", "bidi", "return", "half a pair"),
)
def test_a_description_that_no_manifest_can_hold_is_left_out(shop: Shop, live: str, why: str) -> None:
    shop.put(replace(GROUP, description=live))

    (outcome,) = shop.imports().groups

    assert outcome.remarks == (f"description left out: {why}",)
    assert "description" not in shop.manifest("suporte")
    assert shop.actions() == {"suporte": "none"}


def test_a_description_with_only_space_around_it_is_none(shop: Shop) -> None:
    shop.put(replace(GROUP, description=" \n"))
    shop.imports()
    assert shop.manifest("suporte")["description"] is None
    assert shop.actions() == {"suporte": "none"}


def test_only_the_fields_that_were_asked_for_and_none_of_the_defaults(shop: Shop) -> None:
    """What the defaults would give to the group is unmanaged where it was not imported."""
    shop.configure("defaults: {description: Oi, permissions: {send_messages: admins}, join: add}\n")
    shop.put(GROUP)
    shop.put(replace(GROUP, id="120363000000000002@g.us", subject="Vendas", parent="120363000000000009@g.us"))

    shop.imports("subject")

    assert shop.manifest("suporte") == {
        "name": "suporte", "subject": "Suporte", "id": GROUP.id, "unmanaged": ["description", "permissions"]
    }  # fmt: skip
    assert shop.manifest("vendas")["unmanaged"] == ["description", "permissions", "join"]
    assert shop.actions() == {"suporte": "none", "vendas": "none"}


def test_permissions_that_are_imported_stand_for_those_of_the_defaults(shop: Shop) -> None:
    shop.configure("defaults: {permissions: {send_messages: admins, approve_members: true}}\n")
    shop.put(replace(GROUP, permissions={"send_messages": "everyone"}))

    shop.imports("permissions")

    assert shop.manifest("suporte")["permissions"] == {"send_messages": "everyone"}
    assert shop.actions() == {"suporte": "none"}


def test_a_community_is_not_imported(shop: Shop) -> None:
    shop.put(replace(GROUP, community=True))

    (outcome,) = shop.imports().groups

    assert (outcome.status, outcome.name) == ("skipped", None)
    assert outcome.remarks == ("it is a community, or its group of announcements",)


def test_people_under_hidden_numbers_are_named_by_the_contacts_or_not_at_all(shop: Shop) -> None:
    shop.write("contacts.yaml", f'people:\n  ana: {{numbers: ["+{ANA}"], lids: [1@lid]}}\n')
    shop.put(replace(GROUP, admins=(ACCOUNT, "1@lid"), participants=(ACCOUNT, "1@lid", "2@lid", BRUNO)))

    (outcome,) = shop.imports("subject", "admins", "members").groups

    assert shop.manifest("suporte")["admins"] == ["ana"]
    assert shop.manifest("suporte")["members"] == ["+5519900000002"]
    assert outcome.remarks == (
        "left out: whoever is listed under a hidden number, and has no `lids` in the contacts",
    )
    assert "2@lid" not in shop.text("suporte")


def test_admins_of_whom_one_is_hidden_are_left_out(shop: Shop) -> None:
    """Managed, they would block the group: nobody can say that they are as wanted."""
    shop.configure(f'defaults: {{admins: ["+{BRUNO}"]}}\n')
    shop.put(replace(GROUP, admins=(ACCOUNT, ANA, "2@lid"), participants=(ACCOUNT, ANA, "2@lid")))

    (outcome,) = shop.imports("subject", "admins", contacts=True).groups

    assert outcome.remarks == ("admins left out: one of them is listed under a hidden number",)
    assert "admins" not in shop.manifest("suporte")
    assert shop.manifest("suporte")["unmanaged"] == ["admins"]
    assert not (shop.root / "contacts.yaml").exists()
    assert shop.actions() == {"suporte": "none"}


def test_a_hidden_creator_is_left_out_as_any_creator_is(shop: Shop) -> None:
    shop.put(
        replace(GROUP, creator="2@lid", admins=("2@lid", ACCOUNT, ANA), participants=("2@lid", ACCOUNT, ANA))
    )
    (outcome,) = shop.imports("subject", "admins").groups
    assert outcome.remarks == ()
    assert shop.manifest("suporte")["admins"] == ["+5519900000001"]


LIVE: dict[str, Any] = {"description": "Outra\ncoisa", "edit_info": "everyone", "approve_members": True}


def by_hand(shop: Shop, **values: Any) -> None:
    live = shop.api.group(GROUP.id)
    for name, value in values.items():
        if name == "description":
            live = replace(live, description=value)
        else:
            live = replace(live, permissions={**live.permissions, name: value})
    shop.put(live)


@pytest.mark.parametrize("changed", LIVE)
def test_what_was_changed_by_hand_is_accepted(shop: Shop, changed: str) -> None:
    shop.put(GROUP)
    shop.imports()
    before = shop.text("suporte").splitlines()
    by_hand(shop, **{changed: LIVE[changed]})
    assert shop.actions() == {"suporte": "update"}

    (outcome,) = shop.accepts().groups

    field = "description" if changed == "description" else "permissions"
    assert (outcome.status, outcome.fields, outcome.left) == ("accepted", (field,), ())
    after = shop.text("suporte").splitlines()
    assert [line.partition(":")[0] for line in before] == [line.partition(":")[0] for line in after]
    assert [line for line, other in zip(before, after, strict=True) if line != other] == [
        line for line in before if line.startswith(field)
    ]
    assert shop.actions() == {"suporte": "none"}


def test_only_the_field_that_was_asked_for_is_accepted(shop: Shop) -> None:
    shop.put(GROUP)
    shop.imports()
    by_hand(shop, **LIVE)

    (outcome,) = shop.accepts("permissions").groups

    assert outcome.fields == ("permissions",)
    assert shop.manifest("suporte")["permissions"] == {
        **PERMISSIONS, "edit_info": "everyone", "approve_members": True
    }  # fmt: skip
    assert shop.manifest("suporte")["description"] == GROUP.description


def test_a_permission_of_a_kind_is_accepted_beside_the_others_of_it(shop: Shop) -> None:
    """Written into the manifest, they replace those of the kind whole; the kind stays as it is."""
    shop.configure("kinds: {cliente: {permissions: {send_messages: everyone, edit_info: admins}}}\n")
    config = (shop.root / "reconciler.yaml").read_text()
    shop.write(
        "groups/suporte.yaml", f"subject: Suporte # c\nid: {GROUP.id}\nkind: cliente\ndescription: null\n"
    )
    shop.put(replace(GROUP, description=""))
    assert shop.actions() == {"suporte": "none"}
    by_hand(shop, edit_info="everyone", description="Nova")

    (outcome,) = shop.accepts("permissions", "description").groups

    assert outcome.fields == ("description", "permissions")
    assert shop.text("suporte") == (
        f"subject: Suporte # c\nid: {GROUP.id}\nkind: cliente\ndescription: Nova\n"
        "permissions: {send_messages: everyone, edit_info: everyone}\n"
    )
    assert (shop.root / "reconciler.yaml").read_text() == config
    assert shop.actions() == {"suporte": "none"}


def test_a_removed_description_is_accepted_as_none(shop: Shop) -> None:
    shop.put(GROUP)
    shop.imports()
    by_hand(shop, description="")
    (outcome,) = shop.accepts().groups
    assert outcome.fields == ("description",)
    assert shop.manifest("suporte")["description"] is None
    assert shop.actions() == {"suporte": "none"}


def test_a_description_that_no_manifest_can_hold_is_not_accepted(shop: Shop) -> None:
    shop.put(GROUP)
    shop.imports()
    before = shop.text("suporte")
    by_hand(shop, description="a\u202eb")

    (outcome,) = shop.accepts().groups

    assert outcome.status == "refused"
    assert [note.text for note in outcome.left] == [
        "the live description cannot stand in a manifest: it holds a character that a manifest may not have"
    ]
    assert shop.text("suporte") == before
