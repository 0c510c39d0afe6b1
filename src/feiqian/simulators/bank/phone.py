"""The payer's bank: the page on which a person transfers money to an account or a virtual number of this bank.

No script; Chinese unless ``lang=en``. The query may fill in what a platform tells its buyer: account, amount, memo.
"""

from html import escape

from aiohttp import web

from feiqian.kernel.money import parse_major
from feiqian.simulators.bank.context import Bank, of
from feiqian.simulators.bank.incoming import Incoming, pay_in
from feiqian.simulators.kit import pages

TEXTS = {
    "zh": {
        "title": "付款人的网上银行",
        "sandbox": "沙箱 · 不会动用真实资金",
        "other": "English",
        "account": "收款账号",
        "amount": "金额（元）",
        "payer_name": "付款人",
        "memo": "附言",
        "name": "沙盒付款人",
        "pay": "确认转账",
        "paid": "转账成功",
        "reference": "银行流水号",
        "back": "再转一笔",
        "refused": "未能转账",
        "refused_hint": "请核对收款账号和金额：账号须是本行的正常账户，金额须大于零、最多两位小数。",
    },
    "en": {
        "title": "The payer's bank",
        "sandbox": "Sandbox · no real money moves",
        "other": "中文",
        "account": "To account",
        "amount": "Amount in yuan",
        "payer_name": "From",
        "memo": "Remark",
        "name": "Sandbox payer",
        "pay": "Transfer",
        "paid": "Transferred",
        "reference": "Reference",
        "back": "Another transfer",
        "refused": "Not transferred",
        "refused_hint": "Check account and amount: an open account of this bank, above zero, two decimals at most.",
    },
}
"""What the page says, by language."""

FIELDS = ("account", "amount", "payer_name", "memo")


def routes() -> list[web.RouteDef]:
    """The paths of this page."""
    return [
        web.get("/phone", answer_page),
        web.post("/phone/pay", answer_pay),
        web.get(pages.STYLE_PATH, pages.answer_style),
    ]


async def answer_page(request: web.Request) -> web.Response:
    """GET /phone?account=…&amount=12.30&memo=…&lang=en"""
    language = pages.language_of(request.query.get("lang", ""))
    given = {name: request.query.get(name, "") for name in FIELDS}
    return _page(language, given, _form(language, given))


async def answer_pay(request: web.Request) -> web.Response:
    """POST /phone/pay: the button."""
    form = await request.post()
    language = pages.language_of(str(form.get("lang", "")))
    given = {name: str(form.get(name, "")).strip() for name in FIELDS}
    words = TEXTS[language]
    try:
        shown = _pay(of(request), given, words["name"])
    except ValueError:
        inside = f"<p>{escape(words['refused_hint'])}</p>"
        card = pages.outcome(succeeded=False, heading=words["refused"], inside=inside)
        return _page(language, given, card + _form(language, given), status=422)
    facts = pages.facts([(words["account"], given["account"]), (words["reference"], shown)])
    inside = pages.amount(parse_major(given["amount"]), "large") + facts
    back = f'<p class="back"><a href="{escape(pages.link("/phone", language, {}))}">{escape(words["back"])}</a></p>'
    card = pages.outcome(succeeded=True, heading=words["paid"], inside=inside)
    return _page(language, {}, card + back)


def _pay(bank: Bank, given: dict[str, str], nobody: str) -> str:
    incoming = Incoming(
        account=given["account"],
        amount=parse_major(given["amount"]),
        payer_name=given["payer_name"][:140] or nobody,
        memo=given["memo"][:140],
    )
    return pay_in(bank, incoming, bank.now_ms()).reference


def _form(language: str, given: dict[str, str]) -> str:
    words = TEXTS[language]
    given = given | {"payer_name": given.get("payer_name") or words["name"]}
    fields = "".join(
        f'<p><label for="{name}">{escape(words[name])}</label>'
        f'<input type="text" id="{name}" name="{name}" value="{escape(given.get(name, ""))}"'
        f"{'' if name == 'memo' else ' required'}></p>"
        for name in FIELDS
    )
    return (
        '<form class="card paste" method="post" action="/phone/pay">'
        f'{pages.hidden("lang", language)}{fields}<button type="submit">{escape(words["pay"])}</button></form>'
    )


def _page(language: str, given: dict[str, str], content: str, status: int = 200) -> web.Response:
    words = TEXTS[language]
    return pages.page(
        language=language,
        title=words["title"],
        other_language=words["other"],
        other_link=pages.link("/phone", "zh" if language == "en" else "en", given),
        content=content,
        footer=words["sandbox"],
        status=status,
    )
