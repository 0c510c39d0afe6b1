"""Whom a merchant may share with, and what receivers give back.

Source: the merchant documentation's pages on adding and deleting receivers and on returning shares.
"""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.books import Books
from feiqian.simulators.wechatpay.answers import Refused, answer, parameter_error, parse
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import Message, Text32

ReceiverType = Literal["MERCHANT_ID", "PERSONAL_OPENID", "PERSONAL_SUB_OPENID"]
Relation = Literal[
    "SERVICE_PROVIDER", "STORE", "STAFF", "STORE_OWNER", "PARTNER", "HEADQUARTER", "BRAND", "DISTRIBUTOR", "USER",
    "SUPPLIER", "CUSTOM",
]  # fmt: skip


class Receiver(Message, kw_only=True):
    """The body of POST /v3/profitsharing/receivers/{add,delete}; deleting needs only type and account."""

    type: ReceiverType
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    appid: Text32 = ""
    sub_mchid: Text32 = ""
    sub_appid: Text32 = ""
    name: str = ""
    """Encrypted with WeChat Pay's key; a merchant's is required."""
    relation_type: Relation | None = None
    custom_relation: Annotated[str, msgspec.Meta(max_length=10)] = ""


async def answer_add(request: web.Request) -> web.Response:
    """POST /v3/profitsharing/receivers/add: again changes nothing."""
    simulator = of(request)
    receiver = parse(await request.read(), Receiver)
    merchant = _merchant(simulator, receiver)
    if receiver.relation_type is None:
        raise parameter_error("/relation_type", "is required")
    if (receiver.relation_type == "CUSTOM") != bool(receiver.custom_relation):
        raise parameter_error("/custom_relation", "belongs to the relation CUSTOM")
    if receiver.type == "MERCHANT_ID" and not receiver.name:
        raise parameter_error("/name", "is required for a merchant")
    if receiver.account == merchant:
        raise Refused(400, "INVALID_REQUEST", "分账接收方不能是分账方自己")
    name = ""
    if receiver.name:
        name = simulator.keys.decrypted(request[SERIAL], "/name", receiver.name)
    with simulator.books.atomically():
        simulator.books.write(
            "INSERT INTO receivers VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
            merchant,
            receiver.type,
            receiver.account,
            name,
            receiver.custom_relation or receiver.relation_type,
        )
    shown: dict[str, Any] = {
        "type": receiver.type,
        "account": receiver.account,
        "relation_type": receiver.relation_type,
    }
    shown |= {name: getattr(receiver, name) for name in ("sub_mchid", "name", "custom_relation")}
    return answer({name: value for name, value in shown.items() if value})


async def answer_delete(request: web.Request) -> web.Response:
    """POST /v3/profitsharing/receivers/delete"""
    simulator = of(request)
    receiver = parse(await request.read(), Receiver)
    with simulator.books.atomically():
        simulator.books.write(
            "DELETE FROM receivers WHERE mchid = ? AND type = ? AND account = ?",
            _merchant(simulator, receiver),
            receiver.type,
            receiver.account,
        )
    shown = {"type": receiver.type, "account": receiver.account}
    return answer(shown | ({"sub_mchid": receiver.sub_mchid} if receiver.sub_mchid else {}))


def _merchant(simulator: Simulator, receiver: Receiver) -> str:
    if receiver.appid not in ("", simulator.keys.appid):
        raise Refused(400, "APPID_MCHID_NOT_MATCH", "商户号与appid不匹配")
    if receiver.sub_mchid:
        simulator.keys.check_sub_merchant(receiver.sub_mchid, receiver.sub_appid)
    return receiver.sub_mchid or simulator.keys.mchid


def is_receiver(books: Books, merchant: str, kind: str, account: str) -> bool:
    """Whether the merchant has added this receiver."""
    row = books.row(
        "SELECT 1 FROM receivers WHERE mchid = ? AND type = ? AND account = ?", merchant, kind, account
    )
    return row is not None
