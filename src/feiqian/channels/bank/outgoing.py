"""Transfers out as values that templates name, and states as the profile reads them. No I/O."""

import re
from datetime import datetime

import msgspec

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.errors import CLOSED, UNREADABLE, error_of
from feiqian.channels.bank.forms import States, StatusParts
from feiqian.channels.bank.nodes import Node, plain
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.statements import amount_of, moment_of
from feiqian.channels.bank.templates import fill
from feiqian.channels.model import ChannelTransfer, ChannelTransferState, TransferRequest
from feiqian.kernel.calendar import ZONE, business_date
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import format_major

_ENDED = frozenset(
    {ChannelTransferState.SUCCEEDED, ChannelTransferState.FAILED, ChannelTransferState.RETURNED}
)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer out of our account."""

    request: TransferRequest
    refund: bool = False
    """It gives a buyer's money back."""


class Writer:
    """Turns what is asked for into the values of one bank. Raises InvalidRequest for what the bank cannot
    take, and ChannelFailed outside its hours."""

    def __init__(self, config: BankConfig, profile: Profile) -> None:
        self._profile = profile
        self._number = re.compile(profile.texts.number)
        self.own = {
            "account": config.account_no,
            "account_name": config.account_name,
            "bank_code": profile.bank.code,
            "customer": config.customer_no,
            "serial": config.certificate_serial_no,
            "terminal": config.terminal_no,
            "merchant": config.merchant_no,
            "currency": profile.currency,
            "currency_number": profile.currency_number,
        }
        """What every message may name."""

    def number(self, number: str, field: str = "out_transfer_no") -> str:
        """A number of ours, as it is."""
        if not self._number.fullmatch(number):
            raise InvalidRequest(field=field, reason=f"must match {self._profile.texts.number} at this bank")
        return number

    def times(self, now: datetime) -> dict[str, str]:
        """The values of a moment."""
        there = now.astimezone(ZONE)
        return {
            "moment": there.isoformat(timespec="seconds"),
            "day": there.date().isoformat(),
            "date": f"{there:%m%d}",
            "time": f"{there:%H%M%S}",
        }

    def values(self, order: Outgoing, *, now: datetime) -> dict[str, str]:
        """Of one transfer. Date and time are of when it was asked for, the same in a repetition; day and moment of now."""
        request = order.request
        self._check(order, now)
        asked = self.times(request.requested_at)
        return {
            **self.own,
            **self.times(now),
            "date": asked["date"],
            "time": asked["time"],
            "number": self.number(request.out_transfer_no),
            "amount": format_major(request.amount, request.currency),
            "amount_minor": str(request.amount),
            "payee_name": self._name(request.payee.name),
            "payee_account": request.payee.account_no,
            "payee_bank": request.payee.bank_code or "",
            "payee_kind": self._profile.texts.payee_kinds.get(request.payee.kind, ""),
            "memo": self._memo(order),
        }

    def _check(self, order: Outgoing, now: datetime) -> None:
        request = order.request
        limits = self._profile.limits.get(request.payee.kind)
        if limits is None:
            kinds = ", ".join(self._profile.limits)
            raise InvalidRequest(field="payee.kind", reason=f"must be one of {kinds} at this bank")
        if not limits.amount_min <= request.amount <= limits.amount_max:
            reason = f"must be {limits.amount_min} to {limits.amount_max} minor units at this bank"
            raise InvalidRequest(field="amount", reason=reason)
        if request.currency != self._profile.currency:
            raise InvalidRequest(field="currency", reason=f"must be {self._profile.currency} at this bank")
        if not re.fullmatch(r"[0-9A-Za-z\-]{1,34}", request.payee.account_no):
            raise InvalidRequest(field="payee.account_no", reason="must be 1 to 34 letters or digits")
        hours = limits.open_hours
        if hours is not None and not hours.contains(now.astimezone(ZONE).time()):
            raise error_of(CLOSED, message=f"{hours.since} to {hours.until} Beijing time")

    def _name(self, name: str) -> str:
        texts = self._profile.texts
        if not name or len(name) > texts.name_max:
            raise InvalidRequest(field="payee.name", reason=f"must be 1 to {texts.name_max} characters")
        if plain(name) != name or self._writable(name) != name:
            raise InvalidRequest(field="payee.name", reason=f"must be writable in {texts.charset}")
        return name

    def _memo(self, order: Outgoing) -> str:
        """The finished memo: its words are cut so that the rest of it, such as our number, stays whole."""
        texts = self._profile.texts
        template = texts.refund_memo if order.refund else texts.memo
        values = {"number": order.request.out_transfer_no}
        room = max(0, texts.memo_max - len(fill(template, values)))
        words = self._writable(" ".join(plain(order.request.memo).split()))[:room]
        return fill(template, {**values, "memo": words})

    def _writable(self, text: str) -> str:
        return text.encode(self._profile.texts.charset, "replace").decode(self._profile.texts.charset)


def read_status(
    node: Node, parts: StatusParts, states: States, *, number: str, currency: str
) -> ChannelTransfer:
    """One transfer's state. Raises: ChannelUnknown when it is not of the form that the profile says."""
    said = node.text(parts.state)
    try:
        if node.text(parts.number) != number:
            raise ValueError(f"it is about {node.text(parts.number)!r}, not {number}")
        if said not in states:
            raise ValueError(f"the state {said!r} is not in the profile")
        state = states[said]
        currency = node.text(parts.currency) or currency
        amount = node.text(parts.amount)
        finished_at = node.text(parts.finished_at)
        return ChannelTransfer(
            out_transfer_no=number,
            state=state,
            channel_no=node.text(parts.channel_no) or None,
            amount=amount_of(amount, currency) if amount else None,
            currency=currency,
            finished_at=moment_of(finished_at) if finished_at and state in _ENDED else None,
            error_code=node.text(parts.reason) or None,
            error_message=node.text(parts.detail) or None,
        )
    except ValueError as error:
        raise error_of(UNREADABLE, code=said, message=str(error)) from error


def requested_on(moment: datetime) -> str:
    """A business date as banks' addresses write it."""
    return business_date(moment).isoformat()
