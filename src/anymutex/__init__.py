"""What Go's `sync` package and race detector are to Go, for the await points of async Python."""

from anymutex.comparison import compare
from anymutex.errors import ConflictError, DeadlockError, OwnerEndedError
from anymutex.primitives.guarded import Guarded
from anymutex.primitives.keyedmutex import KeyedMutex
from anymutex.primitives.mutex import Mutex
from anymutex.primitives.rwmutex import RWMutex
from anymutex.primitives.sharedmap import SharedMap
from anymutex.running import run

__all__ = [
    "ConflictError",
    "DeadlockError",
    "Guarded",
    "KeyedMutex",
    "Mutex",
    "OwnerEndedError",
    "RWMutex",
    "SharedMap",
    "compare",
    "run",
]
