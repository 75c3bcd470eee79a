"""Random programs of nested locks, step by step beside a model: DeadlockError exactly where a ring closes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from standoffs import Block, Read, Update, alarm
from turns import BACKENDS, run_on
from waitmodel import Level, Model, ModelTask

from anymutex import DeadlockError, Guarded, KeyedMutex, Mutex, RWMutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal

    from standoffs import Stand
    from waitmodel import Nest, Program, Snapshot

KINDS = ("mutex", "fast mutex", "key", "guarded", "update", "rwmutex", "rwmutex", "guarded rwmutex")
EXCLUSIVE = KINDS[:5]
LIMIT = 1000.0


@dataclass(frozen=True)
class Scenario:
    """Locks, programs that nest them, and the order in which the tasks get their turns."""

    kinds: tuple[str, ...]
    may_wait: tuple[bool, ...]
    programs: tuple[Program, ...]
    turns: tuple[int, ...]


RARELY = st.integers(0, 4).map(lambda number: number == 4)


@st.composite
def nests(draw: st.DrawFn, kinds: tuple[str, ...]) -> Nest:
    """Some of the locks, in any order, each inside the one before."""
    order = draw(st.permutations(range(len(kinds))))[: draw(st.integers(2, len(kinds)))]
    return tuple(
        Level(lock, reads=kinds[lock] not in EXCLUSIVE and draw(st.booleans()), is_limited=draw(RARELY))
        for lock in order
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Few locks, few tasks, so that they meet."""
    kinds = tuple(draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=4)))
    # An update has no such switch.
    may_wait = tuple(kind != "update" and draw(RARELY) for kind in kinds)
    programs = st.lists(nests(kinds), min_size=1, max_size=2).map(tuple)
    tasks = draw(st.lists(programs, min_size=3, max_size=5))
    turns = draw(st.lists(st.integers(0, 4), min_size=20, max_size=20))
    return Scenario(kinds, may_wait, tuple(tasks), tuple(turns))


# --- the real thing ---------------------------------------------------------------------------------------


def make_stands(kind: str, name: str, deadlock: Literal["raise", "wait"]) -> tuple[Stand, Stand]:
    """Make a lock of this kind: what its writers hold, and what its readers do."""
    rw = RWMutex(name, deadlock=deadlock)
    keyed: KeyedMutex[str] = KeyedMutex(name, deadlock=deadlock)
    match kind:
        case "rwmutex":
            return Block(name, rw.writer), Block(name, rw.reader)
        case "guarded rwmutex":
            guarded = Guarded(0, name=f"guarded {name}", lock=rw)
            return Block(name, guarded), Read(name, guarded)
        case "guarded":
            stand: Stand = Block(name, Guarded(0, name=name, lock=Mutex(deadlock=deadlock)))
        case "update":
            stand = Update(SharedMap(name=name), "key")
        case "key":
            stand = Block(name, keyed["key"])
        case _:
            stand = Block(name, Mutex(name, fast_acquire="fast" in kind, deadlock=deadlock))
    return stand, stand


@dataclass(eq=False)
class Walker:
    """A task that runs a program and stops at a gate before each acquire and each release."""

    program: Program
    stands: list[tuple[Stand, Stand]]
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    gate: anyio.Event = field(default_factory=anyio.Event)
    state: str = "gate"
    held: list[int] = field(default_factory=list)

    async def run(self) -> None:
        """Run the whole program, and note how it ends."""
        try:
            with self.scope:
                for nest in self.program:
                    await self._descend(nest, 0)
            self.state = "cancelled" if self.scope.cancelled_caught else "done"
        except DeadlockError:
            self.state = "told"

    async def _descend(self, nest: Nest, depth: int) -> None:
        """Take the lock of this depth, do the rest inside."""
        if depth == len(nest):
            return
        level = nest[depth]
        await self._pass()

        async def inside() -> None:
            self.held.append(level.lock)
            try:
                await self._descend(nest, depth + 1)
                await self._pass()
            finally:
                self.held.pop()

        deadline = anyio.current_time() + LIMIT * (10 - depth) if level.is_limited else float("inf")
        with anyio.CancelScope(deadline=deadline):
            self.state = "waits"
            await self.stands[level.lock][level.reads].hold(inside)

    async def _pass(self) -> None:
        """Stand at the gate until it is opened."""
        self.state = "gate"
        self.gate = anyio.Event()
        await self.gate.wait()


async def some_turns() -> None:
    """Let every task come to its gate or its wait."""
    for _ in range(8):
        await anyio.lowlevel.checkpoint()


async def run_real(scenario: Scenario, moves: list[tuple[str, int]]) -> list[Snapshot]:
    """Make the moves with real tasks and locks, and look after each."""
    names = [f"lock {number}" for number in range(len(scenario.kinds))]
    words: list[Literal["raise", "wait"]] = ["wait" if flag else "raise" for flag in scenario.may_wait]
    stands = [make_stands(*these) for these in zip(scenario.kinds, names, words, strict=True)]
    walkers = [Walker(program, stands) for program in scenario.programs]
    seen: list[Snapshot] = []

    async with anyio.create_task_group() as group:
        for number, walker in enumerate(walkers):
            group.start_soon(walker.run, name=f"walker {number}")
        await some_turns()
        for move, number in moves:
            if move == "step":
                walkers[number].gate.set()
            else:
                walkers[number].scope.cancel()
            await some_turns()
            seen.append(tuple((walker.state, tuple(walker.held)) for walker in walkers))
        group.cancel_scope.cancel()
    return seen


# --- beside the model -------------------------------------------------------------------------------------


def run_model(scenario: Scenario) -> tuple[list[tuple[str, int]], list[Snapshot]]:
    """Give the moves of a scenario, and what is to be seen after each.

    When nobody can move, those who wait are cancelled one by one: their limits would end them.
    """
    model = Model(scenario.may_wait, scenario.programs)
    moves: list[tuple[str, int]] = []
    seen: list[Snapshot] = []
    choices = iter(scenario.turns)
    while model.ready() or model.stuck():
        if ready := model.ready():
            move = "step", ready[next(choices, 0) % len(ready)]
            model.step(move[1])
        else:
            move = "cancel", model.stuck()[0]
            model.cancel(move[1])
        moves.append(move)
        seen.append(model.snapshot())
    return moves, seen


@pytest.fixture(autouse=True, scope="module")
def ends() -> Iterator[None]:
    """Let nothing run for ever."""
    with alarm(600.0):
        yield


# To make a failure small takes minutes: add Phase.shrink for it.
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.reuse, Phase.generate],
)
@given(scenarios(), st.sampled_from(sorted(BACKENDS)))
def test_a_ring_is_told_exactly_where_the_model_sees_it(scenario: Scenario, backend: str) -> None:
    """After each step each task stands where the model has it, holds the same, and has been told or not."""
    moves, expected = run_model(scenario)
    for state in ("told", "cancelled"):
        if any(state == of_task for of_task, _ in expected[-1]):
            event(f"a task was {state}")

    assert expected == run_on(BACKENDS[backend], partial(run_real, scenario, moves))


def crossing(*, limited: bool = False, may_wait: bool = False) -> Model:
    """Two tasks, two locks, opposite order, stopped before the second lock of each."""
    levels = [Level(number, reads=False, is_limited=False) for number in (0, 1)]
    there = levels[0], Level(1, reads=False, is_limited=limited)
    model = Model((may_wait, False), ((there,), ((levels[1], levels[0]),)))
    for number in (0, 1):
        model.step(number)
    return model


CASES: dict[str, tuple[Callable[[], Model], list[str]]] = {
    "ring": (crossing, ["waits", "told"]),
    "limit": (lambda: crossing(limited=True), ["waits", "waits"]),
    "may wait": (lambda: crossing(may_wait=True), ["waits", "waits"]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_model_itself(name: str) -> None:
    """It sees the simplest ring, and the two excuses."""
    make, expected = CASES[name]
    model = make()
    seen: list[str] = []
    for task in (0, 1):
        model.step(task)
        seen.append(model.tasks[task].state)

    assert expected == seen
    assert all(isinstance(task, ModelTask) for task in model.tasks)
