"""`SharedMap.get_or_create`: one creation for all who ask, whatever becomes of the task that creates."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import contextlib
import gc
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from cancelling import Gate, Victim, by_scope, company, every_way, leave_debug_mode, some_turns
from turns import BACKENDS, place, run_in_thread, run_on

from anymutex import ConflictError, DeadlockError, Mutex, RWMutex, SharedMap, probe
from anymutex.events import MapWritten

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cancelling import Way

    from anymutex.events import Event

    StrMap: TypeAlias = SharedMap[str, Any]


class Making:
    """A factory that is under way until its gate opens."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.gate = Gate()
        self.calls = 0

    async def __call__(self) -> object:
        """Make the value."""
        self.calls += 1
        await self.gate.wait()
        return self.value


async def never() -> object:
    """A factory that is not to be called."""
    raise AssertionError("the factory was called")


async def checkpointed(value: object) -> object:
    """A factory that awaits once."""
    await anyio.lowlevel.checkpoint()
    return value


def making(value: object) -> Callable[[], Awaitable[object]]:
    """A factory that gives `value` after an await."""
    return partial(checkpointed, value)


async def ask(m: StrMap, factory: Callable[[], Awaitable[object]], got: list[object]) -> None:
    """Note what `get_or_create` gives for the key `k`, or the error it raises."""
    try:
        got.append(await m.get_or_create("k", factory))
    except Exception as error:
        got.append((type(error), str(error)))


# --- one creation -----------------------------------------------------------------------------------------


async def test_what_is_missing_is_made_stored_and_returned() -> None:
    """The simplest case."""
    m: StrMap = SharedMap()

    assert "made" == await m.get_or_create("k", making("made"))
    assert {"k": "made"} == m.snapshot()


async def test_a_hit_gives_what_is_there_and_is_no_checkpoint() -> None:
    """A present value, a falsy one too, is returned without a suspension, in a cancelled scope too."""
    values: list[object] = ["there", None, 0, ""]
    got: list[object] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        for value in values:
            victim = Victim(ask(SharedMap({"k": value}), never, got), by_scope)
            await victim
            assert 0 == victim.suspensions

    assert values == got


async def test_a_thousand_callers_run_the_factory_once() -> None:
    """Single flight: all get what the first one made."""
    leave_debug_mode()
    m: StrMap = SharedMap()
    factory = Making(object())
    got: list[object] = []
    async with company() as group:
        for _ in range(1000):
            group.start_soon(ask, m, factory, got)
        await some_turns()
        assert 1 == factory.calls
        assert {} == m.snapshot()
        factory.gate.open()

    assert 1 == factory.calls
    assert [factory.value] * 1000 == got
    assert factory.value is m["k"]


async def test_it_is_the_first_callers_factory_that_is_called() -> None:
    """The others' are not."""
    m: StrMap = SharedMap()
    first = Making("first")
    got: list[object] = []
    async with company() as group:
        group.start_soon(ask, m, first, got)
        await some_turns()
        for _ in range(3):
            group.start_soon(ask, m, never, got)
        await some_turns()
        first.gate.open()

    assert ["first"] * 4 == got


async def test_different_keys_are_made_at_the_same_time() -> None:
    """A creation keeps nobody from another key."""
    m: StrMap = SharedMap()
    one, two = Making(1), Making(2)
    async with company() as group:
        group.start_soon(m.get_or_create, "one", one)
        group.start_soon(m.get_or_create, "two", two)
        await some_turns()
        calls = one.calls, two.calls
        two.gate.open()
        await some_turns()
        assert {"two": 2} == m.snapshot()
        one.gate.open()

    assert (1, 1) == calls
    assert {"two": 2, "one": 1} == m.snapshot()


async def test_a_factory_may_ask_for_another_key() -> None:
    """Creations nest."""
    m: StrMap = SharedMap()

    async def outer() -> object:
        return "outer of " + await m.get_or_create("inner", making("inner"))

    assert "outer of inner" == await m.get_or_create("outer", outer)
    assert {"inner": "inner", "outer": "outer of inner"} == m.snapshot()


async def test_a_value_that_was_removed_is_made_anew() -> None:
    """There is no memory of it."""
    m: StrMap = SharedMap()
    await m.get_or_create("k", making("old"))
    del m["k"]

    assert "new" == await m.get_or_create("k", making("new"))


async def test_equal_keys_are_one() -> None:
    """1, 1.0 and True are one key, as in a dict."""
    m: SharedMap[object, str] = SharedMap()
    gate = Gate()
    calls: list[object] = []

    async def factory(key: object) -> str:
        calls.append(key)
        await gate.wait()
        return "made"

    async with company() as group:
        for key in (1, 1.0, True):
            group.start_soon(m.get_or_create, key, partial(factory, key))
            await some_turns()
        gate.open()

    assert [1] == calls
    assert {1: "made"} == m.snapshot()


# --- the leader is cancelled ------------------------------------------------------------------------------


@every_way
async def test_a_follower_takes_over_from_a_leader_that_is_cancelled(way: Way) -> None:
    """The next in the queue creates, with its own factory, and the ones behind it get that."""
    m: StrMap = SharedMap()
    first, second = Making("first"), Making("second")
    got: list[object] = []
    leader = Victim(ask(m, first, got), way)
    async with company() as group:
        group.start_soon(leader.run)
        await some_turns()
        group.start_soon(ask, m, second, got)
        await some_turns()
        group.start_soon(ask, m, never, got)
        await some_turns()
        leader.end()
        await some_turns()
        calls = first.calls, second.calls
        assert [] == got
        second.gate.open()

    assert (1, 1) == calls
    assert ["second", "second"] == got
    assert {"k": "second"} == m.snapshot()


@every_way
async def test_leaders_may_be_cancelled_one_after_the_other(way: Way) -> None:
    """The creation passes on until somebody comes to its end."""
    m: StrMap = SharedMap()
    factories = [Making(number) for number in range(4)]
    got: list[object] = []
    askers = [Victim(ask(m, factory, got), way) for factory in factories]
    async with company() as group:
        for asker in askers:
            group.start_soon(asker.run)
            await some_turns()
        for asker in askers[:3]:
            asker.end()
            await some_turns()
        calls = [factory.calls for factory in factories]
        factories[3].gate.open()

    assert [1, 1, 1, 1] == calls
    assert [3] == got


@every_way
async def test_a_cancelled_leader_alone_leaves_nothing(way: Way) -> None:
    """The key stays missing, and the next one who asks creates."""
    m: StrMap = SharedMap()
    got: list[object] = []
    leader = Victim(ask(m, Making("first"), got), way)
    async with company() as group:
        group.start_soon(leader.run)
        await some_turns()
        leader.end()
    assert {} == m.snapshot()
    await ask(m, making("second"), got)

    assert ["second"] == got


@every_way
async def test_leader_and_first_follower_are_cancelled_in_one_step(way: Way) -> None:
    """The one behind both creates: the creation is not lost with the one it was handed to."""
    m: StrMap = SharedMap()
    got: list[object] = []
    victims = [Victim(ask(m, Making("lost"), got), way) for _ in range(2)]
    async with company() as group:
        for victim in victims:
            group.start_soon(victim.run)
            await some_turns()
        group.start_soon(ask, m, making("third"), got)
        await some_turns()
        for victim in victims:
            victim.end()

    assert ["third"] == got


@every_way
async def test_followers_that_are_cancelled_do_not_disturb_the_leader(way: Way) -> None:
    """The creation is the leader's: it goes on for those who are left."""
    m: StrMap = SharedMap()
    factory = Making("made")
    got: list[object] = []
    followers = [Victim(ask(m, never, got), way) for _ in range(3)]
    async with company() as group:
        group.start_soon(ask, m, factory, got)
        await some_turns()
        for follower in followers:
            group.start_soon(follower.run)
        group.start_soon(ask, m, never, got)
        await some_turns()
        for follower in followers:
            follower.end()
        await some_turns()
        factory.gate.open()

    assert ["made", "made"] == got
    assert 1 == factory.calls


# --- the factory fails ------------------------------------------------------------------------------------


async def failing(gate: Gate) -> object:
    """A factory that raises."""
    await gate.wait()
    raise LookupError("no such page")  # the failure


async def test_an_error_reaches_all_who_wait_and_the_key_is_forgotten() -> None:
    """Everybody gets the factory's error; whoever comes later begins anew."""
    m: StrMap = SharedMap()
    gate = Gate()
    got: list[object] = []
    async with company() as group:
        for _ in range(4):
            group.start_soon(ask, m, partial(failing, gate), got)
        await some_turns()
        gate.open()
    assert {} == m.snapshot()
    await ask(m, making("made"), got)

    assert [(LookupError, "no such page")] * 4 + ["made"] == got


async def test_an_error_shows_where_the_factory_raised_it() -> None:
    """The traceback of a follower leads to the factory's line, and does not grow with each who raises it."""
    m: StrMap = SharedMap()
    gate = Gate()
    depths: list[int] = []

    async def note() -> None:
        with pytest.raises(LookupError) as caught:
            await m.get_or_create("k", partial(failing, gate))
        assert place(failing, "the failure").endswith(f":{caught.traceback[-1].lineno + 1}")
        depths.append(len(caught.traceback))

    async with company() as group:
        for _ in range(5):
            group.start_soon(note)
        await some_turns()
        gate.open()

    assert 5 == len(depths)
    assert 1 == len(set(depths[1:]))


def not_async() -> str:
    """A function that a careless user may take for a factory."""
    return "plain value"


NO_FACTORIES: list[Any] = [not_async, dict, "plain value", None]


async def test_a_factory_that_is_not_async_is_a_type_error() -> None:
    """Nothing is stored, and the key can be created afterwards."""
    m: StrMap = SharedMap()
    got: list[Any] = []
    for factory in NO_FACTORIES:
        await ask(m, factory, got)
        assert {} == m.snapshot()

    assert [TypeError] * len(NO_FACTORIES) == [kind for kind, _ in got]
    assert "made" == await m.get_or_create("k", making("made"))


async def test_the_type_error_names_the_function() -> None:
    """One sees which argument was wrong."""
    m: StrMap = SharedMap()
    wrong: Any = not_async
    with pytest.raises(TypeError, match="not_async"):
        await m.get_or_create("k", wrong)


async def test_an_unhashable_key_is_a_type_error() -> None:
    """As in a dict, and before the factory is called."""
    m: SharedMap[Any, object] = SharedMap()
    with pytest.raises(TypeError, match="unhashable"):
        await m.get_or_create([], never)


class Key:
    """A key of which one can tell whether anything keeps it."""


async def create_and_forget(m: SharedMap[Key, object]) -> list[weakref.ref[Key]]:
    """A creation whose value is removed, one that fails and one that is cancelled; give their keys."""
    made, failed, cancelled = Key(), Key(), Key()
    await m.get_or_create(made, making("made"))
    del m[made]
    gate = Gate()
    gate.open()
    with contextlib.suppress(LookupError):
        await m.get_or_create(failed, partial(failing, gate))
    victim = Victim(m.get_or_create(cancelled, Making("lost")), by_scope)
    async with company() as group:
        group.start_soon(victim.run)
        await some_turns()
        victim.end()
    return [weakref.ref(key) for key in (made, failed, cancelled)]


def test_nothing_keeps_a_key_that_is_not_in_the_map_any_more() -> None:
    """The map itself lives on."""
    m: SharedMap[Key, object] = SharedMap()
    keys = [key for name in BACKENDS for key in run_on(BACKENDS[name], partial(create_and_forget, m))]
    gc.collect()

    assert [None] * 3 * len(BACKENDS) == [key() for key in keys]


# --- re-entry ---------------------------------------------------------------------------------------------


async def test_a_factory_that_wants_its_own_key_is_a_deadlock() -> None:
    """It would wait for itself: `DeadlockError` that names the key, and nothing is stored."""
    pages: StrMap = SharedMap(name="pages")

    async def factory() -> object:
        return await pages.get_or_create("k", never)

    with pytest.raises(DeadlockError) as caught:
        await pages.get_or_create("k", factory)
    assert {} == pages.snapshot()

    assert "pages['k']" in str(caught.value)
    assert "made" == await pages.get_or_create("k", making("made"))


REENTRIES: dict[str, Callable[[StrMap], Awaitable[object]]] = {
    "get_or_create": lambda m: m.get_or_create("k", never),
    "update_key": lambda m: m.update_key("k", checkpointed, None),
    "compare_and_swap": lambda m: m.compare_and_swap("k", None, "swapped"),
}


@pytest.mark.parametrize("reenter", REENTRIES.values(), ids=REENTRIES)
async def test_a_factory_may_survive_its_re_entry(reenter: Callable[[StrMap], Awaitable[object]]) -> None:
    """The creation goes on as if nothing had been asked, and so do its followers."""
    m: StrMap = SharedMap()
    got: list[object] = []

    async def factory() -> object:
        await some_turns()
        with pytest.raises(DeadlockError):
            await reenter(m)
        return "made"

    async with company() as group:
        group.start_soon(ask, m, factory, got)
        await some_turns()
        group.start_soon(ask, m, never, got)

    assert ["made", "made"] == got
    assert {"k": "made"} == m.snapshot()


async def test_two_factories_that_want_each_others_key_are_a_deadlock() -> None:
    """A ring over two creations is found; the one that was refused fails, the other comes to its end."""
    m: StrMap = SharedMap(name="pages")
    outcomes: dict[str, object] = {}

    async def create(key: str, other: str) -> None:
        async def factory() -> object:
            await some_turns()
            return key + await m.get_or_create(other, making("!"))

        try:
            outcomes[key] = await m.get_or_create(key, factory)
        except DeadlockError as error:
            outcomes[key] = "deadlock" if "pages['a']" in str(error) and "pages['b']" in str(error) else error

    async with company() as group:
        group.start_soon(create, "a", "b")
        group.start_soon(create, "b", "a")

    # Who waits for the creation that was refused gets its error too: that is the factory's.
    assert "deadlock" in outcomes.values()
    assert set(outcomes.values()) <= {"deadlock", "a!", "b!"}


# --- others write meanwhile -------------------------------------------------------------------------------


async def test_a_value_that_is_stored_meanwhile_wins() -> None:
    """The leader and all followers get the stored value, and it stays."""
    m: StrMap = SharedMap()
    factory = Making("made")
    got: list[object] = []
    async with company() as group:
        for _ in range(3):
            group.start_soon(ask, m, factory, got)
        await some_turns()
        m["k"] = "stored"
        await ask(m, never, got)
        factory.gate.open()

    assert ["stored"] * 4 == got
    assert {"k": "stored"} == m.snapshot()


@every_way
async def test_a_follower_that_takes_over_finds_what_was_stored_meanwhile(way: Way) -> None:
    """Then its factory is not called at all."""
    m: StrMap = SharedMap()
    got: list[object] = []
    leader = Victim(ask(m, Making("lost"), got), way)
    async with company() as group:
        group.start_soon(leader.run)
        await some_turns()
        group.start_soon(ask, m, never, got)
        await some_turns()
        m["k"] = "stored"
        leader.end()

    assert ["stored"] == got


async def test_a_created_value_is_a_write_to_open_iterations() -> None:
    """Whoever stands in a loop over the map is told of it, with the creating task's name."""
    m: StrMap = SharedMap({"there": 1}, name="pages")

    async def create() -> None:
        await m.get_or_create("k", making("made"))

    with pytest.raises(ConflictError) as caught:
        for _ in m:
            async with company() as group:
                group.start_soon(create, name="creator")

    assert 'task "creator"' in str(caught.value)
    assert "wrote pages['k'] meanwhile: new key" in str(caught.value)


async def test_a_hit_is_no_write_to_open_iterations() -> None:
    """Finding what is there disturbs nobody."""
    m: StrMap = SharedMap({"k": 1})
    for _ in m:
        async with company() as group:
            group.start_soon(m.get_or_create, "k", never)


async def test_on_conflict_gets_the_report_of_a_created_value() -> None:
    """With `on_conflict` the loop goes on, over the keys that were there."""
    writes: list[str] = []
    m: StrMap = SharedMap(
        {"a": 1, "b": 2}, name="m", on_conflict=lambda report: writes.append(report.writer.did)
    )
    seen: list[str] = []
    for key in m:
        seen.append(key)
        async with company() as group:
            group.start_soon(m.get_or_create, "k", making("made"))

    assert ["a", "b"] == seen
    assert ["wrote m['k'] meanwhile: new key"] == writes


async def test_the_probe_hears_the_store_once() -> None:
    """One `MapWritten` for the created value, however many wait for it."""
    heard: list[object] = []
    m: StrMap = SharedMap()

    def listen(event: Event) -> None:
        if isinstance(event, MapWritten):
            heard.append((event.map is m, event.key))

    with probe.listening(listen):
        async with company() as group:
            for _ in range(3):
                group.start_soon(m.get_or_create, "k", making("made"))

    assert [(True, "k")] == heard


# --- a lock guards the map --------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [{}, {"k": "there"}], ids=["missing", "there"])
async def test_a_guarded_map_refuses_without_its_lock(content: dict[str, object]) -> None:
    """At once: the factory is not even called."""
    m: StrMap = SharedMap(content, guarded_by=Mutex())
    with pytest.raises(ConflictError, match="unguarded access"):
        await m.get_or_create("k", never)


@pytest.mark.parametrize("make_lock", [Mutex, anyio.Lock, lambda: RWMutex().writer])
async def test_a_guarded_map_is_filled_by_who_holds_its_lock(make_lock: Callable[[], Any]) -> None:
    """The lock is held over the whole creation."""
    lock = make_lock()
    m: StrMap = SharedMap(guarded_by=lock)
    async with lock:
        assert "made" == await m.get_or_create("k", making("made"))
        assert "made" == await m.get_or_create("k", never)


async def test_who_holds_the_lock_for_reading_finds_but_does_not_create() -> None:
    """A creation is a write: it needs the writer's side, and what can't be stored is not kept."""
    rw = RWMutex()
    m: StrMap = SharedMap({"there": 1}, guarded_by=rw)
    async with rw.reader:
        assert 1 == await m.get_or_create("there", never)
        with pytest.raises(ConflictError, match="unguarded access"):
            await m.get_or_create("k", making("made"))
        assert ["there"] == list(m)
    async with rw.writer:
        assert "made" == await m.get_or_create("k", making("made"))


# --- runs and threads -------------------------------------------------------------------------------------

made_at_import: StrMap = SharedMap()


def test_a_map_made_at_import_time_works_in_every_later_run() -> None:
    """Creations of one run, a broken one too, do not matter in the next, on whatever backend."""
    order = [*BACKENDS, *reversed(BACKENDS)]

    async def program() -> list[object]:
        got: list[object] = []
        factory = Making("made")
        made_at_import.clear()
        async with company() as group:
            for _ in range(3):
                group.start_soon(ask, made_at_import, factory, got)
            await some_turns()
            factory.gate.open()
        made_at_import.clear()
        async with company() as group:
            for _ in range(3):
                group.start_soon(ask, made_at_import, Making("lost"), [])
            await some_turns()
            group.cancel_scope.cancel()
        return got

    assert [["made"] * 3] * len(order) == [run_on(BACKENDS[name], program) for name in order]


@pytest.mark.parametrize("elsewhere", BACKENDS)
async def test_a_run_in_another_thread_can_not_join_a_creation(elsewhere: str) -> None:
    """A creation belongs to one run at a time; what is there may be found anywhere."""
    m: StrMap = SharedMap({"there": 1})
    factory = Making("made")

    def ask_there(key: str) -> object:
        return run_in_thread(partial(run_on, BACKENDS[elsewhere], partial(m.get_or_create, key, never)))

    async with company() as group:
        group.start_soon(m.get_or_create, "k", factory)
        await some_turns()
        assert 1 == ask_there("there")
        with pytest.raises(RuntimeError, match="thread"):
            ask_there("k")
        factory.gate.open()

    assert "made" == m["k"]


async def test_an_error_of_the_factory_is_in_no_cycle() -> None:
    """It and the frames that it knows are gone without the collector."""
    m: SharedMap[str, int] = SharedMap()
    kept: list[weakref.ref[Exception]] = []

    class Failed(Exception):
        """Of Python, so that it can be referred to weakly."""

    async def fail() -> int:
        await anyio.lowlevel.checkpoint()
        raise Failed

    async def ask() -> None:
        try:
            await m.get_or_create("k", fail)
        except Failed as error:
            kept.append(weakref.ref(error))

    gc.disable()
    try:
        await ask()

        assert [None] == [reference() for reference in kept]
    finally:
        gc.enable()
