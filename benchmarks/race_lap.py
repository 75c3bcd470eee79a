"""One lap of `bench_race.py`: a program of `race_work`, bare or instrumented, in a process of its own.

Run by it as `python benchmarks/race_lap.py PROGRAM TIMES BACKEND [--race] [PACKAGE ...]`; prints JSON.

Rule 1. Both kinds of process load the same modules before the clock starts, ours too; so start-up is the
        import of the program and its packages and one turn of its work: some are imported by need.
Rule 2. Ours import anyio. Where that is a package to be watched, a fresh copy of it is imported by both.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sys
from contextlib import ExitStack
from pathlib import Path
from time import process_time

from anymutex.watch.instrument import folder_of, instrumenting

PROGRAMS = Path(__file__).parent / "race_work"


def main(asked: argparse.Namespace) -> dict[str, float]:
    """Import the program, run it once to get warm and once for the clock."""
    sys.path.insert(0, str(PROGRAMS))
    folders = [folder for package in asked.packages if (folder := folder_of(package))]
    for name in [name for name in sys.modules if name.partition(".")[0] in asked.packages]:
        del sys.modules[name]
    with ExitStack() as stack:
        started = process_time()
        if asked.race:
            stack.enter_context(instrumenting([PROGRAMS / f"{asked.program}.py", *folders]))
        program = importlib.import_module(asked.program)
        anyio = importlib.import_module("anyio")
        anyio.run(program.main, 1, backend=asked.backend)
        start_up = process_time() - started
        anyio.run(program.main, max(1, asked.times // 10), backend=asked.backend)
        started = process_time()
        anyio.run(program.main, asked.times, backend=asked.backend)
        work = process_time() - started
    return {"work": work, "start_up": start_up, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("times", type=int)
    parser.add_argument("backend")
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--race", action="store_true")
    print(json.dumps(main(parser.parse_args())))
