"""Where a person pays as the buyer: the cashier that page.pay and wap.pay lead to, and the buyer's phone. No script.

Source: the documentation of alipay.trade.page.pay and wap.pay: after the payment the browser goes back to return_url
with signed parameters, which say that it was there, not that the money is.
"""

import secrets
from html import escape
from urllib.parse import urlencode

from aiohttp import web

from feiqian.simulators.alipay.answers import Refused, parse, yuan
from feiqian.simulators.alipay.calls import check
from feiqian.simulators.alipay.context import MOMENT, Simulator, of
from feiqian.simulators.alipay.ordering import QR_CODE, scan
from feiqian.simulators.alipay.page_words import TEXTS
from feiqian.simulators.alipay.paying import Placement, meet, pay, place
from feiqian.simulators.alipay.signing import SIGN_TYPE, notification_message, sign
from feiqian.simulators.alipay.trades import Trade, unpaid
from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.kit.pages import amount, facts, hidden, language_of, link, outcome, page
from feiqian.simulators.kit.pages import yuan as grouped

PAGE_METHODS = ("alipay.trade.page.pay", "alipay.trade.wap.pay")
LISTED_MAX = 20
BACK_AFTER_S = 3


def answer_page_call(simulator: Simulator, parameters: dict[str, str]) -> web.Response:
    """alipay.trade.page.pay and wap.pay, as the buyer's browser brings them: on to the cashier."""
    try:
        call = check(simulator, parameters)
        trade = meet(simulator, place(simulator, call, parse(call.biz_content, Placement)))
    except Refused as refused:
        return _refusal(refused)
    return web.Response(status=302, headers={"Location": f"/cashier/{trade.code}"})


async def answer_cashier(request: web.Request) -> web.Response:
    """GET /cashier/{code}: what is to be paid; once it is, back to the merchant after a moment."""
    simulator = of(request)
    code, language = request.match_info["code"], language_of(request.query.get("lang", ""))
    path = f"/cashier/{code}"
    try:
        trade = scan(simulator, code)
    except Refused:
        return _page("cashier", language, path, {}, _failure(language, "unknown"))
    if trade.paid_at is None:
        content = _open_or_closed(simulator, trade, language, f"{path}/pay")
        return _page("cashier", language, path, {}, content)
    back = return_link(simulator, trade)
    shown = _page("cashier", language, path, {}, _paid(simulator, trade, language, back))
    if back:
        shown.headers["Refresh"] = f"{BACK_AFTER_S}; url={back}"
    return shown


async def answer_cashier_pay(request: web.Request) -> web.Response:
    """POST /cashier/{code}/pay: the button. Leads back to the page, which then shows how it went."""
    code = request.match_info["code"]
    language = language_of(str((await request.post()).get("lang", "")))
    _pay(of(request), code)
    return web.Response(status=303, headers={"Location": link(f"/cashier/{code}", language, {})})


async def answer_phone(request: web.Request) -> web.Response:
    """GET /phone?code=…&lang=en: the buyer's phone, which scans codes and shows one of its own."""
    simulator = of(request)
    language, code = language_of(request.query.get("lang", "")), request.query.get("code", "").strip()
    if not code:
        return _page("phone", language, "/phone", {}, _landing(simulator, language))
    try:
        trade = scan(simulator, code)
        if trade.paid_at is None:
            trade = meet(simulator, trade)
    except Refused as refused:
        kind = "closed" if refused.sub_code == "ACQ.TRADE_HAS_CLOSE" else "unknown"
        return _page("phone", language, "/phone", {"code": code}, _failure(language, kind))
    if trade.paid_at is None:
        content = _open_or_closed(simulator, trade, language, "/phone/pay")
    else:
        content = _paid(simulator, trade, language, "")
    return _page("phone", language, "/phone", {"code": code}, content + _way_back(language))


async def answer_phone_pay(request: web.Request) -> web.Response:
    """POST /phone/pay: the button."""
    form = await request.post()
    code, language = str(form.get("code", "")), language_of(str(form.get("lang", "")))
    _pay(of(request), code)
    return web.Response(status=303, headers={"Location": link("/phone", language, {"code": code})})


def return_link(simulator: Simulator, trade: Trade) -> str:
    """The merchant's return_url with signed parameters; empty when it gave none."""
    if not trade.return_url:
        return ""
    credentials = simulator.keys.credentials
    said = {
        "charset": trade.charset,
        "out_trade_no": trade.out_trade_no,
        "method": f"{trade.method}.return",
        "total_amount": yuan(trade.total),
        "trade_no": trade.trade_no or "",
        "auth_app_id": credentials.app_id,
        "version": "1.0",
        "app_id": credentials.app_id,
        "seller_id": credentials.seller_id,
        "timestamp": beijing(simulator.now_ms(), MOMENT),
    }
    key = simulator.keys.signer(simulator.signer_name(trade.mode))
    said |= {"sign": sign(key, notification_message(said, trade.charset)), "sign_type": SIGN_TYPE}
    joint = "&" if "?" in trade.return_url else "?"
    return f"{trade.return_url}{joint}{urlencode(said, encoding=trade.charset)}"


def _pay(simulator: Simulator, code: str) -> None:
    try:
        pay(simulator, scan(simulator, code))
    except Refused as refused:
        if refused.sub_code not in ("ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_NOT_EXIST"):
            raise


def _page(kind: str, language: str, path: str, query: dict[str, str], content: str) -> web.Response:
    texts = TEXTS[language]
    other = "en" if language == "zh" else "zh"
    return page(
        language=language,
        title=texts[kind],
        other_language=texts["other"],
        other_link=link(path, other, query),
        content=content,
        footer=texts["sandbox"],
    )


def _refusal(refused: Refused) -> web.Response:
    texts = TEXTS["zh"]
    inside = f"<p>{escape(refused.sub_msg)}</p>{facts([(texts['code'], refused.sub_code)])}"
    content = outcome(succeeded=False, heading=texts["refused"], inside=inside)
    return _page("cashier", "zh", "/phone", {}, content)


def _open_or_closed(simulator: Simulator, trade: Trade, language: str, action: str) -> str:
    if trade.state_at(simulator.now_ms()) == "TRADE_CLOSED":
        return _failure(language, "closed")
    texts = TEXTS[language]
    shown = facts(
        [
            (texts["payee"], texts["merchant"].format(seller_id=simulator.keys.credentials.seller_id)),
            (texts["subject"], trade.subject),
            (texts["order"], trade.out_trade_no),
            (texts["method"], texts["balance"]),
        ]
    )
    return f"""
<section class="card">{amount(trade.total, "large")}{shown}</section>
<form method="post" action="{action}">{hidden("code", QR_CODE + trade.code)}{hidden("lang", language)}
<button type="submit">{texts["pay"]} ¥{grouped(trade.total)}</button></form>"""


def _paid(simulator: Simulator, trade: Trade, language: str, back: str) -> str:
    texts = TEXTS[language]
    shown = facts(
        [
            (texts["payee"], texts["merchant"].format(seller_id=simulator.keys.credentials.seller_id)),
            (texts["subject"], trade.subject),
            (texts["time"], beijing(trade.paid_at or 0, MOMENT)),
            (texts["trade"], trade.trade_no or ""),
        ]
    )
    heading = texts["refunded"] if trade.refunded else texts["paid"]
    content = outcome(succeeded=True, heading=heading, inside=amount(trade.total, "large") + shown)
    if not back:
        return content
    return f'{content}<p class="back"><a href="{escape(back)}">{texts["to_merchant"]}</a></p>'


def _failure(language: str, kind: str) -> str:
    texts = TEXTS[language]
    return outcome(succeeded=False, heading=texts[kind], inside=f"<p>{texts[f'{kind}_hint']}</p>")


def _way_back(language: str) -> str:
    return f'<p class="back"><a href="{link("/phone", language, {})}">{TEXTS[language]["back"]}</a></p>'


def _landing(simulator: Simulator, language: str) -> str:
    texts = TEXTS[language]
    items = "".join(
        f'<li><a href="{escape(link("/phone", language, {"code": QR_CODE + trade.code}))}"><span class="what">'
        f"<strong>{escape(trade.subject)}</strong><small>{escape(trade.out_trade_no)}</small></span>"
        f"{amount(trade.total, 'small')}</a></li>"
        for trade in unpaid(simulator, LISTED_MAX)
    )
    listed = f'<ul class="orders">{items}</ul>' if items else f'<p class="none">{texts["none"]}</p>'
    language_field = hidden("lang", language) if language != "zh" else ""
    code = f"28{secrets.randbelow(10**16):016d}"
    return f"""
<form class="card paste" method="get" action="/phone">
<label for="code">{texts["paste"]}</label>
<input id="code" name="code" type="text" required autocomplete="off" placeholder="{QR_CODE}bax…">
{language_field}<button type="submit">{texts["open"]}</button>
</form>
<h2 class="list">{texts["payment_code"]}</h2><section class="card paste"><p class="amount small">{code}</p></section>
<h2 class="list">{texts["unpaid"]}</h2>{listed}"""
