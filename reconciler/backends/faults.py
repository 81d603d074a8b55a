"""What an answer states besides success: its error, for every status and body shape of the API family.

`check` judges the status, `read` and `written` also an error stated inside a success. Every word that comes
from outside is freed of credentials and invite links, masked and cut before it enters an error (API facts,
"errors"). Nothing but `ApiError` branches and `CredentialsError` is raised, whatever the bytes are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.backends.calls import Answer
from reconciler.errors import ApiError, CredentialsError, NotFound, RateLimited, Refused, Unclear
from reconciler.language import msg
from reconciler.model import number
from reconciler.retry import ALLOWANCE, too_long

SUCCESS = frozenset({200, 201, 202, 204})

_CREDENTIALS_HINT = msg("check RECONCILER_USERNAME and RECONCILER_TOKEN")
_RATE_CODES = frozenset({420, 429, 1015})
_GONE_CODES = frozenset({404, 1006, 1012})
_WORDS_READ = 65536
_CODE_LIMIT = 1_000_000
_LINK_IN_TEXT = re.compile(r"chat\.whatsapp\.com/\S+", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,15}")
_NO_ERROR: tuple[object, ...] = (None, False, 0, "", "0", [], {})


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error that the API states in a body: its words, fit to be shown, and its own code if any."""

    words: str
    code: int | None

    @property
    def is_rate(self) -> bool:
        """Whether the code means "too many requests": one sister proxy says so in a 400."""
        return self.code in _RATE_CODES


def check(answer: Answer, *, listing: bool = False, gone: frozenset[int] = frozenset({404})) -> None:
    """Raise the error that the status stands for; return for a success.

    `listing`: the call names no group, so a 403 is about the credentials. `gone`: the statuses that say
    that there is no such group.
    """
    status = answer.status
    if status in SUCCESS:
        return
    fault = _fault_of(answer)
    if status in {420, 429} or (400 <= status < 500 and fault.is_rate):
        raise _rate_limited(answer, fault)
    if status in gone:
        raise _gone(answer, fault)
    match status:
        case 401:
            raise _credentials(msg("the API refused the credentials"), answer, fault)
        case 403 if listing:
            raise _credentials(msg("the credentials may not use the groups API"), answer, fault)
        case 408:
            raise Unclear(
                _words(msg("the API gave up waiting"), answer, fault),
                status=408,
                code=answer.code,
                retry=True,
                wait=answer.wait,
            )
        case _ if 300 <= status < 400:
            raise redirect(answer)
        case _ if 400 <= status < 500:
            raise Refused(_words(msg("the API refused"), answer, fault), status=status, code=answer.code)
        case _:
            raise Unclear(
                _words(msg("the API failed"), answer, fault),
                status=status,
                code=answer.code,
                retry=status >= 500,
                wait=answer.wait if status >= 500 else None,
            )


def read(answer: Answer, *, listing: bool = False, gone: frozenset[int] = frozenset({404})) -> object:
    """The JSON of an answer to a read; an error inside a success is judged by its own code."""
    check(answer, listing=listing, gone=gone)
    data = _json(answer)
    fault = _stated(data, answer)
    if fault is None:
        return data
    if fault.is_rate:
        raise _rate_limited(answer, fault)
    if fault.code == 401:
        raise _credentials(msg("the API refused the credentials"), answer, fault)
    if fault.code in _GONE_CODES and not listing:
        raise _gone(answer, fault)
    raise _inside_success(answer, fault)


def written(answer: Answer) -> object:
    """The JSON of an answer to a write; an error inside a success leaves open what was done."""
    check(answer)
    data = _json(answer)
    fault = _stated(data, answer)
    if fault is not None:
        raise _inside_success(answer, fault)
    return data


def void(answer: Answer) -> None:
    """A write that returns nothing: an empty body, `null`, `{}`, or an object that states no error."""
    check(answer)
    if not answer.body.strip():
        return
    data = written(answer)
    if data is not None and not isinstance(data, dict):
        raise Unclear(
            msg("the API answered with something that is neither null nor an object"), code="bad_answer"
        )
    if data and ("message" in data or "errorMessage" in data):
        raise _inside_success(answer, _fault(data, answer.secrets))


def of_entry(entry: Mapping[str, object], answer: Answer) -> ApiError | None:
    """The error that one entry of a success states about what it names: that was surely not done. `Unclear`
    for words of which nobody knows whether they are an error; None where it states none."""
    meta = entry.get("meta")
    failed = any(source.get("success") is False for source in (entry, meta if isinstance(meta, dict) else {}))
    stated = any("error" in key.lower() and value not in _NO_ERROR for key, value in entry.items())
    fault = _fault(entry, answer.secrets)
    if failed or stated or ("message" in entry and not {"code", "details"}.isdisjoint(entry)):
        if fault.is_rate:
            return _rate_limited(answer, fault)
        return Refused(
            _words(msg("the API refused this destination"), answer, fault),
            status=answer.status,
            code="refused_destination",
        )
    if fault.words:
        return Unclear(
            _words(msg("the API says something about this destination"), answer, fault),
            status=answer.status,
            code="bad_answer",
        )
    return None


def redirect(answer: Answer) -> Unclear:
    """A redirect is an error: credentials would travel along."""
    return Unclear(
        msg("the API answered with a redirect, which is not followed (HTTP {status})", status=answer.status),
        msg("check RECONCILER_BASE_URL, and whether a proxy asks for a login"),
        status=answer.status,
        code=answer.code,
    )


def integer(value: object) -> int | None:
    """A whole number of at most 15 digits, also where it is written as text; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**15 else None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return None


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced: JSON can hold them, no file or terminal can."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _json(answer: Answer) -> object:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        start = answer.body[:200].lstrip()[:1]
    if not start:
        what = msg("the answer is empty")
    elif start == b"<":
        what = msg("the answer is a web page, perhaps of a proxy")
    else:
        what = msg("the answer is no JSON")
    raise Unclear(what, status=answer.status, code="bad_answer", retry=True)


def _stated(data: object, answer: Answer) -> _Fault | None:
    """The error that the body of a success states, if it states one."""
    if not isinstance(data, dict):
        return None
    meta = data.get("meta")
    failed = isinstance(meta, dict) and meta.get("success") is False
    if data.get("errors") or data.get("error") or data.get("errorCode") or failed:
        return _fault(data, answer.secrets)
    return None


def _fault_of(answer: Answer) -> _Fault:
    """The error that a body states, whatever its shape; plain text too, a web page's text not."""
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        text = answer.body[:_WORDS_READ].decode("utf-8", "replace").strip()
        return _Fault("" if text.startswith("<") else safe_words(text, answer.secrets), None)
    return _fault(data, answer.secrets)


def _fault(data: object, secrets: tuple[str, ...]) -> _Fault:
    """Words and code of each of the shapes of the API facts; the first code counts."""
    words: list[str] = []
    codes: list[int] = []

    def take(source: Mapping[str, object], code: str, *texts: str) -> None:
        # A code has a few digits; what has more may be somebody's number, and codes are shown as they are.
        if (found := integer(source.get(code))) and found < _CODE_LIMIT:
            codes.append(found)
        for key in texts:
            text = source.get(key)
            if isinstance(text, str) and text.strip() and text not in words:
                words.append(text)

    if isinstance(data, str):
        words.append(data)
    if isinstance(data, dict):
        take(data, "errorCode", "errorMessage")
        errors = data.get("errors")
        stated = (data.get("error"), data.get("exception"))
        for entry in [*(errors if isinstance(errors, list) else [errors]), *stated]:
            if isinstance(entry, dict):
                take(entry, "code", "title", "message", "details")
            elif isinstance(entry, str):
                words.append(entry)
        take(data, "code", "message", "details")
        response = data.get("response")
        said = response.get("message") if isinstance(response, dict) else None
        words += [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, str)]
        if isinstance(meta := data.get("meta"), dict):
            take(meta, "httpCode", "developerMessage")
    return _Fault(safe_words(": ".join(words), secrets), codes[0] if codes else None)


def rate_limited(answer: Answer, message: str, hint: str = "") -> RateLimited:
    """A refusal for the rate, whose hint names the wait where that is longer than anybody waits."""
    if answer.wait is not None and answer.wait > ALLOWANCE:
        hint = too_long(answer.wait)
    return RateLimited(message, hint, status=answer.status, code=answer.code, retry=True, wait=answer.wait)


def _rate_limited(answer: Answer, fault: _Fault) -> RateLimited:
    message = _words(msg("the API refuses for now: too many requests"), answer, fault)
    return rate_limited(answer, message, msg("set a lower api.rate"))


def _credentials(what: str, answer: Answer, fault: _Fault) -> CredentialsError:
    return CredentialsError(_words(what, answer, fault), _CREDENTIALS_HINT)


def _gone(answer: Answer, fault: _Fault) -> NotFound:
    stated = answer.status in SUCCESS
    return NotFound(
        _words(msg("the API knows no such group"), answer, fault),
        status=None if stated else answer.status,
        code="not_found" if stated else answer.code,
    )


def _inside_success(answer: Answer, fault: _Fault) -> Unclear:
    return Unclear(
        _words(msg("the API answered with an error inside a success"), answer, fault),
        status=answer.status,
        code="error_in_success",
        retry=True,
    )


def _words(ours: str, answer: Answer, fault: _Fault) -> str:
    """Our sentence, in brackets the status and the API's own code, then its words."""
    if fault.code in (None, answer.status):
        ours = msg("{ours} (HTTP {status})", ours=ours, status=answer.status)
    else:
        ours = msg("{ours} (HTTP {status}, code {code})", ours=ours, status=answer.status, code=fault.code)
    return msg("{ours}: {words}", ours=ours, words=fault.words) if fault.words else ours


def safe_words(text: str, secrets: tuple[str, ...]) -> str:
    """Outside words, fit to be shown: one line without control or bidi characters, credentials or links,
    masked and cut."""
    text = text[:_WORDS_READ]
    for secret in secrets:
        text = text.replace(secret, "[hidden]")
    text = "".join(character if character.isprintable() else " " for character in text[:2000])
    text = " ".join(text.split())
    return number.mask_text(_LINK_IN_TEXT.sub("chat.whatsapp.com/[hidden]", text))
