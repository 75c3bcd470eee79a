"""Random actions of a few tasks on locks, compared after each with simple models of the locks.

Rule 1. A *model* says in plain lists who holds, who waits in which order, and what each task got for what it
        did last. It knows nothing of loops, tickets, and hand-overs that are under way.
Rule 2. An *actor* is a task that does what it is told, one thing at a time, and notes what it got.
Rule 3. After each step all tasks run until they stand still; then the actors have got what the model says,
        and the locks show what it says. In the end all is released, and nobody may be left.
Rule 4. A task may cancel another in the very step in which it releases: that is one step of the model too.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from cancelling import is_asyncio, leave_debug_mode, some_turns
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from turns import BACKENDS, native_task, run_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Make: TypeAlias = "Callable[[], tuple[Model, Subject]]"

ACTORS = range(4)
WAITS = "waits"


@dataclass(frozen=True)
class Step:
    """What happens at once."""

    who: int
    verb: str | None
    """None: nobody does anything, but `ends` is cancelled."""
    key: str
    ends: int | None = None
    """Who is cancelled, just before or after."""
    when: str = "before"
    natively: bool = False
    """By `Task.cancel`, where there is such a thing."""
    picks: bool = False
    """`who` counts what is held, to be released, and `ends` counts those who wait, as they are then."""


def steps_of(
    takes: Iterable[str], gives: Iterable[str], keys: Iterable[str]
) -> st.SearchStrategy[list[Step]]:
    """Sequences of steps: those that take may wait, those that give never do, and may cancel somebody."""
    taking, giving = (
        [Step(who, verb, key) for who in ACTORS for verb in verbs for key in keys] for verbs in (takes, gives)
    )
    releasing = [Step(who, None, "", picks=True) for who in ACTORS]
    cancelling = [Step(0, None, "", ends=ends) for ends in ACTORS]
    both = [
        replace(step, ends=ends, when=when, natively=natively)
        for step in releasing
        for ends in ACTORS
        for when, natively in (("before", False), ("after", False), ("after", True), ("after", True))
    ]
    mix = [*[taking] * 5, giving, releasing, cancelling, both, both]
    return st.lists(st.one_of([st.sampled_from(steps) for steps in mix]), min_size=15, max_size=40)


# --- the models -------------------------------------------------------------------------------------------


class Model(ABC):
    """What each actor got for what it did last, and what of it changes by a step."""

    def __init__(self) -> None:
        self.got: dict[int, object] = {}
        """`WAITS`, or the result and whether it held the lock then."""
        self.just_let_in: dict[int, str] = {}
        """Who has got what it waited for in this step, and what that was."""

    def waits(self, who: int) -> bool:
        """Whether `who` can do nothing now."""
        return self.got.get(who) == WAITS

    def play(self, step: Step, *, is_asyncio: bool) -> None:
        """Let the step happen."""
        self.just_let_in.clear()
        if step.when == "before":
            self._end(step.ends)
        if step.verb is not None:
            self.do(step.who, step.verb, step.key)
        if step.when == "after":
            self._end(step.ends, natively=step.natively and is_asyncio)

    def _end(self, who: int | None, *, natively: bool = False) -> None:
        """Cancel `who` if it waits. One that was let in just now has it; but Task.cancel comes first."""
        if who is None or not (self.waits(who) or (natively and who in self.just_let_in)):
            return
        if self.waits(who):
            self.stop_waiting(who)
        else:
            self.give_back(who, self.just_let_in[who])
        self.got[who] = "cancelled", False

    def picked(self, step: Step) -> Step:
        """What `step` means now."""
        held, waiting = list(self.held()), [who for who in ACTORS if self.waits(who)]
        if not step.picks or not held:
            return replace(step, picks=False)
        ends = waiting[step.ends % len(waiting)] if waiting and step.ends is not None else None
        return replace(held[step.who % len(held)], ends=ends, when=step.when, natively=step.natively)

    @abstractmethod
    def do(self, who: int, verb: str, key: str) -> None:
        """`who`, which does not wait, does something."""

    @abstractmethod
    def stop_waiting(self, who: int) -> None:
        """`who` leaves its queue."""

    @abstractmethod
    def give_back(self, who: int, what: str) -> None:
        """`who` was let in just now, and never ran to have it."""

    @abstractmethod
    def held(self) -> Iterator[Step]:
        """The steps that release what those hold who can do something now."""

    @abstractmethod
    def state(self) -> object:
        """What the locks show."""


class Subject(ABC):
    """The locks themselves, for actors to act upon."""

    @abstractmethod
    async def do(self, who: int, verb: str, key: str) -> object:
        """Do it in the running task; the result."""

    @abstractmethod
    def held(self, verb: str, key: str) -> bool:
        """Whether the running task holds what `verb` is about."""

    @abstractmethod
    def state(self) -> object:
        """What the locks show."""


class Actor:
    """A task that does what it is told."""

    def __init__(self, number: int, subject: Subject) -> None:
        self.got: object = None
        self._number = number
        self._subject = subject
        self._task: Any = None
        self._told = anyio.Event()
        self._command: tuple[Step, Actor | None] | None = None
        self._scope = anyio.CancelScope()
        self._is_ended_natively = False

    def tell(self, step: Step, other: Actor | None) -> None:
        """Let it do `step`, which may end what `other` does."""
        self.got = WAITS
        self._command = step, other
        self._told.set()

    def end(self, *, natively: bool = False) -> None:
        """Cancel what it does, if it does something."""
        if self.got == WAITS and natively:
            self._is_ended_natively = True
            self._task.cancel()
        elif self.got == WAITS:
            self._scope.cancel()

    async def live(self) -> None:
        """The body of the task."""
        self._task = native_task()
        while True:
            await self._told.wait()
            self._told = anyio.Event()
            assert self._command is not None
            step, other = self._command
            assert step.verb is not None
            result = await self._result(step, step.verb, other)
            self.got = result, self._subject.held(step.verb, step.key)

    async def _result(self, step: Step, verb: str, other: Actor | None) -> object:
        result: object = "cancelled"
        self._scope = anyio.CancelScope()
        with self._scope:
            if other and step.when == "before":
                other.end()
            try:
                result = await self._subject.do(self._number, verb, step.key)
            except (RuntimeError, AttributeError, anyio.WouldBlock) as error:
                result = type(error).__name__
            except asyncio.CancelledError:
                if not self._is_ended_natively:
                    raise
                self._is_ended_natively = False
                self._task.uncancel()
            if other and step.when == "after":
                other.end(natively=step.natively and is_asyncio())
        return result


class Comparison:
    """One run of a model beside its subject."""

    def __init__(self, model: Model, subject: Subject) -> None:
        self._model = model
        self._subject = subject
        self._actors = [Actor(number, subject) for number in ACTORS]
        self.played: list[Step] = []
        self.expected: object = None
        self.actual: object = None

    async def run(self, steps: list[Step]) -> None:
        """Play the steps that can be played, then release all; stop where the two differ."""
        leave_debug_mode()
        async with anyio.create_task_group() as group:
            for number, actor in enumerate(self._actors):
                group.start_soon(actor.live, name=f"actor {number}")
            await some_turns()
            for step in steps:
                await self._play(self._model.picked(step))
            while self.expected == self.actual and (held := list(self._model.held())):
                await self._play(held[0])
            group.cancel_scope.cancel()

    def story(self) -> str:
        """What was played, and how the two differ after it."""
        return "\n".join([*map(str, self.played), f"model: {self.expected}", f"locks: {self.actual}"])

    async def _play(self, step: Step) -> None:
        if self.expected != self.actual or (step.verb and self._model.waits(step.who)):
            return
        self.played.append(step)
        self._model.play(step, is_asyncio=is_asyncio())
        other = None if step.ends is None else self._actors[step.ends]
        if step.verb:
            self._actors[step.who].tell(step, other)
        elif other:
            other.end()
        await some_turns()
        self.expected = [self._model.got.get(number) for number in ACTORS], self._model.state()
        self.actual = [actor.got for actor in self._actors], self._subject.state()


any_backend = st.sampled_from(list(BACKENDS))
SETTINGS = settings(
    max_examples=16,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def compare(make: Make, strategy: st.SearchStrategy[list[Step]], *examples: list[Step]) -> None:
    """Let Hypothesis look for steps after which model and subject differ, each example on some backend."""

    async def program(steps: list[Step]) -> Comparison:
        comparison = Comparison(*make())
        await comparison.run(steps)
        return comparison

    def look(name: str, steps: list[Step]) -> None:
        comparison = run_on(BACKENDS[name], partial(program, steps))
        assert comparison.expected == comparison.actual, comparison.story()

    search = given(any_backend, strategy)(look)
    for known in examples:
        for name in BACKENDS:
            search = example(name, known)(search)
    SETTINGS(search)()


# --- the two models ---------------------------------------------------------------------------------------


class ExclusiveModel(Model):
    """Some locks with one holder each."""

    def __init__(self, keys: str) -> None:
        super().__init__()
        self.holder: dict[str, int | None] = dict.fromkeys(keys)
        self.queue: dict[str, list[int]] = {key: [] for key in keys}
        self._wants: dict[int, str] = {}

    def do(self, who: int, verb: str, key: str) -> None:
        """The methods of a lock."""
        self.got[who] = self._result(who, verb, key), self.holder[key] == who
        if who in self._wants:
            self.got[who] = WAITS

    def _result(self, who: int, verb: str, key: str) -> object:
        holder = self.holder[key]
        if verb == "release":
            return self._release(key) if holder == who else "RuntimeError"
        if holder is None:
            self.holder[key] = who
            return True if verb == "try_acquire" else "done"
        if verb == "try_acquire":
            return False
        if holder == who or (verb == "acquire" and self._closes_a_ring(who, key)):
            return "DeadlockError"
        if verb == "acquire_nowait":
            return "WouldBlock"
        self._wants[who] = key
        self.queue[key].append(who)
        return WAITS

    def _closes_a_ring(self, who: int, key: str) -> bool:
        wanted: str | None = key
        while wanted is not None:
            holder = self.holder[wanted]
            if holder == who:
                return True
            wanted = None if holder is None else self._wants.get(holder)
        return False

    def _release(self, key: str) -> str:
        self.holder[key] = None
        if self.queue[key]:
            following = self.queue[key].pop(0)
            del self._wants[following]
            self.holder[key] = following
            self.got[following] = "done", True
            self.just_let_in[following] = key
        return "done"

    def stop_waiting(self, who: int) -> None:
        """Those behind move up."""
        self.queue[self._wants.pop(who)].remove(who)

    def give_back(self, who: int, what: str) -> None:
        """The next one gets it."""
        self._release(what)

    def held(self) -> Iterator[Step]:
        """One release each."""
        for key, holder in self.holder.items():
            if holder is not None and not self.waits(holder):
                yield Step(holder, "release", key)

    def state(self) -> object:
        """Of each lock whether it is held, and how many wait."""
        return {key: (holder is not None, len(self.queue[key])) for key, holder in self.holder.items()}


class RWModel(Model):
    """One reader-writer lock: phases of readers and of a writer take turns."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[int] = Counter()
        """How often each reader has it."""
        self.writer: int | None = None
        self.downgraded: set[int] = set()
        self.readers_waiting: list[int] = []
        self.writers_waiting: list[int] = []

    def do(self, who: int, verb: str, key: str) -> None:
        """The methods of both sides."""
        result = self.result(who, verb)
        self.got[who] = result if result == WAITS else (result, self.holds(who, verb))

    def holds(self, who: int, verb: str) -> bool:
        """Whether `who` has the side that `verb` is about."""
        return self.reads[who] > 0 if "read" in verb else self.writer == who

    def result(self, who: int, verb: str) -> object:
        """Do it."""
        how, _, side = verb.rpartition(" ")
        if verb == "downgrade":
            return self._downgrade(who)
        if how == "release":
            return self._release(who, side)
        if self._is_free(side):
            self.let_in(who, side)
            return True if how == "try" else "done"
        if how == "try":
            return False
        if self.writer == who or self.reads[who]:
            return "DeadlockError"
        if how == "nowait":
            return "WouldBlock"
        self._queue_of(side).append(who)
        return WAITS

    def _queue_of(self, side: str) -> list[int]:
        return self.readers_waiting if side == "read" else self.writers_waiting

    def _is_free(self, side: str) -> bool:
        return self.writer is None and not (self.writers_waiting if side == "read" else self.reads)

    def let_in(self, who: int, side: str) -> None:
        if side == "read":
            self.reads[who] += 1
        else:
            self.writer = who

    def _let_in_first(self, side: str) -> None:
        who = self._queue_of(side).pop(0)
        self.let_in(who, side)
        self.just_let_in[who] = side
        self.got[who] = "done", True

    def _admit(self, *, after_write: bool = False) -> None:
        """Readers after a write, or if no writer waits; else the writer, if nobody reads."""
        if self.writer is not None:
            return
        while self.readers_waiting and (after_write or not self.writers_waiting):
            self._let_in_first("read")
        if self.writers_waiting and not self.reads:
            self._let_in_first("write")

    def _release(self, who: int, side: str) -> str:
        if side == "write" and self.writer == who:
            self.writer = None
            self._admit(after_write=True)
            return "done"
        if side == "write" and who not in self.downgraded:
            return "RuntimeError"
        if not self.reads[who]:
            return "RuntimeError"
        if side == "write":
            self.downgraded.discard(who)
        self._leave(who)
        return "done"

    def _leave(self, reader: int) -> None:
        self.reads[reader] -= 1
        if not self.reads[reader]:
            del self.reads[reader]
            self.downgraded.discard(reader)
            self._admit()

    def _downgrade(self, who: int) -> str:
        if self.writer != who:
            return "RuntimeError"
        self.writer = None
        self.reads[who] = 1
        self.downgraded.add(who)
        self._admit(after_write=True)
        return "done"

    def stop_waiting(self, who: int) -> None:
        """Without this writer the readers behind it may enter."""
        (self.readers_waiting if who in self.readers_waiting else self.writers_waiting).remove(who)
        self._admit()

    def give_back(self, who: int, what: str) -> None:
        """As if it had been cancelled while it waited: there was no write."""
        if what == "read":
            self._leave(who)
        else:
            self.writer = None
            self._admit()

    def held(self) -> Iterator[Step]:
        """One release for each time it was taken."""
        if self.writer is not None:
            yield Step(self.writer, "release write", "")
        for who in self.reads.elements():
            yield Step(who, "release read", "")

    def state(self) -> object:
        """Of each side whether it is held, and how many wait."""
        reader = bool(self.reads), len(self.readers_waiting)
        return reader, (self.writer is not None, len(self.writers_waiting))
