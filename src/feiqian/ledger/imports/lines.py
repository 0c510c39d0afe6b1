"""A stream of bytes as numbered lines, in bounded memory. Pure."""

from collections.abc import Iterator

LINE_BYTES_MAX = 1_000_000
"""Longer lines are refused, not held."""

Piece = tuple[bytes, bool, bool]
"""(bytes with the end of line, whether a line begins here, whether it ends here)."""


class Lines:
    """Cuts what is fed into lines. Of a line that is too long the pieces come one by one."""

    def __init__(self) -> None:
        self._rest = b""
        self._begins = True

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """What is complete by now; read it to the end before feeding more."""
        pieces = (self._rest + chunk).split(b"\n")
        self._rest = pieces.pop()
        for piece in pieces:
            yield piece + b"\n", self._begins, True
            self._begins = True
        if len(self._rest) > LINE_BYTES_MAX:
            yield self._rest, self._begins, False
            self._rest, self._begins = b"", False

    def end(self) -> Iterator[Piece]:
        """The last line, where the stream does not end with an end of line."""
        if self._rest or not self._begins:
            yield self._rest, self._begins, True
