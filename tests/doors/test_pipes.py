"""Our own stdout, when nobody reads it any more."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

import pytest

from anymutex.doors import pipes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def broken() -> Iterator[TextIO]:
    """A stream whose reader is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8")
    yield stream
    stream.close()


def test_a_lost_reader_is_noticed(broken: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without writing anything."""
    monkeypatch.setattr(sys, "stdout", broken)

    assert pipes.output_is_broken()


def test_a_reader_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe alone is no reason."""
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)

        assert not pipes.output_is_broken()


@pytest.mark.parametrize("stream", [None, io.StringIO()], ids=["none", "in memory"])
def test_a_stream_that_is_no_pipe_is_whole(stream: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under pythonw there is none at all."""
    monkeypatch.setattr(sys, "stdout", stream)

    assert not pipes.output_is_broken()


def test_what_is_left_is_let_go(broken: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else Python complains about it at exit."""
    monkeypatch.setattr(sys, "stdout", broken)
    broken.write("left over")
    with pytest.raises(BrokenPipeError):
        pipes.flush()
    pipes.let_go()
    broken.flush()

    assert not pipes.output_is_broken()
