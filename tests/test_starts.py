"""Where tasks were started and by whom: recorded for certain, or known from context and nursery."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ref

import anyio
import anyio.lowlevel
import pytest
import trio
from turns import ASYNCIO_BACKENDS, BACKENDS, place, run_on, settle

from anymutex import stacks, starts, tasks
from anymutex.starts import record_starts

if TYPE_CHECKING:
    from anymutex.tasks import Actor

# An eager factory is somebody's own: starts are not recorded there.
RECORDED = [name for name in BACKENDS if name != "eager"]
every_recorded = pytest.mark.parametrize("name", RECORDED)
every_asyncio = pytest.mark.parametrize("name", ASYNCIO_BACKENDS)


def factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    """Make tasks as asyncio does."""
    return asyncio.Task(coro, loop=loop, **options)


def started_at(who: Actor) -> str | None:
    """Give `file:line` of where a task was started."""
    start = starts.start_of(who)
    if start is None:
        return None
    found = stacks.place_of(start.site)
    return f"{Path(found.file).name}:{found.line}"


@every_recorded
def test_the_line_and_the_parent_are_recorded(name: str) -> None:
    """The user's own line, not that of the task group."""
    seen: list[tuple[object, ...]] = []

    async def child() -> None:
        me = tasks.actor()
        start = starts.start_of(me)
        seen.append((started_at(me), starts.parent_name_of(me), start and start.parent))

    async def main() -> Actor:
        with record_starts():
            async with anyio.create_task_group() as group:
                group.start_soon(child)  # start
        return tasks.actor()

    main_actor = run_on(BACKENDS[name], main)

    expected = (place(test_the_line_and_the_parent_are_recorded, "start"), "main")
    assert [expected] == [found[:2] for found in seen]
    assert isinstance(main_actor, type(seen[0][2]))


@every_recorded
def test_each_generation_has_its_parent(name: str) -> None:
    """A grandchild was started by the child."""
    seen: dict[str, str | None] = {}

    async def grandchild() -> None:
        seen["grandchild"] = starts.parent_name_of(tasks.actor())

    async def child() -> None:
        seen["child"] = starts.parent_name_of(tasks.actor())
        async with anyio.create_task_group() as group:
            group.start_soon(grandchild)

    async def main() -> None:
        with record_starts():
            async with anyio.create_task_group() as group:
                group.start_soon(child)

    run_on(BACKENDS[name], main)

    assert {"child": "main", "grandchild": "child"} == seen


@every_recorded
def test_what_started_before_and_after_is_not_known(name: str) -> None:
    """Nothing is invented."""
    seen: list[str | None] = []

    async def child(go: anyio.Event) -> None:
        await go.wait()
        seen.append(started_at(tasks.actor()))

    async def main() -> None:
        go = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(child, go)
            with record_starts():
                pass
            group.start_soon(child, go)
            await settle()
            go.set()

    run_on(BACKENDS[name], main)

    assert [None, None] == seen


@every_recorded
def test_a_parent_that_has_gone_keeps_its_name(name: str) -> None:
    """The name is noted, the task is not kept."""
    seen: list[tuple[str | None, object]] = []

    async def orphan(group_of_another: anyio.Event) -> None:
        await group_of_another.wait()
        gc.collect()
        start = starts.start_of(tasks.actor())
        assert start is not None
        seen.append((starts.parent_name_of(tasks.actor()), tasks.task_of(start.parent)))

    async def main() -> None:
        with record_starts():
            async with anyio.create_task_group() as group:
                go = anyio.Event()

                async def parent() -> None:
                    group.start_soon(orphan, go)

                async with anyio.create_task_group() as inner:
                    inner.start_soon(parent)
                await settle()
                go.set()

    run_on(BACKENDS[name], main)

    assert [("parent", None)] == seen


@every_recorded
def test_no_task_is_kept(name: str) -> None:
    """What is known of a task goes with it."""

    async def main() -> int:
        with record_starts():
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(anyio.lowlevel.checkpoint)
        await settle()
        gc.collect()
        return len(starts._starts)

    gc.collect()
    before = len(starts._starts)

    assert before == run_on(BACKENDS[name], main)


@every_recorded
def test_recording_ends_with_the_block(name: str) -> None:
    """Also by an exception; the loop is as it was."""

    seen: list[str | None] = []

    async def child() -> None:
        seen.append(started_at(tasks.actor()))

    async def main() -> None:
        with pytest.raises(ValueError, match="stop"), record_starts():
            raise ValueError("stop")
        async with anyio.create_task_group() as group:
            group.start_soon(child)

    run_on(BACKENDS[name], main)

    assert [None] == seen


@every_asyncio
def test_a_factory_that_was_there_before_is_left_alone(name: str) -> None:
    """Wrapping an eager one would break it."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        with record_starts():
            assert factory is loop.get_task_factory()
            task = asyncio.create_task(anyio.lowlevel.checkpoint())
            assert starts.start_of(ref(task)) is None
            await task

        assert factory is loop.get_task_factory()

    run_on(ASYNCIO_BACKENDS[name], main)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_eager_tasks_stay_eager() -> None:
    """The factory that the loop was made with is kept."""

    async def main() -> list[str]:
        order: list[str] = []

        async def child() -> None:
            order.append("child")

        with record_starts():
            task = asyncio.create_task(child())
            order.append("parent")
            await task
        return order

    assert ["child", "parent"] == run_on(ASYNCIO_BACKENDS["eager"], main)


@pytest.mark.parametrize("name", [name for name in ASYNCIO_BACKENDS if name != "eager"])
def test_a_factory_that_came_meanwhile_stays(name: str) -> None:
    """The block takes away only what it put there."""

    async def main() -> object:
        loop = asyncio.get_running_loop()
        with record_starts():
            loop.set_task_factory(factory)
        return loop.get_task_factory()

    assert factory is run_on(ASYNCIO_BACKENDS[name], main)


@pytest.mark.parametrize("name", [name for name in ASYNCIO_BACKENDS if name != "eager"])
def test_a_task_gets_all_that_create_task_was_given(name: str) -> None:
    """Its name and its context."""

    async def main() -> str:
        with record_starts():
            task = asyncio.get_running_loop().create_task(anyio.lowlevel.checkpoint(), name="chosen")
            await task
        return task.get_name()

    assert "chosen" == run_on(ASYNCIO_BACKENDS[name], main)


@every_asyncio
def test_names_are_as_they_are_without_recording(name: str) -> None:
    """Also those of tasks that were given none, and names that are given later."""

    async def names() -> list[str]:
        loop = asyncio.get_running_loop()
        made = [loop.create_task(asyncio.sleep(0), name=given) for given in (None, "mine", None)]
        await asyncio.gather(*made)
        made[2].set_name("later")
        return [task.get_name().rstrip("0123456789") for task in made]

    async def main() -> list[list[str]]:
        bare = await names()
        with record_starts():
            return [bare, await names()]

    bare, recorded = run_on(BACKENDS[name], main)

    assert bare == recorded
    assert name == "eager" or bare == ["Task-", "mine", "later"]


@pytest.mark.parametrize("name", [name for name in ASYNCIO_BACKENDS if name != "eager"])
def test_a_task_started_by_a_callback_has_no_parent(name: str) -> None:
    """The line is known, and that no task did it."""
    seen: list[tuple[bool, str | None, bool]] = []

    async def child() -> None:
        me = tasks.actor()
        start = starts.start_of(me)
        assert start is not None
        seen.append((isinstance(start.parent, int), starts.parent_name_of(me), started_at(me) is not None))

    async def main() -> None:
        with record_starts():
            kept: list[asyncio.Task[None]] = []
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: kept.append(asyncio.create_task(child())))
            await settle()
            await kept[0]

    run_on(ASYNCIO_BACKENDS[name], main)

    assert [(True, None, True)] == seen


def test_a_system_task_of_trio_has_no_parent_of_the_users() -> None:
    """It hangs on trio's root, whoever spawned it."""
    seen: list[str | None] = []

    async def child() -> None:
        seen.append(started_at(tasks.actor()))

    async def main() -> None:
        with record_starts():
            trio.lowlevel.spawn_system_task(child)  # spawn
            await settle()

    trio.run(main)

    assert [place(test_a_system_task_of_trio_has_no_parent_of_the_users, "spawn")] == seen


# --- lineage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", BACKENDS)
def test_a_child_knows_that_it_was_started_by_its_parent(name: str, recorded: bool) -> None:
    """Recorded, from the mark in its context, or from its nursery; a stranger is none's child."""
    seen: dict[str, bool] = {}

    async def child(who: str, parent: Actor) -> None:
        seen[who] = starts.how_i_come_from(parent) is not None

    async def stranger_of(parent: Actor, ready: anyio.Event) -> None:
        await ready.wait()
        await child("stranger", parent)

    async def iterating(ready: anyio.Event) -> None:
        me = tasks.actor()
        starts.leave_lineage(me)
        ready.set()
        await anyio.lowlevel.checkpoint()
        async with anyio.create_task_group() as group:
            group.start_soon(child, "child", me)
        seen["itself"] = starts.how_i_come_from(me) is not None

    async def programs() -> None:
        ready = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(stranger_of, tasks.actor(), ready)
            group.start_soon(iterating, ready)

    async def main() -> None:
        if recorded:
            with record_starts():
                await programs()
        else:
            await programs()

    run_on(BACKENDS[name], main)
    # The stranger asks about main, which did start it: known but from a context without a mark.
    known = name == "trio" or (recorded and name != "eager")

    assert {"child": True, "itself": False, "stranger": known} == seen


@pytest.mark.parametrize("name", BACKENDS)
def test_the_mark_reaches_only_what_is_started_afterwards(name: str) -> None:
    """A sibling that was there before was started by somebody else."""
    seen: dict[str, bool] = {}

    async def sibling(who: list[Actor], go: anyio.Event) -> None:
        await go.wait()
        seen["sibling"] = starts.how_i_come_from(who[0]) is not None

    async def iterating(who: list[Actor], go: anyio.Event) -> None:
        who.append(tasks.actor())
        starts.leave_lineage(who[0])
        go.set()

    async def main() -> None:
        who: list[Actor] = []
        go = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(sibling, who, go)
            group.start_soon(iterating, who, go)

    run_on(BACKENDS[name], main)

    assert {"sibling": False} == seen


def test_where_no_task_runs_nothing_was_started() -> None:
    """A thread has no start and no parent."""
    me = tasks.actor()

    assert starts.start_of(me) is None
    assert starts.parent_name_of(me) is None
    assert not (starts.how_i_come_from(me) is not None)
