"""InjectingPlan: first the cancel sweep, then another strategy, with injections among its choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.cancelsweep import CancelSweep
from anymutex.testing.injections import DrawnInjections
from anymutex.testing.strategy import NONE, Injecting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import Deviation, TaskId
    from anymutex.testing.injections import Bounds
    from anymutex.testing.strategy import Moment, Strategy


class InjectingPlan:
    """The cancel sweep, and then a strategy, which may know of injections itself.

    Args:
        inner: Who chooses which task goes on. If it injects nothing by itself, injections are drawn.
        bounds: How many injections of a kind a run may have.
        seed: Of the injections that are drawn.
    """

    may_inject = True

    def __init__(self, inner: Strategy, bounds: Bounds, seed: int = 0) -> None:
        self._inner = inner
        self._injecting = inner if isinstance(inner, Injecting) and inner.may_inject else None
        self._drawn = DrawnInjections(bounds, seed)
        self._sweep = CancelSweep() if bounds.cancels else None
        self._is_sweeping = False

    @property
    def covered(self) -> float:
        """What the other strategy has covered, if it knows of injections."""
        return self._inner.covered if self._injecting else NONE

    @property
    def has_swept(self) -> bool:
        """Whether every single cancel of the default order was tried."""
        return self._sweep is not None and self._sweep.is_done

    def begin(self) -> bool:
        """The sweep as long as it has something to do, then the other strategy."""
        self._is_sweeping = self._sweep is not None and self._sweep.begin()
        if self._is_sweeping:
            return True
        self._drawn.begin()
        return self._inner.begin()

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The first one in a sweep, else as the other strategy."""
        return queue[0] if self._is_sweeping else self._inner.choose(queue, trace)

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """As the sweep, or as the strategy whose turn it is; else what is drawn."""
        if self._is_sweeping and self._sweep is not None:
            return self._sweep.inject(moment)
        return (self._injecting or self._drawn).inject(moment)

    def end(self, trace: Sequence[TaskId]) -> None:
        """Tell the one whose run it was."""
        if self._is_sweeping and self._sweep is not None:
            self._sweep.end(trace)
        else:
            self._inner.end(trace)
