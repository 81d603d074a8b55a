"""Complaints about files: a collector that no file can flood, and words that quote what a user wrote without
trusting it and guess what was meant."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache, reduce
from itertools import islice

from reconciler.errors import Complaint, Location
from reconciler.language import msg
from reconciler.model import number

MAX_COMPLAINTS = 100
QUOTE_LIMIT = 40
_WORD_LIMIT = 64
_CANDIDATES = 500


class Complaints:
    """Everything that is wrong: of each file a hundred mistakes and a hundred warnings, and where there are
    more, one complaint of that kind that says so. So no number of warnings hides a mistake or becomes one."""

    def __init__(self) -> None:
        self._found: list[Complaint] = []
        self._counts: Counter[tuple[str, bool]] = Counter()

    def __iter__(self) -> Iterator[Complaint]:
        return iter(self._found)

    def add(
        self,
        location: Location,
        message: str,
        hint: str = "",
        rule: str = "invalid",
        *,
        warning: bool = False,
    ) -> None:
        """Complain, unless enough was said about that file."""
        self._counts[location.file, warning] += 1
        match self._counts[location.file, warning] - MAX_COMPLAINTS:
            case 1:
                more = msg("there is more wrong with this file than is listed")
                self._found.append(
                    Complaint(location, more, msg("mend what is listed first"), "more", warning)
                )
            case count if count < 1:
                self._found.append(Complaint(location, message, hint, rule, warning))
            case _:
                pass

    def extend(self, complaints: Iterable[Complaint]) -> None:
        """Add complaints that were made elsewhere."""
        for found in complaints:
            self.add(found.location, found.message, found.hint, found.rule, warning=found.warning)

    def full(self, file: str) -> bool:
        """Return whether enough mistakes were named in a file, so that looking at more of it is of no use."""
        return self._counts[file, False] > MAX_COMPLAINTS

    @property
    def mistakes(self) -> int:
        """How many complaints are worse than a warning."""
        return sum(not complaint.warning for complaint in self._found)


def visible(text: str) -> str:
    """Return the text with everything that does not print (controls, bidi, lone surrogates) escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def quote(text: str) -> str:
    """Return what a user wrote, in backticks: at most 40 characters, numbers masked, unprintables escaped."""
    shown = visible(number.mask_text(text[:400], limit=400)).replace("`", "'")
    return f"`{shown}`" if len(shown) <= QUOTE_LIMIT else f"`{shown[: QUOTE_LIMIT - 1]}…`"


def listed(names: Iterable[str]) -> str:
    """Return names as words: `a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return msg("{names} and {last}", names=", ".join(quoted[:-1]), last=quoted[-1])


def either(words: Iterable[str]) -> str:
    """Return words as a choice: a or b or c."""
    return reduce(lambda said, word: msg("{one} or {other}", one=said, other=word), words)


@lru_cache(maxsize=1024)
def closest(word: str, options: frozenset[str]) -> str | None:
    """Return the option that was probably meant, or None: one of about the same length that is spelled almost
    so, or the only one that has the word between its hyphens."""
    short = word[:_WORD_LIMIT].lower()
    near = sorted(option for option in options if abs(len(option) - len(short)) <= 3)[:_CANDIDATES]
    by_lower = {option.lower(): option for option in reversed(near)}
    found = difflib.get_close_matches(short, by_lower, n=1, cutoff=0.65)
    if found:
        return by_lower[found[0]]
    part = f"-{_hyphened(short)}-"
    having = (option for option in options if part in f"-{_hyphened(option.lower())}-")
    longer = list(islice(having, 2)) if len(part) > 4 else []
    return longer[0] if len(longer) == 1 else None


def did_you_mean(word: str, options: frozenset[str]) -> str:
    """Return `did you mean …?`, or nothing."""
    found = closest(word, options)
    return msg("did you mean `{found}`?", found=found) if found is not None else ""


def with_guess(message: str, guess: str) -> str:
    """Return a complaint's words, with what was probably meant: `there is no person `anna`: did you mean
    `ana`?`"""
    return msg("{message}: {guess}", message=message, guess=guess) if guess else message


def guessed(word: str, options: Iterable[str], otherwise: str) -> str:
    """Return a hint for a name that there is not: what was probably meant, also where it is a
    manifest's path, and what holds in any case."""
    guess = did_you_mean(re.sub(r"^.*/|\.ya?ml$", "", word), frozenset(options))
    return msg("{guess} {otherwise}", guess=guess, otherwise=otherwise) if guess else otherwise


def _hyphened(word: str) -> str:
    return re.sub(r"[^\w]|_", "-", word)


def _escaped(char: str) -> str:
    match char:
        case "\n":
            return "\\n"
        case "\t":
            return "\\t"
        case _:
            return char.encode("unicode_escape").decode("ascii")
