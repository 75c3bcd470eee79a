"""Races of tasks, found while a program runs: for tests, for the command, and for `explore`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from anymutex.errors import UsageError
from anymutex.watch import findings, modulehooks
from anymutex.watch.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from anymutex.watch.racereport import AwaitRace


class RaceWatch:
    """Collects the races that instrumented code runs into, while it is entered. A listener, and no more.

    Args:
        on_race: Called with each race when it is first seen, in the task that ran into it.
        suppressions: What is not to be told; by default what comments in the source say.

    Attributes:
        races: The races so far, each pair of lines once, with how often it was seen.

    Example:
        >>> with RaceWatch() as watch:
        ...     pass
        >>> watch.races
        []
    """

    def __init__(
        self,
        on_race: Callable[[AwaitRace], object] | None = None,
        suppressions: Suppressions | None = None,
    ) -> None:
        self.races: list[AwaitRace] = []
        self.suppressions = Suppressions() if suppressions is None else suppressions
        self._on_race = on_race
        self._places: dict[tuple[object, ...], int] = {}

    def __enter__(self) -> Self:
        findings.listeners.append(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        findings.listeners.remove(self._hear)

    def _hear(self, race: AwaitRace) -> None:
        if self.suppressions.covers(race):
            return
        place = self._places.get(race.key)
        if place is not None:
            self.races[place] = replace(self.races[place], seen=self.races[place].seen + 1)
            return
        self._places[race.key] = len(self.races)
        self.races.append(race)
        if self._on_race is not None:
            self._on_race(race)


@contextmanager
def detect_races() -> Iterator[list[AwaitRace]]:
    """Collect the await races that happen in a block.

    Only code that was instrumented is seen: run the tests with `pytest --race`, the program with
    `anymutex race`, or call `anymutex.watch.instrument.install("package")` before the package is imported. A
    race that could have happened and did not is not told; for that there is `explore`.

    Yields:
        The list of the races, which grows while the block runs. Each has `kind`, `location`, `str()` and
        `to_json()`; each pair of lines is in it once.

    Raises:
        UsageError: Nothing was instrumented before: an empty list would say nothing.

    Don't use it to make production code safe: it doubles the time that code takes. It is not a checkpoint.

    Example:
        >>> async def test_transfer():  # run by pytest --race
        ...     with detect_races() as found:
        ...         await transfer(10)
        ...     assert found == []
    """
    if not modulehooks.modules:
        raise UsageError(
            "nothing is instrumented, so no race can be seen: run it with `anymutex race` or `pytest "
            '--race`, or call anymutex.watch.instrument.install("package") before the package is imported'
        )
    with RaceWatch() as watch:
        yield watch.races
