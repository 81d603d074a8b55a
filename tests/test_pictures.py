"""Pictures: what is accepted, what is refused before it is decoded, and when two look alike."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont, ImageOps

from reconciler import pictures
from reconciler.errors import PictureError

ICONS = Path(__file__).parent.parent / "groups" / "icons"
SAVE_AGAIN = "open it in an image editor and export it as PNG or JPEG"


def drawn(
    text: str = "Vendas 2026",
    *,
    size: tuple[int, int] = (640, 640),
    paper: str = "#c01030",
    ink: str = "#ffffff",
    at: tuple[int, int] = (80, 250),
    logo: tuple[int, int] | None = (520, 520),
    height: int = 60,
) -> Image.Image:
    """A sign with words and a small logo on it."""
    image = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(image)
    pen.text(at, text, fill=ink, font=ImageFont.load_default(height))
    if logo is not None:
        x, y = logo
        pen.ellipse((x - 12, y - 12, x + 12, y + 12), fill="#ffd200")
    return image


def landscape(size: tuple[int, int]) -> Image.Image:
    """Something like a photograph: soft, many-coloured, with a grain."""
    sky = Image.linear_gradient("L").resize(size)
    across = Image.linear_gradient("L").rotate(90).resize(size)
    clouds = Image.radial_gradient("L").resize(size)
    image = Image.merge("RGB", (sky, across, clouds))
    pen = ImageDraw.Draw(image)
    for step in range(0, size[0], 37):
        pen.line((step, size[1], step + 120, size[1] // 3), fill=(step % 255, 90, 30), width=5)
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def served(
    image: Image.Image,
    quality: int = 75,
    *,
    shape: str = "cut",
    kernel: Image.Resampling = Image.Resampling.LANCZOS,
    background: str = "white",
    **options: Any,
) -> bytes:
    """A picture as the service may store it: a JPEG of 640×640."""
    if "A" in image.getbands():
        flat = Image.new("RGB", image.size, background)
        flat.paste(image, mask=image.getchannel("A"))
        image = flat
    if image.size != (640, 640):
        fit = ImageOps.fit(image, (640, 640), kernel)
        image = fit if shape == "cut" else image.resize((640, 640), kernel)
    return saved(image.convert("RGB"), "JPEG", quality=quality, **options)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (saved(drawn()), "image/png"),
        (saved(drawn(), "JPEG"), "image/jpeg"),
        (saved(drawn(), "JPEG", progressive=True), "image/jpeg"),
        (saved(drawn().convert("L"), "JPEG"), "image/jpeg"),
        (saved(drawn().convert("P")), "image/png"),
        (saved(drawn().convert("RGBA")), "image/png"),
        (saved(drawn()) + b"\0\0\n", "image/png"),
        (saved(drawn(), "JPEG") + b"\0" * 100, "image/jpeg"),
    ],
)
def test_a_picture_is_described(data: bytes, mime: str) -> None:
    icon = pictures.open_picture(data, "icons/a.gif")

    assert (icon.path, icon.mime, icon.width, icon.height) == ("icons/a.gif", mime, 640, 640)
    assert (icon.size, icon.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert pictures.warnings_of(icon) == []
    assert pictures.mime_of(data) == mime


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((192, 192), []),
        ((191, 191), ["is 191×191 pixels; use 192 or more a side, 640 is best"]),
        ((640, 400), ["is not square (640×400); WhatsApp shows a circle cut out of a square"]),
        (
            (300, 100),
            [
                "is not square (300×100); WhatsApp shows a circle cut out of a square",
                "is 300×100 pixels; use 192 or more a side, 640 is best",
            ],
        ),
    ],
)
def test_what_is_not_advisable(size: tuple[int, int], expected: list[str]) -> None:
    assert pictures.warnings_of(pictures.open_picture(saved(drawn(size=size)), "x")) == expected


def _png_of(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def an_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("evil.txt", "canary")
    return buffer.getvalue()


def _many_scans() -> bytes:
    data = saved(drawn(), "JPEG", progressive=True)
    start = data.index(b"\xff\xda")
    end = data.index(b"\xff\xc4", start)
    return data[:end] + data[start:end] * 100 + data[end:]


def _two_sizes() -> bytes:
    data = saved(drawn(size=(8, 8)), "JPEG")
    frame = data.index(b"\xff\xc0")
    length = struct.unpack(">H", data[frame + 2 : frame + 4])[0] + 2
    huge = bytearray(data[frame : frame + length])
    huge[5:9] = struct.pack(">HH", 50_000, 50_000)
    return data[:frame] + bytes(huge) + data[frame:]


PNG, JPEG = saved(drawn()), saved(drawn(), "JPEG")
NEITHER = "the picture is neither JPEG nor PNG"
CUT_SHORT = "the picture is cut short or damaged"
DAMAGED = "the picture is damaged and cannot be opened"
FOLLOWED = "something else follows the picture in its file"
REFUSED = {
    "nothing": (b"", NEITHER),
    "text": (b"no picture", NEITHER),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NEITHER),
    "GIF": (saved(drawn(), "GIF"), NEITHER),
    "WebP": (saved(drawn(), "WEBP"), NEITHER),
    "HTML before a PNG": (b"<script>" + PNG, NEITHER),
    "PNG of 50,000 pixels a side": (
        _png_of(50_000, 50_000, zlib.compress(b"\0" * 1000)),
        "the picture has 50000×50000 pixels, 4096 a side are allowed",
    ),
    "PNG without height": (_png_of(1, 0, zlib.compress(b"")), "the picture has no pixels"),
    "JPEG that says its size twice": (
        _two_sizes(),
        "the picture has 50000×50000 pixels, 4096 a side are allowed",
    ),
    "more than 5 MB": (PNG + b"\0" * 5_000_000, "the picture is larger than 5 MB"),
    "more pixels than stand in it": (_png_of(4000, 4000, zlib.compress(b"\0" * 1000)), DAMAGED),
    "PNG cut in its pixels": (PNG[: len(PNG) // 2], CUT_SHORT),
    "PNG without its end": (PNG[:-12], CUT_SHORT),
    "PNG of its signature only": (PNG[:8], CUT_SHORT),
    "JPEG cut in its pixels": (JPEG[: len(JPEG) // 2], CUT_SHORT),
    "JPEG without its end": (JPEG[:-2], CUT_SHORT),
    "JPEG of its signature only": (JPEG[:3], CUT_SHORT),
    "JPEG without pixels": (b"\xff\xd8\xff\xd9", "the picture has no pixels"),
    "PNG with a broken header": (PNG[:16] + b"\xff" + PNG[17:29] + b"\0\0\0\0" + PNG[33:], None),
    "PNG and ZIP": (PNG + an_archive(), FOLLOWED),
    "JPEG and ZIP": (JPEG + an_archive(), FOLLOWED),
    "JPEG and HTML": (JPEG + b"<script>alert(1)</script>", FOLLOWED),
    "JPEG of a hundred scans": (_many_scans(), "the JPEG has more than 64 scans"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused_soon(case: str) -> None:
    data, message = REFUSED[case]
    began = time.perf_counter()

    with pytest.raises(PictureError) as caught:
        pictures.open_picture(data, "x.png")

    assert message is None or caught.value.message == message
    assert caught.value.hint in {SAVE_AGAIN, "640×640 pixels are enough"}
    assert time.perf_counter() - began < 2


def test_the_largest_picture_that_is_accepted_stays_within_bounds() -> None:
    script = (
        "import io, resource\n"
        "from PIL import Image\n"
        "from reconciler import pictures\n"
        "buffer = io.BytesIO()\n"
        "Image.new('L', (4096, 4096)).save(buffer, 'PNG')\n"
        "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))\n"
        "pictures.open_picture(buffer.getvalue(), 'x')\n"
        "pictures.thumbnail(buffer.getvalue())\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env=environment)


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_no_bytes_raise_anything_else(data: st.DataObject) -> None:
    picture = bytearray(data.draw(st.sampled_from([SMALL_PNG, SMALL_JPEG, SMALL_PROGRESSIVE])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(picture)))
        match data.draw(st.sampled_from(["set", "cut", "insert"])):
            case "set":
                picture[place : place + 1] = data.draw(st.binary(min_size=1, max_size=2))
            case "cut":
                del picture[place : place + data.draw(st.integers(1, 200))]
            case _:
                picture[place:place] = data.draw(st.binary(max_size=8))
    raw = bytes(picture)
    with suppress(PictureError):
        pictures.open_picture(raw, "x")
    with suppress(PictureError):
        pictures.thumbnail(raw)
    with suppress(PictureError):
        pictures.alike(raw, SMALL_PNG)


SMALL_PNG = saved(drawn(size=(48, 48)).convert("P"))
SMALL_JPEG = saved(drawn(size=(48, 48)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
SMALL_PROGRESSIVE = saved(drawn(size=(48, 48)), "JPEG", progressive=True)


def see_through() -> Image.Image:
    image = Image.new("RGBA", (640, 640), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((100, 100, 540, 540), fill=(20, 120, 60, 255))
    ImageDraw.Draw(image).ellipse((200, 200, 340, 340), fill=(200, 20, 60, 128))
    return image


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "sign": drawn,
    "large sign": lambda: drawn(size=(1200, 1200), height=110),
    "small sign": lambda: drawn("x", size=(200, 200), at=(80, 60), logo=None),
    "wide sign": lambda: drawn(size=(900, 640), at=(200, 250)),
    "tall sign": lambda: drawn("Café", size=(500, 777)),
    "saturated sign": lambda: drawn(paper="#ff0000", ink="#0000ff"),
    "small print": lambda: drawn("leia as letras miúdas", height=18),
    "photograph": lambda: landscape((1000, 1000)),
    "wide photograph": lambda: landscape((1280, 720)),
    "see-through logo": see_through,
    **{path.name: partial(opened, path) for path in sorted(ICONS.iterdir())},
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("shape", ["cut", "squeezed"])
def test_a_picture_stored_another_way_is_alike(name: str, quality: int, shape: str) -> None:
    image = PICTURES[name]()
    source = saved(image)
    kernels = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR)

    for kernel in kernels if image.size != (640, 640) else kernels[:1]:
        for sampling in (0, 2) if kernel is kernels[0] else (2,):
            stored = served(image, quality, shape=shape, kernel=kernel, subsampling=sampling)
            assert pictures.alike(stored, source), (kernel, sampling)


def test_so_it_is_on_black_as_png_upright_or_encoded_twice() -> None:
    logo = see_through()
    assert pictures.alike(served(logo, 80, background="white"), saved(logo))
    assert pictures.alike(served(logo, 80, background="black"), saved(logo))
    assert not pictures.alike(served(logo, 80, background="#808080"), saved(logo))

    sign = drawn()
    assert pictures.alike(saved(sign, optimize=True), saved(sign))
    assert pictures.alike(served(sign) + b"cached by edge 7", saved(sign))
    twice = Image.open(io.BytesIO(served(sign, 85)))
    assert pictures.alike(served(twice, 70), saved(sign))

    turned = Image.Exif()
    turned[0x0112] = 6
    source = saved(sign, "JPEG", quality=95, exif=turned)
    assert pictures.alike(served(sign, 80), source)
    assert pictures.alike(served(sign.rotate(-90), 80), source)
    assert not pictures.alike(served(sign.rotate(180), 80), source)


OTHERS: dict[str, Image.Image] = {
    "another word": drawn("Vendas 2027"),
    "a moved word": drawn(at=(84, 250)),
    "a moved logo": drawn(logo=(535, 520)),
    "a logo moved by a little": drawn(logo=(524, 520)),
    "no logo": drawn(logo=None),
    "another paper": drawn(paper="#c81838"),
    "another ink": drawn(ink="#e0e0e0"),
    "a mirror image": ImageOps.mirror(drawn()),
    "upside down": drawn().rotate(180),
    "grey": drawn().convert("L").convert("RGB"),
    "another picture": landscape((640, 640)),
    "blank": Image.new("RGB", (640, 640), "#c01030"),
    "a smaller sign": ImageOps.expand(drawn().resize((620, 620)), 10, "#c01030"),
}


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("name", OTHERS)
def test_another_picture_is_not(name: str, quality: int) -> None:
    assert not pictures.alike(served(OTHERS[name], quality), saved(drawn()))
    assert not pictures.alike(served(drawn(), quality), saved(OTHERS[name]))


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_another_detail_of_a_large_picture_is_seen_too(quality: int) -> None:
    plain = drawn(size=(1500, 1000), height=110, at=(300, 400), logo=(900, 800))
    moved = drawn(size=(1500, 1000), height=110, at=(300, 400), logo=(930, 800))

    for shape in ("cut", "squeezed"):
        assert pictures.alike(served(plain, quality, shape=shape), saved(plain))
        assert not pictures.alike(served(moved, quality, shape=shape), saved(plain))


def test_the_repositorys_icons_are_told_apart() -> None:
    icons = [path.read_bytes() for path in sorted(ICONS.iterdir())]
    for one in icons:
        for other in icons:
            stored = served(Image.open(io.BytesIO(one)), 70)
            assert pictures.alike(stored, other) == (one == other)


def test_comparing_what_is_no_picture_raises() -> None:
    with pytest.raises(PictureError):
        pictures.alike(b"<html>", PNG)
    with pytest.raises(PictureError):
        pictures.alike(PNG, b"<html>")


def test_a_thumbnail_is_small_and_holds_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary-3f9c"
    data = saved(drawn(size=(800, 400)), "JPEG", exif=exif, comment=b"canary-3f9c") + b"canary-3f9c"

    small = pictures.thumbnail(data, side=160)

    assert b"canary-3f9c" not in small.data
    assert (small.width, small.height, small.size) == (800, 400, len(data))
    assert (small.mime, small.sha256) == ("image/webp", pictures.sha256(data))
    with Image.open(io.BytesIO(small.data)) as image:
        assert (image.format, image.size) == ("WEBP", (160, 80))
        assert not image.info.get("exif")
    with pytest.raises(PictureError):
        pictures.thumbnail(b"no picture")


def test_a_thumbnail_stands_upright_and_stays_transparent() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    small = pictures.thumbnail(saved(drawn(size=(800, 400)), "JPEG", exif=exif), side=160)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.size == (80, 160)
    small = pictures.thumbnail(saved(Image.new("RGBA", (320, 320)), "PNG"))
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.convert("RGBA").getpixel((80, 80))[3] == 0


def test_threads_do_not_disturb_each_other(recwarn: pytest.WarningsRecorder) -> None:
    source, stored = saved(drawn()), served(drawn())
    found: list[bool] = []

    def compare() -> None:
        found.extend(pictures.alike(stored, source) for _ in range(5))

    threads = [threading.Thread(target=compare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 40
    assert not recwarn.list
