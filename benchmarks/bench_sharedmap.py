"""What a SharedMap costs against dict, as ratios per operation, on asyncio, uvloop and trio.

Run it by `python benchmarks/bench_sharedmap.py [--backend asyncio|uvloop|trio] [--rounds N]`.

No iteration is open while the single operations are timed: that is the usual state of a map.
"""

from __future__ import annotations

from functools import partial
from timeit import Timer
from typing import TYPE_CHECKING, TypeAlias

import anyio
from interleaved import Candidate, Contest, hold
from loops import command_line, run_on_each_loop

from anymutex import Mutex, SharedMap

if TYPE_CHECKING:
    import argparse
    from collections.abc import MutableMapping

    Map: TypeAlias = MutableMapping[int, int]

GUARDED = 8.0
# What is timed, as Python, and the ratio to dict not to pass; `m` has a thousand keys, 7 is one of them.
SINGLE = {
    "get: m[7]": ("m[7]", 2.5),
    "get: m.get(7)": ("m.get(7)", 2.5),
    "set: m[7] = 1": ("m[7] = 1", 3.5),
    "in: 7 in m": ("7 in m", 2.5),
    "len: len(m)": ("len(m)", 2.5),
}
GUARDABLE = {"m[7]", "m.get(7)", "m[7] = 1"}
WHOLE = {
    "iteration per key: m": "for _ in m: pass",
    "iteration per key: m.items()": "for _ in m.items(): pass",
    "iteration per key: m.values()": "for _ in m.values(): pass",
}
WHOLE_TARGET = 3.5
KEYS = 1000
FEW_KEYS = 10
COPIES = 10


def candidate(name: str, mapping: Map, statement: str, copies: int, target: float | None = None) -> Candidate:
    """Make a candidate that runs `statement` with `m` as `mapping`.

    The statement stands `copies` times in the loop, whose own cost would flatter us beside a dict's 15 ns.
    """
    timer = Timer("\n".join([statement] * copies), "m = mapping", globals={"mapping": mapping})

    async def operate(times: int) -> None:
        timer.timeit(times // copies)

    return Candidate(name, operate, target)


def single_contest(title: str, statement: str, target: float, guards: dict[str, object]) -> Contest:
    """One operation on one key; `guards` are locks that the running task holds."""
    content = {key: key for key in range(KEYS)}
    contest = Contest(
        title,
        [
            candidate("dict", dict(content), statement, COPIES),
            candidate("SharedMap", SharedMap(content), statement, COPIES, target),
        ],
    )
    for name, lock in guards.items() if statement in GUARDABLE else ():
        guarded = SharedMap(content, guarded_by=lock)
        limit = GUARDED if isinstance(lock, Mutex) else None
        contest.candidates.append(candidate(f"guarded by {name}", guarded, statement, COPIES, limit))
    return contest


def whole_contest(title: str, statement: str, keys: int, target: float | None) -> Contest:
    """A loop over all keys, without an await in it."""
    content = {key: key for key in range(keys)}
    candidates = [
        candidate("dict", dict(content), statement, 1),
        candidate("SharedMap", SharedMap(content), statement, 1, target),
    ]
    return Contest(title, candidates, per=keys if target else 1)


async def main(options: argparse.Namespace) -> None:
    """Hold every contest on the loop that runs."""
    mutex, anyio_lock = Mutex(), anyio.Lock()
    compete = partial(hold, rounds=options.rounds)
    async with mutex, anyio_lock:
        guards: dict[str, object] = {"Mutex, held": mutex, "anyio.Lock, held": anyio_lock}
        for title, (statement, target) in SINGLE.items():
            await compete(single_contest(title, statement, target, guards))
        for title, statement in WHOLE.items():
            await compete(whole_contest(title, statement, KEYS, WHOLE_TARGET))
        await compete(whole_contest(f"a loop over {FEW_KEYS} keys", "for _ in m: pass", FEW_KEYS, None))


if __name__ == "__main__":
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    run_on_each_loop(main, parser.parse_args())
