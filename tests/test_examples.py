"""The examples do what their first lines say, by the command and as scripts, on every backend."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from anymutex.__main__ import main
from anymutex.doors import backends

ROOT = Path(__file__).parent.parent
NAMES = [backend.name for backend in backends.KNOWN]
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
CONFLICT = ROOT / "examples/01_conflict.py"
UNGUARDED = ROOT / "examples/04_guarded_by.py"
CURED = [ROOT / "examples/02_mutex.py", ROOT / "examples/03_anymutex.py"]
CONFIG = ROOT / "examples/05_rw_config.py"
USERS = ROOT / "examples/06_keyed_users.py"
CACHE = ROOT / "examples/07_get_or_create.py"
DEADLOCK = ROOT / "examples/08_deadlock.py"
RACE = ROOT / "examples/09_found_race.py"
PROOF = ROOT / "examples/10_proved_fix.py"
RACES = ROOT / "examples/11_await_races.py"

every_backend = pytest.mark.parametrize("backend", NAMES)


def place(file: Path, text: str) -> str:
    """`file:line` of the first line with `text` in it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if text in line)
    return f"examples/{file.name}:{number}"


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports show files relative to the working directory."""
    monkeypatch.chdir(ROOT)


def test_there_are_examples() -> None:
    """The tests below would pass with none."""
    assert {CONFLICT, UNGUARDED, *CURED, CONFIG, USERS, CACHE, DEADLOCK, RACE, PROOF, RACES} == set(EXAMPLES)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_fits_on_a_screen(file: Path) -> None:
    """And ends with the line that runs it, unless it is to know nothing of anymutex."""
    lines = file.read_text(encoding="utf-8").splitlines()

    assert len(lines) < 60
    assert lines[-1] == "anymutex.run(main)" or file == RACES


@every_backend
def test_the_conflict_is_told(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Go's sentence, both tasks with their lines, the await between, where they were started."""
    code = main(["run", str(CONFLICT), "--backend", backend])
    report = capsys.readouterr().err

    assert code == 2
    assert report.startswith("fatal error: concurrent map iteration and map write\n\n")
    assert f"{place(CONFLICT, 'for k, v in')} for k, v in m.items():" in report
    assert f"{place(CONFLICT, 'await stdout')} await stdout.write" in report
    assert f"{place(CONFLICT, 'm[i] = i')} m[i] = i" in report
    for name in ("read_loop", "write_loop"):
        started = place(CONFLICT, f"start_soon({name}")
        assert f'task "{name}" started at {started} by task "main"' in report


@every_backend
@pytest.mark.parametrize("file", CURED, ids=lambda file: file.stem)
def test_the_mutex_cures_it(file: Path, backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both tasks get on: keys beyond the first few are printed, and nothing is said on stderr."""
    code = main(["run", str(file), "--backend", backend, "--seconds", "0.3"])
    out, err = capsys.readouterr()

    assert (code, err) == (0, "")
    assert out.startswith("0 - 0\n")
    assert "\n5 - 5\n" in out


@every_backend
def test_the_unguarded_access_is_told_at_once(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At the line that forgot the mutex, before it prints anything."""
    code = main(["run", str(UNGUARDED), "--backend", backend])
    out, report = capsys.readouterr()

    assert (code, out) == (2, "")
    assert report.startswith("fatal error: unguarded access: m is guarded by mux")
    assert place(UNGUARDED, "sum(m.values())") in report


@every_backend
def test_the_config_is_read_together_and_reloaded_alone(
    backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three readers at a time, whole settings only; the reload falls between those before and after it."""
    assert main(["run", str(CONFIG), "--backend", backend]) == 0
    out, err = capsys.readouterr()
    told = [re.sub(r"\d (?=reads|asks)", "N ", line) for line in out.splitlines()]

    assert err == ""
    assert told == [
        *(["request N reads"] * 3 + ["request N asks old.example:80"] * 3),
        *("the reload begins", "the reload ends"),
        *(["request N reads"] * 3 + ["request N asks new.example:443"] * 3),
    ]


@every_backend
def test_the_users_get_a_lock_each(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No update is lost, transfers in both directions get through, and no lock is left behind."""
    assert main(["run", str(USERS), "--backend", backend]) == 0
    out, err = capsys.readouterr()

    assert err == ""
    assert out.splitlines() == ["30 tasks, 3 locks", "ann 80, bob 120, eve 70", "0 locks are left"]


@every_backend
def test_the_stampede_and_its_cure(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """How many visits the stampede loses depends on who wakes when; the cure loses none."""
    assert main(["run", str(CACHE), "--backend", backend]) == 0
    out, err = capsys.readouterr()
    stampede, cure = out.splitlines()
    counted = re.fullmatch(r"stampede: 100 visitors, 100 fetched, (\d+) counted", stampede)

    assert err == ""
    assert counted and int(counted[1]) < 100
    assert cure == "visit: 100 visitors, 1 fetched, 100 counted"


@every_backend
def test_the_deadlock_is_told(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Go's sentence, who holds what since where, who wants it where, and how to mend it; no traceback."""
    code = main(["run", str(DEADLOCK), "--backend", backend])
    out, report = capsys.readouterr()
    since, wants = (place(DEADLOCK, f"async with accounts[{account}]") for account in ("source", "target"))

    assert (code, out) == (2, "")
    assert report.startswith("fatal error: 2 tasks are asleep - deadlock! ")
    assert "Traceback" not in report
    for mine, other in (("ann", "bob"), ("bob", "ann")):
        assert (
            f"task \"{mine} to {other}\" [holding accounts['{mine}'], waiting for accounts['{other}']]:\n"
            f"  held since {since} async with accounts[source]:\n"
            f"  wants at {wants} async with accounts[target]:\n"
        ) in report
    assert report.splitlines()[-2].startswith("fix: ")


@every_backend
def test_the_race_is_found(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever loop runs here: what was wrong, each await of the two tasks, and the token, on stdout."""
    assert main(["run", str(RACE), "--backend", backend]) == 0
    out, err = capsys.readouterr()

    assert err == ""
    assert out.startswith("AssertionError: the tea is sold for 3\n")
    for text in ("the answer is on its way", "it is being written", "assert price == 4"):
        assert place(RACE, text) in out
    assert re.search(r"\bv1,\d+=0\.[01]\b", out)


@every_backend
def test_the_fix_is_proved(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On both loops, and it says what that rests on."""
    assert main(["run", str(PROOF), "--backend", backend]) == 0
    out, err = capsys.readouterr()
    verdict, assumed = out.splitlines()
    every_one = r"proved: no schedule fails, every one was run; schedules run: (\d+) on asyncio, \1 on trio"

    assert err == ""
    assert re.fullmatch(every_one, verdict)
    assert assumed.startswith("assumed: a program that does the same under the same schedule, ")


@every_backend
def test_await_races(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is told once, with the lines of both sides; by itself the program says nothing of them."""
    code = main(["race", str(RACES), "--backend", backend])
    told = capsys.readouterr()
    headlines = sorted(line for line in told.err.splitlines() if line.startswith("WARNING"))

    assert code == 66
    assert [line.partition(" (")[0] for line in headlines] == [
        "WARNING: AWAIT RACE: check then act",
        "WARNING: AWAIT RACE: lost update",
        "WARNING: DATA RACE",
    ]
    assert told.err.endswith("Found 3 await race(s)\n")
    for text in ("account.balance = left", "if name not in account.tokens:", "self.visits += 1"):
        assert place(RACES, text) in told.err
    assert told.out == "account.balance=70 account.tokens={'shop': 'shop-1'} account.visits=1\n"


def script(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example as its reader does."""
    command = [sys.executable, "-W", "error", str(file.relative_to(ROOT)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


@every_backend
def test_a_script_behaves_as_the_command(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same words and the same code. The numbers in brackets depend on when the writer got in."""
    by_hand = script(CONFLICT, "--backend", backend)
    code = main(["run", str(CONFLICT), "--backend", backend])
    by_command = capsys.readouterr().err

    assert by_hand.returncode == code == 2
    assert by_hand.stderr.splitlines()[0] == by_command.splitlines()[0]
    assert places_in(by_hand.stderr) == places_in(by_command)


def places_in(report: str) -> list[str]:
    """The lines of the program that a report names."""
    return [word for word in report.split() if word.startswith("examples/")]


def test_a_script_reads_its_command_line() -> None:
    """`--seconds` ends it, on each backend in turn."""
    result = script(CURED[1], "--seconds", "0.2", "--backend", "all", "--", "x")

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "curio"], "unknown backend 'curio': there are asyncio, uvloop, trio"),
        (["--forever"], "unrecognized arguments: --forever (see examples/03_anymutex.py --help)"),
    ],
)
def test_a_script_takes_no_bad_options(arguments: list[str], message: str) -> None:
    """One line, and code 2."""
    result = script(CURED[1], *arguments)

    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"anymutex: {message}\n")
