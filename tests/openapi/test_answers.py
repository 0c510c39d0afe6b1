"""How the API answers: replays under a key, unknown names, lists, languages, problem documents."""

import asyncio
from typing import Any

import pytest

from tests.loop.house import House

pytestmark = pytest.mark.anyio

ORDER: dict[str, Any] = {
    "order_no": "1",
    "amount": 1000,
    "currency": "CNY",
    "description": "Order 1",
    "lines": [{"merchant_no": "A", "amount": 1000}],
}
UNKNOWN = "0" * 26


class TestAnIdempotencyKey:
    async def test_makes_a_request_safe_to_repeat(self, house: House) -> None:
        key = {"Idempotency-Key": "k1"}
        answers = [await house.send("POST", "/v1/payments", ORDER, headers=key) for _ in range(3)]
        assert [answer.status for answer in answers] == [201] * 3
        assert answers[0].json == answers[1].json == answers[2].json

    async def test_is_bound_to_its_first_request(self, house: House) -> None:
        key = {"Idempotency-Key": "k1"}
        payment = (await house.send("POST", "/v1/payments", ORDER, headers=key)).json
        path = f"/v1/payments/{payment['id']}"
        for method, where, body, difference in (
            ("POST", "/v1/payments", {**ORDER, "order_no": "2"}, "different request"),
            ("POST", "/v1/payments", {**ORDER, "amount": 1}, "different request"),
            ("POST", "/v1/merchants", ORDER, "POST /v1/payments"),
            ("POST", f"{path}/close", None, "POST /v1/payments"),
        ):
            answer = await house.send(method, where, body, headers=key)
            assert answer.problem == (409, "exists_with_different_request"), (where, body)
            assert difference in answer.json["detail"]
        assert (await house.ask("GET", path))["state"] == "awaiting_payment"
        assert len((await house.ask("GET", "/v1/payments"))["items"]) == 1
        # Reading changes nothing, so a key on it is no matter.
        assert (await house.send("GET", path, headers=key)).status == 200

    async def test_at_once_lets_one_request_through(self, house: House) -> None:
        bodies = [{**ORDER, "order_no": str(number)} for number in range(6)]
        answers = await asyncio.gather(
            *(house.send("POST", "/v1/payments", body, headers={"Idempotency-Key": "k1"}) for body in bodies)
        )
        assert sorted(answer.status for answer in answers) == [201] + [409] * 5
        assert len((await house.ask("GET", "/v1/payments"))["items"]) == 1

    async def test_too_long_is_refused(self, house: House) -> None:
        answer = await house.send("POST", "/v1/payments", ORDER, headers={"Idempotency-Key": "k" * 129})
        assert answer.problem == (400, "invalid_request")
        assert "Idempotency-Key" in answer.json["detail"]
        assert (await house.ask("GET", "/v1/payments"))["items"] == []


class TestANameThatNobodyKnows:
    async def test_is_not_found_and_one_of_another_kind_is_refused(self, house: House) -> None:
        for prefix, path in (
            ("payment", "/v1/payments/{}"),
            ("refund", "/v1/refunds/{}"),
            ("loan", "/v1/loans/{}"),
        ):
            good = await house.send("GET", path.format(f"{prefix}_{UNKNOWN}"))
            assert good.problem == (404, "not_found"), path
            for name in (
                f"merchant_{UNKNOWN}",
                UNKNOWN,
                f"{prefix}_",
                f"{prefix}_{UNKNOWN}0",
                f"{prefix}_{'8' + UNKNOWN[1:]}",
                f"{prefix}_{UNKNOWN[1:]}u",
                f"{prefix.upper()}_{UNKNOWN}",
                "%00",
                "%E9%92%B1",
            ):
                answer = await house.send("GET", path.format(name))
                assert answer.problem == (400, "invalid_request"), (path, name)

    async def test_leads_nowhere(self, house: House) -> None:
        for method, path, problem in (
            ("GET", "/v1/nowhere", (404, "not_found")),
            ("GET", "/v1/merchants/A/nowhere", (404, "not_found")),
            ("DELETE", "/v1/payments", (405, "method_not_allowed")),
            ("GET", "/v1/merchants/nobody", (422, "merchant_unknown")),
            ("GET", "/v1/merchants/%00", (400, "invalid_request")),
            ("GET", "/v1/payments?order_no=%00", (400, "invalid_request")),
            ("GET", "/v1/refunds?refund_no=%00", (400, "invalid_request")),
            ("GET", "/v1/refunds", (400, "invalid_request")),
            ("GET", "/v1/funders/nobody", (404, "not_found")),
            ("POST", "/v1/days/2026-02-30/close", (404, "not_found")),
            ("POST", "/v1/days/9999-12-31/close", (409, "day_not_over")),
            ("POST", "/v1/days/9999-12-31/reconcile", (409, "day_not_over")),
            ("POST", "/v1/days/9999-12-31/vouchers", (409, "day_not_over")),
        ):
            assert (await house.send(method, path)).problem == problem, (method, path)


class TestAList:
    async def test_is_walked_by_its_cursor_newest_first_without_gaps(self, house: House) -> None:
        made = [(await house.create(str(number), 100))["id"] for number in range(5)]
        seen: list[str] = []
        cursor = ""
        while True:
            page = await house.ask("GET", f"/v1/payments?limit=2{cursor}")
            seen += [payment["id"] for payment in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert sorted(seen) == sorted(made)
        assert seen == sorted(seen, reverse=True)
        assert (await house.ask("GET", "/v1/payments?state=succeeded"))["items"] == []

    async def test_refuses_what_is_no_limit_cursor_or_state(self, house: House) -> None:
        for query in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=" + "x" * 201, "state=x"):
            answer = await house.send("GET", f"/v1/payments?{query}")
            assert answer.problem == (400, "invalid_request"), query
        for query in ("cursor=-1", "cursor=x", "account=x", "limit=0"):
            answer = await house.send("GET", f"/v1/merchants/A/statement?{query}")
            assert answer.problem == (400, "invalid_request"), query

    async def test_of_entries_runs_to_the_balance(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        await house.refunded(payment, "r1", 500)
        entries = (await house.ask("GET", "/v1/merchants/A/statement?account=pending"))["items"]
        assert [(entry["kind"], entry["amount"], entry["balance"]) for entry in entries] == [
            ("refund_requested", -298, 299),
            ("payment", 597, 597),
        ]
        assert (await house.ask("GET", "/v1/merchants/A/balance"))["pending"] == 299


class TestAProblem:
    async def test_is_a_document_in_the_callers_language(self, house: House) -> None:
        said: dict[str, str] = {}
        for language in ("zh", "zh-CN,zh;q=0.9", "en", "en-GB,en;q=0.8", "", "fr"):
            body = {**ORDER, "lines": [{"merchant_no": "nobody", "amount": 1000}]}
            answer = await house.send("POST", "/v1/payments", body, headers={"Accept-Language": language})
            assert answer.headers["Content-Type"].startswith("application/problem+json")
            problem = answer.json
            said[language] = problem.pop("detail")
            assert problem == {
                "type": "https://feiqian.dev/errors/merchant_unknown",
                "title": "merchant unknown",
                "status": 422,
                "code": "merchant_unknown",
                "retryable": False,
            }
        english = "Merchant nobody is not registered. Create it with POST /v1/merchants first."
        chinese = "商户 nobody 尚未登记，请先调用 POST /v1/merchants。"
        assert said["en"] == said["en-GB,en;q=0.8"] == english
        assert {said[language] for language in ("zh", "zh-CN,zh;q=0.9", "", "fr")} == {chinese}
