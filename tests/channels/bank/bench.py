"""What the tests of the bank's channel have in common: its process, moments, transfers and orders."""

from datetime import UTC, datetime, timedelta

import msgspec
from tests.simulators.bank.platform import OTHER_BANK
from tests.simulators.bank.platform import Bank as Process

from feiqian.channels import (
    BankConfig,
    OrderKey,
    Payee,
    PayeeKind,
    PaymentMethod,
    PrepayRequest,
    TransferKey,
    TransferMoney,
    TransferRequest,
    bank_config_from_sandbox,
)

NOON = "2026-03-02T12:00:00+08:00"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
NEXT_MORNING = "2026-03-03T01:00:00+08:00"
KINDS = ("callback", "answer", "answer_signature", "payment", "statement", "socket")
SOMEONE = Payee(
    kind=PayeeKind.PERSON_BANK, account_no="6217000010000000001", name="李雷", bank_code=OTHER_BANK
)


class Bench:
    """The bank's process, seen from the tests."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def config(self, profile: str, **changes: str) -> BankConfig:
        """Our access to it under a profile."""
        path = self.process.directory / "bank-sandbox" / "credentials.json"
        config = bank_config_from_sandbox(
            path,
            self.process.url,
            socket_address=f"127.0.0.1:{self.process.socket_port}",
            profile=profile,
        )
        return msgspec.structs.replace(config, **changes)

    @property
    def now(self) -> datetime:
        return self.process.now()

    @property
    def balance(self) -> int:
        return self.process.balance()

    def behave(self, **switches: object) -> None:
        """Switches for the next call only."""
        self.process.sandbox("behaviour", {**switches, "only_next": 1})

    def come_in(self, account_no: str, amount: int, **facts: str) -> str:
        """Money comes in; the bank's reference."""
        return self.process.sandbox("pay", {"account": account_no, "amount": amount, **facts})["reference"]


def transfer(number: str, amount: int = 10_000, *, payee: Payee = SOMEONE) -> TransferRequest:
    """A transfer of 100 yuan to somebody at another bank."""
    return TransferRequest(
        out_transfer_no=number, payee=payee, amount=amount, currency="CNY", memo="货款", requested_at=NOW
    )


def key_of(number: str) -> TransferKey:
    """By what it is asked about."""
    return TransferKey(out_transfer_no=number, requested_at=NOW)


def order(number: str, amount: int = 12_345) -> PrepayRequest:
    """An order that is paid by a transfer within three days."""
    return PrepayRequest(
        out_trade_no=number,
        method=PaymentMethod.BANK_TRANSFER,
        description="钢材",
        amount=amount,
        currency="CNY",
        placed_at=NOW,
        expires_at=NOW + timedelta(days=3),
        notify_url="https://example.com/callbacks/bank",
    )


def order_key(number: str) -> OrderKey:
    """By what it is asked about."""
    return OrderKey(out_trade_no=number, method=PaymentMethod.BANK_TRANSFER, placed_at=NOW)


def place_of(step: object) -> TransferMoney:
    """Where the buyer transfers to."""
    assert isinstance(step, TransferMoney)
    return step
