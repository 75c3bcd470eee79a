"""Two readers of a table want to write into it, and each waits for the other to stop reading.

Racy: A1 reads, A2 goes on alone if nobody else reads, and else waits until the other one leaves; it leaves
when it has written. After A1 and B1 both read, and whoever comes next waits: so does the other. When A is
first: A1 A2 B1 B2; A1 B1 A2 B2 and A1 B1 B2 A2 fail. With B first as many: 6 schedules, 4 fail.

Safe: who waits for the others to leave already does not wait for each other: the second one to ask leaves
first, and reads again when the first has written. The model below counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Event, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 4)
SAFE = 6
KIND = "deadlock"


class Table:
    """One that many read, and that is written by who reads alone."""

    def __init__(self) -> None:
        self.readers = 0
        self.alone: anyio.Event | None = None  # set when one reader is left
        self.written = anyio.Event()
        self.writes = 0

    async def upgrade(self) -> None:
        """Wait until the others have left."""
        if self.readers > 1:
            self.alone = anyio.Event()
            await self.alone.wait()

    def leave(self) -> None:
        """Stop reading."""
        self.readers -= 1
        if self.readers == 1 and self.alone is not None:
            self.alone.set()


async def racy() -> None:
    """Wait for each other."""
    table = Table()

    async def work() -> None:
        table.readers += 1
        await anyio.lowlevel.checkpoint()
        await table.upgrade()
        table.writes += 1
        table.leave()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)


async def safe() -> None:
    """Give way to who asked first."""
    table = Table()

    async def work() -> None:
        table.readers += 1
        await anyio.lowlevel.checkpoint()
        if table.alone is not None:
            table.leave()
            await table.written.wait()
            table.readers += 1
        await table.upgrade()
        table.writes += 1
        table.written.set()
        table.leave()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)
    assert table.writes == 2, f"written {table.writes} times"


def model(*, gives_way: bool) -> Model:
    """The same without an event loop: who asks first is `first`."""
    readers: set[str] = set()
    first: list[str] = []
    written = Event()

    def work(me: str) -> Steps:
        readers.add(me)
        yield
        if first and gives_way:
            readers.discard(me)
            yield from written.wait()
            readers.add(me)
        if len(readers) > 1:
            first.append(me)
            yield lambda: readers == {me}
        written.set()
        readers.discard(me)

    return Model([work("a"), work("b")])


def racy_model() -> Model:
    """Of `racy`."""
    return model(gives_way=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(gives_way=True)
