"""What `import anymutex` gives is promised to people: nothing is added or taken away in passing."""

from __future__ import annotations

import doctest

import pytest

import anymutex
from anymutex import testing

PUBLIC = [
    "ConflictError",
    "DeadlockError",
    "Guarded",
    "KeyedMutex",
    "Mutex",
    "OwnerEndedError",
    "RWMutex",
    "SharedMap",
    "compare",
    "run",
]
PUBLIC_TESTING = ["confirm", "every_schedule", "explore", "replay"]


def test_the_public_names_are_pinned() -> None:
    """A change of this list is a change that users see: it belongs in the changelog."""

    assert sorted(PUBLIC) == sorted(anymutex.__all__)
    assert sorted(PUBLIC_TESTING) == sorted(testing.__all__)


@pytest.mark.parametrize("name", PUBLIC + PUBLIC_TESTING)
def test_each_public_name_has_an_example(name: str) -> None:
    """The docstring shows how it is used; that the example works is seen in `test_docstrings`."""
    public = getattr(anymutex if name in PUBLIC else testing, name)
    examples = doctest.DocTestParser().get_examples(public.__doc__ or "")

    assert examples, f"{name} has no `>>>` in its own docstring"
