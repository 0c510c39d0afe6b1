"""The web application: both faces, the channels' callbacks, health and metrics, in one process."""

from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import feiqian
from feiqian.app.services import Services
from feiqian.channels import ChannelKind
from feiqian.console import desk_routes
from feiqian.console import routes as console_routes
from feiqian.infra.web import HANDLERS, StrictRequest
from feiqian.members import Caller
from feiqian.openapi import ProblemResponses
from feiqian.openapi import routes as partner_routes

BODY_BYTES_MAX = 4_000_000
WEB_DIST = Path(feiqian.__file__).parents[2] / "web" / "dist"
"""The built pages, beside the sources."""

DESCRIPTION = """Payments, refunds, merchants' money, credit and the business day.

Amounts are integers in minor units (fen) beside an ISO 4217 currency. Your own numbers (`order_no`, `refund_no`,
`loan_no` …) are the idempotency keys: the same request again returns the first answer, an altered one is refused.
Errors are `application/problem+json` (RFC 9457) with a stable `code`."""


@get("/health", include_in_schema=False, sync_to_thread=False)
def health() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "up", "version": feiqian.__version__}


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def metrics() -> Response[bytes]:
    """For Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def build(services: Services, *, web_dist: Path = WEB_DIST) -> Litestar:
    """The application over opened services."""

    async def admit(request: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        # Before the body is read: whoever has no key learns nothing about what a body should be.
        if "scope" in handler.opt:
            assert isinstance(request, Request)
            request.state.caller = await services.access.caller(request)

    def caller(request: Request[Any, Any, Any]) -> Caller:
        return request.state.caller

    given: dict[str, object] = {
        "database": services.database,
        "clock": services.clock,
        "poster": services.poster,
        "standing": services.standing,
        "gateway": services.gateway,
        "settings": services.settings,
        "day_steps": services.days,
        "connection_desk": services.desk,
        "live_connections": services.live,
        "approvals": services.approvals,
        "router": services.router,
        "webhooks": services.webhooks,
        "sandbox_url": services.sandbox and services.sandbox.url(ChannelKind.WECHATPAY),
    }
    return Litestar(
        route_handlers=[
            health,
            metrics,
            *partner_routes(),
            *console_routes(web_dist=web_dist),
            desk_routes(),
        ],
        dependencies={
            "caller": Provide(caller, sync_to_thread=False),
            **{name: Provide(_giver(value), sync_to_thread=False) for name, value in given.items()},
        },
        guards=[admit],
        plugins=[ProblemResponses()],
        request_class=StrictRequest,
        exception_handlers=HANDLERS,
        openapi_config=OpenAPIConfig(
            title="Feiqian",
            version=feiqian.__version__,
            description=DESCRIPTION,
            path="/schema",
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
            components=Components(
                security_schemes={
                    "api_key": SecurityScheme(type="http", scheme="bearer", description="Your API key, fq_…")
                }
            ),
            security=[{"api_key": []}],
        ),
        compression_config=CompressionConfig(
            # Machines on the same network gain nothing from it; browsers do.
            backend="gzip",
            minimum_size=2_000,
            gzip_compress_level=5,
            exclude=["^/v1/", "^/callbacks/", "^/metrics"],
        ),
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
    )


def _giver(value: object) -> Any:
    return lambda: value
