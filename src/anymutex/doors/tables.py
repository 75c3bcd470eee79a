"""A table as plain text: numbers to the right, words to the left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows under their head, columns as wide as their widest cell.

    >>> print(table(["backend", "writes"], [["asyncio", "12"], ["trio", "7"]]))
    backend  writes
    asyncio      12
    trio          7
    """
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    to_right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    return "\n".join(_line(row, widths, to_right) for row in (head, *rows))


def _line(row: Sequence[str], widths: list[int], to_right: list[bool]) -> str:
    columns = zip(row, widths, to_right, strict=True)
    cells = [cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns]
    return "  ".join(cells).rstrip()


def _is_number(cell: str) -> bool:
    """Whether the cell is aligned as a number: `1,234`, `0.5x`, `99.0%`, or `-` for none."""
    return cell == "-" or cell[:1].isdigit()
