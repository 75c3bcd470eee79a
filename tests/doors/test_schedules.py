"""`anymutex explore` and `anymutex replay`, called in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anymutex.__main__ import main

SHOP = """
import _thread, sys
import anyio
from anyio.lowlevel import checkpoint

runs = 0

async def main():
    print("printed", sys.argv[1:])

async def sell():
    stock = 1
    async def buy():
        nonlocal stock
        if stock:
            await checkpoint()
            stock -= 1
    async with anyio.create_task_group() as group:
        group.start_soon(buy)
        group.start_soon(buy)
    assert stock == 0, stock

async def leak():
    taken = []
    async def use():
        taken.append(1)
        await checkpoint()
        taken.pop()
    async with anyio.create_task_group() as group:
        group.start_soon(use)
    assert not taken, "never given back"

async def too_long():
    async def wait(seconds):
        await anyio.sleep(seconds)
        order.append(seconds)
    order = []
    async with anyio.create_task_group() as group:
        group.start_soon(wait, 0.1)
        group.start_soon(wait, 0.2)
        await checkpoint()
        await checkpoint()
        assert not order, "timed out"

async def interrupted():
    global runs
    runs += 1
    if runs == 3:
        _thread.interrupt_main()
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(checkpoint)
            group.start_soon(checkpoint)
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the programs to the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(SHOP, encoding="utf-8")


def test_a_program_without_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict and what it rests on; not what the program prints, a line for each schedule."""
    code = main(["explore", "shop.py"])
    told = capsys.readouterr()

    assert (code, told.err) == (0, "")
    assert told.out.startswith(
        "proved: no schedule fails, every one was run; schedules run: 1 on asyncio, 1 "
    )
    assert told.out.splitlines()[1].startswith(
        "assuming a program that does the same under the same schedule"
    )


def test_a_failure_ends_with_the_command_that_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    """And that command tells the same."""
    first = main(["explore", "shop.py:sell", "--backend", "trio,asyncio", "--", "two words"])
    told = capsys.readouterr().out
    last_line = told.splitlines()[-1]
    second = main(["replay", "v1", "shop.py:sell", "--backend", "trio", "--", "two words"])
    again = capsys.readouterr().out

    assert (first, second) == (1, 1)
    assert last_line == "to repeat: anymutex replay v1 shop.py:sell --backend trio -- 'two words'"
    assert told == again


def test_a_replay_lets_the_program_print(capsys: pytest.CaptureFixture[str]) -> None:
    """It runs once; where it does not follow the token, that is said."""
    code = main(["replay", "v1,7=0.3", "shop.py", "--", "x"])
    told = capsys.readouterr().out

    assert code == 0
    assert told.startswith("printed ['x']\nthe token was not followed: ")
    assert told.endswith("\nno failure\n")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, to a file or alone on stdout."""
    main(["explore", "shop.py:sell", "--json", "found.json", "--seed", "7"])
    written = json.loads(Path("found.json").read_text(encoding="utf-8"))
    report = capsys.readouterr().out
    main(["explore", "shop.py", "--json", "-", "--schedules", "9", "--seconds", "9"])
    told = capsys.readouterr()
    proved = json.loads(told.out)

    assert (
        ["verdict", "schedules", "outcomes", "failure", "assumption", "left_out"]
        == list(written)
        == list(proved)
    )
    assert (
        written["verdict"],
        written["schedules"],
        written["assumption"],
    ) == ("failed", {"asyncio": 1}, None)
    assert written["outcomes"] == {"asyncio": ["AssertionError: -1"]}
    assert list(written["failure"]) == ["backend", "kind", "token", "deviations", "report"]
    assert report == f"{written['failure']['report']}\n"
    assert (proved["verdict"], proved["failure"]) == ("proved", None)
    assert told.err.startswith("proved: ")


@pytest.mark.parametrize(
    ("function", "option", "text"),
    [("leak", ["--cancellation"], "never given back"), ("too_long", ["--early-timers", "1"], "timed out")],
)
def test_what_the_tool_may_do_is_asked_for(
    function: str, option: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cancel, or a timer that fires early; without the option there is no failure."""
    without = main(["explore", f"shop.py:{function}"])
    capsys.readouterr()
    code = main(["explore", f"shop.py:{function}", *option])

    assert (without, code) == (0, 1)
    assert text in capsys.readouterr().out


@pytest.mark.usefixtures("default_ctrl_c")
def test_ctrl_c_prints_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """The file was loaded once: its module counts the schedules."""
    code = main(["explore", "shop.py:interrupted", "--schedules", "1000000", "--json", "found.json"])
    told = capsys.readouterr()
    written = json.loads(Path("found.json").read_text(encoding="utf-8"))

    assert (code, told.err) == (130, "")
    assert told.out.startswith("unfinished: no failure so far; schedules run: ")
    assert told.out.endswith("stopped by Ctrl-C\n")
    assert written["verdict"] == "unfinished"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["explore", "nosuch.py"], "no such file: nosuch.py"),
        (["explore", "shop.py:nothing"], "shop.py has no nothing: write `async def nothing()`, or give"),
        (["explore", "shop.py", "--backend", "uvloop"], "uvloop can't be driven"),
        (
            ["explore", "shop.py", "--backend", "trio,x"],
            "unknown backend 'x': asyncio and trio can be driven",
        ),
        (["explore", "shop.py", "--schedules", "0"], "argument --schedules: '0' is no whole number above 0"),
        (["explore", "shop.py", "--json", "no/such/dir"], "can't write no/such/dir: No such file"),
        (["explore", "shop.py", "--suspects", "nosuch.json"], "can't read nosuch.json: No such file or dir"),
        (["explore", "shop.py", "--suspects", "shop.py"], "shop.py is no file of suspects: `anymutex race "),
        (
            ["explore", "shop.py", "--suspects", "s.json", "--cancellation"],
            "--suspects forces suspects alone",
        ),
        (["replay", "v1", "nosuch.py"], "no such file: nosuch.py"),
        (["replay", "v2", "shop.py"], "not a token of this version: 'v2' does not begin with 'v1'"),
        (["replay", "v1", "shop.py", "--backend", "uvloop"], "uvloop can't be driven"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and no traceback."""
    code = main(arguments)
    told = capsys.readouterr()

    assert (code, told.out) == (2, "")
    assert told.err.startswith(f"anymutex: {text}")
    assert told.err.count("\n") == 1
