"""When two ids are one person, and what may be shown (API facts, "Numbers")."""

from __future__ import annotations

import pytest

from reconciler.model import number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5519980000001", "551980000001"),  # Brazil: with and without the ninth digit
        ("5511999999999", "551199999999"),
        ("5511960000000", "551160000000"),
        ("5215512345678", "525512345678"),  # Mexico
        ("5491122223333", "541122223333"),  # Argentina
    ],
)
def test_two_ids_of_one_person_have_one_key(one: str, other: str) -> None:
    assert number.key(one) == number.key(other)
    assert number.key(number.key(one)) == number.key(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5519930000001", "551930000001"),  # a landline never gains a 9
        ("5519950000001", "551950000001"),
        ("5519980000001", "5521980000001"),  # another area
        ("5519980000001", "551980000002"),
        ("55199800000012", "5519800000012"),  # a digit too many
        ("521551234567", "52551234567"),  # Mexico with nine digits
        ("549112222333", "54112222333"),
        ("5499112222333344", "541122223333"),
        ("14155550100", "4155550100"),
        ("351912345678", "35112345678"),
    ],
)
def test_other_ids_are_other_people(one: str, other: str) -> None:
    assert number.key(one) != number.key(other)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("12345", True),
        ("1" * 20, True),
        ("1234", False),
        ("1" * 21, False),
        ("+55199", False),
        ("٥" * 8, False),
    ],
)
def test_wa_ids_are_five_to_twenty_ascii_digits(text: str, is_one: bool) -> None:
    assert number.is_wa_id(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("5519911112222-1513616971", True),
        ("120363041234567890@g.us", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        (".", False),
        ("..", False),
        ("a/b", False),
        ("a b", False),
        ("a%2e", False),
        ("a\n", False),
    ],
)
def test_group_ids_can_stand_in_a_path(text: str, is_one: bool) -> None:
    assert number.is_group_id(text) is is_one


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("5519900000002", "+55 19 •••• 0002"),
        ("551980000002", "+55 19 •••• 0002"),
        ("14155550100", "+1 •••• 0100"),
        ("79161234567", "+7 •••• 4567"),
        ("351912345678", "+35 •••• 5678"),
        ("12345", "+1 •••• 45"),
    ],
)
def test_a_mask_shows_enough_for_who_knows_the_number(digits: str, shown: str) -> None:
    assert number.mask(digits) == shown


def test_words_of_outsiders_are_masked_and_cut() -> None:
    assert number.mask_text("call 5519900000001 or +55 19 90000-0002!") == "call ••••01 or ••••02!"
    assert number.mask_text("\u202a+55\u00a019\u00a090000\u20110001\u202c") == "\u202a••••01\u202c"
    assert number.mask_text("＋55 19 90000–0001, ٥٥١٩٩٠٠٠٠٠٠٠١") == "••••01, ••••٠١"
    assert number.mask_text("since 2026, 1234567 of them") == "since 2026, 1234567 of them"
    assert len(number.mask_text("x" * 500)) == 200


def test_an_id_shows_its_creator_only_if_that_is_the_account() -> None:
    assert number.mask_id("5519911112222-1513616971", frozenset()) == "…-1513616971"
    assert number.mask_id("5519911112222-1513616971", frozenset({number.key("5519911112222")})) == (
        "5519911112222-1513616971"
    )
    assert number.mask_id("120363041234567890", frozenset()) == "120363041234567890"
    assert number.mask_id("120363041234567890@g.us", frozenset()) == "120363041234567890@g.us"
    assert number.mask_id("5519911112222@g.us", frozenset()) == "…@g.us"
    assert number.mask_id("5519911112222_7", frozenset()) == "…_7"
    assert number.mask_id("5519911112222", frozenset()) == "…2222"
