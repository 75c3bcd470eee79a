"""`KeyedMutex` against a model: keys taken one by one, and several at once."""

# The house style is `assert expected == actual`.

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import anyio
from cancelling import Gate, leave_debug_mode
from hypothesis import given
from hypothesis import strategies as st
from lockmodels import SETTINGS, ExclusiveModel, Model, Subject, any_backend, compare, steps_of
from turns import BACKENDS, run_on, settle

from anymutex import KeyedMutex

if TYPE_CHECKING:
    from collections.abc import Callable

    Keys: TypeAlias = tuple[str, ...]

KEYS = "ab"
TAKES = (*["acquire"] * 6, "acquire_nowait", "try_acquire")


class KeyedModel(ExclusiveModel):
    """As any locks with one holder; an entry is there as long as somebody has or wants it."""

    def state(self) -> object:
        """The entries too."""
        return super().state(), [key for key in KEYS if self.holder[key] is not None]


class Keyed(Subject):
    """One KeyedMutex; each asks it anew for the lock of a key."""

    def __init__(self) -> None:
        self._keyed: KeyedMutex[str] = KeyedMutex()

    async def do(self, who: int, verb: str, key: str) -> object:
        """Call the method."""
        lock = self._keyed[key]
        if verb == "acquire":
            await lock.acquire()
            return "done"
        methods: dict[str, Callable[[], bool | None]] = {
            "acquire_nowait": lock.acquire_nowait,
            "try_acquire": lock.try_acquire,
            "release": lock.release,
        }
        result = methods[verb]()
        return "done" if result is None else result

    def held(self, verb: str, key: str) -> bool:
        """Ask the lock of the key."""
        return self._keyed[key].held()

    def state(self) -> object:
        """Of each whether it is held, and how many wait; and the entries."""
        keyed = self._keyed
        entries = [key for key in KEYS if key in keyed]
        assert len(entries) == len(keyed)
        locks = {key: keyed[key] for key in KEYS}
        return {key: (lock.locked(), lock.statistics().tasks_waiting) for key, lock in locks.items()}, entries


def make() -> tuple[Model, Subject]:
    """Fresh ones."""
    return KeyedModel(KEYS), Keyed()


def test_it_does_what_the_model_does() -> None:
    """After each step everybody has what the model says, in its order, and no entry is there in vain."""
    compare(make, steps_of(TAKES, ["release"], KEYS))


# --- several at once --------------------------------------------------------------------------------------


@dataclass
class Visit:
    """A task that takes some keys at once."""

    keys: Keys
    gate: Gate = field(default_factory=Gate)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    state: str = "waits"

    async def make(self, keyed: KeyedMutex[str]) -> None:
        """Take them, stay until the gate opens, give them back."""
        with self.scope:
            async with keyed.all_of(*self.keys):
                self.state = "inside"
                await self.gate.wait()
        self.state = "over"


ALL_KEYS = "abcde"
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["comes", "comes", "may go", "is cancelled"]),
        st.lists(st.sampled_from(ALL_KEYS), max_size=4).map(tuple),
        st.integers(0, 9),
    ),
    min_size=10,
    max_size=30,
)
"""Somebody comes for some keys (one may be there twice), or one of those who are there may go."""


def wrong_among(visits: list[Visit], keyed: KeyedMutex[str]) -> list[str]:
    """What can't be, in whatever order the keys of a group are taken."""
    alive = [visit for visit in visits if visit.state != "over"]
    inside = [visit for visit in alive if visit.state == "inside"]
    wrong = []
    if any(set(a.keys) & set(b.keys) for a, b in combinations(inside, 2)):
        wrong.append("two are inside with one key")
    for visit in alive:
        others = {key for other in alive if other is not visit for key in other.keys}
        if visit not in inside and not others & set(visit.keys):
            wrong.append(f"nobody else wants any of {visit.keys}, and it waits")
    if alive and not inside:
        wrong.append("all wait for each other")
    wanted = {key for visit in alive for key in visit.keys}
    if (entries := {key for key in ALL_KEYS if key in keyed}) != wanted or len(entries) != len(keyed):
        wrong.append(f"entries {entries}, {len(keyed)} of them, but {wanted} are wanted")
    return wrong


async def visit_all(events: list[tuple[str, Keys, int]]) -> list[object]:
    """Let tasks come and go; give what went wrong after which event. In the end all may go."""
    leave_debug_mode()
    keyed: KeyedMutex[str] = KeyedMutex()
    visits: list[Visit] = []
    wrong: list[object] = []
    async with anyio.create_task_group() as group:
        for kind, keys, number in events:
            alive = [visit for visit in visits if visit.state != "over"]
            if kind == "comes":
                visits.append(Visit(keys))
                group.start_soon(visits[-1].make, keyed)
            elif alive and kind == "may go":
                alive[number % len(alive)].gate.open()
            elif alive:
                alive[number % len(alive)].scope.cancel()
            await settle()
            wrong += [(kind, keys, number, what) for what in wrong_among(visits, keyed)]
        for visit in visits:
            visit.gate.open()
        for _ in visits:
            await settle()
        wrong += [("stranded", visit.keys) for visit in visits if visit.state != "over"]
        wrong += wrong_among([], keyed)
        group.cancel_scope.cancel()
    return wrong


@SETTINGS
@given(any_backend, EVENTS)
def test_groups_of_keys_exclude_each_other_and_never_lock_up(
    name: str, events: list[tuple[str, Keys, int]]
) -> None:
    """Whoever comes and goes, in whatever order: nobody is stranded, and no entry is there in vain."""
    wrong = run_on(BACKENDS[name], partial(visit_all, events))

    assert wrong == []
