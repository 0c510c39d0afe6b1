"""What the OpenAPI document says of errors: whatever is refused is answered with a problem document."""

from http import HTTPStatus

from litestar.openapi.datastructures import ResponseSpec
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from feiqian.infra.web import PROBLEM, Problem

_STATUSES = (400, 401, 403, 404, 409, 413, 422, 500, 502, 503, 504)
RESPONSES = {
    status: ResponseSpec(
        Problem, generate_examples=False, description=HTTPStatus(status).phrase, media_type=PROBLEM
    )
    for status in _STATUSES
}
"""502 to 504: the channel or the database; ``retryable`` says whether the same request may be sent again."""


class ProblemResponses(ReceiveRoutePlugin):
    """Adds them to every handler that is for keys with a scope."""

    def receive_route(self, route: BaseRoute) -> None:
        """Called once for each route, before the document is written."""
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if "scope" in handler.opt:
                    handler.responses = RESPONSES
