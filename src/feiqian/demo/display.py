"""Progress for the person at the terminal: one line that moves, or one line a day where nobody watches."""

from datetime import date
from time import monotonic
from typing import TextIO

_REDRAW_S = 0.2


class Display:
    """Writes how far a story has come to a stream, normally stderr."""

    def __init__(self, stream: TextIO, *, dates: int) -> None:
        self._stream = stream
        self._dates = dates
        self._moves = stream.isatty()
        self._begun = monotonic()
        self._drawn = 0.0
        self._payments = 0

    def paid(self, day: date, number: int, count: int) -> None:
        """So many more payments were made on a date, the ``number``-th of the story."""
        self._payments += count
        if self._moves and monotonic() - self._drawn > _REDRAW_S:
            self._draw(day, number)

    def day_done(self, day: date, number: int) -> None:
        """A date is complete."""
        if self._moves:
            self._draw(day, number)
        else:
            self._write(f"{self._line(day, number)}\n")

    def end(self) -> None:
        """Leave the moving line, so that what is printed next begins on its own."""
        if self._drawn:
            self._write("\n")

    def _draw(self, day: date, number: int) -> None:
        self._drawn = monotonic()
        self._write(f"\r\x1b[K{self._line(day, number)}")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _line(self, day: date, number: int) -> str:
        rate = self._payments / max(monotonic() - self._begun, 0.001)
        return f"demo: {day}, day {number} of {self._dates}, {self._payments:,} payments, {rate:,.0f}/s"
