"""What it costs to hand a lock over, however many wait for it; and what the search for deadlocks adds.

Run it by `python benchmarks/bench_handover.py [--backend asyncio|uvloop|trio] [--rounds N]`.

All tasks queue while the lock is held, and whoever has had it queues again: from the first release to the
last acquire there are hand-overs and nothing else, no task begins or ends meanwhile. The baton is what the
loop takes of that: each task wakes the next one and waits for its turn, without a lock; among many tasks
it is slower too, as they leave the processor's cache. What a lock costs above it is its own.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import product
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.lowlevel import checkpoint
from interleaved import garbage_collector_off, middle_half, verdict
from loops import command_line, run_on_each_loop

from anymutex import Mutex, tasks
from anymutex.primitives.waitqueue import ticket_maker, wake

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from programs import Lock

    from anymutex.waits import Ticket

    HandOver: TypeAlias = Callable[[int, int], Awaitable[float]]  # among so many tasks, so many times
    Case: TypeAlias = tuple[HandOver, int]
    Judge: TypeAlias = Callable[[float], str]

SPREAD = 0.20
CHECKED = 1.05
CROWDS, CHECKED_CROWDS = (10, 30, 100, 300, 1000), (10, 100)
HAND_OVERS = 3000
no_target = partial(verdict, target=None)
HEADER = f"\n{{:<36}}{'ns':>8}{'ratio':>8}  {'middle half':<14}{'own ns':>7}  target"


@dataclass
class Relay:
    """How many hand-overs are to come, how many tasks take part, and when the last hand-over was done."""

    left: int
    queuing: int = 0
    ended: float = 0.0

    def count(self) -> None:
        """Somebody has got his turn."""
        self.left -= 1
        if not self.left:
            self.ended = perf_counter()


async def queue_again_and_again(lock: Lock, also_held: Lock, relay: Relay) -> None:
    """Be one of many who want `lock`, holding `also_held` all the time."""
    async with also_held:
        relay.queuing += 1
        while relay.left > 0:
            async with lock:
                relay.count()


async def hand_over(make: Callable[[], Lock], each_its_own: bool, crowd: int, hand_overs: int) -> float:
    """Hand one lock over and return the seconds a time; each task may hold a lock of its own meanwhile."""
    lock, relay = make(), Relay(hand_overs)
    async with anyio.create_task_group() as group, lock:
        for _ in range(crowd):
            group.start_soon(queue_again_and_again, lock, make() if each_its_own else nullcontext(), relay)
        while relay.queuing < crowd:
            await checkpoint()
        started = perf_counter()
    return (relay.ended - started) / hand_overs


async def pass_baton(crowd: int, hand_overs: int) -> float:
    """Let each task wake the next one."""
    draw, relay = ticket_maker(tasks.current_run()), Relay(hand_overs)
    waiting: dict[int, Ticket] = {}

    async def run_again_and_again(number: int) -> None:
        while relay.left > 0:
            waiting[number] = draw()
            await waiting[number]
            relay.count()
            wake(waiting[(number + 1) % crowd])

    async with anyio.create_task_group() as group:
        for number in range(crowd):
            group.start_soon(run_again_and_again, number)
        while len(waiting) < crowd:
            await checkpoint()
        started = perf_counter()
        wake(waiting[0])
    return (relay.ended - started) / hand_overs


KINDS: dict[str, HandOver] = {
    "Mutex()": partial(hand_over, Mutex, False),
    "anyio.Lock()": partial(hand_over, anyio.Lock, False),
    "the loop's own baton": pass_baton,
}


async def timed(cases: list[Case], rounds: int) -> dict[Case, list[float]]:
    """Time every case in every round, which begins with another one each time; the seconds a hand-over."""
    seconds: dict[Case, list[float]] = {case: [] for case in cases}
    with garbage_collector_off():
        for number in range(rounds):
            first = number % len(cases)
            for kind, crowd in cases[first:] + cases[:first]:
                seconds[kind, crowd].append(await kind(crowd, HAND_OVERS))
    return seconds


def print_row(name: str, costs: list[float], base: list[float], baton: list[float], judge: Judge) -> None:
    """Print a cost, its ratio to the base and what it is above the baton, each taken round by round."""
    ratios = [cost / of for cost, of in zip(costs, base, strict=True)]
    own = median([cost - least for cost, least in zip(costs, baton, strict=True)])
    text = f"  {name:<34}{median(costs) * 1e9:>8.0f}{median(ratios):>8.2f}  {middle_half(ratios):<14}"
    print(f"{text}{own * 1e9:>7.0f}  {judge(median(ratios))}".rstrip(), flush=True)


def about_one(ratio: float) -> str:
    """Write the target of a ratio that should not change, and whether it was met."""
    return f"1 +- {SPREAD:.2f}  {'ok' if abs(ratio - 1) <= SPREAD else 'MISS'}"


async def print_crowds(rounds: int) -> None:
    """Time every kind with every crowd; the least crowd is the base of its kind."""
    seconds = await timed([(kind, crowd) for crowd in CROWDS for kind in KINDS.values()], rounds)
    for name, kind in KINDS.items():
        print(HEADER.format(f"hand-overs: {name}"))
        for crowd in CROWDS:
            costs, base, baton = seconds[kind, crowd], seconds[kind, CROWDS[0]], seconds[pass_baton, crowd]
            print_row(f"{crowd} tasks", costs, base, baton, about_one if name == "Mutex()" else no_target)


async def print_checked(crowd: int, each_its_own: bool, rounds: int) -> None:
    """Time a Mutex whose waits are searched for deadlocks, and one whose waits are not."""
    makers: list[Callable[[], Lock]] = [partial(Mutex, deadlock="wait"), Mutex]
    kinds: list[HandOver] = [partial(hand_over, make, each_its_own) for make in makers]
    base, costs, baton = (await timed([(kind, crowd) for kind in [*kinds, pass_baton]], rounds)).values()
    print(HEADER.format(f"{crowd} tasks, holding {'one more each' if each_its_own else 'no other'}"))
    print_row('Mutex(deadlock="wait")', base, base, baton, no_target)
    judge = no_target if each_its_own else partial(verdict, target=CHECKED)
    print_row("Mutex()", costs, base, baton, judge)


async def main(options: argparse.Namespace) -> None:
    """Print all tables for the loop that runs."""
    await print_crowds(options.rounds)
    for crowd, each_its_own in product(CHECKED_CROWDS, (False, True)):
        await print_checked(crowd, each_its_own, options.rounds)


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    run_on_each_loop(main, parser.parse_args())
