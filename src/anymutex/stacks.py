"""Where code stands: sites, places and stacks, of what runs and of what is suspended.

Rule 1. A *site* (code object, instruction offset) costs about 0.1 us to take and keeps nothing alive that
        matters; it becomes a *place* (file, line, text) only when a report is written.
Rule 2. Never keep a frame: it keeps every local of its function alive, and can close a cycle.
Rule 3. A stack is told from the outermost call to the innermost, without the frames of the machinery
        (event loops, test runners, anyio, anymutex): the user's own code and packages are what can be mended.
"""

from __future__ import annotations

import ast
import gc
import linecache
import os
import re
import sys
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType, FrameType

Site: TypeAlias = "tuple[CodeType, int]"

_OWN_FOLDER = os.path.dirname(__file__) + os.sep
_LOOPS = ("asyncio", "trio", "uvloop")
_MACHINERY = (*_LOOPS, "anyio", "outcome", "concurrent.futures", "contextlib", "threading", "typing")
_TEST_RUNNERS = ("_pytest", "pluggy", "pytest_asyncio", "unittest")
# Awaitables that hide the object whose frame we want; only the collector can see through them.
_WRAPPERS = {"async_generator_asend", "async_generator_athrow", "anext_awaitable", "coroutine_wrapper"}
# A stack deeper than this hides the point; the innermost places are kept.
_DEEPEST = 12


class Place(NamedTuple):
    """One line of somebody's source, as plain data."""

    file: str
    line: int
    function: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def site_of(frame: FrameType) -> Site:
    """Where `frame` stands now."""
    return frame.f_code, frame.f_lasti


def caller_site(new: object = None) -> Site:
    """Where the nearest caller outside the machinery stands; past any `__init__` of the object `new`."""
    first = sys._getframe(1)
    frame: FrameType | None = first
    while frame is not None and (is_machinery(frame.f_code.co_filename) or _initialises(frame, new)):
        frame = frame.f_back
    return site_of(frame or first)


def place_of(site: Site) -> Place:
    """The source line of `site`, with the file shown relative to the working directory when inside it."""
    code, offset = site
    line = _line_of(code, offset)
    text = linecache.getline(code.co_filename, line).strip()
    return Place(_shown(code.co_filename), line, _signature(code), text)


def place_in(file: str, line: int, function: str) -> Place:
    """The same for a line that is known by its number."""
    return Place(_shown(file), line, function, linecache.getline(file, line).strip())


def running_sites(frame: FrameType | None, outermost: FrameType | None = None) -> list[Site]:
    """The sites from `frame` outwards to `outermost`, told from the outermost call, machinery left out.

    Without an `outermost` frame they end where an event loop made a call: what stands outside of that
    started the loop, and not the callback that runs now.
    """
    outwards = [site_of(found) for found in _outwards(frame, outermost)]
    if outermost is None:
        return within_loop(outwards)
    return [site for site in reversed(outwards) if not is_machinery(site[0].co_filename)]


def within_loop(outwards: Iterable[Site]) -> list[Site]:
    """Of the sites `outwards` from the innermost one, those that an event loop has called, as rule 3 says.

    What stands outside of that started the loop: a test runner, a server, a script's last line.
    """
    sites: list[Site] = []
    for site in outwards:
        if sites and _is_event_loop(site[0].co_filename):
            break
        if not is_machinery(site[0].co_filename):
            sites.append(site)
    return sites[::-1]


def suspended_sites(coroutine: object) -> list[Site]:
    """The sites along which `coroutine` waits, also through async generators and context managers."""
    frames, _ = suspended(coroutine)
    return [site_of(frame) for frame in frames if not is_machinery(frame.f_code.co_filename)]


def suspended(awaitable: object) -> tuple[list[FrameType], object]:
    """The frames along which `awaitable` waits, machinery included, and what the innermost one awaits.

    Only to be looked at: rule 2.
    """
    frames: list[FrameType] = []
    for _ in range(sys.getrecursionlimit()):  # a chain may be a ring, if somebody awaits what awaits it
        while is_wrapper(awaitable):
            awaitable = _unwrapped(awaitable)
        frame, following = _frame_and_next(awaitable)
        if frame is None:
            break
        frames.append(frame)
        awaitable = following
    return frames, awaitable


def places_of(sites: list[Site]) -> tuple[Place, ...]:
    """The places of `sites`, the innermost ones when there are many."""
    return tuple(place_of(site) for site in sites[-_DEEPEST:])


def assigned_name(site: Site, kind: str) -> str | None:
    """The variable that a call of `kind` at `site` was assigned to, read from the source line.

    >>> def make():
    ...     return caller_site()
    >>> assigned_name(make(), "Mutex") is None
    True
    """
    text = place_of(site).text
    match = re.match(rf"(?:self\.)?([A-Za-z_][\w.]*)\s*(?::[^=]+)?=\s*[\w.]*\b{kind}(?:\[.*\])?(\(.*)", text)
    return match.group(1) if match and _is_one_call(match.group(2)) else None


@lru_cache(maxsize=4096)
def is_machinery(filename: str) -> bool:
    """Whether `filename` is of a loop, a test runner, anyio or anymutex (its demo programs are not)."""
    if filename.startswith(_OWN_FOLDER):
        return not os.path.basename(filename).startswith("demo")
    return filename.startswith(("<frozen ", "uvloop/", *_roots_of((*_MACHINERY, *_TEST_RUNNERS))))


def is_wrapper(awaitable: object) -> bool:
    """Whether `awaitable` hides the frame that matters; `suspended` sees through it."""
    return type(awaitable).__name__ in _WRAPPERS


def _initialises(frame: FrameType, new: object) -> bool:
    """Whether `frame` is an `__init__` at work on `new`: of a subclass, say."""
    code = frame.f_code
    return new is not None and code.co_name == "__init__" and frame.f_locals.get(code.co_varnames[0]) is new


def _is_one_call(arguments: str) -> bool:
    """Whether `arguments` is one pair of parentheses and no more calls, or goes on in the next line."""
    try:
        call = ast.parse(f"f{arguments}", mode="eval").body
    except SyntaxError:
        return True
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name)


def _outwards(frame: FrameType | None, outermost: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = None if frame is outermost else frame.f_back


@lru_cache(maxsize=4096)
def _is_event_loop(filename: str) -> bool:
    return filename.startswith(("uvloop/", *_roots_of(_LOOPS)))


def _roots_of(names: tuple[str, ...]) -> tuple[str, ...]:
    modules = (sys.modules.get(name) for name in names)  # None where an import was forbidden
    return tuple(_root_of(module) for module in modules if module is not None and module.__file__)


def _root_of(module: Any) -> str:
    file: str = module.__file__
    is_package = os.path.basename(file).startswith("__init__.")
    return os.path.dirname(file) + os.sep if is_package else file


def _frame_and_next(awaitable: object) -> tuple[FrameType | None, object]:
    for prefix, following in (("cr", "await"), ("ag", "await"), ("gi", "yieldfrom")):
        if hasattr(awaitable, f"{prefix}_frame"):
            return getattr(awaitable, f"{prefix}_frame"), getattr(awaitable, f"{prefix}_{following}")
    return None, None


def _unwrapped(wrapper: object) -> object:
    for referent in gc.get_referents(wrapper):
        if _frame_and_next(referent)[0] is not None or is_wrapper(referent):
            return referent
    return None


def _line_of(code: CodeType, offset: int) -> int:
    if offset < 0:
        return code.co_firstlineno
    position = next(islice(code.co_positions(), offset // 2, None), None)
    return (position and position[0]) or code.co_firstlineno


def _signature(code: CodeType) -> str:
    name: str = code.co_name
    if name.startswith("<"):
        return name
    count = code.co_argcount + code.co_kwonlyargcount
    arguments: tuple[str, ...] = code.co_varnames[:count]
    return f"{name}({', '.join(arguments)})"


def _shown(filename: str) -> str:
    try:
        return str(Path(filename).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return filename
