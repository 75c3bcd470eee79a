"""Which event loops a program can run on, and the one line that says why one can't.

Rule 1. A backend that was asked for runs, or a `UsageError` tells why not: never silently another, or fewer.
Rule 2. Nothing is imported to find out what is installed: `import anymutex` imports neither trio nor uvloop.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from anymutex.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Backend(NamedTuple):
    """An event loop as `anyio.run` wants to hear of it."""

    name: str
    anyio_name: str
    options: dict[str, object]
    needs: str = ""  # the package that brings it; nothing for what Python and anyio have anyway
    oldest: tuple[int, ...] = ()
    install: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether a program can run on it here."""
        return not self.needs or find_spec(self.needs) is not None


# The order is that of every table: the first one is what the others are compared with.
KNOWN = (
    Backend("asyncio", "asyncio", {}),
    Backend("uvloop", "asyncio", {"use_uvloop": True}, "uvloop", (0, 21), "pip install -U uvloop"),
    Backend("trio", "trio", {}, "trio", (0, 32), "pip install -U 'anymutex[trio]'"),
)


def backend_named(name: str) -> Backend:
    """The backend called `name`.

    Raises:
        UsageError: there is none of that name, or it is not installed.
    """
    for backend in KNOWN:
        if backend.name == name:
            return _present(backend)
    raise UsageError(f"unknown backend {name!r}: there are {', '.join(known.name for known in KNOWN)}")


def chosen(names: Iterable[str]) -> list[Backend]:
    """The backends called `names`, in that order, each once.

    Raises:
        UsageError: one of them is unknown or not installed, or there is no name at all.
    """
    backends = [backend_named(name) for name in dict.fromkeys(names)]
    if not backends:
        raise UsageError("no backend given")
    return backends


def installed() -> list[Backend]:
    """All that can run here, in the order of the tables.

    Raises:
        UsageError: One is installed, but too old.
    """
    return [_present(backend) for backend in KNOWN if backend.is_installed]


def left_out() -> list[str]:
    """A line for each one that can't run here, with what to do about it."""
    return [_missing(backend) for backend in KNOWN if not backend.is_installed]


def comparable() -> list[Backend]:
    """What a comparison runs on unless told: asyncio, its faster twin uvloop if installed, and trio.

    Raises:
        UsageError: trio is not installed.
    """
    return [_present(backend) for backend in KNOWN if backend.is_installed or backend.name != "uvloop"]


def _present(backend: Backend) -> Backend:
    if not backend.is_installed:
        raise UsageError(_missing(backend))
    if backend.needs and _numbers(version(backend.needs)) < backend.oldest:
        raise UsageError(f"{backend.name} {version(backend.needs)} is too old: {backend.install}")
    return backend


def _missing(backend: Backend) -> str:
    return f"{backend.name} is not installed: {backend.install}"


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers a version begins with.

    >>> _numbers("0.35.0rc1")
    (0, 35)
    """
    return tuple(int(part) for part in takewhile(str.isdigit, text.split(".")))
