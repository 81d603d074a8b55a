"""Is the live icon the wanted one? The whole table."""

from __future__ import annotations

import pytest

from reconciler.model.desired import DesiredIcon
from reconciler.model.live import LiveIcon
from reconciler.model.record import IconRecord
from reconciler.planning.diff import IN_SYNC, IconDifference, compare_icon
from tests.planning.build import NO_ICON, icon, served

URL, OTHER = "https://cdn.example/1/a.png", "https://cdn.example/2/a.png"
RECORD = IconRecord("a1", "s1", URL, 1000)
UPDATED = IconRecord("old", "s1", URL, 1000)  # another source was applied last


@pytest.mark.parametrize(
    ("wanted", "seen", "record", "verdict"),
    [
        # none wanted, none there
        (DesiredIcon(None), NO_ICON, None, IconDifference.SAME),
        (DesiredIcon(None), NO_ICON, RECORD, IconDifference.SAME),
        (DesiredIcon(None), served(), None, IconDifference.DIFFERS),
        (DesiredIcon(None), served(URL), RECORD, IconDifference.DIFFERS),
        (icon(), NO_ICON, None, IconDifference.DIFFERS),
        (icon(), NO_ICON, RECORD, IconDifference.DIFFERS),
        # the recorded metadata decides, whatever the query
        (icon(), served(URL), RECORD, IconDifference.SAME),
        (icon(), served(f"{URL}?sig=7#x"), RECORD, IconDifference.SAME),
        (icon(), served(URL), UPDATED, IconDifference.DIFFERS),
        # another place or length: look at the bytes
        (icon(), served(OTHER), RECORD, IconDifference.FETCH),
        (icon(), served(URL, length=999), RECORD, IconDifference.FETCH),
        (icon(), served(URL, length=None), RECORD, IconDifference.FETCH),
        (icon(), served(OTHER), UPDATED, IconDifference.FETCH),
        (icon(), served(), None, IconDifference.FETCH),
        # the bytes
        (icon(), served(OTHER, sha256="a1"), None, IconDifference.SAME_BYTES),
        (icon(), served(OTHER, sha256="a1"), RECORD, IconDifference.SAME_BYTES),
        (icon(), served(OTHER, sha256="s1"), RECORD, IconDifference.SAME),
        (icon(), served(OTHER, sha256="s1"), UPDATED, IconDifference.DIFFERS),
        (icon(), served(OTHER, sha256="zz"), RECORD, IconDifference.DIFFERS),
        # appearance, only where no record decides
        (icon(), served(OTHER, sha256="zz"), None, IconDifference.COMPARE),
        (icon(), served(OTHER, sha256="zz"), UPDATED, IconDifference.COMPARE),
        (icon(), served(OTHER, sha256="zz", alike=True), None, IconDifference.ALIKE),
        (icon(), served(OTHER, sha256="zz", alike=False), None, IconDifference.DIFFERS),
        (icon(), served(OTHER, sha256="zz", alike=True), UPDATED, IconDifference.ALIKE),
        (icon(), served(OTHER, sha256="zz", alike=True), RECORD, IconDifference.DIFFERS),
    ],
)
def test_judge(
    wanted: DesiredIcon, seen: LiveIcon, record: IconRecord | None, verdict: IconDifference
) -> None:
    assert compare_icon(wanted, seen, record) is verdict


def test_only_what_is_surely_so_is_in_sync() -> None:
    assert frozenset(IconDifference) - IN_SYNC == {
        IconDifference.DIFFERS,
        IconDifference.FETCH,
        IconDifference.COMPARE,
    }
