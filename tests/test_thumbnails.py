"""Pictures for reports: which are fetched, what is kept of them, and what bad ones do (nothing)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from reconciler import pictures, thumbnails
from reconciler.errors import Interrupted, NotSent
from reconciler.model.desired import Icon
from reconciler.model.live import LiveIcon, Thumbnails
from reconciler.thumbnails import DifferingIcon
from tests.apply.world import IconFiles
from tests.fakes import FakeApi
from tests.support import picture


class Quiet:
    def start(self, label: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def finish(self) -> None: ...


def seen(api: FakeApi, data: bytes, *, hashed: bool = False) -> LiveIcon:
    """An icon that is served, as a reading has it."""
    group_id = api.seed("g")
    api.set_icon(group_id, data)
    meta = api.reader.get_icon(group_id)
    return LiveIcon(meta, sha256=pictures.sha256(data) if hashed else None)


def collect(
    api: FakeApi, *wanted: DifferingIcon, files: IconFiles | None = None, budget: int = 10**6
) -> Thumbnails:
    return thumbnails.collect(
        wanted,
        reader=api.reader,
        icon_files=files or IconFiles(),
        concurrency=2,
        progress=Quiet(),
        budget=budget,
    )


def fetched(api: FakeApi) -> int:
    return sum(name == "fetch_icon" for name, _ in api.calls)


def test_the_file_and_what_is_served_are_drawn_anew() -> None:
    api, files = FakeApi(), IconFiles()
    icon = files.add(picture("teal")).picture
    live = picture("maroon", kind="JPEG")
    found = collect(api, DifferingIcon("a", seen(api, live), icon), files=files)
    assert icon is not None
    assert found.files[icon.sha256].size == icon.size
    assert (found.live["a"].sha256, found.live["a"].size) == (pictures.sha256(live), len(live))
    for drawn in (found.files[icon.sha256], found.live["a"]):
        with Image.open(io.BytesIO(drawn.data)) as image:
            assert image.size == (160, 160)


def test_the_same_picture_is_read_and_kept_once() -> None:
    api, files = FakeApi(), IconFiles()
    icon = files.add(picture("teal")).picture
    live = seen(api, picture("maroon"), hashed=True)
    found = collect(api, *(DifferingIcon(f"g{n}", live, icon) for n in range(20)), files=files)
    assert len(found.files) == 1
    assert len(found.live) == 20
    assert len({id(each) for each in found.live.values()}) == 1
    assert fetched(api) <= 2  # two workers may both have begun


def test_a_group_without_an_icon_is_asked_for_none() -> None:
    api = FakeApi()
    found = collect(api, DifferingIcon("a", LiveIcon(None), None), DifferingIcon("b", None, None))
    assert (found, fetched(api)) == (Thumbnails(), 0)


def bomb() -> bytes:
    """A PNG that says it has 4096 by 4096 pixels and is 60,000 by 60,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


BAD: dict[str, Callable[[], bytes]] = {
    "bomb": bomb,
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "cut short": lambda: picture()[:900],
    "html": lambda: b"<script>alert(1)</script>",
    "nothing": lambda: b"\xff\xd8\xff",
    "too large": lambda: picture() + b"\0" * 5_000_000,
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_costs_the_picture_alone(name: str) -> None:
    api = FakeApi()
    good = seen(api, picture())
    meta = good.meta
    assert meta is not None
    bad = seen(api, picture("red"))
    assert bad.meta is not None
    api.pictures[bad.meta.bare_url] = BAD[name]()
    found = collect(api, DifferingIcon("bad", bad, None), DifferingIcon("good", good, None))
    assert set(found.live) == {"good"}
    assert found.absent["bad"].startswith("not shown: ")


def test_what_follows_a_picture_is_left_behind() -> None:
    api = FakeApi()
    found = collect(api, DifferingIcon("a", seen(api, picture() + b"<script>canary</script>"), None))
    assert b"canary" not in found.live["a"].data


def test_a_picture_that_changed_since_it_was_read_is_not_shown_as_that() -> None:
    api = FakeApi()
    live = seen(api, picture("teal"), hashed=True)
    assert live.meta is not None
    api.pictures[live.meta.bare_url] = picture("red")
    found = collect(api, DifferingIcon("a", live, None))
    assert found.live == {}
    assert found.absent == {"a": thumbnails.CHANGED}


def test_a_file_that_changed_since_it_was_checked_is_not_shown() -> None:
    icon = Icon("icons/a.png", "0" * 64, "image/png", 640, 640, 3)

    class Changed(IconFiles):
        def read(self, icon: Icon) -> bytes:
            raise thumbnails.PictureError("the picture has changed since it was checked")

    found = collect(FakeApi(), DifferingIcon("a", None, icon), files=Changed())
    assert found.absent == {icon.sha256: "not shown: the picture has changed since it was checked"}


def test_a_report_holds_so_many_pictures_and_says_so() -> None:
    api = FakeApi()
    colours = ("red", "teal", "navy", "olive", "peru", "plum", "gold", "gray", "pink", "lime")
    wanted = [DifferingIcon(colour, seen(api, picture(colour)), None) for colour in colours]
    found = collect(api, *wanted, budget=1)
    assert 1 <= len(found.live) <= 2  # two workers
    assert list(found.absent.values()) == [thumbnails.FULL] * (len(colours) - len(found.live))
    assert fetched(api) == len(found.live)


def test_a_server_that_fails_is_not_asked_for_hundreds() -> None:
    api = FakeApi()
    api.fail("fetch_icon", NotSent("no route", code="network", retry=True), times=None)
    live = seen(api, picture())
    found = collect(api, *(DifferingIcon(f"g{n}", live, None) for n in range(50)))
    assert len(found.absent) == 50
    assert fetched(api) <= thumbnails.MOST_FAILURES + 1
    assert thumbnails.GIVEN_UP in found.absent.values()


def test_a_wish_to_stop_is_heard() -> None:
    api = FakeApi()
    live = seen(api, picture())
    api.fail("fetch_icon", Interrupted("stopped"), times=None)
    with pytest.raises(Interrupted):
        collect(api, *(DifferingIcon(f"g{n}", live, None) for n in range(50)))
    assert fetched(api) < 10
