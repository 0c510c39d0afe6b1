"""What a platform may ask to be paid, and what is refused by name before anything is recorded."""

import asyncio
from typing import Any

import pytest

from tests.loop.house import House

pytestmark = pytest.mark.anyio

GOOD: dict[str, Any] = {
    "order_no": "1",
    "amount": 1000,
    "currency": "CNY",
    "description": "Order 1",
    "buyer": "b1",
    "lines": [{"merchant_no": "A", "amount": 600}, {"merchant_no": "B", "amount": 400}],
    "expires_in_s": 7200,
    "metadata": {"cart": "7"},
}
INVALID = (400, "invalid_request")
MISSING = object()


def line(amount: object, merchant_no: object = "A") -> dict[str, object]:
    return {"merchant_no": merchant_no, "amount": amount}


REFUSED: tuple[tuple[dict[str, object], tuple[int, str]], ...] = (
    # amounts
    ({"amount": 0}, (422, "not_payable")),
    ({"amount": 0, "lines": [line(0)]}, (422, "not_payable")),
    ({"amount": -1}, (422, "not_payable")),
    ({"amount": 10**15 + 1, "lines": [line(10**15 + 1)]}, INVALID),
    ({"amount": 2**63, "lines": [line(2**63)]}, INVALID),
    ({"amount": 10**40, "lines": [line(10**40)]}, INVALID),
    ({"amount": 10.5}, INVALID),
    ({"amount": "1000"}, INVALID),
    ({"amount": None}, INVALID),
    ({"amount": True}, INVALID),
    ({"amount": [1000]}, INVALID),
    ({"amount": MISSING}, INVALID),
    # currencies
    ({"currency": "USD"}, INVALID),
    ({"currency": "cny"}, INVALID),
    ({"currency": "XXX"}, INVALID),
    ({"currency": ""}, INVALID),
    ({"currency": 156}, INVALID),
    ({"currency": MISSING}, INVALID),
    # lines
    ({"lines": [line(999)]}, (422, "lines_differ_from_amount")),
    ({"lines": [line(600), line(401, "B")]}, (422, "lines_differ_from_amount")),
    ({"lines": []}, INVALID),
    ({"lines": MISSING}, INVALID),
    ({"lines": line(1000)}, INVALID),
    ({"lines": [line(1000, "nobody")]}, (422, "merchant_unknown")),
    ({"lines": [line(1000, "")]}, (422, "merchant_unknown")),
    ({"lines": [line(1000, None)]}, INVALID),
    ({"lines": [line(1000, "\0")]}, INVALID),
    ({"lines": [line(1200), line(-200, "B")]}, (422, "share_negative")),
    ({"lines": [line(1100.5), line(-100.5)]}, INVALID),
    ({"lines": [line(1000), line(10**16), line(-(10**16))]}, INVALID),
    ({"lines": [line(1000), *(line(0) for _ in range(5000))]}, INVALID),
    # numbers and words
    ({"order_no": ""}, INVALID),
    ({"order_no": "x" * 65}, INVALID),
    ({"order_no": "1\n2"}, INVALID),
    ({"order_no": "1\0"}, INVALID),
    ({"order_no": 1}, INVALID),
    ({"order_no": MISSING}, INVALID),
    ({"description": ""}, INVALID),
    ({"description": "x" * 128}, INVALID),
    ({"description": MISSING}, INVALID),
    ({"buyer": ""}, INVALID),
    ({"buyer": "b" * 65}, INVALID),
    # time
    ({"expires_in_s": 59}, INVALID),
    ({"expires_in_s": 86_401}, INVALID),
    ({"expires_in_s": -1}, INVALID),
    ({"expires_in_s": 10**20}, INVALID),
    # ways to pay
    ({"method": "cash"}, INVALID),
    ({"method": 1}, INVALID),
    ({"methods": ["cash"]}, INVALID),
    ({"methods": "wechatpay_native"}, INVALID),
    ({"methods": ["alipay_qr", "alipay_qr"]}, INVALID),
    ({"method": "wechatpay_native", "methods": ["alipay_qr"]}, INVALID),
    ({"payer": "b1"}, INVALID),
    ({"payer": {"openid": 1}}, INVALID),
    ({"payer": {"openid": ""}}, INVALID),
    ({"payer": {"auth_code": "2" * 1001}}, INVALID),
    ({"payer": {"client_ip": "1\n2"}}, INVALID),
    ({"payer": {"return_url": "javascript:alert(1)"}}, INVALID),
    ({"methods": ["wechatpay_native"], "payer": {"openid": "o1"}}, INVALID),
    # notes
    ({"metadata": {"n": 1}}, INVALID),
    ({"metadata": {str(number): "" for number in range(21)}}, INVALID),
    ({"metadata": {"k" * 65: ""}}, INVALID),
    ({"metadata": {"k": "v" * 513}}, INVALID),
    ({"metadata": {"k": "\0"}}, INVALID),
)


def changed(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **fields}.items() if value is not MISSING}


async def nothing_exists(house: House) -> None:
    assert (await house.ask("GET", "/v1/payments"))["items"] == []
    assert (await house.posted(), await house.books()) == (0, {})


class TestAPayment:
    async def test_that_cannot_be_is_refused_by_name_and_nothing_is_recorded(self, house: House) -> None:
        for fields, problem in REFUSED:
            answer = await house.send("POST", "/v1/payments", changed(**fields))
            assert answer.problem == problem, (fields, answer)
        await nothing_exists(house)
        assert (await house.send("POST", "/v1/payments", GOOD)).status == 201

    async def test_names_the_field_that_is_wrong(self, house: House) -> None:
        for fields, name in (
            ({"amount": "1000"}, "amount"),
            ({"currency": "XXX"}, "currency"),
            ({"expires_in_s": 1}, "expires_in_s"),
            ({"buyer": ""}, "buyer"),
            ({"order_no": MISSING}, "order_no"),
            ({"lines": [line("x")]}, "lines"),
        ):
            answer = await house.send("POST", "/v1/payments", changed(**fields))
            assert name in answer.json["detail"], answer

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"order_no": "\\ud800"}', b"[" * 100_000],
        ids=["empty", "open", "list", "text", "null", "not-utf8", "surrogate", "deep"],
    )
    async def test_of_no_shape_is_refused(self, house: House, body: bytes) -> None:
        answer = await house.send("POST", "/v1/payments", raw=body)
        assert answer.problem == INVALID
        await nothing_exists(house)

    async def test_larger_than_any_request_may_be_is_refused(self, house: House) -> None:
        body = b'{"description": "' + b"x" * 4_000_000 + b'"}'
        headers = {"Authorization": f"Bearer {house.api_key}", "Content-Type": "application/json"}
        assert await house.send_large("/v1/payments", body, headers) == 413
        await nothing_exists(house)

    async def test_may_be_as_small_and_as_large_as_its_channel_takes(self, house: House) -> None:
        small = await house.paid("small", 1)
        large = await house.paid("large", 10**10)
        assert (small["fee"], large["fee"]) == (0, 6 * 10**7)
        assert await house.books() == {
            "channel": 10**10 + 1,
            "fee": 6 * 10**7,
            "A pending": 10**10 + 1 - 6 * 10**7,
        }

    @pytest.mark.parametrize("amount", [10**10 + 1, 10**15])
    async def test_larger_than_any_channel_takes_has_no_way(self, house: House, amount: int) -> None:
        order = {**GOOD, "amount": amount, "lines": [line(amount)]}
        assert (await house.send("POST", "/v1/payments", order)).problem == (422, "no_route")
        await nothing_exists(house)

    async def test_may_have_every_character_that_can_be_seen(self, house: House) -> None:
        order_no = "订单/№ 1?&#%2F'\"\\"
        payment = await house.paid(
            order_no, 1000, description="茶 & 瓷器 <b>", buyer="买家", metadata={"注": "记"}
        )
        assert (payment["order_no"], payment["metadata"]) == (order_no, {"注": "记"})
        (found,) = (
            await house.ask("GET", "/v1/payments?order_no=" + "".join(f"%{b:02X}" for b in order_no.encode()))
        )["items"]
        assert found["id"] == payment["id"]


class TestAnOrderSentAgain:
    async def test_gives_the_first_answer(self, house: House) -> None:
        first = await house.ask("POST", "/v1/payments", GOOD)
        assert await house.ask("POST", "/v1/payments", GOOD) == first
        await house.pay(first)
        paid = await house.payment_in("succeeded", first)
        assert await house.ask("POST", "/v1/payments", GOOD) == paid
        assert (await house.books())["channel"] == 1000

    @pytest.mark.parametrize(
        ("field", "fields"),
        [
            ("amount", {"amount": 1001, "lines": [line(1001)]}),
            ("description", {"description": "Order one"}),
            ("buyer", {"buyer": "b2"}),
            ("buyer", {"buyer": None}),
            ("metadata", {"metadata": {"cart": "8"}}),
            ("expires_in_s", {"expires_in_s": 7201}),
            ("lines", {"lines": [line(600, "B"), line(400)]}),
            ("lines", {"lines": [line(601), line(399, "B")]}),
            ("lines", {"lines": [line(1000)]}),
            ("methods", {"methods": ["wechatpay_native"], "method": "wechatpay_native"}),
            ("method", {"methods": [], "method": "alipay_qr"}),
            ("payer", {"payer": {"openid": "o1"}}),
        ],
    )
    async def test_otherwise_is_refused_by_field(
        self, house: House, field: str, fields: dict[str, object]
    ) -> None:
        first = await house.ask("POST", "/v1/payments", GOOD)
        answer = await house.send("POST", "/v1/payments", changed(**fields))
        assert answer.problem == (409, "exists_with_different_request")
        assert f"different {field}" in answer.json["detail"]
        assert await house.payment(first) == first

    async def test_by_ten_at_once_is_one_payment(self, house: House) -> None:
        answers = await asyncio.gather(*(house.send("POST", "/v1/payments", GOOD) for _ in range(10)))
        assert [answer.status for answer in answers] == [201] * 10
        assert len({answer.json["id"] for answer in answers}) == 1
        (payment,) = (await house.ask("GET", "/v1/payments"))["items"]
        assert {answer.json["code_url"] for answer in answers} == {payment["code_url"]}
        await house.pay(payment)
        await house.payment_in("succeeded", payment)
        assert await house.books() == {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
        assert await house.events(payment) == ["created", "code_issued", "paid"]

    async def test_by_ten_at_once_with_ten_amounts_is_one_payment(self, house: House) -> None:
        bodies = [changed(amount=amount, lines=[line(amount)]) for amount in range(1001, 1011)]
        answers = await asyncio.gather(*(house.send("POST", "/v1/payments", body) for body in bodies))
        assert sorted(answer.status for answer in answers) == [201] + [409] * 9
        assert len((await house.ask("GET", "/v1/payments"))["items"]) == 1


class TestARefundThatIsAskedFor:
    async def test_wrongly_is_refused_by_name_and_moves_nothing(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        before = await house.books()
        path = f"/v1/payments/{payment['id']}/refunds"
        good: dict[str, object] = {"refund_no": "r1", "amount": 500, "reason": "returned"}
        for fields, problem in (
            ({"amount": 0}, INVALID),
            ({"amount": -500}, INVALID),
            ({"amount": 10**15 + 1}, INVALID),
            ({"amount": 10**40}, INVALID),
            ({"amount": 0.5}, INVALID),
            ({"amount": "500"}, INVALID),
            ({"amount": None}, INVALID),
            ({"amount": 1001}, (409, "refund_exceeds_payment")),
            ({"refund_no": ""}, INVALID),
            ({"refund_no": "r" * 65}, INVALID),
            ({"refund_no": "r\0"}, INVALID),
            ({"refund_no": None}, INVALID),
            ({"reason": "x" * 81}, INVALID),
            ({"reason": "two\nlines"}, INVALID),
            ({"reason": 1}, INVALID),
        ):
            answer = await house.send("POST", path, {**good, **fields})
            assert answer.problem == problem, (fields, answer)
        assert (await house.send("POST", path)).problem == INVALID
        assert await house.books() == before
        assert await house.posted() == 1
