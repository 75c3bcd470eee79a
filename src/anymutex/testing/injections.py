"""Injections: what the tool may do to a program, beside choosing who goes on; and how they are drawn.

Rule 1. They are drawn among the points at which they are possible, not among all steps: a run in which the
        dice fall where nothing can be done is wasted.
Rule 2. Every other run has none, so that what fails without them is still found without them.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anymutex.testing.choices import Deviation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anymutex.testing.choices import Act
    from anymutex.testing.strategy import Moment


@dataclass(frozen=True)
class Bounds:
    """How many injections of a kind a run may have."""

    cancels: int = 0
    timers: int = 0

    @property
    def kinds(self) -> list[Act]:
        """Those that there may be at all."""
        return [kind for kind, count in self._counts.items() if count]

    @property
    def _counts(self) -> dict[Act, int]:
        return {"cancel": self.cancels, "timer": self.timers}

    def allowed(self, offered: Iterable[Deviation], done: Sequence[Deviation]) -> list[Deviation]:
        """Those of `offered` that a run may have that has had `done`."""
        used = Counter(one.act for one in done)
        return [one for one in offered if used[one.act] < self._counts[one.act]]


NOTHING = Bounds()


def offered(moment: Moment) -> list[Deviation]:
    """Every injection that is possible at `moment`."""
    cancels = [Deviation(moment.step, victim, "cancel") for victim in moment.victims]
    return [*cancels, Deviation(moment.step, act="timer")] if moment.is_timer_near else cancels


class DrawnInjections:
    """In every other run injections of one kind, at points that are drawn evenly."""

    def __init__(self, bounds: Bounds, seed: int = 0) -> None:
        self._bounds = bounds
        self._random = random.Random(seed)
        self._is_on = True
        self._kind: Act = "cancel"
        self._done: list[Deviation] = []
        self._chances: Counter[Act] = Counter()  # so many of a kind were possible in this run
        self._chances_before: Counter[Act] = Counter()  # and in the one before

    def begin(self) -> None:
        """Another run."""
        self._is_on = not self._is_on
        self._done = []
        self._chances_before, self._chances = self._chances, Counter()
        self._kind = self._random.choice(self._bounds.kinds)

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """Each that is possible has the same chance."""
        every = offered(moment)
        self._chances.update(one.act for one in every)
        if not self._is_on:
            return ()
        possible = [one for one in self._bounds.allowed(every, self._done) if one.act == self._kind]
        if self._random.random() * max(1, self._chances_before[self._kind]) >= len(possible):
            return ()
        self._done.append(self._random.choice(possible))
        return self._done[-1:]
