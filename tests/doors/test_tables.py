"""Tables as plain text."""

from __future__ import annotations

from anymutex.doors.tables import table


def test_numbers_to_the_right_and_words_to_the_left() -> None:
    """Heads follow their column, and no line ends in blanks."""
    expected = """\
lock   wait  note
mux     1.5  a
m     1,000
x         -  longer"""

    assert expected == table(
        ("lock", "wait", "note"), [("mux", "1.5", "a"), ("m", "1,000", ""), ("x", "-", "longer")]
    )
