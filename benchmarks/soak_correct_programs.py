"""Correct programs under very many schedules: a failure told there is a bug of `explore`, or of the program.

Run it by `python benchmarks/soak_correct_programs.py [--schedules N] [--only NAME]`.

The programs are those of `tests/correct/`. They are explored in rounds, on both backends, each round with
another strategy and another seed, until N schedules have run in all. Ends with 1 if one failed, and shows
each report.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from anymutex.errors import UsageError
from anymutex.testing import explore
from anymutex.testing.defaultplan import DefaultPlan
from anymutex.testing.fewdeviations import FewDeviations
from anymutex.testing.pct import Pct
from anymutex.testing.pos import Pos
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.urw import Urw

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import correct

if TYPE_CHECKING:
    from anymutex.testing.strategy import Strategy

BACKENDS = ("asyncio", "trio")
STRATEGIES: list[type[Strategy]] = [DefaultPlan, Urw, Pos, FewDeviations, Pct, RandomWalk]
ROUND = 25
"""Schedules of a program on a backend, in each round; fewer if there are no more."""


class Soak:
    """What was run so far."""

    def __init__(self, programs: dict[str, correct.Program], schedules: int) -> None:
        self.programs = programs
        self.wanted = schedules
        self.schedules = 0
        self.failed: dict[tuple[str, str], str] = {}
        self.refused: dict[str, str] = {}

    def go(self) -> None:
        """Round after round."""
        for number in count():
            for name in self.programs:
                for backend in BACKENDS:
                    if self.schedules >= self.wanted:
                        return
                    if name not in self.refused and (name, backend) not in self.failed:
                        self.run(name, backend, number)
            if not self.schedules:
                return

    def run(self, name: str, backend: str, number: int) -> None:
        """One program on one backend, in one round."""
        make = STRATEGIES[number % len(STRATEGIES)]
        try:
            result = explore(
                self.programs[name], backends=[backend], max_schedules=ROUND, seed=number, strategy=make
            )
        except UsageError as refusal:
            self.refused[name] = str(refusal)
            return
        except Exception:  # the tool's own
            self.failed[name, backend] = f"round {number}, {make.__name__}\n{traceback.format_exc()}"
            return
        self.schedules += result.schedules[backend]
        if result.failure is not None:
            self.failed[name, backend] = result.failure.report

    def tell(self, seconds: float) -> None:
        """In a few lines, and the reports."""
        run = len(self.programs) - len(self.refused)
        print(f"{run} programs, {self.schedules:,} schedules in {seconds:.0f} s, {len(self.failed)} failures")
        for name, why in self.refused.items():
            print(f"refused: {name}: {why}")
        for (name, backend), report in self.failed.items():
            print(f"\nFAILED: {name} on {backend}\n{report}")


def main() -> int:
    """Run them, and give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--only", default="", help="programs with this in their names")
    options = parser.parse_args()
    programs = {name: program for name, program in correct.programs().items() if options.only in name}
    soak = Soak(programs, options.schedules)
    began = time.monotonic()
    soak.go()
    soak.tell(time.monotonic() - began)
    unexpected = [name for name in soak.refused if not name.startswith("threads.")]
    return 1 if soak.failed or unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
