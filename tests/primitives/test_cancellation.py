"""Every primitive, its waits ended at each suspension in every way: nothing is lost, nobody is stranded."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from cancelling import MOMENTS, Play, Scene, by_close, by_scope, by_task, is_asyncio, leave_debug_mode
from turns import BACKENDS, run_on

from anymutex import Guarded, KeyedMutex, Mutex, RWMutex, SharedMap
from anymutex.primitives import budget

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager

    from cancelling import Part, Pause, Way

    Block: TypeAlias = Callable[[], AbstractAsyncContextManager[object]]

FREE = (False, 0)


@pytest.fixture(autouse=True)
def _budget_is_always_spent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every acquire of a free lock yields first, so how often a scene suspends is no matter of the clock."""
    monkeypatch.setattr(budget, "ACQUIRES", 0)
    while not budget.thread_budget().is_spent():
        pass
    yield


def inside(block: Block) -> Part:
    """Enter a block, pause, leave it."""

    async def part(pause: Pause) -> None:
        async with block():
            await pause()

    return part


def taking(lock: Any) -> Part:
    """The same by the lock's methods."""

    async def part(pause: Pause) -> None:
        await lock.acquire()
        try:
            await pause()
        finally:
            lock.release()

    return part


def of_locks(*locks: Any) -> list[tuple[bool, int]]:
    """Whether each is held, and how many wait for it."""
    return [(lock.locked(), lock.statistics().tasks_waiting) for lock in locks]


# --- one lock ---------------------------------------------------------------------------------------------


def within(lock: Any) -> Part:
    """Hold it by `async with`."""
    return inside(lambda: lock)


def lock_scene(
    make: Callable[[], Any], form: Callable[[Any], Part] = within, *, contended: bool = True
) -> Scene:
    """All at one lock."""
    lock = make()
    part = form(lock)
    return Scene(part, part, partial(of_locks, lock), lambda _: [FREE], holder=part if contended else None)


LOCK_SCENES: dict[str, Callable[[], Scene]] = {
    "Mutex": partial(lock_scene, Mutex),
    "Mutex, acquire": partial(lock_scene, Mutex, taking),
    "Mutex, free": partial(lock_scene, Mutex, contended=False),
    "Mutex-fast_acquire": partial(lock_scene, partial(Mutex, fast_acquire=True)),
}


# --- RWMutex ----------------------------------------------------------------------------------------------

Side: TypeAlias = "Callable[[RWMutex], Part]"


def reads(rw: RWMutex) -> Part:
    """Hold the shared side for a while."""
    return inside(lambda: rw.reader)


def writes(rw: RWMutex) -> Part:
    """Hold the exclusive side for a while."""
    return inside(lambda: rw.writer)


def downgrades(rw: RWMutex) -> Part:
    """Go on as a reader after the writing."""

    async def part(pause: Pause) -> None:
        async with rw.writer:
            await anyio.lowlevel.checkpoint()
            rw.downgrade()
            await pause()

    return part


def rw_scene(
    holder: Side | None, victim: Side, witness: Side, *, shares: bool = False, lets_in: bool = False
) -> Scene:
    """Three tasks at the sides of one RWMutex."""
    rw = RWMutex("rw")
    return Scene(
        victim(rw),
        witness(rw),
        partial(of_locks, rw.reader, rw.writer),
        lambda _: [FREE, FREE],
        holder=holder(rw) if holder else None,
        shares=shares,
        lets_in=lets_in,
    )


RW_SCENES: dict[str, Callable[[], Scene]] = {
    "reader behind a writer, reader behind it": partial(rw_scene, writes, reads, reads),
    "reader behind a writer, writer behind it": partial(rw_scene, writes, reads, writes),
    "writer behind a writer, reader behind it": partial(rw_scene, writes, writes, reads),
    "writer behind a writer, writer behind it": partial(rw_scene, writes, writes, writes),
    "writer behind a reader, reader behind it": partial(rw_scene, reads, writes, reads, lets_in=True),
    "writer behind a reader, writer behind it": partial(rw_scene, reads, writes, writes),
    "reader in the block, writer behind it": partial(rw_scene, None, reads, writes),
    "writer in the block, reader behind it": partial(rw_scene, None, writes, reads),
    "downgraded in the block, writer behind it": partial(rw_scene, None, downgrades, writes),
    "downgraded in the block, reader beside it": partial(rw_scene, None, downgrades, reads),
    "downgraded behind a writer, reader behind it": partial(rw_scene, writes, downgrades, reads),
    "writer behind a downgraded one, reader behind it": partial(
        rw_scene, downgrades, writes, reads, lets_in=True
    ),
    "reader beside a reader, writer behind both": partial(rw_scene, reads, reads, writes, shares=True),
}


# --- KeyedMutex -------------------------------------------------------------------------------------------

Keys: TypeAlias = "tuple[str, ...]"


def keyed_scene(
    holder: Keys | None, victim: Keys, witness: Keys, *, shares: bool = False, lets_in: bool = False
) -> Scene:
    """Three tasks at some keys each."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")

    def at(keys: Keys) -> Part:
        return inside(lambda: keyed.all_of(*keys))

    def state() -> object:
        return len(keyed), [key for key in "abc" if key in keyed], of_locks(*(keyed[key] for key in "abc"))

    return Scene(
        at(victim),
        at(witness),
        state,
        lambda _: (0, [], [FREE] * 3),
        holder=at(holder) if holder else None,
        shares=shares,
        lets_in=lets_in,
    )


def one_key_scene(key: str, *, contended: bool) -> Scene:
    """All at one key, each by a lock of its own making."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    part = inside(lambda: keyed[key])
    return Scene(part, part, lambda: len(keyed), lambda _: 0, holder=part if contended else None)


ABC = ("a", "b", "c")
KEYED_SCENES: dict[str, Callable[[], Scene]] = {
    "keyed[key], contended": partial(one_key_scene, "a", contended=True),
    "keyed[key], free": partial(one_key_scene, "a", contended=False),
    "all_of three, free": partial(keyed_scene, None, ABC, ABC),
    "all_of three, 1st held": partial(keyed_scene, ("a",), ABC, ("c", "b", "a")),
    "all_of three, 2nd held": partial(keyed_scene, ("b",), ABC, ("c", "b", "a")),
    "all_of three, 2nd held, 1st wanted": partial(keyed_scene, ("b",), ABC, ("a",), lets_in=True),
    "all_of nothing": partial(keyed_scene, ("a",), (), ("a",), shares=True),
}


# --- Guarded ----------------------------------------------------------------------------------------------


def a_keyed_lock() -> object:
    """One key of a KeyedMutex."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    return keyed["key"]


def guarded_scene(
    make_lock: Callable[[], Any],
    *,
    holder: str | None = "enter",
    victim: str = "enter",
    witness: str = "enter",
) -> Scene:
    """Three tasks at one Guarded: who enters leaves its name, who reads leaves nothing."""
    names: list[str] = []
    guarded = Guarded(names, lock=make_lock(), name="names")
    lock = guarded.lock
    sides = [lock.reader, lock.writer] if isinstance(lock, RWMutex) else [lock]

    async def enter(name: str, pause: Pause) -> None:
        async with guarded as guard:
            await pause()
            guard.value.append(name)

    async def read(name: str, pause: Pause) -> None:
        async with guarded.read() as view:
            await pause()
            assert names is view.value

    how = {"enter": enter, "read": read}

    def left(came_through: bool) -> object:
        all_three = [(holder, "holder"), (victim, "victim"), (witness, "witness")]
        come = [(how, name) for how, name in all_three if came_through or name != "victim"]
        return [name for how, name in come if how == "enter"], [FREE for _ in sides]

    return Scene(
        partial(how[victim], "victim"),
        partial(how[witness], "witness"),
        lambda: (names.copy(), of_locks(*sides)),
        left,
        holder=partial(how[holder], "holder") if holder else None,
        lets_in=(holder, victim, witness) == ("read", "enter", "read"),
    )


GUARDED_SCENES: dict[str, Callable[[], Scene]] = {
    "Guarded": partial(guarded_scene, lambda: None),
    "Guarded by a key": partial(guarded_scene, a_keyed_lock),
    "Guarded, read behind an entry": partial(guarded_scene, RWMutex, victim="read"),
    "Guarded, read behind an entry, read behind it": partial(
        guarded_scene, RWMutex, victim="read", witness="read"
    ),
    "Guarded, entry behind a read, read behind it": partial(
        guarded_scene, RWMutex, holder="read", witness="read"
    ),
    "Guarded, in the block of a read": partial(guarded_scene, RWMutex, holder=None, victim="read"),
}


# --- SharedMap --------------------------------------------------------------------------------------------

Names: TypeAlias = "tuple[str, ...]"
NamesMap: TypeAlias = "SharedMap[str, Names]"
MapPart: TypeAlias = "Callable[[NamesMap, str, Pause], Coroutine[Any, Any, object]]"


async def create(m: NamesMap, name: str, pause: Pause) -> None:
    """Find the value, or make it of the own name."""

    async def factory() -> Names:
        await anyio.lowlevel.checkpoint()
        await pause()
        return (name,)

    await m.get_or_create("k", factory)


async def update(m: NamesMap, name: str, pause: Pause) -> None:
    """Add the own name to the value."""

    async def add(names: Names) -> Names:
        await anyio.lowlevel.checkpoint()
        await pause()
        return (*names, name)

    await m.update_key("k", add, default=())


async def swap(m: NamesMap, name: str, pause: Pause) -> None:
    """Add the own name to the holder's, if that is all there is."""
    await m.compare_and_swap("k", ("holder",), ("holder", name))


async def iterate(m: NamesMap, name: str, pause: Pause) -> None:
    """Pass over the map, with an await at each key."""
    for _ in m:
        await pause()


def map_scene(
    victim: MapPart,
    witness: MapPart,
    left: Callable[[bool], Names | None],
    holder: MapPart | None = None,
    *,
    before: Names | None = None,
) -> Scene:
    """Three tasks at one key of a map; `left` is its value in the end, None if there is none."""
    m: NamesMap = SharedMap({} if before is None else {"k": before}, name="m")

    def state() -> object:
        return m.snapshot(), len(m.open_iterations.refs)

    def expected(came_through: bool) -> object:
        value = left(came_through)
        return ({} if value is None else {"k": value}), 0

    return Scene(
        partial(victim, m, "victim"),
        partial(witness, m, "witness"),
        state,
        expected,
        holder=partial(holder, m, "holder") if holder else None,
    )


def one_of(came_through: bool) -> Names:
    """Who created it."""
    return ("victim",) if came_through else ("witness",)


def all_of(came_through: bool) -> Names:
    """The names of three who add theirs."""
    return ("holder", "victim", "witness") if came_through else ("holder", "witness")


def victim_of(came_through: bool) -> Names:
    """The names of two who add theirs."""
    return ("victim", "witness") if came_through else ("witness",)


def holders(came_through: bool) -> Names:
    """What the holder made is there, whatever becomes of the victim."""
    return ("holder",)


def swapped(came_through: bool) -> Names:
    """The victim's swap of what the holder made."""
    return ("holder", "victim") if came_through else ("holder",)


MAP_SCENES: dict[str, Callable[[], Scene]] = {
    "get_or_create, leader": partial(map_scene, create, create, one_of),
    "get_or_create, follower": partial(map_scene, create, create, holders, create),
    "update_key, in its function": partial(map_scene, update, update, victim_of),
    "update_key, waiting": partial(map_scene, update, update, all_of, update, before=()),
    "compare_and_swap, waiting for an update": partial(map_scene, swap, update, all_of, update),
    "compare_and_swap, waiting for a creation": partial(map_scene, swap, create, swapped, create),
    "iteration": partial(map_scene, iterate, iterate, lambda _: (), before=()),
}


# --- the table --------------------------------------------------------------------------------------------

SCENES: dict[str, Callable[[], Scene]] = {
    **LOCK_SCENES,
    **RW_SCENES,
    **KEYED_SCENES,
    **GUARDED_SCENES,
    **MAP_SCENES,
}

# anyio's own lock can't stand a waiter that is closed.
FOREIGN_SCENES: dict[str, Callable[[], Scene]] = {
    "anyio.Lock": partial(lock_scene, anyio.Lock),
    "anyio.Lock, acquire": partial(lock_scene, anyio.Lock, taking),
    "anyio.Lock, free": partial(lock_scene, anyio.Lock, contended=False),
    "Guarded by an anyio.Lock": partial(guarded_scene, anyio.Lock),
}


async def wrong_in(make_scene: Callable[[], Scene], ways: list[Way]) -> list[tuple[object, ...]]:
    """Play a scene once for each way and each moment to end the victim; give what went wrong."""
    leave_debug_mode()
    spared = Play(make_scene())
    outcome = await spared.run()
    suspensions = spared.victim.suspensions
    assert spared.expected(outcome) == outcome
    assert suspensions > 0
    wrong: list[tuple[object, ...]] = []
    for way in ways:
        for when in (*range(1, suspensions + 1), *MOMENTS):
            play = Play(make_scene(), way, when)
            outcome = await play.run()
            expected = play.expected(outcome)
            if expected != outcome:
                wrong.append((way.__name__, when, expected, outcome))
    return wrong


def ways_to_cancel() -> list[Way]:
    """The two ways of a scope and a task; on trio there is but one."""
    return [by_scope, by_task] if is_asyncio() else [by_scope]


every_backend = pytest.mark.parametrize("name", BACKENDS)


@every_backend
@pytest.mark.parametrize("make_scene", SCENES.values(), ids=SCENES)
def test_nothing_is_lost_whenever_and_however_it_ends(make_scene: Callable[[], Scene], name: str) -> None:
    """Cancelled by scope or by task, or closed, at each suspension and in the step of the hand-over."""

    async def program() -> list[tuple[object, ...]]:
        return await wrong_in(make_scene, [*ways_to_cancel(), by_close])

    assert [] == run_on(BACKENDS[name], program)


@every_backend
@pytest.mark.parametrize("make_scene", FOREIGN_SCENES.values(), ids=FOREIGN_SCENES)
def test_nothing_is_lost_with_the_lock_of_anyio(make_scene: Callable[[], Scene], name: str) -> None:
    """The same of `anyio.Lock`, cancelled by scope or by task."""

    async def program() -> list[tuple[object, ...]]:
        return await wrong_in(make_scene, ways_to_cancel())

    assert [] == run_on(BACKENDS[name], program)
