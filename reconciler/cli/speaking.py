"""Which language people are spoken to in: what `RECONCILER_LANG` says, else what the configuration says.

Help, and mistakes in the command line or the configuration, are told before the configuration is read, so
its line is looked at first; once it is read, what it says holds.
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Sequence
from contextlib import suppress

from reconciler import language
from reconciler.errors import ReconcilerError, UsageError
from reconciler.language import msg

VARIABLE = "RECONCILER_LANG"
_LINE = re.compile(rb"^language:[ \t]+[\"']?([A-Za-z-]+)", re.MULTILINE)
_LOOKED_AT = 1 << 16  # bytes of a configuration


def begin(given: Sequence[str]) -> None:
    """Speak as the environment or the configuration says, before anything is said. Raises `UsageError` for a
    language that there is not, and `ReconcilerError` for one that cannot be spoken; what the file says is
    told when it is read."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        with suppress(LookupError):
            _speak(_written(given))
        return
    try:
        _speak(asked)
    except LookupError:
        from reconciler.manifests.complaints import guessed

        known = language.languages()
        raise UsageError(
            msg("{variable}: there is no language {tag!r:.40}", variable=VARIABLE, tag=asked),
            guessed(asked, known, msg("languages: {tags}", tags=", ".join(known))),
        ) from None


def settle(configured: str) -> None:
    """Speak as the configuration says that was read, unless the environment says otherwise."""
    if not os.environ.get(VARIABLE) and configured != language.spoken():
        _speak(configured)


def _speak(tag: str) -> None:
    try:
        language.use(tag)
    except LookupError:
        raise
    except Exception:  # noqa: BLE001  # gettext raises whatever it stumbles over
        raise ReconcilerError(
            msg("the words of the language {tag} are damaged", tag=tag), msg("install the package again")
        ) from None
    if tag != language.ENGLISH:
        # click asks gettext for its own words, and gettext asks this variable
        os.environ["LANGUAGE"] = tag.replace("-", "_")
        gettext.bindtextdomain(language.DOMAIN, str(language.FOLDER))
        gettext.textdomain(language.DOMAIN)
    else:
        gettext.textdomain("messages")  # that of a process that asked for none


def _written(given: Sequence[str]) -> str:
    """Return the language that a line of the configuration names, as far as that can be seen. That one which
    was asked for is not there is told in the language of the one that is."""
    folder = _option(given, "-C")
    named = _option(given, "--config") or os.environ.get("RECONCILER_CONFIG")
    for name in filter(None, (named, "reconciler.yaml", "reconciler.yml")):
        path = os.path.join(folder, name)
        with suppress(OSError):
            if os.path.isfile(path):  # to open a pipe would wait for somebody at its other end
                with open(path, "rb") as file:
                    found = _LINE.search(file.read(_LOOKED_AT))
                return language.ENGLISH if found is None else found[1].decode("ascii")
    return language.ENGLISH


def _option(given: Sequence[str], name: str) -> str:
    """Return what a command line says for an option, "" for nothing."""
    found = ""
    for index, word in enumerate(given):
        option, equals, value = word.partition("=")
        if option == name:
            found = value if equals else "".join(given[index + 1 : index + 2])
        elif len(name) == 2 and word.startswith(name):  # `-Cfolder`
            found = word.removeprefix(name)
    return found
