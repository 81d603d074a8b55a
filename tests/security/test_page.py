"""docs/security.md claims nothing that no test attacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text()
CLAIMS = {
    paragraph.split("**")[1]: paragraph
    for paragraph in PAGE.partition("## What stops them")[2].partition("\n## ")[0].split("\n\n")
    if paragraph.startswith("**")
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_names_its_tests_and_they_are_there(claim: str) -> None:
    _, _, named = CLAIMS[claim].partition("*Tests: ")
    found = re.findall(r"`(tests/[\w/.]+)?(?:::(\w+))?`", named)
    assert found
    path = ""
    for here, test in found:
        path = here or path
        text = (ROOT / path).read_text()
        assert not test or re.search(rf"^def {test}\(", text, re.MULTILINE), f"{path}::{test}"


def test_the_claims_were_found() -> None:
    assert len(CLAIMS) > 15
