"""What sees: listeners of the probe, which only look on."""

from anymutex.watch.locks import LockOrder

__all__ = ["LockOrder"]
