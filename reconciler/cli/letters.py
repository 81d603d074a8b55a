"""Letters that an output's encoding lacks: a subject in another script must not end a run that has written
already, so such a letter is printed as its escape."""

from __future__ import annotations

import codecs
import io
import sys


def never_stumble() -> None:
    """Let stdout and stderr escape what they cannot encode as JSON does, so that documents stay documents."""
    codecs.register_error("as-json", _as_json)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="as-json")


def _as_json(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
