"""What `import anymutex` gives is promised to people: nothing is added or taken away in passing."""

from __future__ import annotations

import doctest

import pytest

import anymutex

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


def test_the_public_names_are_pinned() -> None:
    """A change of this list is a change that users see: it belongs in the changelog."""

    assert sorted(PUBLIC) == sorted(anymutex.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_has_an_example(name: str) -> None:
    """The docstring shows how it is used; that the example works is seen in `test_docstrings`."""
    examples = doctest.DocTestParser().get_examples(getattr(anymutex, name).__doc__ or "")

    assert examples, f"{name} has no `>>>` in its own docstring"
