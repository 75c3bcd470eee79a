"""Correct programs are never blamed: a slice of what `benchmarks/soak_correct_programs.py` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import correct
import pytest
from anyio.lowlevel import checkpoint

from anymutex.errors import UsageError
from anymutex.testing import explore

if TYPE_CHECKING:
    from anymutex.testing.exploration import Exploration

SCHEDULES = 16
PROGRAMS = correct.programs()
FAMILIES = sorted({name.partition(".")[0] for name in PROGRAMS})


def a_slice_of(name: str, seed: int = 0) -> Exploration:
    """So many schedules of a program on each backend."""
    return explore(PROGRAMS[name], max_schedules=SCHEDULES, seed=seed)


def test_there_are_enough() -> None:
    """The test below would pass with none."""
    assert len(PROGRAMS) >= 55
    assert len(FAMILIES) == 16


@pytest.mark.parametrize("family", FAMILIES)
def test_a_correct_program_is_never_blamed(family: str) -> None:
    """On either backend, by the default plan."""
    for name in PROGRAMS:
        if name.startswith(f"{family}."):
            try:
                result = a_slice_of(name)
            except UsageError as refusal:
                if family != "threads":
                    raise
                pytest.skip(str(refusal))

            assert (name, str(result.failure and result.failure.report)) == (name, "None")
            assert set(result.schedules) == {"asyncio", "trio"}


class LaxLock(anyio.Lock):
    """Excludes nobody."""

    def __new__(cls, *, fast_acquire: bool = False) -> LaxLock:
        return object.__new__(cls)

    async def acquire(self) -> None:
        """Let others in, as the real one."""
        await checkpoint()

    async def __aenter__(self) -> None:
        await self.acquire()

    def release(self) -> None:
        """Nothing was taken."""

    def locked(self) -> bool:
        """Never."""
        return False


@pytest.mark.parametrize("name", ["shared_by_three", "handed_to_who_waits", "given_up_by_a_cancelled_waiter"])
def test_an_incorrect_one_would_be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a lock that excludes nobody their own assertions fail."""
    monkeypatch.setattr(anyio, "Lock", LaxLock)
    result = a_slice_of(f"every_lock.{name}.Lock")

    assert result.failure is not None
    assert result.failure.kind == "exception"
