"""`anymutex demo`, in a fraction of its time."""

from __future__ import annotations

import re
import sys

import anyio
import pytest

from anymutex.__main__ import main
from anymutex.doors import backends, demo, demo_programs

NAMES = [backend.name for backend in backends.KNOWN]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a short demo."""
    monkeypatch.setattr(demo, "CURED_SECONDS", 0.1)
    return main(["demo"]), *capsys.readouterr()


def numbers(line: str) -> list[float]:
    """The numbers that stand alone in a line of a table."""
    return [float(word) for word in line.split() if re.fullmatch(r"[\d.]+", word)]


def test_the_demo(shown: tuple[int, str, str]) -> None:
    """The report once, a line for each backend until the conflict, and one for each lock on each backend."""
    code, out, progress = shown
    lines = out.splitlines()
    broken = [line for line in lines if line.split()[:1] and line.split()[0] in NAMES]
    cured = [line for line in lines if line.startswith(("anyio.Lock ", "anymutex.Mutex "))]

    assert code == 0
    assert out.count("fatal error: concurrent map iteration and map write\n") == 1
    assert 'task "read_loop"' in out
    assert "demo_programs.py" in out
    assert [line.split()[0] for line in broken] == NAMES
    assert all(len(numbers(line)) == 2 and min(numbers(line)) >= 1 for line in broken)
    assert [line.split()[1] for line in cured] == NAMES * 2
    assert all(len(numbers(line)) == 3 and min(numbers(line)) > 0 for line in cured)
    assert len(progress.splitlines()) == 9


def test_a_demo_without_a_conflict_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be a bug of ours, and must not look well."""
    monkeypatch.setattr(demo, "CURED_SECONDS", 0.05)
    monkeypatch.setattr(demo, "BROKEN_SECONDS", 0.01)
    monkeypatch.setattr(demo, "broken", lambda counts: demo_programs.cured(anyio.Lock(), counts))
    code = main(["demo"])

    assert code == 1
    assert "fatal error" not in capsys.readouterr().out


def test_what_is_not_installed_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never silently fewer."""
    monkeypatch.setattr(demo, "CURED_SECONDS", 0.05)
    monkeypatch.setitem(sys.modules, "uvloop", None)
    code = main(["demo"])

    assert code == 0
    assert capsys.readouterr().out.endswith("\nLeft out: uvloop is not installed: pip install -U uvloop\n")
