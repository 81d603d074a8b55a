"""Subjects that show nothing are none: in manifests, in `previously`, and in what is written of groups."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.errors import Location
from reconciler.manifests import convert
from reconciler.manifests.convert import scalar_text, yaml_text
from reconciler.manifests.documents import valid_documents
from reconciler.manifests.imports import why_not
from reconciler.planning.subjects import normal
from tests.manifests.conftest import Folder

UNSEEN = [
    "\u3164",  # the Hangul filler, a letter to Unicode
    "\ufeff",
    "\u2800",  # braille without dots
    "\u00ad",
    "\u115f\u1160",
    "\uffa0",
    "\u034f",
    "\u17b4\u17b5",
    "\ufe0f",
    "\u180b\u180e",
    "\u200b\u200d\u2060",
    "\u00a0\u2003\u3000",
    "\U000e0041",
    "\U000e0100",
    " \u3164 \u2800 ",
]


@pytest.mark.parametrize("subject", UNSEEN, ids=ascii)
def test_a_subject_needs_something_to_see(folder: Folder, subject: str) -> None:
    text = scalar_text(subject, quoted=True)
    folder.write("groups/g.yaml", f"name: g\nsubject: {text}\npreviously: [Old, {text}]\n")
    assert folder.complaints() == [
        "groups/g.yaml:2:10: `subject` is empty (write what members shall see)",
        "groups/g.yaml:3:19: `previously[1]` is empty (take it out)",
    ]
    assert why_not("subject", subject, 25) is not None


@pytest.mark.parametrize(
    "subject",
    ["\u3164x", "☕", "☕\ufe0f", "é", "e\u0301", "\u3164.\u3164", "한", "ᅟᅡ", "\U0001fae8", "⠁"],
    ids=ascii,
)
def test_what_can_be_seen_is_a_subject(folder: Folder, subject: str) -> None:
    folder.write("groups/g.yaml", f"subject: {scalar_text(subject, quoted=True)}\n")
    (group,) = folder.load().desired.groups
    assert group.subject == unicodedata.normalize("NFC", subject)
    assert why_not("subject", subject, 25) is None


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        ("e\u0301" * 25, 25),
        ("é" * 26, 26),
        ("  " + "☕" * 25 + "\u00a0", 25),
        ("\U0001f1e7\U0001f1f7" * 13, 26),
    ],
    ids=ascii,
)
def test_the_limit_counts_code_points_as_they_are_compared(folder: Folder, subject: str, count: int) -> None:
    folder.write("groups/g.yaml", f"subject: {scalar_text(subject, quoted=True)}\n")
    if count <= 25:
        assert len(folder.load().desired.groups[0].subject or "") == count
    else:
        assert folder.complaints() == [
            f"groups/g.yaml:1:10: `subject` has {count} characters, 25 are allowed (shorten it)"
        ]


@pytest.mark.parametrize("text", [text for text in UNSEEN if text.strip()], ids=ascii)
def test_a_description_needs_something_to_see(folder: Folder, text: str) -> None:
    folder.write("reconciler.yaml", "backend: waha\n")
    folder.write("groups/g.yaml", f"subject: G\ndescription: {scalar_text(text, quoted=True)}\n")
    assert folder.complaints() == [
        "groups/g.yaml:2:14: `description` is empty (write what members shall see, or null for none)"
    ]
    assert why_not("description", text, 25) == "it is empty"


@given(st.sampled_from(["subject", "description"]), st.text(st.characters(), max_size=40))
def test_whatever_is_let_into_a_manifest_is_read_back(
    name: Literal["subject", "description"], live: str
) -> None:
    """A live text, as `import` and `accept` write it."""
    value = normal(live)
    assume(why_not(name, value, 25) is None)
    document = {"id": "g", name: value or None}
    found = valid_documents("group", yaml_text(document).encode())
    assert found is not None
    ((_, read),) = found
    manifest = convert.manifest(read, name="", location=Location("g.yaml"))
    written = getattr(manifest, name)
    assert (written if written is None else normal(written)) == (value or None)
