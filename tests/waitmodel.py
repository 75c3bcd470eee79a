"""Who waits for whom, in the simplest terms: a model that says which step of a program closes a ring.

Rule 1. It shares nothing with anymutex. Every lock is a reader-writer lock; a mutex is one that nobody reads.
Rule 2. A waiting task waits for all who hold the lock: a writer in any case, a reader if somebody writes. A
        reader behind a waiting writer waits for that writer, and so for all who hold the lock.
Rule 3. A time limit excuses a way through the graph if it was set after the lock was taken by which the way
        comes in. A wait for a lock that may wait is no way at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Level:
    """One block of a program: takes a lock, and does the rest of the nest inside."""

    lock: int
    reads: bool
    is_limited: bool


Nest = tuple[Level, ...]
Program = tuple[Nest, ...]
Snapshot = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(eq=False)
class ModelLock:
    """When a writer leaves, all waiting readers enter; when the last reader leaves, a writer does."""

    may_wait: bool
    is_written: bool = False
    holders: list[ModelTask] = field(default_factory=list)
    readers: list[ModelTask] = field(default_factory=list)
    writers: list[ModelTask] = field(default_factory=list)
    """The last two in the order in which they came to wait."""

    def take(self, task: ModelTask, reads: bool) -> bool:
        """Take it if it is free for this side."""
        blocked = self.is_written or bool(self.writers) if reads else bool(self.holders)
        if not blocked:
            self._enter(task, reads)
        return not blocked

    def queue(self, task: ModelTask, reads: bool) -> None:
        """Come to wait."""
        (self.readers if reads else self.writers).append(task)

    def leave(self, task: ModelTask) -> None:
        """Let go, and let others in."""
        self.holders.remove(task)
        if self.holders:
            return
        was_written, self.is_written = self.is_written, False
        if self.readers and (was_written or not self.writers):
            self._admit_readers()
        elif self.writers:
            self._admit(self.writers.pop(0), reads=False)

    def give_up(self, task: ModelTask) -> None:
        """Wait no longer; readers that only waited behind this writer enter."""
        queue = self.readers if task in self.readers else self.writers
        queue.remove(task)
        if not self.writers and not self.is_written:
            self._admit_readers()

    def _admit_readers(self) -> None:
        entering, self.readers = self.readers, []
        for task in entering:
            self._admit(task, reads=True)

    def _admit(self, task: ModelTask, reads: bool) -> None:
        self._enter(task, reads)
        task.state = "gate"

    def _enter(self, task: ModelTask, reads: bool) -> None:
        self.holders.append(task)
        self.is_written = not reads
        task.held.append(self)


@dataclass(eq=False)
class ModelTask:
    """A task that stops at a gate before each acquire and each release."""

    program: Program
    nest: int = 0
    held: list[ModelLock] = field(default_factory=list)
    state: str = "gate"
    goes_up: bool = False

    @property
    def levels(self) -> Nest:
        """The blocks that it is in the middle of."""
        return self.program[self.nest]

    def is_limited_after(self, depth: int) -> bool:
        """Tell whether a limit was set after the lock of this depth was taken, and before the wait of now."""
        return any(level.is_limited for level in self.levels[depth + 1 : len(self.held) + 1])


class Model:
    """The tasks of a program, and the locks they share."""

    def __init__(self, may_wait: tuple[bool, ...], programs: tuple[Program, ...]) -> None:
        self.locks = [ModelLock(flag) for flag in may_wait]
        self.tasks = [ModelTask(program) for program in programs]

    def snapshot(self) -> Snapshot:
        """Give for each task its state, and the numbers of the locks it holds."""
        return tuple((task.state, tuple(self.locks.index(lock) for lock in task.held)) for task in self.tasks)

    def ready(self) -> list[int]:
        """Give the tasks that stand at a gate."""
        return [number for number, task in enumerate(self.tasks) if task.state == "gate"]

    def stuck(self) -> list[int]:
        """Give the tasks that wait."""
        return [number for number, task in enumerate(self.tasks) if task.state == "waits"]

    def step(self, number: int) -> None:
        """Let a task through its gate."""
        task = self.tasks[number]
        if not task.goes_up and len(task.held) < len(task.levels):
            self._acquire(task)
        else:
            self._release(task)

    def cancel(self, number: int) -> None:
        """End a task that waits."""
        task = self.tasks[number]
        self._wanted(task).give_up(task)
        self._end(task, "cancelled")

    def _wanted(self, task: ModelTask) -> ModelLock:
        return self.locks[task.levels[len(task.held)].lock]

    def _acquire(self, task: ModelTask) -> None:
        lock, reads = self._wanted(task), task.levels[len(task.held)].reads
        if lock.take(task, reads):
            return
        if self._closes_a_ring(task, lock, reads):
            self._end(task, "told")
            return
        lock.queue(task, reads)
        task.state = "waits"

    def _release(self, task: ModelTask) -> None:
        task.goes_up = True
        task.held.pop().leave(task)
        if task.held:
            return
        task.goes_up = False
        task.nest += 1
        if task.nest == len(task.program):
            task.state = "done"

    def _end(self, task: ModelTask, state: str) -> None:
        task.state = state
        while task.held:
            task.held.pop().leave(task)

    def _closes_a_ring(self, closer: ModelTask, lock: ModelLock, reads: bool) -> bool:
        """Walk from lock to lock by those who hold them and wait, until the way comes back."""
        if lock.may_wait:
            return False
        ways, seen = self._ways(lock, reads), set[ModelLock]()
        while ways:
            way = ways.pop()
            if way in seen:
                continue
            seen.add(way)
            for holder in way.holders:
                depth = holder.held.index(way)
                if (holder is not closer and holder.state != "waits") or holder.is_limited_after(depth):
                    continue
                if holder is closer:
                    return True
                wanted = self._wanted(holder)
                if not wanted.may_wait:
                    ways += self._ways(wanted, holder.levels[len(holder.held)].reads)
        return False

    def _ways(self, lock: ModelLock, reads: bool) -> list[ModelLock]:
        """Give the lock, if who wants it waits for its holders without a way out."""
        if not reads or lock.is_written:
            return [lock]
        return [lock for writer in lock.writers if not writer.is_limited_after(-1)]
