"""What drives: the schedule of a program, on the real asyncio and the real trio."""

from anymutex.testing.confirming import confirm
from anymutex.testing.everyschedule import every_schedule
from anymutex.testing.explorer import explore, replay

__all__ = ["confirm", "every_schedule", "explore", "replay"]
