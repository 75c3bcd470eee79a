"""Programs that only a cancel makes fail, one a file, each with its safe twin.

Each module has `racy` and `safe`, and `KIND`, how the racy one fails. Without cancellation neither does.
"""
