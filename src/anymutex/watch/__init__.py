"""What sees: listeners of the probe, which only look on."""

from anymutex.watch.locks import LockOrder
from anymutex.watch.race import RaceWatch, detect_races

__all__ = ["LockOrder", "RaceWatch", "detect_races"]
