"""Icons: uploaded once, seen by what is served, and in sync afterwards however the server keeps them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from PIL import Image

from reconciler import pictures
from reconciler.errors import Refused, Unclear
from tests.apply.world import World, entry, kinds, one_byte_off, outcomes, picture, problem_code, reencoded

STORES: dict[str, Callable[[bytes], bytes]] = {
    "as they come": bytes,
    "with a changed byte": one_byte_off,
    "re-encoded": reencoded,
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    return STORES[request.param]


def test_an_icon_is_uploaded_once_and_in_sync_then(store: Callable[[bytes], bytes]) -> None:
    world = World(store=store)
    world.want(icon=picture())
    assert outcomes(world.apply()) == {"create_group": "done", "set_icon": "done"}
    icon = world.state.groups["sales"].icon
    assert icon is not None
    assert icon.source == pictures.sha256(picture())
    assert icon.served == pictures.sha256(store(picture()))
    assert "?" not in icon.url
    world.assert_settled()
    assert "fetch_icon" not in [name for name, _ in world.api.calls], "the record decides, without a download"


def test_an_icon_is_in_sync_without_a_record(store: Callable[[bytes], bytes]) -> None:
    world = World(store=store)
    group_id = world.bound()
    world.api.set_icon(group_id, store(picture()))
    world.want(icon=picture())
    world.assert_settled()
    assert world.state.groups["sales"].icon is not None
    world.assert_settled()


def grey(shades: Iterable[int]) -> bytes:
    """A PNG of 16 bits: a column for each of 256 shades."""
    row = b"".join(struct.pack("<H", shade) for shade in shades)
    out = io.BytesIO()
    Image.frombytes("I;16", (256, 256), row * 256).save(out, "PNG")
    return out.getvalue()


def as_served(shades: Iterable[int]) -> bytes:
    """What a server makes of it that knows how."""
    out = io.BytesIO()
    Image.frombytes("L", (256, 256), bytes(shade >> 8 for shade in shades) * 256).save(
        out, "JPEG", quality=85
    )
    return out.getvalue()


def test_icons_of_sixteen_bits_are_told_apart_without_a_record() -> None:
    """All of their shades are above 255."""
    rising = [256 + step * 255 for step in range(256)]
    for served in (grey, as_served):
        for shades, wanted in ((rising, {}), (rising[::-1], {"set_icon": "done"})):
            world = World()
            world.api.set_icon(world.bound(), served(shades))
            world.want(icon=grey(rising))
            assert outcomes(world.apply()) == wanted
            world.assert_settled()


def test_another_icon_replaces_it(store: Callable[[bytes], bytes]) -> None:
    world = World(store=store)
    world.want(icon=picture("teal"))
    world.apply()
    world.want(icon=picture("navy"))
    world.forget_calls()
    assert outcomes(world.apply()) == {"set_icon": "done"}
    assert world.written == ["set_icon"]
    world.assert_settled()


def test_an_icon_changed_by_hand_is_set_again(store: Callable[[bytes], bytes]) -> None:
    world = World(store=store)
    world.want(icon=picture("teal"))
    world.apply()
    world.api.set_icon(world.state.groups["sales"].id, picture("navy"))
    assert outcomes(world.apply()) == {"set_icon": "done"}
    assert world.api.icon(world.state.groups["sales"].id) == store(picture("teal"))
    world.assert_settled()


def test_a_lying_upload_is_failed_and_not_recorded(store: Callable[[bytes], bytes]) -> None:
    world = World(store=store)
    world.want(icon=picture("teal"))
    world.apply()
    world.want(icon=picture("navy"))
    world.api.fail("set_icon", when="lie")
    result = world.apply()
    assert problem_code(result, "set_icon") == "not_seen"
    icon = world.state.groups["sales"].icon
    assert icon is not None
    assert icon.source == pictures.sha256(picture("teal"))
    world.apply()
    world.assert_settled()


def test_no_icon_is_removed_once() -> None:
    world = World()
    world.bound(icon=picture())
    world.want(icon=None)
    assert outcomes(world.apply()) == {"remove_icon": "done"}
    assert world.written == ["remove_icon"]
    world.assert_settled()


def test_an_icon_that_is_not_managed_is_not_looked_at() -> None:
    world = World()
    world.bound(icon=picture())
    world.want()
    world.assert_settled()
    assert not {"get_icon", "fetch_icon"} & {name for name, _ in world.api.calls}


def test_a_url_that_is_signed_anew_on_every_answer_is_the_same_place() -> None:
    world = World(store=reencoded)
    world.want(icon=picture())
    world.apply()
    first = world.api.reader.get_icon(world.state.groups["sales"].id)
    second = world.api.reader.get_icon(world.state.groups["sales"].id)
    assert first is not None
    assert second is not None
    assert first.url != second.url
    world.assert_settled()


def test_an_icon_without_a_record_that_looks_different_is_a_change() -> None:
    world = World()
    world.bound(icon=picture("navy"))
    world.want(icon=picture("teal"))
    assert kinds(entry(world.plan()).changes) == ["set_icon"]


def test_bytes_that_are_no_picture_are_not_the_wanted_icon() -> None:
    world = World()
    world.bound(icon=b"\x89PNG\r\n\x1a\n broken")
    world.want(icon=picture("teal"))
    assert kinds(entry(world.plan()).changes) == ["set_icon"]
    world.apply()
    world.assert_settled()


def test_an_upload_of_which_the_service_makes_what_it_served_before_is_made_once() -> None:
    """Somebody's picture was recorded, and then somebody put back what the service makes of ours."""
    world = World(store=reencoded)
    world.bound()
    world.want(icon=picture())
    world.apply()
    record = world.state.groups["sales"]
    assert record.icon is not None
    theirs = replace(record.icon, served="f" * 64, url="https://cdn.example/gone")
    world.state = world.state.with_record("sales", replace(record, icon=theirs))
    world.forget_calls()
    assert outcomes(world.apply()) == {"set_icon": "done"}
    assert world.written == ["set_icon"]
    world.assert_settled()


def test_an_unclear_upload_that_a_gateway_may_not_be_able_to_show_is_not_sent_again_at_once() -> None:
    failed = Unclear("the API failed (HTTP 500)", status=500, code="http_500", retry=True)
    world = World(backend="evolution")
    group_id = world.bound()
    world.want(icon=picture())
    world.api.fail("set_icon", failed, times=None)
    result = world.apply()
    assert (outcomes(result), problem_code(result, "set_icon")) == ({"set_icon": "unknown"}, "http_500")
    assert world.written == ["set_icon"]
    world.api.heal()
    world.api.set_icon(group_id, picture("red"))  # where one is shown, that is seen to be another
    world.api.fail("set_icon", failed)
    world.forget_calls()
    assert outcomes(world.apply()) == {"set_icon": "done"}
    assert world.written == ["set_icon", "set_icon"]


def test_an_upload_that_a_gateway_refuses_has_failed() -> None:
    world = World(backend="evolution")
    world.bound()
    world.want(icon=picture())
    world.api.fail("set_icon", Refused("no", status=400, code="http_400"), times=None)
    assert outcomes(world.apply()) == {"set_icon": "failed"}
