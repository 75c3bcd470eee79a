"""Question: what `explore` was asked, checked."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from anymutex.errors import UsageError
from anymutex.testing.defaultplan import DefaultPlan
from anymutex.testing.drivers import refuse_unless_driven
from anymutex.testing.injectingplan import InjectingPlan
from anymutex.testing.injections import Bounds
from anymutex.testing.runrules import RunRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.progress import Progress
    from anymutex.testing.strategy import Strategy

MOST_CANCELS = 1
MOST_EARLY_TIMERS = 3


@dataclass(frozen=True)
class Question:
    """The arguments of `explore`; see there."""

    backends: tuple[str, ...]
    max_schedules: int
    max_seconds: float
    seed: int
    strategy: Callable[[int], Strategy] | None
    cancellation: bool
    early_timers: float
    races: bool
    invariant: Callable[[], Any] | None
    progress: Callable[[Progress], Any] | None

    def __post_init__(self) -> None:
        """Check what can be wrong.

        Raises:
            UsageError: A backend can't be driven, or a number makes no sense.
            TypeError: What has to be a number is none, or what has to be called can't be.
        """
        checked_backends(self.backends)
        _refuse_unless_numbers(self)
        if self.max_schedules < 1:
            raise UsageError(f"max_schedules={self.max_schedules}: at least one has to run")
        if not self.max_seconds > 0:
            raise UsageError(f"max_seconds={self.max_seconds}: it has to be above 0")
        if not 0 <= self.early_timers < math.inf:
            raise UsageError(f"early_timers={self.early_timers}: it is a number of seconds, 0 or more")
        for name, value in (("invariant", self.invariant), ("progress", self.progress)):
            if value is not None and (not callable(value) or inspect.iscoroutinefunction(value)):
                raise TypeError(f"{name}={value!r}: it has to be a plain function, not an async one")
        if self.strategy is not None and not callable(self.strategy):
            raise TypeError(f"strategy={self.strategy!r}: it has to be what makes a strategy from a seed")

    @property
    def bounds(self) -> Bounds:
        """How many injections a run may have."""
        return Bounds(MOST_CANCELS * self.cancellation, MOST_EARLY_TIMERS * (self.early_timers > 0))

    @property
    def rules(self) -> RunRules:
        """What holds for each run."""
        return RunRules(self.invariant, self.early_timers, self.races)

    def new_strategy(self) -> Strategy:
        """For one backend."""
        bounds = self.bounds
        plan = self.strategy(self.seed) if self.strategy else DefaultPlan(self.seed, bounds)
        return InjectingPlan(plan, bounds, self.seed) if bounds.kinds else plan


def _refuse_unless_numbers(asked: Question) -> None:
    for name, kind, words in (
        ("max_schedules", int, "a whole number"),
        ("max_seconds", Real, "a number of seconds"),
        ("seed", int, "a whole number"),
        ("early_timers", Real, "a number of seconds"),
    ):
        value = getattr(asked, name)
        if not isinstance(value, kind):
            raise TypeError(f"{name}={value!r}: it has to be {words}")


def checked_backends(backends: Iterable[str]) -> tuple[str, ...]:
    """`backends`, if there are some and each can be driven.

    Raises:
        UsageError: Otherwise.
        TypeError: They are no names.
    """
    if not isinstance(backends, Iterable):
        raise TypeError(f"backends={backends!r}: it has to be a name, or several")
    chosen = (backends,) if isinstance(backends, str) else tuple(backends)
    if not chosen:
        raise UsageError("no backend to run on")
    for backend in chosen:
        refuse_unless_driven(backend)
    return chosen


def refuse_unless_a_program(program: object) -> None:
    """Do nothing if `program` can be called without arguments; what that gives is seen when it is run.

    Raises:
        TypeError: It can't, and why.
    """
    if inspect.iscoroutine(program):
        program.close()  # else Python complains about a coroutine that was never awaited
        raise TypeError(
            f"{program.__qualname__}() is a coroutine: give the function itself, without calling it"
        )
    if not callable(program):
        raise TypeError(f"{program!r} is no async function")
    try:
        inspect.signature(program).bind()
    except TypeError as error:
        raise TypeError(f"{program!r} needs arguments, and a program takes none: {error}") from None
    except ValueError:  # it has no signature: some callables of C code
        return
