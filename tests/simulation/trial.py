"""One seed, played and judged; and a failing story made as short as it can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from tests.simulation.judge import Verdict, judge
from tests.simulation.play import Play
from tests.simulation.story import story_of


@dataclass(frozen=True)
class Trial:
    seed: int
    verdicts: tuple[Verdict, ...]
    counts: Counter[str]
    allowed: Counter[str]
    story: str = ""


def tell(seed: int, omit: Collection[str] = ()) -> Trial:
    """Play the story of a seed without what is left out, and judge it."""
    play = Play(story_of(seed), omit)
    play.play()
    judged = judge(play)
    return Trial(seed, tuple(judged.verdicts), play.counts, judged.allowed, "\n".join(play.lines))


def without_story(seed: int) -> Trial:
    """The same, small enough to be handed on by the thousand."""
    return replace(tell(seed), story="")


def shrink(seed: int, code: str | None = None) -> Trial:
    """Leave out part after part, as long as the same verdict fails. Without any the whole story is told."""
    found = tell(seed)
    if not found.verdicts:
        return found
    kept = code or found.verdicts[0].code
    omit: frozenset[str] = frozenset()
    again = True
    while again:
        again = False
        for key in story_of(seed).parts():
            if key in omit:
                continue
            shorter = tell(seed, omit | {key})
            if any(verdict.code == kept for verdict in shorter.verdicts):
                again = again or shorter.story != found.story
                omit, found = omit | {key}, shorter
    return found
