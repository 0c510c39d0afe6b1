"""What a loader knows: a file that says what it asked, before, and what was answered, after. It outlives every kill."""

import os
from pathlib import Path
from typing import Literal

import msgspec

from tests.faults.orders import WORKERS, Batch


class Line(msgspec.Struct, frozen=True):
    """One fact of a loader's life."""

    what: Literal["asked", "acknowledged", "refused"]
    """``refused`` with the code of a refusal of the whole call: nothing is known of what became of it."""
    batch: Batch
    outcomes: list[str] = []
    """Of an acknowledged batch: ``posted``, ``exists`` or a refusal's code, for each transaction; else the code alone."""


class Journal:
    """A file of lines, each on the disk before the next step is taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def write(self, what: Literal["asked", "acknowledged", "refused"], batch: Batch, *outcomes: str) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(self._file, msgspec.json.encode(Line(what, batch, list(outcomes))) + b"\n")
        os.fsync(self._file)

    def lines(self) -> list[Line]:
        """Every whole line; the last may be torn by a kill."""
        if not self._path.exists():
            return []
        whole, _, _ = self._path.read_bytes().rpartition(b"\n")
        return [msgspec.json.decode(line, type=Line) for line in whole.splitlines()]

    def asked(self) -> list[Batch]:
        """Every batch that may have reached the ledger, in each worker's order."""
        return sorted({line.batch for line in self.lines() if line.what == "asked"})

    def acknowledged(self) -> dict[Batch, list[str]]:
        """The answers that arrived."""
        return {line.batch: line.outcomes for line in self.lines() if line.what == "acknowledged"}

    def refusals(self) -> list[str]:
        """The codes of calls that were told to retry."""
        return [line.outcomes[0] for line in self.lines() if line.what == "refused"]

    def next_number(self, worker: int) -> int:
        """Where a worker goes on: the batch it has no answer to."""
        return sum(batch.worker == worker for batch in self.acknowledged())


def workers() -> range:
    return range(WORKERS)
