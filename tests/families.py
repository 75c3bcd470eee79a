"""Parents that wait for children: programs that run side by side, for it is a timer that looks.

Rule 1. A program is a function of a `Family`, and runs as the task "parent".
Rule 2. All programs of a backend run in one loop, and all backends at a time, each in a thread of its own:
        it takes as long as the slowest program. What came of it is asked afterwards, program by program.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
from standoffs import in_time
from turns import BACKENDS, leaves, run_on, settle

from anymutex import DeadlockError, Mutex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
    from contextlib import AbstractAsyncContextManager

    from anyio.abc import TaskGroup

    Program: TypeAlias = "Callable[[Family], Coroutine[Any, Any, None]]"

ASLEEP = 1.1
"""How long a program that must not be told of anything stands still; a ring is found in less."""
TOO_LONG = 6.0


@dataclass
class Family:
    """What the tasks of one program share, and what they were told."""

    mux: Mutex = field(default_factory=lambda: Mutex("mux"))
    told: dict[str, DeadlockError] = field(default_factory=dict)
    """By the task that got it."""
    waited: dict[str, float] = field(default_factory=dict)
    """Seconds from when it began to want the lock until it was told."""
    done: list[str] = field(default_factory=list)
    """Who got what they wanted, in this order."""
    seed: int = field(default_factory=lambda: random.randrange(10**6))
    """For a program that makes choices; shown when it fails."""
    failure: BaseException | None = None
    """What ended the program, if it did not end by itself."""

    async def want(self, name: str, lock: AbstractAsyncContextManager[Any] | None = None) -> None:
        """Take a lock and give it back, or be told."""
        began = time.perf_counter()
        try:
            async with lock or self.mux:  # wants
                self.done.append(name)
        except DeadlockError as error:
            self.told[name] = error
            self.waited[name] = time.perf_counter() - began

    async def hold_and_want(self, name: str, held: Mutex, wanted: Mutex) -> None:
        """Hold one, and want another when everybody has had their turn."""
        async with held:
            await settle()
            await self.want(name, wanted)

    async def sleep(self, name: str, seconds: float = ASLEEP) -> None:
        """Want nothing for a while."""
        await anyio.sleep(seconds)
        self.done.append(name)

    async def run(self, program: Program) -> None:
        """Run a program as the task "parent", and keep what ends it."""
        try:
            await in_time(partial(self._as_parent, program), TOO_LONG)
        except (Exception, BaseExceptionGroup) as error:
            self.failure = error

    async def _as_parent(self, program: Program) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(program, self, name="parent")

    @property
    def broken(self) -> str:
        """What ended it, in words."""
        if self.failure is None:
            return ""
        return f"seed {self.seed}: {'; '.join(map(repr, leaves(self.failure)))}"


@asynccontextmanager
async def opened_group() -> AsyncIterator[TaskGroup]:
    """A task group behind a function of one's own, as libraries have it."""
    async with anyio.create_task_group() as group:
        yield group


def run_everywhere(programs: dict[str, Iterable[Program]]) -> dict[str, dict[str, Family]]:
    """Run for each backend its programs side by side; give the families by backend and program."""
    with ThreadPoolExecutor(len(programs)) as pool:
        runs = {backend: pool.submit(_run_all, backend, list(these)) for backend, these in programs.items()}
        return {backend: run.result(4 * TOO_LONG) for backend, run in runs.items()}


def _run_all(backend: str, programs: list[Program]) -> dict[str, Family]:
    async def run() -> dict[str, Family]:
        families: dict[str, Family] = {}
        async with anyio.create_task_group() as group:
            for program in programs:
                family = families[program.__name__] = Family()
                group.start_soon(family.run, program)
        return families

    return run_on(BACKENDS[backend], run)
