"""The backends that can be driven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.errors import UsageError
from anymutex.testing.driver_asyncio import AsyncioDriver

if TYPE_CHECKING:
    from anymutex.testing.driver import Driver

DRIVERS: dict[str, type[Driver]] = {"asyncio": AsyncioDriver}
try:
    from anymutex.testing.driver_trio import TrioDriver
except ModuleNotFoundError:  # trio is an extra
    pass
else:
    DRIVERS["trio"] = TrioDriver


def make_driver(backend: str) -> Driver:
    """A new driver of `backend`.

    Raises:
        UsageError: It can't be driven.

    Example:
        >>> make_driver("uvloop")
        Traceback (most recent call last):
            ...
        anymutex.errors.UsageError: uvloop can't be driven: its loop is C code ...
    """
    refuse_unless_driven(backend)
    return DRIVERS[backend]()


def refuse_unless_driven(backend: str) -> None:
    """Do nothing if `backend` can be driven.

    Raises:
        UsageError: It can't, and why.
    """
    if backend in DRIVERS:
        return
    if "uvloop" in str(backend):
        raise UsageError("uvloop can't be driven: its loop is C code that lets nobody choose the next step")
    if backend == "trio":
        raise UsageError("trio is not installed: pip install anymutex[trio]")
    raise UsageError(f"unknown backend {backend!r}: asyncio and trio can be driven")
