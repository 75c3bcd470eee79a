"""Where code stands: sites become places, stacks are cut where a task begins, and no frame is kept."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import linecache
import os
import sys
import threading
import types
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import outcome
import pytest
import trio
import uvloop
from turns import BACKENDS, place, run_on, settle

import anymutex
from anymutex import stacks, tasks
from anymutex.stacks import (
    Place,
    assigned_name,
    caller_site,
    is_machinery,
    place_of,
    places_of,
    running_sites,
    site_of,
    suspended_sites,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
    from types import CodeType, FrameType

    from anymutex.stacks import Site

FILE = Path(__file__).name


def shown(sites: list[Site]) -> list[str]:
    """Give `file:line` of each site, without the folder."""
    return [f"{Path(found.file).name}:{found.line}" for found in places_of(sites)]


def functions(sites: list[Site]) -> list[str]:
    """Give the functions of each site."""
    return [found.function for found in places_of(sites)]


# --- sites and places ------------------------------------------------------------------------------------


def stand() -> Site:
    """Give the site of one line."""
    return site_of(sys._getframe())  # stands


def positional(first: int, /, second: int, *rest: int, third: int = 0, **others: int) -> Site:
    """Has every kind of argument."""
    return site_of(sys._getframe())


def test_a_site_becomes_a_place() -> None:
    """File, line, function and the text of the line."""
    found = place_of(stand())

    assert place(stand, "stands") == f"{Path(found.file).name}:{found.line}"
    assert ("stand()", "return site_of(sys._getframe())  # stands") == (found.function, found.text)


def test_a_place_reads_as_file_and_line() -> None:
    """What editors and terminals make a link of."""
    assert "shop.py:12" == str(Place("shop.py", 12, "sell()", "left -= 1"))


SIGNATURES: dict[str, tuple[Callable[[], Site], str]] = {
    "no arguments": (stand, "stand()"),
    "all kinds": (lambda: positional(1, 2, 3, fourth=4), "positional(first, second, third)"),
    "lambda": (lambda: site_of(sys._getframe()), "<lambda>"),
    "generator expression": (lambda: next(site_of(sys._getframe()) for _ in "x"), "<genexpr>"),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_function_is_told_with_the_names_of_its_arguments(name: str) -> None:
    """Names only: a value may be a secret, or have a `__repr__` that raises."""
    make, expected = SIGNATURES[name]

    assert expected == place_of(make()).function


def code_in(path: Path) -> CodeType:
    """Write a module of one function and give that function's code."""
    path.write_text("def found():\n    pass\n", encoding="utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    code: CodeType = namespace["found"].__code__
    return code


def test_a_file_inside_the_working_directory_is_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short, and the same on every machine."""
    (tmp_path / "package").mkdir()
    code = code_in(tmp_path / "package" / "shop.py")
    monkeypatch.chdir(tmp_path)

    assert str(Path("package", "shop.py")) == place_of((code, 0)).file


def test_a_file_outside_the_working_directory_is_shown_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody could find it."""
    code = code_in(tmp_path / "shop.py")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert str(tmp_path / "shop.py") == place_of((code, 0)).file


def test_a_working_directory_that_is_gone_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report is the last thing that should fail."""
    code = code_in(tmp_path / "shop.py")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert str(tmp_path / "shop.py") == place_of((code, 0)).file


def test_code_without_a_file_has_a_place_too() -> None:
    """`exec` and the interactive prompt: the line is known, its text is not."""
    namespace: dict[str, Any] = {"sys": sys, "site_of": site_of}
    exec("\n\ndef f(x):\n    return site_of(sys._getframe())", namespace)
    found = place_of(namespace["f"](1))

    assert ("<string>", 4, "f(x)", "") == found


LINES: dict[str, tuple[Callable[[CodeType], CodeType], int]] = {
    "not begun": (lambda code: code, -1),
    "behind its end": (lambda code: code, 10_000),
    "without a line table": (lambda code: code.replace(co_linetable=b""), 4),
    # 0xF8 is an entry of a location table that says: one instruction, no location.
    "instructions without a line": (lambda code: code.replace(co_linetable=b"\xf8" * 20), 4),
}


@pytest.mark.parametrize("name", LINES)
def test_where_no_line_is_known_the_function_itself_is_told(name: str) -> None:
    """`co_positions` may be short, and may say None."""
    change, offset = LINES[name]
    code = stand.__code__

    assert code.co_firstlineno == place_of((change(code), offset)).line


def test_the_line_of_a_frame_is_what_python_says() -> None:
    """For every instruction of a function that has jumps, loops and a call over several lines."""

    def traced(values: list[int]) -> int:
        total = 0
        for value in values:
            if value % 2:
                total += max(
                    value,
                    1,
                )
        return total

    seen: list[tuple[int | None, int]] = []

    def trace(frame: FrameType, _event: str, _arg: object) -> Any:
        if frame.f_code is traced.__code__:
            frame.f_trace_opcodes = True
            seen.append((frame.f_lineno, place_of(site_of(frame)).line))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        traced([1, 2, 3])
    finally:
        sys.settrace(before)

    known = [pair for pair in seen[1:] if pair[0] is not None]

    assert len(known) > 10
    assert [] == [pair for pair in known if pair[0] != pair[1]]


def test_the_innermost_places_of_a_deep_stack_are_kept() -> None:
    """A dozen: what called them hides the point."""
    sites = [(stand.__code__, offset) for offset in range(-100, 0)] + [stand()]

    assert 12 == len(places_of(sites))
    assert place_of(sites[-1]) == places_of(sites)[-1]


def test_no_sites_are_no_places() -> None:
    """A task that is gone stands nowhere."""
    assert () == places_of([])


# --- names -----------------------------------------------------------------------------------------------

NAMES: dict[str, str | None] = {
    "mux = Mutex()": "mux",
    "mux=Mutex()": "mux",
    "mux = anymutex.Mutex()": "mux",
    "mux = anymutex.primitives.mutex.Mutex()": "mux",
    "mux: Mutex = Mutex()": "mux",
    "mux: Mutex | None = Mutex()": "mux",
    "mux: dict[str, int] = Mutex()": "mux",
    "self.mux = Mutex()": "mux",
    "self._mux = Mutex()": "_mux",
    "self.mux: Mutex = Mutex(fast_acquire=True)": "mux",
    "account.mux = Mutex()": "account.mux",
    "mux2 = Mutex()  # guards x = y": "mux2",
    "mux = Mutex(": "mux",
    "mux = Mutex() if guarded else None": None,
    "lock = Mutex[int]()": "lock",
    "Mutex()": None,
    "return Mutex()": None,
    "use(Mutex())": None,
    "locks[key] = Mutex()": None,
    "m, mux = SharedMap(), Mutex()": None,
    "m = SharedMap(guarded_by=Mutex())": None,
    "mux = make(Mutex())": None,
    "mux = OtherMutex()": None,
    "mux = Mutexes()": None,
    "mux == Mutex()": None,
    "mux += Mutex()": None,
    "if (mux := Mutex()):": None,
    "lambda: Mutex()": None,
    "with_mux(mux=Mutex())": None,
    "": None,
}


def site_of_line(text: str) -> Site:
    """Give a site whose source line is `text`, as linecache has it for code that is in no file."""
    code = compile("pass", "<test of names>", "exec")
    linecache.cache[code.co_filename] = (len(text), None, [text + "\n"], code.co_filename)
    return code, 0


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_read_from_the_line(text: str) -> None:
    """Only where the line leaves no doubt."""
    assert NAMES[text] == assigned_name(site_of_line(text), "Mutex")


@pytest.mark.parametrize(
    "text", ["locks = Mutex(), Mutex()", "mux = Mutex() or x", "name = Mutex().name", "done = Mutex.check(x)"]
)
def test_a_line_in_doubt_gives_no_name(text: str) -> None:
    """What was assigned is not the lock."""
    assert assigned_name(site_of_line(text), "Mutex") is None


# --- machinery -------------------------------------------------------------------------------------------

OWN = Path(anymutex.__file__).parent
MACHINERY: dict[str, bool] = {
    asyncio.__file__: True,
    asyncio.tasks.__file__: True,
    concurrent.futures.thread.__file__: True,
    contextlib.__file__: True,
    threading.__file__: True,
    anyio.__file__: True,
    anyio.lowlevel.__file__: True,
    trio.__file__: True,
    trio.lowlevel.__file__: True,
    outcome.__file__: True,
    uvloop.__file__: True,
    "<frozen runpy>": True,
    "<frozen importlib._bootstrap>": True,
    str(OWN / "doors" / "running.py"): True,
    str(OWN / "primitives" / "mutex.py"): True,
    str(OWN / "doors" / "demo_programs.py"): False,
    str(OWN.parent / "anymutex_user.py"): False,
    str(Path(asyncio.__file__).parent.parent / "asyncio_user.py"): False,
    str(Path(contextlib.__file__).parent / "functools.py"): False,
    pytest.__file__: False,
    __file__: False,
    "<string>": False,
    "<stdin>": False,
    "shop.py": False,
    "": False,
}


@pytest.mark.parametrize("filename", MACHINERY, ids=lambda name: os.sep.join(Path(name).parts[-2:]))
def test_machinery(filename: str) -> None:
    """Event loops, anyio and anymutex are; the user's own code and packages are what can be mended."""
    assert MACHINERY[filename] == is_machinery(filename)


def test_the_caller_is_the_nearest_outside_the_machinery() -> None:
    """A lock that `contextlib` makes was made by whoever called that."""
    with contextlib.ExitStack() as stack:
        mux = stack.enter_context(contextlib.closing(Closing()))  # made

    assert place(test_the_caller_is_the_nearest_outside_the_machinery, "made") == Path(str(mux.made)).name


class Closing(anymutex.Mutex):
    """A Mutex with a `close`."""

    def close(self) -> None:
        """Do nothing."""


# --- what runs -------------------------------------------------------------------------------------------


def inner() -> list[Site]:
    """Stand on top of the stack."""
    return tasks.my_sites()  # inner


async def middle() -> list[Site]:
    """Stand between."""
    await anyio.lowlevel.checkpoint()
    return inner()  # middle


async def outer() -> list[Site]:
    """Stand where the task begins."""
    return await middle()  # outer


RUNNING = [place(outer, "outer"), place(middle, "middle"), place(inner, "inner")]


async def test_a_running_task_is_told_from_its_start_inwards() -> None:
    """Neither the loop that called it is in it, nor the test that runs that loop."""
    found: list[Site] = []

    async def main() -> None:
        found.extend(await outer())  # main

    async with anyio.create_task_group() as group:
        group.start_soon(main)

    main_line = place(test_a_running_task_is_told_from_its_start_inwards, "main")

    assert [main_line, *RUNNING] == shown(found)


async def test_a_task_that_starts_another_is_not_in_its_stack(anyio_backend_name: str) -> None:
    """Also where the other begins at once, inside `create_task`."""
    if anyio_backend_name == "trio":
        pytest.skip("asyncio's own create_task")

    async def begin() -> list[Site]:
        return inner()  # begin

    async def parent() -> list[Site]:
        return await asyncio.create_task(begin())

    expected = [
        place(test_a_task_that_starts_another_is_not_in_its_stack, "begin"),
        place(inner, "inner"),
    ]

    assert expected == shown(await parent())


def test_the_stack_of_a_callback_begins_with_the_callback() -> None:
    """What started the loop stands above it, and is not to blame."""

    async def main() -> list[Site]:
        done: asyncio.Future[list[Site]] = asyncio.Future()
        asyncio.get_running_loop().call_soon(lambda: done.set_result(inner()))
        return await done

    assert ["<lambda>", "inner()"] == functions(run_on(BACKENDS["asyncio"], main))


def test_the_stack_of_a_callback_on_uvloop_begins_with_the_callback() -> None:
    """The same as on asyncio."""

    async def main() -> list[Site]:
        done: asyncio.Future[list[Site]] = asyncio.Future()
        asyncio.get_running_loop().call_soon(lambda: done.set_result(inner()))
        return await done

    assert ["<lambda>", "inner()"] == functions(run_on(BACKENDS["uvloop"], main))


def test_the_stack_of_a_trio_callback_begins_with_the_callback() -> None:
    """trio calls it in a task of its own."""

    async def main() -> list[Site]:
        found: list[Site] = []
        trio.lowlevel.current_trio_token().run_sync_soon(lambda: found.extend(inner()))
        with trio.fail_after(5):
            await settle()
        return found

    assert ["<lambda>", "inner()"] == functions(run_on(BACKENDS["trio"], main))


def test_the_stack_of_a_trio_abort_function_begins_with_it() -> None:
    """A deadline that passes is nobody's doing."""

    async def main() -> list[Site]:
        found: list[Site] = []

        def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
            found.extend(inner())
            return trio.lowlevel.Abort.SUCCEEDED

        with trio.CancelScope() as scope:
            scope.deadline = trio.current_time() - 1
            await trio.lowlevel.wait_task_rescheduled(abort)
        return found

    assert ["abort(_raise_cancel)", "inner()"] == functions(run_on(BACKENDS["trio"], main))


async def test_a_worker_thread_is_told_from_what_it_was_given() -> None:
    """Without the machinery of threads."""
    assert ["inner()"] == functions(await anyio.to_thread.run_sync(inner))


def test_a_stack_can_be_cut_at_a_frame() -> None:
    """That frame is the first one told."""

    def first() -> list[Site]:
        return second(sys._getframe())  # first

    def second(outermost: FrameType) -> list[Site]:
        return running_sites(sys._getframe(), outermost)  # second

    here = test_a_stack_can_be_cut_at_a_frame

    assert [place(here, "first"), place(here, "second")] == shown(first())


def test_no_frame_is_no_stack() -> None:
    """A thread that has ended."""
    assert [] == running_sites(None)


# --- what is suspended -----------------------------------------------------------------------------------


@types.coroutine
def hook() -> Generator[str, None, None]:
    """Suspend, whatever drives the coroutine."""
    yield "suspended"  # hook


async def through_coroutine() -> None:
    """A coroutine awaited by another."""
    await hook()  # await


@types.coroutine
def generator_based() -> Generator[str, None, None]:
    """A generator that is awaited."""
    yield from through_coroutine().__await__()  # yield-from


async def through_generator() -> None:
    """Await a generator, which goes on through a coroutine's `__await__`."""
    await generator_based()  # await


class Awaitable_:
    """Its `__await__` is a generator."""

    def __await__(self) -> Generator[str, None, None]:
        yield from hook()  # yield-from


async def through_awaitable() -> None:
    """Await an object."""
    await Awaitable_()  # await


class Delegating:
    """Its `__await__` is that of a coroutine."""

    def __await__(self) -> Generator[Any, None, None]:
        return through_coroutine().__await__()


async def through_delegating() -> None:
    """Await an object that hands out the wrapper of a coroutine."""
    await Delegating()  # await


async def numbers() -> AsyncIterator[int]:
    """An asynchronous generator that suspends."""
    await hook()  # await
    yield 1


async def through_async_for() -> None:
    """Suspended in the first step."""
    async for _ in numbers():  # for
        pass


async def yield_first() -> AsyncIterator[int]:
    """An asynchronous generator that suspends in its second step."""
    yield 1
    await hook()  # await


async def through_second_step() -> None:
    """Suspended in the second step."""
    async for _ in yield_first():  # for
        pass


async def doubled() -> AsyncIterator[int]:
    """An asynchronous generator on top of another."""
    async for number in numbers():  # for
        yield number * 2


async def through_two_generators() -> None:
    """Two of them."""
    async for _ in doubled():  # for
        pass


async def through_anext() -> None:
    """`anext` on an asynchronous generator."""
    await anext(numbers())  # await


async def through_anext_with_default() -> None:
    """`anext` with a default is an awaitable of its own."""
    await anext(numbers(), None)  # await


class Steps:
    """An asynchronous iterator written by hand."""

    def __aiter__(self) -> Steps:
        return self

    async def __anext__(self) -> int:
        await hook()  # await
        return 1


async def through_iterator() -> None:
    """An asynchronous iterator written by hand."""
    async for _ in Steps():  # for
        pass


async def through_anext_of_iterator() -> None:
    """`anext` with a default, on an iterator written by hand."""
    await anext(Steps(), None)  # await


async def through_asend() -> None:
    """`asend` by hand."""
    steps: Any = numbers()
    await steps.asend(None)  # await


async def clean_up() -> AsyncGenerator[int, None]:
    """An asynchronous generator that suspends when it is closed."""
    try:
        yield 1
    finally:
        await hook()  # await


async def through_aclose() -> None:
    """`aclose` of a generator that has something to clean up."""
    steps: Any = clean_up()
    await anext(steps)
    await steps.aclose()  # await


async def through_aclosing() -> None:
    """The same by `aclosing`."""
    async with contextlib.aclosing(clean_up()) as steps:  # with
        await anext(steps)


async def through_athrow() -> None:
    """An exception thrown in, which makes the generator suspend."""
    steps: Any = clean_up()
    await anext(steps)
    await steps.athrow(ValueError())  # await


@contextlib.asynccontextmanager
async def entering() -> AsyncIterator[None]:
    """Suspends on entry."""
    await hook()  # await
    yield


async def through_entry() -> None:
    """`__aenter__` of a context manager."""
    async with entering():  # with
        pass


@contextlib.asynccontextmanager
async def leaving() -> AsyncIterator[None]:
    """Suspends on exit."""
    try:
        yield
    finally:
        await through_coroutine()  # await


async def through_exit() -> None:
    """`__aexit__` of a context manager."""
    async with leaving():  # with
        pass


async def through_exit_by_error() -> None:
    """`__aexit__` of a context manager that is left by an exception."""
    async with leaving():  # with
        raise ValueError


async def through_exit_stack() -> None:
    """A context manager on a stack of them."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(entering())  # await


async def through_generator_expression() -> None:
    """An asynchronous generator expression has a frame of its own."""
    async for _ in (number async for number in numbers()):  # for
        pass


CHAINS: dict[Callable[[], Coroutine[Any, Any, None]], list[str]] = {
    through_coroutine: ["await", "hook"],
    through_generator: ["await", "generator_based:yield-from", "through_coroutine:await", "hook"],
    through_awaitable: ["await", "__await__:yield-from", "hook"],
    through_delegating: ["await", "through_coroutine:await", "hook"],
    through_async_for: ["for", "numbers:await", "hook"],
    through_second_step: ["for", "yield_first:await", "hook"],
    through_two_generators: ["for", "doubled:for", "numbers:await", "hook"],
    through_anext: ["await", "numbers:await", "hook"],
    through_anext_with_default: ["await", "numbers:await", "hook"],
    through_iterator: ["for", "__anext__:await", "hook"],
    through_anext_of_iterator: ["await", "__anext__:await", "hook"],
    through_asend: ["await", "numbers:await", "hook"],
    through_aclose: ["await", "clean_up:await", "hook"],
    through_aclosing: ["with", "clean_up:await", "hook"],
    through_athrow: ["await", "clean_up:await", "hook"],
    through_entry: ["with", "entering:await", "hook"],
    through_exit: ["with", "leaving:await", "through_coroutine:await", "hook"],
    through_exit_by_error: ["with", "leaving:await", "through_coroutine:await", "hook"],
    through_exit_stack: ["await", "entering:await", "hook"],
    through_generator_expression: ["for", "<genexpr>:for", "numbers:await", "hook"],
}
PIECES: dict[str, object] = {
    "generator_based": generator_based,
    "through_coroutine": through_coroutine,
    "numbers": numbers,
    "yield_first": yield_first,
    "doubled": doubled,
    "clean_up": clean_up,
    "entering": entering.__wrapped__,  # type: ignore[attr-defined]  # set by functools.wraps
    "leaving": leaving.__wrapped__,  # type: ignore[attr-defined]
    "__anext__": Steps.__anext__,
    "__await__": Awaitable_.__await__,
}


def expected_line(first: object, step: str) -> str:
    """Give `file:line` of one step of a chain."""
    function, _, mark = step.rpartition(":")
    if step == "hook":
        return place(hook, "hook")
    return place(first if function in ("", "<genexpr>") else PIECES[function], mark)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_suspended_chain_is_followed_to_its_end(chain: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Through whatever Python lets one await."""
    coroutine = chain()
    assert "suspended" == coroutine.send(None)
    found = shown(suspended_sites(coroutine))
    expected = [expected_line(chain, step) for step in CHAINS[chain]]
    coroutine.close()

    assert expected == found


def nothing() -> Iterator[None]:
    """Give nothing."""
    yield from ()


def ended(steps: Iterator[None]) -> Iterator[None]:
    """Run an iterator to its end and give it."""
    list(steps)
    return steps


FRAMELESS: dict[str, object] = {
    "None": None,
    "an object": object(),
    "an iterator written in C": iter([]),
    "a generator that has ended": ended(nothing()),
}


@pytest.mark.parametrize("name", FRAMELESS)
def test_what_has_no_frame_stands_nowhere(name: str) -> None:
    """No error and no place."""
    assert [] == suspended_sites(FRAMELESS[name])


def test_a_coroutine_that_has_not_begun_stands_at_its_first_line() -> None:
    """A task that was started and has not run yet."""
    coroutine = through_coroutine()
    found = places_of(suspended_sites(coroutine))
    coroutine.close()

    assert [through_coroutine.__code__.co_firstlineno] == [one.line for one in found]


def test_a_coroutine_that_has_ended_stands_nowhere() -> None:
    """Its frame is gone."""
    coroutine = through_coroutine()
    coroutine.close()

    assert [] == suspended_sites(coroutine)


async def test_a_suspended_task_is_told_down_to_its_await() -> None:
    """On the real backends, without their own frames."""
    found: list[list[Site]] = []

    async def wait(event: anyio.Event) -> None:
        await event.wait()  # wait

    async def waiter(event: anyio.Event) -> None:
        who.append(tasks.actor())
        await wait(event)  # waiter

    who: list[tasks.Actor] = []
    async with anyio.create_task_group() as group:
        event = anyio.Event()
        group.start_soon(waiter, event)
        await settle()
        found.append(tasks.sites_of(who[0]))
        event.set()

    here = test_a_suspended_task_is_told_down_to_its_await

    assert [place(here, "waiter"), place(here, "wait")] == shown(found[0])


# --- nothing is kept -------------------------------------------------------------------------------------


class Local:
    """What a function has in a local variable."""


def test_the_sites_of_a_suspended_coroutine_keep_no_frame() -> None:
    """The locals die with the coroutine, though the sites live on."""
    refs: list[weakref.ref[Local]] = []

    async def holds_local() -> None:
        local = Local()
        refs.append(weakref.ref(local))
        await hook()

    coroutine = holds_local()
    coroutine.send(None)
    gc.disable()
    try:
        sites = suspended_sites(coroutine)
        coroutine.close()
        del coroutine

        assert [None] == [reference() for reference in refs]
        assert 2 == len(sites)
    finally:
        gc.enable()


def test_the_sites_of_running_code_keep_no_frame() -> None:
    """The locals of every caller die when it returns, without the collector."""
    refs: list[weakref.ref[Local]] = []

    def holds_local() -> list[Site]:
        local = Local()
        refs.append(weakref.ref(local))
        return [*running_sites(sys._getframe()), caller_site()]

    gc.disable()
    try:
        sites = holds_local()

        assert [None] == [reference() for reference in refs]
        assert sites
    finally:
        gc.enable()


def test_looking_at_a_coroutine_adds_no_reference() -> None:
    """To it, to its frame, nor to what it awaits."""
    steps: Any = numbers()
    wrapper = steps.asend(None)
    wrapper.send(None)
    before = [sys.getrefcount(one) for one in (steps, wrapper, steps.ag_frame)]
    for _ in range(10):
        suspended_sites(wrapper)
    after = [sys.getrefcount(one) for one in (steps, wrapper, steps.ag_frame)]
    with contextlib.suppress(StopIteration):
        wrapper.send(None)

    assert before == after


def test_a_site_is_a_code_object_and_a_number() -> None:
    """Rule 1: nothing else can be kept alive by it."""
    code, offset = stand()

    assert (stand.__code__, int) == (code, type(offset))
    assert stacks.site_of.__code__.co_names == ("f_code", "f_lasti")
