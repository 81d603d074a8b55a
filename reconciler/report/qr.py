"""QR codes of links: for a terminal, and as a picture for a page. The home of segno."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.link import is_link

if TYPE_CHECKING:
    from segno import QRCode

BORDER = 4
"""Light modules around a code, as its standard asks for; a terminal gets half of them."""

_BLOCKS = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
"""A character for two modules, one above the other; True is dark, which is the ground of most terminals."""


def for_terminal(link: str) -> tuple[str, ...]:
    """The lines of a code, light modules drawn, two modules a character. Raises `ValueError` for what is no
    invite link."""
    rows = [tuple(map(bool, row)) for row in _code(link, "l").matrix_iter(border=BORDER // 2)]
    if len(rows) % 2:
        rows.append((False,) * len(rows[0]))
    return tuple(
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def as_data_uri(link: str) -> str:
    """The code as an SVG picture in a `data:` URL, which scales to any size.

    Raises `ValueError` for what is no invite link.
    """
    return _code(link, "m").svg_data_uri(border=BORDER, dark="#000", light="#fff")


def _code(link: str, error: str) -> QRCode:
    if not is_link(link):
        raise ValueError("no invite link")
    from segno import make

    return make(link, error=error, boost_error=False, micro=False)
