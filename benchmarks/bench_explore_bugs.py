"""How many schedules `explore` runs until it finds a bug, by its default plan, on asyncio and trio.

Run it by `python benchmarks/bench_explore_bugs.py [--backend asyncio|trio] [--seeds N]`.

A figure is the mean over the seeds; a search that has found nothing after 1,000 schedules counts as 1,001.
"""

from __future__ import annotations

import argparse
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from bug_programs import bluetooth, lost_update, lost_wakeup, opposite_locks, reorder, stampede, two_stage

from anymutex.testing import explore

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram

MOST = 1000
BACKENDS = ["asyncio", "trio"]


class Bug(NamedTuple):
    """What is looked for, and the mean number of schedules not to pass."""

    name: str
    program: AsyncProgram
    target: int | None = None


BUGS = [
    Bug("lost update, 2 tasks", lost_update(0), 2),
    Bug("lost update, the second a step later", lost_update(1)),
    Bug("stampede, 3 tasks", stampede(0), 2),
    Bug("stampede, each a step later", stampede(1)),
    Bug("AB-BA", opposite_locks, 5),
    Bug("lost wakeup", lost_wakeup, 8),
    Bug("reorder_5", reorder(5), 10),
    Bug("reorder_10", reorder(10), 15),
    Bug("reorder_20", reorder(20), 6),
    Bug("twostage_20", two_stage(20), 60),
    Bug("bluetooth driver", bluetooth, 12),
]


def schedules_until(program: AsyncProgram, backend: str, seed: int) -> int:
    """How many were run, the failing one included."""
    result = explore(program, backends=[backend], seed=seed, max_schedules=MOST, max_seconds=600)
    return result.schedules[backend] + (result.failure is None)


def main(options: argparse.Namespace) -> None:
    """Print a line for each bug on each backend."""
    for backend in BACKENDS if options.backend == "all" else [options.backend]:
        print(f"\n{backend}, schedules until the bug, {options.seeds} seeds: mean, target, most", flush=True)
        for bug in BUGS:
            counts = [schedules_until(bug.program, backend, seed) for seed in range(options.seeds)]
            missed = "  MISSED" if bug.target and mean(counts) > bug.target else ""
            target = bug.target or ""
            print(f"  {bug.name:<40}{mean(counts):8.2f}{target:6}{max(counts):6}{missed}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backend", choices=[*BACKENDS, "all"], default="all")
    parser.add_argument("--seeds", type=int, default=20)
    main(parser.parse_args())
