"""The driver of trio: many runs in one run of trio, and a new one where a run has left something behind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from anymutex.testing.driver import Ended, awaited, driving
from anymutex.testing.gate import Gate
from anymutex.testing.patience import Patience
from anymutex.testing.refusals import SIGNALS, SUBPROCESSES, Refusals, Refused
from anymutex.testing.shim import EndNow
from anymutex.testing.triohost import TrioHost
from anymutex.testing.workers import Workers

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.scheduler import Scheduler

RUNS_PER_HOST = 1000

_refusals = Refusals(
    [
        Refused(trio, "open_signal_receiver", SIGNALS),
        Refused(trio, "run_process", SUBPROCESSES),
        Refused(trio.lowlevel, "open_process", SUBPROCESSES),
    ]
)


class TrioDriver:
    """Drives the real trio through a gate. A run of trio for each would be slower."""

    def __init__(self) -> None:
        self._host: TrioHost | None = None
        self._gate = Gate()
        self._runs = 0
        self._workers = Workers()
        self._patience = Patience()
        _refusals.begin()

    def run(self, program: AsyncProgram, scheduler: Scheduler) -> Ended:
        """Run `program` once, to its end or until it is stopped."""
        host = self._fit_host()
        gate = self._gate
        gate.begin(scheduler, host.clock, self._workers, self._patience)
        result = _Result()
        try:
            with driving():
                host.run(partial(_behind, gate, program, result))
        except Exception:
            if gate.error is None:  # else it came of that, which is to be told
                self._close_host()
                raise
        if gate.error or gate.closed:
            self._close_host()
        if gate.error is not None:
            raise gate.error
        if not scheduler.trace:
            self._close_host()
            raise RuntimeError("trio has dropped the instrument that drives it; its log says why")
        ended = Ended(result.value, result.error, gate.blocked, leftovers=tuple(gate.closed))
        return ended._replace(threads=gate.strangers, has_peer=self._patience.has_peer)

    def close(self) -> None:
        """End the run of trio."""
        self._close_host()
        _refusals.end()

    def _close_host(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None

    def _fit_host(self) -> TrioHost:
        self._runs += 1
        if self._host is not None and not (self._host.is_fit and self._runs % RUNS_PER_HOST):
            self._close_host()
        if self._host is None:
            self._gate = Gate()
            self._host = TrioHost(self._gate)
        return self._host


class _Result:
    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None

    async def hold(self, program: AsyncProgram) -> None:
        """Keep what `program` gives or raises. Its cancellation is ours."""
        try:
            self.value = await awaited(program)
        except trio.Cancelled:
            raise
        except BaseException as error:
            self.error = error


async def _behind(gate: Gate, program: AsyncProgram, result: _Result) -> None:
    try:
        async with trio.open_nursery() as nursery:
            gate.open(nursery)
            nursery.start_soon(result.hold, program, name="main")
    except* EndNow:  # thrown into the program before it began
        pass
    finally:
        gate.close()
