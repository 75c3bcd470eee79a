"""Program 1's conflict is found in every run, at the reader's first step after a write fell into its window.

Run it by `python benchmarks/soak_conflict.py [--backend asyncio|uvloop|trio] [--runs N]`.

Both tasks pause a random number of times, and in some runs the writer much longer than in others, so that
the tasks meet in many ways and whole passes go by without a write. The writer notes a write made while the
reader stands at its await; from then on the reader must get no further item, and must not come to the
loop's end either. Ends with 1 if a run failed, and says which.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint
from loops import command_line, run_on_each_loop

from anymutex import ConflictError, SharedMap

if TYPE_CHECKING:
    import argparse

GIVE_UP_AFTER = 10.0
PATIENCE = (0, 3, 30, 300)
SENTENCE = "concurrent map iteration and map write"


@dataclass
class Run:
    """One run of program 1 and what was seen in it."""

    seed: int
    m: SharedMap[int, int] = field(default_factory=SharedMap)
    window_open: bool = False
    write_in_window: bool = False
    reads: int = 0
    complaint: str = "no conflict was found in time"

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.patience = self.random.choice(PATIENCE)

    async def pause(self, least: int, most: int) -> None:
        """Let the other task run, a random number of times."""
        for _ in range(self.random.randint(least, most)):
            await checkpoint()


async def write_loop(run: Run) -> None:
    """Write for ever, and note a write that falls into the reader's window."""
    while True:
        for i in range(100):
            run.m[i] = i
            run.write_in_window = run.write_in_window or run.window_open
            await run.pause(0, run.patience)
        await checkpoint()


async def read_loop(run: Run) -> None:
    """Read for ever, and complain about an item, or an end, that comes after such a write."""
    while True:
        for _ in run.m.items():
            expect_no_write(run, "an item")
            run.reads += 1
            run.window_open = True
            await run.pause(1, 3)
            run.window_open = False
        expect_no_write(run, "the loop's end")
        await checkpoint()


def expect_no_write(run: Run, what: str) -> None:
    """Raise if a write had fallen into the window before the reader got `what`."""
    if run.write_in_window:
        raise AssertionError(f"the reader got {what} after a write fell into its window")


async def one_run(seed: int) -> Run:
    """Run program 1 until it ends; `complaint` is empty if it ended as it must."""
    run = Run(seed)
    try:
        with anyio.move_on_after(GIVE_UP_AFTER):
            async with anyio.create_task_group() as group:
                group.start_soon(read_loop, run)
                group.start_soon(write_loop, run)
    except* ConflictError as errors:
        run.complaint = judge(run, errors)
    except* (AssertionError, RuntimeError) as errors:
        run.complaint = f"{errors.exceptions[0]!r}"
    return run


def judge(run: Run, errors: BaseExceptionGroup[ConflictError]) -> str:
    """Return what is wrong with the conflict that was raised, or nothing."""
    [error] = errors.exceptions
    if SENTENCE not in str(error):
        return f"the report lacks Go's sentence: {error}"
    if not run.write_in_window:
        return "a conflict was raised though no write had fallen into the window"
    return ""


async def main(options: argparse.Namespace) -> None:
    """Do all the runs on the loop that runs, and print what came of them."""
    runs = [await one_run(seed) for seed in range(options.runs)]
    failed = [run for run in runs if run.complaint]
    reads = sorted(run.reads for run in runs)
    print(
        f"  conflict found in {len(runs) - len(failed)} of {len(runs)} runs, each at the reader's first step"
    )
    print(f"  reads until then: {reads[0]} to {reads[-1]}, median {reads[len(reads) // 2]}")
    for run in failed:
        print(f"  FAILED, run {run.seed}: {run.complaint}")
    options.failed += len(failed)


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    options.failed = 0
    run_on_each_loop(main, options)
    sys.exit(1 if options.failed else 0)
