"""The built pages: the console, whose paths all give its one page, and the cashier."""

import re
from pathlib import Path
from typing import Any

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import File, Redirect

from feiqian.kernel.errors import NotFound

HASHED_NAME = re.compile(r"[A-Za-z0-9_.-]+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
"""Vite writes the hash of the content into the name: what is behind it never changes."""
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

COMMON = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
_POLICY = (
    "default-src 'self'; style-src {style}; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action {forms}; frame-ancestors 'none'"
)
CONSOLE = {
    **COMMON,
    # antd writes its styles into the page.
    "Content-Security-Policy": _POLICY.format(style="'self' 'unsafe-inline'", forms="'self'"),
    "Referrer-Policy": "same-origin",
}
CASHIER = {
    **COMMON,
    # UnionPay takes its buyers by a form, and hands them on to their banks; the sandbox's answers on this machine.
    "Content-Security-Policy": _POLICY.format(
        style="'self'", forms="'self' https: http://127.0.0.1:* http://localhost:*"
    ),
    # The address is the buyer's only secret.
    "Referrer-Policy": "no-referrer",
}
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

MISSING = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>飞钱</title>
<h1>页面尚未构建 · The pages are not built yet</h1>
<p>请运行 <code>make run</code>，或在 <code>web/</code> 目录运行 <code>npm ci &amp;&amp; npm run build</code>，然后刷新。</p>
<p>Run <code>make run</code>, or <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>, and reload.</p>
"""


def page_routes(web_dist: Path) -> list[HTTPRouteHandler]:
    """Handlers that serve ``console/`` and ``cashier/`` below the directory of the build."""

    @get("/", include_in_schema=False, sync_to_thread=False)
    def home() -> Redirect:
        return Redirect("/console/")

    @get(["/console", "/console/{path:path}"], include_in_schema=False, sync_to_thread=False)
    def console(path: FromPath[str] = "/") -> Response[Any]:
        if path.startswith("/api/"):
            raise NotFound(what="path", name=f"/console{path}")
        return _page(web_dist / "console" / "index.html", CONSOLE)

    @get("/console/assets/{name:str}", include_in_schema=False, sync_to_thread=False)
    def console_asset(name: FromPath[str]) -> Response[Any]:
        return _asset(web_dist / "console" / "assets", name)

    @get(["/cashier/{token:str}", "/pay/{token:str}"], include_in_schema=False, sync_to_thread=False)
    def cashier() -> Response[Any]:
        """The same page for every token: its script asks for the payment, or for what a link offers."""
        return _page(web_dist / "cashier" / "index.html", CASHIER)

    @get("/cashier/assets/{name:str}", include_in_schema=False, sync_to_thread=False)
    def cashier_asset(name: FromPath[str]) -> Response[Any]:
        return _asset(web_dist / "cashier" / "assets", name)

    return [home, console, console_asset, cashier, cashier_asset]


def _page(path: Path, headers: dict[str, str]) -> Response[Any]:
    if not path.is_file():
        return Response(MISSING, status_code=503, media_type=MediaType.HTML, headers=COMMON)
    return File(
        path,
        media_type=MEDIA_TYPES[".html"],
        content_disposition_type="inline",
        headers={**headers, "Cache-Control": ASK_AGAIN},
    )


def _asset(directory: Path, name: str) -> Response[Any]:
    """A file of the build. The name is one path segment of plain characters, so it cannot leave the directory.

    Raises: NotFound.
    """
    path = directory / name
    if not HASHED_NAME.fullmatch(name) or not path.is_file():
        raise NotFound(what="file", name=name)
    return File(
        path,
        media_type=MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        content_disposition_type="inline",
        headers={**COMMON, "Cache-Control": FOREVER},
    )
