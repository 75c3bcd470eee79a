"""The cancel scopes of trio that have a deadline.

trio tells when the next deadline is due, and not which others there are. They belong to cancel scopes, and
those are found among all objects that the collector knows, which is slow. Scopes of earlier runs may still be
among them, in cycles that were not collected yet; only the `repr` of a scope tells whether somebody is in it.
"""

from __future__ import annotations

import gc
import math

import trio


def every_scope() -> list[trio.CancelScope]:
    """All that exist, whether somebody is in them or not."""
    return [found for found in gc.get_objects() if type(found) is trio.CancelScope]


def is_ahead(scope: trio.CancelScope, now: float) -> bool:
    """Whether the deadline of `scope` will wake somebody, or does so now."""
    return now <= scope.deadline < math.inf and ", active" in repr(scope)
