"""Many thousand runs of programs that end well, in a deadlock or by an error: memory must not grow.

Run it by `python benchmarks/soak_explore_memory.py [--backend B] [--runs N] [--strategy walk|plan]`.

After the first tenth of the runs, memory as Python counts it may grow by 1 MiB in all, and as the system
counts it, which is known on Linux alone, by 8 MiB. The default plan remembers more and more, up to a limit.
"""

from __future__ import annotations

import argparse
import gc
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio
from anyio.lowlevel import checkpoint

from anymutex.testing.defaultplan import DefaultPlan
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.runner import runner_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.strategy import Strategy

BACKENDS = ["asyncio", "trio"]
STRATEGIES: dict[str, Callable[[int], Strategy]] = {"walk": RandomWalk, "plan": DefaultPlan}
REPORTS = 10
MIB = 1024 * 1024
PAGE = 4096
STATM = Path("/proc/self/statm")


class Memory(NamedTuple):
    """What is in use, in MiB."""

    traced: float
    resident: float


MOST_GROWTH = Memory(traced=1, resident=8)


def memory_now() -> Memory:
    """After a full collection."""
    gc.collect()
    pages = int(STATM.read_text().split()[1]) if STATM.exists() else 0
    return Memory(tracemalloc.get_traced_memory()[0] / MIB, pages * PAGE / MIB)


async def program() -> None:
    """Take two locks in opposite orders, for which one has a time limit; and fail if the timing is right."""
    x, y = anyio.Lock(), anyio.Lock()
    turns: list[str] = []

    async def take_both(name: str, first: anyio.Lock, second: anyio.Lock) -> None:
        async with first:
            turns.append(name)
            async with second:
                await checkpoint()

    async def watch() -> None:
        with anyio.move_on_after(1):
            await anyio.sleep(2)
        for _ in range(3):
            await checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(take_both, "A", x, y)
        group.start_soon(take_both, "B", y, x)
        group.start_soon(take_both, "C", x, y)
        group.start_soon(watch)
    assert turns[0] != "C", "C was first"


def soak(backend: str, runs: int, strategy: Strategy) -> None:
    """Run the program so often, and print what memory it takes on the way."""
    print(f"\n{backend}, {runs:,} runs, {type(strategy).__name__}", flush=True)
    history: list[Memory] = []
    outcomes: Counter[str] = Counter()
    with runner_of(program, backend) as runner:
        for done in range(1, runs + 1):
            outcome = runner.run(strategy)
            assert outcome is not None, f"every schedule was run after {done - 1}"
            outcomes[outcome.kind or "fine"] += 1
            if done % (runs // REPORTS) == 0:
                history.append(memory_now())
                traced, resident = history[-1]
                print(f"  {done:9,}: {traced:7.2f} MiB traced, {resident:7.1f} MiB resident", flush=True)
    growth = Memory(history[-1].traced - history[0].traced, history[-1].resident - history[0].resident)
    print(f"  {dict(outcomes)}; grown by {growth.traced:.2f} MiB traced, {growth.resident:.1f} MiB resident")
    assert growth.traced < MOST_GROWTH.traced, "memory grows"
    assert growth.resident < MOST_GROWTH.resident, "memory grows"


def main(options: argparse.Namespace) -> None:
    """Soak each backend that was asked for."""
    tracemalloc.start()
    for backend in BACKENDS if options.backend == "all" else [options.backend]:
        soak(backend, options.runs, STRATEGIES[options.strategy](0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backend", choices=[*BACKENDS, "all"], default="all")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--strategy", choices=list(STRATEGIES), default="walk")
    main(parser.parse_args())
