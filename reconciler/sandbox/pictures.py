"""Pictures as the service treats them: known by their first bytes, limited, stored as they come or not."""

from __future__ import annotations

import hashlib
import io
import time
import uuid

from reconciler.language import msg

from .answers import Refused
from .group import Icon
from .options import Options

MAX_BYTES = 5 * 1024 * 1024
_MAX_PIXELS = 50_000_000
_SIDE = 640
_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


def kind_of(data: bytes) -> str | None:
    """The media type that the first bytes tell; None for anything but JPEG and PNG."""
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), None)


def take(data: bytes, declared: str | None, options: Options) -> tuple[Icon, bytes]:
    """The icon that is stored for an upload, with its bytes.

    `declared` is the upload's Content-Type (None: not said, as in a multipart part without one). Raises
    Refused (400, code 1014) for no picture, another type than declared, or more than 5 MB.
    """
    if len(data) > MAX_BYTES:
        raise Refused(400, 1014, msg("The image is larger than 5 MB"))
    mime = kind_of(data)
    if mime is None:
        raise Refused(400, 1014, msg("The body is neither JPEG nor PNG"))
    if declared is not None and declared != mime:
        raise Refused(400, 1014, f"Content-Type says {declared[:40]}, but the image is {mime}")
    if options.reencode:
        data, mime = _reencoded(data), "image/jpeg"
    if options.change_byte:
        # Both formats end with a marker; readers ignore what follows it.
        data += b"\0"
    name = (
        f"{time.strftime('%Y/%m/%d', time.gmtime())}/{uuid.uuid4()}/groupIcon.{mime.removeprefix('image/')}"
    )
    return Icon(name, mime, hashlib.sha256(data).hexdigest(), len(data)), data


def _reencoded(data: bytes) -> bytes:
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise Refused(400, 1014, msg("The image has too many pixels"))
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I"):  # 16 bits of grey, of which Pillow would make white
                upright = upright.convert("I").point([value >> 8 for value in range(1 << 16)], "L")
            upright = upright.convert("RGBA")
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as error:  # what Pillow raises for bad files
        raise Refused(400, 1014, msg("The image cannot be read")) from error
    flat = Image.new("RGBA", upright.size, "white")
    flat.alpha_composite(upright)
    out = io.BytesIO()
    ImageOps.fit(flat.convert("RGB"), (_SIDE, _SIDE)).save(out, "JPEG", quality=85)
    return out.getvalue()
