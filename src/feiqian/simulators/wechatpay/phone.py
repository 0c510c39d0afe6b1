"""The buyer's phone: the page that a person opens to play the buyer. No script; Chinese unless ``lang=en``."""

from html import escape
from typing import NamedTuple

from aiohttp import web

from feiqian.simulators.kit import pages
from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.wechatpay.answers import Refused
from feiqian.simulators.wechatpay.codepay import CodeWish, new_auth_code
from feiqian.simulators.wechatpay.combined import combined_with_code, sub_orders
from feiqian.simulators.wechatpay.combined import pay as pay_combined
from feiqian.simulators.wechatpay.context import Simulator, of
from feiqian.simulators.wechatpay.messages import CODE_URL
from feiqian.simulators.wechatpay.orders import SANDBOX_BUYER, Order, pay, scan, unpaid_orders

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
        "shop": "返回商家",
        "code": "付款码",
        "code_hint": "请收银员扫描或输入这 18 位数字，一分钟内有效，仅能使用一次。",
        "show_code": "出示付款码",
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
        "shop": "Back to the shop",
        "code": "Payment code",
        "code_hint": "Let the cashier scan or type these 18 digits within a minute. They work once.",
        "show_code": "Show the payment code",
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
    language = pages.language_of(request.query.get("lang", ""))
    code_url = request.query.get("code_url", "").strip()
    if not code_url:
        return _page(Visit(language, "", ""), _landing(of(request), language))
    return _show(of(request), Visit(language, code_url, _back_to(request.query.get("redirect_url", ""))))


async def answer_h5(request: web.Request) -> web.Response:
    """GET /phone/h5?prepay_id=…&redirect_url=…: where h5_url leads the phone's browser; back to the shop afterwards."""
    language = pages.language_of(request.query.get("lang", ""))
    prepay_id = request.query.get("prepay_id", "").strip()
    return _show(of(request), Visit(language, prepay_id, _back_to(request.query.get("redirect_url", ""))))


async def answer_code(request: web.Request) -> web.Response:
    """POST /phone/code: the buyer opens the payment code, which a till then scans."""
    language = pages.language_of(str((await request.post()).get("lang", "")))
    texts = TEXTS[language]
    code = new_auth_code(of(request), CodeWish())
    groups = f"{code[:4]} {code[4:8]} {code[8:12]} {code[12:]}"
    visit = Visit(language, "", "")
    content = (
        f'\n<section class="card done"><h2>{texts["code"]}</h2><p class="amount small">{groups}</p>'
        f"<p>{texts['code_hint']}</p></section>\n{_back(visit)}"
    )
    return _page(visit, content)


async def answer_pay(request: web.Request) -> web.Response:
    """POST /phone/pay: the button. Leads back to the page, which then shows how it went."""
    simulator = of(request)
    form = await request.post()
    visit = Visit(
        pages.language_of(str(form.get("lang", ""))),
        str(form.get("code_url", "")),
        _back_to(str(form.get("redirect_url", ""))),
    )
    try:
        together = combined_with_code(simulator, _bare(visit.code_url))
        if together is not None:
            pay_combined(simulator, together, SANDBOX_BUYER)
        else:
            pay(simulator, scan(simulator, visit.code_url), SANDBOX_BUYER)
    except Refused as refused:
        if refused.code not in ("ORDER_CLOSED", "ORDER_NOT_EXIST"):
            raise
    return web.Response(status=303, headers={"Location": _link(visit)})


class Visit(NamedTuple):
    """What a page is about, kept from page to page."""

    language: str
    code_url: str
    """Or a prepay_id."""
    redirect_url: str
    """The shop's page to go back to; empty: none."""


def _show(simulator: Simulator, visit: Visit) -> web.Response:
    now_ms = simulator.clock.now_ms()
    together = combined_with_code(simulator, _bare(visit.code_url))
    if together is not None:
        orders = sub_orders(simulator, together)
    else:
        try:
            orders = [scan(simulator, visit.code_url)]
        except Refused as refused:
            kind = "unknown" if refused.status == 404 else "expired"
            return _page(visit, _failure(visit, kind), status=refused.status)
    states = {order.state_at(now_ms) for order in orders}
    if states & {"NOTPAY", "USERPAYING"}:
        content = _to_pay(simulator, orders, visit)
    elif states & {"SUCCESS", "REFUND"}:
        content = _paid(simulator, orders, visit)
    else:
        content = _failure(visit, "closed")
    return _page(visit, content)


def _bare(code_url: str) -> str:
    return code_url.strip().removeprefix(CODE_URL)


def _back_to(redirect_url: str) -> str:
    return redirect_url if redirect_url.startswith(("http://", "https://")) else ""


def _link(visit: Visit) -> str:
    query = {"code_url": visit.code_url, "redirect_url": visit.redirect_url}
    return pages.link("/phone", visit.language, query)


def _page(visit: Visit, content: str, status: int = 200) -> web.Response:
    texts = TEXTS[visit.language]
    other = "en" if visit.language == "zh" else "zh"
    return pages.page(
        language=visit.language,
        title=texts["title"],
        other_language=texts["other"],
        other_link=_link(visit._replace(language=other)),
        content=content,
        footer=texts["sandbox"],
        status=status,
    )


def _back(visit: Visit) -> str:
    texts = TEXTS[visit.language]
    if visit.redirect_url:
        return f'<p class="back"><a href="{escape(visit.redirect_url)}">{texts["shop"]}</a></p>'
    landing = _link(Visit(visit.language, "", ""))
    return f'<p class="back"><a href="{landing}">{texts["back"]}</a></p>'


def _to_pay(simulator: Simulator, orders: list[Order], visit: Visit) -> str:
    texts = TEXTS[visit.language]
    total = sum(order.total for order in orders)
    facts = pages.facts(
        [
            (texts["payee"], texts["merchant"].format(mchid=simulator.keys.mchid)),
            (texts["description"], "；".join(order.description for order in orders)),
            (texts["order"], "；".join(order.out_trade_no for order in orders)),
            (texts["method"], texts["balance"]),
        ]
    )
    fields = {"code_url": visit.code_url, "redirect_url": visit.redirect_url, "lang": visit.language}
    hidden = "".join(pages.hidden(name, value) for name, value in fields.items())
    return f"""
<section class="card">{pages.amount(total, "large")}{facts}</section>
<form method="post" action="/phone/pay">{hidden}
<button type="submit">{texts["pay"]} ¥{pages.yuan(total)}</button>
</form>
{_back(visit)}"""


def _paid(simulator: Simulator, orders: list[Order], visit: Visit) -> str:
    texts = TEXTS[visit.language]
    paid = [order for order in orders if order.paid_at is not None]
    facts = pages.facts(
        [
            (texts["payee"], texts["merchant"].format(mchid=simulator.keys.mchid)),
            (texts["description"], "；".join(order.description for order in paid)),
            (texts["time"], beijing(paid[0].paid_at or 0, "%Y-%m-%d %H:%M:%S")),
            (texts["transaction"], "；".join(order.transaction_id or "" for order in paid)),
        ]
    )
    heading = texts["refunded"] if any(order.refunded for order in paid) else texts["paid"]
    inside = pages.amount(sum(order.total for order in paid), "large") + facts
    return f"{pages.outcome(succeeded=True, heading=heading, inside=inside)}\n{_back(visit)}"


def _failure(visit: Visit, kind: str) -> str:
    texts = TEXTS[visit.language]
    inside = f"<p>{texts[f'{kind}_hint']}</p>"
    return f"{pages.outcome(succeeded=False, heading=texts[kind], inside=inside)}\n{_back(visit)}"


def _shown_code(order: Order) -> str:
    return CODE_URL + order.code if order.trade_type == "NATIVE" else order.code


def _landing(simulator: Simulator, language: str) -> str:
    texts = TEXTS[language]
    items = "".join(
        f'<li><a href="{escape(_link(Visit(language, _shown_code(order), "")))}"><span class="what">'
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
<form method="post" action="/phone/code">{language_field}
<button type="submit">{texts["show_code"]}</button>
</form>
<h2 class="list">{texts["unpaid"]}</h2>{listed}"""
