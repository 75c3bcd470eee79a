"""KeptFailure: the schedule under which a test failed, kept in pytest's cache for its next run.

Rule 1. A file for each test: the workers of pytest-xdist write at the same time.
Rule 2. A schedule that can't be repeated is not kept.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from anymutex.testing.failure import Failure


class KeptFailure:
    """What is known of the last failure of one test; nothing where pytest has no cache.

    Attributes:
        token: Its schedule; None if the test did not fail.
        backend: Where it ran.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._cache = getattr(item.config, "cache", None)  # there is none under -p no:cacheprovider
        self._key = f"anymutex/{sha256(item.nodeid.encode()).hexdigest()[:32]}"
        self.token, self.backend = self._read()

    def keep(self, failure: Failure | None) -> None:
        """Keep `failure` for the next run, or forget the one that was kept."""
        is_worth_it = failure is not None and failure.is_reproducible
        kept = [failure.token, failure.backend] if failure is not None and is_worth_it else None
        if self._cache is not None and (kept or self.token):
            self._cache.set(self._key, kept)

    def _read(self) -> tuple[str | None, str]:
        kept = self._cache.get(self._key, None) if self._cache is not None else None
        match kept:
            case [str(token), str(backend)]:
                return token, backend
        return None, ""
