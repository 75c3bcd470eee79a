"""A pure model of tasks that take turns: it counts the schedules of a program, and those that go wrong.

It knows nothing of event loops, and nothing of what it is held against. The locks here are a few lines each,
written from what the documentation of the real ones says.

Rule 1. A task is a generator, and what stands between two yields is a step.
Rule 2. `yield` lets the others in; the task can go on at once. After `yield condition` it can go on when
        `condition()` is true. `yield seconds` sleeps.
Rule 3. Where nobody can go on, the clock moves to the next one who sleeps. Where nobody sleeps either and a
        task is left, and where the clock moves on and on, the schedule fails.
Rule 4. All schedules are run, one after the other: in each the first choices of the last one again, except
        the last of them that has something left to try.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeAlias

Steps: TypeAlias = Generator[Any, None, None]
"""Of waits, see Rule 2; typed as such, a bare `yield` would be refused."""
Wait: TypeAlias = Callable[[], bool] | float | None

FOR_EVER = 200.0
"""Seconds: nothing here sleeps so long that is not stuck."""


class Model(NamedTuple):
    """What one run of a program is about, made anew for each."""

    tasks: list[Steps]
    is_right: Callable[[], bool] = lambda: True
    """Asked at the end of the run."""


class Count(NamedTuple):
    """How many schedules there are, and how many of them fail."""

    schedules: int
    failures: int


def count(make: Callable[[], Model]) -> Count:
    """Run every schedule of a model."""
    schedules = failures = 0
    choices: list[list[int]] = []  # at each choice of the run: the tasks still to be tried there
    while True:
        is_fine = _run(make(), choices)
        schedules += 1
        failures += not is_fine
        while choices and len(choices[-1]) == 1:
            choices.pop()
        if not choices:
            return Count(schedules, failures)
        choices[-1].pop()


def _run(model: Model, choices: list[list[int]]) -> bool:
    """Run one schedule, and say whether it ended well."""
    waits: dict[int, Wait] = dict.fromkeys(range(len(model.tasks)))
    now, depth = 0.0, 0
    while waits:
        ready = [task for task, wait in waits.items() if _is_over(wait, now)]
        if not ready:
            now = min((wait for wait in waits.values() if isinstance(wait, float)), default=FOR_EVER)
            if now >= FOR_EVER:
                return False
            continue
        task = ready[0]
        if len(ready) > 1:
            if depth == len(choices):
                choices.append(ready)
            task = choices[depth][-1]
            depth += 1
        try:
            wait = next(model.tasks[task])
            waits[task] = now + wait if isinstance(wait, float) else wait
        except StopIteration:
            del waits[task]
    return model.is_right()


def _is_over(wait: Wait, now: float) -> bool:
    if isinstance(wait, float):
        return wait <= now
    return wait is None or wait()


class Event:
    """Waiting for one lets the others in, also when it is set."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self) -> None:
        """For good."""
        self.is_set = True

    def wait(self) -> Steps:
        """Until it is set."""
        yield lambda: self.is_set


class Semaphore:
    """As anyio has it: who finds a token takes it and then lets the others in; else they queue for it."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.queue: list[Event] = []

    def acquire(self) -> Steps:
        """Take a token."""
        if self.tokens:
            self.tokens -= 1
            yield
        else:
            yield from self.wait_in_line()

    def wait_in_line(self) -> Steps:
        """Until one is handed over."""
        mine = Event()
        self.queue.append(mine)
        yield from mine.wait()

    def release(self) -> None:
        """Hand it to the first who waits."""
        if self.queue:
            self.queue.pop(0).set()
        else:
            self.tokens += 1


class Lock(Semaphore):
    """As `anyio.Lock`: it is taken first, and then the others are let in."""

    def __init__(self) -> None:
        super().__init__(1)


class Mutex(Lock):
    """As `anymutex.Mutex` in a driven run: if it is free, the others are let in before it is taken."""

    def acquire(self) -> Steps:
        """Take it."""
        if self.tokens:
            yield
        if self.tokens:
            self.tokens -= 1
        else:
            yield from self.wait_in_line()


class Condition(Lock):
    """As `anyio.Condition`."""

    def __init__(self) -> None:
        super().__init__()
        self.sleepers: list[Event] = []

    def sleep(self) -> Steps:
        """Let go of the lock until somebody notifies, and take it again."""
        mine = Event()
        self.sleepers.append(mine)
        self.release()
        yield from mine.wait()
        yield from self.acquire()

    def notify_all(self) -> None:
        """Wake all who sleep."""
        while self.sleepers:
            self.sleepers.pop().set()
