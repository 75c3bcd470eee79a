"""How a process of its own ends: Ctrl-C, SIGTERM, and a reader that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anymutex.doors import backends

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NAMES = [backend.name for backend in backends.KNOWN]
TIME_LIMIT = 30.0
PRINTING = str(ROOT / "examples/03_anymutex.py")  # always busy in a worker thread, printing
COMMAND = ["-m", "anymutex", "run"]
FROZEN = """\
import time, anymutex
async def main():
    print("frozen", flush=True)
    while True:
        time.sleep(1)  # an idle freeze, for all the others run beside it
anymutex.run(main)
"""
SHORT = """\
import sys, anymutex
async def main():
    print("first", flush=True)
    sys.stdin.read()
    print("left in the buffer")
anymutex.run(main)
"""
ENDINGS: dict[tuple[str, str, str], int] = {
    # The backends differ in how they take a signal or an error.
    **{("command", "SIGINT", name): 130 for name in NAMES},
    **{("command", "SIGTERM", name): 143 for name in NAMES},
    **{("command", "head", name): 141 for name in NAMES},
    # These tell of what all of them share: each takes a process on one of them.
    ("script", "SIGINT", "uvloop"): 130,
    ("script", "SIGTERM", "trio"): 143,
    ("frozen", "SIGTERM", "asyncio"): -signal.SIGTERM,
    ("short", "head", "trio"): 141,
}


def with_default_sigint() -> None:
    """A background job inherits Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(how: str, backend: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start a program, as a script or by the command."""
    command = {"command": [*COMMAND, PRINTING], "script": [PRINTING]}.get(how, [str(folder / f"{how}.py")])
    return subprocess.Popen(
        [sys.executable, *command, "--backend", backend],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # else nothing is ever left in a buffer
        preexec_fn=with_default_sigint,
        pipesize=4096,  # soon full: what is printed until the signal comes is work for nothing
    )


def end(process: subprocess.Popen[bytes], how: str, by: str) -> tuple[int, bytes]:
    """Let it print a line, end it, and give the exit code and what it said on stderr."""
    assert process.stdout
    assert process.stdout.readline()
    if by == "head":
        process.stdout.close()
        process.stdout = None
    else:
        process.send_signal(signal.Signals[by])
    if how == "frozen":
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)  # the first signal can't get in
        process.send_signal(signal.Signals[by])
    errors = process.communicate(timeout=TIME_LIMIT)[1]
    return process.returncode, errors


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """All the processes, started together: most of their time is Python's start."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "frozen.py").write_text(FROZEN, encoding="utf-8")
    (folder / "short.py").write_text(SHORT, encoding="utf-8")
    processes = {ending: start(ending[0], ending[2], folder) for ending in ENDINGS}
    try:
        yield {ending: end(process, ending[0], ending[1]) for ending, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()


@pytest.mark.parametrize("ending", ENDINGS, ids="-".join)
def test_the_end_is_silent(
    endings: dict[tuple[str, str, str], tuple[int, bytes]], ending: tuple[str, str, str]
) -> None:
    """With the shell's own codes, and nothing on stderr; a frozen loop is killed by the second signal."""
    assert endings[ending] == (ENDINGS[ending], b"")
