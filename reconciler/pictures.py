"""Pictures for icons: open and check, hash, compare by appearance, make small. The only home of Pillow.

Bytes are untrusted. Their structure is walked first, in plain Python, so that size in pixels, number of
scans and what stands behind the picture are known before anything is decoded. No exception of Pillow's
leaves.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import threading
import warnings
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.errors import PictureError
from reconciler.frozen import dataclass
from reconciler.model.desired import Icon

if TYPE_CHECKING:
    from PIL import Image

    from reconciler.model.thumbnail import Thumbnail

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
_SAVE_AGAIN = "open it in an image editor and export it as PNG or JPEG"
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PADDING = b"\x00\t\n\r "
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
    5 MB, or over 4096 pixels a side. The message does not name the file.
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
            f"is not square ({icon.width}×{icon.height}); WhatsApp shows a circle cut out of a square"
        )
    if min(icon.width, icon.height) < MIN_SIDE:
        found.append(f"is {icon.width}×{icon.height} pixels; use {MIN_SIDE} or more a side, 640 is best")
    return found


def thumbnail(data: bytes, side: int = 160) -> Thumbnail:
    """The picture upright, of at most `side` pixels a side, as WebP with nothing else of the original in it.

    What a server appended to the picture is no reason to refuse it: nothing of it is taken over. Raises
    `PictureError`.
    """
    from PIL import ImageOps

    from reconciler.model.thumbnail import Thumbnail

    _check_structure(data, alone=False)
    with _opened(data) as image:
        width, height = image.size
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
        small.thumbnail((side, side))
        clean = ImageOps.exif_transpose(small)  # a copy in any case
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
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    seen = [upright, image] if image.getexif().get(_ORIENTATION, 1) != 1 else [image]
    for view in seen:
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
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
                image.load()
                yield image
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises a dozen types for bad bytes, and documents none of them
        raise PictureError("the picture is damaged and cannot be opened", _SAVE_AGAIN) from error


def _check_structure(data: bytes, *, alone: bool = True) -> tuple[str, int, int]:
    """Walk the bytes and refuse what must not be decoded; returns type, width and height. Raises
    `PictureError`.

    `alone`: nothing but padding may follow the picture.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(
            f"the picture is larger than {MAX_BYTES // 1_000_000} MB", "640×640 pixels are enough"
        )
    mime = mime_of(data)
    if mime is None:
        raise PictureError("the picture is neither JPEG nor PNG", _SAVE_AGAIN)
    found = _png(data) if mime == "image/png" else _jpeg(data)
    if not (found.width and found.height):
        raise PictureError("the picture has no pixels", _SAVE_AGAIN)
    if max(found.width, found.height) > MAX_SIDE:
        raise PictureError(
            f"the picture has {found.width}×{found.height} pixels, {MAX_SIDE} a side are allowed",
            "640×640 pixels are enough",
        )
    if alone and data[found.end :].strip(_PADDING):
        raise PictureError("something else follows the picture in its file", _SAVE_AGAIN)
    return mime, found.width, found.height


def _png(data: bytes) -> _Structure:
    width = height = 0
    place = len(_PNG)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"IHDR" and length == 13 and place + 16 <= len(data):
            size = struct.unpack_from(">II", data, place + 8)
            width, height = max(width, size[0]), max(height, size[1])
        place += 12 + length
        if kind == b"IEND" and place <= len(data):
            return _Structure(width, height, place)
    raise _cut_short()


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
                raise PictureError(f"the JPEG has more than {_MAX_SCANS} scans", _SAVE_AGAIN)
            found = _AFTER_SCAN.search(data, place)
            if found is None:
                break
            place = found.start()
    raise _cut_short()


def _cut_short() -> PictureError:
    return PictureError("the picture is cut short or damaged", _SAVE_AGAIN)
