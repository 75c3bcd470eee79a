"""How many await races of a folder of programs `anymutex race` tells, and how many it invents.

Run it by `python benchmarks/score_race.py [FOLDER ...]`; by default it takes the folders beside it in
`race_programs`. A program is one file with `async def main()`:

- `buggy_*.py` runs into its race in the default order;
- `buggy_sched_*.py` only in another order: it is given to `anymutex explore` with SEARCH;
- `correct_*.py` looks like the others, and is right.

Those that end in `_asyncio.py` are run on asyncio alone, the others on trio too. A buggy one counts as told
if there is any report; all reports of the correct ones are printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent / "race_programs"
SEARCH = ["--races", "--schedules", "50", "--early-timers", "1"]
SECONDS = 60
TARGET = 0.8


class Score(NamedTuple):
    """What came of one program on one backend."""

    file: Path
    backend: str
    kinds: tuple[str, ...]
    text: str


def main() -> None:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    for folder in parser.parse_args().folders or sorted(path for path in HERE.iterdir() if path.is_dir()):
        show(folder, [score for file in sorted(folder.glob("*_*.py")) for score in scores_of(file)])


def scores_of(file: Path) -> list[Score]:
    """Run `file` on each of its backends."""
    backends = ["asyncio"] if file.stem.endswith("_asyncio") else ["asyncio", "trio"]
    look = explored if file.stem.startswith("buggy_sched_") else raced
    return [look(file, backend) for backend in backends]


def raced(file: Path, backend: str) -> Score:
    """Run it once, watched."""
    races = asked("race", str(file), "--backend", backend)
    return Score(
        file, backend, tuple(race["kind"] for race in races), "".join(race["text"] for race in races)
    )


def explored(file: Path, backend: str) -> Score:
    """Look for a race under some schedules."""
    result = asked("explore", str(file), *SEARCH, "--backend", backend)
    failure = result["failure"]
    return Score(file, backend, (failure["kind"],) if failure else (), failure["report"] if failure else "")


def asked(*arguments: str) -> Any:
    """What the command writes as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "told.json"
        command = [sys.executable, "-m", "anymutex", *arguments, "--json", str(path)]
        subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        return json.loads(path.read_text(encoding="utf-8"))


def show(folder: Path, scores: list[Score]) -> None:
    """The table, what was missed, and what was invented."""
    told, all_of_them = Counter[str](), Counter[str]()
    for score in scores:
        all_of_them[group_of(score)] += 1
        told[group_of(score)] += bool(score.kinds)
    print(f"\n{folder.name:<40} told   of   target")
    for group, count in sorted(all_of_them.items()):
        target = "0" if group.startswith("correct") else f">= {TARGET:.0%}"
        print(f"  {group:<38} {told[group]:>4} {count:>4}   {target}  ({told[group] / count:.0%})")
    for score in scores:
        is_correct = score.file.name.startswith("correct")
        if is_correct == bool(score.kinds):
            print(f"  {'INVENTED' if is_correct else 'missed'}: {score.file.name} on {score.backend}")
            print(score.text if is_correct else "", end="")


def group_of(score: Score) -> str:
    """`buggy on trio`."""
    kind = "buggy_sched" if score.file.name.startswith("buggy_sched") else score.file.name.partition("_")[0]
    return f"{kind} on {score.backend}"


if __name__ == "__main__":
    main()
