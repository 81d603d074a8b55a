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
from functools import cache, partial
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


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_of(width: int, height: int, rows: bytes) -> bytes:
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
    "nothing": (b"", "the picture's file is empty"),
    "text": (b"no picture", NEITHER),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', f"{NEITHER}: it is an SVG"),
    "SVG with a preamble": (
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg/>',
        f"{NEITHER}: it is an SVG",
    ),
    "web page": (b"\n<!DOCTYPE html><svg>", f"{NEITHER}: it is a web page"),
    "GIF": (saved(drawn(), "GIF"), f"{NEITHER}: it is a GIF"),
    "WebP": (saved(drawn(), "WEBP"), f"{NEITHER}: it is a WebP"),
    "BMP": (saved(drawn(), "BMP"), f"{NEITHER}: it is a BMP"),
    "TIFF": (saved(drawn(), "TIFF"), f"{NEITHER}: it is a TIFF"),
    "ICO": (saved(drawn(), "ICO"), f"{NEITHER}: it is an ICO"),
    "AVIF": (b"\0\0\0\x20ftypavif\0\0\0\0mif1miaf", f"{NEITHER}: it is an AVIF"),
    "HEIC": (b"\0\0\0\x28ftypheic\0\0\0\0mif1heic", f"{NEITHER}: it is a HEIC, as phones take photos"),
    "MP4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", f"{NEITHER}: it is a video"),
    "PDF": (b"%PDF-1.7\n", f"{NEITHER}: it is a PDF"),
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
    "more than 5 MB": (PNG + b"\0" * 5_000_000, "the picture is larger than 5 MB: it has 5.1 MB"),
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
    mends = {SAVE_AGAIN, "640×640 pixels are enough"} if data else {"put the picture in its place again"}
    assert caught.value.hint in mends
    assert time.perf_counter() - began < 2


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
CONVERTED = "the picture was destroyed when its line ends were converted, as if it were text"
AS_TEXT = "the picture was saved as text, which destroyed it"
LOST = {
    "Git LFS pointer": (
        POINTER,
        "instead of the picture its file holds a pointer of Git LFS",
        "git lfs pull",
    ),
    "Git LFS pointer with an extension": (
        POINTER.replace(b"oid", b"ext-0-x sha256:00\noid"),
        "instead of the picture its file holds a pointer of Git LFS",
        "git lfs pull",
    ),
    "PNG of which Git took the CR": (PNG.replace(b"\r\n", b"\n"), CONVERTED, ".gitattributes"),
    "PNG to which Git gave CR": (
        PNG.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
        CONVERTED,
        ".gitattributes",
    ),
    "PNG to which unix2dos gave CR": (PNG.replace(b"\n", b"\r\n"), CONVERTED, ".gitattributes"),
    "JPEG to which Git gave CR": (
        JPEG.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
        CONVERTED,
        ".gitattributes",
    ),
    "PNG read as UTF-8": (PNG.decode("utf-8", "replace").encode(), AS_TEXT, "source"),
    "PNG read as Latin-1": (PNG.decode("latin-1").encode(), AS_TEXT, "source"),
    "JPEG read as UTF-8": (JPEG.decode("utf-8", "replace").encode(), AS_TEXT, "source"),
    "JPEG read as Latin-1": (JPEG.decode("latin-1").encode(), AS_TEXT, "source"),
}


@pytest.mark.parametrize("case", LOST)
def test_what_befell_a_picture_is_said(case: str) -> None:
    data, message, mend = LOST[case]
    with pytest.raises(PictureError) as caught:
        pictures.open_picture(data, "x.png")
    assert caught.value.message == message
    assert mend in caught.value.hint


def shades(kind: str, *, other: bool = False) -> list[list[tuple[int, int, int, int]]]:
    """The pixels of a picture: across it every shade there is, down it 32, and one colour that is clear."""
    rows = []
    for green in range(0, 256, 8):
        row = []
        for x in range(256):
            red, blue, alpha = 255 - x if other else x, 60, 255 - x // 2
            pixel = (red, red, red) if kind.startswith("gray") else (red, green, blue)
            if "alpha" not in kind:
                alpha = 0 if "clear" in kind and pixel in {(200, 200, 200), (200, 8, 60)} else 255
            row.append((*pixel, alpha))
        rows += [row] * 8
    return rows


@cache
def narrow(kind: str, *, other: bool = False) -> Image.Image:
    """It with 8 bits a channel."""
    rows = shades(kind, other=other)
    return Image.frombytes("RGBA", (256, 256), b"".join(bytes(pixel) for row in rows for pixel in row))


@cache
def wide(kind: str, *, shift: int = 0, other: bool = False) -> bytes:
    """It as a PNG of 16 bits a channel, of which `shift` are the lower ones."""
    colour, channels = {
        "gray": (0, (0,)),
        "gray, one clear": (0, (0,)),
        "gray with alpha": (4, (0, 3)),
        "rgb": (2, (0, 1, 2)),
        "rgb, one clear": (2, (0, 1, 2)),
        "rgb with alpha": (6, (0, 1, 2, 3)),
    }[kind]

    def packed(*values: int) -> bytes:
        return struct.pack(f">{len(values)}H", *(value << 8 | shift for value in values))

    clear = chunk(b"tRNS", packed(200) if colour == 0 else packed(200, 8, 60)) if "clear" in kind else b""
    rows = (packed(*(pixel[at] for pixel in row for at in channels)) for row in shades(kind, other=other))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 256, 256, 16, colour, 0, 0, 0))
        + clear
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + chunk(b"IEND", b"")
    )


WIDE = ["gray", "gray, one clear", "gray with alpha", "rgb", "rgb, one clear", "rgb with alpha"]


@pytest.mark.parametrize("shift", [0, 77, 255])
@pytest.mark.parametrize("kind", WIDE)
def test_sixteen_bits_are_scaled_before_pictures_are_compared(kind: str, shift: int) -> None:
    source, other = wide(kind, shift=shift), wide(kind, shift=shift, other=True)
    eight = narrow(kind)

    assert pictures.open_picture(source, "x").mime == "image/png"
    assert pictures.alike(saved(eight), source)
    assert pictures.alike(source, saved(eight))
    assert pictures.alike(served(eight, 80), source)
    for one, two in ((other, source), (source, other), (saved(narrow(kind, other=True)), source)):
        assert not pictures.alike(one, two)
    assert not pictures.alike(saved(Image.new("L", (256, 256), 255)), source)


@pytest.mark.parametrize("kind", WIDE)
def test_and_before_they_are_drawn(kind: str) -> None:
    with Image.open(io.BytesIO(pictures.thumbnail(wide(kind, shift=255), side=256).data)) as drawn_small:
        small = drawn_small.convert("RGBA")
    with Image.open(io.BytesIO(pictures.thumbnail(saved(narrow(kind)), side=256).data)) as drawn_small:
        assert small.tobytes() == drawn_small.convert("RGBA").tobytes()


HUGE = b"x" * (2 << 20)
XMP = b"XML:com.adobe.xmp\0"
PACKED = {
    "XMP": chunk(b"iTXt", XMP + b"\0\0\0\0" + HUGE),
    "packed XMP": chunk(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(HUGE)),
    "text": chunk(b"tEXt", b"Comment\0" + HUGE),
    "packed text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(HUGE)),
    "a hundred packed texts": chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * (1 << 20))) * 100,
    "a text that unpacks to 128 MiB": chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * (1 << 27))),
    "colour profile": chunk(b"iCCP", b"Profile\0\0" + zlib.compress(HUGE)),
    "damaged text": chunk(b"zTXt", b"k\0\0no zlib") + chunk(b"iTXt", b"k")[:-1] + b"?",
    "EXIF": chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0" + HUGE),
    "damaged EXIF": chunk(b"eXIf", b"no EXIF"),
    "EXIF that points nowhere": chunk(b"eXIf", b"MM\0*\xff\xff\xff\xf0"),
}


def segments(marker: int, start: bytes, first: bytes = b"") -> bytes:
    """2.4 MB in as many segments of a JPEG as they take."""
    bodies = [start + (first if index == 0 else b"") + b"x" * 60_000 for index in range(40)]
    return b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for body in bodies)


SEGMENTS = {
    "EXIF": segments(0xE1, b"Exif\0\0", b"MM\0*\0\0\0\x08\0\0"),
    "damaged EXIF": segments(0xE1, b"Exif\0\0", b"no EXIF"),
    "XMP": segments(0xE1, b"http://ns.adobe.com/xap/1.0/\0"),
    "colour profile": segments(0xE2, b"ICC_PROFILE\0\1\x28"),
    "Photoshop": segments(0xED, b"Photoshop 3.0\0", b"8BIM\4\4\0\0\0\0"),
    "comments": segments(0xFE, b""),
}


@pytest.mark.parametrize("case", [*PACKED, *(f"{case} of a JPEG" for case in SEGMENTS)])
def test_what_is_said_about_a_picture_is_no_damage_of_whatever_size(case: str) -> None:
    plain = saved(drawn())
    data = (
        plain[:33] + PACKED[case] + plain[33:]
        if case in PACKED
        else JPEG[:2] + SEGMENTS[case.removesuffix(" of a JPEG")] + JPEG[2:]
    )
    began = time.perf_counter()

    icon = pictures.open_picture(data, "x")
    small = pictures.thumbnail(data)

    assert (icon.width, icon.height, icon.sha256) == (640, 640, hashlib.sha256(data).hexdigest())
    assert small.data == pictures.thumbnail(plain if case in PACKED else JPEG).data
    assert pictures.alike(served(drawn()), data)
    assert not pictures.alike(served(drawn("Vendas 2027")), data)
    assert time.perf_counter() - began < 10


def test_the_largest_picture_that_is_accepted_stays_within_bounds() -> None:
    script = (
        "import io, resource\n"
        "from PIL import Image\n"
        "from reconciler import pictures\n"
        "found = []\n"
        "for mode in ('L', 'I;16'):\n"
        "    buffer = io.BytesIO()\n"
        "    Image.new(mode, (4096, 4096)).save(buffer, 'PNG')\n"
        "    found.append(buffer.getvalue())\n"
        "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))\n"
        "for data in found:\n"
        "    pictures.open_picture(data, 'x')\n"
        "    pictures.thumbnail(data)\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env=environment)


@given(st.data())
@settings(max_examples=300)
def test_no_bytes_raise_anything_else(data: st.DataObject) -> None:
    picture = bytearray(data.draw(st.sampled_from([SMALL_PNG, SMALL_WIDE, SMALL_JPEG, SMALL_PROGRESSIVE])))
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
SMALL_WIDE = wide("gray, one clear")
SMALL_WIDE = SMALL_WIDE[:33] + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x")) + SMALL_WIDE[33:]
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
