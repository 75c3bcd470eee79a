"""How many schedules a second: explore on both loops, against detangle, which drives asyncio.

Run it by `python benchmarks/bench_explore_speed.py [--rounds N] [--schedules N]`.

All run the same anyio programs under random schedules, by turns, and a ratio is taken inside one round, as in
`interleaved`. The time is that of the process on the CPU: other programs on the machine add little to it. The
programs are correct: each schedule is run to its end, and no report is written. The collector is left to each
explorer, as a user meets it.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.lowlevel
from interleaved import middle_half, verdict
from loops import installed

from anymutex.testing import explore
from anymutex.testing.randomwalk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Program: TypeAlias = Callable[[], Awaitable[None]]
    Explore: TypeAlias = Callable[[Program, int, int], None]  # program, schedules, seed

PER = 1000
SECONDS_FOR_1000 = 2.0
BOTH_LOOPS = 2.0
"""Neither loop may take so many times as long as the other."""


async def increments(tasks: int, times: int) -> None:
    """Let each of `tasks` tasks add one to a counter so many times, under a lock."""
    lock = anyio.Lock()
    counter = 0

    async def increment() -> None:
        nonlocal counter
        for _ in range(times):
            async with lock:
                before = counter
                await anyio.lowlevel.checkpoint()
                counter = before + 1

    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(increment)
    assert counter == tasks * times


async def waits(tasks: int, times: int) -> None:
    """Let each of `tasks` tasks sleep so many times, each for another time."""

    async def sleep(seconds: float) -> None:
        for _ in range(times):
            await anyio.sleep(seconds)

    async with anyio.create_task_group() as group:
        for number in range(tasks):
            group.start_soon(sleep, 1 + number / 8)


@dataclass(frozen=True)
class Contest:
    """One program; `target` is how many times as long as detangle it may take us at most."""

    title: str
    program: Program
    target: float
    share: float = 1.0
    """Of the schedules asked for, as a long program takes longer."""


CONTESTS = [
    Contest("3 tasks, a lock", partial(increments, 3, 1), 1.0),
    Contest("3 tasks, sleeping twice", partial(waits, 3, 2), 1.0),
    Contest("3 tasks, a lock 100 times (long)", partial(increments, 3, 100), 1 / 0.8, 0.02),
]


def on_backend(backend: str, program: Program, schedules: int, seed: int) -> None:
    """Explore with anymutex."""
    result = explore(
        program, backends=[backend], max_schedules=schedules, max_seconds=600, seed=seed, strategy=RandomWalk
    )
    result.check()
    assert result.schedules[backend] == schedules


def with_detangle(program: Program, schedules: int, seed: int) -> None:
    """Explore with the peer; it wants a coroutine function by its looks."""
    import detangle

    async def run() -> None:
        await program()

    stats = detangle.explore(
        run, runs=schedules, strategy="random", seed=seed, max_duration=600, max_steps=10**7
    )
    assert stats.runs == schedules


def stopwatch(explorer: Explore, contest: Contest, schedules: int, seed: int) -> float:
    """Return the seconds that 1,000 schedules would take."""
    count = max(1, int(schedules * contest.share))
    started = process_time()
    explorer(contest.program, count, seed)
    return (process_time() - started) / count * PER


def hold(contest: Contest, explorers: dict[str, Explore], schedules: int, rounds: int) -> None:
    """Time all explorers by turns, and print their table."""
    names = list(explorers)
    laps: list[dict[str, float]] = []
    for number in range(rounds):
        turn = names[number % len(names) :] + names[: number % len(names)]
        laps.append({name: stopwatch(explorers[name], contest, schedules, number) for name in turn})
    print(f"\n{contest.title:<36}{'s per 1,000':>12}{'ratio':>8}  {'middle half':<14}target", flush=True)
    for name in names:
        ratios = [lap[name] / lap[names[0]] for lap in laps]
        target = contest.target if name == "asyncio" and names[0] != "asyncio" else None
        told = verdict(median(ratios), target)
        seconds = median(lap[name] for lap in laps)
        print(f"  {name:<34}{seconds:>12.2f}{median(ratios):>8.2f}  {middle_half(ratios):<14}{told}".rstrip())
    ratios = [lap["trio"] / lap["asyncio"] for lap in laps]
    told = verdict(median(ratios), BOTH_LOOPS)
    print(f"  {'trio to asyncio':<46}{median(ratios):>8.2f}  {middle_half(ratios):<14}{told}".rstrip())


def print_1000(rounds: int) -> None:
    """Time 1,000 schedules of the three-task program on each loop; the best lap is the least disturbed."""
    print(f"\n{'1,000 schedules of 3 tasks':<36}{'best, s':>12}{'median':>8}  target")
    for backend in ("asyncio", "trio"):
        explorer = partial(on_backend, backend)
        laps = [stopwatch(explorer, CONTESTS[0], PER, number) for number in range(rounds)]
        told = verdict(min(laps), SECONDS_FOR_1000)
        print(f"  {backend:<34}{min(laps):>12.2f}{median(laps):>8.2f}  {told}", flush=True)


def main(options: argparse.Namespace) -> None:
    """Print all tables."""
    print(f"Python {platform.python_version()}, anyio {version('anyio')}")
    explorers: dict[str, Explore] = {}
    if installed("detangle"):
        explorers[f"detangle {version('detangle')}, asyncio"] = with_detangle
    explorers |= {backend: partial(on_backend, backend) for backend in ("asyncio", "trio")}
    for contest in CONTESTS:
        hold(contest, explorers, options.schedules, options.rounds)
    print_1000(min(3, options.rounds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--schedules", type=int, default=200)
    main(parser.parse_args())
