"""Racy programs, one a file, each with its safe twin and its exact numbers of schedules.

Each module has `racy` and `safe`, and
- `RACY`, how many schedules the racy one has, and how many of them fail;
- `SAFE`, how many schedules the safe one has;
- `KIND`, how the racy one fails; by backend, where that differs;
- `racy_model` and `safe_model`, the same two for `schedulemodel.py`, which counts without an event loop.

The numbers are derived by hand in the docstring of each module, or counted by its models where there are too
many. `A1` is the first step of task A, which goes on to its first await. Steps of the program itself are left
out: its first one starts the tasks, its last one comes when all are done, and there is no choice at either.

A task that raises is the last one to end here: cancelling those that are left takes a step more on one
backend than on the other.
"""
