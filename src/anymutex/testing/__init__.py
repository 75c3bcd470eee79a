"""What drives: the schedule of a program, on the real asyncio and the real trio."""
