"""What is doubtful is said with its place and the mend, and never fails: exact texts, as they are printed."""

from __future__ import annotations

from datetime import date

import pytest

from tests.manifests.conftest import TODAY, Folder

COUNTRY = "(should the country code be missing, write it in front, such as +55; if not, write the `+`)"


def country(place: str, written: str, read: str) -> str:
    said = f"{written} has no `+`, and is read as {read}, with the country code first"
    return f"{place}: warning: {said} {COUNTRY}"


def test_a_number_that_may_lack_its_country_code_is_doubted_wherever_it_stands(folder: Folder) -> None:
    folder.write(
        "reconciler.yaml",
        "account: [+5519911112222, 19 91111-2222]\ndefaults: {admins: [19911113333]}\n"
        "kinds: {cliente: {members: ['912340009']}}\n",
    )
    folder.write("contacts.yaml", "people:\n  ana: 11 91234-0003\n  bruno: {numbers: [912340003]}\n")
    folder.write("groups/g.yaml", "subject: G\nadmins: [ana]\nmembers:\n  - bruno\n  - 11 91234-0005\n")

    assert folder.warnings() == [
        country("contacts.yaml:2:8", "`••••03`", "+1 •••• 0003"),
        country("contacts.yaml:3:21", "`••••03`", "+91 •••• 03"),
        country("groups/g.yaml:5:5", "`••••05`", "+1 •••• 0005"),
        country("reconciler.yaml:1:27", "`••••22`", "+1 •••• 2222"),
        country("reconciler.yaml:2:21", "`••••33`", "+1 •••• 3333"),
        country("reconciler.yaml:3:29", "`••••09`", "+91 •••• 09"),
    ]


@pytest.mark.parametrize(
    "written", ["+1 202 555 0123", "+47 90 00 00 01", "55 19 9000-0001", "5519900000001"]
)
def test_a_number_with_a_plus_or_of_twelve_digits_is_not_doubted(folder: Folder, written: str) -> None:
    folder.write("contacts.yaml", f"people: {{ana: '{written}'}}\n")
    folder.write("groups/g.yaml", f"subject: G\nadmins: ['{written}']\n")

    assert folder.warnings() == []


def test_somebody_who_will_leave_is_named_with_a_warning_until_that_day(folder: Folder) -> None:
    folder.write(
        "contacts.yaml",
        "people:\n  ana: {numbers: [+5519900000001], left: 2026-11-23}\nteams: {cs: [ana]}\n",
    )
    folder.write("reconciler.yaml", "defaults: {admins: [ana]}\nkinds: {k: {members: [ana]}}\n")
    folder.write("groups/g.yaml", "subject: G\nadmins: [cs]\nmembers: [ana, +55 19 90000-0001]\n")
    folder.write("groups/h.yaml", "subject: H\nadmins: [cs]\n")
    said = (
        "warning: `ana` leaves on 2026-11-23, says contacts.yaml:2:3; from that day on naming them is a "
        "mistake (take them out here on that day; they are demoted and removed without being named)"
    )
    places = [
        "groups/g.yaml:3:11",
        "groups/g.yaml:3:16",
        "reconciler.yaml:1:21",
        "reconciler.yaml:2:23",
    ]

    assert folder.warnings(today=TODAY) == [f"{place}: {said}" for place in places]
    (person,) = folder.load(today=TODAY).desired.groups[0].members or ()
    assert person.alias == "ana"
    on_the_day = folder.complaints(today=date(2026, 11, 23))
    assert [line.split(": ")[0] for line in on_the_day] == places
    assert not any("warning" in line for line in on_the_day)


SAME = "(a group is found by its subject when the state is lost: change one, or pin `id` in both)"


@pytest.mark.parametrize(("first", "second"), [("", ""), ("id: 1-1\n", ""), ("", "id: 1-2\n")])
def test_one_subject_in_two_manifests_is_doubted(folder: Folder, first: str, second: str) -> None:
    folder.write("groups/a.yaml", f"subject: Caf\u00e9\n{first}")
    folder.write("groups/b.yaml", f"subject: '  Cafe\u0301 '\n{second}")
    folder.write("groups/c.yaml", "subject: Cafe\n")

    assert folder.warnings() == [
        "groups/b.yaml:1:10: warning: the subject `Café` is that of the manifest at groups/a.yaml:1:1 too "
        + SAME
    ]


def test_the_manifest_that_is_named_is_one_that_may_be_taken_for_it(folder: Folder) -> None:
    folder.write("groups/a.yaml", "subject: G\nid: 1-1\n")
    folder.write("groups/b.yaml", "subject: G\nid: 1-2\n")
    folder.write("groups/c.yaml", "subject: G\n")
    folder.write("groups/d.yaml", "subject: G\nid: 1-4\n")

    said = "warning: the subject `G` is that of the manifest at"
    assert folder.warnings() == [
        f"groups/c.yaml:1:10: {said} groups/a.yaml:1:1 too {SAME}",
        f"groups/d.yaml:1:10: {said} groups/c.yaml:1:1 too {SAME}",
    ]


def test_a_group_that_is_left_may_share_its_subject(folder: Folder) -> None:
    folder.write("groups/old.yaml", "subject: G\nensure: closed\n")
    folder.write("groups/older.yaml", "subject: G\nensure: left\n")
    folder.write("groups/present.yaml", "subject: G\n")

    assert folder.warnings() == []


def test_a_hold_that_has_ended_is_doubted(folder: Folder) -> None:
    folder.write("groups/g.yaml", "subject: G\nhold: {reason: campaign, until: 2026-11-22}\n")
    folder.write("groups/h.yaml", "subject: H\nhold: {reason: for good}\n")

    assert folder.warnings(today=date(2026, 11, 22)) == []
    assert folder.warnings(today=date(2026, 11, 23)) == [
        "groups/g.yaml:2:7: warning: the hold ended on 2026-11-22, so the group is blocked "
        "(remove `hold` to go on, or give it a later day)"
    ]


def test_warnings_are_counted_apart_from_mistakes(folder: Folder) -> None:
    numbers = "".join(f"  p{n}: {91234 * 10**4 + n}\n" for n in range(150))
    folder.write("contacts.yaml", f"people:\n{numbers}")
    folder.write("groups/g.yaml", "subject: G\nadmins: [p149]\n")

    found = folder.warnings()
    assert len(found) == 101
    assert found[-1] == (
        "contacts.yaml:102:9: warning: there is more wrong with this file than is listed "
        "(mend what is listed first)"
    )

    folder.write("contacts.yaml", f"people:\n{numbers}  last: x\n")
    (mistake,) = (line for line in folder.complaints() if "warning" not in line)
    assert mistake.startswith("contacts.yaml:152:9: `x`: not a phone number")
