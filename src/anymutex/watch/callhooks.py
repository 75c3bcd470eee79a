"""What is told when functions begin and end, yield and return, and when they call others.

A call site asks for what is read for it until that was in vain so many times: nothing of it was ever written
later by the task that had read it. That makes most calls of big programs cheap.
"""

from __future__ import annotations

import sys

from anymutex.watch import activations, orphaning, vanishing
from anymutex.watch.activations import Activation, Call, asking, number_of_task, running
from anymutex.watch.modulehooks import ModuleHooks, T, innermost_call

_MOST_IN_VAIN = 32
_IN_VAIN = 2


class CallHooks(ModuleHooks):
    """The hooks of functions and calls."""

    def enter(self, index: int) -> Activation:
        """A function that may suspend begins."""
        number = number_of_task()
        parent = running.get(number)
        if parent is not None:
            via = parent.call
            if via is not None and via.reads is not None:
                asking.discard(via)
        else:
            via = activations.origin.get()
            parent = None if via is None else via.activation
        activation = running[number] = Activation(self, index, number, parent, via)
        return activation

    def leave(self, f: Activation) -> None:
        """It ends, in whatever way."""
        error = sys.exc_info()[1]
        if error is not None:
            vanishing.ended_by(error, f)
        if f.waits:
            orphaning.end_all(f)
        self._step_out(f)
        if f.carried:
            f.hand_up_carried()
        if f.via is not None and f.records:
            hand_on(f, self.sites[f.index].control)
        f.clear()

    def returned(self, value: T, f: Activation, index: int) -> T:
        """It is about to return: what this comes from is handed to the call."""
        if f.via is not None:
            hand_on(f, self.sites[index].data)
        return value

    def out(self, value: T, f: Activation) -> T:
        """A generator yields."""
        self._step_out(f)
        return value

    def back(self, value: T, f: Activation) -> T:
        """It goes on, for whoever asks for the next value."""
        number = number_of_task()
        parent = running.get(number)
        if parent is not f:
            f.number, f.parent = number, parent
            f.via = None if parent is None else parent.call
            if f.via is not None:
                asking.discard(f.via)
            running[number] = f
        return value

    def _step_out(self, f: Activation) -> None:
        if running.get(f.number) is f:
            parent = f.parent
            if parent is not None and parent.number == f.number:
                running[f.number] = parent
                if parent.call is not None and parent.call.reads is not None:
                    asking.add(parent.call)
            else:
                del running[f.number]

    def call(self, f: Activation, index: int) -> Call:
        """A call is about to be made."""
        made = f.call = Call(index, f, index not in self._vain)
        return made

    def spawn(self, f: Activation, index: int) -> Call:
        """The same of a call that may start tasks."""
        made = f.call = Call(index, f, True)
        made.bequeath()
        return made

    def done(self, call: Call, value: T, f: Activation, raising: int | None) -> T:
        """It has returned."""
        outer = f.call = call.outer
        if outer is not None and outer.reads is not None:
            asking.add(outer)
        if call.inherited is not Call:
            call.bequeath_no_more()
        reads = call.reads
        if reads is None:  # nobody asked, or it was too much
            if call.index not in self._vain:
                self._count_vain(call.index)
            if call.index in f.records:
                f.put_all(call.index, [])
            return value
        if reads:
            f.put_all(call.index, reads)
            if call.index not in self.hits:
                self._count_vain(call.index)
            if raising is not None:
                f.put_all(raising, reads)
            call.close()
        else:
            call.close()
            if call.index not in self.hits:
                self._count_vain(call.index, 1)
            if call.index in f.records:
                f.put_all(call.index, [])
        return value

    def _count_vain(self, index: int, weight: int = _IN_VAIN) -> None:
        """What a call read was never written later: after so many times nobody asks any more (rule 4).

        A call that read nothing at all weighs less: it may have been of another function.
        """
        count = self._vain_counts[index] = self._vain_counts.get(index, 0) + weight
        if count > _MOST_IN_VAIN * _IN_VAIN:
            self._vain.add(index)

    def entering(self, value: T, f: Activation, index: int) -> T:
        """A context manager is about to be entered, or an asynchronous iterator to be asked."""
        f.call = Call(index, f, index not in self._vain)
        return value

    def entered(self, f: Activation) -> None:
        """It was."""
        call = f.call
        if call is not None:
            self.done(call, None, f, None)
        f.settle()

    def settle(self, f: Activation) -> None:
        """A statement has ended, well or not: no call is under way."""
        if f.call is not None:
            f.settle()

    def mark(self) -> int:
        """How much was read for the innermost call so far."""
        if not asking:
            return -1
        call = innermost_call()
        return -1 if call is None or call.reads is None else len(call.reads)

    def cut(self, mark: int, value: T) -> T:
        """Forget what was read for it since."""
        call = innermost_call() if mark >= 0 else None
        if call is not None and call.reads is not None and len(call.reads) > mark:
            kept = call.reads[:mark]
            call.close()
            call.reads = []
            for record in kept:
                call.add(record)
        return value


def hand_on(f: Activation, sources: tuple[int, ...]) -> None:
    """What the sites `sources` have read was read for the caller."""
    call = f.via
    if call is None or call.reads is None:
        return
    for source in sources:
        if source >= 0:
            for record in f.of(source):
                call.add(record)
