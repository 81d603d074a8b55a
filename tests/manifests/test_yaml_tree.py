"""The loader: places, several documents, and what hostile files are refused for, soon, in little memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import pytest

from reconciler.manifests import yaml_tree
from reconciler.manifests.documents import Shape, plain
from reconciler.manifests.yaml_tree import MappingNode, SequenceNode
from tests.manifests.conftest import Folder

MIB = 1024 * 1024


def parse(text: str | bytes) -> yaml_tree.Documents:
    return yaml_tree.parse(text.encode() if isinstance(text, str) else text, "f.yaml")


def said(text: str | bytes) -> list[str]:
    return [str(complaint) for complaint in parse(text).complaints]


def test_every_key_value_and_item_has_its_place() -> None:
    (root,) = parse("# c\nname: açaí\nlist:\n  - a\n  - {k: v}\nlast: [x,\n  y]\n").nodes

    assert isinstance(root, MappingNode)
    assert [(key, place.start.line + 1, place.start.column + 1) for key, place in root.keys.items()] == [
        *(("name", 2, 1), ("list", 3, 1), ("last", 6, 1))
    ]
    assert str(yaml_tree.location_of(yaml_tree.node_at(root, ("list", 1, "k")), "f")) == "f:5:9"
    assert str(yaml_tree.location_of(yaml_tree.node_at(root, ("last", 1)), "f")) == "f:7:3"
    locations = yaml_tree.Locations(root, "f")
    assert {key: str(location) for key, location in locations.items()} == {
        "name": "f:2:7",
        "list": "f:4:3",
        "list[0]": "f:4:5",
        "list[1]": "f:5:5",
        "last": "f:6:7",
        "last[0]": "f:6:8",
        "last[1]": "f:7:3",
    }


def test_columns_count_characters_not_bytes() -> None:
    assert said("á: {é: 1, é: 2}\n") == [
        "f.yaml:1:11: `é` is given twice (first on line 1; keep one of them)"
    ]


@pytest.mark.parametrize("text", ["", "# only\n", "---\n", "---\n---\n# x\n...\n", "~\n", "\ufeff"])
def test_empty_documents_are_none(text: str) -> None:
    documents = parse(text)
    assert documents.whole
    assert documents.nodes == ()


def test_documents_before_a_mistake_are_kept() -> None:
    documents = parse("a: 1\n---\nb: 2\n---\nc: [\n")

    assert len(documents.nodes) == 2
    assert not documents.whole
    assert len(documents.complaints) == 1


def test_a_byte_order_mark_and_other_line_ends_do_no_harm() -> None:
    (root,) = parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").nodes
    assert isinstance(root, MappingNode)
    assert (root.keys["b"].start.line, root.keys["b"].start.column) == (1, 0)


def test_aliases_stand_for_their_anchors() -> None:
    (root,) = parse("a: &x [1, 2]\nb: *x\nc: &k key\n*k : 3\n").nodes
    assert isinstance(root, MappingNode)
    assert isinstance(root.pairs["b"], SequenceNode)
    assert plain(root, Shape()) == {"a": [1, 2], "b": [1, 2], "c": "key", "key": 3}
    assert str(yaml_tree.location_of(root.pairs["b"], "f")) == "f:2:4"
    assert list(root.pairs) == ["a", "b", "c", "key"]
    assert (root.keys["key"].start.line, root.keys["key"].start.column) == (3, 0)


def test_anchors_end_with_their_document() -> None:
    assert said("a: &x 1\n---\nb: *x\n") == [
        "f.yaml:3:4: there is no anchor for the alias `*x` above it "
        "(write `&x` before the value that it stands for, or quote the text)"
    ]


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "aliases that multiply": (
        BOMB,
        "6:15: this file has more than 250000 values, with aliases written out "
        "(split it, or write what aliases multiply by hand)",
    ),
    "an alias inside itself": ("a: &a [*a]\n", "1:8: the alias `*a` stands inside itself"),
    "aliases that nest": (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 40)),
        "32:12: nested more than 32 levels deep",
    ),
    "brackets": ("[" * 4 * MIB, "1:33: nested more than 32 levels deep"),
    "dashes": ("- " * 2 * MIB, "1:65: nested more than 32 levels deep"),
    "indentation": (
        "".join(f"{' ' * n}a:\n" for n in range(2000)),
        "33:33: nested more than 32 levels deep",
    ),
    "a long list": (
        f"[{'a,' * (2 * MIB - 2)}]",
        "1:500000: this file has more than 250000 values, with aliases written out "
        "(split it, or write what aliases multiply by hand)",
    ),
    "many tag directives": (
        "".join(f"%TAG !a{n}! tag:a\n" for n in range(200_000)) + "---\na: 1\n",
        "1:1: tags are not supported (remove the %TAG line)",
    ),
    "a tag": (
        "a: !!python/name:os.system\n",
        "1:4: the tag `!!python/name:os.system` is not supported "
        "(remove it; values are what the schema says)",
    ),
    "a tag of its own": (
        "a: !secret x\n",
        "1:4: the tag `!secret` is not supported (remove it; values are what the schema says)",
    ),
    "a binary": (
        "a: !!binary aGk=\n",
        "1:4: the tag `!!binary` is not supported (remove it; values are what the schema says)",
    ),
    "a list as a key": ("? [a]\n: b\n", "1:5: a key must be text (lists and mappings are no keys)"),
    "another encoding": ("a: é\n".encode("latin-1"), "1:4: this is not UTF-8 text (save the file as UTF-8)"),
    "UTF-16": ("a: é\n".encode("utf-16"), "1:1: this is not UTF-8 text (save the file as UTF-8)"),
    "a NUL": (b"a: 1\nb: \0\n", "2:4: a control character (U+0000) cannot stand in YAML (remove it)"),
    "an escape": (b"a: \x1b[31m\n", "1:4: a control character (U+001B) cannot stand in YAML (remove it)"),
    "a lone surrogate": (
        'a: "\\ud800"\n',
        "1:7: an escape in quoted text that stands for no character (write the character itself)",
    ),
    "another version": (
        "%YAML 3.0\n---\na: 1\n",
        "1:1: this is not YAML: found incompatible YAML document",
    ),
}


def cost_of(text: str) -> float:
    """Seconds of this processor that reading takes."""
    began = time.process_time()
    said(text)
    return time.process_time() - began


@pytest.fixture(scope="module")
def ordinary() -> float:
    """What a large file costs that is in order: on a busy machine it takes longer as well."""
    return max(cost_of(f"[{'a,' * 200_000}]") for _ in range(2))


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_get_one_complaint_and_cost_no_more_than_two_large_ones(
    case: str, ordinary: float
) -> None:
    text, expected = HOSTILE[case]
    began = time.process_time()

    found = said(text)

    assert time.process_time() - began < 2 * ordinary
    assert len(found) == 1
    if case == "brackets":  # the newest parser stops by itself, further to the right
        found[0] = found[0].replace(":1:1001:", ":1:33:")
    assert found[0].startswith(f"f.yaml:{expected}")


def test_keys_given_twice_at_any_depth() -> None:
    for depth in range(30):
        text = "{a: " * depth + "{k: 1, k: 2}" + "}" * depth
        assert said(text) == [
            f"f.yaml:1:{8 + 4 * depth}: `k` is given twice (first on line 1; keep one of them)"
        ]


def test_what_is_quoted_is_short_and_harmless() -> None:
    long = "x" * 1000
    assert said(f"{long}: 1\n{long}: 2\n") == [
        f"f.yaml:2:1: `{'x' * 39}…` is given twice (first on line 1; keep one of them)"
    ]
    hostile = '"a\\e]8;;https://evil.example\\a\\u202e`": 1\n'
    assert said(hostile * 2) == [
        "f.yaml:2:1: `a\\x1b]8;;https://evil.example\\x07\\u202e'` is given twice "
        "(first on line 1; keep one of them)"
    ]
    assert said("+5519900000001: 1\n+5519900000001: 2\n") == [
        "f.yaml:2:1: `••••01` is given twice (first on line 1; keep one of them)"
    ]


def test_files_over_four_mib_are_refused(repo: Folder) -> None:
    with repo.write("groups/big.yaml", "").open("wb") as file:
        file.truncate(100 * MIB)
    repo.write("groups/just.yaml", "subject: Just\n#".ljust(4 * MIB, "x"))

    assert repo.complaints() == ["groups/big.yaml:1:1: this file is longer than 4 MiB: it has 100 MiB"]


def test_memory_stays_bounded() -> None:
    """The worst files of up to 4 MiB, read in a process of its own that may have 256 MiB in all."""
    script = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({256 * MIB}, {256 * MIB}))\n"
        "from reconciler.manifests import yaml_tree\n"
        f"BOMB = {BOMB!r}\n"
        "for text in (BOMB, '[' * (4 << 20), '- ' * (2 << 20), '[' + 'a,' * ((2 << 20) - 2) + ']',\n"
        "             'a: 1\\n' * 800_000, '---\\na\\n' * 600_000, '\"' + 'x' * (4 << 20)):\n"
        "    yaml_tree.parse(text.encode(), 'f')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 256 * MIB


def test_without_the_c_parser_the_same_is_read(repo: Folder) -> None:
    repo.write(
        "groups/g.yaml",
        "name: g\nsubject: 2026\nadmins: &p [ana, cs, +5519900000009]\nmembers: *p\n---\n"
        "name: h\nid: 0123\nhold:\n  reason: |\n    x\n",
    )
    repo.write("groups/h.yaml", "name: i\nsubject: G\nhold: {reason: x, reason: y}\nadmin: 1\n")
    repo.write("groups/i.yaml", 'a: "\\ud800"\n')
    without_c = (
        "import sys; sys.modules['yaml._yaml'] = None; import yaml; assert not yaml.__with_libyaml__; "
    )
    validate = "from reconciler.cli import main; main(['validate', '--format', 'codequality'])"

    def complaints(script: str) -> list[tuple[str, str]]:
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=repo.root, capture_output=True, text=True, check=True
        )
        return [(each["description"], json.dumps(each["location"])) for each in json.loads(done.stdout)]

    found = complaints(validate)
    assert len(found) == 4
    escape = "an escape in quoted text"  # the two parsers stop at different columns of it
    for one, other in zip(found, complaints(without_c + validate), strict=True):
        assert one == other or (escape in one[0] and one[0] == other[0])
