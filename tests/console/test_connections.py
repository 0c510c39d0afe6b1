"""Connections and approvals in the console: who may do what, at once, under their own name, and nothing secret told."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.routes import HTTPRoute

from feiqian.app.run import free_port
from feiqian.connections import LiveConnections
from feiqian.console import desk_routes
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.server import Server
from feiqian.infra.settings import Settings
from feiqian.infra.vault import open_vault
from feiqian.infra.web import HANDLERS, StrictRequest
from feiqian.kernel.clock import ManualClock
from feiqian.members import find_staff_to_sign_in, open_session
from tests.channels import wechat
from tests.channels.wechat import Wechat
from tests.connections.office import CODE, PEOPLE, Office, texts
from tests.console.conftest import OWN_PAGE

CONNECTIONS = "/console/api/connections"
APPROVALS = "/console/api/approvals"
ONE = f"{CONNECTIONS}/{CODE}"


@pytest.fixture
async def server() -> AsyncIterator[Wechat]:
    async with wechat.serving() as serving:
        yield serving


@pytest.fixture
async def office(
    database: Database, clock: ManualClock, tmp_path: Path, server: Wechat
) -> AsyncIterator[Office]:
    vault = open_vault(key_file=None, data_dir=tmp_path)
    async with HttpClient() as http:
        yield await Office(database=database, clock=clock, vault=vault, http=http, server=server).open()


class Person:
    """A member of staff at a browser."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client = client
        self.headers = {**OWN_PAGE, "Cookie": f"feiqian_session={token}"}

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """(status, JSON; the code of a refusal)"""
        answer = await self.client.post(path, json=body, headers={**self.headers, **headers})
        if answer.status_code >= 400:
            return answer.status_code, answer.json()["code"]
        return answer.status_code, answer.json() if answer.content else None


class House:
    """The desk's routes, and everybody signed in."""

    def __init__(
        self, office: Office, app: Litestar, client: httpx.AsyncClient, live: LiveConnections
    ) -> None:
        self.office = office
        self.app = app
        self.client = client
        self.live = live
        self.people: dict[str, Person] = {}

    async def sign_in(self) -> None:
        office = self.office
        for email in PEOPLE:
            secret = await office.database.run(lambda tx, email=email: find_staff_to_sign_in(tx, email=email))
            assert secret is not None
            token = await office.database.run(
                lambda tx, secret=secret: open_session(tx, now=office.clock.now(), secret=secret)
            )
            self.people[email.partition("@")[0]] = Person(self.client, token)

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def answers_probes(self) -> None:
        """As WeChat Pay does for an order that does not exist."""
        absent = {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        self.office.server.answers(wechat.answer(absent, status=404))


@pytest.fixture
async def house(office: Office) -> AsyncIterator[House]:
    live = await office.live()
    given: dict[str, object] = {
        "database": office.database,
        "clock": office.clock,
        "settings": Settings(public_url="https://pay.feiqian.test"),
        "approvals": office.approvals,
        "connection_desk": office.desk,
        "live_connections": live,
    }
    app = Litestar(
        route_handlers=[desk_routes()],
        dependencies={name: giver(value) for name, value in given.items()},
        exception_handlers=HANDLERS,
        request_class=StrictRequest,
        openapi_config=None,
    )
    # A real server: the channel's client and the application share one event loop, as they do in a house.
    port = free_port()
    serving = Server(app, host="127.0.0.1", port=port, owns_signals=False)
    task = asyncio.create_task(serving.serve())
    for _ in range(3_000):
        if serving.started:
            break
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        opened = House(office, app, client, live)
        await opened.sign_in()
        yield opened
    serving.should_exit = True
    await task


def giver(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def credentials(house: House, **changes: str) -> dict[str, Any]:
    return {"fields": texts(house.office.server, **changes), "reason": "更换商户证书"}


async def connect(house: House) -> None:
    """From a draft to credentials in force, by three people."""
    assert (await house["operations"].post(f"{ONE}/credentials", credentials(house)))[0] == 201
    house.answers_probes()
    assert (await house["operations"].post(f"{ONE}/versions/1/probe"))[0] == 200
    (proposal,) = (await house["finance"].get(f"{APPROVALS}?state=proposed"))["items"]
    status, approved = await house["finance"].post(f"{APPROVALS}/{proposal['id']}/approve", {})
    assert (status, approved["state"]) == (200, "approved")
    await house.live.refresh()


@pytest.mark.anyio
class TestNewCredentials:
    async def test_go_from_a_form_to_force_through_two_people(self, house: House) -> None:
        await connect(house)
        page = await house["finance"].get(ONE)
        assert (page["connection"]["state"], page["connection"]["in_force"]) == ("active", 1)
        assert page["callback_url"] == f"https://pay.feiqian.test/callbacks/{CODE}"
        (version,) = page["versions"]
        assert (version["made_by"], version["approved_by"]) == ("丁运", "陈财")
        assert version["test_outcome"] == "succeeded"
        assert [line["event"] for line in page["history"]] == ["in_force", "probed", "proposed", "created"]
        assert house.live.get(CODE).identity.mchid == wechat.MCHID

    async def test_are_told_to_nobody(self, house: House) -> None:
        await connect(house)
        (proposal,) = (await house["admin"].get(APPROVALS))["items"]
        for path in (CONNECTIONS, ONE, APPROVALS, f"{APPROVALS}/{proposal['id']}"):
            text = (await house.client.get(path, headers=house["admin"].headers)).text
            assert wechat.API_V3_KEY not in text
            assert not any(line in text for line in wechat.private_pem("merchant").splitlines()[1:-1])
            assert "sealed" not in text

    async def test_that_are_wrong_are_refused_by_field_and_not_quoted(self, house: House) -> None:
        body = credentials(house, merchant_private_key="-----BEGIN nothing", api_v3_key="s3cret" * 3)
        answer = await house.client.post(f"{ONE}/credentials", json=body, headers=house["operations"].headers)
        assert answer.status_code == 400
        assert "s3cret" not in answer.text
        assert (await house["admin"].get(ONE))["versions"] == []

    async def test_are_not_checked_by_their_maker(self, house: House) -> None:
        await house["admin"].post(f"{ONE}/credentials", credentials(house))
        house.answers_probes()
        await house["admin"].post(f"{ONE}/versions/1/probe")
        (own,) = (await house["admin"].get(APPROVALS))["items"]
        assert (own["may_check"], own["may_withdraw"]) == (False, True)
        assert await house["admin"].post(f"{APPROVALS}/{own['id']}/approve", {}) == (403, "maker_checks")
        assert (await house["admin"].get(ONE))["connection"]["in_force"] is None
        (others,) = (await house["second"].get(APPROVALS))["items"]
        assert (others["may_check"], others["may_withdraw"]) == (True, False)

    async def test_that_are_rejected_keep_the_reason(self, house: House) -> None:
        await house["operations"].post(f"{ONE}/credentials", credentials(house))
        (proposal,) = (await house["finance"].get(APPROVALS))["items"]
        path = f"{APPROVALS}/{proposal['id']}"
        assert await house["finance"].post(f"{path}/reject", {"note": " "}) == (400, "invalid_request")
        status, _ = await house["finance"].post(f"{path}/reject", {"note": "证书不是本商户的"})
        assert status == 200
        page = await house["operations"].get(path)
        assert [(step["event"], step["staff_name"], step["note"]) for step in page["steps"]] == [
            ("proposed", "丁运", "更换商户证书"),
            ("rejected", "陈财", "证书不是本商户的"),
        ]
        assert (await house["finance"].get(ONE))["versions"][0]["state"] == "rejected"
        assert await house["finance"].post(f"{path}/approve", {}) == (409, "proposal_closed")

    async def test_may_be_withdrawn(self, house: House) -> None:
        await house["operations"].post(f"{ONE}/credentials", credentials(house))
        (proposal,) = (await house["operations"].get(APPROVALS))["items"]
        status, _ = await house["operations"].post(f"{APPROVALS}/{proposal['id']}/withdraw", {})
        assert status == 200
        assert (await house["operations"].get(ONE))["versions"][0]["state"] == "withdrawn"


@pytest.mark.anyio
class TestAnAction:
    async def test_takes_effect_at_once_and_leaves_its_line(self, house: House) -> None:
        await connect(house)
        assert await house["operations"].post(f"{ONE}/pause", {"reason": "渠道维护"}) == (204, None)
        await house.live.refresh()
        page = await house["finance"].get(ONE)
        assert page["connection"]["state"] == "paused"
        assert (page["history"][0]["actor"], page["history"][0]["detail"]) == (
            "丁运",
            {"reason": "渠道维护"},
        )
        assert await house["operations"].post(f"{ONE}/resume", {"reason": "维护结束"}) == (204, None)
        change = {"reason": "降低流量", "weight": 10, "limits": {"amount_per_day": 1_000_000}}
        assert await house["admin"].post(f"{ONE}/changes", change) == (204, None)
        cost = {"reason": "新费率", "cost": {"rate": "0.0038", "fixed": 0}}
        assert await house["finance"].post(f"{ONE}/changes", cost) == (204, None)
        page = await house["finance"].get(ONE)
        assert (page["connection"]["weight"], page["connection"]["cost"]["rate"]) == (10, "0.0038")
        assert page["limits"] == {"amount_per_day": 1_000_000}

    @pytest.mark.parametrize(
        ("who", "path", "body"),
        [
            ("finance", f"{ONE}/pause", {"reason": "试"}),
            ("finance", f"{ONE}/changes", {"reason": "试", "weight": 1}),
            ("operations", f"{ONE}/changes", {"reason": "试", "cost": {"rate": "0.1", "fixed": 0}}),
            ("finance", f"{ONE}/retire", {"reason": "试"}),
            ("finance", CONNECTIONS, {"code": "another", "kind": "wechatpay", "name": "试"}),
            ("finance", f"{ONE}/credentials", {"fields": {}, "reason": "试"}),
        ],
    )
    async def test_needs_the_role(self, who: str, path: str, body: object, house: House) -> None:
        await connect(house)
        before = await house["admin"].get(ONE)
        assert await house[who].post(path, body) == (403, "permission_missing")
        after = await house["admin"].get(ONE)
        assert (after["connection"], after["history"]) == (before["connection"], before["history"])

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Feiqian": ""},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "same-site", "Origin": "https://other.feiqian.test"},
        ],
    )
    async def test_from_another_sites_page_is_refused(self, headers: dict[str, str], house: House) -> None:
        await connect(house)
        status, code = await house["operations"].post(f"{ONE}/pause", {"reason": "骗"}, **headers)
        assert (status, code) in ((403, "header_missing"), (403, "origin_foreign"))
        assert (await house["admin"].get(ONE))["connection"]["state"] == "active"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://house.test", "Host": "house.test"},
            {"Origin": "https://pay.feiqian.test"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://pay.feiqian.test"},
        ],
    )
    async def test_from_our_own_page_is_taken(self, headers: dict[str, str], house: House) -> None:
        await connect(house)
        assert await house["operations"].post(f"{ONE}/pause", {"reason": "维护"}, **headers) == (204, None)

    async def test_needs_a_session(self, house: House) -> None:
        routes = [route for route in house.app.routes if isinstance(route, HTTPRoute)]
        paths = {(route.path_format, method) for route in routes for method in route.methods}
        assert len(paths) > 10
        for path, method in sorted(paths):
            answer = await house.client.request(
                method,
                re.sub(r"\{\w+\}", "1", path),
                headers=OWN_PAGE,
                json={} if method == "POST" else None,
            )
            assert answer.status_code in (401, 204), (method, path)
            assert answer.status_code == 401 or method == "OPTIONS"


@pytest.mark.anyio
class TestTheList:
    async def test_says_how_each_stands_and_what_one_may_do(self, house: House) -> None:
        await connect(house)
        listed = await house["finance"].get(CONNECTIONS)
        (row,) = listed["items"]
        assert (row["code"], row["state"], row["in_force"], row["fault"]) == (CODE, "active", 1, None)
        assert row["expires_at"].startswith("2027-03-02")
        assert row["expires_soon"] is False
        assert set(listed["may"]) == {"connections_cost", "credentials_approve"}
        (kind,) = [kind for kind in listed["kinds"] if kind["kind"] == "wechatpay"]
        assert {"mchid", "api_v3_key"} <= {field["name"] for field in kind["fields"]}

    async def test_takes_a_new_connection(self, house: House) -> None:
        body = {"code": "wechatpay-2", "kind": "wechatpay", "name": "微信支付 二号"}
        assert await house["operations"].post(CONNECTIONS, body) == (201, {"code": "wechatpay-2"})
        codes = [row["code"] for row in (await house["finance"].get(CONNECTIONS))["items"]]
        assert codes == [CODE, "wechatpay-2"]
