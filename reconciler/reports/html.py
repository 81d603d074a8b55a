"""A report as one page of HTML that asks nobody for anything: styles, script and pictures are inside.

Jinja2 escapes every value, and before that `escape.visible` shows characters that act or hide. The page's own
policy lets nothing be loaded, and one script run: the one that has the nonce. The nonce is a digest of
the page's body, so that no text in that body can name it, and the same view gives the same page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

from reconciler.model.thumbnail import Thumbnails
from reconciler.reports.escape import visible
from reconciler.reports.html_apply import apply_page
from reconciler.reports.html_drift import drift_page
from reconciler.reports.html_page import Page, shortened
from reconciler.reports.html_plan import plan_page
from reconciler.reports.html_run import failure_page, validation_page
from reconciler.reports.run import FailureView, Run, ValidationView
from reconciler.reports.shapes import ApplyView, DriftView, PlanView

if TYPE_CHECKING:
    from jinja2 import Environment

NO_PICTURES = Thumbnails()

_ORDERS = re.compile(r"(?<=:):|(?<=#)#(?=[a-z]*\[)")


def render_plan(view: PlanView, run: Run, thumbnails: Thumbnails = NO_PICTURES) -> str:
    """The page of a plan."""
    return _render(plan_page(view, _facts(run), thumbnails))


def render_drift(view: DriftView, run: Run, thumbnails: Thumbnails = NO_PICTURES) -> str:
    """The page of a drift."""
    return _render(drift_page(view, _facts(run), thumbnails))


def render_apply(view: ApplyView, run: Run) -> str:
    """The page of an apply."""
    return _render(apply_page(view, _facts(run)))


def render_validation(view: ValidationView, run: Run) -> str:
    """The page of a validation."""
    return _render(validation_page(view, _facts(run)))


def render_failure(view: FailureView, run: Run) -> str:
    """The page of a run that ended with an error, so that nobody takes an earlier page for the present."""
    return _render(failure_page(view, _facts(run), run.verb.capitalize()))


def _facts(run: Run) -> tuple[tuple[str, str], ...]:
    """What there is to say about a run, as (label, value)."""
    sent = sum(number for _, number in run.requests)
    facts = (
        ("Commit", (run.commit or "")[:12] or "unknown"),
        ("Account", " ".join(filter(None, (run.section, run.account or ("not set" if run.api else ""))))),
        ("API", run.api.removeprefix("https://")),
        ("Version", f"reconciler {run.version}"),
        ("Started", f"{run.started:%Y-%m-%d %H:%M:%S} UTC"),
        ("Duration", f"{run.duration:.1f} s"),
        ("Requests", f"{sent}" if run.requests else ""),
        ("Reading", ("complete" if run.complete else "incomplete") if run.api else ""),
    )
    return tuple((label, value) for label, value in facts if value)


def _render(page: Page) -> str:
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
