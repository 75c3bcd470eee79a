"""The hooks that instrumented code calls: one object a module, which knows the module's sites.

Rule 1. A hook never raises, and gives back what it got: the program goes on as if it were not there.
Rule 2. What runs often comes first and is short. What a hook does when somebody has an eye on the very
        object is in other files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from anymutex.watch import containers, iteration, orphaning
from anymutex.watch.callhooks import CallHooks
from anymutex.watch.modulehooks import T, location_of, take_own
from anymutex.watch.readhooks import ReadHooks
from anymutex.watch.writehooks import WriteHooks

if TYPE_CHECKING:
    from anymutex.watch.activations import Activation


class Hooks(CallHooks, ReadHooks, WriteHooks):
    """All hooks of one module: those of loops and waits, and of keys that are more than a name.

    Attributes:
        variety: What modules get from now on instead; see `suspecting`.
    """

    variety: ClassVar[type[Hooks] | None] = None

    def __new__(cls, *_: object) -> Hooks:
        """Make one, or one of the variety that is asked for."""
        return object.__new__(cls.variety or cls)

    # -- keys that are evaluated once, after their container (or before it, with `in`)

    def hold(self, thing: T, f: Activation | None, index: int) -> T:
        """The container; its key comes next."""
        (self._pending if f is None else f.pending)[index] = thing
        return thing

    def key(self, key: T, f: Activation | None, index: int) -> T:
        """The key of the container that is held."""
        thing = (self._pending if f is None else f.pending).pop(index, None)
        if thing is not None:
            self._use(thing, key, f, index)
        return key

    def _use(self, thing: Any, key: Any, f: Activation | None, index: int) -> None:
        site = self.sites[index]
        if site.kind == "write":
            if site.how in containers.CONSUMING:
                self.take(thing, key, index)
            elif site.how in containers.CHANGING:
                self.change(thing, key, index)
            elif site.how == "del":
                self.remove(thing, key, index)
            else:
                self.store(thing, key, index)
            if f is not None:
                take_own(thing, location_of(thing, key, "[]"), f, index)
        elif f is None:
            self.glance_item(thing, key)
        else:
            self.item(thing, key, f, index)

    def key_first(self, key: T, f: Activation | None, index: int) -> T:
        """The key; its container comes next."""
        (self._pending if f is None else f.pending)[index] = key
        return key

    def member_of(self, thing: T, f: Activation | None, index: int) -> T:
        """The container for the key that is held."""
        pending = self._pending if f is None else f.pending
        if index in pending:
            key = pending.pop(index)
            if f is None:
                self.glance_member(thing, key)
            else:
                self.item(thing, key, f, index)
        return thing

    # -- loops and waits

    def loop(self, iterable: T, f: Activation, index: int) -> T:
        """A loop over something that lives begins."""
        iteration.begin_loop(f, index, iterable)
        return iterable

    def turn(self, f: Activation, index: int) -> None:
        """It is about to ask for the next element."""
        iteration.turn_loop(f, index)

    def about_to_wait(self, value: T, f: Activation, index: int) -> T:
        """An event is about to be waited for, because of a test."""
        orphaning.begin_wait_under_test(f, index, value)
        return value

    def waiting(self, value: T, f: Activation, index: int) -> T:
        """What a local name stands for is about to be waited on."""
        orphaning.begin_wait(f, index, value)
        return value

    def waited(self, value: T, f: Activation, index: int) -> T:
        """The wait is over."""
        if f.waits:
            orphaning.end_wait(f, index, is_over=True)
        return value
