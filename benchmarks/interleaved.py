"""Ratios to be believed on a noisy machine: all candidates by turns, in one process, round after round.

Rule 1. Every round times every candidate, the base too, and each round starts with another one.
Rule 2. A ratio is taken inside one round, where the machine was equally busy for both of its sides.
        What is printed is the median of these ratios, with the middle half of them beside it.
Rule 3. Every candidate works for about the same time, and the garbage collector is off meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import TypeAlias

Operate: TypeAlias = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Candidate:
    """One way to do the operation: `operate(n)` does it `n` times; `target` is the ratio not to pass."""

    name: str
    operate: Operate
    target: float | None = None


@dataclass(frozen=True)
class Contest:
    """Candidates that do the same thing; the first one is the base.

    `block` is how many seconds each works in one round, `per` how many operations one call counts for.
    """

    title: str
    candidates: list[Candidate]
    block: float = 0.005
    per: int = 1


async def hold(contest: Contest, rounds: int) -> None:
    """Time the contest's candidates and print their table."""
    with garbage_collector_off():
        times = [await calibrated(candidate, contest.block) for candidate in contest.candidates]
        laps = [await one_round(contest, times, number) for number in range(rounds)]
    print(f"\n{contest.title:<44}{'ns/op':>10}{'ratio':>8}  {'middle half':<14}{'target':<9}")
    for place, candidate in enumerate(contest.candidates):
        costs = [lap[place] for lap in laps]
        ratios = [lap[place] / lap[0] for lap in laps]
        print(line(candidate, costs, ratios, contest.per, base=place == 0), flush=True)


async def calibrated(candidate: Candidate, block: float) -> int:
    """Find how often `candidate` must operate to work for about `block` seconds."""
    times = 100
    while (seconds := await stopwatch(candidate, times)) < block / 2:
        times *= 2
    return max(100, int(times * block / seconds))


async def one_round(contest: Contest, times: list[int], number: int) -> list[float]:
    """Return the seconds per call of every candidate, the first one timed being another each round."""
    count = len(contest.candidates)
    seconds = [0.0] * count
    for step in range(count):
        place = (number + step) % count
        seconds[place] = await stopwatch(contest.candidates[place], times[place]) / times[place]
    return seconds


async def stopwatch(candidate: Candidate, times: int) -> float:
    """Return the seconds that `times` operations take."""
    started = perf_counter()
    await candidate.operate(times)
    return perf_counter() - started


def line(candidate: Candidate, costs: list[float], ratios: list[float], per: int, *, base: bool) -> str:
    """Write one line of the table."""
    ratio = median(ratios)
    text = f"  {candidate.name:<42}{median(costs) / per * 1e9:>10.1f}{ratio:>8.2f}  "
    if base:
        return f"{text}{'':<14}base"
    return f"{text}{middle_half(ratios):<14}{verdict(ratio, candidate.target)}".rstrip()


def middle_half(ratios: list[float]) -> str:
    """Write the quartiles: how far the ratio strayed from round to round."""
    if len(ratios) < 2:
        return ""
    low, _, high = quantiles(ratios, n=4)
    return f"{low:.2f}-{high:.2f}"


def verdict(ratio: float, target: float | None) -> str:
    """Write the target and whether it was met."""
    if target is None:
        return ""
    return f"<= {target:.2f}  {'ok' if ratio <= target else 'MISS'}"


@contextmanager
def garbage_collector_off() -> Iterator[None]:
    """Keep collections out of the timing; what was there before is collected first."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
