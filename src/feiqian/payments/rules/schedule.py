"""When a channel is asked again about what is open there: data, by how the buyer pays and where the order stands. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from feiqian.channels import METHODS, ChannelKind, PaymentMethod, Scene
from feiqian.payments.model import AttemptState

Pace = tuple[int, ...]
"""Seconds from one question to the next; the last repeats."""

SCREEN: Pace = (30, 60, 180, 600, 1800, 3600)
"""The buyer looks at a code or a page, and a notice is expected."""
COUNTER: Pace = (3, 5, 5, 10, 10, 15, 30, 60)
"""The buyer stands at a counter, and barcode orders have no notice: the question is the only way to know."""
COMPANY: Pace = (300, 600, 1800, 3600)
"""A company's payment waits for a second person there."""
TRANSFER: Pace = (600, 1800, 3600, 7200)
"""The buyer goes to a bank."""
HOUSE: Pace = (5, 10, 30, 60)
"""Our own accounts answer at once."""

_OF_SCENE: Mapping[Scene, Pace] = {
    Scene.BARCODE: COUNTER,
    Scene.TRANSFER: TRANSFER,
    Scene.ACCOUNT: HOUSE,
}
_OF_METHOD: Mapping[PaymentMethod, Pace] = {PaymentMethod.UNIONPAY_B2B: COMPANY}

_OF_REFUND: Mapping[ChannelKind, Pace] = {
    ChannelKind.WECHATPAY: (30, 60, 180, 600, 1800, 3600),
    ChannelKind.ALIPAY: (10, 30, 60, 300, 1800, 3600),
    ChannelKind.UNIONPAY: (300, 600, 1800, 3600),
    ChannelKind.BANK: (600, 1800, 3600, 7200),
    ChannelKind.BALANCE: HOUSE,
}


def attempt_pace(method: PaymentMethod, state: AttemptState) -> Pace:
    """How often an open attempt is asked about.

    Before its channel has it, somebody waits for an answer whatever the method: then it is asked about soon.
    """
    scene = METHODS[method].scene
    if state is not AttemptState.AWAITING_PAYMENT:
        return _OF_SCENE[scene] if scene in (Scene.BARCODE, Scene.ACCOUNT) else SCREEN
    return _OF_METHOD.get(method) or _OF_SCENE.get(scene, SCREEN)


def refund_pace(method: PaymentMethod) -> Pace:
    """How often an open refund of a payment by this method is asked about."""
    return _OF_REFUND[METHODS[method].kind]


def next_check(now: datetime, checks: int, pace: Pace) -> datetime:
    """When to ask the channel after so many checks."""
    return now + timedelta(seconds=pace[min(checks, len(pace) - 1)])
