# ruff: noqa: SIM300  # expected == actual, as everywhere in these tests
"""The words of a lock that can't do what is asked: the culprit, the line and the way out."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import pytest
from turns import BACKENDS, place, run_in_thread, run_on

from anymutex import Mutex, OwnerEndedError

if TYPE_CHECKING:
    from collections.abc import Callable


async def text_of(misuse: Callable[[], object]) -> str:
    """Give what `misuse` is told."""
    with pytest.raises(RuntimeError) as caught:
        misuse()
    return str(caught.value)


@pytest.mark.parametrize("name", BACKENDS)
def test_releasing_a_free_lock_has_gos_words(name: str) -> None:
    """The same text on every backend."""
    mux = Mutex("mux")

    async def main() -> str:
        return await text_of(mux.release)

    assert 'unlock of unlocked mutex: mux is free, and task "main" released it' == run_on(
        BACKENDS[name], main
    )


@pytest.mark.parametrize("name", BACKENDS)
def test_releasing_what_another_holds_names_both(name: str) -> None:
    """Who released, who holds, and since where."""
    mux = Mutex("mux")
    texts: list[str] = []

    async def other() -> None:
        texts.append(await text_of(mux.release))

    async def main() -> None:
        async with mux, anyio.create_task_group() as group:  # taken
            group.start_soon(other)

    run_on(BACKENDS[name], main)
    who = 'unlock by a task that does not hold it: task "other" released mux'

    assert texts[0].startswith(f'{who}, but task "main" holds it since ')
    assert texts[0].endswith(place(main, "taken"))


@pytest.mark.parametrize("use", ["acquire_nowait", "try_acquire"])
def test_a_thread_without_a_loop_is_told_the_way_out(use: str) -> None:
    """Which thread, and what to call instead."""
    mux = Mutex("mux")

    def misuse() -> str:
        with pytest.raises(RuntimeError) as caught:
            getattr(mux, use)()
        return str(caught.value)

    text = run_in_thread(misuse)

    assert text.startswith('mux was used where no task runs (thread "')
    assert "anyio.from_thread.run" in text


@pytest.mark.parametrize("name", BACKENDS)
def test_another_run_is_named_with_its_thread(name: str) -> None:
    """Both threads, and that a Mutex is for one run."""
    mux = Mutex("mux")

    def use_it_there() -> str:
        with pytest.raises(RuntimeError) as caught:
            asyncio.run(mux.acquire())
        return str(caught.value)

    async def main() -> str:
        async with mux:
            return run_in_thread(use_it_there)

    text = run_on(BACKENDS[name], main)

    assert text.startswith("mux is in use by the ")
    assert f'run of thread "{threading.current_thread().name}"' in text
    assert "threading.Lock" in text


def test_an_acquire_that_was_a_task_of_its_own_is_guessed() -> None:
    """create_task does what wait_for did before Python 3.12."""
    mux = Mutex("mux")

    async def main() -> str:
        await asyncio.create_task(mux.acquire())
        with pytest.raises(OwnerEndedError) as caught:
            await mux.acquire()
        return str(caught.value)

    text = asyncio.run(main())

    assert "acquire() ran in a task of its own" in text
    assert "anyio.fail_after" in text


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="wait_for makes no task any more")
def test_wait_for_is_guessed() -> None:
    """The usual way to run into it on 3.11."""
    mux = Mutex("mux")

    async def main() -> None:
        await asyncio.wait_for(mux.acquire(), 1)
        with pytest.raises(RuntimeError, match=r"asyncio\.wait_for before Python 3\.12"):
            mux.release()

    asyncio.run(main())
