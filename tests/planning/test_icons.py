"""Is the live icon the wanted one? The whole table."""

from __future__ import annotations

import pytest

from reconciler.model.desired import DesiredIcon
from reconciler.model.live import IconSeen
from reconciler.model.record import IconRecord
from reconciler.planning.icons import IN_SYNC, Verdict, judge
from tests.planning.build import NO_ICON, icon, served

URL, OTHER = "https://cdn.example/1/a.png", "https://cdn.example/2/a.png"
RECORD = IconRecord("a1", "s1", URL, 1000)
UPDATED = IconRecord("old", "s1", URL, 1000)  # another source was applied last


@pytest.mark.parametrize(
    ("wanted", "seen", "record", "verdict"),
    [
        # none wanted, none there
        (DesiredIcon(None), NO_ICON, None, Verdict.SAME),
        (DesiredIcon(None), NO_ICON, RECORD, Verdict.SAME),
        (DesiredIcon(None), served(), None, Verdict.DIFFERS),
        (DesiredIcon(None), served(URL), RECORD, Verdict.DIFFERS),
        (icon(), NO_ICON, None, Verdict.DIFFERS),
        (icon(), NO_ICON, RECORD, Verdict.DIFFERS),
        # the recorded metadata decides, whatever the query
        (icon(), served(URL), RECORD, Verdict.SAME),
        (icon(), served(f"{URL}?sig=7#x"), RECORD, Verdict.SAME),
        (icon(), served(URL), UPDATED, Verdict.DIFFERS),
        # another place or length: look at the bytes
        (icon(), served(OTHER), RECORD, Verdict.FETCH),
        (icon(), served(URL, length=999), RECORD, Verdict.FETCH),
        (icon(), served(URL, length=None), RECORD, Verdict.FETCH),
        (icon(), served(OTHER), UPDATED, Verdict.FETCH),
        (icon(), served(), None, Verdict.FETCH),
        # the bytes
        (icon(), served(OTHER, sha256="a1"), None, Verdict.SAME_BYTES),
        (icon(), served(OTHER, sha256="a1"), RECORD, Verdict.SAME_BYTES),
        (icon(), served(OTHER, sha256="s1"), RECORD, Verdict.SAME),
        (icon(), served(OTHER, sha256="s1"), UPDATED, Verdict.DIFFERS),
        (icon(), served(OTHER, sha256="zz"), RECORD, Verdict.DIFFERS),
        # appearance, only where no record decides
        (icon(), served(OTHER, sha256="zz"), None, Verdict.COMPARE),
        (icon(), served(OTHER, sha256="zz"), UPDATED, Verdict.COMPARE),
        (icon(), served(OTHER, sha256="zz", alike=True), None, Verdict.ALIKE),
        (icon(), served(OTHER, sha256="zz", alike=False), None, Verdict.DIFFERS),
        (icon(), served(OTHER, sha256="zz", alike=True), UPDATED, Verdict.ALIKE),
        (icon(), served(OTHER, sha256="zz", alike=True), RECORD, Verdict.DIFFERS),
    ],
)
def test_judge(wanted: DesiredIcon, seen: IconSeen, record: IconRecord | None, verdict: Verdict) -> None:
    assert judge(wanted, seen, record) is verdict


def test_only_what_is_surely_so_is_in_sync() -> None:
    assert frozenset(Verdict) - IN_SYNC == {Verdict.DIFFERS, Verdict.FETCH, Verdict.COMPARE}
