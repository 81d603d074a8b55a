"""Reading bodies: tolerant of what the API family is known to send, deaf to everything else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.backends import faults, icons, sinch
from reconciler.backends.calls import Answer
from reconciler.errors import (
    ApiError,
    CredentialsError,
    NotFound,
    RateLimited,
    ReconcilerError,
    Refused,
    Unclear,
)
from reconciler.model import number
from reconciler.model.live import IconMeta, LiveGroup

GROUP = "5519900000000-1513616971"
ANA, BRUNO, CARLA = "5519900000001", "5519900000002", "5519900000003"
DOCUMENTED = {
    "admins": [ANA],
    "creation_time": 1513616971,
    "creator": ANA,
    "id": GROUP,
    "participants": [ANA, BRUNO],
    "subject": "assunto-do-grupo",
}
LIVE = LiveGroup(GROUP, "assunto-do-grupo", ANA, (ANA,), (ANA, BRUNO))
ICON = {
    "type": "URL",
    "mimeType": "image/jpeg",
    "fileName": "groupIcon.jpeg",
    "extraData": {"public": True, "Content-Type": "image/jpeg", "Content-Length": "2500"},
    "data": "https://chatclub-cdn.wavy.global/2019/03/25/ce425ffe/groupIcon.jpeg",
}


def answer(data: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(data).encode())


def group(**changes: object) -> LiveGroup:
    """The documented group with changes; a value of `...` leaves the key out."""
    entry = {key: value for key, value in {**DOCUMENTED, **changes}.items() if value is not ...}
    return sinch.group(answer({"groups": [entry], "meta": {"success": True}, "news": []}), GROUP)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, {}),
        ({"news": {"x": 1}}, {}),
        ({"id": ...}, {}),
        ({"id": None}, {}),
        ({"creation_time": ...}, {}),
        ({"creation_time": [1]}, {}),
        ({"creator": ...}, {"creator": None}),
        ({"creator": None}, {"creator": None}),
        ({"creator": ""}, {"creator": None}),
        ({"creator": CARLA}, {"creator": CARLA}),
        ({"admins": []}, {"admins": ()}),
        ({"admins": [CARLA, ANA, CARLA]}, {"admins": (CARLA, ANA), "participants": (ANA, BRUNO, CARLA)}),
        ({"participants": []}, {"participants": (ANA,)}),
        ({"participants": [BRUNO, BRUNO]}, {"participants": (BRUNO, ANA)}),
        ({"subject": ""}, {"subject": ""}),
        ({"subject": " e\u0301 \u202e\x1b[31m "}, {"subject": " e\u0301 \u202e\x1b[31m "}),
        ({"subject": "x\ud83d"}, {"subject": "x\ufffd"}),
    ],
)
def test_groups_that_make_sense(changes: dict[str, object], differs: dict[str, Any]) -> None:
    fields = {name: getattr(LIVE, name) for name in LiveGroup.__dataclass_fields__}
    assert group(**changes) == LiveGroup(**{**fields, **differs})


NO_TEXT: list[object] = [..., None, 5, 1.5, True, [], ["x"], {}, {"x": "y"}]
NO_PEOPLE: list[object] = [
    ...,
    None,
    5,
    ANA,
    {},
    {ANA: True},
    [None],
    [5519900000001],
    [[ANA]],
    [{"id": ANA}],
    [ANA, ""],
    ["+5519900000001"],
    ["5519 90000"],
    ["1234"],
    ["1" * 21],
    ["٥٥١٩٩٠٠٠٠"],
    [f"{ANA}\n"],
    [f"{ANA}@s.whatsapp.net"],
]


NO_CREATOR: list[object] = [5, True, [], [ANA], {}, "ana", f"+{ANA}", f"{ANA}\n"]
OTHER_IDS: list[object] = [5, [], {}, "", "5519900000000-1", f"{GROUP} ", GROUP + "x"]
NONSENSE = [
    *(("subject", value) for value in NO_TEXT),
    *(("admins", value) for value in NO_PEOPLE),
    *(("participants", value) for value in NO_PEOPLE),
    *(("creator", value) for value in NO_CREATOR),
    *(("id", value) for value in OTHER_IDS),
]


def test_a_group_with_nobody_in_it_makes_no_sense() -> None:
    with pytest.raises(Unclear) as caught:
        group(admins=[], participants=[])
    assert caught.value.code == "bad_answer"


@pytest.mark.parametrize(("key", "value"), NONSENSE)
def test_groups_that_make_no_sense(key: str, value: object) -> None:
    with pytest.raises(Unclear) as caught:
        group(**{key: value})
    assert (caught.value.code, caught.value.retry) == ("bad_answer", False)


@pytest.mark.parametrize(
    ("person", "kind"),
    [
        ("98765432109876@lid", "an id that ends in @lid (somebody whose number WhatsApp hides)"),
        (f"{ANA}@s.whatsapp.net", "an id that ends in @s.whatsapp.net"),
        (f"{ANA}@<b>x</b>", "a text"),
        ("1234", "4 digits"),
        (f"+{ANA}", "a text"),
        (5519900000001, "a bare number"),
        ({"id": ANA}, "an object"),
        (None, "null"),
        ("", "an empty text"),
    ],
)
def test_what_stands_where_a_number_should_is_named_and_not_shown(person: object, kind: str) -> None:
    for key in ("admins", "participants"):
        with pytest.raises(Unclear) as caught:
            group(**{key: [ANA, person]})
        assert caught.value.message == f"the group's {key} hold {kind}, where a number is expected"
        assert ANA not in caught.value.message
    if person not in (None, ""):  # the service does not say who created it
        with pytest.raises(Unclear, match=f"the group's creator is {re.escape(kind)}, where"):
            group(creator=person)


def test_one_group_is_asked_for_and_one_answered() -> None:
    with pytest.raises(Unclear):
        sinch.group(answer({"groups": [DOCUMENTED, {**DOCUMENTED, "subject": "x"}]}), GROUP)


def test_lists() -> None:
    entries = [{"id": "2"}, {"id": GROUP, "creation_time": ""}, {"id": "2"}, {"id": "1@g.us"}]
    assert sinch.group_ids(answer({"groups": entries})) == ("2", GROUP, "1@g.us")
    assert sinch.group_ids(answer({"groups": []})) == ()
    assert sinch.group_ids(Answer(200, b'\xef\xbb\xbf{"groups":[]}')) == ()


@pytest.mark.parametrize(
    "entry", [{}, {"id": None}, {"id": 7}, {"id": ""}, {"id": "a/b"}, {"id": ".."}, "1", None]
)
def test_one_bad_entry_spoils_the_list(entry: object) -> None:
    with pytest.raises(Unclear):
        sinch.group_ids(answer({"groups": [{"id": GROUP}, entry]}))


def test_groups_that_are_gone() -> None:
    for gone, status in ((Answer(404), 404), (Answer(400), 400), (answer({"groups": []}), None)):
        with pytest.raises(NotFound) as caught:
            sinch.group(gone, GROUP)
        assert caught.value.status == status


@pytest.mark.parametrize(
    ("changes", "meta"),
    [
        ({}, IconMeta(str(ICON["data"]), 2500)),
        ({"extraData": {"Content-Length": 2500}}, IconMeta(str(ICON["data"]), 2500)),
        *(
            ({"extraData": {"Content-Length": length}}, IconMeta(str(ICON["data"])))
            for length in ("", "-1", [1], True, 1.5, 10**30)
        ),
        ({"extraData": "public", "mimeType": None}, IconMeta(str(ICON["data"]))),
        ({"type": "url", "extraData": None}, IconMeta(str(ICON["data"]))),
        (
            {"data": "http://127.0.0.1:8601/x?sig=1", "extraData": {}},
            IconMeta("http://127.0.0.1:8601/x?sig=1"),
        ),
    ],
)
def test_icons(changes: dict[str, object], meta: IconMeta) -> None:
    assert sinch.icon(answer({**ICON, **changes})) == meta


@pytest.mark.parametrize(
    "changes",
    [
        *({"data": value} for value in NO_TEXT if value is not ...),
        *(
            {"data": value}
            for value in ("", "icon.jpeg", "data:image/png;base64,x", "file:///x", "javascript:x")
        ),
        *({"data": f"https://cdn.example/{tail}"} for tail in (" ", "a b", "\n", "á", "x" * 5000)),
        {"type": "BASE64"},
        {"type": 5},
    ],
)
def test_icons_that_make_no_sense(changes: dict[str, object]) -> None:
    with pytest.raises(Unclear):
        sinch.icon(answer({**ICON, **changes}))


def test_created() -> None:
    assert sinch.created(answer({"groups": [{"creation_time": 1, "id": GROUP}]})) == GROUP
    assert sinch.created(answer({"groups": [{"id": "120363000000000001"}]}, 201)) == "120363000000000001"


@pytest.mark.parametrize(
    ("link", "fine"),
    [
        ("https://chat.whatsapp.com/AbC-12_x", True),
        ("undefined", False),
        ("", False),
        (None, False),
        (5, False),
        ("http://chat.whatsapp.com/AbC", False),
        ("https://chat.whatsapp.com/", False),
        ("https://chat.whatsapp.com/AbC\n", False),
        ("https://chat.whatsapp.com/AbC?x=1", False),
        ("https://chat.whatsapp.com/invite/AbC", False),
        ("https://chat.whatsapp.com@evil.example/AbC", False),
        ("https://evil.example/https://chat.whatsapp.com/AbC", False),
    ],
)
def test_links(link: object, fine: bool) -> None:
    sent = answer({"groups": [{"link": link}]})
    if fine:
        assert sinch.link(sent) == link
        return
    with pytest.raises(Unclear) as caught:
        sinch.link(sent)
    assert caught.value.code == "junk_link"
    assert not link or str(link).strip() not in caught.value.message


TO = "5519987654321"
OURS: dict[str, object] = {"id": "d-1", "correlationId": "", "destination": TO}
STRANGERS = {**OURS, "destination": BRUNO}


def to(destination: object) -> dict[str, object]:
    return {"id": "m-1", "destinations": [{**OURS, "destination": destination}]}


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        ({"id": "m-1", "destinations": [OURS]}, "m-1"),
        ({"Id": 77, "destination": [OURS]}, "77"),
        ({"destinations": [OURS]}, "d-1"),
        ({"destinations": [{"destination": TO}]}, ""),
        (to("551987654321"), "m-1"),
        (to("+55(19) 98765-4321"), "m-1"),
        (to(5519987654321), "m-1"),
        ({"id": "m-1", "destinations": [STRANGERS, None, OURS]}, "m-1"),
        ({"id": "m-1", "destinations": [{**OURS, "error": None, "errors": [], "errorCode": 0}]}, "m-1"),
    ],
)
def test_a_message_is_sent_where_the_answer_names_whom_it_is_for(
    body: dict[str, object], message_id: str
) -> None:
    assert sinch.sent(answer(body, 202), TO) == message_id


def test_a_message_to_a_group_names_the_very_group() -> None:
    assert sinch.sent(answer(to(GROUP)), GROUP, group=True) == "m-1"
    for other in (GROUP.replace("-", ""), f"+{GROUP}", "5519900000000-1", TO):
        with pytest.raises(Unclear):
            sinch.sent(answer(to(other)), GROUP, group=True)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"id": "m-1"},
        {"id": "m-1", "destinations": []},
        {"id": "m-1", "destinations": None},
        {"id": "m-1", "destinations": TO},
        {"id": "m-1", "destinations": [TO]},
        {"id": "m-1", "destinations": OURS},
        {"id": "m-1", "destinations": {TO: OURS}},
        {"id": "m-1", "destinations": [STRANGERS]},
        {"id": "m-1", "destinations": [{**STRANGERS, "errorCode": 1013}]},
        {"id": "m-1", "destinations": [{"id": "d-1"}]},
        {"id": "m-1", "destination": TO},
        to(f"{TO}0"),
        to(f"{TO}x"),
        to([TO]),
        {"id": "m-1", "destinations": [OURS, {**OURS, "errorCode": 1013}]},
        {"id": "m-1", "destinations": [{**OURS, "message": "queued"}]},
        {"id": "m-1", "destinations": [OURS], "errors": [{"code": 1013}]},
    ],
    ids=json.dumps,
)
def test_whether_a_message_was_sent_is_not_known_from_any_other_answer(body: object) -> None:
    with pytest.raises(Unclear) as caught:
        sinch.sent(answer(body), TO)
    assert TO not in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(Unclear):
        sinch.sent(answer(json.loads(json.dumps(body).replace(TO, GROUP))), GROUP, group=True)


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ({"errorCode": 1013, "errorMessage": "não existe"}, Refused),
        ({"errors": [{"code": 1013, "title": "Erro", "details": "não existe"}]}, Refused),
        ({"error": {"message": "não existe", "code": "1013"}}, Refused),
        ({"error": "não existe"}, Refused),
        ({"error": True}, Refused),
        ({"errorDescription": "não existe"}, Refused),
        ({"message": "Erro", "details": "não existe"}, Refused),
        ({"meta": {"httpCode": 400, "developerMessage": "não existe", "success": False}}, Refused),
        ({"success": False}, Refused),
        ({"errors": [{"code": 1015, "title": "Too many"}]}, RateLimited),
    ],
)
def test_with_an_error_at_the_one_it_is_for_nothing_was_sent(
    stated: dict[str, object], kind: type[ApiError]
) -> None:
    with pytest.raises(kind) as caught:
        sinch.sent(answer({"id": "m-1", "destinations": [STRANGERS, {**OURS, **stated}]}), TO)
    said = "não existe" in json.dumps(stated, ensure_ascii=False) and "errorDescription" not in stated
    assert ("não existe" in caught.value.message) is said
    assert TO not in caught.value.message


SECRET = "tok-SEGREDO-123"
SHAPES: dict[str, Callable[[str, object], object]] = {
    "errorCode": lambda words, code: {"errorCode": code, "errorMessage": words},
    "errors": lambda words, code: {"errors": [{"code": code, "title": "Erro", "details": words}]},
    "errors object": lambda words, code: {"errors": {"code": code, "details": words}},
    "error": lambda words, code: {"error": {"message": words, "type": "x", "code": code}},
    "meta": lambda words, code: {"meta": {"httpCode": code, "developerMessage": words, "success": False}},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("code", [1006, "1006"])
def test_an_error_keeps_the_apis_words_and_code_but_no_secret(shape: str, code: object) -> None:
    words = (
        f"não:\n\x1b\u202efale com +55 19 90000-0001, {ANA}, {SECRET}, https://chat.whatsapp.com/AbC "
        + "x" * 500
    )
    body = json.dumps(SHAPES[shape](words, code)).encode()
    with pytest.raises(Refused) as caught:
        faults.check(Answer(400, body, secrets=(SECRET,)))
    message = caught.value.message
    assert message.startswith("the API refused (HTTP 400, code 1006): ")
    assert "não: fale com ••••01, ••••01, [hidden], https://chat.whatsapp.com/[hidden] xxx" in message
    assert len(message) <= 250
    assert (caught.value.status, caught.value.code) == (400, "http_400")


def test_a_credential_does_not_come_back_cut_in_two() -> None:
    for start in range(1980, 2010):
        with pytest.raises(Refused) as caught:
            faults.check(Answer(400, (f"{SECRET} " * 200)[start % 17 :].encode(), secrets=(SECRET,)))
        assert "SEGREDO" not in caught.value.message[60:]


def test_a_web_pages_text_is_not_repeated() -> None:
    with pytest.raises(Unclear, match=r"^the API failed \(HTTP 502\)$"):
        faults.check(Answer(502, b"<html><title>Bad Gateway</title>"))


# Anything at all

PARSERS: list[Callable[[Answer], object]] = [
    sinch.group_ids,
    lambda sent: sinch.group(sent, GROUP),
    sinch.icon,
    sinch.created,
    sinch.link,
    lambda sent: sinch.sent(sent, TO),
    lambda sent: sinch.sent(sent, GROUP, group=True),
    icons.picture,
    faults.void,
]
KEYS = [
    *("groups", "id", "Id", "link", "subject", "admins", "participants", "creator", "creation_time"),
    *("type", "data", "mimeType", "extraData", "Content-Length", "errors", "error", "errorCode"),
    *(
        "errorMessage",
        "message",
        "details",
        "code",
        "title",
        "meta",
        "success",
        "httpCode",
        "developerMessage",
    ),
    *("destinations", "destination", "errorDescription"),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(
        [GROUP, ANA, "URL", "https://cdn.example/x", "https://chat.whatsapp.com/AbC", "..", "404"]
    )
    | st.sampled_from([401, 404, 420, 429, 1006, 1012, 1015])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)
GROUPS = st.fixed_dictionaries(
    {"groups": st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS[1:9], JSON)), max_size=2)},
    optional=dict.fromkeys(KEYS[15:], JSON),
)
STATUSES = st.sampled_from([200, 201, 204, 206, 302, 400, 401, 403, 404, 412, 420, 429, 500, 504, 999])


def try_all(sent: Answer) -> None:
    """Every parser gives a value that is fit for use, or one of our errors with a text that is."""
    for parse in PARSERS:
        value: object = None
        refusal: ReconcilerError | None = None
        try:
            value = parse(sent)
        except (ApiError, CredentialsError) as error:
            refusal = error
        if refusal is not None:
            assert type(refusal) in (NotFound, Refused, RateLimited, Unclear, CredentialsError)
            assert refusal.message.isprintable()
            continue
        assert sent.status in faults.SUCCESS or sent.status == 404
        match value:
            case LiveGroup():
                value.subject.encode()
                assert value.id == GROUP
                assert set(value.admins) <= set(value.participants)
                assert all(number.is_wa_id(wa_id) for wa_id in value.participants)
            case IconMeta():
                value.url.encode()
            case _:
                pass


@settings(max_examples=200)
@given(st.one_of(JSON, GROUPS), STATUSES)
@example({"groups": [{"id": GROUP, "subject": "\ud83d", "admins": [], "participants": [ANA]}]}, 200)
@example({"errors": [{"code": "404", "title": "\udfff\x00"}]}, 200)
def test_json_of_any_shape(data: object, status: int) -> None:
    try_all(answer(data, status))


@settings(max_examples=200)
@given(st.binary(), STATUSES)
@example(b"[" * 100_000, 200)
@example(b'{"a":' * 100_000, 500)
@example(b"1" * 5000, 400)
@example(b'{"groups": NaN}', 200)
@example(b"\xff\xfe{\x00}\x00", 200)
def test_bytes_of_any_kind(body: bytes, status: int) -> None:
    try_all(Answer(status, body))
