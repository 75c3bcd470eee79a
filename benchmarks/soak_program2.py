"""Program 2 never makes a report, with `anyio.Lock` and with `Mutex`.

Run it by `python benchmarks/soak_program2.py [--backend asyncio|uvloop|trio] [--runs N] [--seconds S]`.

Ends with 1 if a conflict was reported, or if a run proved nothing because one side never had its turn.
The runs take their time: with the defaults ten minutes in all.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio
from loops import command_line, run_on_each_loop
from programs import Lock, Tally, run_program_2

from anymutex import ConflictError, Mutex

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

LOCKS: dict[str, Callable[[], Lock]] = {"anyio.Lock()": anyio.Lock, "Mutex()": Mutex}


async def one_run(lock: Lock, seconds: float) -> tuple[Tally, str]:
    """Run program 2 once; the text says what was wrong, if anything was."""
    try:
        tally = await run_program_2(lock, seconds)
    except* ConflictError as errors:
        complaint = f"a report was made:\n{errors.exceptions[0]}"
    else:
        return tally, "" if tally.writes and tally.passes else f"a side never had its turn: {tally}"
    return Tally(), complaint


async def main(options: argparse.Namespace) -> None:
    """Do all the runs on the loop that runs, and print what came of them."""
    for name, make in LOCKS.items():
        results = [await one_run(make(), options.seconds) for _ in range(options.runs)]
        complaints = [complaint for _, complaint in results if complaint]
        writes = sum(tally.writes for tally, _ in results)
        passes = sum(tally.passes for tally, _ in results)
        print(f"  {name:<14}{options.runs} runs x {options.seconds:g} s: {len(complaints)} failed,", end=" ")
        print(f"{writes} writes, {passes} read passes", *complaints, sep="\n  FAILED: ", flush=True)
        options.failed += len(complaints)


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    options.failed = 0
    run_on_each_loop(main, options)
    sys.exit(1 if options.failed else 0)
