"""What SharedMap's async operations cost, as ratios, and how often a factory runs that many ask for at once.

Run it by `python benchmarks/bench_get_or_create.py [--backend asyncio|uvloop|trio] [--rounds N]`.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from anyio.lowlevel import checkpoint
from interleaved import Candidate, Contest, hold
from loops import command_line, run_on_each_loop

from anymutex import Mutex, SharedMap

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine

    from programs import Lock

    Map: TypeAlias = SharedMap[int, int]
    GetOrCreate: TypeAlias = Callable[
        [Map, int, Callable[[], Coroutine[Any, Any, int]]], Coroutine[Any, Any, int]
    ]

HIT = 4.0
CALLERS = 1000
FACTORY_YIELDS = 3
KEY = 7


async def read(m: Map, key: int) -> int:
    """Read in a coroutine: the least that an async method with a key can do."""
    return m[key]


async def never() -> int:
    """Be the factory of a key that is there."""
    raise AssertionError("the factory of a present key was called")


async def one_more(value: int) -> int:
    """Be the function of an update."""
    return value + 1


async def reads(m: Map, times: int) -> None:
    """The base."""
    for _ in range(times):
        await read(m, KEY)


async def hits(m: Map, times: int) -> None:
    """Get what is there."""
    for _ in range(times):
        await m.get_or_create(KEY, never)


async def hits_under(lock: Lock, m: Map, times: int) -> None:
    """Get what is there as one does by hand."""
    for _ in range(times):
        async with lock:
            if KEY not in m:
                m[KEY] = await never()
            m[KEY]


async def updates(m: Map, times: int) -> None:
    """Update one key."""
    for _ in range(times):
        await m.update_key(KEY, one_more)


async def updates_under(lock: Lock, m: Map, times: int) -> None:
    """Update one key as one does by hand."""
    for _ in range(times):
        async with lock:
            m[KEY] = await one_more(m[KEY])


async def swaps(m: Map, times: int) -> None:
    """Swap what is there for the same."""
    for _ in range(times):
        await m.compare_and_swap(KEY, 1, 1)


def single_contest() -> Contest:
    """One task, one key that is there."""
    operations: dict[str, Callable[[Map, int], Coroutine[Any, Any, None]]] = {
        "await a read": reads,
        "get_or_create, a hit": hits,
        "get or create by hand, under a Mutex": partial(hits_under, Mutex()),
        "update_key": updates,
        "update by hand, under a Mutex": partial(updates_under, Mutex()),
        "compare_and_swap": swaps,
    }
    target = {"get_or_create, a hit": HIT}.get
    candidates = [
        Candidate(name, partial(do, SharedMap({KEY: 1})), target(name)) for name, do in operations.items()
    ]
    return Contest("a key that is there, one task", candidates)


class Stampede:
    """Many tasks that ask for one missing key at once, again and again; counts the factory's runs."""

    def __init__(self, get_or_create: GetOrCreate) -> None:
        self.get_or_create = get_or_create
        self.counts = Counter[str]()

    async def operate(self, callers: int) -> None:
        """Let so many ask in all, never more than `CALLERS` for one key."""
        m: Map = SharedMap()
        for key, first in enumerate(range(0, callers, CALLERS)):
            self.counts["keys"] += 1
            async with anyio.create_task_group() as group:
                for _ in range(first, min(first + CALLERS, callers)):
                    group.start_soon(self.get_or_create, m, key, self.factory)

    async def factory(self) -> int:
        """Make a value, over a few yields."""
        self.counts["runs"] += 1
        for _ in range(FACTORY_YIELDS):
            await checkpoint()
        return self.counts["runs"]


async def get_or_create_by_hand(
    lock: Lock, m: Map, key: int, factory: Callable[[], Coroutine[Any, Any, int]]
) -> int:
    """Look, lock, look again."""
    if key not in m:
        async with lock:
            if key not in m:
                m[key] = await factory()
    return m[key]


async def wait_for_nothing(m: Map, key: int, factory: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Store at once, so that nobody has to wait: what is left is what it costs to run the tasks."""
    return m.setdefault(key, 0)


async def main(options: argparse.Namespace) -> None:
    """Hold every contest on the loop that runs."""
    await hold(single_contest(), options.rounds)
    stampedes = {
        "by hand, under an anyio.Lock": Stampede(partial(get_or_create_by_hand, anyio.Lock())),
        "by hand, under a Mutex": Stampede(partial(get_or_create_by_hand, Mutex())),
        "get_or_create": Stampede(SharedMap.get_or_create),
        "nobody waits: the tasks alone": Stampede(wait_for_nothing),
    }
    candidates = [Candidate(name, stampede.operate) for name, stampede in stampedes.items()]
    await hold(Contest(f"{CALLERS} callers of one missing key, a caller", candidates, 0.1), options.rounds)
    counts = stampedes["get_or_create"].counts
    verdict = "ok" if counts["runs"] == counts["keys"] else "MISS"
    print(
        f"  {counts['keys']} missing keys, the factory ran {counts['runs']} times  target: 1 a key  {verdict}"
    )


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    run_on_each_loop(main, parser.parse_args())
