"""Replayed: what came of one run under a known schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anymutex.testing.failure import failure_of, step_lines

if TYPE_CHECKING:
    from anymutex.testing.failure import Failure, Stop
    from anymutex.testing.outcome import Outcome
    from anymutex.testing.repetition import Repetition


@dataclass(frozen=True)
class Replayed:
    """The result of `replay`. Its text is the report of the failure, or the list of steps."""

    backend: str
    token: str
    """What was run; not the token that was asked for, if that could not be followed."""
    outcome: str
    """The `repr` of the value returned, or the failure in one line."""
    steps: str
    """One line a step."""
    failure: Failure | None
    divergence: str | None
    """Where the program could not follow the token; None if it did to the end."""

    def check(self) -> Replayed:
        """Return itself if the program did not fail.

        Raises:
            ScheduleError: It did; the text is the report. What the program raised is its cause.
        """
        if self.failure is not None:
            self.failure.raise_it()
        return self

    def __str__(self) -> str:
        text = self.failure.report if self.failure else f"{self.steps}\n\nno failure: {self.outcome}"
        return f"the token was not followed: {self.divergence}\n\n{text}" if self.divergence else text


def replayed_of(
    outcome: Outcome, backend: str, repetition: Repetition, stops: list[Stop], divergence: str | None
) -> Replayed:
    """What is told of the run `outcome`, whose steps led to `stops`."""
    failure = None
    if outcome.kind is not None:
        failure = failure_of(outcome, backend, repetition, stops, is_reproducible=True)
    return Replayed(
        backend=backend,
        token=outcome.schedule.token,
        outcome=outcome.summary,
        steps="\n".join(step_lines(outcome, stops)),
        failure=failure,
        divergence=divergence,
    )
