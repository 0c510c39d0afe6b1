"""Which trade is told, and how far it has come: kept in the data directory so that a killed story goes on."""

import csv
import hashlib
import io
import lzma
import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import msgspec

from feiqian.demo.errors import DirectoryInUse, StoryError
from feiqian.demo.generate import Shape, orders_text
from feiqian.demo.orders import TradingDay, open_orders, read_days
from feiqian.demo.plan import Reject
from feiqian.demo.summary import Counts
from feiqian.kernel.calendar import start_of

PROGRESS_FILE = "demo-progress.json"
REJECTS_FILE = "demo-rejects.csv"
SUMMARY_FILE = "demo-summary.json"
GENERATED_FILE = "demo-orders.csv"
"""Made-up orders are written down, so that the sums and the lines of rejects can be checked."""


RULES = 2
"""Counts up when the same orders are told in another way: what an earlier version began, this one cannot go on with."""


class StoryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the trade comes from: a file, or else a seed."""

    orders: Path | None = None
    """csv or csv.xz in the Online Retail format."""
    days: int | None = None
    """Only the first so many distinct dates; None is all of the file, or the shape's own number."""
    shape: Shape = Shape()
    """What to make up when there is no file."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Which story a directory holds, and how far it has come."""

    orders: str
    """Where the orders came from, in words."""
    sha256: str
    """Of the orders' text."""
    days: int
    """Trading days of the story."""
    rules: int = 1
    """By which it is told."""
    last_date: date | None = None
    """The last calendar date of which everything has been done."""
    counts: Counts = Counts()
    """Up to and including the last date."""


class Story:
    """The trading days of a story and the directory that remembers it."""

    def __init__(self, *, directory: Path, trading_days: list[TradingDay], progress: Progress) -> None:
        self.directory = directory
        self.trading_days = trading_days
        self.progress = progress

    @property
    def first_date(self) -> date:
        return self.trading_days[0].date

    @property
    def last_date(self) -> date:
        """The last date with trade; the story itself ends on the morning after."""
        return self.trading_days[-1].date

    @property
    def starts_at(self) -> datetime:
        """Where clocks must stand before anything is done: midnight of the first date not yet complete."""
        done = self.progress.last_date
        return start_of(self.first_date if done is None else date.fromordinal(done.toordinal() + 1))

    @property
    def told(self) -> bool:
        """Whether the morning after the last trade is complete."""
        return self.progress.last_date is not None and self.progress.last_date > self.last_date

    def keep_summary(self, summary: bytes) -> None:
        """Write down what came of a told story, so that asking again need not tell it again."""
        path = self.directory / SUMMARY_FILE
        fresh = path.with_suffix(".new")
        fresh.write_bytes(summary)
        fresh.replace(path)

    def kept_summary(self) -> bytes | None:
        """What came of the story, if it is told."""
        path = self.directory / SUMMARY_FILE
        return path.read_bytes() if self.told and path.exists() else None

    def remember(self, progress: Progress) -> None:
        """Write the progress down; a reader sees the old or the new one, never half of it."""
        self.progress = progress
        path = self.directory / PROGRESS_FILE
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(progress)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def write_rejects(self, rejects: Iterable[Reject]) -> None:
        """The file of rejects, whole."""
        with (self.directory / REJECTS_FILE).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("line", "invoice_no", "reason", "amount"))
            writer.writerows((r.lines, r.invoice_no, r.reason.value, r.amount) for r in rejects)


def open_story(options: StoryOptions, *, directory: Path) -> Story:
    """Read or make up the trade, and find out what the directory already holds of it.

    Changes nothing in a directory that holds another story.
    Raises: DirectoryInUse, OrdersFileError, StoryError.
    """
    if options.days is not None and options.days < 1:
        raise StoryError("--days must be at least 1")
    if options.orders is None:
        days = options.days or options.shape.days
        text = orders_text(msgspec.structs.replace(options.shape, days=days))
        named, digest = f"made up from seed {options.shape.seed}", hashlib.sha256(text.encode()).hexdigest()
        trading_days = read_days(io.StringIO(text))
    else:
        text = None
        named, digest = options.orders.name, _digest(options.orders)
        try:
            with open_orders(options.orders) as stream:
                trading_days = read_days(stream, options.days)
        except (lzma.LZMAError, EOFError) as error:
            raise StoryError(f"{options.orders} cannot be unpacked: {error}") from error
    if not trading_days:
        raise StoryError(f"{named} holds no orders")
    asked = Progress(orders=named, sha256=digest, days=len(trading_days), rules=RULES)
    story = Story(directory=directory, trading_days=trading_days, progress=_held(directory, asked) or asked)
    directory.mkdir(parents=True, exist_ok=True)
    if text is not None:
        (directory / GENERATED_FILE).write_text(text, encoding="utf-8", newline="")
    return story


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoryError(f"{path} cannot be read: {error.strerror}") from error


def _held(directory: Path, asked: Progress) -> Progress | None:
    """The progress in the directory, if it is of the story that is asked for."""
    path = directory / PROGRESS_FILE
    if not path.exists():
        return None
    try:
        held = msgspec.json.decode(path.read_bytes(), type=Progress)
    except msgspec.DecodeError as error:
        raise StoryError(f"{path} cannot be read ({error}). Start again with --fresh.") from error
    if (held.sha256, held.days, held.rules) != (asked.sha256, asked.days, asked.rules):
        raise DirectoryInUse(
            f"{directory} holds another story: {held.orders}, {held.days} trading days, rules {held.rules}; "
            f"asked for: {asked.orders}, {asked.days} trading days, rules {asked.rules}. Give the options of that story to go on "
            "with it, --fresh to replace it, or another FEIQIAN_DATA_DIR to keep both."
        )
    return held
