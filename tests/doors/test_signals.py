"""How a process of its own ends: Ctrl-C, SIGTERM, and a reader that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from anymutex.doors import backends

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
        time.sleep(1)  # an idle freeze, for others run beside it
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the programs that are no examples."""
    for name, source in (("frozen", FROZEN), ("short", SHORT)):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("how", "by", "backend"), ENDINGS)
def test_the_end_is_silent(how: str, by: str, backend: str, folder: Path) -> None:
    """With the shell's own codes, and nothing on stderr; a frozen loop is killed by the second signal."""
    process = start(how, backend, folder)  # one at a time: until it is ended it is busy
    try:
        actual = end(process, how, by)
    finally:
        process.kill()
        process.wait()

    assert (ENDINGS[how, by, backend], b"") == actual
