"""Bulk import over HTTP: streamed in, gone on with, its refusals listed."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import msgspec
import pytest

from feiqian.kernel.ids import new_id, show_id
from tests.loop.house import House, eventually
from tests.openapi.ledger_books import Books, download, other_platform

pytestmark = pytest.mark.anyio

HEADER = "kind,debit,credit,amount,currency,effective_at\n"
ROW = "top_up,own.cash/bank,own.wallet/{},{},CNY,2019-05-01T09:00:00+08:00\n"


def path_of(house: House, **more: str) -> str:
    asked = {
        "id": show_id("import", new_id(house.clock.now())),
        "book": "main",
        "open_accounts": "true",
        **more,
    }
    return "/v1/ledger/imports?" + "&".join(f"{name}={value}" for name, value in asked.items())


class TestAnImport:
    async def test_posts_a_file_and_keeps_what_it_refused(self, house: House) -> None:
        books = await Books.begin(house)
        content = (
            HEADER + ROW.format("alice", 5) + ROW.format("carol", 7) + ROW.format("alice", "x") + "bad\n"
        )
        path = path_of(house)
        done = await house.send("POST", path, raw=content.encode())
        assert done.status == 200
        seen = {
            name: done.json[name]
            for name in ("state", "book", "rows", "posted", "existing", "refused", "lines")
        }
        assert seen == {
            "state": "finished", "book": "main", "rows": 4, "posted": 2, "existing": 0, "refused": 2, "lines": 5,
        }  # fmt: skip
        assert await books.shown() == [12, 5, 0]
        assert await house.ask("GET", f"/v1/ledger/imports/{done.json['id']}") == done.json
        assert (await house.ask("GET", "/v1/ledger/imports?book=main"))["items"] == [done.json]
        assert (await house.send("POST", path, raw=content.encode())).json == done.json
        refusals = f"/v1/ledger/imports/{done.json['id']}/refusals"
        page = await house.ask("GET", f"{refusals}?limit=1")
        assert [(each["line"], each["code"], each["content"]) for each in page["items"]] == [
            (4, "row_invalid", ROW.format("alice", "x").strip())
        ]
        page = await house.ask("GET", f"{refusals}?limit=1&cursor={page['next_cursor']}")
        assert [(each["line"], each["content"]) for each in page["items"]] == [(5, "bad")]
        assert page["next_cursor"] is None
        kind, content_of_file = await download(house, f"{refusals}.csv")
        assert kind.startswith("text/csv")
        text = content_of_file.decode()
        assert text.splitlines()[0] == "line,code,detail,content"
        assert [line.split(",")[:2] for line in text.splitlines()[1:]] == [
            ["4", "row_invalid"],
            ["5", "row_invalid"],
        ]
        answer = await house.send("POST", path, raw=content.encode() + b"more\n")
        assert answer.problem == (409, "exists_with_different_request")

    async def test_takes_json_lines(self, house: House) -> None:
        books = await Books.begin(house)
        row = {
            "kind": "top_up", "debit": books.accounts["bank"], "credit": "own.wallet/alice", "amount": 5,
            "currency": "CNY", "business_date": "2019-05-01",
        }  # fmt: skip
        content = b"\n".join(msgspec.json.encode(row) for _ in range(3))
        done = await house.send("POST", path_of(house, format="ndjson"), raw=content)
        assert (done.json["posted"], done.json["refused"]) == (3, 0)
        assert await books.shown() == [15, 15, 0]

    async def test_that_breaks_off_goes_on_when_it_is_sent_again(self, house: House) -> None:
        books = await Books.begin(house)
        path = path_of(house)
        id = path.partition("id=")[2].partition("&")[0]
        rows = (HEADER + ROW.format("alice", 1) * 10_000).encode()
        sending = asyncio.create_task(
            break_off(house, path, rows, after=len(HEADER) + len(ROW.format("alice", 1)) * 9000)
        )

        async def rows_done() -> int:
            answer = await house.send("GET", f"/v1/ledger/imports/{id}")
            return answer.json["rows"] if answer.status == 200 else 0

        assert await eventually(rows_done, lambda seen: seen == 8000) == 8000
        await sending
        assert (await house.ask("GET", f"/v1/ledger/imports/{id}"))["state"] == "running"
        assert await books.shown() == [8000, 8000, 0]
        done = await house.send("POST", path, raw=rows)
        assert (done.status, done.json["state"], done.json["posted"]) == (200, "finished", 10_000)
        assert await books.shown() == [10_000, 10_000, 0]

    async def test_is_refused_before_anything_moves(self, house: House) -> None:
        books = await Books.begin(house)
        content = (HEADER + ROW.format("alice", 5)).encode()
        table = [
            (path_of(house, id="x"), content),
            (path_of(house, book="own:mall:main"), content),
            (path_of(house, format="xml"), content),
            (path_of(house), b""),
            (path_of(house), b"kind,colour\n"),
        ]
        for path, body in table:
            assert (await house.send("POST", path, raw=body)).problem == (400, "invalid_request"), path
        assert await books.shown() == [0, 0, 0]

    async def test_of_another_platform_is_unknown(self, house: House) -> None:
        books = await Books.begin(house)
        path = path_of(house)
        content = (HEADER + ROW.format("alice", 5)).encode()
        done = await house.send("POST", path, raw=content)
        headers = await other_platform(house)
        for look in ("", "/refusals", "/refusals.csv"):
            answer = await house.send("GET", f"/v1/ledger/imports/{done.json['id']}{look}", headers=headers)
            assert answer.problem == (404, "not_found"), look
        assert (await house.send("POST", path, raw=content, headers=headers)).status == 409
        page = await house.send("GET", "/v1/ledger/imports?book=main", headers=headers)
        assert page.json["items"] == []
        # By name, accounts are those of the importer's own book; by id, another's are unknown.
        stolen = HEADER + f"x,{books.accounts['alice']},own.wallet/eve,5,CNY,2019-05-01T09:00:00Z\n"
        answer = await house.send("POST", path_of(house), raw=stolen.encode(), headers=headers)
        assert (answer.json["posted"], answer.json["refused"]) == (0, 1)
        assert await books.shown() == [5, 5, 0]


async def break_off(house: House, path: str, body: bytes, *, after: int) -> None:
    """Send the beginning of a body, wait, and hang up."""
    address = urlsplit(house.url)
    assert address.hostname is not None
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [
        f"POST {path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(body)}",
        f"Authorization: Bearer {house.api_key}", "Content-Type: text/csv",
    ]  # fmt: skip
    writer.write("\r\n".join([*lines, "", ""]).encode() + body[:after])
    await writer.drain()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(reader.read(1), timeout=2)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
