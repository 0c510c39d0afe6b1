"""The OpenAPI document against the running API: whatever it allows is answered as it says, and nothing breaks."""

import asyncio
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from feiqian.lending import register_funder
from tests.loop.house import House
from tests.openapi.ledger_books import Books

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

pytestmark = pytest.mark.anyio

EXAMPLES = 30
"""For each operation."""
IMPORT_ID = "019c0000-0000-7000-8000-000000000001"
OUT_OF_REACH = {
    "GET /v1/merchants/{merchant_no}/credit-line",
    "POST /v1/loans",
    "GET /v1/loans/{loan_id}",
    "POST /v1/loans/{loan_id}/repayments",
    "POST /v1/payments/{payment_id}/close",
    "POST /v1/payments/{payment_id}/attempts",
    "POST /v1/payment-links",
    "POST /v1/ledger/accounts/{account_id}/close",
    "POST /v1/ledger/subjects",
    "POST /v1/ledger/transactions",
    "POST /v1/ledger/transactions/{transaction_id}/reverse",
}
"""What one day's trade of one merchant does not allow: there is no line, no loan, and the known payment is paid; the known
account is not empty, the known subject is defined otherwise, and few combinations of the fields of a transaction or a link make
sense."""


def try_everything(
    document: dict[str, Any], url: str, api_key: str, known: dict[str, Any]
) -> dict[str, set[int]]:
    """Send made-up requests to every operation, half of them with names that are known; the statuses that came back.

    Raises: when an answer is an error of ours or not what the document says.
    """
    statuses: dict[str, set[int]] = {}
    results = schemathesis.openapi.from_dict(document).get_all_operations()
    operations: list[Any] = [
        result.ok()  # pyright: ignore[reportAttributeAccessIssue] - an Err raises here
        for result in results
    ]
    # What takes known things away comes last.
    for operation in sorted(operations, key=lambda each: each.method.upper() == "DELETE"):
        headers = {"Authorization": f"Bearer {api_key}"}
        statuses[operation.label] = try_operation(operation, url, headers, known)
    return statuses


def try_operation(operation: Any, url: str, headers: dict[str, str], known: dict[str, Any]) -> set[int]:
    seen: set[int] = set()

    @seed(20101201)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy(), knows=st.booleans())
    def send(case: Any, knows: bool) -> None:
        for fields in (case.path_parameters, case.query, case.body):
            if knows and isinstance(fields, dict):
                fields.update({name: value for name, value in known.items() if name in fields})
        answer = case.call(base_url=url, headers=headers)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    send()
    return seen


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


async def ledger_names(house: House) -> dict[str, Any]:
    """What is known of a platform's own book."""
    books = await Books.begin(house)
    paid = await books.post(("bank", "alice", 1_000_000))
    hold = await books.post(("alice", "bob", 50), action="hold")
    done = await house.send("POST", f"/v1/ledger/imports?id={IMPORT_ID}&book=main", raw=b"kind\n")
    assert done.status == 200, done
    return {
        "account_id": books.accounts["alice"],
        "account": books.accounts["alice"],
        "accounts": [books.accounts["bob"]],
        "legs": [books.leg("alice", "bob", 1)],
        "transaction_id": paid,
        "hold_id": hold,
        "id": "019c0000-0000-7000-8000-000000000002",
        "import_id": done.json["id"],
        "book": "main",
        "name": "people",
        "code": "own.wallet",
        "format": "ndjson",
    }


async def notification_names(house: House) -> dict[str, Any]:
    """An endpoint where nobody answers, and an event for it."""
    made = await house.ask("POST", "/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/"})
    event = await house.ask("POST", f"/v1/webhook-endpoints/{made['endpoint']['id']}/test")
    return {
        "endpoint_id": made["endpoint"]["id"],
        "event_id": event["id"],
        "url": "https://127.0.0.1:9/events",
        "topics": ["refund.failed"],
        "topic": "test.ping",
        "object": made["endpoint"]["id"],
    }


async def address_names(house: House) -> dict[str, Any]:
    """A payment link and a shop's code."""
    link = {
        "link_no": "l1",
        "description": "tea",
        "lines": [{"merchant_no": "A", "amount": 100}],
        "amount": 100,
    }
    code = {"code_no": "c1", "merchant_no": "A", "shop": "Tea House"}
    return {
        "link_id": (await house.ask("POST", "/v1/payment-links", link))["id"],
        "code_id": (await house.ask("POST", "/v1/payment-codes", code))["id"],
        "shop": "Tea House",
    }


class TestTheDocument:
    # The house runs in this process too, and its pool draws random numbers when it opens a connection.
    @pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
    @pytest.mark.timeout(400)
    async def test_is_kept_by_every_operation_for_whatever_it_allows(self, house: House) -> None:
        now = house.clock.now()
        await house.database.run(lambda tx: register_funder(tx, now=now, funder_no="F1", name="Funder"))
        payment = await house.paid("1", 10_000_000)
        refund = await house.refunded(payment, "r1", 1000)
        await house.later(days=1)
        known = {
            **await ledger_names(house),
            "merchant_no": "A",
            "payment_id": payment["id"],
            "refund_id": refund["id"],
            **await notification_names(house),
            **await address_names(house),
            "funder_no": "F1",
            "day": "2026-03-02",
            "currency": "CNY",
            "amount": 100,
            "lines": [{"merchant_no": "A", "amount": 100}],
            "expires_in_s": 600,
            "order_no": "o1",
            "refund_no": "r2",
            "reason": "returned",
            "description": "tea",
            "cursor": None,
            "at": None,
            "buyer": "b1",
            "metadata": {},
        }
        document = await house.ask("GET", "/schema/openapi.json")
        statuses = await asyncio.to_thread(try_everything, document, house.url, house.api_key, known)
        assert len(statuses) == 71
        assert {label for label, seen in statuses.items() if min(seen) >= 300} <= OUT_OF_REACH

    async def test_describes_every_error_as_a_problem(self, house: House) -> None:
        document = await house.ask("GET", "/schema/openapi.json")
        assert document["openapi"].startswith("3.1")
        reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                errors = {
                    status: each for status, each in operation["responses"].items() if int(status) >= 400
                }
                assert {"400", "401", "403", "404", "409", "422", "503"} <= set(errors), (method, path)
                for each in errors.values():
                    assert each["content"] == {"application/problem+json": reference}, (method, path)
