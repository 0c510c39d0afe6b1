"""The client against a server that misbehaves: what can be mended is sent again, the rest is said plainly."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feiqian.demo.api import NextStep, PartnerApi, Sandbox
from feiqian.demo.errors import OutcomeMissing, RequestRefused, StoryError
from feiqian.demo.plan import Method
from feiqian.demo.trade import all_of
from feiqian.infra.http import HttpClient

Serve = Callable[..., Awaitable[PartnerApi]]

pytestmark = pytest.mark.anyio

PAYMENT = {
    "id": "payment_1",
    "order_no": "536365",
    "state": "succeeded",
    "amount": 300,
    "fee": 1,
    "next_step": None,
    "attempts": [
        {"position": 1, "state": "failed", "channel": "alipay-2"},
        {"position": 2, "state": "succeeded", "channel": "alipay"},
        {"position": 3, "state": "closed", "channel": "wechatpay"},
    ],
    "refunded": 0,
}


class Counter:
    """Where a simulator would be."""

    def __init__(self, name: str) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.front = web.Response(status=303, headers={"Location": "/bank"})
        self._name = name
        app = web.Application()
        app.router.add_post("/front", self._form)
        app.router.add_post("/sandbox/pay", self._pay)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/"))

    async def _form(self, request: web.Request) -> web.Response:
        self.seen.append((self._name, request.path, {k: str(v) for k, v in (await request.post()).items()}))
        return self.front

    async def _pay(self, request: web.Request) -> web.Response:
        self.seen.append((self._name, request.path, await request.json()))
        return web.json_response({})


class Buyers:
    """Who pays, and what the simulators saw of it."""

    def __init__(self, *, sandbox: Sandbox, counters: dict[str, Counter]) -> None:
        self.sandbox = sandbox
        self.counters = counters

    def seen(self) -> list[tuple[str, str, dict[str, str]]]:
        return [each for counter in self.counters.values() for each in counter.seen]

    def form(self) -> NextStep:
        fields = {"orderId": "order0001", "reqReserved": "a b&企"}
        # The port is that of an earlier run.
        return NextStep(kind="post_form", url="http://127.0.0.1:9/front", fields=fields)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that gives these answers, one a request."""
    servers: list[TestServer] = []
    async with HttpClient() as http:

        async def start(*answers: web.Response) -> PartnerApi:
            left = list(answers)

            async def answer(request: web.Request) -> web.Response:
                assert request.headers["Authorization"] == "Bearer key"
                return left.pop(0)

            app = web.Application()
            app.router.add_route("*", "/{path:.*}", answer)
            servers.append(TestServer(app))
            await servers[-1].start_server()
            return PartnerApi(http=http, base_url=str(servers[-1].make_url("/")), api_key="key")

        yield start
    for server in servers:
        await server.close()


def problem(status: int, *, retryable: bool) -> web.Response:
    body = {"code": "busy", "title": "Busy", "detail": "The books are being closed.", "retryable": retryable}
    return web.json_response(body, status=status)


class TestARequest:
    async def test_is_sent_again_when_the_answer_says_so(self, serve: Serve) -> None:
        partner = await serve(
            problem(503, retryable=True), problem(503, retryable=True), web.json_response(PAYMENT)
        )
        assert (await partner.payment("payment_1")).amount == 300

    async def test_that_is_refused_names_itself_and_the_reason(self, serve: Serve) -> None:
        partner = await serve(problem(409, retryable=False))
        with pytest.raises(
            RequestRefused, match=r"GET http://.*/v1/payments/payment_1 .* 409 busy: The books"
        ):
            await partner.payment("payment_1")

    async def test_shows_an_answer_that_is_no_problem_document(self, serve: Serve) -> None:
        partner = await serve(web.Response(status=500, text="<h1>Oops</h1>"))
        with pytest.raises(RequestRefused, match=r"500 error: <h1>Oops</h1>"):
            await partner.payment("payment_1")

    async def test_refuses_an_answer_of_another_shape(self, serve: Serve) -> None:
        partner = await serve(web.json_response({**PAYMENT, "amount": "3.00"}))
        with pytest.raises(StoryError, match="amount"):
            await partner.payment("payment_1")

    async def test_follows_a_list_to_its_end(self, serve: Serve) -> None:
        loan = {
            "loan_no": "L-S22-2010-12-02",
            "merchant_no": "S22",
            "principal": 100,
            "principal_outstanding": 100,
            "interest_outstanding": 0,
            "penalty_outstanding": 0,
            "interest_accrued": 0,
            "principal_paid": 0,
            "interest_paid": 0,
            "penalty_paid": 0,
        }
        partner = await serve(
            web.json_response({"items": [loan, loan], "next_cursor": "c"}),
            web.json_response({"items": [loan], "next_cursor": None}),
        )
        assert sum(found.principal for found in await partner.loans()) == 300


class TestAPayment:
    async def test_belongs_to_the_channel_where_it_was_paid(self, serve: Serve) -> None:
        partner = await serve(web.json_response(PAYMENT))
        assert (await partner.payment("payment_1")).channel == "alipay"


@pytest.fixture
async def buyers() -> AsyncIterator[Buyers]:
    """Three simulators that only write down what they are sent, and the buyers in front of them."""
    async with HttpClient() as http:
        servers = {name: Counter(name) for name in ("wechatpay", "alipay", "unionpay")}
        for counter in servers.values():
            await counter.server.start_server()
        yield Buyers(
            sandbox=Sandbox(http=http, base_urls={name: each.url for name, each in servers.items()}),
            counters=servers,
        )
        for counter in servers.values():
            await counter.server.close()


class TestABuyer:
    @pytest.mark.parametrize(
        ("method", "simulator", "sent"),
        [(Method.WECHATPAY, "wechatpay", {"code_url": "c"}), (Method.ALIPAY, "alipay", {"qr_code": "c"})],
    )
    async def test_scans_the_code_of_its_channel(
        self, buyers: Buyers, method: Method, simulator: str, sent: dict[str, str]
    ) -> None:
        await buyers.sandbox.pay(method, NextStep(kind="show_code", code_url="c"))
        assert buyers.seen() == [(simulator, "/sandbox/pay", sent)]

    async def test_of_a_company_posts_the_form_before_its_two_people_pay(self, buyers: Buyers) -> None:
        await buyers.sandbox.pay(Method.UNIONPAY, buyers.form())
        assert buyers.seen() == [
            ("unionpay", "/front", {"orderId": "order0001", "reqReserved": "a b&企"}),
            ("unionpay", "/sandbox/pay", {"order_id": "order0001", "step": "all"}),
        ]

    async def test_does_not_pay_when_the_form_leads_nowhere(self, buyers: Buyers) -> None:
        buyers.counters["unionpay"].front = web.Response(text="[12] 重复交易")
        with pytest.raises(RequestRefused, match=r"/front was refused with 200 page: \[12\] 重复交易"):
            await buyers.sandbox.pay(Method.UNIONPAY, buyers.form())
        assert [path for _, path, _ in buyers.seen()] == ["/front"]


class TestSideBySide:
    async def test_keeps_the_order_of_the_answers(self) -> None:
        async def double(number: int) -> int:
            return number * 2

        assert await all_of(double, range(20), at_once=3) == [number * 2 for number in range(20)]
        assert await all_of(double, [], at_once=3) == []

    async def test_shows_the_fault_itself(self) -> None:
        async def fail(number: int) -> None:
            raise OutcomeMissing(f"payment {number}")

        with pytest.raises(OutcomeMissing, match="payment 1"):
            await all_of(fail, [1, 2], at_once=1)
