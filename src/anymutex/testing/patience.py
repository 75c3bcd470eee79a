"""Patience: how long the clock of a run waits, in real time, for what comes through a socket.

Rule 1. What comes from the program itself is there at once, or a moment later on a busy machine. Only a peer
        outside of it lets us wait; it is in no schedule, so the run is said to have one.
Rule 2. Before the clock jumps there is a grace. After some that were in vain it is short: a program that
        keeps a socket open while it sleeps shall not pay for it at each jump. Who came late gets the long one
        again.
Rule 3. Where only a socket can wake somebody, it is waited for longer.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anymutex.testing.idleselector import Select

LONG = 0.002
SHORT = 0.0002
LAST = 1.0  # before the run is called stuck
VAIN = 3
"""So many long ones in vain, one after the other, and the next are short."""


class Patience:
    """Of all runs on one loop; what it has learnt in one is good for the next."""

    def __init__(self) -> None:
        self.has_peer = False
        """Whether somebody outside of the program takes part in the run, it seems."""
        self._vain = 0

    def begin(self) -> None:
        """A run begins."""
        self.has_peer = False

    def seconds(self, deadline: float) -> float:
        """How long to wait, if the next timer is due at `deadline`, infinity if there is none."""
        if deadline == math.inf:
            return LAST
        return LONG if self._vain < VAIN else SHORT

    def note_late(self) -> None:
        """Something came after a wait."""
        self.has_peer = True
        self._vain = 0

    def note_vain(self) -> None:
        """Nothing came."""
        self._vain += 1

    def wait(self, select: Select, deadline: float) -> list[Any]:
        """What `select` gives, at once or after a wait."""
        if found := select(0):
            return found
        seconds = self.seconds(deadline)
        if seconds == SHORT:  # a `select` can't wait for less than a millisecond
            time.sleep(seconds)
            seconds = 0
        if found := select(seconds):
            self.note_late()
        else:
            self.note_vain()
        return found
