"""Reports as one page of HTML that asks nobody for anything: styles, script and pictures are inside.

What is on a page is said by `html_<verb>`. Jinja2 escapes every value, and before that `escape.visible`
shows characters that act or hide. The page's own policy lets nothing be loaded, and one script run: the one
that has the nonce. The nonce is a digest of the page's body, so that no text in that body can name it, and
the same view gives the same page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

from reconciler.model.live import Thumbnails
from reconciler.model.record import short_commit
from reconciler.report.escape import visible
from reconciler.reports.html_page import Page, shortened

if TYPE_CHECKING:
    from jinja2 import Environment

    from reconciler.report.section import Run


NO_PICTURES = Thumbnails()

_ORDERS = re.compile(r"(?<=:):|(?<=#)#(?=[a-z]*\[)")


def facts_of(run: Run) -> tuple[tuple[str, str], ...]:
    """What there is to say about a run, as (label, value)."""
    sent = sum(number for _, number in run.requests)
    facts = (
        ("Commit", short_commit(run.commit or "", 12) or "unknown"),
        ("Account", " ".join(filter(None, (run.section, run.account or ("not set" if run.api else ""))))),
        ("API", run.api.removeprefix("https://")),
        ("Version", f"reconciler {run.version}"),
        ("Started", f"{run.started:%Y-%m-%d %H:%M:%S} UTC"),
        ("Duration", f"{run.duration:.1f} s"),
        ("Requests", f"{sent}" if run.requests else ""),
        ("Reading", ("complete" if run.complete else "incomplete") if run.api else ""),
    )
    return tuple((label, value) for label, value in facts if value)


def render(page: Page) -> str:
    """The page, with the nonce of its own body."""
    from markupsafe import Markup

    page = shortened(page)
    environment = _environment()
    body = environment.get_template("body.html").render(page=page)
    # A log that the page is printed to must not take a line of it for an order; a browser shows the same.
    body = _ORDERS.sub(lambda found: f"&#{ord(found[0])};", body)
    nonce = base64.urlsafe_b64encode(hashlib.sha256(body.encode()).digest()[:18]).decode()
    return environment.get_template("page.html").render(page=page, body=Markup(body), nonce=nonce)  # noqa: S704


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("reconciler.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _finalize(value: object) -> object:
    """Every value on its way out: text with what hides or acts made visible. Markup is the templates' own."""
    return visible(value) if type(value) is str else value
