"""The three loops that every benchmark runs on, and the part of the command line that they share."""

from __future__ import annotations

import argparse
import importlib.util
import platform
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

INSTALL_PEERS = "pip install -e '.[bench]'"
LOOPS: dict[str, dict[str, Any]] = {
    "asyncio": {"backend": "asyncio"},
    "uvloop": {"backend": "asyncio", "backend_options": {"use_uvloop": True}},
    "trio": {"backend": "trio"},
}


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Make a parser that knows `--backend`; the script adds what is its own."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--backend", choices=[*LOOPS, "all"], default="all")
    return parser


def run_on_each_loop(
    main: Callable[[argparse.Namespace], Awaitable[object]], options: argparse.Namespace
) -> None:
    """Run `main(options)` on the loops asked for; `options.loop` says on which one it is."""
    for loop in LOOPS if options.backend == "all" else [options.backend]:
        if not installed(loop):
            continue
        print(f"\n{loop}, Python {platform.python_version()}, anyio {version('anyio')}", flush=True)
        options.loop = loop
        anyio.run(partial(main, options), **LOOPS[loop])


@cache
def installed(peer: str) -> bool:
    """Tell whether `peer` can be imported, and if not, say in one line, once, how it could."""
    if importlib.util.find_spec(peer):
        return True
    print(f"{peer} is not installed and left out: {INSTALL_PEERS}")
    return False
