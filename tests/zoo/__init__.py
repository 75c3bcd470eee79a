"""Racy programs, one a file, each with its safe twin and its exact numbers of schedules.

Each module has `racy` and `safe`, and
- `RACY`, how many schedules the racy one has, and how many of them fail;
- `SAFE`, how many schedules the safe one has;
- `KIND`, how the racy one fails.

The numbers are derived by hand in the docstring of each module. `A1` is the first step of task A, which goes
on to its first await. Steps of the program itself are left out: its first one starts the tasks, its last one
comes when all are done, and there is no choice at either.
"""
