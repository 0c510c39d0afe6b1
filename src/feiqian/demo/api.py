"""The two things the story talks to: the partner API, as a platform would, and the sandbox's controls.

Every request carries a number of the story's own, so each may be sent again, and after a fault that a second
attempt can mend it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from feiqian.demo.errors import RequestRefused, StoryError
from feiqian.demo.plan import Method, PlannedPayment
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable

REQUEST_TIMEOUT_S = 60.0
"""Long enough for the close of a large day."""
RETRY_DELAYS_S = (0.05, 0.2, 0.5, 1.0, 2.0)
RETURN_URL = "https://market.example/orders/"
"""The platform's page to which a bank would send the browser back; nobody goes there."""

T = TypeVar("T")


class NextStep(msgspec.Struct, frozen=True):
    """What the buyer has to do; which of these it has depends on its kind."""

    kind: str
    code_url: str = ""
    url: str = ""
    fields: dict[str, str] = {}


class Attempt(msgspec.Struct, frozen=True):
    """An order at a channel."""

    state: str
    channel: str


class Payment(msgspec.Struct, frozen=True):
    """What the story needs to know of a payment; amounts in fen."""

    id: str
    order_no: str
    state: str
    amount: int
    fee: int
    next_step: NextStep | None
    attempts: list[Attempt]

    @property
    def channel(self) -> str:
        """Where it was paid, or else where it is to be paid."""
        paid = [attempt for attempt in self.attempts if attempt.state == "succeeded"]
        return (paid or self.attempts)[-1].channel


class Refund(msgspec.Struct, frozen=True):
    """A refund; ``fee_returned`` in fen."""

    id: str
    refund_no: str
    state: str
    amount: int
    fee_returned: int


class CreditDecision(msgspec.Struct, frozen=True):
    """What a merchant may draw, in fen."""

    merchant_no: str
    outcome: str
    available: int


class Loan(msgspec.Struct, frozen=True):
    """Where a loan stands; amounts in fen."""

    loan_no: str
    merchant_no: str
    principal: int
    principal_outstanding: int
    interest_outstanding: int
    penalty_outstanding: int
    interest_accrued: int
    principal_paid: int
    interest_paid: int
    penalty_paid: int


class DayClose(msgspec.Struct, frozen=True):
    """What the close of a business date made available to merchants, in fen."""

    settled: int


class ChannelReconciliation(msgspec.Struct, frozen=True):
    """How one channel's bill of a business date compares with our books, in lines."""

    channel: str
    bill_lines: int
    matched: int


class DayReconciliation(msgspec.Struct, frozen=True):
    """How the bills of a business date compare with our books."""

    channels: list[ChannelReconciliation]


class DayVouchers(msgspec.Struct, frozen=True):
    """The vouchers of a business date, and whether the books still agree."""

    vouchers: int
    trial_balance_ok: bool


class PostingOutcome(msgspec.Struct, frozen=True):
    """What became of a transaction in the platform's own book; ``code`` says why it was refused."""

    id: str
    outcome: str
    code: str | None = None


class _Outcomes(msgspec.Struct, frozen=True):
    items: list[PostingOutcome]


class _Opened(msgspec.Struct, frozen=True):
    id: str


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = None


class _Problem(msgspec.Struct, frozen=True):
    """RFC 9457, as far as it is shown; the sandbox says ``message`` as WeChat Pay does."""

    title: str = ""
    code: str = "error"
    detail: str = ""
    message: str = ""
    retryable: bool = False


class _Caller:
    """JSON over one address."""

    def __init__(self, *, http: HttpClient, base_url: str, headers: dict[str, str]) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept-Language": "en", **headers}

    async def get(self, path: str, into: type[T], **query: str | None) -> T:
        given = urlencode({name: value for name, value in query.items() if value is not None})
        return await self._call("GET", f"{path}?{given}" if given else path, b"", into)

    async def post(self, path: str, body: object, into: type[T]) -> T:
        return await self._call("POST", path, msgspec.json.encode(body), into)

    async def _call(self, method: str, path: str, body: bytes, into: type[T]) -> T:
        request = f"{method} {self._base_url}{path}"

        async def send() -> T:
            answer = await self._http.request(
                method=method,
                url=self._base_url + path,
                headers=self._headers,
                body=body,
                timeout_s=REQUEST_TIMEOUT_S,
            )
            return _read(request, answer, into)

        return await self._until_answered(request, send)

    async def post_form(self, path: str, fields: Mapping[str, str]) -> None:
        """As a browser does: the answer leads on to another page, or else it is a refusal."""
        url = self._base_url + path
        request = f"POST {url}"

        async def send() -> None:
            answer = await self._http.request(
                method="POST",
                url=url,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode(fields).encode(),
                timeout_s=REQUEST_TIMEOUT_S,
            )
            if answer.status != HTTPStatus.SEE_OTHER:
                raise RequestRefused(
                    request=request,
                    status=answer.status,
                    code="page",
                    detail=answer.body[:200].decode(errors="replace"),
                    retryable=answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
                )

        await self._until_answered(request, send)

    async def _until_answered(self, request: str, send: Callable[[], Awaitable[T]]) -> T:
        for delay_s in (*RETRY_DELAYS_S, None):
            try:
                return await send()
            except (HttpUnreachable, HttpUnknown) as error:
                if delay_s is None:
                    raise StoryError(f"{request} got no answer: {error}") from error
            except RequestRefused as refusal:
                if delay_s is None or not refusal.retryable:
                    raise
            await asyncio.sleep(delay_s)
        raise AssertionError("the last attempt returns or raises")


class PartnerApi(_Caller):
    """The public API, as the platform sees it. Every method raises RequestRefused or StoryError."""

    def __init__(self, *, http: HttpClient, base_url: str, api_key: str) -> None:
        super().__init__(http=http, base_url=base_url, headers={"Authorization": f"Bearer {api_key}"})

    async def ensure_merchant(self, *, merchant_no: str, name: str) -> None:
        await self.post("/v1/merchants", {"merchant_no": merchant_no, "name": name}, dict[str, Any])

    async def create_payment(self, planned: PlannedPayment) -> Payment:
        body = {
            "order_no": planned.order_no,
            "amount": planned.amount,
            "currency": "CNY",
            "description": f"Order {planned.order_no}",
            "buyer": planned.buyer,
            "method": planned.method,
            "payer": {"return_url": f"{RETURN_URL}{planned.order_no}"},
            "lines": [{"merchant_no": merchant_no, "amount": part} for merchant_no, part in planned.shares],
        }
        return await self.post("/v1/payments", body, Payment)

    async def payment(self, payment_id: str) -> Payment:
        return await self.get(f"/v1/payments/{payment_id}", Payment)

    async def payment_of_order(self, order_no: str) -> Payment:
        page = await self.get("/v1/payments", Page[Payment], order_no=order_no)
        if len(page.items) != 1:
            raise StoryError(f"{len(page.items)} payments are known for order {order_no}, expected one")
        return page.items[0]

    async def define_subject(self, subject: dict[str, object]) -> None:
        await self.post("/v1/ledger/subjects", subject, dict[str, Any])

    async def open_account(self, account: dict[str, object]) -> str:
        """Its id, also where it was open."""
        return (await self.post("/v1/ledger/accounts", account, _Opened)).id

    async def post_batch(self, postings: list[dict[str, object]]) -> list[PostingOutcome]:
        """Transactions of a book of its own, in order."""
        return (await self.post("/v1/ledger/transactions/batch", {"transactions": postings}, _Outcomes)).items

    async def query_payment(self, payment_id: str) -> Payment:
        """Let the server ask the channel now."""
        return await self.post(f"/v1/payments/{payment_id}/query", {}, Payment)

    async def create_refund(self, *, payment_id: str, refund_no: str, amount: int, reason: str) -> Refund:
        body = {"refund_no": refund_no, "amount": amount, "reason": reason}
        return await self.post(f"/v1/payments/{payment_id}/refunds", body, Refund)

    async def refund(self, refund_id: str) -> Refund:
        return await self.get(f"/v1/refunds/{refund_id}", Refund)

    async def deposit(self, *, funder_no: str, deposit_no: str, amount: int) -> None:
        body = {"deposit_no": deposit_no, "amount": amount, "currency": "CNY"}
        await self.post(f"/v1/funders/{funder_no}/deposits", body, dict[str, Any])

    async def decide_credit(self, merchant_no: str) -> CreditDecision:
        return await self.post(f"/v1/merchants/{merchant_no}/credit-line", {}, CreditDecision)

    async def draw_loan(self, *, loan_no: str, merchant_no: str, amount: int) -> Loan:
        body = {"loan_no": loan_no, "merchant_no": merchant_no, "amount": amount}
        return await self.post("/v1/loans", body, Loan)

    async def loans(self, state: str | None = None) -> list[Loan]:
        """Every loan, or those in one state."""
        found: list[Loan] = []
        cursor: str | None = None
        while True:
            page = await self.get("/v1/loans", Page[Loan], state=state, cursor=cursor, limit="200")
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def close_day(self, day: date) -> DayClose:
        return await self.post(f"/v1/days/{day}/close", {}, DayClose)

    async def reconcile_day(self, day: date) -> DayReconciliation:
        return await self.post(f"/v1/days/{day}/reconcile", {}, DayReconciliation)

    async def write_vouchers(self, day: date) -> DayVouchers:
        return await self.post(f"/v1/days/{day}/vouchers", {}, DayVouchers)


class Sandbox:
    """The controls of the simulators."""

    def __init__(self, *, http: HttpClient, base_urls: Mapping[str, str]) -> None:
        self._simulators = {
            name: _Caller(http=http, base_url=url, headers={}) for name, url in base_urls.items()
        }

    async def set_clock(self, moment: datetime) -> None:
        async with asyncio.TaskGroup() as group:
            for simulator in self._simulators.values():
                group.create_task(simulator.post("/sandbox/clock", {"now": moment}, dict[str, Any]))

    async def pay(self, method: Method, step: NextStep) -> None:
        """The buyer does the next step of a payment, and pays.

        Raises: RequestRefused, when it was paid before too.
        """
        match method:
            case Method.WECHATPAY:
                await self._pay("wechatpay", {"code_url": step.code_url})
            case Method.ALIPAY:
                await self._pay("alipay", {"qr_code": step.code_url})
            case Method.UNIONPAY:
                # A simulator that was started again has another port than the one it had when the form was made.
                await self._simulators["unionpay"].post_form(urlsplit(step.url).path, step.fields)
                await self._pay("unionpay", {"order_id": step.fields["orderId"], "step": "all"})

    async def _pay(self, simulator: str, body: dict[str, str]) -> None:
        await self._simulators[simulator].post("/sandbox/pay", body, dict[str, Any])


def _read(request: str, answer: HttpAnswer, into: type[T]) -> T:
    if answer.status >= 400:
        try:
            problem = msgspec.json.decode(answer.body, type=_Problem)
        except msgspec.DecodeError:
            problem = _Problem(detail=answer.body[:200].decode(errors="replace"))
        raise RequestRefused(
            request=request,
            status=answer.status,
            code=problem.code,
            detail=problem.detail or problem.message or problem.title,
            retryable=problem.retryable,
        )
    try:
        return msgspec.json.decode(answer.body, type=into)
    except msgspec.DecodeError as error:
        raise StoryError(f"{request} gave an answer that cannot be read: {error}") from error
