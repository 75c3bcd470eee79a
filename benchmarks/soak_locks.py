"""Random tasks over every kind of lock, with time limits that cut waits short and waiters woken for nothing.

Run it by `python benchmarks/soak_locks.py [--backend asyncio|uvloop|trio] [--seeds N]`.

It found what no test had looked for: a waiter that was cancelled cleared away the entry of the next holder.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint
from loops import command_line, run_on_each_loop

from anymutex import Guarded, KeyedMutex, Mutex, RWMutex, waits

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

TASKS, TURNS = 12, 30
LIMITS = (0, 0.0001, 0.002, 10)


class Floor:
    """The locks, and who is inside each of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rw = RWMutex("rw")
        self.keyed: KeyedMutex[int] = KeyedMutex("keyed")
        self.locks: dict[str, AbstractAsyncContextManager[object]] = {
            "mutex": Mutex("mutex"),
            "guarded": Guarded(0, name="guarded"),
            "writer": self.rw.writer,
        }
        self.inside: Counter[str] = Counter()
        self.is_closed = False

    @contextmanager
    def entered(self, name: str) -> Iterator[None]:
        """Somebody is inside, alone unless it reads."""
        self.inside[name] += 1
        try:
            self.check(name)
            yield
        finally:
            self.inside[name] -= 1

    def check(self, name: str) -> None:
        """Nobody is where nobody else may be."""
        assert name == "reader" or self.inside[name] == 1, f"two are inside {name}"
        assert not (self.inside["writer"] and self.inside["reader"]), "read while written"

    def pick(self) -> tuple[str, AbstractAsyncContextManager[object]]:
        """One of the locks, readers more often."""
        name = self.random.choice([*self.locks, "reader", "reader", "key", "key", "keys"])
        if name == "key":
            key = self.random.randrange(2)
            return f"key {key}", self.keyed[key]
        if name == "keys":
            return "keys", self.keyed.all_of(*self.random.sample(range(2, 6), 2))
        return name, self.rw.reader if name == "reader" else self.locks[name]

    async def visit(self) -> None:
        """One task: in and out, sometimes too late."""
        for _ in range(TURNS):
            name, lock = self.pick()
            with anyio.move_on_after(self.random.choice(LIMITS)):
                async with lock:
                    if name == "keys":
                        await checkpoint()
                        continue
                    with self.entered(name):
                        for _ in range(self.random.randrange(3)):
                            await checkpoint()

    async def nudge(self) -> None:
        """Wake waiters to look around, as the watch of joins does."""
        while not self.is_closed:
            await checkpoint()
            for lock in tuple(waits.contended):
                for ticket, task in tuple(lock.queued()):
                    if not ticket.done() and self.random.random() < 0.3:
                        lock.look_around(ticket, task)


async def main(options: argparse.Namespace) -> None:
    """Let all of them run for each seed; whoever is stranded is found by the time limit."""
    for seed in range(options.seeds):
        floor = Floor(seed)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(floor.nudge)
                async with anyio.create_task_group() as visitors:
                    for _ in range(TASKS):
                        visitors.start_soon(floor.visit)
                floor.is_closed = True
        left = waits.contended, waits.waiting, floor.keyed.entries, floor.rw.reading, floor.rw.writing
        assert not any(left), f"seed {seed} left {left}"
    print(f"{options.seeds} seeds: nobody met, nobody was stranded, nothing was left")


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    run_on_each_loop(main, parser.parse_args())
