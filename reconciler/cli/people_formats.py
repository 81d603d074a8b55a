"""The tables of formats of the people side, `invites` and `send`: what each renders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.cli.formats import Look

if TYPE_CHECKING:
    from reconciler.reports.invites_shapes import InvitesView
    from reconciler.reports.sending_shapes import GroupMessageView, RotationsView, SendingView


def _text_invites(view: InvitesView, look: Look) -> str:
    from reconciler.reports.invites_text import render_invites

    return render_invites(view, color=look.color, width=look.width)


def text_with_codes(view: InvitesView, look: Look) -> str:
    """`text` with the links as QR codes too."""
    from reconciler.reports.invites_text import render_invites

    return render_invites(view, color=look.color, width=look.width, qr=True)


def _json_invites(view: InvitesView, _: Look) -> str:
    from reconciler.reports.invites_json import render_invites

    return render_invites(view)


def _csv_invites(view: InvitesView, _: Look) -> str:
    from reconciler.reports import csv

    return csv.render_invites(view)


def _markdown_invites(view: InvitesView, _: Look) -> str:
    from reconciler.reports import invites_markdown

    return invites_markdown.render_invites(view)


def _html_invites(view: InvitesView, _: Look) -> str:
    from reconciler.reports import invites_html

    return invites_html.render_invites(view)


InvitesFormat = Callable[["InvitesView", Look], str]

INVITES: dict[str, InvitesFormat] = {
    "text": _text_invites,
    "json": _json_invites,
    "csv": _csv_invites,
    "markdown": _markdown_invites,
    "html": _html_invites,
}
"""The formats of `invites`, whose table of people goes where no plan does."""


def _markdown_failure(message: str, hint: str) -> str:
    from reconciler.reports import invites_markdown

    return invites_markdown.render_failure(message, hint)


def _html_failure(message: str, hint: str) -> str:
    from reconciler.reports import invites_html

    return invites_html.render_failure(message, hint)


INVITES_FAILURES = {"markdown": _markdown_failure, "html": _html_failure}
"""What stands in their files after a run without a result: else people would go on with an earlier run's."""


def _text_sending(view: SendingView, look: Look) -> str:
    from reconciler.reports.sending_text import render_sending

    return render_sending(view, color=look.color, width=look.width)


def _json_sending(view: SendingView, _: Look) -> str:
    from reconciler.reports import sending_json

    return sending_json.render_sending(view)


SENDING: dict[str, Callable[[SendingView, Look], str]] = {"text": _text_sending, "json": _json_sending}
"""The formats of `invites --send`."""


def _text_rotations(view: RotationsView, look: Look) -> str:
    from reconciler.reports.sending_text import render_rotations

    return render_rotations(view, color=look.color, width=look.width)


def _json_rotations(view: RotationsView, _: Look) -> str:
    from reconciler.reports import sending_json

    return sending_json.render_rotations(view)


ROTATIONS: dict[str, Callable[[RotationsView, Look], str]] = {
    "text": _text_rotations,
    "json": _json_rotations,
}
"""The formats of `invites --rotate`."""


def _text_message(view: GroupMessageView, look: Look) -> str:
    from reconciler.reports.sending_text import render_message

    return render_message(view, color=look.color, width=look.width)


def _json_message(view: GroupMessageView, _: Look) -> str:
    from reconciler.reports import sending_json

    return sending_json.render_message(view)


MESSAGE: dict[str, Callable[[GroupMessageView, Look], str]] = {"text": _text_message, "json": _json_message}
"""The formats of `send`."""
