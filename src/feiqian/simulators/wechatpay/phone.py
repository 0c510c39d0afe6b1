"""The buyer's phone: the page that a person opens to play the buyer. No script; Chinese unless ``lang=en``."""

from html import escape

from aiohttp import web

from feiqian.simulators.kit import pages
from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.wechatpay.answers import Refused
from feiqian.simulators.wechatpay.context import Simulator, of
from feiqian.simulators.wechatpay.orders import (
    CODE_URL,
    SANDBOX_BUYER,
    Order,
    order_with_id,
    pay,
    scan,
    unpaid_orders,
)

LISTED_MAX = 20
TEXTS = {
    "zh": {
        "title": "买家的手机",
        "sandbox": "沙箱 · 不会动用真实资金",
        "other": "English",
        "payee": "收款方",
        "merchant": "飞钱沙箱商户 {mchid}",
        "description": "商品",
        "order": "商户订单号",
        "method": "付款方式",
        "balance": "零钱（模拟）",
        "pay": "立即支付",
        "paid": "支付成功",
        "refunded": "已支付，发生过退款",
        "time": "支付时间",
        "transaction": "交易单号",
        "back": "返回",
        "paste": "粘贴二维码内容",
        "hint": "weixin://wxpay/bizpayurl?pr=…",
        "open": "打开",
        "unpaid": "待支付的订单",
        "none": "暂无待支付的订单。商户下单后，这里会出现。",
        "closed": "订单已关闭",
        "closed_hint": "订单已被商户关闭，或已超过支付截止时间。请商户重新下单。",
        "unknown": "无法识别的二维码",
        "unknown_hint": "请核对粘贴的内容，或从待支付的订单中选择。",
        "expired": "二维码已过期",
        "expired_hint": "二维码两小时内有效。请在商户的收银台重新获取。",
    },
    "en": {
        "title": "Buyer's phone",
        "sandbox": "Sandbox · no real money moves",
        "other": "中文",
        "payee": "Payee",
        "merchant": "Feiqian sandbox merchant {mchid}",
        "description": "Item",
        "order": "Merchant's order",
        "method": "Paid from",
        "balance": "Balance (simulated)",
        "pay": "Pay now",
        "paid": "Paid",
        "refunded": "Paid, with refunds",
        "time": "Paid at",
        "transaction": "Transaction",
        "back": "Back",
        "paste": "Paste what the QR code says",
        "hint": "weixin://wxpay/bizpayurl?pr=…",
        "open": "Open",
        "unpaid": "Orders to pay",
        "none": "No order waits to be paid. It appears here once the merchant has placed one.",
        "closed": "The order is closed",
        "closed_hint": "The merchant closed it, or its time is over. Ask the merchant for a new order.",
        "unknown": "This code is not known",
        "unknown_hint": "Check what you pasted, or choose one of the orders to pay.",
        "expired": "The code has expired",
        "expired_hint": "A code lives for two hours. Get a new one at the merchant's cashier.",
    },
}
"""What the page says, by language."""


async def answer_page(request: web.Request) -> web.Response:
    """GET /phone?code_url=…&lang=en"""
    simulator = of(request)
    language = pages.language_of(request.query.get("lang", ""))
    code_url = request.query.get("code_url", "").strip()
    if not code_url:
        return _page(language, "", _landing(simulator, language))
    try:
        order = scan(simulator, code_url)
    except Refused as refused:
        kind = "unknown" if refused.status == 404 else "expired"
        return _page(language, code_url, _failure(language, kind), status=refused.status)
    state = order.state_at(simulator.clock.now_ms())
    if state == "NOTPAY":
        content = _to_pay(simulator, order, language)
    elif state == "CLOSED":
        content = _failure(language, "closed")
    else:
        content = _paid(simulator, order, language)
    return _page(language, code_url, content)


async def answer_pay(request: web.Request) -> web.Response:
    """POST /phone/pay: the button. Leads back to the page, which then shows how it went."""
    simulator = of(request)
    form = await request.post()
    code_url, language = str(form.get("code_url", "")), pages.language_of(str(form.get("lang", "")))
    try:
        order = scan(simulator, code_url)
        pay(simulator, order_with_id(simulator, order.id), SANDBOX_BUYER)
    except Refused as refused:
        if refused.code not in ("ORDER_CLOSED", "ORDER_NOT_EXIST"):
            raise
    return web.Response(status=303, headers={"Location": _link(language, code_url)})


def _link(language: str, code_url: str = "") -> str:
    return pages.link("/phone", language, {"code_url": code_url})


def _page(language: str, code_url: str, content: str, status: int = 200) -> web.Response:
    texts = TEXTS[language]
    return pages.page(
        language=language,
        title=texts["title"],
        other_language=texts["other"],
        other_link=_link("en" if language == "zh" else "zh", code_url),
        content=content,
        footer=texts["sandbox"],
        status=status,
    )


def _to_pay(simulator: Simulator, order: Order, language: str) -> str:
    texts = TEXTS[language]
    payee = texts["merchant"].format(mchid=simulator.keys.mchid)
    facts = pages.facts(
        [
            (texts["payee"], payee),
            (texts["description"], order.description),
            (texts["order"], order.out_trade_no),
            (texts["method"], texts["balance"]),
        ]
    )
    return f"""
<section class="card">{pages.amount(order.total, "large")}{facts}</section>
<form method="post" action="/phone/pay">
{pages.hidden("code_url", CODE_URL + order.code)}{pages.hidden("lang", language)}
<button type="submit">{texts["pay"]} ¥{pages.yuan(order.total)}</button>
</form>
<p class="back"><a href="{_link(language)}">{texts["back"]}</a></p>"""


def _paid(simulator: Simulator, order: Order, language: str) -> str:
    texts = TEXTS[language]
    facts = pages.facts(
        [
            (texts["payee"], texts["merchant"].format(mchid=simulator.keys.mchid)),
            (texts["description"], order.description),
            (texts["time"], beijing(order.paid_at or 0, "%Y-%m-%d %H:%M:%S")),
            (texts["transaction"], order.transaction_id or ""),
        ]
    )
    heading = texts["refunded"] if order.refunded else texts["paid"]
    inside = pages.amount(order.total, "large") + facts
    return f"""{pages.outcome(succeeded=True, heading=heading, inside=inside)}
<p class="back"><a href="{_link(language)}">{texts["back"]}</a></p>"""


def _failure(language: str, kind: str) -> str:
    texts = TEXTS[language]
    inside = f"<p>{texts[f'{kind}_hint']}</p>"
    return f"""{pages.outcome(succeeded=False, heading=texts[kind], inside=inside)}
<p class="back"><a href="{_link(language)}">{texts["back"]}</a></p>"""


def _landing(simulator: Simulator, language: str) -> str:
    texts = TEXTS[language]
    items = "".join(
        f'<li><a href="{escape(_link(language, CODE_URL + order.code))}"><span class="what">'
        f"<strong>{escape(order.description)}</strong><small>{escape(order.out_trade_no)}</small></span>"
        f"{pages.amount(order.total, 'small')}</a></li>"
        for order in unpaid_orders(simulator, LISTED_MAX)
    )
    listed = f'<ul class="orders">{items}</ul>' if items else f'<p class="none">{texts["none"]}</p>'
    language_field = pages.hidden("lang", language) if language != "zh" else ""
    return f"""
<form class="card paste" method="get" action="/phone">
<label for="code_url">{texts["paste"]}</label>
<input id="code_url" name="code_url" type="text" required autocomplete="off" placeholder="{texts["hint"]}">
{language_field}<button type="submit">{texts["open"]}</button>
</form>
<h2 class="list">{texts["unpaid"]}</h2>{listed}"""
