"""Every example in a docstring does what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import anymutex

MODULES = ["anymutex", *(found.name for found in pkgutil.walk_packages(anymutex.__path__, "anymutex."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name: str) -> None:
    """The examples of one module, run as `python -m doctest` would run them."""
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert results.failed == 0, "see the captured output"


def test_there_are_examples() -> None:
    """The test above would pass with none."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]

    assert found
