"""An output of a run over several accounts is none of the files that any of them reads."""

from __future__ import annotations

import pytest

from tests.accounts.conftest import CONFIG, Three


@pytest.mark.parametrize("chosen", [[], ["--account", "sales"]])
@pytest.mark.parametrize(
    ("report", "what"),
    [
        ("json=.reconciler/support.json", "the state"),
        ("json=groups/field-ops/team.yaml", "a manifest"),
        ("json=groups/nobody.yaml", "a manifest"),
        ("json=people.yml", "the contacts"),
        ("html=s.html", "the state"),  # a page for each account: s-sales.html
    ],
)
def test_no_account_s_file_is_written_over(three: Three, report: str, what: str, chosen: list[str]) -> None:
    own = 'state: "file:s-sales.html", contacts: people.yml'
    three.write("reconciler.yaml", CONFIG.replace("sales: {", f"sales: {{{own}, "))
    three.write("people.yml", "people: {}\n")
    assert three.apply().code == 0
    calls = len(three.calls("sales"))
    files = {path: path.read_bytes() for path in three.path.rglob("*") if path.is_file()}
    done = three.plan(*chosen, "--report", report)
    assert done.code == 64
    assert f"--report {report} would write over {what}" in done.err
    assert len(three.calls("sales")) == calls
    assert {path: path.read_bytes() for path in three.path.rglob("*") if path.is_file()} == files
