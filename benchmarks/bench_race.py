"""What `anymutex race` costs: five programs, bare and with hooks in them, as ratios.

Run it by `python benchmarks/bench_race.py [--backend asyncio|trio] [--rounds N] [--only PROGRAM ...]`.

Rule 1. Each lap is a process of its own, as what is imported can't be imported again with hooks. Laps take
        turns, bare and raced; a ratio is that of two neighbours, and what is printed the median of these.
Rule 2. What is timed is the time of the processor: all of it happens in memory, and nobody waits. The lap
        that fills the cache of compiled code is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple

from interleaved import middle_half, verdict
from loops import installed

LAP = Path(__file__).parent / "race_lap.py"
WORST, MEDIAN, START_UP, MEMORY = 3.0, 2.0, 1.5, 1.5
Lap = dict[str, float]


class Program(NamedTuple):
    """How often a program does its work in a lap, and the packages that are watched with it."""

    times: int
    packages: tuple[str, ...] = ()


PROGRAMS = {
    "locks_and_dict": Program(2000),
    "plain_cpu": Program(300),
    "anyio_streams": Program(3000, ("anyio",)),
    "httpcore_and_h11": Program(60, ("httpcore", "h11")),
    "starlette_app": Program(150, ("starlette",)),
}


def main(options: argparse.Namespace) -> int:
    """Print the table, and return how many figures miss their target."""
    print(f"{options.backend}, Python {platform.python_version()}")
    print(f"{'program':<20}{'bare s':>8}{'ratio':>7}  {'middle half':<12}{'start-up':>9}{'memory':>8}")
    worst: dict[str, list[float]] = {"work": [], "start_up": [], "memory": []}
    for name in options.only or PROGRAMS:
        if all(installed(package) for package in PROGRAMS[name].packages):
            laps = laps_of(name, options.backend, options.rounds)
            ratios = {what: median(raced[what] / bare[what] for bare, raced in laps) for what in worst}
            if not PROGRAMS[name].packages:  # a single file is imported in no time
                del ratios["start_up"]
            for what, ratio in ratios.items():
                worst[what].append(ratio)
            print(line(name, laps, ratios), flush=True)
    figures = {
        "work, median of the programs": (median(worst["work"]), MEDIAN),
        "work, the worst of them": (max(worst["work"]), WORST),
        "start-up with a warm cache, the worst": (max(worst["start_up"], default=0.0), START_UP),
        "memory, the worst": (max(worst["memory"]), MEMORY),
    }
    for title, (ratio, target) in figures.items():
        print(f"  {title:<42}{ratio:>6.2f}  {verdict(ratio, target)}")
    return sum(ratio > target for ratio, target in figures.values())


def laps_of(name: str, backend: str, rounds: int) -> list[tuple[Lap, Lap]]:
    """Run a program by turns; return each bare lap with its raced neighbour."""
    lap(name, backend, race=True)
    lap(name, backend, race=False)
    found = []
    for number in range(rounds):
        first = lap(name, backend, race=bool(number % 2))
        second = lap(name, backend, race=not number % 2)
        found.append((second, first) if number % 2 else (first, second))
    return found


def lap(name: str, backend: str, *, race: bool) -> Lap:
    """Run a program once, in a process."""
    times, packages = PROGRAMS[name]
    command = [sys.executable, str(LAP), name, str(times), backend, *packages, *["--race"] * race]
    settings = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(command, env=settings, stdout=subprocess.PIPE, text=True, check=True)
    result: Lap = json.loads(ended.stdout)
    return result


def line(name: str, laps: list[tuple[Lap, Lap]], ratios: dict[str, float]) -> str:
    """Write one line of the table."""
    bare = median(bare["work"] for bare, _ in laps)
    strayed = middle_half([raced["work"] / bare["work"] for bare, raced in laps])
    start_up = f"{ratios['start_up']:>9.2f}" if "start_up" in ratios else f"{'':>9}"
    return f"{name:<20}{bare:>8.2f}{ratios['work']:>7.2f}  {strayed:<12}{start_up}{ratios['memory']:>8.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backend", choices=["asyncio", "trio"], default="asyncio")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=list(PROGRAMS), metavar="PROGRAM")
    sys.exit(1 if main(parser.parse_args()) else 0)
