"""Pictures for icons: open and check, hash, compare by appearance, make small. The only home of Pillow.

Bytes are untrusted. Their structure is walked first, in plain Python, so that size in pixels, number of
scans and what stands behind the picture are known before anything is decoded. Texts and colour profiles of a
PNG are not shown to Pillow at all: it would unpack them, and refuse what becomes too large. Channels of 16
bits are made 8 before anything is done with a picture. No exception of Pillow's leaves.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import struct
import threading
import warnings
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import PictureError
from reconciler.language import msg
from reconciler.model.desired import Icon

if TYPE_CHECKING:
    from PIL import Image

    from reconciler.model.live import Thumbnail

MAX_BYTES = 5_000_000
MAX_SIDE = 4096
MIN_SIDE = 192
_MAX_SCANS = 64
_COMPARED_SIDE = 1024
_THUMBNAIL_QUALITY = 80
_ORIENTATION = 0x0112
_TOLERANCES = ((10, 6), (40, 12), (80, 24), (160, 56))
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_CUT_SHORT = msg("the picture is cut short or damaged")
_DEPTH = 24  # where a PNG says how many bits a channel has
ENOUGH = msg("640×640 pixels are enough")
_SAVE_AGAIN = msg("open it in an image editor and export it as PNG or JPEG")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PADDING = b"\x00\t\n\r "
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP"))
_WIDE = 1 << 16
_BAD_EXIF = (SyntaxError, ValueError, TypeError, LookupError, OSError, OverflowError, struct.error)
_LFS_POINTER = rb"version https://(?:git-lfs\.github|hawser\.github)\.com/spec/"
_NEW_LINES = rb"\x89PNG\r*\n\x1a\r*\n"
_AS_TEXT = rb"(?:\xef\xbf\xbd|\xc2\x89)PNG|\xc3\xbf\xc3\x98\xc3\xbf|(?:\xef\xbf\xbd){3}"
_OTHERS = (
    (rb"GIF8[79]a", msg("it is a GIF")),
    (rb"RIFF.{4}WEBP", msg("it is a WebP")),
    (rb".{4}ftypavi[fs]", msg("it is an AVIF")),
    (rb".{4}ftyp(?:hei|hev|mif1|msf1)", msg("it is a HEIC, as phones take photos")),
    (rb".{4}ftyp", msg("it is a video")),
    (rb"BM.{4}\0{4}", msg("it is a BMP")),
    (rb"II\*\0|MM\0\*", msg("it is a TIFF")),
    (rb"\x00\x00\x01\x00", msg("it is an ICO")),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", msg("it is a JPEG XL")),
    (rb"\0\0\0\x0cjP  ", msg("it is a JPEG 2000")),
    (rb"8BPS", msg("it is a Photoshop file")),
    (rb"%PDF", msg("it is a PDF")),
    (rb"(?i:(?:\xef\xbb\xbf)?\s*<(?:!doctype )?html)", msg("it is a web page")),
    (rb"(?i:(?:\xef\xbb\xbf)?\s*<(?:.{0,1000}?<)?svg)", msg("it is an SVG")),
)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_pillow_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Structure:
    """What the bytes say of themselves: largest size in pixels, and where the picture ends."""

    width: int
    height: int
    end: int


def sha256(data: bytes) -> str:
    """The SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def mime_of(data: bytes) -> str | None:
    """`image/png` or `image/jpeg` by the first bytes, whatever a file's name says; None for all else."""
    if data.startswith(_PNG):
        return "image/png"
    return "image/jpeg" if data.startswith(_JPEG) else None


def open_picture(data: bytes, path: str, known: Container[str] = ()) -> Icon:
    """Check a picture wholly, decoding it, and describe it; `path` is only taken over.

    `known`: SHA-256 of pictures that were checked before; what is the same to the byte is not decoded again.
    Raises `PictureError` for what is no JPEG or PNG, cut short, damaged, followed by something else, over
    5 MB, or over 4096 pixels a side; the message says what it is instead. It does not name the file.
    """
    mime, width, height = _check_structure(data)
    digest = sha256(data)
    if digest not in known:
        with _opened(data) as image:
            width, height = image.size
    return Icon(path=path, sha256=digest, mime=mime, width=width, height=height, size=len(data))


def warnings_of(icon: Icon) -> list[str]:
    """What is allowed and still not advisable about an icon; each completes `the icon …`."""
    found = []
    if icon.width != icon.height:
        found.append(
            msg(
                "is not square ({width}×{height}); WhatsApp shows a circle cut out of a square",
                width=icon.width,
                height=icon.height,
            )
        )
    if min(icon.width, icon.height) < MIN_SIDE:
        found.append(
            msg(
                "is {width}×{height} pixels; use {least} or more a side, 640 is best",
                width=icon.width,
                height=icon.height,
                least=MIN_SIDE,
            )
        )
    return found


def thumbnail(data: bytes, side: int = 160) -> Thumbnail:
    """The picture upright, of at most `side` pixels a side, as WebP with nothing else of the original in it.

    What a server appended to the picture is no reason to refuse it: nothing of it is taken over. Raises
    `PictureError`.
    """
    from reconciler.model.live import Thumbnail

    _check_structure(data, alone=False)
    with _opened(data) as image:
        width, height = image.size
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
        small.thumbnail((side, side))
        clean = _upright(small) or small
        clean.info = {}
        buffer = io.BytesIO()
        clean.save(buffer, "WEBP", quality=_THUMBNAIL_QUALITY, method=4)
    return Thumbnail(buffer.getvalue(), "image/webp", width, height, len(data), sha256(data))


def alike(served: bytes, source: bytes) -> bool:
    """Whether a served picture is the source as a service may have stored it: scaled, cut or squeezed to
    another shape, flattened on white or black, encoded again as JPEG of quality 50 or better.

    The source is put through the same (with the served JPEG's own tables), so that what remains is little,
    and a moved logo, another word or a slightly other colour stands out. Raises `PictureError`.
    """
    if served == source:
        return True
    _check_structure(served, alone=False)  # what a server appends is no reason to upload it all again
    _check_structure(source)
    with _opened(served) as image:
        seen = _Served.of(image)
    with _opened(source) as image:
        return any(seen.matches(candidate) for candidate in _renditions(image, seen.image.size))


@dataclass(frozen=True, slots=True)
class _Served:
    """A served picture, ready to be compared; `tables` are those of its JPEG, None where they do not fit."""

    image: Image.Image
    tables: dict[int, list[int]] | None = None
    sampling: int = -1

    @classmethod
    def of(cls, image: Image.Image) -> _Served:
        from PIL import JpegImagePlugin

        flat = _flat(image, "white")
        if max(flat.size) > _COMPARED_SIDE:
            flat.thumbnail((_COMPARED_SIDE, _COMPARED_SIDE))
        elif isinstance(image, JpegImagePlugin.JpegImageFile) and image.mode in {"RGB", "L"}:
            return cls(flat, image.quantization, JpegImagePlugin.get_sampling(image))
        return cls(flat)

    def matches(self, candidate: Image.Image) -> bool:
        """Whether a rendition of the source, encoded as this was, shows the same in every grid's cells."""
        from PIL import Image, ImageChops

        if self.tables is not None:
            buffer = io.BytesIO()
            candidate.save(buffer, "JPEG", qtables=self.tables, subsampling=self.sampling)
            candidate = Image.open(buffer).convert("RGB")
        for cells, tolerance in _TOLERANCES:
            mine, its = (
                picture.resize((cells, cells), Image.Resampling.BOX) for picture in (self.image, candidate)
            )
            if max(ImageChops.difference(mine, its).tobytes()) > tolerance:
                return False
        return True


def _renditions(image: Image.Image, size: tuple[int, int]) -> Iterator[Image.Image]:
    """What a service may make of a picture: upright or as stored, on white or black, squeezed or cut."""
    from PIL import Image

    upright = _upright(image)
    for view in [image] if upright is None else [upright, image]:
        for background in ("white", "black") if view.has_transparency_data else ("white",):
            flat = _flat(view, background)
            if flat.size == size:
                yield flat
                continue
            width, height = flat.size
            scale = min(width / size[0], height / size[1])
            left, top = (width - scale * size[0]) / 2, (height - scale * size[1]) / 2
            boxes = [(0.0, 0.0, float(width), float(height))]
            if left or top:
                boxes.append((left, top, width - left, height - top))
            for box in boxes:
                for kernel in (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR):
                    yield flat.resize(size, kernel, box)


def _upright(image: Image.Image) -> Image.Image | None:
    """The picture turned as its EXIF data say; None where they say nothing, or nothing that can be read."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else None
    except _BAD_EXIF:
        return None


def _flat(image: Image.Image, background: str) -> Image.Image:
    """The picture in RGB, what is transparent filled with a colour."""
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    flat = Image.new("RGB", layer.size, background)
    flat.paste(layer, mask=layer.getchannel("A"))
    return flat


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The decoded picture. Work on it belongs inside, so that whatever Pillow raises becomes `PictureError`.

    The lock is for `catch_warnings`, which changes the whole process: Pillow's warnings about odd metadata
    are nobody's business here.
    """
    from PIL import Image

    try:
        with _pillow_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(_without_texts(data)), formats=("JPEG", "PNG")) as image:
                image.load()
                yield _narrow(image) if data.startswith(_PNG) and data[_DEPTH] == 16 else image
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises a dozen types for bad bytes, and documents none of them
        raise _damaged(data, msg("the picture is damaged and cannot be opened")) from error


def _without_texts(data: bytes) -> bytes:
    """The picture without the chunks of a PNG that say something about it, of whatever size."""
    if not data.startswith(_PNG) or not any(kind in _TEXTS for kind, _, _ in _chunks(data)):
        return data
    return _PNG + b"".join(data[start:end] for kind, start, end in _chunks(data) if kind not in _TEXTS)


def _narrow(image: Image.Image) -> Image.Image:
    """A picture of 16 bits a channel with 8, the upper ones, as Pillow reads all but shades of grey.

    The colour that is transparent is told in 16 bits: of grey it is found before the others are lost."""
    from PIL import Image

    clear = image.info.get("transparency")
    if not image.mode.startswith("I"):
        if isinstance(clear, tuple):
            image.info["transparency"] = tuple(value >> 8 for value in clear)
        return image
    wide = image.convert("I")
    narrow = wide.point([value >> 8 for value in range(_WIDE)], "L")
    narrow.info.pop("transparency", None)
    if not isinstance(clear, int):
        return narrow
    shown = wide.point([0 if value == clear else 255 for value in range(_WIDE)], "L")
    both = Image.merge("LA", (narrow, shown))
    both.info = narrow.info
    return both


def _check_structure(data: bytes, *, alone: bool = True) -> tuple[str, int, int]:
    """Walk the bytes and refuse what must not be decoded; returns type, width and height. Raises
    `PictureError`.

    `alone`: nothing but padding may follow the picture.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(
            msg(
                "the picture is larger than {limit} MB: it has {size}",
                limit=MAX_BYTES // 1_000_000,
                size=megabytes(len(data)),
            ),
            ENOUGH,
        )
    mime = mime_of(data)
    if mime is None:
        raise _no_picture(data)
    found = _png(data) if mime == "image/png" else _jpeg(data)
    if not (found.width and found.height):
        raise PictureError(msg("the picture has no pixels"), _SAVE_AGAIN)
    if max(found.width, found.height) > MAX_SIDE:
        raise PictureError(
            msg(
                "the picture has {width}×{height} pixels, {most} a side are allowed",
                width=found.width,
                height=found.height,
                most=MAX_SIDE,
            ),
            ENOUGH,
        )
    if alone and data[found.end :].strip(_PADDING):
        raise PictureError(msg("something else follows the picture in its file"), _SAVE_AGAIN)
    return mime, found.width, found.height


def _png(data: bytes) -> _Structure:
    width = height = 0
    for kind, start, end in _chunks(data):
        if kind == b"IHDR" and end - start == 25 and start + 16 <= len(data):
            size = struct.unpack_from(">II", data, start + 8)
            width, height = max(width, size[0]), max(height, size[1])
        if kind == b"IEND" and end <= len(data):
            return _Structure(width, height, end)
    raise _damaged(data, _CUT_SHORT)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a PNG: kind, where it begins, and where it says that it ends."""
    place = len(_PNG)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        yield kind, place, place + 12 + length
        place += 12 + length


def _jpeg(data: bytes) -> _Structure:
    width = height = scans = 0
    place = 2
    while place + 2 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            place += 1
            continue
        if marker == 0xD9:
            return _Structure(width, height, place + 2)
        if marker in _ALONE:
            place += 2
            continue
        if place + 4 > len(data):
            break
        (length,) = struct.unpack_from(">H", data, place + 2)
        if marker in _FRAMES and length >= 7 and place + 9 <= len(data):
            size = struct.unpack_from(">HH", data, place + 5)
            width, height = max(width, size[1]), max(height, size[0])
        place += 2 + length
        if marker == 0xDA:
            scans += 1
            if scans > _MAX_SCANS:
                raise PictureError(msg("the JPEG has more than {most} scans", most=_MAX_SCANS), _SAVE_AGAIN)
            found = _AFTER_SCAN.search(data, place)
            if found is None:
                break
            place = found.start()
    raise _damaged(data, _CUT_SHORT)


def megabytes(size: int) -> str:
    """A number of bytes, rounded up, so that what is over a limit looks so."""
    whole, tenth = divmod(math.ceil(size / 100_000), 10)
    return msg("{whole}.{tenth} MB", whole=whole, tenth=tenth) if tenth else msg("{whole} MB", whole=whole)


def _no_picture(data: bytes) -> PictureError:
    """What the bytes are, that are no JPEG or PNG."""
    if re.match(_LFS_POINTER, data):
        return PictureError(
            msg("instead of the picture its file holds a pointer of Git LFS"),
            msg("git lfs pull; in a pipeline, let the checkout fetch LFS files"),
        )
    if not data:
        return PictureError(msg("the picture's file is empty"), msg("put the picture in its place again"))
    if re.match(_NEW_LINES, data):
        return _converted()
    if re.match(_AS_TEXT, data):
        return PictureError(
            msg("the picture was saved as text, which destroyed it"), msg("take it from its source again")
        )
    what = next((name for start, name in _OTHERS if re.match(start, data, re.DOTALL)), None)
    if what is None:
        return PictureError(msg("the picture is neither JPEG nor PNG"), _SAVE_AGAIN)
    return PictureError(msg("the picture is neither JPEG nor PNG: {what}", what=what), _SAVE_AGAIN)


def _damaged(data: bytes, message: str) -> PictureError:
    """What is wrong with a picture that begins as one. Where line ends were made CRLF, no other is left."""
    lines = data.count(b"\n")
    return _converted() if lines > 8 and lines == data.count(b"\r\n") else PictureError(message, _SAVE_AGAIN)


def _converted() -> PictureError:
    return PictureError(
        msg("the picture was destroyed when its line ends were converted, as if it were text"),
        msg("write `*.png binary` and `*.jpg binary` into .gitattributes, and take it from its source again"),
    )
