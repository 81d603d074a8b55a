"""Forms of the pages: a token against forgery, a limit of size, and numbers as people type them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from reconciler.language import msg

_MAX_FORM = 6 * 1024 * 1024
_SESSION = re.compile(r"[0-9a-f]{32}")
_MISSING = {
    "subject": msg("Fill in the subject."),
    "number": msg("Fill in the number."),
    "sender": msg("Fill in the sender."),
    "text": msg("Fill in the text."),
}


class FormRefused(Exception):
    """The form is not taken: HTTP status, and a text for the person who sent it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Forms:
    """Ties every form to a cookie of the browser that was shown it.

    The token is an HMAC of the cookie under a secret of this process; the cookie is SameSite=Strict: a
    page of another site can neither read the token nor send the cookie along.
    """

    def __init__(self, port: int) -> None:
        self._secret = secrets.token_bytes(32)
        # Cookies know no ports: two sandboxes on one machine must not take each other's.
        self._cookie = f"sandbox-{port}"

    def session(self, request: Request) -> str:
        """The browser's session, or a new one."""
        session = request.cookies.get(self._cookie, "")
        return session if _SESSION.fullmatch(session) else secrets.token_hex(16)

    def token(self, session: str) -> str:
        """What forms carry for this session."""
        return hmac.new(self._secret, session.encode(), hashlib.sha256).hexdigest()

    def remember(self, response: Response, session: str) -> None:
        """Hand the session to the browser."""
        response.set_cookie(self._cookie, session, httponly=True, samesite="strict")

    async def read(self, request: Request, files: int = 0) -> FormData:
        """The fields of a form that this browser was shown; with `files`, close it. Raises FormRefused."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MAX_FORM:
            raise FormRefused(413, msg("The form is too large: pictures may have 5 MB."))
        session = request.cookies.get(self._cookie, "")
        form = await request.form(max_files=files, max_fields=8)
        given, good = form.get("token"), self.token(session)
        if session and isinstance(given, str) and hmac.compare_digest(good.encode(), given.encode()):
            return form
        await form.close()
        raise FormRefused(
            403, msg("This form is not from here, or the sandbox was started again. Reload the page.")
        )


def text(form: FormData, name: str) -> str:
    """A text field, trimmed. Raises FormRefused if it is empty."""
    value = form.get(name)
    if not isinstance(value, str) or not value.strip():
        raise FormRefused(400, _MISSING[name])
    return value.strip()


def number(form: FormData, name: str = "number") -> str:
    """A number field as digits; ``+``, spaces, hyphens and parentheses may be typed. Raises FormRefused."""
    return digits(text(form, name))


def digits(typed: str) -> str:
    """A number as digits. Raises FormRefused."""
    plain = re.sub(r"[+\s()\-.]", "", typed)
    if not re.fullmatch(r"[0-9]{5,20}", plain):
        raise FormRefused(
            400, msg("A number has 5 to 20 digits, with the country's code: +55 19 90000-0001.")
        )
    return plain
