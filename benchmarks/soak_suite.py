"""The test suite, many times in a row: a test that fails one time in twenty is found here.

Run it by `python benchmarks/soak_suite.py [--times N] [PYTEST-ARGUMENT ...]`.

Ends with 1 if a run failed, and shows the whole output of that run. Hashes differ from run to run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run_suite(arguments: list[str]) -> tuple[bool, str]:
    """Run pytest once; return whether it passed, and what it printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    result = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return result.returncode == 0, result.stdout.rstrip()


def main(times: int, arguments: list[str]) -> int:
    """Run the suite `times` times and return how many runs failed."""
    failed = 0
    for number in range(1, times + 1):
        passed, output = run_suite(arguments)
        failed += not passed
        print(f"{number:>3} of {times}: {output.splitlines()[-1] if passed else output}", flush=True)
    print(f"{times - failed} of {times} runs passed")
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=20)
    options, pytest_arguments = parser.parse_known_args()
    sys.exit(1 if main(options.times, pytest_arguments) else 0)
