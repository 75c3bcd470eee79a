"""No concurrency to speak of: queens, words and matrices in plain Python, between two awaits."""

from __future__ import annotations

from anyio.lowlevel import checkpoint


class Board:
    """Counts the ways to place queens."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.columns: set[int] = set()
        self.rising: set[int] = set()
        self.falling: set[int] = set()
        self.solutions = 0

    def place(self, row: int) -> None:
        """Place a queen in `row` wherever none beats it, and go on."""
        if row == self.size:
            self.solutions += 1
            return
        for column in range(self.size):
            if column in self.columns or row + column in self.rising or row - column in self.falling:
                continue
            self.columns.add(column)
            self.rising.add(row + column)
            self.falling.add(row - column)
            self.place(row + 1)
            self.columns.discard(column)
            self.rising.discard(row + column)
            self.falling.discard(row - column)


def product(one: list[list[int]], other: list[list[int]]) -> list[list[int]]:
    """Multiply two matrices."""
    columns = list(zip(*other, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in one]


def most_frequent(text: str) -> str:
    """Count words by hand."""
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return max(counts, key=lambda word: (counts[word], word))


async def main(times: int) -> None:
    """Do all three `times` times."""
    text = " ".join(f"word{number * number % 97}" for number in range(500))
    matrix = [[row * column % 7 for column in range(16)] for row in range(16)]
    for _ in range(times):
        board = Board(6)
        board.place(0)
        await checkpoint()
        assert board.solutions == 4
        product(matrix, matrix)
        most_frequent(text)
