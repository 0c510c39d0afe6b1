"""Where channels report; open to anybody, believed only with the channel's signature."""

from typing import Any

import structlog
from litestar import Request, Response, post
from litestar.params import FromPath

from feiqian.infra.metrics import NOTICES
from feiqian.kernel.errors import Refusal
from feiqian.openapi.given import GivenGateway

log = structlog.get_logger(__name__)


@post(
    "/callbacks/{code:str}",
    include_in_schema=False,
    status_code=200,
    summary="A channel reports a payment or a refund at one of our connections",
)
async def take_notice(
    code: FromPath[str], request: Request[Any, Any, Any], gateway: GivenGateway
) -> Response[Any]:
    """The channel's own word for "taken" once it is in the books; else its own error, upon which it sends the notice
    again."""
    # An address that belongs to no connection is not counted: anybody can make one up.
    taken = gateway.answer_notice(code, None)
    try:
        await gateway.take_notice(code, request.headers, await request.body())
    except Refusal as refusal:
        NOTICES.labels(channel=code, outcome=refusal.code).inc()
        log.warning("notice_refused", channel=code, code=refusal.code, reason=refusal.sentence())
        answer = gateway.answer_notice(code, refusal)
        # Where the channel looks at the status, it may as well say which fault it was.
        status = max(refusal.status, 400) if answer.status >= 400 else answer.status
        return Response(answer.body, status_code=status, media_type=answer.content_type)
    NOTICES.labels(channel=code, outcome="taken").inc()
    return Response(taken.body or None, status_code=taken.status, media_type=taken.content_type)
