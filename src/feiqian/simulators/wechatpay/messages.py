"""The bodies of requests about orders. What the sandbox does not use is kept and compared only.

Source: the merchant documentation's pages on placing orders, for direct merchants and for service providers.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from feiqian.kernel.money import AMOUNT_MAX

CODE_URL = "weixin://wxpay/bizpayurl?pr="
OUT_TRADE_NO = r"^[0-9A-Za-z_\-|*]{6,32}$"
NOTIFY_URL = r"^https?://[^/?#\s]+/[^?#\s]*$"
"""With a path, without a query; the real channel wants https and a public host too, a sandbox lives on loopback."""

Text32 = Annotated[str, msgspec.Meta(max_length=32)]
Fen = Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
"""The upper bound is this house's, the channel documents none."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
OpenId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
NotifyUrl = Annotated[str, msgspec.Meta(pattern=NOTIFY_URL, max_length=255)]


class Message(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A body that the documentation describes completely."""


class Amount(Message, kw_only=True):
    """In fen."""

    total: Fen
    currency: Literal["CNY"] = "CNY"


class SettleInfo(Message, kw_only=True):
    """How the money is settled."""

    profit_sharing: bool = False
    subsidy_amount: int = 0


class Payer(Message, kw_only=True):
    """Who has to pay: openid for a direct merchant, one of the others behind a service provider."""

    openid: OpenId | None = None
    sp_openid: OpenId | None = None
    sub_openid: OpenId | None = None


class CodePayer(Message, kw_only=True):
    """The number under the bar code on the buyer's phone."""

    auth_code: Annotated[str, msgspec.Meta(pattern=r"^1[0-5]\d{16}$")]


class H5Info(Message, kw_only=True):
    """Where the buyer's browser is."""

    type: str
    app_name: str = ""
    app_url: str = ""
    bundle_id: str = ""
    package_name: str = ""


class H5Scene(Message, kw_only=True):
    """What H5 asks for."""

    payer_client_ip: Annotated[str, msgspec.Meta(min_length=1, max_length=45)]
    h5_info: H5Info
    device_id: str = ""
    store_info: dict[str, Any] = {}


class Placement(Message, kw_only=True):
    """What every order has. A direct merchant names the first two, a service provider the four after them."""

    appid: Text32 = ""
    mchid: Text32 = ""
    sp_appid: Text32 = ""
    sp_mchid: Text32 = ""
    sub_mchid: Text32 = ""
    sub_appid: Text32 = ""

    description: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    out_trade_no: Annotated[str, msgspec.Meta(pattern=OUT_TRADE_NO)]
    amount: Amount
    attach: Annotated[str, msgspec.Meta(max_length=128)] = ""
    goods_tag: Text32 = ""
    support_fapiao: bool = False
    settle_info: SettleInfo = msgspec.field(default_factory=SettleInfo)
    detail: dict[str, Any] = {}


class Prepay(Placement, kw_only=True):
    """POST …/native and …/app: an order that the buyer confirms later."""

    notify_url: NotifyUrl
    time_expire: Moment | None = None
    limit_pay: list[str] = []
    scene_info: dict[str, Any] = {}


class JsapiPrepay(Prepay, kw_only=True):
    """POST …/jsapi: pages inside WeChat, and mini programs."""

    payer: Payer


class H5Prepay(Placement, kw_only=True):
    """POST …/h5: the phone's browser."""

    notify_url: NotifyUrl
    scene_info: H5Scene
    time_expire: Moment | None = None
    limit_pay: list[str] = []


class CodePlacement(Placement, kw_only=True):
    """POST …/codepay: the till has scanned the buyer's code."""

    payer: CodePayer
    scene_info: dict[str, Any]
    time_expire: Moment | None = None


class Close(Message, kw_only=True):
    """The body of a close."""

    mchid: Text32


class PartnerClose(Message, kw_only=True):
    """The body of a service provider's close."""

    sp_mchid: Text32
    sub_mchid: Text32
