"""The icons' own server, and how pictures are stored."""

from __future__ import annotations

import hashlib
import io
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image, ImageChops

from .conftest import Client, Connect, picture


def fetch(url: str, **kwargs: object) -> requests.Response:
    return requests.get(url, timeout=10, **kwargs)  # type: ignore[arg-type]


def address(api: Client, group_id: str) -> str:
    data: str = api("GET", f"/groups/{group_id}/icon").json()["data"]
    return data


def uploaded(api: Client, data: bytes, kind: str = "image/png") -> str:
    group_id = api.create()
    answer = api.set_icon(group_id, data, kind)
    assert answer.status_code == 200, answer.text
    return group_id


def test_pictures_are_served_as_they_came(api: Client) -> None:
    for kind in ("PNG", "JPEG"):
        data = picture(kind=kind)
        answer = fetch(address(api, uploaded(api, data, f"image/{kind.lower()}")))
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["Content-Type"] == f"image/{kind.lower()}"


def test_signed_urls_differ_in_their_query_only(api: Client) -> None:
    group_id = uploaded(api, picture())
    first, second = urlsplit(address(api, group_id)), urlsplit(address(api, group_id))
    assert first.query != second.query
    assert first._replace(query="") == second._replace(query="")
    assert fetch(first.geturl()).status_code == fetch(second.geturl()).status_code == 200
    assert fetch(first._replace(query="").geturl()).status_code == 403
    assert fetch(first._replace(query=first.query.replace("nonce=", "nonce=0")).geturl()).status_code == 403


def test_a_signature_is_for_one_picture(api: Client) -> None:
    one, other = (urlsplit(address(api, uploaded(api, picture(colour)))) for colour in ("red", "blue"))
    assert fetch(one._replace(query=other.query).geturl()).status_code == 403


def test_unsigned_urls_stay(connect: Connect) -> None:
    api = connect(signed_urls=False)
    group_id = uploaded(api, picture())
    assert address(api, group_id) == address(api, group_id)
    assert "?" not in address(api, group_id)
    assert fetch(address(api, group_id)).status_code == 200


def test_every_upload_gets_an_address_of_its_own(connect: Connect) -> None:
    api = connect(signed_urls=False)
    group_id = uploaded(api, picture())
    first = address(api, group_id)
    api.set_icon(group_id, picture())
    assert address(api, group_id) != first
    assert fetch(first).status_code == 200


def test_the_log_tells_credentials(api: Client) -> None:
    url = address(api, uploaded(api, picture()))
    fetch(url)
    fetch(url, headers={"authenticationToken": "secret"})
    fetch(url, headers={"Authorization": "Bearer secret"})
    fetch(api.server.cdn_url + "/nothing")
    seen = api.control.downloads()
    assert [download["credentials"] for download in seen] == [False, True, True, False]
    assert [download["status"] for download in seen] == [200, 200, 200, 404]
    assert all(call["path"].startswith("/groups") for call in api.control.calls())


def test_the_api_is_not_on_the_cdn(api: Client) -> None:
    headers = {"userName": "u", "authenticationToken": "t"}
    assert fetch(api.server.cdn_url + "/v1/whatsapp/groups", headers=headers).status_code == 404
    assert (
        fetch(api.server.cdn_url + "/_sandbox/calls", headers={"X-Sandbox-Control": "1"}).status_code == 404
    )
    assert requests.post(api.server.cdn_url + "/x", timeout=10).status_code == 405


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("reset", requests.exceptions.ConnectionError),
        ("hang", requests.exceptions.ReadTimeout),
        ("truncated", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_broken_downloads(api: Client, action: str, error: type[Exception]) -> None:
    url = address(api, uploaded(api, picture()))
    api.control.add_faults(f"GET /cdn/** {action}")
    with pytest.raises(error):
        requests.get(url, timeout=0.3)


def test_wrong_downloads(api: Client) -> None:
    url = address(api, uploaded(api, picture()))
    api.control.add_faults(
        "GET /cdn/** status=503 nth=1", "GET /cdn/** garbage nth=2", "GET /cdn/** empty nth=3"
    )
    answers = [fetch(url) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 200, 200, 200]
    assert [answer.content == picture() for answer in answers] == [False, False, False, True]
    assert answers[2].content == b""


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_changed_byte_is_the_same_picture(connect: Connect, kind: str) -> None:
    api = connect(change_byte=True)
    data = picture(kind=kind)
    group_id = uploaded(api, data, f"image/{kind.lower()}")
    served = fetch(address(api, group_id)).content
    assert served != data
    assert ImageChops.difference(opened(served), opened(data)).getbbox() is None
    extra = api("GET", f"/groups/{group_id}/icon").json()["extraData"]
    assert extra["Content-Length"] == str(len(served))
    assert api.truth(group_id)["icon"]["sha256"] == hashlib.sha256(served).hexdigest()


def test_a_reencoded_picture_is_a_jpeg_of_640(connect: Connect) -> None:
    api = connect(reencode=True)
    group_id = uploaded(api, picture("teal", size=(300, 200)))
    about = api("GET", f"/groups/{group_id}/icon").json()
    served = fetch(about["data"]).content
    assert (about["mimeType"], about["fileName"]) == ("image/jpeg", "groupIcon.jpeg")
    image = opened(served)
    assert (Image.open(io.BytesIO(served)).format, image.size) == ("JPEG", (640, 640))
    colour = image.getpixel((320, 320))
    assert isinstance(colour, tuple)
    assert all(abs(a - b) < 8 for a, b in zip(colour, (0, 128, 128), strict=True))


def test_transparency_becomes_white_when_reencoded(connect: Connect) -> None:
    api = connect(reencode=True)
    out = io.BytesIO()
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(out, "PNG")
    served = fetch(address(api, uploaded(api, out.getvalue()))).content
    assert opened(served).getpixel((10, 10)) == (255, 255, 255)


def test_sixteen_bits_of_grey_stay_grey_when_reencoded(connect: Connect) -> None:
    api = connect(reencode=True)
    out = io.BytesIO()
    Image.new("I;16", (200, 200), 100 << 8).save(out, "PNG")
    served = fetch(address(api, uploaded(api, out.getvalue()))).content
    assert opened(served).getpixel((10, 10)) == (100, 100, 100)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0 no picture", b"\x89PNG\r\n\x1a\n no picture"])
def test_what_cannot_be_reencoded_is_refused(connect: Connect, data: bytes) -> None:
    api = connect(reencode=True)
    group_id = api.create()
    kind = "image/png" if data.startswith(b"\x89") else "image/jpeg"
    assert api.set_icon(group_id, data, kind).status_code == 400
