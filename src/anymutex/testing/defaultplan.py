"""DefaultPlan: what `explore` does when nobody asks for a strategy.

Rule 1. The default order first: a bug there needs no schedule.
Rule 2. Then in turn strategies that miss different bugs. No single one was good at all the programs that this
        was tried on. `Urw` is the best alone; `FewDeviations`, `PacedWalk` and `Pos` are good where not;
        `Rounds` either finds a bug soon or never; `Pct` and `RandomWalk` are for what nobody thought of.
Rule 3. `FewDeviations` is one of them, and the only one that says how far it has come. So it gets a stretch
        of runs for itself, late, when what is found soon was found.
Rule 4. No schedule is run twice, as long as they can be remembered. When all were run, that is the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.fewdeviations import FewDeviations
from anymutex.testing.injections import NOTHING, DrawnInjections
from anymutex.testing.knownruns import KnownRuns
from anymutex.testing.pacedwalk import PacedWalk
from anymutex.testing.pct import Pct
from anymutex.testing.pos import Pos
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.rounds import Rounds
from anymutex.testing.strategy import ALL, NONE
from anymutex.testing.urw import Urw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import Deviation, TaskId
    from anymutex.testing.injections import Bounds
    from anymutex.testing.strategy import Moment, Strategy

STRETCH = range(500, 750)
"""The runs that `FewDeviations` has for itself."""
DRAWS = 30
"""So often a strategy may choose a schedule that was run already, until its turn is over."""


class DefaultPlan:
    """A portfolio that ends when every schedule was run."""

    def __init__(self, seed: int = 0, bounds: Bounds = NOTHING) -> None:
        self._levels = FewDeviations(seed, bounds)
        urw, paced, pct, rounds = Urw(seed), PacedWalk(seed), Pct(seed), Rounds(seed)
        good: list[Strategy] = [self._levels, paced, Pos(seed), urw]
        self._turns: list[Strategy] = [urw, rounds, *good, *good, rounds, *good, *good, pct, RandomWalk(seed)]
        self._learning: list[Strategy] = [urw, paced, pct]
        self._endless: Strategy = urw
        self.may_inject = bool(bounds.kinds)
        self._drawn = DrawnInjections(bounds, seed)
        self._known = KnownRuns(is_on=not self.may_inject)  # injections are no part of what it knows
        self._run = -1
        self._current: Strategy = self._levels

    @property
    def covered(self) -> float:
        """What `FewDeviations` has covered, or all, if all of them together have."""
        if not self._known.is_repeatable:
            return NONE
        return ALL if self._known.is_complete else self._levels.covered

    def begin(self) -> bool:
        """Until every schedule was run; when that can't be, for ever."""
        self._run += 1
        if self.covered == ALL:
            return False
        if self.may_inject:
            self._drawn.begin()
        return self._begins(self._whose_turn(), DRAWS) or self._begins(self._levels) or self._repeats()

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """As the one whose turn it is."""
        return self._known.choose(self._current, queue, trace)

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """`FewDeviations` counts injections as deviations; with the others they are drawn."""
        return (self._levels if self._current is self._levels else self._drawn).inject(moment)

    def end(self, trace: Sequence[TaskId]) -> None:
        """Some learn from every run."""
        self._known.add(trace)
        self._current.end(trace)
        for strategy in self._learning:
            if strategy is not self._current:
                strategy.end(trace)

    def _whose_turn(self) -> Strategy:
        if self._run == 0 or self._run in STRETCH:
            return self._levels
        return self._turns[(self._run - 1) % len(self._turns)]

    def _begins(self, strategy: Strategy, draws: float = ALL) -> bool:
        """Whether `strategy` has found a schedule that is new, after so many draws at most."""
        self._current = strategy
        while draws > 0 and strategy.begin():
            if self._known.is_new(strategy):
                return True
            strategy.end(self._known.trace)
            draws -= 1
        return False

    def _repeats(self) -> bool:
        """Go on with what may be new or not."""
        self._current = self._endless
        self._current.begin()
        self._known.is_new(self._current)
        return True
