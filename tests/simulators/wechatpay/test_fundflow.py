"""The fund flow bill: every movement of the merchant's money, its balance, and its misbehaviour."""

import hashlib
import random
from decimal import Decimal

import pytest
from tests.simulators.merchant import Sandbox
from tests.simulators.wechatpay.shop import available, bill_lines, download
from tests.simulators.wechatpay.test_sharing import part, sharable, share, unsplit
from tests.simulators.wechatpay.test_transfers import BILLS, bill

FLOWS = "/v3/bill/fundflowbill?bill_date=2026-03-02"
NEXT_DAY = "2026-03-03T10:00:00+08:00"


class TestTheFundFlowBill:
    def test_adds_up_to_the_balance(self, own_sandbox: Sandbox) -> None:
        sandbox = own_sandbox
        sandbox.sandbox("deposits", {"amount": 100_00})
        transaction_id = sharable(sandbox, "order-1")
        share(sandbox, transaction_id, "share-1", part(2000), rest=True)
        sandbox.sandbox("behaviour", {"transfer": "confirmed_at_once"})
        sandbox.call("POST", BILLS, bill(sandbox, "transfer1", 50_00))
        amount = {"refund": 5000, "total": 10_000, "currency": "CNY"}
        sandbox.refund({"out_trade_no": "order-1", "out_refund_no": "refund-1", "amount": amount})
        balance = available(sandbox)
        sandbox.sandbox("clock", {"now": NEXT_DAY})
        answer = download(sandbox, FLOWS)
        lines = bill_lines(answer)
        shown = sorted((line[4], line[5], line[6]) for line in lines)
        assert shown == sorted(
            [
                ("充值", "收入", "100.00"),
                ("交易", "收入", "100.00"),
                ("扣除交易手续费", "支出", "0.38"),
                ("分账", "支出", "20.00"),
                ("商家转账", "支出", "50.00"),
                ("退款", "支出", "50.00"),
                ("退款", "收入", "0.19"),
            ]
        )
        assert Decimal(lines[-1][7]) * 100 == balance
        assert len({line[2] for line in lines}) == len(lines)
        assert answer.body.decode("utf-8-sig").split("\r\n")[-2] == "`7.0,`3.0,`200.19,`4.0,`120.38"

    def test_opens_with_what_the_day_before_left(self, own_sandbox: Sandbox) -> None:
        own_sandbox.sandbox("deposits", {"amount": 700})
        own_sandbox.sandbox("clock", {"now": "2026-03-03T12:00:00+08:00"})
        own_sandbox.sandbox("deposits", {"amount": 50})
        own_sandbox.sandbox("clock", {"now": "2026-03-04T10:00:00+08:00"})
        lines = bill_lines(download(own_sandbox, "/v3/bill/fundflowbill?bill_date=2026-03-03"))
        assert [(line[6], line[7]) for line in lines] == [("0.50", "7.50")]

    def test_is_for_the_basic_account(self, own_sandbox: Sandbox) -> None:
        own_sandbox.sandbox("deposits", {"amount": 700})
        own_sandbox.sandbox("clock", {"now": NEXT_DAY})
        answer = own_sandbox.call("GET", f"{FLOWS}&account_type=FEES")
        assert answer.refusal == (400, "NO_STATEMENT_EXIST")
        assert own_sandbox.call("GET", f"{FLOWS}&account_type=X").refusal == (400, "PARAM_ERROR")

    def test_has_an_address_that_may_be_dead_on_arrival(self, own_sandbox: Sandbox) -> None:
        own_sandbox.sandbox("deposits", {"amount": 700})
        own_sandbox.sandbox("clock", {"now": NEXT_DAY})
        own_sandbox.sandbox("behaviour", {"bill": "expired_link", "only_next": 1})
        assert download(own_sandbox, FLOWS).refusal == (400, "INVALID_REQUEST")
        assert len(bill_lines(download(own_sandbox, FLOWS))) == 1

    @pytest.mark.parametrize("mode", ["bad_hash", "truncated", "extra_line", "amount_differs"])
    def test_misbehaves_as_told(self, own_sandbox: Sandbox, mode: str) -> None:
        own_sandbox.sandbox("deposits", {"amount": 700})
        own_sandbox.sandbox("clock", {"now": NEXT_DAY})
        good = download(own_sandbox, FLOWS).body
        own_sandbox.sandbox("behaviour", {"bill": mode, "only_next": 1})
        offered = own_sandbox.call("GET", FLOWS).json
        got = own_sandbox.call_unverified("GET", offered["download_url"].removeprefix(own_sandbox.url)).body
        assert (got == good) == (mode == "bad_hash")
        assert (hashlib.sha1(got).hexdigest() == offered["hash_value"]) == (mode != "bad_hash")


class TestTheMerchantsMoney:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_adds_up_after_any_number_of_things(self, own_sandbox: Sandbox, seed: int) -> None:
        """Random payments, refunds in every end, sharing that partly fails, transfers that fail or are cancelled."""
        sandbox, chance = own_sandbox, random.Random(seed)
        mchid = sandbox.credentials["mchid"]
        sandbox.sandbox("deposits", {"amount": 100_000})
        transactions = [sharable(sandbox, f"order-{index}", 10_000 + index) for index in range(4)]
        sandbox.sandbox("clock", {"now": "2026-03-02T12:05:00+08:00"})
        for step in range(40):
            act(sandbox, chance, transactions, step)
        balances = sandbox.sandbox("state")["balances"][mchid]
        sandbox.sandbox("clock", {"now": NEXT_DAY})
        last = bill_lines(download(sandbox, FLOWS))[-1]
        assert Decimal(last[7]) * 100 == balances["available"] + balances["frozen"]
        assert balances["frozen"] == sum(unsplit(sandbox, one) for one in transactions)


def act(sandbox: Sandbox, chance: random.Random, transactions: list[str], step: int) -> None:
    """One thing happens; a refusal moves nothing, so it is as good as any other answer."""
    index = chance.randrange(4)
    amount = chance.randint(1, 1500)
    kind = chance.choice(["refund", "share", "transfer", "unfreeze"])
    if kind == "refund":
        sandbox.sandbox("behaviour", {"refund": "processing", "only_next": 1})
        wish = {"refund": amount, "total": 10_000 + index, "currency": "CNY"}
        number = f"refund-{step}"
        body = {"out_trade_no": f"order-{index}", "out_refund_no": number, "amount": wish}
        if sandbox.refund(body).status == 200:
            sandbox.sandbox(f"refunds/{number}", {"status": chance.choice(["SUCCESS", "CLOSED"])})
        sandbox.sandbox("behaviour", {"refund": "normal"})
    elif kind == "share":
        sandbox.sandbox("behaviour", {"sharing": chance.choice(["normal", "part_fails"])})
        parts = [part(amount // 2 + 1), part(amount // 3 + 1, "oStaff")]
        share(sandbox, transactions[index], f"share-{step}", *parts, rest=chance.random() < 0.2)
    elif kind == "unfreeze":
        sandbox.sandbox("behaviour", {"sharing": "normal"})
        freeing = {"transaction_id": transactions[index], "out_order_no": f"u-{step}", "description": "解冻"}
        sandbox.call("POST", "/v3/profitsharing/orders/unfreeze", freeing)
    else:
        mode = chance.choice(["confirmed_at_once", "fails_after_accepted", "normal"])
        sandbox.sandbox("behaviour", {"transfer": mode})
        made = sandbox.call("POST", BILLS, bill(sandbox, f"t{step}", amount))
        if made.status == 200 and mode == "normal":
            assert sandbox.call("POST", f"{BILLS}/out-bill-no/t{step}/cancel").status == 200
