"""Ctrl-C in the middle of a write: a map is written and its readers are told, or neither."""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING

import anyio
import pytest
from interrupts import InterruptAt
from turns import TRIO_BACKENDS, leaves, run_on

from anymutex import ConflictError, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("default_ctrl_c")

ENOUGH = 2000
CONTENT = {1: 10, 2: 20, 3: 30}
WRITES: dict[str, Callable[[SharedMap[int, int]], object]] = {
    "set": lambda m: operator.setitem(m, 2, 21),
    "del": lambda m: operator.delitem(m, 2),
    "pop": lambda m: m.pop(2),
    "popitem": lambda m: m.popitem(),
    "update": lambda m: m.update({2: 21}),
    "setdefault": lambda m: m.setdefault(4, 40),
    "clear": lambda m: m.clear(),
}


def interrupt(write: Callable[[SharedMap[int, int]], object], line: int) -> tuple[bool, bool, bool]:
    """Send SIGINT at `line` of a write: tell if it was sent, if the map changed, if its reader is told."""
    m = SharedMap(CONTENT)
    tracer = InterruptAt(line)
    state: list[tuple[bool, bool]] = []

    async def writer() -> None:
        sys.settrace(tracer)
        try:
            write(m)
        finally:
            sys.settrace(None)

    async def main() -> None:
        steps = iter(m)
        next(steps)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(writer)
        finally:
            try:
                next(steps)
            except ConflictError:
                told = True
            else:
                told = False
            state.append((m.snapshot() != CONTENT, told))

    try:
        run_on(TRIO_BACKENDS["trio"], main)
    except BaseException as error:
        assert {KeyboardInterrupt} == {type(leaf) for leaf in leaves(error)}
    [(changed, told)] = state
    return tracer.left <= 0, changed, told


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_an_interrupt_at_any_line_of_a_write_hides_no_conflict(
    write: Callable[[SharedMap[int, int]], object],
) -> None:
    """Wherever in the write the signal falls: a reader is told of it if and only if it was done.

    A write has hundreds of lines while it takes the stacks, most of them common: the writes share them.
    """
    interrupt(write, ENOUGH)
    wrong: dict[int, tuple[bool, bool]] = {}
    for line in range(1 + list(WRITES.values()).index(write), ENOUGH, len(WRITES)):
        sent, changed, told = interrupt(write, line)
        if not sent:
            break
        if changed != told:
            wrong[line] = changed, told

    assert not wrong
    assert 1 < line < ENOUGH
