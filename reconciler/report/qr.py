"""QR codes of links: for a terminal, and as a picture for a page. The home of segno."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.link import is_link, sandbox_page

if TYPE_CHECKING:
    from segno import QRCode

BORDER = 4
"""Light modules around a code, as its standard asks for; a terminal gets half of them."""

_BLOCKS = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
"""A character for two modules, one above the other; True is dark, which is the ground of most terminals."""


def for_terminal(link: str, pages: str | None = None) -> tuple[str, ...]:
    """The lines of a code, light modules drawn, two modules a character. `pages` as for `section.Run`: nobody
    is led to the real service by what a sandbox made up. Raises `ValueError` for what is no invite link."""
    rows = [tuple(map(bool, row)) for row in _code(link, pages, "l").matrix_iter(border=BORDER // 2)]
    if len(rows) % 2:
        rows.append((False,) * len(rows[0]))
    return tuple(
        "".join(_BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def as_data_uri(link: str, pages: str | None = None) -> str:
    """The code as an SVG picture in a `data:` URL, which scales to any size; `pages` and errors as for
    `for_terminal`."""
    return _code(link, pages, "m").svg_data_uri(border=BORDER, dark="#000", light="#fff")


def _code(link: str, pages: str | None, error: str) -> QRCode:
    if not is_link(link):
        raise ValueError("no invite link")
    from segno import make

    meant = link if pages is None else sandbox_page(link, pages or "sandbox: ")
    return make(meant, error=error, boost_error=False, micro=False)
