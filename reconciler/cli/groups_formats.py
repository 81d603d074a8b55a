"""The tables of formats of `list`, `import` and `accept`: what each renders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.cli.formats import Look

if TYPE_CHECKING:
    from reconciler.reports.accept_shapes import AcceptView
    from reconciler.reports.import_shapes import ImportView
    from reconciler.reports.list_shapes import ListView


def _text_list(view: ListView, look: Look) -> str:
    from reconciler.reports.list_text import render_list

    return render_list(view, color=look.color, width=look.width)


def _json_list(view: ListView, _: Look) -> str:
    from reconciler.reports.list_json import render_list

    return render_list(view)


def _csv_list(view: ListView, _: Look) -> str:
    from reconciler.reports import csv

    return csv.render_list(view)


ListFormat = Callable[["ListView", Look], str]

LIST: dict[str, ListFormat] = {"text": _text_list, "json": _json_list, "csv": _csv_list}
"""The formats of `list`."""


def _text_import(view: ImportView, look: Look) -> str:
    from reconciler.reports.import_text import render_import

    return render_import(view, color=look.color, width=look.width)


def _json_import(view: ImportView, _: Look) -> str:
    from reconciler.reports.import_json import render_import

    return render_import(view)


ImportFormat = Callable[["ImportView", Look], str]

IMPORT: dict[str, ImportFormat] = {"text": _text_import, "json": _json_import}
"""The formats of `import`."""


def _text_accept(view: AcceptView, look: Look) -> str:
    from reconciler.reports.accept_text import render_accept

    return render_accept(view, color=look.color, width=look.width)


def _json_accept(view: AcceptView, _: Look) -> str:
    from reconciler.reports.accept_json import render_accept

    return render_accept(view)


AcceptFormat = Callable[["AcceptView", Look], str]

ACCEPT: dict[str, AcceptFormat] = {"text": _text_accept, "json": _json_accept}
"""The formats of `accept`."""
