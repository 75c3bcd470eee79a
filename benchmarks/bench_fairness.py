"""How long others stand still beside a task that does nothing but take locks; whether program 2 is fair.

Run it by `python benchmarks/bench_fairness.py [--backend asyncio|uvloop|trio] [--rounds N]`.

A gap is counted in the thread's own CPU time: while the loop is busy that is how long the lock kept the
loop to itself, and another program on the machine adds nothing to it. The wall clock stands beside it. The
garbage collector is off: what it adds when it passes is not the lock's doing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint
from interleaved import garbage_collector_off
from loops import command_line, run_on_each_loop
from programs import Lock, run_program_2

from anymutex import Mutex

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

TARGET = 0.002
ROUND_SECONDS = 0.2
SLEEPS = (0.0, 0.0005)
LOCK_COUNTS = (1, 1000)
# `fast_acquire=True` promises no fairness, and is here to show what the others prevent.
KINDS: dict[str, tuple[Callable[[], Lock], float | None]] = {
    "Mutex()": (Mutex, TARGET),
    "anyio.Lock()": (anyio.Lock, None),
    "anyio.Lock(fast_acquire=True)": (lambda: anyio.Lock(fast_acquire=True), None),
}


@dataclass
class LongestGap:
    """The longest time in which the sleeping task did not run."""

    cpu: float = 0.0
    wall: float = 0.0

    def note(self, cpu: float, wall: float) -> None:
        """Keep what is longer than before."""
        self.cpu, self.wall = max(self.cpu, cpu), max(self.wall, wall)


async def take_in_turn(locks: list[Lock], deadline: float) -> None:
    """Do nothing but take one lock after the other."""
    while perf_counter() < deadline:
        for lock in locks:
            async with lock:
                pass


async def only_sleep(seconds: float, gap: LongestGap, deadline: float) -> None:
    """Sleep again and again, and note how long it really took."""
    wall = 0.0
    while wall < deadline:
        cpu_before, wall_before = thread_time(), perf_counter()
        await anyio.sleep(seconds)
        cpu, wall = thread_time(), perf_counter()
        gap.note(cpu - cpu_before, wall - wall_before)


async def one_round(make: Callable[[], Lock], count: int, sleep: float, gap: LongestGap) -> None:
    """Let one task sleep, and another one take `count` locks in turn, for a short while."""
    locks = [make() for _ in range(count)]
    deadline = perf_counter() + ROUND_SECONDS
    async with anyio.create_task_group() as group:
        group.start_soon(only_sleep, sleep, gap, deadline)
        # On trio the task made last may run first: let the sleeper come to its sleep before the other begins.
        await checkpoint()
        group.start_soon(take_in_turn, locks, deadline)


async def print_gaps(count: int, sleep: float, rounds: int) -> None:
    """Measure every kind of lock by turns, and print the longest gap of all rounds."""
    gaps = {kind: LongestGap() for kind in KINDS}
    for _ in range(rounds):
        for kind, (make, _target) in KINDS.items():
            with garbage_collector_off():
                await one_round(make, count, sleep, gaps[kind])
    title = f"{count} lock(s) in turn, beside sleep({sleep:g})"
    print(f"\n{title:<44}{'longest gap, ms CPU':>20}{'wall':>9}  target")
    for kind, gap in gaps.items():
        print(f"  {kind:<42}{gap.cpu * 1e3:>20.3f}{gap.wall * 1e3:>9.3f}  {verdict(gap.cpu, KINDS[kind][1])}")


def verdict(gap: float, target: float | None) -> str:
    """Write the target and whether it was met."""
    if target is None:
        return ""
    return f"<= {target * 1e3:.1f}  {'ok' if gap <= target else 'MISS'}"


async def print_program_2(rounds: int) -> None:
    """Run program 2 with every kind of lock that promises fairness, and print what each side got."""
    print(f"\n{'program 2, per second':<44}{'writes':>10}{'passes':>8}{'longest wait, ms':>18}")
    for kind, make in {"Mutex()": Mutex, "anyio.Lock()": anyio.Lock}.items():
        tallies = [await run_program_2(make(), ROUND_SECONDS) for _ in range(rounds)]
        seconds = rounds * ROUND_SECONDS
        writes = sum(tally.writes for tally in tallies) / seconds
        passes = sum(tally.passes for tally in tallies) / seconds
        wait = max(tally.longest_wait for tally in tallies)
        starved = "" if all(tally.writes and tally.passes for tally in tallies) else "  MISS: a side starved"
        print(f"  {kind:<42}{writes:>10.0f}{passes:>8.0f}{wait * 1e3:>18.2f}{starved}")


async def main(options: argparse.Namespace) -> None:
    """Print all tables for the loop that runs."""
    for count in LOCK_COUNTS:
        for sleep in SLEEPS:
            await print_gaps(count, sleep, options.rounds)
    await print_program_2(options.rounds)


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    run_on_each_loop(main, parser.parse_args())
