"""Where channels report; open to anybody, believed only with the channel's signature."""

from typing import Any

import structlog
from litestar import Request, Response, post

from feiqian.infra.metrics import NOTICES
from feiqian.kernel.errors import Refusal
from feiqian.openapi.given import GivenGateway

log = structlog.get_logger(__name__)


@post(
    "/callbacks/wechatpay",
    include_in_schema=False,
    status_code=200,
    summary="WeChat Pay reports a payment or a refund",
)
async def wechatpay(request: Request[Any, Any, Any], gateway: GivenGateway) -> Response[Any]:
    """204 once it is in the books; else WeChat Pay's own error shape, upon which it sends the notice again."""
    try:
        await gateway.take_notice(request.headers, await request.body())
    except Refusal as refusal:
        NOTICES.labels(channel="wechatpay", outcome=refusal.code).inc()
        log.warning("notice_refused", code=refusal.code, reason=refusal.sentence())
        answer = {"code": "FAIL", "message": refusal.sentence("zh")}
        return Response(answer, status_code=max(refusal.status, 400))
    NOTICES.labels(channel="wechatpay", outcome="taken").inc()
    return Response(None, status_code=204)
