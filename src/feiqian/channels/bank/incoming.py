"""Orders that buyers pay by a transfer to a sub-account of the order's own, and money given back to who paid.

The sub-account's number follows from our number of the order, so that it is found again without being kept.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.errors import PAYER_UNCLEAR, UNSUPPORTED, error_of
from feiqian.channels.bank.outgoing import Outgoing
from feiqian.channels.bank.profile import Profile, SubAccounts
from feiqian.channels.bank.statements import StatementEntry
from feiqian.channels.model import (
    ChannelPayment,
    ChannelPaymentState,
    OrderKey,
    Payee,
    PaymentMethod,
    Prepaid,
    PrepayRequest,
    RefundRequest,
    TransferMoney,
    TransferRequest,
)
from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import InvalidRequest

SKEW = timedelta(minutes=5)
"""How far the bank's clock may be behind ours."""


class IncomingFront(Protocol):
    """Tells what moved on an account until now."""

    async def received(
        self, account_no: str, *, first: date, last: date, swept: bool, now: datetime
    ) -> list[StatementEntry]: ...


class Incoming:
    """Sub-accounts of one bank."""

    def __init__(self, *, config: BankConfig, profile: Profile, front: IncomingFront | None) -> None:
        self._config = config
        self._profile = profile
        self._front = front

    def place(self, request: PrepayRequest) -> Prepaid:
        """The account to which the buyer transfers. The bank need not be asked: it takes every number of the contract."""
        form = self._form
        if request.method is not PaymentMethod.BANK_TRANSFER:
            raise InvalidRequest(field="method", reason="must be bank_transfer at a bank")
        if request.currency != self._profile.currency:
            raise InvalidRequest(field="currency", reason=f"must be {self._profile.currency} at this bank")
        if not 1 <= request.amount <= form.amount_max:
            raise InvalidRequest(
                field="amount", reason=f"must be 1 to {form.amount_max} minor units at this bank"
            )
        if request.expires_at > request.placed_at + self._profile.lifetime:
            raise InvalidRequest(
                field="expires_at", reason=f"must be within {form.lifetime_days} days at this bank"
            )
        return Prepaid(
            TransferMoney(
                account_no=self.number_of(request.out_trade_no),
                account_name=self._config.account_name,
                bank_name=self._profile.bank.chinese,
                bank_code=self._profile.bank.code,
            )
        )

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """What came in for an order: the sum of all transfers, which may be less or more than was asked for."""
        credits = await self._credits(order, now=now)
        if not credits:
            return ChannelPayment(out_trade_no=order.out_trade_no, state=ChannelPaymentState.NOT_PAID)
        amount = sum(entry.amount for entry in credits)
        return ChannelPayment(
            out_trade_no=order.out_trade_no,
            state=ChannelPaymentState.PAID,
            transaction_no=credits[0].channel_no,
            amount=amount,
            payer_amount=amount,
            currency=credits[0].currency,
            mchid=self._config.account_no,
            paid_at=credits[-1].booked_at,
            payer=credits[0].payer_account_no,
        )

    async def refund_of(self, request: RefundRequest, *, now: datetime) -> Outgoing:
        """The transfer that gives the money back to who paid it. Raises: ChannelFailed when that is not clear."""
        credits = await self._credits(request.order, now=now)
        came = sum(entry.amount for entry in credits)
        if request.amount > came:
            raise InvalidRequest(
                field="amount", reason=f"must be at most the {came} minor units that came in"
            )
        payers = {(entry.payer_account_no, entry.payer_name, entry.payer_bank_code) for entry in credits}
        if len(payers) != 1:
            raise error_of(PAYER_UNCLEAR, message=f"it came from {len(payers)} accounts")
        account_no, name, bank_code = payers.pop()
        if not account_no or not name:
            raise error_of(PAYER_UNCLEAR, message="the bank does not name the account that paid")
        payee = Payee(
            kind=self._profile.texts.refund_payee_kind, account_no=account_no, name=name, bank_code=bank_code
        )
        return Outgoing(
            refund=True,
            request=TransferRequest(
                out_transfer_no=request.out_refund_no,
                payee=payee,
                amount=request.amount,
                currency=request.currency,
                memo=request.reason or "",
                requested_at=request.requested_at,
                notify_url=request.notify_url,
            ),
        )

    def number_of(self, out_trade_no: str) -> str:
        """The sub-account of an order: the contract's prefix and digits that follow from our number."""
        digits = self._form.digits
        digest = int.from_bytes(hashlib.sha256(out_trade_no.encode()).digest())
        return f"{self._config.sub_account_prefix}{digest % 10**digits:0{digits}d}"

    def is_sub_account(self, account_no: str | None) -> bool:
        """Whether a number is one of our sub-accounts."""
        form = self._profile.sub_accounts
        prefix = self._config.sub_account_prefix
        return (
            form is not None
            and account_no is not None
            and account_no.startswith(prefix)
            and len(account_no) == len(prefix) + form.digits
            and account_no.isdecimal()
        )

    async def _credits(self, order: OrderKey, *, now: datetime) -> Sequence[StatementEntry]:
        """What came in for an order while it could be paid, in the order of booking."""
        if self._front is None:
            raise error_of(UNSUPPORTED, message="its profile takes no incoming money")
        number = self.number_of(order.out_trade_no)
        first = business_date(order.placed_at)
        entries = await self._front.received(
            number,
            first=first,
            last=first + timedelta(days=self._form.lifetime_days),
            swept=self._form.swept,
            now=now,
        )
        credits = [
            entry
            for entry in entries
            if entry.kind == "credit" and entry.amount > 0 and _is_since(entry, order.placed_at)
        ]
        return sorted(credits, key=lambda entry: entry.booked_at)

    @property
    def _form(self) -> SubAccounts:
        if self._profile.sub_accounts is None:
            raise error_of(UNSUPPORTED, message="its profile has no sub-accounts")
        return self._profile.sub_accounts


def _is_since(entry: StatementEntry, placed_at: datetime) -> bool:
    """Whether money came after an order was placed, as exactly as the bank says it."""
    if entry.timed:
        return entry.booked_at >= placed_at - SKEW
    return business_date(entry.booked_at) >= business_date(placed_at)
