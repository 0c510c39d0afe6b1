"""Profit sharing: what is frozen, who gets what, what comes back, and every rule that stops it."""

from typing import Any

import pytest
from tests.simulators.merchant import Answer, Sandbox
from tests.simulators.wechatpay.shop import available, encrypted, frozen

BASE = "/v3/profitsharing"
NOWHERE = "http://127.0.0.1:9/callbacks"
SHOP = "1800000777"
LATER = "2026-03-02T12:01:00+08:00"


def sharable(sandbox: Sandbox, number: str, total: int = 10_000) -> str:
    """A paid order that waits for sharing, a minute later, and two receivers."""
    transaction_id = sandbox.paid(number, total, NOWHERE, settle_info={"profit_sharing": True})
    for kind, account in (("MERCHANT_ID", SHOP), ("PERSONAL_OPENID", "oStaff")):
        receiver = {"type": kind, "account": account, "appid": sandbox.credentials["appid"]}
        named = receiver | {"name": encrypted(sandbox, "示例商户"), "relation_type": "STORE"}
        assert sandbox.call("POST", f"{BASE}/receivers/add", named).status == 200
    sandbox.sandbox("clock", {"now": LATER})
    return transaction_id


def part(amount: int, account: str = SHOP) -> dict[str, Any]:
    kind = "PERSONAL_OPENID" if account.startswith("o") else "MERCHANT_ID"
    return {"type": kind, "account": account, "amount": amount, "description": "分给门店"}


def share(
    sandbox: Sandbox, transaction_id: str, number: str, *parts: dict[str, Any], rest: bool = False
) -> Answer:
    return sandbox.call(
        "POST",
        f"{BASE}/orders",
        {
            "appid": sandbox.credentials["appid"],
            "transaction_id": transaction_id,
            "out_order_no": number,
            "receivers": list(parts),
            "unfreeze_unsplit": rest,
        },
    )


def query(sandbox: Sandbox, transaction_id: str, number: str) -> Any:
    return sandbox.call("GET", f"{BASE}/orders/{number}?transaction_id={transaction_id}").json


def unsplit(sandbox: Sandbox, transaction_id: str) -> int:
    return sandbox.call("GET", f"{BASE}/transactions/{transaction_id}/amounts").json["unsplit_amount"]


class TestAnOrderForSharing:
    def test_is_frozen_until_it_is_shared_and_the_rest_set_free(self, sandbox: Sandbox, number: str) -> None:
        before = available(sandbox)
        shop = available(sandbox, SHOP)
        transaction_id = sharable(sandbox, number)
        assert (available(sandbox), unsplit(sandbox, transaction_id)) == (before, 9962)
        asked = share(sandbox, transaction_id, f"s{number}", part(2000), part(500, "oStaff")).json
        assert (asked["state"], asked["receivers"][0]["result"]) == ("PROCESSING", "PENDING")
        done = query(sandbox, transaction_id, f"s{number}")
        assert done["state"] == "FINISHED"
        assert [(one["amount"], one["result"]) for one in done["receivers"]] == [
            (2000, "SUCCESS"),
            (500, "SUCCESS"),
        ]
        assert (unsplit(sandbox, transaction_id), available(sandbox, SHOP)) == (7462, shop + 2000)
        freeing = {"transaction_id": transaction_id, "out_order_no": f"u{number}", "description": "解冻"}
        assert sandbox.call("POST", f"{BASE}/orders/unfreeze", freeing).status == 200
        assert (unsplit(sandbox, transaction_id), available(sandbox)) == (0, before + 7462)

    def test_is_shared_and_set_free_in_one_call(self, sandbox: Sandbox, number: str) -> None:
        before, still = available(sandbox), frozen(sandbox)
        transaction_id = sharable(sandbox, number)
        share(sandbox, transaction_id, f"s{number}", part(3000), rest=True)
        assert (available(sandbox), frozen(sandbox)) == (before + 6962, still)

    def test_is_shared_once_under_one_number(self, sandbox: Sandbox, number: str) -> None:
        transaction_id = sharable(sandbox, number)
        share(sandbox, transaction_id, f"s{number}", part(100))
        again = share(sandbox, transaction_id, f"s{number}", part(100))
        assert again.json == query(sandbox, transaction_id, f"s{number}")
        altered = share(sandbox, transaction_id, f"s{number}", part(101))
        assert altered.refusal == (400, "INVALID_REQUEST")
        assert unsplit(sandbox, transaction_id) == 9862

    def test_that_is_refunded_gives_up_what_is_frozen_first(self, sandbox: Sandbox, number: str) -> None:
        before = available(sandbox)
        transaction_id = sharable(sandbox, number)
        amount = {"refund": 10_000, "total": 10_000, "currency": "CNY"}
        wish = {"out_trade_no": number, "out_refund_no": f"r{number}", "amount": amount}
        assert sandbox.refund(wish).json["funds_account"] == "UNSETTLED"
        assert (unsplit(sandbox, transaction_id), available(sandbox)) == (0, before)


class TestAFinishedSharing:
    def test_is_not_success_for_everybody(self, sandbox: Sandbox, number: str) -> None:
        transaction_id = sharable(sandbox, number)
        sandbox.sandbox("behaviour", {"sharing": "part_fails", "only_next": 1})
        share(sandbox, transaction_id, f"s{number}", part(500, "oStaff"), part(2000))
        done = query(sandbox, transaction_id, f"s{number}")
        assert done["state"] == "FINISHED"
        assert [one["result"] for one in done["receivers"]] == ["SUCCESS", "CLOSED"]
        assert done["receivers"][1]["fail_reason"] == "ACCOUNT_ABNORMAL"
        assert unsplit(sandbox, transaction_id) == 9462

    def test_may_take_as_long_as_it_likes(self, sandbox: Sandbox, number: str) -> None:
        transaction_id = sharable(sandbox, number)
        sandbox.sandbox("behaviour", {"sharing": "processing", "only_next": 1})
        share(sandbox, transaction_id, f"s{number}", part(500))
        assert query(sandbox, transaction_id, f"s{number}")["state"] == "PROCESSING"
        sandbox.sandbox(f"sharings/s{number}", {"result": "FAIL"})
        assert query(sandbox, transaction_id, f"s{number}")["receivers"][0]["result"] == "CLOSED"
        assert unsplit(sandbox, transaction_id) == 9962

    def test_can_be_given_back_by_the_merchant_that_got_it(self, sandbox: Sandbox, number: str) -> None:
        transaction_id = sharable(sandbox, number)
        share(sandbox, transaction_id, f"s{number}", part(2000), rest=True)
        ours, shops = available(sandbox), available(sandbox, SHOP)
        wish = {
            "out_order_no": f"s{number}",
            "out_return_no": f"b{number}",
            "return_mchid": SHOP,
            "amount": 1500,
            "description": "用户退款",
        }
        first = sandbox.call("POST", f"{BASE}/return-orders", wish).json
        assert first["result"] == "SUCCESS"
        target = f"{BASE}/return-orders/b{number}?out_order_no=s{number}"
        assert sandbox.call("POST", f"{BASE}/return-orders", wish).json == first
        assert sandbox.call("GET", target).json == first
        assert (available(sandbox), available(sandbox, SHOP)) == (ours + 1500, shops - 1500)
        more = wish | {"out_return_no": f"c{number}", "amount": 501}
        assert sandbox.call("POST", f"{BASE}/return-orders", more).refusal == (403, "NOT_ENOUGH")


class TestASharingAgainstTheRules:
    @pytest.mark.parametrize(
        ("moment", "parts", "refusal"),
        [
            ("2026-03-02T12:00:59+08:00", [part(1)], (403, "RULE_LIMIT")),
            ("2026-04-02T12:00:00+08:00", [part(1)], (400, "INVALID_REQUEST")),
            (LATER, [part(3001)], (403, "RULE_LIMIT")),
            (LATER, [part(1, "1800000888")], (400, "INVALID_REQUEST")),
            (LATER, [part(1), part(1)], (400, "PARAM_ERROR")),
            (LATER, [part(0)], (400, "PARAM_ERROR")),
            (LATER, [part(1)] * 51, (400, "PARAM_ERROR")),
        ],
        ids=["too early", "too late", "above 30 %", "stranger", "twice", "nothing", "51 receivers"],
    )
    def test_moves_nothing(
        self, sandbox: Sandbox, number: str, moment: str, parts: list[Any], refusal: tuple[int, str]
    ) -> None:
        transaction_id = sharable(sandbox, number)
        sandbox.sandbox("clock", {"now": moment})
        assert share(sandbox, transaction_id, f"s{number}", *parts).refusal == refusal
        assert unsplit(sandbox, transaction_id) == 9962

    def test_of_an_ordinary_order_is_refused(self, sandbox: Sandbox, number: str) -> None:
        sharable(sandbox, f"{number}-1")
        transaction_id = sandbox.paid(number, 10_000, NOWHERE)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:03:00+08:00"})
        assert share(sandbox, transaction_id, f"s{number}", part(1)).refusal == (400, "INVALID_REQUEST")

    def test_is_refused_the_fifty_first_time(self, sandbox: Sandbox, number: str) -> None:
        transaction_id = sharable(sandbox, number)
        for index in range(50):
            assert share(sandbox, transaction_id, f"s{number}-{index}", part(1)).status == 200
        assert share(sandbox, transaction_id, f"s{number}-50", part(1)).refusal == (403, "RULE_LIMIT")

    def test_with_a_deleted_receiver_is_refused(self, sandbox: Sandbox, number: str) -> None:
        transaction_id = sharable(sandbox, number)
        wish = {"type": "MERCHANT_ID", "account": SHOP, "appid": sandbox.credentials["appid"]}
        assert sandbox.call("POST", f"{BASE}/receivers/delete", wish).status == 200
        assert share(sandbox, transaction_id, f"s{number}", part(1)).refusal == (400, "INVALID_REQUEST")

    def test_with_an_unreadable_name_is_refused(self, sandbox: Sandbox, number: str) -> None:
        wish = {"type": "PERSONAL_OPENID", "account": "oNew", "relation_type": "USER", "name": "张三"}
        assert sandbox.call("POST", f"{BASE}/receivers/add", wish).refusal == (400, "PARAM_ERROR")
