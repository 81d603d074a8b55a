"""What YAML would turn into something else stays as it was written where text is wanted."""

from __future__ import annotations

import pytest

from reconciler.manifests import yaml_tree
from reconciler.manifests.documents import Shape, plain
from tests.manifests.conftest import Folder

TRAPS = [
    *("no", "yes", "on", "off", "true", "False", "y", "N"),
    *("2026", "0123", "0o17", "0x1F", "1e3", "1_000", "-7", "+7", "12:30:45", ".5", "1.50", "9" * 25),
    *("2026-01-01", "2026-01-01 10:00:00", "nan", ".inf", "=", "<<", "NULLA"),
]


@pytest.mark.parametrize("written", TRAPS)
def test_text_stays_as_it_was_written(repo: Folder, written: str) -> None:
    repo.write("groups/g.yaml", f"subject: {written}\npreviously: [{written}]\nhold: {{reason: {written}}}\n")

    group = next(group for group in repo.load().desired.groups if group.name == "g")

    assert group.subject == written
    assert group.previously == (written,)
    assert group.hold is not None
    assert group.hold.reason == written


@pytest.mark.parametrize("written", ["no", "2026", "1e3", "0123", "true", "2026-01-01"])
def test_names_aliases_and_keys_stay_as_they_were_written(folder: Folder, written: str) -> None:
    alias = f"{written}x"
    folder.write("contacts.yaml", f"people: {{no: +5519900000001, {alias}: +5519900000002}}\n")
    folder.write("reconciler.yaml", f"kinds: {{{written}: {{icon: null}}}}\n")
    folder.write(
        "groups/g.yaml",
        f"name: {written}\nsubject: G\nid: {written}\nkind: {written}\nadmins: [no, {alias}]\n",
    )

    (group,) = folder.load().desired.groups

    assert (group.name, group.id, group.kind) == (written, written, written)
    assert [person.alias for person in group.admins or ()] == ["no", alias]
    assert group.icon is not None


@pytest.mark.parametrize(
    "written",
    ["+5519900000009", "5519900000009", "+55 19 90000-0009", "+55 (19) 90000-0009", '"+5519900000009"'],
)
def test_numbers_need_no_quotes(folder: Folder, written: str) -> None:
    folder.write("contacts.yaml", f"people: {{ana: {{numbers: [{written}]}}}}\n")
    folder.write("reconciler.yaml", f"account: {written}\n")
    folder.write("groups/g.yaml", f"subject: G\nadmins:\n  - {written}\nmembers: [{written}]\n")

    loaded = folder.load()

    (group,) = loaded.desired.groups
    assert loaded.settings.account == ("5519900000009",)
    assert group.admins == group.members == loaded.desired.people


def test_scalars_are_read_by_what_is_wanted() -> None:
    def read(text: str, shape: Shape) -> object:
        (node,) = yaml_tree.parse(f"- {text}\n".encode(), "f").nodes
        found = plain(node, Shape(items=shape))
        assert isinstance(found, list)
        return found[0]

    number = Shape(whole=True)
    assert [read(text, number) for text in ("7", "-7", "+7", "0")] == [7, -7, 7, 0]
    assert [read(text, number) for text in ("07", "7.0", "1e3", "0x7", "1_000", '"7"', "9" * 19)] == [
        *("07", "7.0", "1e3", "0x7", "1_000", "7", "9" * 19)
    ]
    anything = Shape()
    assert [read(text, anything) for text in ("true", "False", "yes", "0.25", "7", "~", "", "NULL")] == [
        *(True, False, "yes", 0.25, 7, None, None, None)
    ]
    text = Shape(text=True)
    assert [read(written, text) for written in ("true", "7", "!!str 7", "null", '"null"', "''", "")] == [
        *("true", "7", "7", None, "null", "", None)
    ]


def test_a_template_is_read_as_the_api_takes_it(repo: Folder) -> None:
    repo.write(
        "reconciler.yaml",
        "invites:\n"
        "  template: {namespace: 0a1b, elementName: convite, ttl: 3600, fallback: true, x: [1.5, ~]}\n",
    )

    assert repo.load().settings.invites.template == {
        "namespace": "0a1b",
        "elementName": "convite",
        "ttl": 3600,
        "fallback": True,
        "x": [1.5, None],
    }


def test_text_over_several_lines_and_with_escapes(repo: Folder) -> None:
    repo.write("reconciler.yaml", "invites:\n  text: |\n    Oi!\n    {link}\n")
    repo.write(
        "groups/g.yaml", 'subject: "Caf\\u00e9 \\U0001F680"\nprevious' + "ly:\n  - >-\n    Caf\n    Velho\n"
    )

    loaded = repo.load()

    assert loaded.settings.invites.text == "Oi!\n{link}\n"
    group = loaded.desired.groups[0]
    assert (group.subject, group.previously) == ("Café 🚀", ("Caf Velho",))


def test_subjects_are_composed_and_trimmed(repo: Folder) -> None:
    repo.write("groups/g.yaml", 'subject: "  Cafe\u0301 da manha\u0303 "\npreviously: [" Cafe\u0301 "]\n')

    group = repo.load().desired.groups[0]

    assert (group.subject, group.previously) == ("Café da manhã", ("Café",))


def test_subjects_may_hold_any_writing(repo: Folder) -> None:
    for index, subject in enumerate(("👩‍👩‍👧‍👦 Família", "دعم العملاء", "サポート", "🏴󠁧󠁢󠁥󠁮󠁧󠁿")):
        repo.write(f"groups/g{index}.yaml", f"subject: {subject}\n")

    assert len(repo.load().desired.groups) == 5
