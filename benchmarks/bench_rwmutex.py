"""What an RWMutex saves against one `anyio.Lock`, and costs against other read-write locks, as ratios.

Run it by `python benchmarks/bench_rwmutex.py [--backend asyncio|uvloop|trio] [--rounds N]`.

Twenty tasks, of whose operations one in twenty is a write. A reader holds over five yields, as one that
iterates over what the lock guards; a writer over one. The tasks write by turns: each once in twenty of its
operations, and one of them at any time. All that a read-write lock can save here are turns of the loop, for
nobody waits for anything but the lock; how much that is says the line without a lock.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from anyio.lowlevel import checkpoint
from bench_mutex import alone, native_pause
from interleaved import Candidate, Contest, hold
from loops import command_line, installed, run_on_each_loop

from anymutex import Mutex, RWMutex

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from programs import Lock

AGAINST_ONE_LOCK = 0.75
AGAINST_A_PEER = 1.05
TASKS = 20
ONE_WRITE_IN = 20
READ_YIELDS = 5
WRITE_YIELDS = 1
FAST_PEER = "aiorwlock, fast=True"  # never yields when it is free; shown, but the default is the one to beat


class Sides(Protocol):
    """A read-write lock; it is asked for its sides at each use, as in `async with rw.reader:`."""

    @property
    def reader(self) -> Lock: ...
    @property
    def writer(self) -> Lock: ...


@dataclass(frozen=True)
class Pair:
    """The sides of a lock that calls them otherwise, or that knows no difference."""

    reader: Lock
    writer: Lock


def make_peers(loop: str) -> dict[str, Sides]:
    """Make one read-write lock of every kind that is not ours; all there are know asyncio alone."""
    peers: dict[str, Any] = {}  # they are not typed as what they are
    if loop == "trio":
        return peers
    if installed("aiorwlock"):
        import aiorwlock

        peers |= {"aiorwlock": aiorwlock.RWLock(), FAST_PEER: aiorwlock.RWLock(fast=True)}
    if installed("rwlocker"):
        import rwlocker

        fair: Any = rwlocker.AsyncRWLockFair()
        peers["rwlocker, fair"] = Pair(fair.read, fair.write)
    return peers


async def read_and_write(
    sides: Sides, pause: Callable[[], Awaitable[object]], first: int, times: int
) -> None:
    """Be one task: read, and write where it is this task's turn."""
    for number in range(first, first + times):
        if number % ONE_WRITE_IN:
            async with sides.reader:
                for _ in range(READ_YIELDS):
                    await pause()
        else:
            async with sides.writer:
                for _ in range(WRITE_YIELDS):
                    await pause()


async def crowd(sides: Sides, pause: Callable[[], Awaitable[object]], times: int) -> None:
    """Let the tasks share `times` operations."""
    async with anyio.create_task_group() as group:
        for first in range(TASKS):
            group.start_soon(read_and_write, sides, pause, first, len(range(first, times, TASKS)))


def crowd_contest(
    title: str, pause: Callable[[], Awaitable[object]], locks: dict[str, Sides], target: float
) -> Contest:
    """Many readers, few writers; the first one of `locks` is the base."""
    return Contest(
        f"against {next(iter(locks))}, {title}",
        [
            Candidate(name, partial(crowd, sides, pause), target if name == "RWMutex()" else None)
            for name, sides in locks.items()
        ],
        block=0.04,  # long, for what it costs to start the tasks is timed too
    )


async def read_alone(sides: Sides, times: int) -> None:
    """Read again and again, with nobody else about."""
    for _ in range(times):
        async with sides.reader:
            pass


async def write_alone(sides: Sides, times: int) -> None:
    """Write again and again, with nobody else about."""
    for _ in range(times):
        async with sides.writer:
            pass


def uncontended_contest(loop: str) -> Contest:
    """One task, and a lock that is always free."""
    locks: dict[str, Lock] = {
        "anyio.Lock()": anyio.Lock(),
        "anyio.Lock(fast_acquire=True)": anyio.Lock(fast_acquire=True),
        "Mutex()": Mutex(),
    }
    candidates = [Candidate(name, partial(alone, lock)) for name, lock in locks.items()]
    for name, sides in {"RWMutex()": RWMutex(), **make_peers(loop)}.items():
        candidates.append(Candidate(f"{name}: reader", partial(read_alone, sides)))
        candidates.append(Candidate(f"{name}: writer", partial(write_alone, sides)))
    return Contest("uncontended", candidates)


async def main(options: argparse.Namespace) -> None:
    """Hold every contest on the loop that runs."""
    loop = options.loop
    compete = partial(hold, rounds=options.rounds)
    one: dict[str, Lock] = {"anyio.Lock()": anyio.Lock(), "Mutex()": Mutex()}
    singles: dict[str, Sides] = {name: Pair(lock, lock) for name, lock in one.items()}
    ours: dict[str, Sides] = {"RWMutex()": RWMutex()}
    none: dict[str, Sides] = {"no lock: what could be reached": Pair(nullcontext(), nullcontext())}
    peers = make_peers(loop)
    for title, pause in {"checkpoints": checkpoint, "bare yields": native_pause(loop)}.items():
        await compete(crowd_contest(title, pause, singles | ours | peers | none, AGAINST_ONE_LOCK))
        for name in (name for name in peers if name != FAST_PEER):
            await compete(crowd_contest(title, pause, {name: peers[name]} | ours, AGAINST_A_PEER))
    await compete(uncontended_contest(loop))


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    run_on_each_loop(main, parser.parse_args())
