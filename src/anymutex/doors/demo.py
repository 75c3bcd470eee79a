"""`anymutex demo`: see the map break at an await, and be cured by a mutex, on every backend.

Rule 1. Every number is measured in this very run.
Rule 2. Results go to stdout, progress to stderr.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio

from anymutex.doors.demo_counts import Counts
from anymutex.doors.demo_programs import broken, cured
from anymutex.doors.endings import fatal_in
from anymutex.doors.hosting import host
from anymutex.doors.tables import table
from anymutex.primitives.mutex import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anymutex.doors.backends import Backend
    from anymutex.doors.endings import Fatal

# Six runs of this length are most of the demo's time.
CURED_SECONDS = 0.8
# A conflict comes within milliseconds; this only keeps a demo that finds none from running for ever.
BROKEN_SECONDS = 3.0
LOCKS: dict[str, Callable[[], anyio.Lock | Mutex]] = {"anyio.Lock": anyio.Lock, "anymutex.Mutex": Mutex}


def show(backends: Sequence[Backend]) -> int:
    """Run both programs on each of `backends` and print what happened.

    Returns:
        The exit code: 0, or 1 if a backend found no conflict in the broken program.
    """
    print("Program 1: one task writes a map for ever, another iterates over it. Nothing guards it.")
    found = [_run_broken(backend) for backend in backends]
    _print_broken(backends, found)
    print("\nProgram 2: the same with one mutex, held for each write and each whole iteration.\n", flush=True)
    _print_cured([(backend, name, _run_cured(backend, name)) for name in LOCKS for backend in backends])
    return 0 if all(fatal for _, fatal in found) else 1


def _run_broken(backend: Backend) -> tuple[Counts, Fatal | None]:
    counts = Counts()

    async def main() -> None:
        await broken(counts)

    _progress(f"program 1 on {backend.name}")
    try:
        host(main, backend, BROKEN_SECONDS)
    except Exception as error:
        if fatal := fatal_in(error):
            return counts, fatal
        raise
    finally:
        _progress("")
    return counts, None


def _print_broken(backends: Sequence[Backend], found: list[tuple[Counts, Fatal | None]]) -> None:
    first = next((fatal for _, fatal in found if fatal), None)
    print(f"\nfatal error: {first}\n\nHow soon it came:\n" if first else "\nNo conflict was found.\n")
    rows = [
        (backend.name, str(counts.reads), str(counts.writes), fatal.report.headline if fatal else "none")
        for backend, (counts, fatal) in zip(backends, found, strict=True)
    ]
    print(table(("backend", "reads", "writes", "then"), rows))


def _run_cured(backend: Backend, lock: str) -> Counts:
    counts = Counts()

    async def main() -> None:
        await cured(LOCKS[lock](), counts)

    _progress(f"program 2 with {lock} on {backend.name}, {CURED_SECONDS} s")
    host(main, backend, CURED_SECONDS)
    _progress("")
    return counts


def _print_cured(results: list[tuple[Backend, str, Counts]]) -> None:
    head = ("lock", "backend", "writes", "read passes", "writer:reader", "longest wait (ms)")
    rows = [(lock, backend.name, *_cells(counts)) for backend, lock, counts in results]
    print(table(head, rows))


def _cells(counts: Counts) -> tuple[str, ...]:
    ratio = f"{counts.writes / counts.passes:.2f}:1" if counts.passes else "-"
    return str(counts.writes), str(counts.passes), ratio, f"{counts.longest_wait * 1000:.1f}"


def _progress(text: str) -> None:
    """Keep one line of a terminal up to date; elsewhere print a line for each thing that begins."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)
