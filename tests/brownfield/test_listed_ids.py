"""Ids that the API lists and no rule for typed numbers takes: nobody judges them, and what `import` and
`accept` write of them is valid and means the same people."""

from __future__ import annotations

import pytest

from tests.support import ACCOUNT, ANA

from .conftest import Inside

REFUSED_IF_TYPED = (
    "12345",
    "0170123456",
    "551990000",  # a digit short of any number of Brazil
    "5501990000001",  # with a zero that is dialled there only
    "4901701234567",
    "447911123456789",
    "1234567890123456",
    "12345678901234567890",
)
DOUBTED = ("47412345678", "9991234567")
PLAIN = ("551930000001", "5215512345678", "5491122223333", "390669812345", "4917012345678")
IDS = (*REFUSED_IF_TYPED, *DOUBTED, *PLAIN)


def nothing_to_do(repo: Inside) -> None:
    validated = repo.run("validate")
    assert (validated.code, "arning" in validated.err + validated.out) == (0, False), (
        validated.out + validated.err
    )
    plan = repo.plan("--detailed-exitcode")
    assert plan.code == 0, plan.out + plan.err


@pytest.mark.parametrize("options", [(), ("--contacts",)], ids=["numbers", "contacts"])
def test_import_names_them_all(inside: Inside, options: tuple[str, ...]) -> None:
    inside.write(
        "reconciler.yaml", f'account: "+{ACCOUNT}"\ndefaults: {{members: [], prune_members: true}}\n'
    )
    for admins in (IDS, IDS[::2]):
        inside.api.seed("x", participants=[ANA, *IDS], admins=[ANA, *admins])

    done = inside.run("import", "--all", "--fields", "admins,members", *options)

    assert (done.code, "left out" in done.err + done.out) == (0, False), done.out + done.err
    written = "".join(path.read_text() for path in inside.path.glob("*/*.yaml"))
    written += (inside.path / "contacts.yaml").read_text()
    assert all(f"{wa_id}@s.whatsapp.net" in written for wa_id in (*REFUSED_IF_TYPED, *DOUBTED))
    assert all(f"+{wa_id}" in written for wa_id in PLAIN)
    nothing_to_do(inside)


def test_accept_names_them_all(inside: Inside) -> None:
    (group,) = inside.api.seed("G", participants=[ANA], admins=[ANA])
    inside.group("g", f"id: {group['id']}\nsubject: G\nadmins: [ana]\nmembers: []\nprune_members: true\n")
    assert inside.apply().code == 0
    inside.api.join(group["id"], *IDS)
    inside.api.promote(group["id"], *IDS[::2])

    done = inside.run("accept", "g", "--yes")

    assert done.code == 0, done.out + done.err
    nothing_to_do(inside)
    taken = inside.run("accept", "g", "--yes")  # what was written is read again
    assert taken.code == 0, taken.out + taken.err
    assert inside.apply().code == 0  # accepting changes files alone; this records what they say
    inside.api.demote(group["id"], *IDS[::4])
    assert inside.run("accept", "g", "--yes").code == 0
    nothing_to_do(inside)
