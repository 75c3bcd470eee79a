"""One line of a comparison: what one program did on one backend, as plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What one program did on one backend."""

    backend: str
    """`"asyncio"`, `"uvloop"` or `"trio"`."""
    outcome: str
    """`"ok"`, `"exception"`, `"conflict"` or `"deadlock"`."""
    exception: str | None
    """The class names of what was raised, groups unwrapped; None if nothing was."""
    message: str | None
    """The first lines of its text; the rest of a report names lines of the backend's own making."""
    value: str | None
    """The `repr` of what was returned; None if something was raised, or the time was up first."""
    stopped: bool
    """Whether the time was up before the program ended."""
    conflicts: int
    """How many conflicts were found, those that the program handled itself included."""
    operations: int
    """Reads and writes of all SharedMaps; each step of an iteration is one."""
    seconds: float
    """From the first line of the program to its end."""

    @property
    def throughput(self) -> float:
        """Map operations per second."""
        return self.operations / self.seconds if self.seconds else 0.0

    @property
    def summary(self) -> str:
        """What came of it, in one line."""
        if self.exception is not None:
            return f"{self.exception}: {self.message}" if self.message else self.exception
        return f"stopped after {self.seconds:.2g} s" if self.stopped else f"returned {self.value}"

    @property
    def result(self) -> tuple[object, ...]:
        """What must be the same on every backend; numbers that depend on speed are not in it.

        Object addresses are left out of a value: they differ from one run to the next.
        """
        value = None if self.value is None else re.sub(r" at 0x[0-9a-fA-F]+", "", self.value)
        return self.outcome, self.exception, self.message, value, self.stopped

    def differences_from(self, other: Row) -> list[str]:
        """What is not the same as in `other`, in words."""
        names = ("outcome", "exception", "message", "value", "stopped by the clock")
        pairs = zip(names, other.result, self.result, strict=True)
        return [
            f"{name}: {theirs} on {other.backend}, {mine} on {self.backend}"
            for name, theirs, mine in pairs
            if theirs != mine
        ]
