"""The same program on every backend, side by side.

Rule 1. Compared is what a program means: outcome, exception, first line of the message, value returned.
        Numbers that depend on speed (map operations, conflicts, throughput) are shown and never compared.
Rule 2. Never fewer backends than asked for: one that is missing is an error, not a shorter table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.doors import backends as known
from anymutex.doors.measuring import measure
from anymutex.doors.program import Program
from anymutex.doors.tables import table
from anymutex.running import checked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from anymutex.doors.row import Row

HEAD = ("backend", "outcome", "result", "conflicts", "map operations", "seconds", "throughput")


@dataclass(frozen=True)
class Comparison:
    """What one program did on each backend. Its text is a table."""

    rows: tuple[Row, ...]
    """One for each backend, in the order they ran; the others are compared with the first."""

    @property
    def same(self) -> bool:
        """Whether outcome, exception, message and returned value were the same everywhere."""
        return not self.differences

    @property
    def differences(self) -> tuple[str, ...]:
        """What was not the same as on the first backend, in words, such as
        `value: [1, 2] on asyncio, [2, 1] on trio`.
        """
        first, *others = self.rows
        return tuple(line for row in others for line in row.differences_from(first))

    def check(self) -> Comparison:
        """Return itself if the backends agree.

        Raises:
            AssertionError: They don't; its text is the table with the differences.
        """
        if not self.same:
            raise AssertionError(f"the backends differ\n\n{self}")
        return self

    def to_json(self) -> dict[str, object]:
        """The comparison as plain data."""
        return {
            "same": self.same,
            "differences": list(self.differences),
            "rows": [asdict(row) for row in self.rows],
        }

    def __str__(self) -> str:
        cells = [(*_cells(row), _ratio(row, self.rows[0])) for row in self.rows]
        text = table(HEAD, cells)
        return "\n".join([text, "", *self.differences]) if self.differences else text


def compare(
    program: Callable[[], Awaitable[Any]],
    *,
    backends: Iterable[str] | None = None,
    seconds: float | None = None,
) -> Comparison:
    """Run the same program on one backend after the other and put the results side by side.

    Compared are the outcome (`ok`, `exception`, `conflict`, `deadlock`), the exception and the first line of
    its text (groups unwrapped), the `repr` of the value returned, and whether the time was up. So let the
    program return something whose `repr` says what matters: a sorted list rather than a set.

    Args:
        program: An async function without arguments, called once for each backend. Make locks and maps in it,
            else one run finds what the run before left behind.
        backends: Of `"asyncio"`, `"uvloop"` and `"trio"`; by default asyncio, uvloop if it is installed,
            and trio.
        seconds: After so many seconds a run is cancelled and counts as `ok`, stopped by the clock; needed
            for programs that run for ever. None waits.

    Returns:
        A `Comparison`; nothing that the program raises is raised here, except KeyboardInterrupt.

    Raises:
        UsageError: A backend is unknown or not installed.
        TypeError: `program` is no async function without arguments.
        RuntimeError: This thread runs an event loop already.

    Don't use it to measure speed (`benchmarks/` does that, in one interleaved run), nor as a proof: each
    backend runs one schedule of many. It is a plain function and not a checkpoint.

    Example:
        >>> async def program():
        ...     return sorted({"b": 1, "a": 2})
        >>> compare(program, backends=["asyncio"]).check().rows[0].value
        "['a', 'b']"
    """
    _refuse_inside_a_loop()
    checked(Program(program))
    chosen = known.comparable() if backends is None else known.chosen(backends)
    return Comparison(tuple(measure(program, backend, seconds) for backend in chosen))


def _refuse_inside_a_loop() -> None:
    if tasks.current_run() is not None:
        raise RuntimeError(
            "compare() starts its own event loops: call it from plain code, not from async code"
        )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.backend,
        row.outcome,
        _shortened(row.summary),
        str(row.conflicts),
        f"{row.operations:,}",
        f"{row.seconds:.2f}",
    )


def _ratio(row: Row, first: Row) -> str:
    return f"{row.throughput / first.throughput:.2f}x" if first.throughput else "-"


def _shortened(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
