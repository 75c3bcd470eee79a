"""How a ring reads: `golden/deadlock*_program.txt` is what the program of that name dies of, anywhere."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import importlib.util
import json
import pickle
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from standoffs import alarm
from turns import BACKENDS, leaves, run_on

from anymutex import DeadlockError
from anymutex.starts import record_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("deadlock*_program.py"))


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """Let no program run for ever, which a deadlock that is not told would."""
    with alarm(10.0):
        yield


def error_of(name: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> DeadlockError:
    """Run a program of `golden/` as a fresh module, with its starts recorded; give what it dies of."""
    monkeypatch.chdir(GOLDEN)
    spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)

    async def main() -> None:
        with record_starts():
            await module.main()

    with pytest.raises(BaseExceptionGroup) as caught:
        run_on(BACKENDS[backend], main)
    [error] = leaves(caught.value)
    assert isinstance(error, DeadlockError)
    return error


def test_there_are_programs() -> None:
    """The folder was found."""
    assert len(NAMES) >= 4


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "eager"])
@pytest.mark.parametrize("name", NAMES)
def test_a_program_that_dies_of_a_deadlock(
    name: str, backend: str, check_golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One text for all backends, but for the line that names the backend with its versions."""
    told = str(error_of(name, backend, monkeypatch))
    text, replaced = re.subn(r"(?m)^backend .*$", "backend BACKEND", told)

    assert 1 == replaced
    check_golden(f"{name}.txt", text)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("name", NAMES)
def test_a_program_that_dies_of_a_deadlock_with_eager_tasks(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text, but that nothing is said of starts: the eager factory was there first."""
    golden = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    told = str(error_of(name, "eager", monkeypatch)).splitlines()

    assert [line for line in golden if not re.search("^task .* started at|^backend", line)] == [
        line for line in told if not line.startswith("backend")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_report_of_a_deadlock_is_plain_data(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It survives pickle, and JSON takes it as it is, with the text."""
    error = error_of(name, "trio", monkeypatch)
    plain = json.loads(json.dumps(error.report.to_json()))

    assert error.report == pickle.loads(pickle.dumps(error.report))
    assert [error.report.kind, str(error)] == [plain["kind"], plain["text"]]
