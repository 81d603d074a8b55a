"""Numbers as people type them: read, refused with a mend, or doubted; and ids of the API, never judged."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.contacts import Contacts
from reconciler.manifests.convert import scalar_text
from reconciler.manifests.numbers import NumberError, as_written, like_a_number, parse
from reconciler.model import number
from tests.manifests.conftest import Folder

ANA = "5519900000001"


def mistake(typed: str) -> str:
    with pytest.raises(NumberError) as caught:
        parse(typed)
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize(
    "typed",
    [
        "+55 19 90000-0001",
        ANA,
        "55 (19) 90000 0001",
        "(+55) 19 90000-0001",
        "+(55) 19 90000-0001",
        " +5519900000001 ",
        "\u202a+55 19 90000-0001\u202c",  # WhatsApp
        "\u202a+55\u00a019\u00a090000\u20110001\u202c",
        "\u202d+55 19 90000-0001\u202c",  # contacts of macOS
        "\u2068+55 19 90000-0001\u2069",
        "\u2066+55 19 90000-0001\u2069",
        "\u200e+55 19 90000-0001",
        "\u200f+55 19 90000-0001\u200f",
        "\u061c+55 19 90000-0001",
        "+55\u202f19\u202f90000\u20100001",
        "+55\u200919\u200990000\u20130001",  # an en dash, between thin spaces
        "+55\u200719\u300090000\u22120001",
        "+55 19 90000\u20140001",
        "\ufeff+5519900000001\u200b",
        "+55 19 90000\u00ad0001",
        "+55\t19\t900000001",
        "\u00a0+5519900000001\r\n",
        "＋５５（１９）９００００－０００１",
    ],
)
def test_what_people_type_and_paste_is_cleaned(typed: str) -> None:
    assert parse(typed) == ANA
    assert like_a_number(typed)


@pytest.mark.parametrize(
    ("typed", "mend"),
    [
        ("0170 1234567", "country code"),
        ("0055 19 90000-0001", "country code"),
        ("(19) 98000-0001", "country code is missing"),
        ("1234567", "8 to 15 digits, this has 7"),
        ("1" * 16, "8 to 15 digits, this has 16"),
        ("+55 19 9000O-0001", "not a phone number"),
        ("", "not a phone number"),
        ("+", "not a phone number"),
        ("٥٥١٩٩٠٠٠٠٠٠٠١", "not a phone number"),
        ("5519900000001\n+1", "not a phone number"),
        ("5519900000001\n2", "not a phone number"),
        ("+55.19.90000.0001", "not a phone number"),
        ("+5519900000001@example.com", "not a phone number"),
        ("\u202e+55 19 90000-0001", "U+202E"),
        ("5.5199E+12", "spreadsheet has rounded"),
        ("5,51990000000E+12", "spreadsheet has rounded"),
    ],
)
def test_what_is_no_number_is_refused_without_being_repeated(typed: str, mend: str) -> None:
    found = mistake(typed)
    assert mend in found
    assert len(typed) < 8 or typed not in found


@pytest.mark.parametrize(
    "typed", ["(" * 4_000_000, "+" + "(" * 4_000_000, "1-" * 2_000_000, "\u202a" * 4_000_000]
)
def test_what_is_long_is_refused_soon(typed: str) -> None:
    began = time.perf_counter()
    assert mistake(typed)
    assert like_a_number(typed) == ("1" in typed)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("typed", "mend"),
    [
        ("+55 (0)19 90000-0001", "leave it out: +55 19 •••• 0001"),
        ("+55 ( 0 ) 19 90000-0001", "leave it out: +55 19 •••• 0001"),
        ("+55 19 (0) 90000-0001", "leave it out: +55 19 •••• 0001"),
        ("+55\u00a0（０）19 90000\u20110001", "leave it out: +55 19 •••• 0001"),
        ("+44 (0)20 7946 0958", "leave it out: +44 •••• 0958"),
        ("+49 (0)170 1234567", "leave it out: +49 •••• 4567"),
        ("+351 (0)912 345 678", "leave it out: +35 •••• 5678"),
        ("+39 (0)6 698 12345", "write it without parentheses: +39 •••• 2345"),
        ("+39 (0)333 1234567", "leave it out: +39 •••• 4567"),
        ("+225 (0)7 12 34 56 78", "write it without parentheses: +22 •••• 5678"),
        ("+55 (0)19 9000-01", "| leave it out"),  # and would be no number then
    ],
)
def test_a_zero_in_parentheses_is_refused_with_the_number_that_was_meant(typed: str, mend: str) -> None:
    assert mistake(typed) == f"a 0 in parentheses may belong to the number or not | {mend.removeprefix('| ')}"


@pytest.mark.parametrize(
    ("typed", "code", "meant"),
    [
        ("+55 019 90000-0001", 55, "+55 19 •••• 0001"),
        ("+55 (019) 90000-0001", 55, "+55 19 •••• 0001"),
        ("5501990000001", 55, "+55 19 •••• 0001"),
        ("+44 020 7946 0958", 44, "+44 •••• 0958"),
        ("+49 0170 1234567", 49, "+49 •••• 4567"),
        ("+33 06 12 34 56 78", 33, "+33 •••• 5678"),
        ("+351 0912 345 678", 351, "+35 •••• 5678"),
        ("+36 06 30 123 4567", 36, "+36 •••• 4567"),  # Hungary dials 06
        ("+48 0601 123 456", 48, "+48 •••• 3456"),  # Poland dialled a 0 once
        ("+81 090 1234 5678", 81, "+81 •••• 5678"),
        ("+250 0788 123 456", 250, "+25 •••• 3456"),
        ("+54 011 2222 3333", 54, "+54 •••• 3333"),
        ("+52 01 55 1234 5678", 52, "+52 •••• 5678"),
    ],
)
def test_a_trunk_zero_is_refused(typed: str, code: int, meant: str) -> None:
    assert mistake(typed) == (
        f"+{code} is followed by a 0, which is dialled within the country only | leave it out: {meant}"
    )


@pytest.mark.parametrize(
    "typed",
    ["+39 06 698 12345", "+378 0549 882345", "+225 07 12 34 56 78", "+242 06 612 3456", "+241 06 03 12 34",
     "+39 0549 882345", "+39 000 000 000", "+225 0000000", "+229 01 90 01 12 34", "+598 000 4123 4567"],
)  # fmt: skip
def test_a_zero_that_belongs_to_the_number_is_kept(typed: str) -> None:
    assert parse(typed) == typed.replace(" ", "").removeprefix("+")


TABLE = {"55": {10, 11}, "52": {10, 11}, "54": {10, 11}, "44": {10}, "351": {9}, "1": {10}}


@given(
    code=st.sampled_from(sorted(TABLE)),
    first=st.sampled_from("123456789"),
    rest=st.text("0123456789", max_size=13),
)
def test_lengths_are_mistakes_by_our_table_alone(code: str, first: str, rest: str) -> None:
    national = first + rest
    fits = len(national) in TABLE[code] and (
        len(national) < 11 or code == "55" or first == {"52": "1", "54": "9"}.get(code)
    )
    if fits:
        assert parse(f"+{code} {national}") == code + national
    else:
        found = mistake(f"+{code} {national}")
        assert f"after +{code} come" in found or "8 to 15 digits" in found


@pytest.mark.parametrize(
    ("typed", "doubts"),
    [
        ("+49 170 1234567", []),
        ("+47 412 34 5678 9", ["too long for a number of +47"]),
        ("+45 1234 567", ["too short for a number of +45"]),
        ("+7 8 912 345 67 89", ["no number of +7 has this length"]),
        ("+999 1234567", ["it begins with no country's code"]),
        ("+55 19 9000-0001", []),
        ("+52 1 55 1234 5678", []),
    ],
)
def test_elsewhere_they_are_doubts_that_fail_nothing(folder: Folder, typed: str, doubts: list[str]) -> None:
    folder.write("groups/g.yaml", f'subject: G\nadmins: ["{typed}"]\n')
    hint = "is a digit missing, or one too many? If not, nothing has to be done"
    assert folder.warnings() == [
        f"groups/g.yaml:2:10: warning: `{number.mask_text(typed)}`: {doubt} ({hint})" for doubt in doubts
    ]


@pytest.mark.parametrize("file", ["groups/g.yaml", "contacts.yaml", "reconciler.yaml"])
@pytest.mark.parametrize("typed", ["+55 (0)19 90000-0001", "+49 0170 1234567", "+44 7911 12345"])
def test_the_rules_hold_in_every_file_and_no_number_is_repeated(
    folder: Folder, file: str, typed: str
) -> None:
    folder.write("groups/h.yaml", "subject: H\n")
    folder.write(
        file,
        {
            "groups/g.yaml": f'subject: G\nmembers: ["{typed}"]\n',
            "contacts.yaml": f'people: {{ana: "{typed}"}}\n',
            "reconciler.yaml": f'account: ["+5519911112222", "{typed}"]\n',
        }[file],
    )
    (found,) = folder.complaints()
    assert found.startswith(f"{file}:")
    assert "".join(char for char in typed if char.isdigit())[-8:] not in found.replace(" ", "").replace(
        "-", ""
    )


def test_pasted_numbers_are_one_person_with_the_plain_one(folder: Folder) -> None:
    folder.write("contacts.yaml", 'people: {ana: "\u202a+55\u00a019\u00a090000\u20110001\u202c"}\n')
    folder.write(
        "groups/g.yaml", 'subject: G\nadmins: ["+55 19 90000–0001", \u2068+55 19 90000-0002\u2069]\n'
    )
    (group,) = folder.load().desired.groups
    assert [(person.alias, person.numbers) for person in group.admins or ()] == [
        ("ana", (ANA,)),
        (None, ("5519900000002",)),
    ]

    folder.write("contacts.yaml", 'people: {ana: "+5519900000001", bia: "\u200e+55 19 90000\u20110001"}\n')
    (found,) = folder.complaints()
    assert "`bia` has a number of `ana`" in found


IDS = st.one_of(
    st.from_regex(r"[0-9]{5,20}", fullmatch=True),
    st.from_regex(r"(55|521?|549?|44|351|1|49|39|7|225|999)[0-9]{4,13}", fullmatch=True),
)


@given(IDS)
@settings(max_examples=500)
def test_an_id_that_the_api_lists_is_written_so_that_it_is_read_without_a_word(wa_id: str) -> None:
    written = as_written(wa_id)
    assert parse(written) == wa_id
    assert like_a_number(written)
    assert Contacts().stranger(parse(written)).numbers == (wa_id,)


@given(st.lists(IDS, unique_by=number.key, min_size=1, max_size=8))
@settings(max_examples=40)
def test_so_it_is_in_manifests_and_contacts(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    folder = Folder(tmp_path_factory.mktemp("ids"))
    quoted = [scalar_text(as_written(wa_id)) for wa_id in ids]
    people = "".join(f"  p{index}: {text}\n" for index, text in enumerate(quoted[::2]))
    folder.write("contacts.yaml", f"people:\n{people}")
    folder.write("groups/g.yaml", f"subject: G\nadmins: [{', '.join(quoted)}]\n")

    (group,) = folder.load().desired.groups

    assert folder.warnings() == []
    assert [person.numbers for person in group.admins or ()] == [(wa_id,) for wa_id in ids]


@pytest.mark.parametrize(
    ("wa_id", "written"),
    [
        (ANA, "+5519900000001"),
        ("551930000001", "+551930000001"),
        ("5215512345678", "+5215512345678"),
        ("4917012345678", "+4917012345678"),
        ("5501990000001", "5501990000001@s.whatsapp.net"),
        ("4901701234567", "4901701234567@s.whatsapp.net"),
        ("123456", "123456@s.whatsapp.net"),
        ("1234567890123456", "1234567890123456@s.whatsapp.net"),
        ("0170123456", "0170123456@s.whatsapp.net"),
        ("47412345678", "47412345678@s.whatsapp.net"),  # one digit too many, says the library
    ],
)
def test_only_what_our_rules_refuse_or_doubt_is_written_as_an_id(wa_id: str, written: str) -> None:
    assert as_written(wa_id) == written
