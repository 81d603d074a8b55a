"""Subjects that show nothing are none: in manifests, in `previously`, and in what is written of groups."""

from __future__ import annotations

import unicodedata

import pytest

from reconciler.manifests.convert import scalar_text
from reconciler.manifests.imports import why_not
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
