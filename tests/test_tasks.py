"""Who is running, on every backend and where two of them meet; and by which name."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import gc
import math
import threading
import weakref
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
from turns import ASYNCIO_BACKENDS, BACKENDS, native_task, run_in_thread, run_on, settle

from anymutex import Mutex, tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anymutex.tasks import Actor


def native_run() -> object:
    """Give the run of this thread as the backend itself knows it."""
    if trio.lowlevel.in_trio_run():
        return trio.lowlevel.current_root_task()
    return asyncio.get_running_loop()


def answers() -> tuple[object, ...]:
    """Ask every question that has an answer anywhere."""
    return tasks.current(), tasks.current_run(), tasks.actor()


# --- in a task -------------------------------------------------------------------------------------------


async def test_in_a_task() -> None:
    """The backend's own task and run."""
    task, run = native_task(), native_run()

    assert (run, task) == tasks.here()
    assert (task, run, weakref.ref(task)) == answers()


async def test_in_tasks_of_their_own() -> None:
    """Each is another one, all are in one run."""
    seen: list[tuple[object, object]] = []

    async def child() -> None:
        assert native_task() is tasks.current()
        seen.append(tasks.here())
        await anyio.lowlevel.checkpoint()
        assert seen[-1][0] is tasks.current_run()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(child)

    assert 3 == len({task for _, task in seen})
    assert {tasks.current_run()} == {run for run, _ in seen}


async def test_the_cheap_question_has_the_same_answer() -> None:
    """`asker_of` is what hot paths call."""
    ask = tasks.asker_of(tasks.current_run())

    assert native_task() is ask()


def test_the_cheap_question_in_another_run_is_answered_with_nobody() -> None:
    """What was bound to one run knows nobody of the next."""

    async def ask() -> Callable[[], object]:
        return tasks.asker_of(tasks.current_run())

    for backend in BACKENDS.values():
        asker = run_on(backend, ask)

        async def asked(asker: Callable[[], object] = asker) -> object:
            return asker()

        assert run_on(backend, asked) is None


async def test_the_deadline_is_the_one_of_the_scope() -> None:
    """As anyio tells it: infinite, a time, or minus infinity when cancelled."""
    ask = tasks.deadline_asker_of(tasks.current_run())
    assert math.inf == ask()
    with anyio.fail_after(1000):
        assert anyio.current_effective_deadline() == ask()
        await anyio.lowlevel.checkpoint()
    with anyio.CancelScope() as scope:
        scope.cancel()
        seen = ask()
        await anyio.lowlevel.checkpoint()

    assert -math.inf == seen


async def test_an_actor_is_a_task_weakly() -> None:
    """It compares equal as long as the task lives, and keeps nothing alive."""
    actors: list[Actor] = []

    async def child() -> None:
        actors.extend([tasks.actor(), tasks.actor()])
        assert native_task() is tasks.task_of(actors[0])

    async with anyio.create_task_group() as group:
        group.start_soon(child)
    await settle()
    gc.collect()

    assert actors[0] == actors[1]
    assert [None, None] == [tasks.task_of(one) for one in actors]
    assert "a task that is gone" == tasks.name_of(actors[0])
    assert [] == tasks.sites_of(actors[0])


async def test_an_eager_task_is_the_one_that_runs(anyio_backend_name: str) -> None:
    """Inside `create_task` already, and the parent is back afterwards."""
    if anyio_backend_name == "trio":
        pytest.skip("asyncio's own create_task")
    seen: list[object] = []

    async def child() -> None:
        seen.append(tasks.current())

    parent = tasks.current()
    task = asyncio.create_task(child())
    assert parent is tasks.current()
    await task

    assert [task] == seen


# --- where no task runs ----------------------------------------------------------------------------------


def test_without_a_loop() -> None:
    """No run, no task: the thread acts."""
    assert (None, None, threading.get_ident()) == answers()
    with pytest.raises(RuntimeError):
        tasks.here()


def test_in_a_thread_without_a_loop() -> None:
    """Another thread is another actor."""
    _, _, other = run_in_thread(answers)

    assert isinstance(other, int)
    assert threading.get_ident() != other


async def test_in_a_worker_thread() -> None:
    """It is neither in the task that waits for it nor in its run."""
    task, run, actor = await anyio.to_thread.run_sync(answers)

    assert (None, None) == (task, run)
    assert isinstance(actor, int)


async def test_back_from_a_worker_thread() -> None:
    """`from_thread.run_sync` is a callback of the loop, or runs in a task; never in the worker."""
    task, run, actor = await anyio.to_thread.run_sync(anyio.from_thread.run_sync, answers)

    assert native_run() is run
    assert (threading.get_ident() if task is None else weakref.ref(task)) == actor


@pytest.mark.parametrize("name", ASYNCIO_BACKENDS)
def test_in_a_callback_of_asyncio(name: str) -> None:
    """In the run, but in no task."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[object, ...]] = loop.create_future()
        loop.call_soon(lambda: done.set_result((tasks.here(), *answers())))

        assert ((loop, None), None, loop, threading.get_ident()) == await done

    run_on(ASYNCIO_BACKENDS[name], main)


@pytest.mark.parametrize("name", ASYNCIO_BACKENDS)
def test_in_a_done_callback(name: str) -> None:
    """The task has ended, so it does not run."""

    async def main() -> None:
        seen: list[object] = []
        task = asyncio.create_task(anyio.lowlevel.checkpoint())
        task.add_done_callback(lambda _: seen.append(tasks.current()))
        await task
        await settle()

        assert [None] == seen

    run_on(ASYNCIO_BACKENDS[name], main)


def test_in_an_instrument_of_trio() -> None:
    """In the run, in no task."""
    seen: list[tuple[object, ...]] = []

    class Listener(trio.abc.Instrument):
        """Asks between two steps."""

        def before_io_wait(self, _timeout: float) -> None:
            seen.append((tasks.here(), *answers()))

    async def main() -> object:
        listener = Listener()
        trio.lowlevel.add_instrument(listener)
        await anyio.lowlevel.checkpoint()
        trio.lowlevel.remove_instrument(listener)
        return trio.lowlevel.current_root_task()

    root = run_on(BACKENDS["trio"], main)

    assert ((root, None), None, root, threading.get_ident()) == seen[0]


def test_before_the_loop_and_after_it() -> None:
    """A run leaves nothing behind in its thread."""
    for backend in BACKENDS.values():
        run_on(backend, anyio.lowlevel.checkpoint)

        assert (None, None, threading.get_ident()) == answers()


# --- two backends in one thread --------------------------------------------------------------------------


async def kinds() -> tuple[str, str]:
    """Tell of which library run and task are."""
    run, task = tasks.here()
    assert native_task() is task
    return tasks.backend_of(run), "trio" if isinstance(task, trio.lowlevel.Task) else "asyncio"


@pytest.mark.parametrize("name", ASYNCIO_BACKENDS)
def test_trio_as_a_guest_of_asyncio(name: str) -> None:
    """In one thread, turn by turn: each is asked about its own task."""
    host = "asyncio+uvloop" if name == "uvloop" else "asyncio"

    async def main() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        seen: list[tuple[str, str]] = []

        async def guest() -> tuple[str, str]:
            for _ in range(3):
                seen.append(await kinds())
                await trio.lowlevel.checkpoint()
            return await kinds()

        trio.lowlevel.start_guest_run(
            guest, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=done.set_result
        )
        while not done.done():
            assert (host, "asyncio") == await kinds()
            await asyncio.sleep(0)

        assert ("trio", "trio") == done.result().unwrap()
        assert [("trio", "trio")] * 3 == seen
        assert (host, "asyncio") == await kinds()

    # Not in the main thread, where both want the signals.
    run_in_thread(lambda: run_on(ASYNCIO_BACKENDS[name], main))


@pytest.mark.parametrize("name", ASYNCIO_BACKENDS)
def test_trio_inside_a_task_of_asyncio(name: str) -> None:
    """`trio.run` blocks the loop: inside it trio answers, afterwards asyncio again."""

    async def main() -> None:
        before = tasks.here()

        assert ("trio", "trio") == trio.run(kinds)
        assert before == tasks.here()

    run_in_thread(lambda: run_on(ASYNCIO_BACKENDS[name], main))


@pytest.mark.xfail(reason="asyncio does not tell sniffio, so trio answers", raises=AssertionError)
def test_asyncio_inside_a_task_of_trio() -> None:
    """Only a bare `asyncio.run`: anyio itself refuses to be nested."""

    async def inside() -> object:
        return isinstance(tasks.current(), asyncio.Task)

    async def main() -> object:
        return asyncio.run(inside())

    assert trio.run(main)


def test_two_threads_with_a_backend_each() -> None:
    """What one thread runs is nothing to the other."""

    async def main() -> None:
        assert (None, None) == run_in_thread(answers)[:2]
        assert ("asyncio", "asyncio") == run_in_thread(lambda: asyncio.run(kinds()))
        assert ("trio", "trio") == await kinds()

    trio.run(main)


# --- runs and tasks, dead or alive -----------------------------------------------------------------------

BACKEND_NAMES = {"asyncio": "asyncio", "uvloop": "asyncio+uvloop", "eager": "asyncio", "trio": "trio"}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_run_is_told_by_name_and_ends(name: str) -> None:
    """One object a run, never the next one's."""

    async def main() -> object:
        run = tasks.current_run()
        assert not tasks.is_over(run)
        return run

    first, second = run_on(BACKENDS[name], main), run_on(BACKENDS[name], main)

    assert first is not second
    assert [True, True] == [tasks.is_over(run) for run in (first, second)]
    assert BACKEND_NAMES[name] == tasks.backend_of(first)


async def fail() -> None:
    """End by an exception."""
    raise ValueError


ENDINGS: dict[str, Callable[[], Awaitable[object]]] = {
    "return": anyio.lowlevel.checkpoint,
    "exception": fail,
    "cancel": anyio.sleep_forever,
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_task_has_ended(ending: str) -> None:
    """However it did."""
    seen: list[Any] = []

    async def child() -> None:
        seen.append(tasks.current())
        assert not tasks.has_ended(seen[0])
        await ENDINGS[ending]()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(child)
            await settle()
            group.cancel_scope.cancel()
    except BaseExceptionGroup as caught:
        assert "exception" == ending, caught
    await settle()

    assert tasks.has_ended(seen[0])


async def test_the_coroutine_of_a_task() -> None:
    """The outermost one, which tells where its stack begins."""
    seen: list[object] = []

    async def child() -> None:
        coroutine: Any = tasks.coroutine_of(native_task())
        seen.append(coroutine.cr_frame)
        await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(child)

    assert [True] == [hasattr(frame, "f_code") for frame in seen]


# --- names -----------------------------------------------------------------------------------------------

SHORTENED: dict[str, str] = {
    "read_loop": "read_loop",
    "Task-1": "Task-1",
    "": "",
    "x.<locals>.worker": "worker",
    "x.<locals>.Class.method": "Class.method",
    "a.<locals>.b.<locals>.c": "c",
    "x.<locals>.<lambda>": "<lambda>",
    "test_tasks.test_x.<locals>.worker": "worker",
    "asyncio.sleep": "sleep",
    "asyncio.locks.Lock.acquire": "Lock.acquire",
    "threading.Thread.run": "Thread.run",
    "anymutex.primitives.mutex.Mutex.acquire": "Mutex.acquire",
    "no_such_module.worker": "no_such_module.worker",
    "fetch v1.2": "fetch v1.2",
    "os.path: join": "os.path: join",
    "https://example.org/a.b": "https://example.org/a.b",
    "worker-3.5": "worker-3.5",
    "asyncio": "asyncio",
    "asyncio.": "",
    "1.2": "1.2",
    "..": "..",
    "trio._core._run.Nursery": "Nursery",
}


@pytest.mark.parametrize("name", [name for name in SHORTENED if name != "asyncio."])
def test_a_name_is_shortened(name: str) -> None:
    """A module is dropped, what people chose is kept."""
    assert SHORTENED[name] == tasks.shortened(name)


def test_a_name_is_never_shortened_to_nothing() -> None:
    """`task ""` names nobody."""
    assert "asyncio." == tasks.shortened("asyncio.")


class Shop:
    """Has a method to run as a task."""

    async def serve(self) -> None:
        """Note who runs."""
        names.append(tasks.name_of(tasks.actor()))


names: list[str] = []


async def test_a_task_is_named_alike_on_every_backend() -> None:
    """By the function it was started with, or the name that was given."""
    names.clear()

    async def local() -> None:
        names.append(tasks.name_of(tasks.actor()))

    for function in (Shop().serve, local):
        async with anyio.create_task_group() as group:
            group.start_soon(function)
    async with anyio.create_task_group() as group:
        group.start_soon(local, name="reader no. 1")

    assert ["Shop.serve", "local", "reader no. 1"] == names


async def test_a_task_is_described() -> None:
    """In the words of every report, by the task or by the actor."""
    seen: list[str] = []

    async def child() -> None:
        seen.extend([tasks.described(tasks.current()), tasks.described(tasks.actor())])

    async with anyio.create_task_group() as group:
        group.start_soon(child, name="reader")

    assert ['task "reader"'] * 2 == seen


def test_a_thread_is_described() -> None:
    """By its name while it lives, by its number afterwards."""
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(tasks.described(tasks.actor())), name="counter")
    thread.start()
    thread.join()

    assert ['thread "counter"'] == seen
    assert 'thread "MainThread"' == tasks.described(threading.main_thread().ident)
    assert 'thread "thread -1"' == tasks.described(-1)


# --- KeyboardInterrupt -----------------------------------------------------------------------------------


def test_what_was_protected_before_trio_was_met_is_protected_afterwards() -> None:
    """trio marks code objects, so it can be done late; what follows is marked at once."""

    async def main() -> list[bool]:
        tasks.here()

        @tasks.ki_protected
        def later() -> bool:
            return trio.lowlevel.currently_ki_protected()

        seen: list[bool] = [later(), trio.lowlevel.currently_ki_protected()]
        tasks._protected.remove(later)
        return seen

    assert [True, False] == trio.run(main)


def test_what_is_protected_stays_what_it_was() -> None:
    """The decorator gives the same function."""

    def function() -> None:
        """Do nothing."""

    assert function is tasks.ki_protected(function)
    tasks._protected.remove(function)


@pytest.mark.parametrize(
    "name", ["acquire", "acquire_nowait", "try_acquire", "release", "__aenter__", "__aexit__"]
)
def test_the_methods_of_a_lock_are_protected(name: str) -> None:
    """Each one that changes who holds it."""
    assert getattr(Mutex, name) in tasks._protected
