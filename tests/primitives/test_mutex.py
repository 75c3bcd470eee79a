"""What only a `Mutex` does; what it shares with all locks is in `test_every_lock.py`."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from turns import ASYNCIO_BACKENDS

from anymutex import Mutex

if TYPE_CHECKING:
    from turns import Backend


def test_the_name_is_kept() -> None:
    """A mutex can have a name."""

    assert "stock" == Mutex("stock").name
    assert "stock" == Mutex(name="stock", fast_acquire=True).name


@pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)
async def test_the_owner_behind_wait_for_is_explained(anyio_backend: Backend) -> None:
    """`asyncio.wait_for(lock.acquire(), 1)` runs in another task on 3.11: the error says so."""
    lock = Mutex("stock")
    await asyncio.wait_for(lock.acquire(), 1)
    if sys.version_info >= (3, 12):
        assert lock.held()
        lock.release()
        return

    with pytest.raises(RuntimeError, match="wait_for"):
        lock.release()
