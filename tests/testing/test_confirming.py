"""Suspects of a real run are forced: those that are races are told with their tokens."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import windowed_shop
from turns import BACKENDS, run_on

from anymutex.errors import UsageError
from anymutex.testing import confirm, replay
from anymutex.testing.failure import ScheduleError
from anymutex.testing.hold import PATIENCE, Hold
from anymutex.watch.instrument import instrument_in_place
from anymutex.watch.race import RaceWatch
from anymutex.watch.suspectfile import as_file
from anymutex.watch.suspecting import SuspectWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from anymutex.testing.choices import TaskId
    from anymutex.watch.suspect import Suspect

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])
OTHER = {"asyncio": "trio", "trio": "asyncio"}
HIDDEN = {
    windowed_shop.restocked_later: "lost-update",
    windowed_shop.restocked_earlier: "lost-update",
    windowed_shop.asked_twice: "check-then-act",
}


@pytest.fixture(scope="module", autouse=True)
def hooked() -> None:
    """Put hooks into the shop that look for windows."""
    with SuspectWatch():
        instrument_in_place(windowed_shop)


def suspects_of(program: Callable[[], Awaitable[object]], backend: str) -> list[Suspect]:
    """Run the program as it is; no race happens in it."""
    with SuspectWatch() as suspecting, RaceWatch() as watch:
        run_on(BACKENDS[backend], program)

    assert watch.races == []
    return suspecting.suspects


@each_backend
def test_a_race_that_the_default_order_hides(backend: str) -> None:
    """It is no race, it is a suspect, it is confirmed, and the token shows it without the suspect."""
    for program, kind in HIDDEN.items():
        [suspect] = suspects_of(program, backend)
        result = confirm(program, [suspect], backends=[backend])
        [forced] = result.confirmed

        assert suspect.kind == kind
        assert (result.failures, result.other, forced.failure) == (
            (forced.failure,),
            None,
            result.failures[0],
        )
        failure = result.failures[0]
        assert (failure.kind, failure.is_reproducible) == ("race", True)
        assert failure.report.endswith(f"backend={backend!r}, races=True)")
        for name in (backend, OTHER[backend]):
            again = replay(program, failure.token, backend=name, races=True)
            assert (again.divergence, again.failure and again.failure.kind) == (None, "race")
        with pytest.raises(ScheduleError, match="AWAIT RACE"):
            result.check()


@each_backend
def test_a_lock_leaves_no_suspect(backend: str) -> None:
    """There is nothing to force then, and nothing fails."""
    assert suspects_of(windowed_shop.in_turn, backend) == []
    assert confirm(windowed_shop.in_turn, [], backends=[backend]).check().forced == ()


@each_backend
def test_what_waits_for_each_other_is_not_confirmed(backend: str) -> None:
    """It is listed with the number of schedules that were run."""
    result = confirm(
        windowed_shop.waited_for, suspects_of(windowed_shop.waited_for, backend), max_schedules=6
    )
    [forced] = result.forced

    assert (forced.failure, forced.schedules, forced.was_reached) == (None, 12, True)
    assert str(result).endswith("      not confirmed in 12 schedules")


@each_backend
def test_who_sleeps_is_woken_if_that_is_allowed(backend: str) -> None:
    """The clock goes on while a task is held, and the token says so."""
    suspect = suspects_of(windowed_shop.restocked_later, backend)
    plain, early = (
        confirm(windowed_shop.slept, suspect, backends=[backend], early_timers=seconds)
        for seconds in (0.0, 4000.0)
    )
    [failure] = early.failures

    assert plain.failures == ()
    assert "t," in failure.token
    assert replay(windowed_shop.slept, failure.token, backend=backend, races=True).failure is not None


def test_the_text(check_golden: Callable[[str, str], None]) -> None:
    """The reports, and then what came of each."""
    suspects = [
        *suspects_of(windowed_shop.everything, "asyncio"),
        *suspects_of(windowed_shop.waited_for, "asyncio"),
    ]
    [sell, price] = suspects[:2]
    elsewhere = replace(price, awaits=(price.awaits[0]._replace(line=1),))
    result = confirm(windowed_shop.everything, [sell, elsewhere], backends=["asyncio"])
    text = "\n".join(line for line in str(result).splitlines() if not line.startswith("backend asyncio, "))

    check_golden("confirmation.txt", text)
    assert [one["confirmed"] for one in result.to_json()["suspects"]] == [True, False]  # type: ignore[attr-defined]


def test_a_program_that_fails_anyway() -> None:
    """That is told too, once, beside the suspects."""
    suspects = suspects_of(windowed_shop.waited_for, "trio")

    async def program() -> None:
        await windowed_shop.waited_for()
        raise ValueError("sold out")

    result = confirm(program, suspects, backends=["trio"], max_schedules=3)

    assert result.other is not None
    assert (result.other.kind, result.confirmed) == ("exception", ())
    assert str(result).endswith("and a schedule fails without any of them: exception, see above")


def content(**changes: Any) -> str:
    """A file of one suspect, with something changed."""
    [suspect] = suspects_of(windowed_shop.restocked_later, "trio")
    return json.dumps({**as_file([suspect]), **changes})


def test_bad_files(tmp_path: Path) -> None:
    """Each is refused in one line that says what is wrong with it."""
    [suspect] = json.loads(content())["suspects"]
    elsewhere = content().replace("windowed_shop", "another_shop")
    table = {
        "no JSON": ("{", "is no file of suspects"),
        "another JSON": ("[]", "is no file of suspects"),
        "another version": (content(version=7), "is of version 7, and this anymutex reads version 1"),
        "a suspect is missing something": (content(suspects=[{}]), "is damaged"),
        "a place is missing something": (content(suspects=[{**suspect, "read": {}}]), "is damaged"),
        "of another program": (elsewhere, "none is of this program, whose files are "),
    }
    path = tmp_path / "suspects.json"
    for name, (text, said) in table.items():
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            confirm(windowed_shop.restocked_later, path)

        assert said in str(caught.value), name
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="can't read "):
        confirm(windowed_shop.restocked_later, tmp_path / "none.json")


def test_a_file_is_read_back(tmp_path: Path) -> None:
    """What is written is what is forced."""
    path = tmp_path / "suspects.json"
    path.write_text(content(), encoding="utf-8")
    [forced] = confirm(windowed_shop.restocked_later, str(path), backends=["trio"]).confirmed

    assert [forced.suspect] == suspects_of(windowed_shop.restocked_later, "trio")


def test_a_hold_ends() -> None:
    """Who spins until the one who is held has moved does not spin for ever."""
    strategy, held, spinning = Hold([]), (0, 0), (0, 1)
    strategy.begin()
    strategy._standing.add(held)
    trace: list[TaskId] = []
    while held not in trace:
        trace.append(strategy.choose([held, spinning], trace))

    assert trace.count(spinning) == PATIENCE
