"""What the tests of the drivers share: a run in any order, on either backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.choices import Schedule
from anymutex.testing.driver_asyncio import AsyncioDriver
from anymutex.testing.driver_trio import TrioDriver
from anymutex.testing.scheduler import Limits, Scheduler
from anymutex.testing.strategy import Replay

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram, Driver, Ended

DRIVERS: dict[str, type[Driver]] = {"asyncio": AsyncioDriver, "trio": TrioDriver}


def drive(
    driver: Driver, program: AsyncProgram, token: str = "v1", limits: Limits | None = None
) -> tuple[Ended, Scheduler]:
    """Run `program` once in the order of `token`, to be followed without a divergence."""
    strategy = Replay(Schedule.parse(token))
    strategy.begin()
    scheduler = Scheduler(strategy, limits)
    ended = driver.run(program, scheduler)
    scheduler.end()
    assert strategy.divergence is None
    return ended, scheduler
