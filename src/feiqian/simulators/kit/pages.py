"""The buyer's phone: the frame of the pages on which a person plays the buyer. No script; Chinese unless English is asked."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from feiqian.kernel.money import format_major

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
STYLE = Path(__file__).with_name("phone.css").read_bytes()
STYLE_PATH = "/phone/phone.css"


async def answer_style(_request: web.Request) -> web.Response:
    """GET /phone/phone.css, which every page needs."""
    return web.Response(body=STYLE, content_type="text/css", headers={"Cache-Control": "max-age=300"})


def language_of(asked: str) -> str:
    """``zh`` or ``en``, from ``?lang=``."""
    return "en" if asked == "en" else "zh"


def link(path: str, language: str, query: Mapping[str, str]) -> str:
    """A link to one of our pages in the given language; empty values are left out."""
    given = {name: value for name, value in query.items() if value}
    if language != "zh":
        given["lang"] = language
    return path + (f"?{urlencode(given)}" if given else "")


def page(
    *,
    language: str,
    title: str,
    other_language: str,
    other_link: str,
    content: str,
    footer: str,
    status: int = 200,
    policy: str = POLICY,
) -> web.Response:
    """``content`` (HTML) in the frame of the phone. ``other_link`` leads to the same page in the other language."""
    other = "en" if language == "zh" else "zh"
    text = f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{STYLE_PATH}">
</head>
<body>
<header><h1>{escape(title)}</h1>
<a class="language" href="{escape(other_link)}" hreflang="{other}">{escape(other_language)}</a></header>
<main>{content}</main>
<footer>{escape(footer)}</footer>
</body>
</html>
"""
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def amount(fen: int, size: str) -> str:
    """An amount in yuan; size is ``large`` or ``small``."""
    return f'<p class="amount {size}"><span class="currency">¥</span>{yuan(fen)}</p>'


def yuan(fen: int) -> str:
    """``1,234.00``"""
    return f"{Decimal(format_major(fen)):,}"


def facts(given: Sequence[tuple[str, str]]) -> str:
    """A list of names and values."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in given)
    return f"<dl>{rows}</dl>"


def outcome(*, succeeded: bool, heading: str, inside: str) -> str:
    """A card with a mark: done or failed; ``inside`` is HTML."""
    kind, mark = ("done", "✓") if succeeded else ("failed", "!")
    return (
        f'\n<section class="card {kind}"><p class="mark" aria-hidden="true">{mark}</p>'
        f"<h2>{escape(heading)}</h2>\n{inside}</section>"
    )


def hidden(name: str, value: str) -> str:
    """A form's field that the person does not see."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'
