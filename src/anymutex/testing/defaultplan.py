"""DefaultPlan: what `explore` does when nobody asks for a strategy.

Rule 1. The default order first: a bug there needs no schedule.
Rule 2. Then in turn strategies that miss different bugs. No single one found all bugs of the programs that
        this was tried on; URW is the best alone, so it comes twice.
Rule 3. `FewDeviations` is one of them, and the only one that ends. When it has run every schedule, the others
        have nothing to add. So it gets a stretch of runs for itself, in which small programs are done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.fewdeviations import FewDeviations
from anymutex.testing.injections import NOTHING
from anymutex.testing.pct import Pct
from anymutex.testing.pos import Pos
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.strategy import ALL
from anymutex.testing.urw import Urw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId
    from anymutex.testing.injections import Bounds
    from anymutex.testing.strategy import Strategy

STRETCH = range(60, 310)
"""The runs that `FewDeviations` has for itself."""


class DefaultPlan:
    """A portfolio that ends when every schedule was run."""

    def __init__(self, seed: int = 0, bounds: Bounds = NOTHING) -> None:
        self._levels = FewDeviations(seed, bounds)
        first, second, pct = Urw(seed), Urw(seed + 1), Pct(seed)
        self._turns: list[Strategy] = [first, self._levels, second, Pos(seed), RandomWalk(seed), pct]
        self._learning: list[Strategy] = [first, second, pct]
        self._run = -1
        self.current: Strategy = self._levels
        """Whose turn it is."""

    @property
    def covered(self) -> float:
        """What the one that counts has covered."""
        return self._levels.covered

    def begin(self) -> bool:
        """Until every schedule was run; when that can't be, for ever."""
        self._run += 1
        self.current = self._whose_turn()
        return self.covered != ALL and (self.current.begin() or self._others_begin())

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """As the one whose turn it is."""
        return self.current.choose(queue, trace)

    def end(self, trace: Sequence[TaskId]) -> None:
        """Some learn from every run."""
        self.current.end(trace)
        for strategy in self._learning:
            if strategy is not self.current:
                strategy.end(trace)

    def _whose_turn(self) -> Strategy:
        if self._run == 0 or self._run in STRETCH:
            return self._levels
        return self._turns[(self._run - 1) % len(self._turns)]

    def _others_begin(self) -> bool:
        self.current = self._turns[0]
        return self.current.begin()
