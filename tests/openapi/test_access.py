"""Who may do what: keys, scopes, and one platform's things hidden from another."""

import re

import pytest

from feiqian.members import Scope, issue_api_key, register_platform
from tests.loop.house import House

pytestmark = pytest.mark.anyio

ANY_PAYMENT = "/v1/payments/payment_00000000000000000000000000"
ANY_LINK = "/v1/payment-links/link_00000000000000000000000000"
ANY_CODE = "/v1/payment-codes/code_00000000000000000000000000"
ANY_ENDPOINT = "/v1/webhook-endpoints/endpoint_00000000000000000000000000"
ANY_EVENT = "/v1/events/event_00000000000000000000000000"
ANY_ACCOUNT = "/v1/ledger/accounts/account_00000000000000000000000000"
ANY_TRANSACTION = "transaction_00000000000000000000000000"
ROUTES = (
    ("POST", "/v1/merchants", Scope.PAYMENTS),
    ("GET", "/v1/merchants/A", Scope.PAYMENTS),
    ("GET", "/v1/merchants/A/balance", Scope.PAYMENTS),
    ("GET", "/v1/merchants/A/statement", Scope.PAYMENTS),
    ("POST", "/v1/payments", Scope.PAYMENTS),
    ("GET", "/v1/payments", Scope.PAYMENTS),
    ("GET", ANY_PAYMENT, Scope.PAYMENTS),
    ("POST", f"{ANY_PAYMENT}/query", Scope.PAYMENTS),
    ("POST", f"{ANY_PAYMENT}/attempts", Scope.PAYMENTS),
    ("POST", f"{ANY_PAYMENT}/close", Scope.PAYMENTS),
    ("POST", f"{ANY_PAYMENT}/refunds", Scope.PAYMENTS),
    ("POST", "/v1/payment-links", Scope.PAYMENTS),
    ("GET", ANY_LINK, Scope.PAYMENTS),
    ("POST", f"{ANY_LINK}/close", Scope.PAYMENTS),
    ("POST", "/v1/payment-codes", Scope.PAYMENTS),
    ("GET", ANY_CODE, Scope.PAYMENTS),
    ("POST", f"{ANY_CODE}/close", Scope.PAYMENTS),
    ("GET", "/v1/refunds?refund_no=1", Scope.PAYMENTS),
    ("GET", "/v1/refunds/refund_00000000000000000000000000", Scope.PAYMENTS),
    ("POST", "/v1/webhook-endpoints", Scope.PAYMENTS),
    ("GET", "/v1/webhook-endpoints", Scope.PAYMENTS),
    ("GET", ANY_ENDPOINT, Scope.PAYMENTS),
    ("PATCH", ANY_ENDPOINT, Scope.PAYMENTS),
    ("DELETE", ANY_ENDPOINT, Scope.PAYMENTS),
    ("POST", f"{ANY_ENDPOINT}/secret", Scope.PAYMENTS),
    ("POST", f"{ANY_ENDPOINT}/test", Scope.PAYMENTS),
    ("GET", "/v1/events", Scope.PAYMENTS),
    ("GET", ANY_EVENT, Scope.PAYMENTS),
    ("POST", f"{ANY_EVENT}/resend", Scope.PAYMENTS),
    ("POST", "/v1/merchants/A/credit-line", Scope.LENDING),
    ("GET", "/v1/merchants/A/credit-line", Scope.LENDING),
    ("POST", "/v1/loans", Scope.LENDING),
    ("GET", "/v1/loans", Scope.LENDING),
    ("GET", "/v1/loans/loan_00000000000000000000000000", Scope.LENDING),
    ("POST", "/v1/loans/loan_00000000000000000000000000/repayments", Scope.LENDING),
    ("GET", "/v1/funders/bank-a", Scope.LENDING),
    ("POST", "/v1/funders/bank-a/deposits", Scope.LENDING),
    ("POST", "/v1/days/2026-03-01/close", Scope.OPERATIONS),
    ("POST", "/v1/days/2026-03-01/reconcile", Scope.OPERATIONS),
    ("POST", "/v1/days/2026-03-01/vouchers", Scope.OPERATIONS),
    ("POST", "/v1/ledger/subjects", Scope.LEDGER),
    ("GET", "/v1/ledger/subjects", Scope.LEDGER),
    ("POST", "/v1/ledger/accounts", Scope.LEDGER),
    ("GET", "/v1/ledger/accounts?book=main", Scope.LEDGER),
    ("GET", ANY_ACCOUNT, Scope.LEDGER),
    ("GET", f"{ANY_ACCOUNT}/changes", Scope.LEDGER),
    ("GET", f"{ANY_ACCOUNT}/balance", Scope.LEDGER),
    ("GET", f"{ANY_ACCOUNT}/statement", Scope.LEDGER),
    ("GET", f"{ANY_ACCOUNT}/statement.csv", Scope.LEDGER),
    ("GET", f"{ANY_ACCOUNT}/statement.xlsx", Scope.LEDGER),
    ("GET", f"{ANY_ACCOUNT}/statement.pdf", Scope.LEDGER),
    ("POST", f"{ANY_ACCOUNT}/freeze", Scope.LEDGER),
    ("POST", f"{ANY_ACCOUNT}/overdraft", Scope.LEDGER),
    ("POST", f"{ANY_ACCOUNT}/close", Scope.LEDGER),
    ("POST", "/v1/ledger/groups/all/add", Scope.LEDGER),
    ("POST", "/v1/ledger/groups/all/remove", Scope.LEDGER),
    ("GET", "/v1/ledger/groups/all/balance", Scope.LEDGER),
    ("GET", "/v1/ledger/books", Scope.LEDGER),
    ("GET", "/v1/ledger/books/main/trial-balance", Scope.LEDGER),
    ("POST", "/v1/ledger/transactions", Scope.LEDGER),
    ("POST", "/v1/ledger/transactions/batch", Scope.LEDGER),
    ("GET", "/v1/ledger/transactions", Scope.LEDGER),
    ("GET", f"/v1/ledger/transactions/{ANY_TRANSACTION}", Scope.LEDGER),
    ("POST", f"/v1/ledger/transactions/{ANY_TRANSACTION}/reverse", Scope.LEDGER),
    ("GET", f"/v1/ledger/holds?account={ANY_TRANSACTION}", Scope.LEDGER),
    ("GET", f"/v1/ledger/holds/{ANY_TRANSACTION}", Scope.LEDGER),
    ("POST", "/v1/ledger/imports?id=x&book=main", Scope.LEDGER),
    ("GET", "/v1/ledger/imports?book=main", Scope.LEDGER),
    ("GET", "/v1/ledger/imports/x", Scope.LEDGER),
    ("GET", "/v1/ledger/imports/x/refusals", Scope.LEDGER),
    ("GET", "/v1/ledger/imports/x/refusals.csv", Scope.LEDGER),
)


async def key_of(house: House, name: str, *scopes: Scope, label: str = "another") -> str:
    """A key of a platform that is made for it; the one issued before under the label stops working."""
    now = house.clock.now()
    platform = await house.database.run(lambda tx: register_platform(tx, now=now, name=name))
    return await house.database.run(
        lambda tx: issue_api_key(tx, now=now, platform=platform, label=label, scopes=scopes)
    )


class TestEveryRoute:
    async def test_is_closed_without_a_good_key_whatever_else_is_sent(self, house: House) -> None:
        revoked = await key_of(house, "mall", *Scope, label="revoked")
        await key_of(house, "mall", *Scope, label="revoked")
        for method, path, _ in ROUTES:
            for authorization in (
                "",
                "Bearer",
                "Bearer ",
                "Basic abc",
                "Bearer fq_unknown",
                f"Bearer {revoked}",
            ):
                for body in (b"", b"{", b"{}"):
                    answer = await house.send(
                        method, path, raw=body, headers={"Authorization": authorization}
                    )
                    assert answer.problem == (401, "api_key_invalid"), (method, path, authorization, body)
        assert await house.posted() == 0

    async def test_is_closed_to_a_key_without_its_scope(self, house: House) -> None:
        keys = {
            scope: await key_of(house, "mall", *(other for other in Scope if other is not scope), label=scope)
            for scope in Scope
        }
        for method, path, scope in ROUTES:
            answer = await house.send(method, path, headers={"Authorization": f"Bearer {keys[scope]}"})
            assert answer.problem == (403, "scope_missing"), (method, path)
            assert scope in answer.json["detail"]
        assert await house.posted() == 0

    async def test_is_in_the_table_above(self, house: House) -> None:
        schema = await house.ask("GET", "/schema/openapi.json")
        documented = {
            (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path)))
            for path, methods in schema["paths"].items()
            for method in methods
        }
        tested = [(method, path.partition("?")[0]) for method, path, _ in ROUTES]
        assert len(documented) == len(tested) > 20
        for method, pattern in documented:
            assert any(m == method and pattern.fullmatch(path) for m, path in tested), pattern


class TestAPlatform:
    async def test_sees_and_moves_nothing_of_another(self, house: House) -> None:
        payment = await house.paid("1", 600, 400)
        refund = await house.refunded(payment, "r1", 100)
        before = await house.books()
        other = {"Authorization": f"Bearer {await key_of(house, 'another mall', *Scope)}"}
        for method, path in (
            ("GET", f"/v1/payments/{payment['id']}"),
            ("POST", f"/v1/payments/{payment['id']}/query"),
            ("POST", f"/v1/payments/{payment['id']}/close"),
            ("GET", f"/v1/refunds/{refund['id']}"),
        ):
            answer = await house.send(method, path, headers=other)
            assert answer.problem == (404, "not_found"), (method, path)
        body = {"refund_no": "r2", "amount": 1, "reason": ""}
        answer = await house.send("POST", f"/v1/payments/{payment['id']}/refunds", body, headers=other)
        assert answer.problem == (404, "not_found")
        for path in ("/v1/payments", "/v1/payments?order_no=1", "/v1/refunds?refund_no=r1", "/v1/loans"):
            assert (await house.send("GET", path, headers=other)).json["items"] == [], path
        for path in ("/v1/merchants/A", "/v1/merchants/A/balance", "/v1/merchants/A/statement"):
            answer = await house.send("GET", path, headers=other)
            assert answer.problem == (422, "merchant_unknown"), path
        assert await house.books() == before

    async def test_may_use_the_numbers_of_another(self, house: House) -> None:
        mine = await house.paid("1", 600, 400)
        await house.refunded(mine, "r1", 100)
        house.api_key = await key_of(house, "another mall", *Scope)
        for merchant_no in ("A", "B"):
            await house.ask("POST", "/v1/merchants", {"merchant_no": merchant_no, "name": "Another"})
        theirs = await house.paid("1", 600, 400)
        assert theirs["id"] != mine["id"]
        await house.refunded(theirs, "r1", 100)
        assert (await house.books())["channel"] == 2 * 900
        assert (await house.ask("GET", "/v1/merchants/A/balance"))["pending"] == 597 - 59


class TestAKey:
    async def test_that_is_revoked_stops_working(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        # Known keys are looked up again after some seconds; here, every time.
        monkeypatch.setattr("feiqian.openapi.access.CACHE_S", 0)
        key = await key_of(house, "mall", *Scope, label="old")
        headers = {"Authorization": f"Bearer {key}"}
        assert (await house.send("GET", "/v1/payments", headers=headers)).status == 200
        await key_of(house, "mall", *Scope, label="old")
        assert (await house.send("GET", "/v1/payments", headers=headers)).problem == (401, "api_key_invalid")
