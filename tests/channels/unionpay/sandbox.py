"""One test's merchant at the simulator: its clock, its levers, the notices that it sends us."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.channels.unionpay.peer import Peer

from feiqian.channels import (
    BuyerHints,
    Notice,
    OrderKey,
    Payee,
    PayeeKind,
    PaymentMethod,
    PostForm,
    PrepayRequest,
    RefundKey,
    RefundRequest,
    TransferKey,
    TransferRequest,
    UnionPay,
)
from feiqian.infra.http import HttpAnswer, HttpClient

SWITCHES = (
    "callback",
    "answer",
    "certificate",
    "payment",
    "transaction",
    "payout",
    "query",
    "batch",
    "settlement_file",
)
PERSON = Payee(kind=PayeeKind.PERSON_BANK, account_no="6226388000000095", name="张三")
COMPANY = Payee(kind=PayeeKind.COMPANY_BANK, account_no="6212142600000000167", name="某某贸易有限公司")


class Sandbox:
    """Stands at noon in Shanghai of ``day``; ``number`` begins every number of this test."""

    def __init__(
        self, *, address: str, channel: UnionPay, http: HttpClient, ours: Peer, day: date, number: str
    ) -> None:
        self._address = address
        self._http = http
        self.ours = ours
        self.channel = channel
        self.day = day
        self.number = number
        self.now = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        self.notify_url = "http://127.0.0.1:9/none"
        """Nobody listens there: only a test that reads notices lets them come."""

    def listen(self) -> None:
        """From now on notices come to us."""
        self.notify_url = f"{self.ours.base_url}/callbacks/unionpay"

    async def send(self, method: str, path: str, content: object = None) -> Any:
        answer = await self._http.request(
            method=method,
            url=self._address + path,
            headers={"Content-Type": "application/json"},
            body=b"" if content is None else json.dumps(content).encode(),
            timeout_s=10,
        )
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    async def post(self, path: str, content: object) -> Any:
        return await self.send("POST", path, content)

    async def set_clock(self, moment: datetime) -> None:
        self.now = moment
        await self.post("/sandbox/clock", {"now": moment.isoformat()})

    async def behave(self, **behaviour: object) -> None:
        """For the next call only."""
        await self.post("/sandbox/behaviour", {**behaviour, "only_next": 1})

    async def settle(self, number: str, resp_code: str) -> None:
        await self.post(f"/sandbox/orders/{number}/settle", {"resp_code": resp_code})

    async def known(self, number: str) -> dict[str, Any]:
        """What the simulator's own books say of a transaction."""
        return (await self.send("GET", f"/sandbox/orders/{number}"))["order"]

    def order(self, amount: int = 10_000, **changes: Any) -> PrepayRequest:
        given: dict[str, Any] = {
            "out_trade_no": self.number,
            "method": PaymentMethod.UNIONPAY_B2C,
            "placed_at": self.now,
            "amount": amount,
            "currency": "CNY",
            "description": "口红 & 茶 × 2",
            "expires_at": self.now + timedelta(hours=2),
            "notify_url": self.notify_url,
            "buyer": BuyerHints(return_url="https://shop.example.com/paid?a=1&b=2"),
            **changes,
        }
        return PrepayRequest(**given)

    def key(self, request: PrepayRequest | None = None, transaction_no: str | None = None) -> OrderKey:
        request = request or self.order()
        return OrderKey(
            out_trade_no=request.out_trade_no,
            method=request.method,
            placed_at=request.placed_at,
            transaction_no=transaction_no,
        )

    async def open(self, request: PrepayRequest) -> HttpAnswer:
        """The buyer's browser posts the form."""
        prepaid = await self.channel.prepay(request, now=self.now)
        assert isinstance(prepaid.next_step, PostForm)
        return await self._http.request(
            method="POST",
            url=prepaid.next_step.url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(prepaid.next_step.fields).encode(),
            timeout_s=10,
        )

    async def pay(self, request: PrepayRequest | None = None) -> OrderKey:
        """Place and pay an order; the key has the channel's number."""
        request = request or self.order()
        assert (await self.open(request)).status == 303
        await self.post("/sandbox/pay", {"order_id": request.out_trade_no})
        known = await self.known(request.out_trade_no)
        return self.key(request, known["query_id"])

    def refund_of(
        self, order: OrderKey, amount: int, ending: str = "r", total: int = 10_000
    ) -> RefundRequest:
        return RefundRequest(
            order=order,
            out_refund_no=f"{order.out_trade_no}{ending}",
            amount=amount,
            total=total,
            currency="CNY",
            requested_at=self.now,
            reason="退货",
            notify_url=self.notify_url,
        )

    def refund_key(self, request: RefundRequest) -> RefundKey:
        return RefundKey(
            order=request.order, out_refund_no=request.out_refund_no, requested_at=request.requested_at
        )

    def payout(self, amount: int = 5_000, payee: Payee = PERSON, ending: str = "") -> TransferRequest:
        return TransferRequest(
            out_transfer_no=f"{self.number}{ending}",
            payee=payee,
            amount=amount,
            currency="CNY",
            memo="三月工资",
            requested_at=self.now,
            notify_url=self.notify_url,
        )

    def payout_key(self, request: TransferRequest, batch_no: str | None = None) -> TransferKey:
        return TransferKey(
            out_transfer_no=request.out_transfer_no, requested_at=request.requested_at, batch_no=batch_no
        )

    async def notices(self, count: int = 1) -> list[bytes]:
        """Wait for so many notices; the body of each."""
        async with asyncio.timeout(20):
            await self.ours.received(count)
        return [body for _, body in self.ours.requests]

    def read(self, body: bytes) -> Notice:
        return self.channel.read_notice(headers={}, body=body, now=self.now)

    async def notice(self) -> Notice:
        return self.read((await self.notices())[-1])
