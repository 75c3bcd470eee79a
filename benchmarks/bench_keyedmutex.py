"""What a KeyedMutex costs against a dict of `anyio.Lock()`, in time as ratios, and in memory.

Run it by `python benchmarks/bench_keyedmutex.py [--backend asyncio|uvloop|trio] [--rounds N]`.

The dict is the honest one: its locks are made already, and stay for ever. A KeyedMutex makes an entry at
each acquire of a free key and drops it at the release. The dict that does not know its keys beforehand
makes its locks too, and stands beside it in a table of its own.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections import defaultdict
from functools import partial
from itertools import count, cycle, islice
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from anyio.lowlevel import checkpoint
from interleaved import Candidate, Contest, hold
from loops import command_line, run_on_each_loop

from anymutex import KeyedMutex, Mutex

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

FOUND = 0.6
BYTES_A_KEY = {"asyncio": 400, "uvloop": 400}
KEYS = [f"user-{number}" for number in range(100)]
TASKS = 10
FEW_KEYS = KEYS[:3]
LIVE_KEYS = 10_000
GONE_KEYS = 100_000


class Locks(Protocol):
    """What gives a lock for a key."""

    def __getitem__(self, key: str, /) -> Any: ...
    def __len__(self) -> int: ...


NEW_LOCKS: dict[str, Callable[[], Locks]] = {
    "defaultdict(anyio.Lock)": lambda: defaultdict(anyio.Lock),
    "defaultdict(Mutex)": lambda: defaultdict(Mutex),
    "KeyedMutex()": KeyedMutex[str],
}


def make_locks() -> dict[str, Locks]:
    """Make one of every kind, the dicts with their locks in them."""
    return {
        "dict of anyio.Lock()": {key: anyio.Lock() for key in KEYS},
        "dict of anyio.Lock(fast_acquire=True)": {key: anyio.Lock(fast_acquire=True) for key in KEYS},
        "dict of Mutex()": {key: Mutex() for key in KEYS},
        "KeyedMutex()": KeyedMutex[str](),
    }


async def alone(locks: Locks, times: int) -> None:
    """Take one key after the other, with nobody else about."""
    for key in islice(cycle(KEYS), times):
        async with locks[key]:
            pass


async def alone_with_new_keys(make: Callable[[], Locks], numbers: Iterator[int], times: int) -> None:
    """Take each key once in its life."""
    locks = make()
    for _ in range(times):
        async with locks[f"user-{next(numbers)}"]:
            pass


async def use_few_keys(locks: Locks, first: int, times: int) -> None:
    """Take few keys by turns, and let the others run while holding one."""
    for number in range(first, first + times):
        async with locks[FEW_KEYS[number % len(FEW_KEYS)]]:
            await checkpoint()


async def crowd(locks: Locks, times: int) -> None:
    """Let the tasks share `times` uses of few keys."""
    async with anyio.create_task_group() as group:
        for first in range(TASKS):
            group.start_soon(use_few_keys, locks, first, len(range(first, times, TASKS)))


def contests() -> Iterator[Contest]:
    """Found keys, new keys, and keys that many want."""
    targets = {"KeyedMutex()": FOUND}
    found = [
        Candidate(name, partial(alone, locks), targets.get(name)) for name, locks in make_locks().items()
    ]
    yield Contest("uncontended, keys known beforehand", found)
    new = [Candidate(name, partial(alone_with_new_keys, make, count())) for name, make in NEW_LOCKS.items()]
    yield Contest("uncontended, each key new", new)
    wanted = [Candidate(name, partial(crowd, locks)) for name, locks in make_locks().items()]
    yield Contest(f"{TASKS} tasks on {len(FEW_KEYS)} keys, a checkpoint in it", wanted, block=0.04)


def traced_bytes() -> int:
    """Return what is allocated now and was allocated since the tracing began."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def take_all(locks: Locks, keys: list[str]) -> None:
    """Take every key."""
    for key in keys:
        await locks[key].acquire()


def release_all(locks: Locks, keys: list[str]) -> None:
    """Give every key back."""
    for key in keys:
        locks[key].release()


async def print_bytes_a_live_key(loop: str) -> None:
    """Hold many keys at once, and print what each of them takes; the keys themselves do not count."""
    print(f"\n{f'{LIVE_KEYS} keys held at once':<44}{'bytes a key':>12}  target")
    for name, make in NEW_LOCKS.items():
        keys = [f"user-{number}" for number in range(LIVE_KEYS)]
        locks = make()
        before = traced_bytes()
        await take_all(locks, keys)
        each = (traced_bytes() - before) / LIVE_KEYS
        release_all(locks, keys)
        limit = BYTES_A_KEY.get(loop) if name == "KeyedMutex()" else None
        verdict = f"<= {limit}  {'ok' if each <= limit else 'MISS'}" if limit else ""
        print(f"  {name:<42}{each:>12.0f}  {verdict}".rstrip())


async def print_what_is_left() -> None:
    """Let many keys come and go, one by one and all at once, and print what stays."""
    print(f"\n{f'{GONE_KEYS} keys came and went':<44}{'len':>12}{'bytes':>12}  target: len 0")
    for title, at_once in {"one after the other": 1, "all at once": GONE_KEYS}.items():
        locks = KeyedMutex[str]()
        before = traced_bytes()
        for first in range(0, GONE_KEYS, at_once):
            keys = [f"user-{number}" for number in range(first, first + at_once)]
            await take_all(locks, keys)
            release_all(locks, keys)
        del keys
        left = traced_bytes() - before
        print(f"  {title:<42}{len(locks):>12}{left:>12}  {'MISS' if len(locks) else 'ok'}")


async def main(options: argparse.Namespace) -> None:
    """Hold every contest on the loop that runs, then weigh."""
    for contest in contests():
        await hold(contest, options.rounds)
    tracemalloc.start()
    await print_bytes_a_live_key(options.loop)
    await print_what_is_left()
    tracemalloc.stop()


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    run_on_each_loop(main, parser.parse_args())
