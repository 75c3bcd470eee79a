"""The vocabulary of the probe: immutable records, all of which a listener can expect."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest

from anymutex import events

EVENTS = get_args(events.Event)


def test_the_union_has_every_event_of_the_module() -> None:
    """A listener that matches on `Event` misses none."""
    classes = dict(inspect.getmembers(events, inspect.isclass)).values()
    defined = {each for each in classes if each.__module__ == events.__name__}

    assert defined == set(EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_an_immutable_record(event: type[tuple[object, ...]]) -> None:
    """Two listeners get the same one: neither may change it for the other."""
    names = list(inspect.signature(event).parameters)
    made = event(*names)

    assert tuple(made) == tuple(names)
    with pytest.raises(AttributeError):
        setattr(made, names[0], "other")


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_says_what_happened(event: type[object]) -> None:
    """Its docstring is a whole sentence."""
    assert event.__doc__
    assert event.__doc__.endswith(".")


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (events.LockWanted, ("lock", "task")),
        (events.LockAcquired, ("lock", "task", "blocking")),
        (events.LockReleased, ("lock", "task")),
        (events.LockAbandoned, ("lock", "task")),
        (events.MapRead, ("map", "key")),
        (events.MapWritten, ("map", "key")),
        (events.ProblemFound, ("report",)),
    ],
)
def test_the_fields_are_pinned(event: type[object], fields: tuple[str, ...]) -> None:
    """People's listeners unpack them."""
    assert fields == getattr(event, "_fields", None)
