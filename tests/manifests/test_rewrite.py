"""Changing values in files that people wrote: the shapes that YAML allows, and the fewest characters."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.errors import Location
from reconciler.manifests import yaml_tree
from reconciler.manifests.convert import yaml_text
from reconciler.manifests.documents import check
from reconciler.manifests.edit import EditError, add_contacts, rewrite_manifest
from reconciler.manifests.yaml_tree import location_of

from .documents import documents


def locations(data: bytes) -> list[Location]:
    return [location_of(node, "g.yaml") for node in yaml_tree.parse(data, "g.yaml").nodes]


def rewritten(text: str, values: dict[str, Any], document: int = 0) -> str:
    data = text.encode()
    return rewrite_manifest(data, locations(data)[document], values).decode()


SHAPES: dict[str, tuple[str, dict[str, Any], str]] = {
    "plain": ("subject: A\n", {"subject": "B"}, "subject: B\n"),
    "plain with a comment": ("subject:   A   # c\n", {"subject": "B"}, "subject:   B   # c\n"),
    "single quotes": ("subject: 'It''s'\n", {"subject": "Isn't"}, "subject: 'Isn''t'\n"),
    "single quotes that cannot hold it": ("subject: 'A'\n", {"subject": "\xa0"}, 'subject: "\\u00a0"\n'),
    "double quotes": ('subject: "A"\n', {"subject": "B"}, 'subject: "B"\n'),
    "quoted key": ('"subject" : A\n', {"subject": "B"}, '"subject" : B\n'),
    "plain that needs quotes now": ("subject: A\n", {"subject": "yes"}, 'subject: "yes"\n'),
    "folded": ("subject: >-\n  A\n  b\n\n# c\nid: x\n", {"subject": "B"}, "subject: B\n\n# c\nid: x\n"),
    "literal at the end": ("id: x\nsubject: |-\n  A\n", {"subject": "B"}, "id: x\nsubject: B\n"),
    "over two lines": ("subject: 'A\n  b'  # c\n", {"subject": "B"}, "subject: 'B'  # c\n"),
    "on a line of its own": ("subject:\n  A # c\n", {"subject": "B"}, "subject:\n  B # c\n"),
    "no break at the end": ("subject: A", {"subject": "B"}, "subject: B"),
    "line ends of Windows": (
        "id: x\r\nsubject: A\r\n",
        {"icon": None},
        "id: x\r\nsubject: A\r\nicon: null\r\n",
    ),
    "a byte order mark": ("\ufeffsubject: A\n", {"subject": "B"}, "\ufeffsubject: B\n"),
    "letters beyond 16 bits": ("subject: 🎉 # 🎉\n", {"subject": "B🎉"}, 'subject: "B🎉" # 🎉\n'),
    "a tag": ("subject: !!str 12\n", {"subject": "B"}, "subject: !!str B\n"),
    "an anchor that nobody means": ("subject: &s A\n", {"subject": "B"}, "subject: &s B\n"),
    "an anchor that moves on": (
        "subject: &s A # 1\npreviously: [*s, C] # 2\n",
        {"subject": "B"},
        "subject: B # 1\npreviously: [&s A, C] # 2\n",
    ),
    "an alias": (
        "previously: [&s A]\nsubject: *s # c\n",
        {"subject": "B"},
        "previously: [&s A]\nsubject: B # c\n",
    ),
    "flow mapping": ("{subject: A, id: x}\n", {"subject": "B, c"}, '{subject: "B, c", id: x}\n'),
    "a new key in a flow mapping": (
        "{subject: A, id: x}\n",
        {"icon": "i.png"},
        "{subject: A, icon: i.png, id: x}\n",
    ),
    "indented mapping": (
        "---\n  subject: A\n  id: x\n",
        {"icon": "i.png"},
        "---\n  subject: A\n  icon: i.png\n  id: x\n",
    ),
    "a new key first": ("# c\nid: x\n", {"subject": "B"}, "# c\nsubject: B\nid: x\n"),
    "a new key at the end": ("subject: A # c", {"admins": ("ana",)}, "subject: A # c\nadmins: [ana]"),
    "null": ("id: x\nicon: null # c\n", {"icon": "i.png"}, "id: x\nicon: i.png # c\n"),
    "tilde": ("id: x\nicon: ~\n", {"icon": "i.png"}, "id: x\nicon: i.png\n"),
    "nothing": ("id: x\nicon:\nkind: k\n", {"icon": "i.png"}, "id: x\nicon: i.png\nkind: k\n"),
    "nothing but a comment": ("id: x\nicon:   # c\n", {"icon": "i.png"}, "id: x\nicon: i.png   # c\n"),
    "flow list": ("id: x\nadmins: [a,b ,  c]\n", {"admins": ("a", "c", "d")}, "id: x\nadmins: [a,c, d]\n"),
    "the last of a flow list": ("id: x\nadmins: [a, b]\n", {"admins": ("a",)}, "id: x\nadmins: [a]\n"),
    "all of a flow list": ("id: x\nadmins: [a, b] # c\n", {"admins": ()}, "id: x\nadmins: [] # c\n"),
    "the only one for another": ("id: x\nadmins: [a]\n", {"admins": ("b",)}, "id: x\nadmins: [b]\n"),
    "into an empty list": (
        "id: x\nadmins: [] # c\n",
        {"admins": ("a", "+55")},
        'id: x\nadmins: [a, "+55"] # c\n',
    ),
    "a list over lines": (
        "id: x\nadmins: [\n  a,  # 1\n  b,  # 2\n  c   # 3\n]\n",
        {"admins": ("a", "c", "d")},
        "id: x\nadmins: [\n  a,  # 1\n  c,   # 3\n  d\n]\n",
    ),
    "a list over lines with a last comma": (
        "id: x\nadmins: [\n  a,  # 1\n  b,  # 2\n]\n",
        {"admins": ("a", "d")},
        "id: x\nadmins: [\n  a,  # 1\n  d,\n]\n",
    ),
    "block list": (
        "id: x\nadmins:\n- a # 1\n# 2\n- 'b' # 3\n\n- c # 4\nkind: k\n",
        {"admins": ("a", "c", "d")},
        "id: x\nadmins:\n- a # 1\n# 2\n\n- c # 4\n- d\nkind: k\n",
    ),
    "block list with room": (
        "id: x\nadmins:\n    -   a\n",
        {"admins": ("a", "b")},
        "id: x\nadmins:\n    -   a\n    -   b\n",
    ),
    "all of a block list": (
        "id: x\nadmins:  # 1\n  - a\n  - b\n# 2\n",
        {"admins": ()},
        "id: x\nadmins: []  # 1\n# 2\n",
    ),
    "all of an anchored block list": ("id: x\nadmins: &p\n  - a\n", {"admins": ()}, "id: x\nadmins: &p []\n"),
    "the end of a file without a break": (
        "id: x\nadmins:\n  - a\n  - b",
        {"admins": ("a", "c")},
        "id: x\nadmins:\n  - a\n  - c",
    ),
    "all to the end of a file without a break": (
        "id: x\nadmins:\n  - a",
        {"admins": ()},
        "id: x\nadmins: []",
    ),
    "an entry with an anchor that others mean": (
        "id: x\nadmins: [&a ana, b]\nmembers: [*a, c]\n",
        {"admins": ("b",)},
        "id: x\nadmins: [b]\nmembers: [&a ana, c]\n",
    ),
    "an entry that is an alias": (
        "id: x\nmembers: [&a ana]\nadmins: [*a, b]\n",
        {"admins": ("b",)},
        "id: x\nmembers: [&a ana]\nadmins: [b]\n",
    ),
    "a list that is an alias": (
        "id: x\nmembers: &m [a, b]\nadmins: *m\n",
        {"admins": ("b",)},
        "id: x\nmembers: &m [a, b]\nadmins: [b]\n",
    ),
    "a list that others mean": (
        "id: x\nadmins: &m [a, b]\nmembers: *m\n",
        {"admins": ("b",)},
        "id: x\nadmins: [b]\nmembers: &m [a, b]\n",
    ),
    "a description that gets lines": (
        "id: x # 1\ndescription: A # 2\n",
        {"description": "B\nc: 1"},
        'id: x # 1\ndescription: "B\\nc: 1" # 2\n',
    ),
    "a description of lines": (
        "id: x\ndescription: |\n  A\n\n  b\n\n# c\nadmins: []\n",
        {"description": None},
        "id: x\ndescription: null\n\n# c\nadmins: []\n",
    ),
    "no description yet": (
        "subject: A\nadmins: [a]\n",
        {"description": "B"},
        "subject: A\ndescription: B\nadmins: [a]\n",
    ),
    "permissions": (
        "id: x\npermissions: {send_messages: everyone, approve_members: false} # c\n",
        {"permissions": {"send_messages": "everyone", "approve_members": True}},
        "id: x\npermissions: {send_messages: everyone, approve_members: true} # c\n",
    ),
    "permissions, one a line": (
        "id: x\npermissions: # 1\n  # 2\n  send_messages: everyone  # 3\n\n  edit_info:   admins # 4\n"
        "admins: []\n",
        {"permissions": {"send_messages": "everyone", "edit_info": "everyone"}},
        "id: x\npermissions: # 1\n  # 2\n  send_messages: everyone  # 3\n\n  edit_info:   everyone # 4\n"
        "admins: []\n",
    ),
    "permissions that are new, one a line": (
        "permissions:\n    edit_info: admins # 1\n# 2\nid: x\n",
        {"permissions": {"edit_info": "admins", "add_members": "admins", "approve_members": True}},
        "permissions:\n    edit_info: admins # 1\n    add_members: admins\n    approve_members: true\n"
        "# 2\nid: x\n",
    ),
    "permissions that are new, at the end of a file without a break": (
        "id: x\npermissions:\n  edit_info: admins",
        {"permissions": {"edit_info": "everyone", "add_members": "admins"}},
        "id: x\npermissions:\n  edit_info: everyone\n  add_members: admins",
    ),
    "permissions that are new, in brackets": (
        "id: x\npermissions: {edit_info: admins} # c\n",
        {"permissions": {"edit_info": "admins", "approve_members": False}},
        "id: x\npermissions: {edit_info: admins, approve_members: false} # c\n",
    ),
    "permissions in brackets over several lines": (
        "id: x\npermissions: {\n  edit_info: admins, # 1\n  add_members: admins # 2\n}\n",
        {"permissions": {"edit_info": "everyone", "add_members": "admins", "approve_members": True}},
        "id: x\npermissions: {\n  edit_info: everyone, # 1\n"
        "  add_members: admins, approve_members: true # 2\n}\n",
    ),
    "no permissions yet": (
        "subject: A\nicon: null # c\nadmins: [a]\n",
        {"permissions": {"edit_info": "admins", "approve_members": True}},
        "subject: A\nicon: null # c\npermissions: {edit_info: admins, approve_members: true}\nadmins: [a]\n",
    ),
    "no permissions in a document in brackets": (
        "{id: x, admins: [a]}\n",
        {"permissions": {"edit_info": "admins"}},
        "{id: x, admins: [a], permissions: {edit_info: admins}}\n",
    ),
    "empty permissions": (
        "id: x\npermissions: {} # c\n",
        {"permissions": {"edit_info": "admins"}},
        "id: x\npermissions: {edit_info: admins} # c\n",
    ),
    "permissions in quotes": (
        "id: x\npermissions:\n  'edit_info': 'admins'\n  \"add_members\": \"admins\"\n"
        "  approve_members: True\n",
        {"permissions": {"edit_info": "everyone", "add_members": "admins", "approve_members": True}},
        "id: x\npermissions:\n  'edit_info': 'everyone'\n  \"add_members\": \"admins\"\n"
        "  approve_members: True\n",
    ),
    "a permission with an anchor that another means": (
        "id: x\npermissions: {edit_info: &a admins, add_members: *a} # c\n",
        {"permissions": {"edit_info": "everyone", "add_members": "admins"}},
        "id: x\npermissions: {edit_info: everyone, add_members: &a admins} # c\n",
    ),
    "a permission that is an alias": (
        "id: x\nkind: &a admins\npermissions:\n  edit_info: *a # c\n  add_members: *a\n",
        {"permissions": {"edit_info": "everyone", "add_members": "admins"}},
        "id: x\nkind: &a admins\npermissions:\n  edit_info: everyone # c\n  add_members: *a\n",
    ),
    "a permission whose anchor another key means, beside one that changes": (
        "id: x\npermissions: {edit_info: &a admins, add_members: admins}\nkind: *a\n",
        {"permissions": {"edit_info": "admins", "add_members": "everyone"}},
        "id: x\npermissions: {edit_info: &a admins, add_members: everyone}\nkind: *a\n",
    ),
    "permissions with an anchor": (
        "id: x\npermissions: &p\n  edit_info: admins\n",
        {"permissions": {"edit_info": "everyone", "approve_members": True}},
        "id: x\npermissions: &p\n  edit_info: everyone\n  approve_members: true\n",
    ),
    "permissions, with the line ends of Windows": (
        "id: x\r\npermissions:\r\n  edit_info: admins\r\n",
        {"permissions": {"edit_info": "everyone", "add_members": "admins"}},
        "id: x\r\npermissions:\r\n  edit_info: everyone\r\n  add_members: admins\r\n",
    ),
    "tabs in comments": ("id: x\nadmins:\t[a]\t# \tc\n", {"admins": ("b",)}, "id: x\nadmins:\t[b]\t# \tc\n"),
    "several at once": (
        "id: x # 1\nsubject: A # 2\nadmins: [a] # 3\n",
        {"subject": "B", "icon": None, "admins": ("a", "b"), "members": ("c",)},
        "id: x # 1\nsubject: B # 2\nicon: null\nadmins: [a, b] # 3\nmembers: [c]\n",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape(shape: str) -> None:
    text, values, expected = SHAPES[shape]
    assert rewritten(text, values) == expected


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("id: x\nadmins: &m\n  - a\n  - b\nmembers: *m\n", {"admins": ("a",)}),
        ("id: x\nadmins:\n  - a\n  - - b\n", {"admins": ("a",)}),
        ("? id\n: x\n? subject\n: A\n", {"icon": None}),
        ("id: x\npermissions:\n  ? edit_info\n  : admins\n", {"permissions": {"add_members": "admins"}}),
        (
            "id: x\npermissions: {edit_info: admins, add_members: admins}\n",
            {"permissions": {"edit_info": "admins"}},  # a permission that is not meant to be there
        ),
    ],
)
def test_a_shape_that_is_refused(text: str, values: dict[str, Any]) -> None:
    with pytest.raises(EditError):
        rewritten(text, values)


def test_one_document_of_several_and_one_that_has_moved() -> None:
    text = "# 1\nsubject: A\nname: a\n---\n---\nsubject: B\nname: b\n...\n--- \n{subject: C, name: c}\n"
    assert rewritten(text, {"subject": "X"}, 1) == text.replace("B", "X")
    assert rewritten(text, {"subject": "X"}, 2) == text.replace("C", "X")
    with pytest.raises(EditError, match="has changed"):
        rewrite_manifest(text.encode(), Location("g.yaml", 3, 1), {"subject": "X"})
    with pytest.raises(EditError, match="has changed"):
        rewrite_manifest(b"subject: [", Location("g.yaml", 1, 1), {"subject": "X"})


ADDED = [("novo", "+5519900000009"), ("x", "+1")]
LINES = '  novo: "+5519900000009"\n  x: "+1"\n'
FLOW = 'novo: "+5519900000009", x: "+1"'
BLOCK = "people:\n  a: '1234567' # c\n"
NESTED = "people:\n  a:\n    numbers:\n      - '1234567' # c"
CONTACTS = {
    "nothing": ("", f"people:\n{LINES}"),
    "comments": ("# c", f"# c\npeople:\n{LINES}"),
    "block": (f"{BLOCK}\n# t\nteams: {{}}\n", f"{BLOCK}{LINES}\n# t\nteams: {{}}\n"),
    "nested, without a break at the end": (NESTED, f"{NESTED}\n{LINES}"[:-1]),
    "flow": ("people: {a: '1234567'} # c\n", f"people: {{a: '1234567', {FLOW}}} # c\n"),
    "empty flow": ("people: {}\n", f"people: {{{FLOW}}}\n"),
    "no people": ("teams: {}\n", f"teams: {{}}\npeople:\n{LINES}"),
    "all flow": ("{teams: {}}\n", f"{{teams: {{}}, people: {{{FLOW}}}}}\n"),
    "Windows": (BLOCK.replace("\n", "\r\n"), (BLOCK + LINES).replace("\n", "\r\n")),
}


@pytest.mark.parametrize("shape", CONTACTS)
def test_contacts_are_added(shape: str) -> None:
    before, after = CONTACTS[shape]
    assert add_contacts(before.encode(), ADDED).decode() == after


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf", "Cn"])
SUBJECTS = st.text(LETTERS, min_size=1, max_size=25)
NAMES = st.lists(st.sampled_from(["ana", "bruno", "cs", "dora", "+55 19 90000-0001", "x y"]), unique=True)


PERMITTED = st.fixed_dictionaries(
    {
        "send_messages": st.sampled_from(["admins", "everyone"]),
        "edit_info": st.sampled_from(["admins", "everyone"]),
        "add_members": st.sampled_from(["admins", "everyone"]),
        "approve_members": st.booleans(),
    }
)


@given(documents(), SUBJECTS, NAMES, PERMITTED, st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=60)
def test_whatever_can_be_written_can_be_changed(
    document: dict[str, Any],
    subject: str,
    names: list[str],
    permitted: dict[str, Any],
    newline: str,
    ours: bool,
) -> None:
    """A document as `import` or a dumper of PyYAML writes it, and no more lines than have to be."""
    text = yaml_text(document) if ours else yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    text = text.replace("\n", newline)
    assume(not yaml_tree.parse(text.encode(), "").complaints)
    values = {"subject": subject, "permissions": permitted, "admins": tuple(names)}
    after = rewritten(text, values)
    changed = [line for line in difflib.ndiff(text.split(newline), after.split(newline)) if line[0] in "+-"]
    assert len(changed) <= 15 + len(document.get("admins", [])) + len(names)
    (node,) = yaml_tree.parse(after.encode(), "g.yaml").nodes
    value = check("group", node, "g.yaml").value
    assert value is not None
    assert set(value["admins"]) == set(names)
    assert value == {**document, **values, "admins": value["admins"]}
