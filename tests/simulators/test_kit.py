"""What every simulator stands on: switches, books, links."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from feiqian.simulators.kit import files
from feiqian.simulators.kit.behaviour import Behaviour
from feiqian.simulators.kit.books import Books, InUse, OtherVersion

SCHEMA = "CREATE TABLE coins (id INTEGER PRIMARY KEY, worth INTEGER NOT NULL CHECK (worth > 0));"


def behaviour() -> Behaviour:
    return Behaviour(
        {"pay": {"normal": "", "late": ""}, "bill": {"normal": "", "missing": ""}},
        {"late_s": 60.0, "path": ""},
    )


class TestASwitch:
    def test_counts_down_and_is_normal_again(self) -> None:
        switches = behaviour()
        switches.change({"pay": "late", "bill": "missing", "only_next": 2})
        switches.change({"bill": "missing"})
        assert [switches.take("pay") for _ in range(3)] == ["late", "late", "normal"]
        assert [switches.take("bill") for _ in range(3)] == ["missing"] * 3

    @pytest.mark.parametrize(
        "change",
        [
            {"pay": "late", "bill": "rude"},
            {"pay": "late", "mood": "bad"},
            {"pay": "late", "late_s": -1},
            {"pay": "late", "late_s": "soon"},
            {"pay": "late", "path": 1},
            {"pay": "late", "only_next": 0},
            {"pay": "late", "only_next": True},
        ],
    )
    def test_stays_when_something_beside_it_makes_no_sense(self, change: dict[str, Any]) -> None:
        switches = behaviour()
        before = switches.view()
        with pytest.raises(ValueError):
            switches.change(change)
        assert switches.view() == before


class TestTheBooks:
    def test_keep_all_of_an_operation_or_nothing(self, tmp_path: Path) -> None:
        async def work() -> list[str]:
            books = Books(tmp_path, SCHEMA)
            told: list[str] = []

            def fail() -> None:
                with books.atomically():
                    books.write("INSERT INTO coins (worth) VALUES (1)")
                    books.after_commit(lambda: told.append("first"))
                    books.write("INSERT INTO coins (worth) VALUES (0)")

            with pytest.raises(sqlite3.IntegrityError):
                fail()
            with books.atomically():
                books.write("INSERT INTO coins (worth) VALUES (5)")
                books.after_commit(lambda: told.append("second"))
            await books.durable()
            assert books.rows("SELECT worth FROM coins") == [(5,)]
            books.close()
            return told

        assert asyncio.run(work()) == ["second"]

    def test_are_open_once(self, tmp_path: Path) -> None:
        books = Books(tmp_path, SCHEMA)
        with pytest.raises(InUse):
            Books(tmp_path, SCHEMA)
        books.close()
        Books(tmp_path, SCHEMA).close()

    def test_are_not_opened_with_other_tables(self, tmp_path: Path) -> None:
        Books(tmp_path, SCHEMA).close()
        with pytest.raises(OtherVersion):
            Books(tmp_path, SCHEMA + "CREATE TABLE notes (id INTEGER);")
        Books(tmp_path, SCHEMA).close()


class TestALink:
    def test_names_its_file_until_its_time_is_over(self) -> None:
        token = files.token(b"key", "bill.csv", 1000)
        assert files.named_by(b"key", token, 1000) == "bill.csv"
        assert files.named_by(b"key", token, 1001) is None

    @pytest.mark.parametrize("token", ["", "abc", "é.é", files.token(b"other", "bill.csv", 1000)])
    def test_of_somebody_else_names_nothing(self, token: str) -> None:
        assert files.named_by(b"key", token, 0) is None
