"""What may be paid under an address, and what is refused there."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.channels import PaymentMethod
from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import show_id


class LinkKind(StrEnum):
    """What an address is used for."""

    LINK = "payment_link"
    """Sent to buyers."""
    CODE = "payment_code"
    """Printed, and put on a counter: the buyer types the amount."""


class UseState(StrEnum):
    """How far a use has come, as was seen when it was looked at last. open -> paid | given_back."""

    OPEN = "open"
    """Its payment may still be paid."""
    PAID = "paid"
    """Money came: it counts for good."""
    GIVEN_BACK = "given_back"
    """Its payment ended unpaid: somebody else may use the link instead."""


class LinkLine(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the money is. Without an amount: whatever the buyer types."""

    merchant_no: str
    amount: int | None = None
    """Minor units."""
    description: str = ""


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform asks for."""

    link_no: str
    currency: str
    description: str
    lines: list[LinkLine]
    methods: tuple[PaymentMethod, ...]
    amount: int | None = None
    shop: str | None = None
    uses_max: int | None = None
    expires_at: datetime | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A row of links.link."""

    id: UUID
    platform: UUID
    kind: LinkKind
    link_no: str
    description: str
    shop: str | None
    amount: int | None
    currency: str
    lines: list[LinkLine]
    methods: tuple[PaymentMethod, ...]
    uses_max: int | None
    expires_at: datetime | None
    created_at: datetime
    closed_at: datetime | None

    @property
    def token(self) -> str:
        """What its address ends with."""
        return show_id(self.kind.value, self.id).removeprefix(f"{self.kind.value}_")


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A row of links.use."""

    link: UUID
    number: int
    key: str
    amount: int
    state: UseState
    created_at: datetime


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A row of links.ask."""

    id: UUID
    payment: UUID
    asker: str
    message: str
    created_at: datetime
    attempt: int | None

    @property
    def token(self) -> str:
        """What its address ends with."""
        return ASK_PREFIX + show_id("ask", self.id).removeprefix("ask_")


ASK_PREFIX = "for-"
"""How the token of a request to pay begins: no payment's does."""


class AskTooLate(Refusal):
    """There is nothing left to pay."""

    code = "ask_too_late"
    english = "This order cannot be paid any more; nobody needs to be asked."
    chinese = "该订单已不能支付，无需找人代付。"


class TooManyAsks(Refusal):
    """Somebody asks everybody."""

    code = "too_many_asks"
    english = "{count} people have been asked to pay this order already. Use one of those links."
    chinese = "该订单已生成 {count} 个代付链接，请使用已有的链接。"


class LinkClosed(Refusal):
    """Its time is over, or the platform called it off."""

    code = "link_closed"
    english = "This link is closed. Ask the shop for a new one."
    chinese = "该收款链接已失效，请联系商家重新获取。"


class LinkUsedUp(Refusal):
    """It was paid as often as it may be."""

    code = "link_used_up"
    english = "This link has been paid already. Ask the shop for a new one."
    chinese = "该收款链接已完成收款，请勿重复付款。"


class LinkBusy(Refusal):
    """Those who are paying now would use it up."""

    code = "link_busy"
    english = "Somebody is paying by this link right now. Try again in a few minutes."
    chinese = "有人正在通过该链接付款，请几分钟后再试。"
    retryable = True


class AmountMissing(Refusal):
    """The buyer has to say how much, within what can be paid."""

    code = "link_amount"
    status = 422
    english = "Type an amount above zero and up to {largest} minor units."
    chinese = "请输入大于零、不超过 {largest}（最小货币单位）的金额。"
