"""The pages in the buyer's browser: the gateway's bank page, the way back to the merchant, and a list of open orders.

The only script posts the buyer back to the merchant's frontUrl with the signed outcome, as the real page does.
"""

import secrets
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from feiqian.simulators.kit.pages import POLICY, amount, facts, hidden, language_of, link, outcome, page, yuan
from feiqian.simulators.unionpay import payments
from feiqian.simulators.unionpay.codes import TEXTS, Refused
from feiqian.simulators.unionpay.context import Simulator, of
from feiqian.simulators.unionpay.gate import check, message
from feiqian.simulators.unionpay.transactions import Transaction
from feiqian.simulators.unionpay.transactions import outcome as outcome_of
from feiqian.simulators.unionpay.words import TEXTS as WORDS

BANK_PAGE = "/gateway/bank"
STYLE_PAGE = f"{BANK_PAGE}.css"
STYLE = Path(__file__).with_name("bank.css").read_bytes()
LIST_PAGE = "/phone"
LISTED_MAX = 20


async def answer_front(request: web.Request) -> web.Response:
    """POST /gateway/api/frontTransReq.do, by the buyer's browser: leads on to the bank page."""
    simulator = of(request)
    fields = await message(request)
    check(simulator, fields)
    transaction = payments.place(simulator, fields)
    return web.Response(
        status=303, headers={"Location": link(BANK_PAGE, "zh", {"code": transaction.code or ""})}
    )


async def answer_bank(request: web.Request) -> web.Response:
    """GET /gateway/bank?code=…: what the buyer can do now, or how it went."""
    simulator = of(request)
    language = language_of(request.query.get("lang", ""))
    transaction = _named(simulator, request.query.get("code", ""))
    if transaction.state in ("waiting", "entered"):
        if transaction.resp_code_at(simulator.now_ms()) == "01":
            return _framed(language, transaction, _end(language, "too_late", transaction))
        return _framed(language, transaction, _to_do(simulator, transaction, language))
    if transaction.has_succeeded:
        return _way_back(simulator, transaction, language)
    heading = "processing" if transaction.is_open else "failed"
    return _framed(language, transaction, _end(language, heading, transaction))


async def answer_act(request: web.Request) -> web.Response:
    """POST /gateway/bank/{pay,enter,confirm,reject}: a button. Leads back to the page, which shows how it went."""
    simulator = of(request)
    form = await request.post()
    code, language = str(form.get("code", "")), language_of(str(form.get("lang", "")))
    transaction = _named(simulator, code)
    act = request.match_info["act"]
    if act == "pay":
        payments.pay(simulator, transaction)
    elif act == "enter":
        payments.enter(simulator, transaction, str(form.get("bank", "")))
    elif act == "confirm":
        payments.confirm(simulator, transaction)
    else:
        payments.reject(simulator, transaction)
    return web.Response(status=303, headers={"Location": link(BANK_PAGE, language, {"code": code})})


async def answer_list(request: web.Request) -> web.Response:
    """GET /phone: the orders that wait for a buyer."""
    simulator = of(request)
    language = language_of(request.query.get("lang", ""))
    words = WORDS[language]
    items = "".join(
        f'<li><a href="{escape(link(BANK_PAGE, language, {"code": one.code or ""}))}"><span class="what">'
        f"<strong>{words[one.biz_type]}</strong><small>{escape(one.order_id)}</small></span>"
        f"{amount(one.amount, 'small')}</a></li>"
        for one in payments.unpaid(simulator, LISTED_MAX)
    )
    listed = f'<ul class="orders">{items}</ul>' if items else f'<p class="none">{words["none"]}</p>'
    content = f'<h2 class="list">{words["unpaid"]}</h2>{listed}'
    return _page(language, LIST_PAGE, {}, content)


async def answer_style(_request: web.Request) -> web.Response:
    """GET /gateway/bank.css: what the bank page has beside the phone's style."""
    return web.Response(body=STYLE, content_type="text/css", headers={"Cache-Control": "max-age=300"})


def refusal_page(refused: Refused) -> web.Response:
    """What the buyer's browser shows when a message or a button was refused."""
    text = outcome(succeeded=False, heading=f"[{refused.code}]", inside=f"<p>{escape(refused.message)}</p>")
    return _page("zh", LIST_PAGE, {}, text)


def _named(simulator: Simulator, code: str) -> Transaction:
    transaction = payments.page_named(simulator, code)
    if transaction is None:
        raise Refused("34")
    return transaction


def _to_do(simulator: Simulator, transaction: Transaction, language: str) -> str:
    words = WORDS[language]
    shown = [
        (words["payee"], words["merchant"].format(mer_id=simulator.keys.mer_id)),
        (words["order"], transaction.order_id),
    ]
    if transaction.biz_type == payments.B2C:
        shown.append((words["card"], payments.SANDBOX_CARD))
        buttons = _form(transaction, language, "pay", f"{words['pay']} ¥{yuan(transaction.amount)}")
    elif transaction.state == "waiting":
        chosen = transaction.bank or next(iter(payments.BANKS))
        place = 0 if language == "zh" else 1
        options = "".join(
            f'<option value="{short}"{" selected" if short == chosen else ""}>{names[place]}</option>'
            for short, names in payments.BANKS.items()
        )
        choice = (
            f'<div class="card choice"><label for="bank">{words["bank"]}</label>'
            f'<select id="bank" name="bank">{options}</select></div>'
        )
        buttons = _form(transaction, language, "enter", words["enter"], choice)
    else:
        place = 0 if language == "zh" else 1
        shown += [
            (words["bank"], payments.BANKS[transaction.bank][place]),
            (words["account"], payments.SANDBOX_COMPANY),
        ]
        buttons = _form(transaction, language, "confirm", words["confirm"])
        buttons += _form(transaction, language, "reject", words["reject"])
    step = "" if transaction.biz_type == payments.B2C else f'<h2 class="step">{words[transaction.state]}</h2>'
    return f'\n<section class="card">{step}{amount(transaction.amount, "large")}{facts(shown)}</section>{buttons}'


def _form(transaction: Transaction, language: str, act: str, label: str, inside: str = "") -> str:
    return f"""
<form class="{act}" method="post" action="{BANK_PAGE}/{act}">
{hidden("code", transaction.code or "")}{hidden("lang", language)}{inside}
<button type="submit">{label}</button>
</form>"""


def _end(language: str, heading: str, transaction: Transaction) -> str:
    words = WORDS[language]
    said = "" if heading == "too_late" else f"<p>{escape(TEXTS[transaction.resp_code])}</p>"
    # As in reality, this button carries no data: only a success does.
    back = f'<p class="back"><a href="{escape(transaction.front_url)}">{words["return"]}</a></p>'
    return outcome(succeeded=False, heading=words[heading], inside=said) + back


def _way_back(simulator: Simulator, transaction: Transaction, language: str) -> web.Response:
    words = WORDS[language]
    nonce = secrets.token_urlsafe(16)
    said = outcome_of(simulator, transaction, transaction.resp_code)
    signed = simulator.signer_in_use().signed(said)
    inputs = "".join(hidden(name, value) for name, value in signed.items())
    shown = facts([(words["order"], transaction.order_id), (words["transaction"], transaction.query_id)])
    content = outcome(
        succeeded=True, heading=words["paid"], inside=amount(transaction.amount, "large") + shown
    )
    content += f"""
<form id="back" method="post" action="{escape(transaction.front_url)}">{inputs}
<button type="submit">{words["return"]}</button></form>
<script nonce="{nonce}">document.getElementById("back").submit();</script>"""
    address = urlsplit(transaction.front_url)
    policy = POLICY.replace("form-action 'self'", f"form-action {address.scheme}://{address.netloc}")
    return _framed(language, transaction, content, f"{policy}; script-src 'nonce-{nonce}'")


def _framed(language: str, transaction: Transaction, content: str, policy: str = POLICY) -> web.Response:
    return _page(language, BANK_PAGE, {"code": transaction.code or ""}, content, policy)


def _page(
    language: str, path: str, query: dict[str, str], content: str, policy: str = POLICY
) -> web.Response:
    words = WORDS[language]
    return page(
        language=language,
        title=words["title"],
        other_language=words["other"],
        other_link=link(path, "en" if language == "zh" else "zh", query),
        content=f'<link rel="stylesheet" href="{STYLE_PAGE}">{content}',
        footer=words["sandbox"],
        policy=policy,
    )
