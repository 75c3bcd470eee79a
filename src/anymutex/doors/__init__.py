"""What stands behind `run`, `compare` and the command: how a program is found, hosted, ended and told of."""
