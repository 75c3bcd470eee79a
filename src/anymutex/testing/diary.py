"""Diary: what each step of one run did and where it led, written down while the run goes on.

Rule 1. It listens to the probe and looks at suspended tasks; it changes neither a task nor the order.
Rule 2. What is heard between two steps was done by the later one: one step at a time is all there is.
Rule 3. It keeps words and numbers, never a task, a frame or a value.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import ref

from anymutex import stacks, tasks
from anymutex.events import LockAbandoned, LockAcquired, LockReleased, MapRead, MapWritten
from anymutex.report import shown
from anymutex.testing.blocked import held_by, holders, stand_of
from anymutex.testing.things import WIDEST, Things

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from anymutex.events import Event
    from anymutex.stacks import Place, Site
    from anymutex.testing.choices import TaskId
    from anymutex.testing.scheduler import Scheduler, Task

COUNTED = re.compile(r"Task-\d+")


@dataclass(frozen=True)
class Entry:
    """One step."""

    place: Place | None
    """Where the task then stood; None if it ended, or stands in no code of the user's."""
    has_ended: bool
    deeds: tuple[str, ...]
    """`takes mu`, `stock['apples'] = 3 (was 2)`"""
    waits_for: str = ""
    """The lock it waits for from now on."""
    held_by: TaskId | None = None
    """Who holds that."""
    held: tuple[tuple[TaskId, str], ...] = ()
    """The locks that others hold, if this was the last step of its task."""


class Diary:
    """Observes one run. Its `hear` is to be attached to the probe for that long."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.things = Things()
        self.names: dict[TaskId, str] = {}
        """What each task is called; by its function if asyncio has only counted it."""
        self.aliases: dict[str, str] = {}
        """Those names instead of the counted ones, which differ from run to run."""
        self.eager: dict[TaskId, Place | None] = {}
        """Where those tasks stood at first that had begun within a step of another one."""
        self._deeds: list[str] = []
        self._values: dict[tuple[int, str], str] = {}
        self._maps: dict[int, ref[Any]] = {}
        # The outermost frame of each task, with its code: another frame may have the address later.
        self._frames: dict[tuple[int, CodeType], TaskId] = {}
        self._where: dict[TaskId, Site] = {}
        self._started = 0  # tasks, as far as they were met
        self._thread = get_ident()
        self._is_listening = True

    def __call__(self, scheduler: Scheduler, task: Task) -> None:
        """A step was taken."""
        me, by_identity = scheduler.trace[-1], scheduler.by_identity  # trio has told of its end already
        if len(scheduler.names) > self._started:
            self._started = len(scheduler.names)
            self._meet_all(scheduler)
        if tasks.has_ended(task):
            self.entries.append(self._last_entry(me, by_identity, holders(scheduler, self.things)))
        else:
            self.entries.append(self._entry(task, me, by_identity))
        self._deeds = []

    def hear(self, event: Event) -> None:
        """Something was done to a lock or a map."""
        if not self._is_listening or get_ident() != self._thread:
            return
        self._is_listening = False  # the `repr` of a value may read the very map
        try:
            if deed := self._deed(event):
                by_callback = tasks.current() is None
                self._deeds.append(f"a callback: {deed}" if by_callback else deed)
        finally:
            self._is_listening = True

    def renamed(self, text: str) -> str:
        """`text` with the names that tasks have here."""
        return COUNTED.sub(lambda match: self.aliases.get(match.group(), match.group()), text)

    def raiser_of(self, error: BaseException) -> TaskId | None:
        """The task in which `error` was raised, if it took more than one step."""
        raiser = None
        traceback = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            raiser = self._frames.get((id(frame), frame.f_code), raiser)
            traceback = traceback.tb_next
        return raiser

    def _meet_all(self, scheduler: Scheduler) -> None:
        """Those that were started by the last step; some of them may have ended in it."""
        for task in scheduler.alive:
            if (task_id := scheduler.id_of(task)) not in self.names:
                self._meet(task, task_id)

    def _meet(self, task: Task, task_id: TaskId) -> None:
        coroutine: Any = tasks.coroutine_of(task)
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None:
            self._frames[id(frame), frame.f_code] = task_id
        if inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_SUSPENDED:
            sites = stacks.suspended_sites(coroutine)
            self.eager[task_id] = stacks.place_of(sites[-1]) if sites else None
        name = tasks.full_name_of(task)
        if COUNTED.fullmatch(name):
            self.aliases[name] = name = tasks.shortened(getattr(coroutine, "__qualname__", "a task"))
        self.names[task_id] = name

    def _last_entry(self, me: TaskId, by_identity: dict[int, TaskId], others: dict[TaskId, Task]) -> Entry:
        deeds = (*self._deeds, *self._changes(me, by_identity))
        pairs = others.items()
        held = ((it, name) for it, task in pairs if it != me for name in held_by(task, it, self.things))
        return Entry(None, True, deeds, held=tuple(held))

    def _entry(self, task: Task, me: TaskId, by_identity: dict[int, TaskId]) -> Entry:
        frames, _ = stacks.suspended(tasks.coroutine_of(task))
        self._look_for_things(frames, me)
        deeds = (*self._deeds, *self._changes(me, by_identity))
        stand = stand_of(frames, me, by_identity, self.things)
        place = stand.places[-1] if stand.places else None
        if not (stand.aim and stand.owners) or me in stand.owners:
            return Entry(place, False, deeds)
        return Entry(place, False, deeds, stand.aim, stand.owners[0])

    def _look_for_things(self, frames: list[FrameType], me: TaskId) -> None:
        """Once for each line where a task stands: in a loop they would be the same again."""
        own = [frame for frame in frames if not stacks.is_machinery(frame.f_code.co_filename)]
        site = stacks.site_of(own[-1]) if own else None
        if site is not None and site != self._where.get(me):
            self._where[me] = site
            self.things.find(own)
            for known in self.things.maps.values():
                self._learn(known())

    def _learn(self, shared_map: Any) -> None:
        """Note the values of a map that was not heard of before."""
        if shared_map is None or not self._is_new(shared_map):
            return
        for key, value in list(shared_map.data.items())[:WIDEST]:
            self._values.setdefault((id(shared_map), shown(key)), shown(value))

    def _is_new(self, shared_map: Any) -> bool:
        """Whether it was not heard of before; another one may have been at the same address."""
        known = self._maps.get(id(shared_map))
        if known is not None and known() is shared_map:
            return False
        self._maps[id(shared_map)] = ref(shared_map)
        self._forget(shared_map)
        return True

    def _forget(self, shared_map: Any) -> None:
        me = id(shared_map)
        self._values = {known: text for known, text in self._values.items() if known[0] != me}

    def _changes(self, me: TaskId, by_identity: dict[int, TaskId]) -> list[str]:
        changes = self.things.changes(me, by_identity)
        return [f"{'takes' if change.is_taken else 'releases'} {change.name}" for change in changes]

    def _deed(self, event: Event) -> str:
        match event:
            case LockAcquired(lock):
                return f"takes {lock.label}"
            case LockReleased(lock):
                return f"releases {lock.label}"
            case LockAbandoned(lock):
                return f"waits for {lock.label} no more"
            case MapRead(shared_map, key):
                return self._read(shared_map, key)
            case MapWritten(shared_map, key):
                return self._written(shared_map, key)
        return ""

    def _read(self, shared_map: Any, key: Any) -> str:
        self._is_new(shared_map)
        name = shared_map.name or "map"
        if key is shared_map:
            return f"looks over {name} ({len(shared_map.data)} in it)"
        text = shown(key)
        try:
            value = shown(shared_map.data[key])
        except Exception:  # no such key, or one that can't be looked up
            return f"reads {name}[{text}], which is not there"
        self._values[id(shared_map), text] = value
        return f"reads {name}[{text}] = {value}"

    def _written(self, shared_map: Any, key: Any) -> str:
        self._is_new(shared_map)
        name = shared_map.name or "map"
        if key is shared_map:
            self._forget(shared_map)
            return f"clears {name}"
        text = shown(key)
        known = id(shared_map), text
        before = self._values.pop(known, "")
        was = f" (was {before})" if before else ""
        if key not in shared_map.data:
            return f"removes {name}[{text}]{was}"
        self._values[known] = shown(shared_map.data[key])
        return f"{name}[{text}] = {self._values[known]}{was}"
