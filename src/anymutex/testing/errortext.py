"""What is told of the exceptions of a run: each with its message in full and where it was raised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anymutex import stacks
from anymutex.errors import ConflictError, DeadlockError
from anymutex.report import stack_lines, without_addresses
from anymutex.testing.outcome import leaves_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anymutex.stacks import Place

TELL_ALL = (ConflictError, DeadlockError)
"""Their texts are whole reports, with the stacks of all who took part."""
OURS = re.compile(r'^backend |started by task "TrioHost._serve"$')
"""Lines that this report has itself, or that tell of the driver."""
MOST_LINES = 60  # of one message


@dataclass(frozen=True)
class Raised:
    """One exception."""

    error: str
    """The name of its class."""
    message: str
    who: str
    """In which task; empty if that is not known."""
    places: tuple[Place, ...]
    """From the outermost call to where it was raised, the user's own code; empty if the message has it."""
    causes: tuple[str, ...]
    """The exceptions it came of, each in one line."""

    def lines(self) -> Iterator[str]:
        """The exception as a paragraph."""
        by = f" raised by {self.who}" if self.who else " raised"
        *others, last = self.message.splitlines() or [""]
        if not others:
            yield f"{self.error}{by} at:" if self.places else f"{self.error}{by}"
        else:
            yield f"{self.error}{by}:"
            yield from (f"    {line}".rstrip() for line in (*others, last)[:MOST_LINES])
            if len(others) >= MOST_LINES:
                yield f"    ... and {len(others) + 1 - MOST_LINES} more lines"
            if self.places:
                yield "  at:"
        yield from stack_lines(self.places)
        yield from (f"  because of {cause}" for cause in self.causes)


def raised_of(
    error: BaseException | None,
    who_raised: Callable[[BaseException], str],
    renamed: Callable[[str], str],
) -> tuple[Raised, ...]:
    """The exceptions in `error`, groups within groups unwrapped.

    Args:
        error: What the program raised.
        who_raised: In which task each of them was raised.
        renamed: Gives a text with the names that this report has for tasks.
    """
    return tuple(
        Raised(
            error=type(leaf).__name__,
            message=renamed(_message_of(leaf)),
            who=who_raised(leaf),
            places=() if isinstance(leaf, TELL_ALL) else places_in(leaf),
            causes=tuple(_causes(leaf)),
        )
        for leaf in leaves_of(error)
    )


def _message_of(error: BaseException) -> str:
    """All of it, but for what is no news in a message that is a report."""
    text = without_addresses(text_of(error))
    if isinstance(error, TELL_ALL):
        return "\n".join(line for line in text.splitlines() if not OURS.search(line))
    return text


def _causes(error: BaseException) -> Iterator[str]:
    seen = {id(error)}
    cause = error.__cause__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        first_line = without_addresses(text_of(cause)).partition("\n")[0]
        yield f"{type(cause).__name__}: {first_line}" if first_line else type(cause).__name__
        cause = cause.__cause__


def places_in(error: BaseException) -> tuple[Place, ...]:
    """From the outermost call to where `error` was raised, the user's own code."""
    sites = []
    traceback = error.__traceback__
    while traceback is not None:
        if not stacks.is_machinery(traceback.tb_frame.f_code.co_filename):
            sites.append((traceback.tb_frame.f_code, traceback.tb_lasti))
        traceback = traceback.tb_next
    return stacks.places_of(sites)
