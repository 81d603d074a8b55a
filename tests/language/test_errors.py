"""What went wrong stays a message when it is made of others, so that all of it is said in one language."""

from __future__ import annotations

from collections.abc import Callable
from gettext import NullTranslations

import pytest

from reconciler import git, pictures
from reconciler.backends import faults, gateway_groups, waha_answers
from reconciler.backends.calls import Answer
from reconciler.backends.network import Network
from reconciler.errors import Complaint, InputError, Location, ReconcilerError
from reconciler.language import Message, msg
from reconciler.model.live import Gateway, Session


class _Marked(NullTranslations):
    """A language in which every sentence is the English one between brackets."""

    def gettext(self, message: str) -> str:
        return f"<{message}>"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"<{msgid1 if n == 1 else msgid2}>"


def said(text: str) -> str:
    assert isinstance(text, Message)
    return text.said(_Marked())


def why(failing: Callable[[], object]) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught:
        failing()
    return caught.value


def answering(status: int, body: bytes, wait: float | None = None) -> Callable[[], object]:
    return lambda: faults.check(Answer(status, body, wait=wait))


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        (answering(500, b""), "<<the API failed> (HTTP 500)>"),
        (
            answering(400, b'{"errorCode": 12, "errorMessage": "no {name}"}'),
            "<<<the API refused> (HTTP 400, code 12)>: no {name}>",
        ),
        (
            lambda: gateway_groups.group({"id": "1@g.us"}, "1@g.us", Session()),
            "<what the gateway says of the group is incomplete: <it has no subject>>",
        ),
        (
            lambda: waha_answers.check_working(Gateway(status="STOPPED", engine="NOWEB")),
            "<the gateway's session is stopped>",
        ),
        (
            lambda: waha_answers.session(Answer(200, b"[]")),
            "<<the session> is no object>",
        ),
        (
            lambda: pictures.open_picture(b"GIF89a", "logo.png"),
            "<the picture is neither JPEG nor PNG: <it is a GIF>>",
        ),
        (
            lambda: pictures.open_picture(b"\x89PNG\r\n\x1a\n".ljust(6_250_000), "logo.png"),
            "<the picture is larger than 5 MB: it has <6.3 MB>>",
        ),
    ],
)
def test_an_error_is_said_whole(failing: Callable[[], object], expected: str) -> None:
    error = why(failing)
    assert said(error.message) == expected
    assert str(error.message) == expected.replace("<", "").replace(">", "")


def test_a_wait_is_said_in_its_hint() -> None:
    hint = why(answering(429, b"", wait=7000)).hint
    assert said(hint) == "<it asks to wait <1 h 57 min>: run it again then>"


def test_a_proxy_is_said_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy:8080")
    error = why(lambda: Network().proxy_for("https://api.example.com"))
    assert said(error.message) == "<HTTPS_PROXY names a kind of proxy that cannot be used>"


def test_what_the_remote_of_git_says_stands_beside_our_words() -> None:
    expected = '<<it was refused>. The remote says: "not on a Friday">'
    assert said(git.said("remote: not on a Friday")) == expected


def test_mistakes_are_counted_in_one_sentence() -> None:
    wrong = Complaint(Location("a.yaml"), msg("no"))
    assert said(InputError([wrong]).message) == "<1 mistake in the files>"
    assert said(InputError([wrong, wrong]).message) == "<2 mistakes in the files>"


def test_a_complaint_is_said_with_its_hint() -> None:
    complaint = Complaint(Location("a.yaml", 3), msg("odd"), msg("mend it"), warning=True)
    assert said(str(complaint)) == "<a.yaml:3:1: <<warning: <odd>> (<mend it>)>>"
    assert str(complaint) == "a.yaml:3:1: warning: odd (mend it)"
