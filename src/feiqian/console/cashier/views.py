"""A payment as its buyer sees it: nothing of the platform's or the channels' insides."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

import msgspec

from feiqian.channels import METHODS, ChannelKind, NextStep, PaymentMethod, Scene, ShowCode
from feiqian.console.cashier.devices import Device
from feiqian.links import Ask
from feiqian.payments import Attempt, AttemptState, Payment, PaymentState


class MethodView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that is open now."""

    method: PaymentMethod
    kind: ChannelKind
    scene: Scene


class AttemptStanding(StrEnum):
    """How far the chosen way has come, as far as it concerns the buyer."""

    PREPARING = "preparing"
    """The channel is being asked."""
    WAITING = "waiting"
    """The buyer may pay."""
    FAILED = "failed"
    """It could not be used: another may be chosen."""
    ENDED = "ended"
    """Paid, or not payable any more."""


_STANDINGS = {
    AttemptState.CREATED: AttemptStanding.PREPARING,
    AttemptState.UNKNOWN: AttemptStanding.PREPARING,
    AttemptState.AWAITING_PAYMENT: AttemptStanding.WAITING,
    AttemptState.FAILED: AttemptStanding.FAILED,
}


class CurrentView(msgspec.Struct, frozen=True, kw_only=True):
    """The way that was chosen last, or by which it was paid."""

    method: PaymentMethod
    kind: ChannelKind
    standing: AttemptStanding
    next_step: NextStep | None
    """What the page does next, by its ``kind``, while the buyer may pay."""
    expires_at: datetime
    """Until when this way is open; the payment itself may live longer."""
    phone_url: str | None
    """The simulated buyer's phone; only in the sandbox."""


class AskView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks somebody else to pay."""

    asker: str
    message: str


class CashierView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as its buyer sees it; ``amount`` in minor units."""

    state: PaymentState
    amount: int
    currency: str
    description: str
    payee: str
    order_no: str | None
    """Not told to whoever was asked to pay."""
    expires_at: datetime
    paid_at: datetime | None
    device: Device
    """In what the page is open, by User-Agent."""
    methods: list[MethodView]
    """Open to this order on this device, in the order in which they are offered."""
    current: CurrentView | None
    asked: AskView | None
    """Present for whoever was asked to pay."""
    helped: bool
    """The way that counts was chosen by somebody who was asked."""
    now: datetime
    """By which the page counts down."""


def show_payment(
    payment: Payment,
    *,
    payee: str,
    device: Device,
    open_methods: Sequence[PaymentMethod],
    phones: Mapping[ChannelKind, str],
    now: datetime,
    ask: Ask | None,
    helped: bool,
) -> CashierView:
    """``phones``: where the simulated channels answer; empty outside the sandbox."""
    return CashierView(
        state=payment.state,
        amount=payment.amount,
        currency=payment.currency,
        description=payment.description,
        payee=payee,
        order_no=None if ask else payment.order_no,
        expires_at=payment.expires_at,
        paid_at=payment.paid_at,
        device=device,
        methods=[
            MethodView(method=method, kind=METHODS[method].kind, scene=METHODS[method].scene)
            for method in open_methods
        ],
        current=_show_current(payment, payment.current, phones) if payment.current else None,
        asked=AskView(asker=ask.asker, message=ask.message) if ask else None,
        helped=helped,
        now=now,
    )


def _show_current(payment: Payment, attempt: Attempt, phones: Mapping[ChannelKind, str]) -> CurrentView:
    kind, step = METHODS[attempt.method].kind, payment.next_step
    return CurrentView(
        method=attempt.method,
        kind=kind,
        standing=_STANDINGS.get(attempt.state, AttemptStanding.ENDED),
        next_step=step,
        expires_at=attempt.expires_at,
        phone_url=_phone_url(kind, step, phones),
    )


_CODE_NAMES = {ChannelKind.WECHATPAY: "code_url", ChannelKind.ALIPAY: "code"}
"""What the simulated phones call the content of a code."""


def _phone_url(kind: ChannelKind, step: NextStep | None, phones: Mapping[ChannelKind, str]) -> str | None:
    if not isinstance(step, ShowCode) or kind not in phones or kind not in _CODE_NAMES:
        return None
    return f"{phones[kind]}/phone?{_CODE_NAMES[kind]}={quote(step.code_url, safe='')}"
