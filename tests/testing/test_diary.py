"""What is written down of each step: accesses to maps, and locks taken and given back, on either backend."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from anymutex import KeyedMutex, Mutex, RWMutex, SharedMap, probe
from anymutex.testing import replay
from anymutex.testing.failure import FailingSchedule

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Fussy:
    """A value that reads the map it is in when it is shown, and one that can't be shown."""

    def __init__(self, shared_map: SharedMap[str, object] | None) -> None:
        self.map = shared_map

    def __repr__(self) -> str:
        if self.map is None:
            raise RuntimeError("not now")
        return f"one of {len(self.map)}"


def deeds_of(details: FailingSchedule) -> list[str]:
    """Give all that was done, in the order it was done."""
    return [deed for turn in details.steps.turns for deed in turn.deeds]


@each_backend
def test_maps(backend: str) -> None:
    """Values before and after, as far as they are known; a value's own `repr` neither counts nor harms."""

    async def program() -> None:
        m: SharedMap[str, object] = SharedMap({"old": 1}, name="m")
        await anyio.lowlevel.checkpoint()
        m["old"] = 2
        m["new"] = m["old"]
        del m["new"]
        _ = "new" in m, list(m.keys())
        await anyio.lowlevel.checkpoint()
        m["fussy"], m["bad"] = Fussy(m), Fussy(None)
        m.clear()
        raise ValueError

    failure = replay(program, "v1", backend=backend).failure
    assert failure is not None
    assert isinstance(failure.details, FailingSchedule)
    deeds = deeds_of(failure.details)

    assert deeds[:5] == [
        "m['old'] = 2 (was 1)",
        "reads m['old'] = 2",
        "m['new'] = 2",
        "removes m['new'] (was 2)",
        "reads m['new'], which is not there",
    ]
    assert deeds[-3:] == [
        "m['fussy'] = one of 2",
        "m['bad'] = <Fussy whose repr raised RuntimeError>",
        "clears m",
    ]
    assert probe.listeners == []


@each_backend
def test_locks(backend: str) -> None:
    """Of anymutex, of anyio, and given up; each by its name."""

    async def program() -> None:
        mux, config, users, plain = Mutex("mux"), RWMutex("config"), KeyedMutex[str]("users"), anyio.Lock()
        async with plain:
            await anyio.lowlevel.checkpoint()
        async with mux, config.reader, users["ann"]:
            await anyio.lowlevel.checkpoint()
        async with config.writer:
            pass
        raise ValueError

    failure = replay(program, "v1", backend=backend).failure
    assert failure is not None
    assert isinstance(failure.details, FailingSchedule)

    assert deeds_of(failure.details) == [
        "takes plain",
        "releases plain",
        "takes mux",
        "takes config.reader",
        "takes users['ann']",
        "releases users['ann']",
        "releases config.reader",
        "releases mux",
        "takes config.writer",
        "releases config.writer",
    ]


@each_backend
def test_a_wait_given_up(backend: str) -> None:
    """Who waits and for whom stands at the step; so does that the wait was ended by a time limit."""

    async def program() -> None:
        mux = Mutex("mux")

        async def impatient() -> None:
            with anyio.move_on_after(1):
                async with mux:
                    pass
            raise ValueError

        async with mux, anyio.create_task_group() as group:
            group.start_soon(impatient, name="impatient")

    failure = replay(program, "v1", backend=backend).failure
    assert failure is not None
    assert isinstance(failure.details, FailingSchedule)

    assert deeds_of(failure.details)[:3] == [
        "takes mux",
        'waits for mux, held by task "main" 0',
        "waits for mux no more",
    ]
    assert failure.details.locks_held == ('mux by task "main" 0',)
