"""What Go's `sync` package and race detector are to Go, for the await points of async Python."""

from anymutex.errors import ConflictError, DeadlockError, OwnerEndedError
from anymutex.primitives.mutex import Mutex
from anymutex.primitives.sharedmap import SharedMap

__all__ = ["ConflictError", "DeadlockError", "Mutex", "OwnerEndedError", "SharedMap"]
