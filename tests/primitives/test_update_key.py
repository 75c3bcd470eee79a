"""`SharedMap.update_key`: one update of a key at a time, and no write between reading and storing is lost."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import contextlib
import gc
import json
import operator
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from cancelling import Gate, Victim, by_scope, company, every_way, some_turns
from turns import BACKENDS, place, run_in_thread, run_on

from anymutex import ConflictError, DeadlockError, Mutex, RWMutex, SharedMap, probe
from anymutex.events import MapWritten, ProblemFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cancelling import Way

    from anymutex.events import Event

    AnyMap: TypeAlias = SharedMap[str, Any]
    Write: TypeAlias = Callable[[AnyMap], object]


class Adding:
    """A function for `update_key` that adds a text when its gate is open, and notes what it was given."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.gate = Gate()
        self.given: list[str] = []

    async def __call__(self, value: str) -> str:
        """The value with the text behind it."""
        self.given.append(value)
        await self.gate.wait()
        return value + self.text


async def add_a(value: str) -> str:
    """Add one letter, with an await between reading and writing."""
    await anyio.lowlevel.checkpoint()
    return value + "a"


async def never(value: object) -> object:
    """A function that is not to be called."""
    raise AssertionError("the function was called")


# --- one update -------------------------------------------------------------------------------------------


async def test_it_stores_and_returns_the_new_value() -> None:
    """The function gets the present value; what it returns is stored and returned."""
    m: AnyMap = SharedMap({"k": "x", "other": "y"})

    assert "xa" == await m.update_key("k", add_a)
    assert {"k": "xa", "other": "y"} == m.snapshot()


async def test_a_missing_key_without_a_default_is_a_key_error() -> None:
    """The function is not called, and nothing is stored."""
    m: AnyMap = SharedMap()
    with pytest.raises(KeyError) as caught:
        await m.update_key("k", never)

    assert ("k",) == caught.value.args
    assert {} == m.snapshot()


async def test_the_default_stands_for_a_missing_value() -> None:
    """Any default, None too; it is not stored itself."""
    defaults: list[object] = ["", None, 0]
    given: list[object] = []

    async def function(m: AnyMap, value: object) -> str:
        given.append(value)
        assert "k" not in m
        return "new"

    for default in defaults:
        m: AnyMap = SharedMap()
        assert "new" == await m.update_key("k", partial(function, m), default=default)

    assert defaults == given


async def test_the_default_is_not_used_for_a_value_that_is_there() -> None:
    """Not even for None."""
    m: AnyMap = SharedMap({"k": None})
    given: list[object] = []

    async def function(value: object) -> str:
        given.append(value)
        return "new"

    await m.update_key("k", function, default="default")

    assert [None] == given


async def test_an_unhashable_key_is_a_type_error() -> None:
    """As in a dict."""
    m: SharedMap[Any, Any] = SharedMap()
    with pytest.raises(TypeError, match="unhashable"):
        await m.update_key([], never, default=None)


def not_async(value: object) -> object:
    """A function that a careless user may take for an async one."""
    return value


async def test_a_function_that_is_not_async_is_a_type_error() -> None:
    """The old value stays, and the key can be updated afterwards."""
    m: AnyMap = SharedMap({"k": "x"})
    no_functions: list[Any] = [not_async, str, "a value", None]
    for function in no_functions:
        with pytest.raises(TypeError):
            await m.update_key("k", function)
        assert {"k": "x"} == m.snapshot()

    assert "xa" == await m.update_key("k", add_a)


async def test_the_type_error_names_the_function() -> None:
    """One sees which argument was wrong."""
    m: AnyMap = SharedMap({"k": "x"})
    wrong: Any = not_async
    with pytest.raises(TypeError, match="not_async"):
        await m.update_key("k", wrong)


# --- several updates --------------------------------------------------------------------------------------


async def test_no_update_is_lost() -> None:
    """Fifty tasks each add one, with an await between reading and writing."""
    m: AnyMap = SharedMap({"k": ""})
    async with company() as group:
        for _ in range(50):
            group.start_soon(m.update_key, "k", add_a)

    assert "a" * 50 == m["k"]


async def test_updates_of_a_key_come_in_the_order_they_were_asked_for() -> None:
    """First in, first out; each gets the value of the one before."""
    m: AnyMap = SharedMap({"k": ""})
    functions = [Adding(letter) for letter in "abcd"]
    async with company() as group:
        for function in functions:
            group.start_soon(m.update_key, "k", function)
            await some_turns()
        assert [[""], [], [], []] == [function.given for function in functions]
        for function in reversed(functions):
            function.gate.open()

    assert [[""], ["a"], ["ab"], ["abc"]] == [function.given for function in functions]
    assert "abcd" == m["k"]


async def test_different_keys_are_updated_at_the_same_time() -> None:
    """An update keeps nobody from another key."""
    m: AnyMap = SharedMap({"one": "1", "two": "2"})
    one, two = Adding("!"), Adding("?")
    async with company() as group:
        group.start_soon(m.update_key, "one", one)
        group.start_soon(m.update_key, "two", two)
        await some_turns()
        given = one.given, two.given
        two.gate.open()
        await some_turns()
        assert {"one": "1", "two": "2?"} == m.snapshot()
        one.gate.open()

    assert (["1"], ["2"]) == given
    assert {"one": "1!", "two": "2?"} == m.snapshot()


async def test_an_update_of_another_key_may_be_made_from_inside() -> None:
    """Updates nest."""
    m: AnyMap = SharedMap({"outer": "o", "inner": "i"})

    async def function(value: str) -> str:
        return value + str(await m.update_key("inner", add_a))

    assert "oia" == await m.update_key("outer", function)
    assert {"outer": "oia", "inner": "ia"} == m.snapshot()


async def test_an_update_waits_for_a_creation_of_its_key() -> None:
    """It then gets the created value, not the default."""
    m: AnyMap = SharedMap()
    gate = Gate()

    async def create() -> str:
        await gate.wait()
        return "made"

    async with company() as group:
        group.start_soon(m.get_or_create, "k", create)
        await some_turns()
        group.start_soon(partial(m.update_key, "k", add_a, default="default"))
        await some_turns()
        assert {} == m.snapshot()
        gate.open()

    assert {"k": "madea"} == m.snapshot()


# --- errors and cancellation ------------------------------------------------------------------------------


async def test_an_error_leaves_the_old_value_and_lets_the_next_one_in() -> None:
    """The error is raised to the caller alone."""
    m: AnyMap = SharedMap({"k": "x"})
    gate = Gate()
    errors: list[str] = []

    async def fail(value: str) -> str:
        await gate.wait()
        raise LookupError(f"can't update {value}")

    async def attempt() -> None:
        try:
            await m.update_key("k", fail)
        except LookupError as error:
            errors.append(str(error))

    async with company() as group:
        group.start_soon(attempt)
        await some_turns()
        group.start_soon(m.update_key, "k", add_a)
        await some_turns()
        assert {"k": "x"} == m.snapshot()
        gate.open()

    assert ["can't update x"] == errors
    assert {"k": "xa"} == m.snapshot()


@every_way
@pytest.mark.parametrize("content", [{}, {"k": "x"}], ids=["missing", "there"])
async def test_a_cancelled_update_leaves_the_old_value(way: Way, content: dict[str, str]) -> None:
    """Nothing is stored, not the default either, and the next one is let in."""
    m: AnyMap = SharedMap(content)
    function, following = Adding("!"), Adding("a")
    victim = Victim(m.update_key("k", function, default="x"), way)
    async with company() as group:
        group.start_soon(victim.run)
        await some_turns()
        group.start_soon(partial(m.update_key, "k", following, default="x"))
        await some_turns()
        victim.end()
        await some_turns()
        assert content == m.snapshot()
        following.gate.open()

    assert (["x"], ["x"]) == (function.given, following.given)
    assert {"k": "xa"} == m.snapshot()


async def test_in_a_cancelled_scope_nothing_is_updated() -> None:
    """It is a cancellation point before the function is called."""
    m: AnyMap = SharedMap({"k": "x"})
    with anyio.CancelScope() as scope:
        scope.cancel()
        await m.update_key("k", never)

    assert scope.cancelled_caught
    assert {"k": "x"} == m.snapshot()


class Key:
    """A key of which one can tell whether anything keeps it."""


async def update_and_forget(m: SharedMap[Key, Any]) -> list[weakref.ref[Key]]:
    """An update whose value is removed, one that fails and one that is cancelled; give their keys."""
    updated, failed, cancelled = Key(), Key(), Key()

    async def fail(value: str) -> str:
        raise LookupError

    await m.update_key(updated, add_a, default="x")
    del m[updated]
    with contextlib.suppress(LookupError):
        await m.update_key(failed, fail, default="x")
    victim = Victim(m.update_key(cancelled, Adding("lost"), default="x"), by_scope)
    async with company() as group:
        group.start_soon(victim.run)
        await some_turns()
        victim.end()
    return [weakref.ref(key) for key in (updated, failed, cancelled)]


def test_nothing_keeps_a_key_that_is_not_in_the_map_any_more() -> None:
    """The map itself lives on."""
    m: SharedMap[Key, Any] = SharedMap()
    keys = [key for name in BACKENDS for key in run_on(BACKENDS[name], partial(update_and_forget, m))]
    gc.collect()

    assert [None] * 3 * len(BACKENDS) == [key() for key in keys]


# --- re-entry ---------------------------------------------------------------------------------------------


async def make_never() -> object:
    """A factory that is not to be called."""
    raise AssertionError("the factory was called")


REENTRIES: dict[str, Callable[[AnyMap], Awaitable[object]]] = {
    "update_key": lambda m: m.update_key("k", never, None),
    "compare_and_swap": lambda m: m.compare_and_swap("k", "x", "swapped"),
    "get_or_create": lambda m: m.get_or_create("k", make_never),
}


@pytest.mark.parametrize("reenter", REENTRIES.values(), ids=REENTRIES)
async def test_a_function_that_wants_its_own_key_is_a_deadlock(
    reenter: Callable[[AnyMap], Awaitable[object]],
) -> None:
    """It would wait for itself: `DeadlockError` that names the key, and the update may go on."""
    stock: AnyMap = SharedMap(name="stock")

    async def function(value: str) -> str:
        with pytest.raises(DeadlockError, match=r"stock\['k'\]"):
            await reenter(stock)
        return value + "!"

    assert "x!" == await stock.update_key("k", function, default="x")


async def test_a_present_value_may_be_found_from_inside() -> None:
    """`get_or_create` of a key that is there waits for nobody."""
    m: AnyMap = SharedMap({"k": "x"})

    async def function(value: str) -> str:
        return value + str(await m.get_or_create("k", make_never))

    assert "xx" == await m.update_key("k", function)


async def test_a_ring_of_updates_is_a_deadlock() -> None:
    """Two tasks that update two keys in opposite orders: one is told, the other comes to its end."""
    m: AnyMap = SharedMap({"a": "", "b": ""}, name="stock")
    told: list[str] = []

    async def update(key: str, other: str) -> None:
        async def function(value: str) -> str:
            await some_turns()
            return value + str(await m.update_key(other, add_a))

        try:
            await m.update_key(key, function)
        except DeadlockError as error:
            told.append(str(error))

    async with company() as group:
        group.start_soon(update, "a", "b")
        group.start_soon(update, "b", "a")

    [text] = told
    assert "stock['a']" in text
    assert "stock['b']" in text
    assert ["a", "a"] == list(m.values())


# --- plain writes meanwhile -------------------------------------------------------------------------------

WRITES: dict[str, tuple[Write, dict[str, Any]]] = {
    "set": (lambda m: operator.setitem(m, "k", "plain"), {"k": "plain", "other": "y"}),
    "set an equal value": (lambda m: operator.setitem(m, "k", "x"), {"k": "x", "other": "y"}),
    "del": (lambda m: operator.delitem(m, "k"), {"other": "y"}),
    "pop": (lambda m: m.pop("k"), {"other": "y"}),
    "update": (lambda m: m.update(k="plain"), {"k": "plain", "other": "y"}),
    "or-equals": (lambda m: m.__ior__({"k": "plain"}), {"k": "plain", "other": "y"}),
    "clear": (lambda m: m.clear(), {}),
    "del and set": (lambda m: (m.pop("k"), m.setdefault("k", "plain")), {"other": "y", "k": "plain"}),
}
NO_WRITES: dict[str, Write] = {
    "setdefault of a present key": lambda m: m.setdefault("k", "plain"),
    "pop of a missing key": lambda m: m.pop("missing", None),
    "another key set": lambda m: operator.setitem(m, "other", "z"),
    "another key deleted": lambda m: operator.delitem(m, "other"),
    "another key added": lambda m: operator.setitem(m, "new", "z"),
    "popitem of another": lambda m: m.popitem(),
    "reads": lambda m: (m["k"], m.get("k"), list(m.items()), m.copy(), m | {"k": 1}),
}


async def write_meanwhile(m: AnyMap, write: Write) -> list[ConflictError]:
    """Update the key `k` in a task `updater`, let a task `writer` write meanwhile; give what was raised."""
    function = Adding("!")
    raised: list[ConflictError] = []

    async def update() -> None:
        try:
            await m.update_key("k", function)  # the update
        except ConflictError as error:
            raised.append(error)

    async def writer() -> None:
        write(m)  # the write

    async with company() as group:
        group.start_soon(update, name="updater")
        await some_turns()
        group.start_soon(writer, name="writer")
        await some_turns()
        function.gate.open()
    return raised


async def test_a_plain_write_meanwhile_is_a_conflict() -> None:
    """The updating task is told, nothing is stored, and the plain write stands."""
    expected = {name: (1, list(content.items())) for name, (_, content) in WRITES.items()}
    actual: dict[str, object] = {}
    for name, (write, _) in WRITES.items():
        m: AnyMap = SharedMap({"k": "x", "other": "y"})
        actual[name] = len(await write_meanwhile(m, write)), list(m.items())

    assert expected == actual


async def test_what_does_not_write_the_key_is_no_conflict() -> None:
    """Reads, writes of other keys, and what is no write at all."""
    actual: dict[str, object] = {}
    for name, write in NO_WRITES.items():
        m: AnyMap = SharedMap({"k": "x", "other": "y"})
        actual[name] = await write_meanwhile(m, write), m["k"]

    assert dict.fromkeys(NO_WRITES, ([], "x!")) == actual


async def test_a_key_that_is_set_while_its_default_is_updated_is_a_conflict() -> None:
    """A missing key is a state too, which somebody has changed."""
    m: AnyMap = SharedMap()
    function = Adding("!")
    async with company() as group:

        async def update() -> None:
            with pytest.raises(ConflictError):
                await m.update_key("k", function, default="default")

        group.start_soon(update)
        await some_turns()
        m.setdefault("k", "plain")
        function.gate.open()

    assert {"k": "plain"} == m.snapshot()


async def test_a_conflict_names_both_sides() -> None:
    """Who updates, who wrote, what, and both lines."""
    stock: AnyMap = SharedMap({"k": "x"}, name="stock")
    [error] = await write_meanwhile(stock, lambda m: operator.setitem(m, "k", "plain"))
    text = str(error)

    assert 'task "updater"' in text
    assert 'task "writer"' in text
    assert "stock['k'] meanwhile: value replaced" in text
    assert place(write_meanwhile, "the update") in text
    assert place(write_meanwhile, "the write") in text
    assert "update_key" in text.splitlines()[-2]
    assert "concurrent" in error.report.headline
    assert json.loads(json.dumps(error.report.to_json()))["text"] == text


async def test_only_the_first_of_two_writers_is_named() -> None:
    """One conflict, however many write."""
    m: AnyMap = SharedMap({"k": "x"}, name="m")

    def write_twice(m: AnyMap) -> None:
        m["k"] = "first"
        del m["k"]

    [error] = await write_meanwhile(m, write_twice)

    assert "meanwhile: value replaced" in str(error)
    assert "removed" not in str(error)


async def test_a_write_by_a_thread_is_a_conflict() -> None:
    """The thread is named."""
    m: AnyMap = SharedMap({"k": "x"})
    [error] = await write_meanwhile(m, lambda m: run_in_thread(partial(operator.setitem, m, "k", "plain")))

    assert 'thread "ThreadPoolExecutor' in str(error)


async def test_a_write_by_a_child_of_the_updating_task_is_a_conflict() -> None:
    """Only the updating task itself may write."""
    m: AnyMap = SharedMap({"k": "x"})

    async def child() -> None:
        m["k"] = "child's"

    async def function(value: str) -> str:
        async with company() as group:
            group.start_soon(child)
        return value + "!"

    with pytest.raises(ConflictError):
        await m.update_key("k", function)

    assert {"k": "child's"} == m.snapshot()


async def test_the_updating_task_itself_may_write() -> None:
    """It knows what it does: what it returns is stored in the end."""
    m: AnyMap = SharedMap({"k": "x"})

    async def function(value: str) -> str:
        m["k"] = "own"
        await anyio.lowlevel.checkpoint()
        return value + "!"

    assert "x!" == await m.update_key("k", function)
    assert {"k": "x!"} == m.snapshot()


async def test_an_error_of_the_function_goes_before_a_conflict() -> None:
    """If nothing would have been stored, nothing is lost: the function's own error is raised."""
    m: AnyMap = SharedMap({"k": "x"})

    async def function(value: str) -> str:
        async with company() as group:
            group.start_soon(overwrite)
        raise LookupError

    async def overwrite() -> None:
        m["k"] = "plain"

    with pytest.raises(LookupError):
        await m.update_key("k", function)

    assert {"k": "plain"} == m.snapshot()


async def test_writes_before_and_after_an_update_are_none_of_its_business() -> None:
    """After an update, one with a conflict too, the map is as quick to write to as before."""
    m: AnyMap = SharedMap({"k": "x"})
    m["k"] = "before"
    assert 1 == len(await write_meanwhile(m, lambda m: operator.setitem(m, "k", "plain")))
    m["k"] = "after"

    assert "aftera" == await m.update_key("k", add_a)


async def test_on_conflict_gets_the_report_and_the_update_goes_on() -> None:
    """As an iteration does."""
    reports: list[Any] = []
    m: AnyMap = SharedMap({"k": "x"}, name="m", on_conflict=reports.append)

    assert [] == await write_meanwhile(m, lambda m: operator.setitem(m, "k", "plain"))
    [report] = reports
    assert "wrote m['k'] meanwhile: value replaced" == report.writer.did
    assert {"k": "x!"} == m.snapshot()


async def test_the_probe_hears_the_store_and_the_conflict() -> None:
    """A store is a `MapWritten`, a conflict a `ProblemFound`, with the same report as the error's."""
    heard: list[object] = []
    m: AnyMap = SharedMap({"k": "x"})

    def listen(event: Event) -> None:
        if isinstance(event, MapWritten):
            heard.append(event.key)
        elif isinstance(event, ProblemFound):
            heard.append(event.report)

    with probe.listening(listen):
        await m.update_key("k", add_a)
        [error] = await write_meanwhile(m, lambda m: operator.setitem(m, "k", "plain"))

    assert ["k", "k", error.report] == heard


# --- open iterations, locks, runs -------------------------------------------------------------------------


async def test_an_update_is_a_write_to_open_iterations() -> None:
    """Whoever stands in a loop over the map is told of it."""
    m: AnyMap = SharedMap({"k": "x"}, name="m")
    with pytest.raises(ConflictError) as caught:
        for _ in m:
            async with company() as group:
                group.start_soon(m.update_key, "k", add_a)

    assert "wrote m['k'] meanwhile: value replaced" in str(caught.value)


async def test_an_update_that_fails_is_no_write_to_open_iterations() -> None:
    """Nothing was stored."""
    m: AnyMap = SharedMap({"k": "x"})

    async def fail(value: str) -> str:
        raise LookupError

    async def attempt() -> None:
        with pytest.raises(LookupError):
            await m.update_key("k", fail)

    for _ in m:
        async with company() as group:
            group.start_soon(attempt)


async def test_a_guarded_map_refuses_without_its_lock() -> None:
    """At once: the function is not even called."""
    m: AnyMap = SharedMap({"k": "x"}, guarded_by=Mutex())
    with pytest.raises(ConflictError, match="unguarded access"):
        await m.update_key("k", never)


@pytest.mark.parametrize("make_lock", [Mutex, anyio.Lock, lambda: RWMutex().writer])
async def test_a_guarded_map_is_updated_by_who_holds_its_lock(make_lock: Callable[[], Any]) -> None:
    """The lock is held over the whole update."""
    lock = make_lock()
    m: AnyMap = SharedMap({"k": "x"}, guarded_by=lock)
    async with lock:
        assert "xa" == await m.update_key("k", add_a)


async def test_who_holds_the_lock_for_reading_does_not_update() -> None:
    """An update is a write: it needs the writer's side."""
    rw = RWMutex()
    m: AnyMap = SharedMap({"k": "x"}, guarded_by=rw)
    async with rw.reader:
        with pytest.raises(ConflictError, match="unguarded access"):
            await m.update_key("k", add_a)
        assert "x" == m["k"]
    async with rw.writer:
        assert "xa" == await m.update_key("k", add_a)


made_at_import: AnyMap = SharedMap()


def test_a_map_made_at_import_time_works_in_every_later_run() -> None:
    """Updates that one run left behind do not matter in the next, on whatever backend."""
    order = [*BACKENDS, *reversed(BACKENDS)]

    async def program() -> str:
        made_at_import["k"] = ""
        async with company() as group:
            for _ in range(3):
                group.start_soon(made_at_import.update_key, "k", add_a)
        async with company() as group:
            for _ in range(3):
                group.start_soon(made_at_import.update_key, "k", Adding("lost"))
            await some_turns()
            group.cancel_scope.cancel()
        return str(made_at_import["k"])

    assert ["aaa"] * len(order) == [run_on(BACKENDS[name], program) for name in order]


async def test_a_write_under_the_guarding_lock_is_a_conflict_too() -> None:
    """The function lets go of the lock for a while, and another task uses it properly."""
    mux = Mutex("mux")
    m: SharedMap[str, int] = SharedMap({"k": 1}, name="m", guarded_by=mux)
    gap, written = anyio.Event(), anyio.Event()

    async def let_go(value: int) -> int:
        mux.release()
        gap.set()
        await written.wait()
        await mux.acquire()
        return value + 1

    async def write() -> None:
        await gap.wait()
        async with mux:
            m["k"] = 100
        written.set()

    async with anyio.create_task_group() as group, mux:
        group.start_soon(write)
        with pytest.raises(ConflictError, match="concurrent map writes"):
            await m.update_key("k", let_go)

        assert 100 == m["k"]


async def test_a_key_that_is_unequal_to_itself_is_one_key() -> None:
    """A dict asks for identity first."""
    nan = float("nan")
    m: SharedMap[float, int] = SharedMap({nan: 1}, name="m")
    begun, written = anyio.Event(), anyio.Event()

    async def wait(value: int) -> int:
        begun.set()
        await written.wait()
        return value + 1

    async def write() -> None:
        await begun.wait()
        m[nan] = 100
        written.set()

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        with pytest.raises(ConflictError, match="concurrent map writes"):
            await m.update_key(nan, wait)
