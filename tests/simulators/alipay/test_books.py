"""Whatever happens in whatever order, balance, movements and bill say the same."""

import io
import random
import zipfile
from typing import Any

import pytest
from tests.simulators.alipay.merchant import Sandbox

from feiqian.kernel.money import format_major
from feiqian.kernel.money import parse_major as fen

OPENING_FEN = 100_000_000
PAYEE = {"identity": "payee@example.com", "identity_type": "ALIPAY_LOGON_ID"}


class Trader:
    """Does one thing after another, by chance; some of it is refused."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self.sandbox = sandbox
        self.chance = random.Random(seed)
        self.orders: list[str] = []
        payee = {"type": "userId", "account": sandbox.credentials["payee_id"]}
        self.call("trade.royalty.relation.bind", receiver_list=[payee], out_request_no="bind")

    def call(self, method: str, **content: Any) -> dict[str, Any]:
        return self.sandbox.call(f"alipay.{method}", content, mode="certificate")

    def act(self, number: str) -> None:
        self.chance.choice([self.pay, self.refund, self.refund, self.cancel, self.share, self.transfer])(
            number
        )

    def yuan(self, most_fen: int) -> str:
        return format_major(self.chance.randint(1, most_fen))

    def pay(self, number: str) -> None:
        self.sandbox.paid(number, self.yuan(100_000))
        self.orders.append(number)

    def refund(self, number: str) -> None:
        if not self.orders:
            self.pay(number)
            return
        mode = self.chance.choice(["normal", "processing", "system_error", "system_error_after", "error"])
        self.sandbox.behave(refund=mode, only_next=1)
        order = self.chance.choice(self.orders)
        self.call("trade.refund", out_trade_no=order, refund_amount=self.yuan(50_000), out_request_no=number)
        body = f'{{"out_trade_no":"{order}","status":"{self.chance.choice(["SUCCESS", "FAIL"])}"}}'
        if mode == "processing" and self.chance.random() < 0.7:
            self.sandbox.send("POST", f"/sandbox/refunds/{number}", body.encode())

    def cancel(self, number: str) -> None:
        self.call("trade.cancel", out_trade_no=self.chance.choice([*self.orders, number]))

    def share(self, number: str) -> None:
        for order in self.orders[-1:]:
            self.sandbox.behave(
                settle=self.chance.choice(["normal", "processing", "part_fails"]), only_next=1
            )
            share = {"trans_in": self.sandbox.credentials["payee_id"], "amount": self.yuan(10_000)}
            trade_no = self.sandbox.query(order)["trade_no"]
            self.call(
                "trade.order.settle", trade_no=trade_no, out_request_no=number, royalty_parameters=[share]
            )

    def transfer(self, number: str) -> None:
        self.sandbox.behave(transfer=self.chance.choice(["normal", "processing", "fails"]), only_next=1)
        wanted = {"out_biz_no": number, "trans_amount": self.yuan(10_000), "payee_info": PAYEE}
        self.call("fund.trans.uni.transfer", **wanted, product_code="TRANS_ACCOUNT_NO_PWD")


def detail(sandbox: Sandbox, kind: str) -> list[list[str]]:
    """The lines of the day's bill of this kind, cells without tabs."""
    content = {"bill_type": kind, "bill_date": "2026-03-02"}
    answered = sandbox.call("alipay.data.dataservice.bill.downloadurl.query", content)
    link = answered["bill_download_url"].removeprefix(sandbox.url)
    with zipfile.ZipFile(io.BytesIO(sandbox.send("GET", link).body)) as archive:
        text = archive.read(archive.infolist()[0]).decode("gbk")
    lines = [line for line in text.split("\r\n") if line and not line.startswith("#")][1:]
    return [[cell.rstrip("\t") for cell in line.split(",")] for line in lines]


class TestTheBooks:
    @pytest.mark.parametrize("seed", range(4))
    def test_agree_with_both_bills(self, own_sandbox: Sandbox, seed: int) -> None:
        trader = Trader(own_sandbox, seed)
        for index in range(60):
            trader.act(f"number-{index}")
        own_sandbox.sandbox("clock", {"now": "2026-03-02T13:00:00+08:00"})
        balance = own_sandbox.balance_fen()
        own_sandbox.sandbox("clock", {"now": "2026-03-03T09:00:00+08:00"})
        movements = detail(own_sandbox, "signcustomer")
        assert OPENING_FEN + sum(fen(line[6]) + fen(line[7]) for line in movements) == balance
        assert fen(movements[-1][8]) == balance
        of_trade = {"在线支付", "收费", "交易退款", "退费"}
        moved = sum(fen(line[6]) + fen(line[7]) for line in movements if line[10] in of_trade)
        assert sum(fen(line[11]) + fen(line[22]) for line in detail(own_sandbox, "trade")) == moved

    @pytest.mark.parametrize("seed", range(4, 6))
    def test_never_refund_more_than_was_paid(self, own_sandbox: Sandbox, seed: int) -> None:
        trader = Trader(own_sandbox, seed)
        for index in range(60):
            trader.act(f"number-{index}")
        for order in trader.orders:
            shown = own_sandbox.sandbox(f"orders/{order}")
            taken = sum(fen(made["amount"]) for made in shown["refunds"] if made["status"] != "FAIL")
            returned = sum(fen(made["fee_returned"]) for made in shown["refunds"])
            assert taken <= fen(shown["order"]["total_amount"])
            assert returned <= fen(shown["fee"])
            is_whole = shown["order"]["trade_status"] == "TRADE_CLOSED"
            assert is_whole == (
                sum(fen(made["amount"]) for made in shown["refunds"] if made["status"] == "SUCCESS")
                == fen(shown["order"]["total_amount"])
            )
