"""The driver of trio: one run of trio for each run of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from anymutex.testing.driver import Ended, awaited, driving
from anymutex.testing.gate import Gate

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.scheduler import Scheduler


class TrioDriver:
    """Drives the real trio through a gate."""

    def run(self, program: AsyncProgram, scheduler: Scheduler) -> Ended:
        """Run `program` once, to its end or until it is stopped."""
        clock = trio.testing.MockClock(autojump_threshold=0)
        gate = Gate(scheduler, clock)
        result = _Result()
        with driving():
            trio.run(_behind, gate, program, result, clock=clock, instruments=[gate])
        if gate.error is not None:
            raise gate.error
        if not scheduler.trace:
            raise RuntimeError("trio has dropped the instrument that drives it; its log says why")
        ended = Ended(result.value, result.error, gate.blocked, leftovers=tuple(gate.closed))
        return ended._replace(threads=gate.threads.started())

    def close(self) -> None:
        """Nothing is kept between runs."""


class _Result:
    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None

    async def hold(self, program: AsyncProgram) -> None:
        """Keep what `program` gives or raises. Its cancellation is ours."""
        try:
            self.value = await awaited(program)
        except trio.Cancelled:
            raise
        except BaseException as error:
            self.error = error


async def _behind(gate: Gate, program: AsyncProgram, result: _Result) -> None:
    async with trio.open_nursery() as nursery:
        gate.open(nursery)
        nursery.start_soon(result.hold, program, name="main")
