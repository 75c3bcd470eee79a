"""From a write outwards through the calls under way: at each level, what the write came from there.

Rule 1. The write's own function is the first level, if it may suspend. What it takes from its parameters is
        looked up in its caller, by the call site; there it may come from parameters again.
Rule 2. The tests around a call are tests around all that happens in it.
Rule 3. Arguments are matched by position and name if the call names the very function; else (a wrapper, a
        task group, a partial) the write may come from any argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anymutex.watch.activations import innermost
from anymutex.watch.sites import CLOSURE, RECEIVER, REST, position_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.watch.activations import Activation, Call
    from anymutex.watch.ledger import Record, Write
    from anymutex.watch.sites import Site
    from anymutex.watch.written import Written


class Level(NamedTuple):
    """One function on the way out."""

    activation: Activation
    site: Site
    """The write itself, or the call that led to it."""
    data: tuple[int, ...]
    control: tuple[int, ...]
    call: Call | None


def levels_of(written: Written) -> Iterator[Level]:
    """The levels of a write, the innermost first."""
    site, hooks = written.site, written.hooks
    activation = innermost()
    owner = hooks.sites[site.owner]
    data, control = _outer(site.data), _outer(site.control)
    call = None if activation is None else activation.call
    if activation is not None and activation.hooks is hooks and activation.index == site.owner:
        yield Level(activation, site, site.data, site.control, None)
        call = activation.via
        activation = activation.parent
    seen = 0
    while activation is not None and seen < _FARTHEST:
        seen += 1
        if call is not None and call.activation is activation:
            at = activation.hooks.sites[call.index]
            data, more = _resolved(at, owner, data), _resolved(at, owner, control)
            control = (*at.control, *more)
            yield Level(activation, at, data, control, call)
        owner = activation.hooks.sites[activation.index]
        data, control = _outer(data), _outer(control)
        call = activation.via
        activation = activation.parent


def acts_for(write: Write, level: Level, record: Record) -> bool:
    """Whether a function has started the writer itself, after it had read: then that was to write."""
    reader = id(level.activation)
    return any(number == reader and started > record.time for number, started in write.under)


_FARTHEST = 30


def _outer(sources: Iterable[int]) -> tuple[int, ...]:
    return tuple(source for source in sources if source < 0)


def _resolved(call: Site, function: Site, sources: tuple[int, ...]) -> tuple[int, ...]:
    """What the parameters `sources` of `function` were given by `call`."""
    given = dict(call.arguments)
    found: dict[int, None] = {}
    for source in sources:
        for slot in _slots(call, function, source, given):
            found.update(dict.fromkeys(given.get(slot, ())))
    return tuple(found)


def _slots(
    call: Site, function: Site, source: int, given: dict[str | int, tuple[int, ...]]
) -> list[str | int]:
    if source == CLOSURE:
        return [RECEIVER] if call.how == function.function else list(given)
    position = position_of(source)
    names = function.parameters
    is_method = bool(names) and names[0] in {"self", "cls"}
    if is_method and position == 0:
        return [RECEIVER]
    if call.how != function.function:
        return list(given)
    return [position - is_method, names[position] if position < len(names) else REST, REST]
