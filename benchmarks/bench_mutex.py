"""What a Mutex costs against `anyio.Lock()` and the other locks, as ratios, on asyncio, uvloop and trio.

Run it by `python benchmarks/bench_mutex.py [--backend asyncio|uvloop|trio] [--rounds N]`.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from anyio.lowlevel import checkpoint
from interleaved import Candidate, Contest, hold
from loops import command_line, installed, run_on_each_loop

from anymutex import Mutex, probe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Coroutine

    from interleaved import Operate

    Use: TypeAlias = Callable[["Lock", int], Coroutine[object, object, None]]

Lock: TypeAlias = AbstractAsyncContextManager[object]

UNCONTENDED = {"asyncio": 0.40, "uvloop": 0.40, "trio": 0.60}
CONTENDED = 1.15
LISTENED = 2.0
CROWDS = (2, 10, 100)


class EmptyBlock:
    """What `async with` costs when nothing is done in it: the floor under every lock."""

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass


async def alone(lock: Lock, times: int) -> None:
    """Take `lock` again and again, with nobody else about."""
    for _ in range(times):
        async with lock:
            pass


def pausing(pause: Callable[[], Awaitable[object]]) -> Use:
    """Make a task's work: take the lock again and again, and let the others run while holding it."""

    async def use(lock: Lock, times: int) -> None:
        for _ in range(times):
            async with lock:
                await pause()

    return use


async def crowd(use: Use, tasks: int, lock: Lock, times: int) -> None:
    """Let `tasks` tasks share `times` uses of `lock`."""
    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(use, lock, times // tasks)


async def listened_to(operate: Operate, times: int) -> None:
    """Operate while somebody listens to the probe."""
    with probe.listening(lambda event: None):
        await operate(times)


def make_peers(loop: str) -> dict[str, Lock]:
    """Make one lock of every kind that is not ours, the base first."""
    peers: dict[str, Lock] = {
        "anyio.Lock()": anyio.Lock(),
        "anyio.Lock(fast_acquire=True)": anyio.Lock(fast_acquire=True),
        f"{'trio' if loop == 'trio' else 'asyncio'}.Lock()": make_native_lock(loop),
    }
    if installed("aiologic"):
        import aiologic

        peers["aiologic.Lock()"] = aiologic.Lock()
    return peers


def make_native_lock(loop: str) -> Any:
    """Make the loop's own lock."""
    if loop == "trio":
        import trio

        return trio.Lock()
    return asyncio.Lock()


def native_pause(loop: str) -> Callable[[], Awaitable[object]]:
    """Return the cheapest way to let the other tasks of the loop run."""
    if loop == "trio":
        import trio

        return trio.lowlevel.cancel_shielded_checkpoint
    return partial(asyncio.sleep, 0)


def uncontended_contest(loop: str) -> Contest:
    """One task, one lock that is always free."""
    locks = make_peers(loop) | {
        "Mutex()": Mutex(),
        "Mutex(fast_acquire=True)": Mutex(fast_acquire=True),
        "nullcontext()": nullcontext(),
        "empty async with": EmptyBlock(),
    }
    targets = {"Mutex()": UNCONTENDED[loop]}
    candidates = [Candidate(name, partial(alone, lock), targets.get(name)) for name, lock in locks.items()]
    return Contest("uncontended", candidates)


def contended_contest(loop: str, title: str, use: Use, tasks: int) -> Contest:
    """Several tasks that want one lock at once."""
    locks = make_peers(loop) | {"Mutex()": Mutex(), "Mutex(fast_acquire=True)": Mutex(fast_acquire=True)}
    targets = {"Mutex()": CONTENDED}
    candidates = [
        Candidate(name, partial(crowd, use, tasks, lock), targets.get(name)) for name, lock in locks.items()
    ]
    # A long block, for what it costs to start the tasks is timed too.
    return Contest(f"{tasks} tasks, {title}", candidates, block=0.04)


def listener_contest(title: str, operate: Operate) -> Contest:
    """The same Mutex with somebody listening, and without."""
    return Contest(
        f"listener, {title}",
        [
            Candidate("Mutex()", operate),
            Candidate("Mutex() and a listener", partial(listened_to, operate), LISTENED),
        ],
    )


async def main(options: argparse.Namespace) -> None:
    """Hold every contest on the loop that runs."""
    loop = options.loop
    uses = {
        "nothing in the block": alone,
        "a checkpoint in it": pausing(checkpoint),
        "the loop's own pause in it": pausing(native_pause(loop)),
    }
    await hold(uncontended_contest(loop), options.rounds)
    for title, use in uses.items():
        for tasks in CROWDS:
            await hold(contended_contest(loop, title, use, tasks), options.rounds)
    await hold(listener_contest("uncontended", partial(alone, Mutex())), options.rounds)
    await hold(listener_contest("10 tasks", partial(crowd, pausing(checkpoint), 10, Mutex())), options.rounds)


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    run_on_each_loop(main, parser.parse_args())
