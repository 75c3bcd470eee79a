"""The `anymutex` command, called in this process; what needs a process of its own is in test_signals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anymutex.__main__ import main
from anymutex.doors import backends

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[[str], str]

NAMES = [backend.name for backend in backends.KNOWN]
GOOD = "async def main(): print('hello')\n"
CONFLICT = """\
import anyio, anymutex
m = anymutex.SharedMap({1: 1, 2: 2})
async def write_loop():
    m[1] = 3
async def main():
    async with anyio.create_task_group() as group:
        for _ in m:
            group.start_soon(write_loop)
            await anyio.wait_all_tasks_blocked()
"""
FAILING = """\
import anyio
async def fail():
    raise ValueError("x")
async def main():
    async with anyio.create_task_group() as group:
        group.start_soon(fail)
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a program to a file in the working directory and give its name."""
    monkeypatch.chdir(tmp_path)

    def write(source: str) -> str:
        Path("shop.py").write_text(source, encoding="utf-8")
        return "shop.py"

    return write


def test_without_arguments_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    """It names every command."""
    code = main([])
    told = capsys.readouterr().out

    assert code == 0
    assert all(command in told for command in ("run", "compare", "explore", "replay", "demo"))


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, as other programs have it."""
    code = main(["--version"])

    assert code == 0
    assert capsys.readouterr().out.startswith("anymutex ")


@pytest.mark.parametrize("command", ["run", "compare", "explore", "replay", "demo"])
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And it ends well."""
    code = main([command, "--help"])

    assert code == 0
    assert capsys.readouterr().out.startswith(f"usage: anymutex {command} ")


@pytest.mark.parametrize("name", NAMES)
def test_run_runs(name: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that ends well says no more than it says itself."""
    code = main(["run", write(GOOD), "--backend", name])

    assert (code, *capsys.readouterr()) == (0, "hello\n", "")


def test_run_on_all_runs_on_each(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, in the order of the tables."""
    source = "import sniffio\nasync def main(): print(sniffio.current_async_library())"
    code = main(["run", write(source), "--backend", "all"])

    assert code == 0
    assert capsys.readouterr().out.split() == ["asyncio", "asyncio", "trio"]


def test_run_on_all_exits_with_the_largest_code(write: Write) -> None:
    """The last one went well, which must not hide the first."""
    source = """\
import sniffio
async def main():
    raise SystemExit(3 if sniffio.current_async_library() == "asyncio" else 0)
"""

    assert main(["run", write(source), "--backend", "all"]) == 3


def test_run_on_all_stops_at_ctrl_c(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The user wants no other run."""
    source = "async def main():\n    print('once')\n    raise KeyboardInterrupt"
    code = main(["run", write(source), "--backend", "all"])

    assert (code, *capsys.readouterr()) == (130, "once\n", "")


def test_the_command_line_beats_the_program(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """And what it doesn't say is left to the program."""
    source = """\
import anymutex, anyio, sniffio
async def main():
    print(sniffio.current_async_library())
    await anyio.sleep_forever()
anymutex.run(main, backend="trio", seconds=0.01)
"""
    file = write(source)
    codes = main(["run", file]), main(["run", file, "--backend", "asyncio"])

    assert codes == (0, 0)
    assert capsys.readouterr().out.split() == ["trio", "asyncio"]


def test_arguments_go_to_the_program(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Those behind the dashes, untouched, also such as look like ours."""
    source = "import sys\nasync def main(): print(sys.argv)"
    code = main(["run", write(source), "--", "--backend", "x", "--"])

    assert code == 0
    assert capsys.readouterr().out == "['shop.py', '--backend', 'x', '--']\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_conflict_is_told_alone(name: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Go's sentence first, both tasks with their lines, and no traceback."""
    code = main(["run", write(CONFLICT), "--backend", name])
    report = capsys.readouterr().err

    assert code == 2
    assert report.startswith("fatal error: concurrent map iteration and map write\n")
    assert 'task "main"' in report
    assert 'task "write_loop" started at shop.py:8 by task "main"' in report
    assert "shop.py:4" in report
    assert "Traceback" not in report


@pytest.mark.parametrize("name", NAMES)
def test_an_exception_has_its_own_traceback(
    name: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the program's first line on, and without a group around the only exception."""
    code = main(["run", write(FAILING), "--backend", name])
    lines = capsys.readouterr().err.splitlines()

    assert code == 1
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{Path.cwd() / "shop.py"}", line 3, in fail',
        '    raise ValueError("x")',
        "ValueError: x",
    ]


def test_an_exception_while_loading_has_its_own_traceback(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the file's first line on."""
    code = main(["run", write("def f():\n    raise ValueError('x')\nf()\n")])
    told = capsys.readouterr().err

    assert code == 1
    assert told.startswith(f'Traceback (most recent call last):\n  File "{Path.cwd() / "shop.py"}", line 3')
    assert told.endswith("ValueError: x\n")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("raising", ["raise SystemExit(7)", "raise SystemExit('so long')"])
def test_an_exit_of_a_child_is_the_programs_exit(
    name: str,
    raising: str,
    write: Write,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Out of its groups, and without asyncio's complaint about it."""
    code = main(["run", write(FAILING.replace('raise ValueError("x")', raising)), "--backend", name])
    told = capsys.readouterr().err

    assert caplog.text == ""
    assert (code, told) == ((7, "") if "7" in raising else (1, "so long\n"))


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_socket_is_the_programs_own_matter(
    name: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only our own output may end silently."""
    source = "async def main(): raise BrokenPipeError('socket')"
    code = main(["run", write(source), "--backend", name])

    assert code == 1
    assert "BrokenPipeError: socket" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nosuch.py"], "no such file: nosuch.py"),
        (["compare", "nosuch.py"], "no such file: nosuch.py"),
        (["run", "."], ". is a directory, not a Python file"),
        (["run", "shop.py:serve"], "shop.py has no serve"),
        (
            ["run", "shop.py", "--backend", "curio"],
            "unknown backend 'curio': there are asyncio, uvloop, trio",
        ),
        (["compare", "shop.py", "--backend", "trio,curio"], "unknown backend 'curio'"),
        (["run", "shop.py", "--backend", "all", "--seconds", "x"], "argument --seconds: 'x' is no number of"),
        (["run", "shop.py", "--seconds", "0"], "argument --seconds: '0' is no number of seconds above 0"),
        (["run", "shop.py", "--seconds", "nan"], "argument --seconds: 'nan' is no number of seconds above 0"),
        (["run", "shop.py", "--sec", "1"], "unrecognized arguments: --sec 1"),
        (["run", "shop.py", "--json", "no/such/dir"], "can't write no/such/dir: No such file"),
        (["run"], "the following arguments are required: FILE[:function]"),
        (["timeline", "shop.py"], "argument COMMAND: invalid choice: 'timeline'"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with code 2."""
    write(GOOD)
    code = main(arguments)
    out, told = capsys.readouterr()

    assert (code, out) == (2, "")
    assert told.startswith(f"anymutex: {message}")
    assert told.count("\n") == 1


@pytest.mark.parametrize(("source", "kinds"), [(GOOD, []), (CONFLICT, ["conflict"])])
def test_json_lists_the_reports(source: str, kinds: list[str], write: Write) -> None:
    """Also when there are none."""
    main(["run", write(source), "--json", "found.json"])
    reports = json.loads(Path("found.json").read_text(encoding="utf-8"))

    assert kinds == [report["kind"] for report in reports]


def test_json_lists_what_the_program_handled_itself(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A conflict that went to `on_conflict` ended nothing, but it was there. `-` is stdout."""
    source = CONFLICT.replace("2: 2}", "2: 2}, on_conflict=lambda report: None")
    code = main(["run", write(source), "--json", "-"])
    [report] = json.loads(capsys.readouterr().out)

    assert code == 0
    assert report["text"].startswith("concurrent map iteration and map write")


def test_compare_prints_the_table_alone(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """What the program prints would drown it."""
    code = main(["compare", write("print('loading')\n" + GOOD)])
    out, err = capsys.readouterr()

    assert (code, err) == (0, "")
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["backend", "outcome", "result", "conflicts"],
        ["asyncio", "ok", "returned", "None"],
        ["uvloop", "ok", "returned", "None"],
        ["trio", "ok", "returned", "None"],
    ]


def test_compare_loads_the_file_afresh(write: Write) -> None:
    """What one run leaves in a module-level map is no difference between backends."""
    source = "seen = []\nasync def main():\n    seen.append(1)\n    return len(seen)"

    assert main(["compare", write(source)]) == 0


def test_compare_exits_with_1_for_a_difference(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """And says which; `--backend` may be repeated or have commas."""
    source = "import sniffio\nasync def main(): return sniffio.current_async_library()"
    options = ["--backend", "trio", "--backend", "uvloop,asyncio", "--json", "found.json"]
    code = main(["compare", write(source), *options])
    data = json.loads(Path("found.json").read_text(encoding="utf-8"))

    assert code == 1
    assert "value: 'trio' on trio, 'asyncio' on uvloop" in capsys.readouterr().out
    assert [row["backend"] for row in data["rows"]] == ["trio", "uvloop", "asyncio"]


def test_compare_tells_an_exception_while_loading(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to compare then."""
    code = main(["compare", write("1 / 0")])
    out, err = capsys.readouterr()

    assert (code, out) == (1, "")
    assert err.endswith("ZeroDivisionError: division by zero\n")
