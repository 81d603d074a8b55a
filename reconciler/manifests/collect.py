"""A collector of complaints that no file can flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from reconciler.errors import Complaint, Mark

MAX_COMPLAINTS = 100


class Complaints:
    """Everything that is wrong: of each file a hundred mistakes and a hundred warnings, and where there are
    more, one complaint of that kind that says so. So no number of warnings hides a mistake or becomes one."""

    def __init__(self) -> None:
        self._found: list[Complaint] = []
        self._counts: Counter[tuple[str, bool]] = Counter()

    def __iter__(self) -> Iterator[Complaint]:
        return iter(self._found)

    def add(
        self, mark: Mark, message: str, hint: str = "", rule: str = "invalid", *, warning: bool = False
    ) -> None:
        """Complain, unless enough was said about that file."""
        self._counts[mark.file, warning] += 1
        match self._counts[mark.file, warning] - MAX_COMPLAINTS:
            case 1:
                more = "there is more wrong with this file than is listed"
                self._found.append(Complaint(mark, more, "mend what is listed first", "more", warning))
            case count if count < 1:
                self._found.append(Complaint(mark, message, hint, rule, warning))
            case _:
                pass

    def extend(self, complaints: Iterable[Complaint]) -> None:
        """Add complaints that were made elsewhere."""
        for found in complaints:
            self.add(found.mark, found.message, found.hint, found.rule, warning=found.warning)

    def full(self, file: str) -> bool:
        """Whether enough mistakes were named in a file, so that looking at more of it is of no use."""
        return self._counts[file, False] > MAX_COMPLAINTS

    @property
    def mistakes(self) -> int:
        """How many complaints are worse than a warning."""
        return sum(not complaint.warning for complaint in self._found)
