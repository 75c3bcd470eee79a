"""Rule 8, vanished: what was there before the await was taken away by another task, and that is an error.

Rule 1. The last removals from each container are remembered, by whom and when; of the container its `id`.
Rule 2. Nothing is asked while all goes well. When a function ends by the error of a missing key or element,
        the expression that failed is looked at in the frame that it failed in.
Rule 3. It is a race if another task removed just that since the innermost function that may suspend began;
        in a callback of the loop, above which there is none, if another than a callback did at all.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, deque
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex import stacks, tasks, waits
from anymutex.watch import callbacks, containers, findings
from anymutex.watch.activations import number_of_task, running
from anymutex.watch.containers import base_of
from anymutex.watch.guards import looked_up
from anymutex.watch.ledger import Clock, Record, Write
from anymutex.watch.written import NO_VALUE

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from anymutex.tasks import Actor
    from anymutex.watch.activations import Activation
    from anymutex.watch.modulehooks import ModuleHooks
    from anymutex.watch.sites import Site

_KEPT = 16
_MOST_CONTAINERS = 512
_ERRORS = (KeyError, ValueError, IndexError)
ALL = ("all",)


class Removal(NamedTuple):
    """Something was taken out of a container."""

    time: int
    what: Any
    """The key, if it is a plain one; else its hash."""
    actor: Actor
    who: str
    site: Site
    file: str
    stack: list[stacks.Site]
    held: tuple[str, ...]


removals: OrderedDict[int, deque[Removal]] = OrderedDict()


def note_removal(hooks: ModuleHooks, thing: Any, key: Any, index: int) -> None:
    """Something is about to be taken out."""
    is_alone = not running or (len(running) == 1 and number_of_task() in running)
    if not callbacks.hear(raised_in_callback) and is_alone:
        return  # nobody else can miss it
    site = hooks.sites[index]
    what = _what_goes(thing, key, site)
    if what is None:
        return
    Clock.now += 1
    actor = tasks.actor()
    task = tasks.task_of(actor)
    who = tasks.name_of(actor) if task is None else tasks.full_name_of(task)
    kept = removals.get(id(thing))
    if kept is None:
        kept = removals[id(thing)] = deque(maxlen=_KEPT)
        if len(removals) > _MOST_CONTAINERS:
            removals.popitem(last=False)
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename != hooks.file:
        frame = frame.f_back
    stack = [] if frame is None else [stacks.site_of(frame)]
    kept.append(Removal(Clock.now, what, actor, who, site, hooks.file, stack, waits.labels_held_by(actor)))


def ended_by(error: BaseException, f: Activation) -> None:
    """A function that may suspend ends by `error`."""
    _look(error, f.began)


def raised_in_callback(error: BaseException) -> None:
    """A callback of the loop has raised `error`: whatever others removed, it was before."""
    try:
        _look(error, 0)
    except Exception as fault:
        findings.complain(fault)


def _look(error: BaseException, since: int) -> None:
    if not isinstance(error, _ERRORS):
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or getattr(error, "__anymutex_seen__", False):
        return
    found = _failed_lookup(trace)
    if found is None:
        return
    thing, key, site_hooks, site = found
    removal = _last_removal(thing, key)
    if removal is None or removal.time <= since or removal.actor == tasks.actor():
        return
    write = Write(
        time=removal.time, actor=removal.actor, who=removal.who, start=None, site=removal.site,
        file=removal.file, stack=removal.stack, is_structural=True, before=NO_VALUE, position=None,
        key=("[]", key), held=removal.held,
    )  # fmt: skip
    record = Record(thing, ("[]", key), 0)
    findings.tell_accesses("vanished", site_hooks.file, site, None, record, write, type(error).__name__)


def _failed_lookup(trace: TracebackType) -> tuple[Any, Any, ModuleHooks, Site] | None:
    frame = trace.tb_frame
    hooks = frame.f_globals.get("_@am")
    if hooks is None:
        return None
    line, column = _position(frame, trace.tb_lasti)
    for site in hooks.sites:
        if site.line == line and site.column == column and site.container:
            found = looked_up(site.container, site.key, frame)
            if found is not None and base_of[type(found[0])] is not None and not site.is_caught:
                return found[0], found[1], hooks, site
    return None


def _position(frame: FrameType, offset: int) -> tuple[int | None, int | None]:
    position = next(islice(frame.f_code.co_positions(), offset // 2, None), None)
    return (None, None) if position is None else (position[0], position[2])


def _last_removal(thing: Any, key: Any) -> Removal | None:
    what = _identity(key)
    kept = removals.get(id(thing), ())
    return next((removal for removal in reversed(kept) if removal.what in (what, ALL)), None)


def _what_goes(thing: Any, key: Any, site: Site) -> Any:
    base = base_of[type(thing)]
    try:
        if site.how == "clear":
            return ALL if containers.size_of(thing) else None
        if site.how == "popitem":
            return ALL
        is_at_front = site.how in containers.FROM_THE_FRONT
        if base in {list, deque} and (is_at_front or site.how in {"pop", "del", "[]"}):
            position = 0 if is_at_front else key if isinstance(key, int) else -1
            return _identity(base.__getitem__(thing, position))
        return _identity(key) if containers.has(thing, key) else None
    except Exception:
        return None


def _identity(key: Any) -> Any:
    if isinstance(key, str | int | bytes | float):
        return key
    try:
        return ("hash", hash(key))
    except TypeError:
        return ("id", id(key))
