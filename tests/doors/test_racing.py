"""`anymutex race`: what it prints, writes and exits with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from anymutex.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

HELPER = """
    class Counter:
        def __init__(self):
            self.n = 0

        def get(self):
            return self.n

        def put(self, n):
            self.n = n
"""
PROGRAM = """
    import anyio
    from anyio.lowlevel import checkpoint
    from helper import Counter

    counter = Counter()

    async def up():
        n = counter.get()
        await checkpoint()
        counter.put(n + 1)

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(up)
            group.start_soon(up)
        print("the program's own", flush=True)
"""
THREADED = """
    import anyio

    stats = {"n": 7}

    def count():
        stats["n"] = stats["n"] + 1

    async def main():
        n = stats["n"]
        await anyio.to_thread.run_sync(count)
        stats["n"] = n - 5
"""
HIDDEN = """
    import anyio
    from anyio.lowlevel import checkpoint
    from helper import Counter

    async def up(counter, rounds):
        for _ in range(rounds):
            await checkpoint()
        n = counter.get()
        await checkpoint()
        counter.put(n + 1)

    async def main():
        counter = Counter()
        async with anyio.create_task_group() as group:
            group.start_soon(up, counter, 0)
            group.start_soon(up, counter, 9)

    async def joined():
        counter = Counter()
        async with anyio.create_task_group() as group:
            group.start_soon(up, counter, 0)
        await up(counter, 0)
"""


LASTING = (
    PROGRAM
    + """
        await anyio.sleep_forever()
"""
)
ENDED_BY = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the programs."""
    sources = {
        "helper": HELPER,
        "program": PROGRAM,
        "threaded": THREADED,
        "hidden": HIDDEN,
        "lasting": LASTING,
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return tmp_path


def race(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`."""
    return anymutex(folder, "race", *arguments, **environment)


def anymutex(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run any command there."""
    return subprocess.run(
        [sys.executable, "-m", "anymutex", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_race_in_another_file_is_told(folder: Path, backend: str) -> None:
    """Both sides, the await between, and the count last; the program's own output goes on."""
    ended = race(folder, "program.py", "--backend", backend, "--json", "races.json")
    [told] = json.loads((folder / "races.json").read_text(encoding="utf-8"))

    assert (ended.returncode, ended.stdout) == (66, "the program's own\n")
    assert ended.stderr.splitlines()[-1] == "Found 1 await race(s)"
    assert told["text"] in ended.stderr
    assert "  and gave up control between the two at:\n      program.py:10" in told["text"]
    assert [(side["file"], side["line"]) for side in (*told["reads"], *told["writes"])] == [
        ("program.py", 9),
        ("helper.py", 10),
    ]


def test_a_thread_makes_it_a_data_race(folder: Path) -> None:
    """In Go's own words, with what helps."""
    ended = race(folder, "threaded.py")

    assert ended.returncode == 66
    assert "WARNING: DATA RACE\n" in ended.stderr
    assert "An anyio lock" not in ended.stderr.splitlines()[0]
    assert "fix: an anyio lock guards tasks, not threads" in ended.stderr


def test_the_variable_and_the_options(folder: Path) -> None:
    """The command line beats the variable."""
    settings = {"ANYMUTEX": "exitcode=3 log=races.txt halt_on_error=1"}
    by_variable = race(folder, "program.py", **settings)
    told = (folder / "races.txt").read_text(encoding="utf-8")
    by_both = race(folder, "program.py", "--exitcode", "4", **settings)

    assert (by_variable.returncode, by_variable.stdout, by_variable.stderr) == (3, "", "")
    assert told.endswith("Found 1 await race(s)\n")
    assert by_both.returncode == 4


def start(folder: Path, backend: str, by: signal.Signals) -> subprocess.Popen[str]:
    """Start a program that never ends by itself."""
    arguments = ["lasting.py", "--backend", backend, "--json", f"{backend}{by}.json"]
    return subprocess.Popen(
        [sys.executable, "-m", "anymutex", "race", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # else it may be ignored
    )


def end(process: subprocess.Popen[str], by: signal.Signals) -> tuple[int, str]:
    """Send the signal once the race has happened; the exit code, and the last line of what was said."""
    assert process.stdout
    process.stdout.readline()
    process.send_signal(by)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors.splitlines()[-1]


def test_a_program_that_is_killed_has_told_its_races(folder: Path) -> None:
    """By Ctrl-C or SIGTERM: all is told and written, and the exit code is that of the signal."""
    cases = [(backend, by) for backend in ("asyncio", "trio") for by in ENDED_BY]
    processes = {case: start(folder, *case) for case in cases}
    try:
        ended = {case: end(process, case[1]) for case, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    written = [
        json.loads((folder / f"{backend}{by}.json").read_text(encoding="utf-8")) for backend, by in cases
    ]

    assert {case: (ENDED_BY[case[1]], "Found 1 await race(s)") for case in cases} == ended
    assert [1] * len(cases) == [len(races) for races in written]


def test_what_keeps_a_race_quiet(folder: Path) -> None:
    """A pattern in pyproject.toml; one that is not needed is told."""
    (folder / "pyproject.toml").write_text('[tool.anymutex]\nrace-ok = ["* self.n", "* other"]\n')
    ended = race(folder, "program.py")

    assert (ended.returncode, ended.stderr) == (0, "anymutex: keeps no race quiet: '* other'\n")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_suspects_are_written_and_forced(folder: Path, backend: str) -> None:
    """No race happens; the one that is hidden is confirmed, and its token needs the file no more."""
    ended = race(folder, "hidden.py", "--backend", backend, "--suspects", "s.json")
    forced = anymutex(folder, "explore", "--suspects", "s.json", "hidden.py", "--backend", backend)
    repeat = next(line for line in forced.stdout.splitlines() if line.startswith("to repeat: anymutex "))
    (folder / "s.json").unlink()
    again = anymutex(folder, *repeat.split()[3:])

    assert (ended.returncode, ended.stderr) == (
        0,
        "1 suspect(s) in s.json: `anymutex explore --suspects s.json FILE` forces them\n",
    )
    assert (forced.returncode, forced.stderr) == (1, "")
    assert "suspects: 1, confirmed: 1\n  call-pair of self.n: read at hidden.py:" in forced.stdout
    assert again.returncode == 1
    assert "WARNING: AWAIT RACE: a get and a put" in again.stdout


def test_there_are_no_suspects(folder: Path) -> None:
    """Who has started a task and waited for its end is not beside it; `explore` has nothing to do then."""
    ended = race(folder, "hidden.py:joined", ANYMUTEX="suspects=s.json")
    forced = anymutex(folder, "explore", "--suspects", "s.json", "hidden.py:joined")

    assert (ended.returncode, ended.stderr) == (
        0,
        "no suspects: no window was open that another task could have come into\n",
    )
    assert (forced.returncode, forced.stdout) == (0, "suspects: 0, confirmed: 0\n")


def test_a_race_that_halts_loses_no_file(folder: Path) -> None:
    """What is known by then is written."""
    race(folder, "program.py", "--halt-on-error", "--suspects", "s.json", "--json", "races.json")

    assert json.loads((folder / "s.json").read_text(encoding="utf-8"))["suspects"] == []
    assert len(json.loads((folder / "races.json").read_text(encoding="utf-8"))) == 1


@pytest.mark.parametrize(
    ("arguments", "variable", "said"),
    [
        (["program.py"], "nonsense", "anymutex: ANYMUTEX: 'nonsense' is no setting of exitcode, "),
        (["program.py", "--exitcode", "900"], "", "anymutex: exitcode must be a number from 0 to 255"),
        (["program.py", "--include", "no_such"], "", "anymutex: --include: there is no package no_such"),
        (["missing.py"], "", "anymutex: no such file: missing.py"),
        (["program.py", "--log", "no/where"], "", "anymutex: can't write no/where: "),
        (["program.py", "--suspects", "no/where"], "", "anymutex: can't write no/where: "),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    variable: str,
    said: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And exit code 2; nothing of the program is loaded, so it takes no process of its own."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ANYMUTEX", variable)
    code = main(["race", *arguments])
    told = capsys.readouterr()

    assert (code, told.out) == (2, "")
    assert told.err.startswith(said)
    assert len(told.err.splitlines()) == 1
