"""Random documents: pieces of good ones cut, doubled, swapped and spoiled, and JSON of any shape."""

from __future__ import annotations

import random

NASTY = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n---\n", b"...", b"&a ", b"*a", b"<<: *a",
    b"!!python/object:os.system",
    b"!!binary ", b"%TAG ! x:\n", b"%YAML 9.9\n", b"? ", b"- ", b": ", b"{", b"}", b"[", b"]", b"|\n",
    b">-\n", b"'", b'"',
    b"\x1b[2J", "\u202e".encode(), "\u2028".encode(), "\U0001f600".encode(), b"\xed\xa0\x80", b"1e999",
    b".inf", b"0x10",
    b"+5519900000001", b"2026-01-01", b"9" * 5000, b"a" * 5000, b"\t", b" " * 100, b"null", b"~",
    b"yes", b"../" * 20,
    b"/proc/self/environ", b"#", b"@", b"`", b"\\u0000", b"\\ud800", b"{" * 40, b"[" * 4000, b"- " * 200,
)  # fmt: skip
WORDS = (
    "groups", "id", "subject", "admins", "participants", "creator", "creation_time", "link", "errors",
    "error", "errorCode",
    "errorMessage", "code", "meta", "success", "httpCode", "message", "details", "title", "data",
    "type", "mimeType", "extraData",
    "Content-Length", "Id", "destinations",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, float("inf"), float("nan"), 10**30, "", "x", "\0", "\ud800",
    "\x1b]0;x\x07", "..", "a/b",
    "5519900000001", "5519911112222-1513616971", "9" * 400, "https://chat.whatsapp.com/AbC",
    "undefined", "URL", "http://[", 401, 404, 429,
    "https://127.0.0.1/x", [], {}, [[]], "\u202e", "x" * 300,
)  # fmt: skip


def spoiled(rng: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """A seed after one to eight changes of its bytes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.randint(0, 40))
        match rng.randrange(6):
            case 0:
                data[at:end] = b""
            case 1:
                data[at:at] = rng.choice(NASTY)
            case 2:
                data[at:end] = rng.choice(NASTY)
            case 3:
                data[at:at] = data[at:end] * rng.randint(1, 30)
            case 4:
                other = rng.choice(seeds)
                start = rng.randint(0, len(other))
                data[at:at] = other[start : start + rng.randint(0, 200)]
            case _:
                if data:
                    data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[:200_000])


def any_json(rng: random.Random, depth: int = 0) -> object:
    """A JSON value of any shape, made of words that the API uses."""
    roll = rng.random()
    if depth > 5 or roll < 0.45:
        return rng.choice(VALUES)
    if roll < 0.65:
        return [any_json(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(WORDS): any_json(rng, depth + 1) for _ in range(rng.randrange(6))}


def changed(rng: random.Random, value: object) -> object:
    """A value in which any part may have become another one."""
    if rng.random() < 0.12:
        return any_json(rng, 3)
    if isinstance(value, dict):
        found = {key: changed(rng, inner) for key, inner in value.items() if rng.random() > 0.05}
        if rng.random() < 0.2:
            found[rng.choice(WORDS)] = any_json(rng, 3)
        return found
    if isinstance(value, list):
        return [changed(rng, inner) for inner in value for _ in range(rng.choice((1, 1, 1, 1, 0, 2)))]
    return value
