"""Documents of manifests as Hypothesis draws them: valid, and with no default written out."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from hypothesis import strategies as st

_LINE = st.text(
    st.characters(
        exclude_categories=("Cc", "Cs", "Zl", "Zp"),
        exclude_characters="\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
    ),
    min_size=1,
    max_size=20,
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
_TRAPS = st.sampled_from(
    [
        "no",
        "null",
        "~",
        "true",
        "0123",
        "1e3",
        "2026-01-01",
        "a: b",
        "a #b",
        "- a",
        "@a",
        "'",
        '"',
        "&a",
        "*a",
        "<<",
    ]
)
lines = _LINE | _TRAPS
names = st.from_regex(re.compile(r"[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?", re.ASCII), fullmatch=True)
people = st.lists(
    st.sampled_from(["ana", "bruno", "cs", "+55 19 90000-0001", "5519900000009", "0x1"]) | lines, max_size=4
)


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Documents that the schema accepts, keys in the order of `convert.document`."""
    someone = st.sampled_from(["admins", "everyone"])
    optional = {
        "description": st.none() | st.lists(lines, min_size=1, max_size=3).map("\n".join),
        "icon": st.none() | lines,
        "permissions": st.fixed_dictionaries(
            {},
            optional={
                "send_messages": someone,
                "edit_info": someone,
                "add_members": someone,
                "approve_members": st.booleans(),
            },
        ),
        "join": st.sampled_from(["invite", "add"]),
        "admins": people,
        "members": people,
        "prune_members": st.booleans(),
        "link_version": st.integers(1, 10**9),
        "previously": st.lists(lines, min_size=1, max_size=3),
        "id": st.from_regex(re.compile(r"[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,63}", re.ASCII), fullmatch=True),
        "kind": lines,
        "unmanaged": st.lists(
            st.sampled_from(
                ["description", "icon", "permissions", "join", "admins", "members", "prune_members"]
            ),
            min_size=1,
            max_size=4,
        ),
        "ensure": st.sampled_from(["left", "closed"]),
        "hold": st.fixed_dictionaries({"reason": lines}, optional={"until": st.dates().map(str)}),
    }
    subject = lines.filter(lambda text: unicodedata.is_normalized("NFC", text))
    return st.fixed_dictionaries({"name": names, "subject": subject}, optional=optional)
