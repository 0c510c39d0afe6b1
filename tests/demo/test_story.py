"""Which story a directory holds: it goes on where it stopped and never mixes with another."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from feiqian.demo import DirectoryInUse, OrdersFileError, Shape, Story, StoryError, StoryOptions, open_story
from feiqian.demo.plan import Planner
from feiqian.demo.story import GENERATED_FILE, PROGRESS_FILE, REJECTS_FILE
from feiqian.demo.summary import ChannelCounts, Counts, at_channel

ORDERS = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,22001,MUG,2,2010-12-01 08:26:00,1.50,17850,UK
C536366,22001,MUG,-3,2010-12-03 08:26:00,1.50,17850,UK
"""


def telling(directory: Path, text: str = ORDERS, days: int | None = None) -> Story:
    path = directory / "orders.csv"
    path.write_text(text)
    return open_story(StoryOptions(orders=path, days=days), directory=directory / "data")


class TestAStory:
    def test_begins_at_midnight_in_shanghai_of_its_first_date(self, tmp_path: Path) -> None:
        story = telling(tmp_path)
        assert (story.first_date, story.last_date) == (date(2010, 12, 1), date(2010, 12, 3))
        assert story.starts_at == datetime(2010, 11, 30, 16, tzinfo=UTC)

    def test_goes_on_after_the_last_complete_date(self, tmp_path: Path) -> None:
        story = telling(tmp_path)
        counts = at_channel("alipay", ChannelCounts(payments=1, paid=300)) + Counts(seconds=0.5)
        story.remember(msgspec.structs.replace(story.progress, last_date=date(2010, 12, 1), counts=counts))
        again = telling(tmp_path)
        assert again.starts_at == datetime(2010, 12, 1, 16, tzinfo=UTC)
        assert again.progress.counts == counts

    @pytest.mark.parametrize(
        ("text", "days"), [(ORDERS, 1), (ORDERS.replace("1.50", "1.60"), None)], ids=["days", "orders"]
    )
    def test_refuses_a_directory_that_holds_another(
        self, tmp_path: Path, text: str, days: int | None
    ) -> None:
        story = telling(tmp_path)
        story.remember(story.progress)
        held = (story.directory / PROGRESS_FILE).read_bytes()
        with pytest.raises(DirectoryInUse, match="--fresh"):
            telling(tmp_path, text, days)
        assert (story.directory / PROGRESS_FILE).read_bytes() == held

    def test_refuses_what_was_begun_by_earlier_rules(self, tmp_path: Path) -> None:
        story = telling(tmp_path)
        story.remember(msgspec.structs.replace(story.progress, rules=1))
        with pytest.raises(DirectoryInUse, match=r"rules 1; .* rules 2"):
            telling(tmp_path)

    def test_refuses_progress_that_cannot_be_read(self, tmp_path: Path) -> None:
        story = telling(tmp_path)
        (story.directory / PROGRESS_FILE).write_text('{"orders": ')
        with pytest.raises(StoryError, match="--fresh"):
            telling(tmp_path)

    def test_leaves_no_half_written_progress(self, tmp_path: Path) -> None:
        story = telling(tmp_path)
        for day in (1, 2, 3):
            story.remember(msgspec.structs.replace(story.progress, last_date=date(2010, 12, day)))
        assert [path.name for path in story.directory.iterdir()] == [PROGRESS_FILE]

    def test_writes_rejects_with_line_reason_and_amount(self, tmp_path: Path) -> None:
        story = telling(tmp_path)
        planner = Planner()
        story.write_rejects(reject for day in story.trading_days for reject in planner.plan(day).rejects)
        assert (story.directory / REJECTS_FILE).read_text() == (
            "line,invoice_no,reason,amount\n3,C536366,nothing_to_refund,150\n"
        )


class TestAMadeUpStory:
    def test_writes_its_orders_down(self, tmp_path: Path) -> None:
        made_up = open_story(StoryOptions(shape=Shape(seed=3, orders_a_day=10), days=2), directory=tmp_path)
        written = open_story(StoryOptions(orders=tmp_path / GENERATED_FILE), directory=tmp_path)
        assert len(made_up.trading_days) == 2
        assert written.trading_days == made_up.trading_days
        assert written.progress.sha256 == made_up.progress.sha256

    def test_does_not_touch_a_directory_that_holds_another(self, tmp_path: Path) -> None:
        story = open_story(StoryOptions(shape=Shape(seed=3, orders_a_day=10)), directory=tmp_path)
        story.remember(story.progress)
        held = (tmp_path / GENERATED_FILE).read_bytes()
        with pytest.raises(DirectoryInUse):
            open_story(StoryOptions(shape=Shape(seed=4, orders_a_day=10)), directory=tmp_path)
        assert (tmp_path / GENERATED_FILE).read_bytes() == held


class TestTrade:
    def test_must_be_there(self, tmp_path: Path) -> None:
        with pytest.raises(StoryError, match="No such file"):
            open_story(StoryOptions(orders=tmp_path / "none.csv"), directory=tmp_path)
        with pytest.raises(StoryError, match="holds no orders"):
            telling(tmp_path, ORDERS.splitlines()[0])
        with pytest.raises(StoryError, match="--days"):
            telling(tmp_path, days=0)

    def test_must_be_readable(self, tmp_path: Path) -> None:
        with pytest.raises(OrdersFileError, match="line 2"):
            telling(tmp_path, ORDERS.replace("1.50", "free", 1))
        packed = tmp_path / "orders.csv.xz"
        packed.write_text(ORDERS)
        with pytest.raises(StoryError, match=r"orders\.csv\.xz cannot be unpacked"):
            open_story(StoryOptions(orders=packed), directory=tmp_path / "data")
