"""Replayed: what came of one run under a known schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anymutex.testing.failure import failure_of
from anymutex.testing.turns import steps_of

if TYPE_CHECKING:
    from anymutex.testing.diary import Diary
    from anymutex.testing.failure import Circumstances, Failure
    from anymutex.testing.outcome import Outcome


@dataclass(frozen=True)
class Replayed:
    """The result of `replay`. Its text is the report of the failure, or the list of steps."""

    backend: str
    token: str
    """What was run; not the token that was asked for, if that could not be followed."""
    outcome: str
    """The `repr` of the value returned, or the failure in one line."""
    steps: str
    """The table of the steps."""
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

    @property
    def ending(self) -> str:
        """The failure in one line, or that there was none, and what was returned instead."""
        if self.failure is not None:
            return self.outcome
        return "no failure" if self.outcome == "None" else f"no failure: it ended with {self.outcome}"

    def __str__(self) -> str:
        text = self.failure.report if self.failure else f"{self.steps}\n\n{self.ending}"
        return f"the token was not followed: {self.divergence}\n\n{text}" if self.divergence else text


def replayed_of(outcome: Outcome, diary: Diary, known: Circumstances, divergence: str | None) -> Replayed:
    """What is told of the run `outcome`, of which `diary` tells."""
    return Replayed(
        backend=known.backend,
        token=outcome.schedule.token,
        outcome=outcome.summary,
        steps="\n".join(steps_of(outcome, diary).lines()),
        failure=failure_of(outcome, diary, known) if outcome.kind is not None else None,
        divergence=divergence,
    )
