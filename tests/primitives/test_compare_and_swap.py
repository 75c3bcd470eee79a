"""`SharedMap.compare_and_swap`: store if the value is what was expected, never in the middle of an update."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from cancelling import Gate, Victim, company, every_way, some_turns
from turns import BACKENDS, run_on

from anymutex import ConflictError, DeadlockError, Mutex, RWMutex, SharedMap, probe
from anymutex.events import MapWritten

if TYPE_CHECKING:
    from collections.abc import Callable

    from cancelling import Way

    from anymutex.events import Event

    AnyMap: TypeAlias = SharedMap[str, Any]


# --- alone ------------------------------------------------------------------------------------------------

LIST = [1]
CASES: dict[str, tuple[dict[str, Any], object, bool]] = {
    "the expected value": ({"k": "x"}, "x", True),
    "another value": ({"k": "x"}, "y", False),
    "an equal value of another type": ({"k": 1}, 1.0, True),
    "an equal value that is another object": ({"k": [1]}, [1], True),
    "the very object": ({"k": LIST}, LIST, True),
    "None": ({"k": None}, None, True),
    "None expected, something there": ({"k": 0}, None, False),
    "None expected, nothing there": ({}, None, False),
    "nothing there": ({}, "x", False),
    "only another key": ({"other": "x"}, "x", False),
}


async def test_it_swaps_what_equals() -> None:
    """True and stored if the key is there and its value equals, else False and as before."""
    expected = {
        case: (swaps, {**content, "k": "new"} if swaps else content)
        for case, (content, _, swaps) in CASES.items()
    }
    actual: dict[str, object] = {}
    for case, (content, wanted, _) in CASES.items():
        m: AnyMap = SharedMap(content)
        actual[case] = await m.compare_and_swap("k", wanted, "new"), m.snapshot()

    assert expected == actual


async def test_only_the_first_of_two_equal_swaps_succeeds() -> None:
    """What was swapped is not there any more."""
    m: AnyMap = SharedMap({"job": "new"})
    got: list[bool] = []

    async def take(worker: str) -> None:
        got.append(await m.compare_and_swap("job", "new", worker))

    async with company() as group:
        for worker in "abc":
            group.start_soon(take, worker)

    assert [False, False, True] == sorted(got)
    assert m["job"] in ("a", "b", "c")


async def test_a_loop_of_swaps_loses_nothing() -> None:
    """The classic use: read, compute, try; again if somebody was quicker."""
    m: AnyMap = SharedMap({"k": 0})

    async def add_one() -> None:
        while True:
            value = m["k"]
            await anyio.lowlevel.checkpoint()
            if await m.compare_and_swap("k", value, value + 1):
                return

    async with company() as group:
        for _ in range(20):
            group.start_soon(add_one)

    assert {"k": 20} == m.snapshot()


async def test_an_unhashable_key_is_a_type_error() -> None:
    """As in a dict."""
    m: SharedMap[Any, Any] = SharedMap()
    with pytest.raises(TypeError, match="unhashable"):
        await m.compare_and_swap([], None, None)


async def test_an_error_of_the_comparison_is_the_callers() -> None:
    """Nothing is stored, and the key is free afterwards."""

    class Incomparable:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            raise ArithmeticError("can't compare")

    m: AnyMap = SharedMap({"k": Incomparable()})
    with pytest.raises(ArithmeticError, match="can't compare"):
        await m.compare_and_swap("k", "x", "new")
    assert isinstance(m["k"], Incomparable)
    m["k"] = "x"

    assert await m.compare_and_swap("k", "x", "new")


async def test_in_a_cancelled_scope_nothing_is_swapped() -> None:
    """It is a cancellation point, and a cancelled one does nothing."""
    m: AnyMap = SharedMap({"k": "x"})
    with anyio.CancelScope() as scope:
        scope.cancel()
        await m.compare_and_swap("k", "x", "new")

    assert scope.cancelled_caught
    assert {"k": "x"} == m.snapshot()


# --- beside an update or a creation -----------------------------------------------------------------------


class Meanwhile:
    """An update or a creation of the key `k` that ends when its gate opens."""

    def __init__(self, m: AnyMap, *, creates: bool = False, fails: bool = False) -> None:
        self.gate = Gate()
        self._m = m
        self._creates = creates
        self._fails = fails

    async def run(self) -> None:
        """Do it; a failure is nobody's business here."""
        try:
            if self._creates:
                await self._m.get_or_create("k", self._make)
            else:
                await self._m.update_key("k", self._change, default="x")
        except LookupError:
            assert self._fails

    async def _make(self) -> str:
        await self.gate.wait()
        if self._fails:
            raise LookupError
        return "changed"

    async def _change(self, _value: str) -> str:
        return await self._make()


@pytest.mark.parametrize("creates", [False, True], ids=["update", "creation"])
@pytest.mark.parametrize("expected", ["x", "changed"])
async def test_it_waits_for_what_is_under_way(creates: bool, expected: str) -> None:
    """It compares with the value that came out, not with the one that was there."""
    m: AnyMap = SharedMap({} if creates else {"k": "x"})
    meanwhile = Meanwhile(m, creates=creates)
    got: list[bool] = []

    async def swap() -> None:
        got.append(await m.compare_and_swap("k", expected, "swapped"))

    async with company() as group:
        group.start_soon(meanwhile.run)
        await some_turns()
        group.start_soon(swap)
        await some_turns()
        assert [] == got
        meanwhile.gate.open()

    assert [expected == "changed"] == got
    assert {"k": "swapped" if expected == "changed" else "changed"} == m.snapshot()


@pytest.mark.parametrize("creates", [False, True], ids=["update", "creation"])
async def test_after_a_failure_it_finds_what_was_there(creates: bool) -> None:
    """An update that fails leaves the old value, a creation that fails leaves nothing."""
    m: AnyMap = SharedMap({} if creates else {"k": "x"})
    meanwhile = Meanwhile(m, creates=creates, fails=True)
    got: list[bool] = []

    async def swap() -> None:
        got.append(await m.compare_and_swap("k", "x", "swapped"))

    async with company() as group:
        group.start_soon(meanwhile.run)
        await some_turns()
        group.start_soon(swap)
        await some_turns()
        meanwhile.gate.open()

    assert [not creates] == got
    assert ({} if creates else {"k": "swapped"}) == m.snapshot()


@every_way
async def test_one_that_is_cancelled_while_it_waits_does_nothing(way: Way) -> None:
    """The update goes on, and whoever waits behind is let in."""
    m: AnyMap = SharedMap({"k": "x"})
    meanwhile = Meanwhile(m)
    got: list[bool] = []
    victim = Victim(m.compare_and_swap("k", "changed", "victim's"), way)

    async def swap() -> None:
        got.append(await m.compare_and_swap("k", "changed", "swapped"))

    async with company() as group:
        group.start_soon(meanwhile.run)
        await some_turns()
        group.start_soon(victim.run)
        await some_turns()
        group.start_soon(swap)
        await some_turns()
        victim.end()
        await some_turns()
        assert {"k": "x"} == m.snapshot()
        meanwhile.gate.open()

    assert [True] == got
    assert {"k": "swapped"} == m.snapshot()


async def test_another_keys_update_is_not_waited_for() -> None:
    """Keys are independent."""
    m: AnyMap = SharedMap({"k": "x", "other": "y"})
    meanwhile = Meanwhile(m)
    async with company() as group:
        group.start_soon(meanwhile.run)
        await some_turns()
        assert await m.compare_and_swap("other", "y", "swapped")
        assert {"k": "x", "other": "swapped"} == m.snapshot()
        meanwhile.gate.open()


async def test_a_swap_is_in_line_with_the_updates() -> None:
    """First in, first out over both kinds: no update is in conflict with a swap."""
    m: AnyMap = SharedMap({"k": ""})
    gate = Gate()

    async def add(letter: str, value: str) -> str:
        await gate.wait()
        return value + letter

    async with company() as group:
        group.start_soon(m.update_key, "k", partial(add, "a"))
        await some_turns()
        group.start_soon(m.compare_and_swap, "k", "a", "ab")
        await some_turns()
        group.start_soon(m.update_key, "k", partial(add, "c"))
        await some_turns()
        gate.open()

    assert {"k": "abc"} == m.snapshot()


async def test_a_swap_in_the_own_update_is_a_deadlock() -> None:
    """It would wait for itself; the report names the key, and the update goes on."""
    stock: AnyMap = SharedMap({"k": "x"}, name="stock")

    async def function(value: str) -> str:
        with pytest.raises(DeadlockError, match=r"stock\['k'\]"):
            await stock.compare_and_swap("k", "x", "swapped")
        return value + "!"

    assert "x!" == await stock.update_key("k", function)


# --- who else is concerned --------------------------------------------------------------------------------


async def test_a_swap_is_a_write_to_open_iterations() -> None:
    """Whoever stands in a loop over the map is told of it."""
    m: AnyMap = SharedMap({"k": "x"}, name="m")
    with pytest.raises(ConflictError) as caught:
        for _ in m:
            async with company() as group:
                group.start_soon(m.compare_and_swap, "k", "x", "new")

    assert "wrote m['k'] meanwhile: value replaced" in str(caught.value)


async def test_a_swap_that_did_not_happen_disturbs_nobody() -> None:
    """False means that nothing was written."""
    m: AnyMap = SharedMap({"k": "x"})
    for _ in m:
        async with company() as group:
            group.start_soon(m.compare_and_swap, "k", "y", "new")
            group.start_soon(m.compare_and_swap, "missing", "y", "new")

    assert {"k": "x"} == m.snapshot()


async def test_the_probe_hears_only_what_was_swapped() -> None:
    """One `MapWritten` for a swap, none for a False."""
    heard: list[object] = []
    m: AnyMap = SharedMap({"k": "x"})

    def listen(event: Event) -> None:
        if isinstance(event, MapWritten):
            heard.append((event.map is m, event.key))

    with probe.listening(listen):
        await m.compare_and_swap("k", "y", "new")
        await m.compare_and_swap("k", "x", "new")

    assert [(True, "k")] == heard


async def test_a_guarded_map_refuses_without_its_lock() -> None:
    """Even if nothing would be stored: the comparison is a read."""
    m: AnyMap = SharedMap({"k": "x"}, guarded_by=Mutex())
    with pytest.raises(ConflictError, match="unguarded access"):
        await m.compare_and_swap("k", "x", "new")
    with pytest.raises(ConflictError, match="unguarded access"):
        await m.compare_and_swap("k", "y", "new")


@pytest.mark.parametrize("make_lock", [Mutex, anyio.Lock, lambda: RWMutex().writer])
async def test_a_guarded_map_is_swapped_by_who_holds_its_lock(make_lock: Callable[[], Any]) -> None:
    """The lock is held over the whole call."""
    lock = make_lock()
    m: AnyMap = SharedMap({"k": "x"}, guarded_by=lock)
    async with lock:
        assert await m.compare_and_swap("k", "x", "new")
        assert "new" == m["k"]


async def test_who_holds_the_lock_for_reading_does_not_swap() -> None:
    """A swap is a write: it needs the writer's side."""
    rw = RWMutex()
    m: AnyMap = SharedMap({"k": "x"}, guarded_by=rw)
    async with rw.reader:
        with pytest.raises(ConflictError, match="unguarded access"):
            await m.compare_and_swap("k", "x", "new")
        assert "x" == m["k"]
    async with rw.writer:
        assert await m.compare_and_swap("k", "x", "new")


made_at_import: AnyMap = SharedMap()


def test_a_map_made_at_import_time_works_in_every_later_run() -> None:
    """Swaps that one run left waiting do not matter in the next, on whatever backend."""
    order = [*BACKENDS, *reversed(BACKENDS)]

    async def program() -> bool:
        made_at_import["k"] = "x"
        swapped = await made_at_import.compare_and_swap("k", "x", "y")
        async with company() as group:
            group.start_soon(Meanwhile(made_at_import).run)
            await some_turns()
            group.start_soon(made_at_import.compare_and_swap, "k", "y", "lost")
            await some_turns()
            group.cancel_scope.cancel()
        return swapped and made_at_import["k"] == "y"

    assert [True] * len(order) == [run_on(BACKENDS[name], program) for name in order]
