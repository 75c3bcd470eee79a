"""What can't be driven is refused in one line, the same on both loops, and only in the thread that drives."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import pytest
import trio

from anymutex.errors import UsageError
from anymutex.testing import explore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COMMAND = [sys.executable, "-c", ""]


async def receive_signals() -> None:
    """Wait for one."""
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            break


async def handle_a_signal() -> None:
    """By Python's own module, which wants the main thread for that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


async def run_a_process() -> None:
    """By anyio, to its end."""
    await anyio.run_process(COMMAND)


async def open_a_process() -> None:
    """By anyio, to talk to it."""
    await anyio.open_process(COMMAND)


async def open_a_shell() -> None:
    """By asyncio."""
    await asyncio.create_subprocess_shell("true")


async def run_by_trio() -> None:
    """In a task of its own."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.run_process, COMMAND)


PROGRAMS: list[tuple[Callable[[], Awaitable[None]], list[str], str]] = [
    (receive_signals, ["asyncio", "trio"], "explore can't drive signals: they come from outside"),
    (handle_a_signal, ["asyncio", "trio"], "explore can't drive signals: they come from outside"),
    (run_a_process, ["asyncio", "trio"], "explore can't drive subprocesses: they run outside"),
    (open_a_process, ["asyncio", "trio"], "explore can't drive subprocesses: they run outside"),
    (open_a_shell, ["asyncio"], "explore can't drive subprocesses: they run outside"),
    (run_by_trio, ["trio"], "explore can't drive subprocesses: they run outside"),
]


def test_what_comes_from_outside_is_refused() -> None:
    """It is no failure of the program, and no deadlock."""
    for program, backends, said in PROGRAMS:
        for backend in backends:
            with pytest.raises(UsageError, match=said):
                explore(program, backends=[backend])


def test_the_rest_of_the_process_may_use_it_meanwhile() -> None:
    """Another thread's trio runs a process while one is explored; then all is as it was before."""
    before = trio.run_process
    elsewhere: list[int] = []

    async def run_elsewhere() -> None:
        elsewhere.append((await trio.run_process(COMMAND)).returncode)

    async def program() -> None:
        thread = threading.Thread(target=trio.run, args=(run_elsewhere,))
        thread.start()
        thread.join()

    assert explore(program, backends=["trio"]).verdict == "proved"
    assert elsewhere == [0]
    assert before is trio.run_process
