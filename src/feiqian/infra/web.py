"""What both faces share: requests taken as they stand, problem documents, the language of a caller."""

from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from feiqian.kernel.errors import InvalidRequest, Refusal

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
ERROR_BASE = "https://feiqian.dev/errors/"


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is taken as it stands: ``"1000"`` is no number and ``1`` no text."""

    async def json(self) -> Any:
        """The body as what the handler declares.

        Raises: InvalidRequest naming the place that is wrong.
        """
        field = self.route_handler.parsed_data_field
        try:
            return _decoder(field.annotation if field else Any).decode(await self.body())
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `$")
            raise InvalidRequest(field=place.strip("`.") or "body", reason=reason) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(field="body", reason=f"must be JSON ({error})") from error


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as RFC 9457 has it, with our stable ``code``."""

    type: str
    title: str
    status: int
    code: str
    """Stable, snake_case: what programs compare."""
    detail: str
    """What happened and what to do, in the caller's language."""
    retryable: bool
    """True when the same request may succeed later without being changed."""


def language_of(request: Request[Any, Any, Any]) -> str:
    """``zh`` or ``en``, by Accept-Language; Chinese where nothing is asked for."""
    wanted = request.headers.get("accept-language", "zh").lower()
    return "en" if wanted.startswith("en") else "zh"


def file_response(content: bytes, *, name: str, media_type: str) -> Response[bytes]:
    """A file to keep."""
    return Response(content, media_type=media_type, headers=kept_as(name))


def kept_as(name: str) -> dict[str, str]:
    """The header that says under which name a file is kept; it may be Chinese (RFC 6266)."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


def refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Problem]:
    """A refusal as a problem document."""
    problem = Problem(
        type=ERROR_BASE + refusal.code,
        title=refusal.code.replace("_", " "),
        status=refusal.status,
        code=refusal.code,
        detail=refusal.sentence(language_of(request)),
        retryable=refusal.retryable,
    )
    return Response(problem, status_code=refusal.status, media_type=PROBLEM)


def malformed(request: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    """A body or query that does not have the documented shape."""
    details = error.extra if isinstance(error.extra, list) else []
    first = details[0] if details and isinstance(details[0], dict) else {}
    if first.get("key") == "data":
        return refused(request, InvalidRequest(field="body", reason="must be a JSON object"))
    field = str(first.get("key") or "body")
    return refused(request, InvalidRequest(field=field, reason=str(first.get("message") or error.detail)))


def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """What the framework itself refuses: unknown paths, wrong methods, bodies that are too large."""
    if error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
        return failed(request, error)
    code = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}.get(
        error.status_code, "http_error"
    )
    problem = Problem(
        type=ERROR_BASE + code,
        title=code.replace("_", " "),
        status=error.status_code,
        code=code,
        detail=error.detail,
        retryable=False,
    )
    return Response(problem, status_code=error.status_code, media_type=PROBLEM)


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A defect of ours: logged whole, told without its insides."""
    log.error("request_failed", path=request.url.path, exc_info=error)
    english = language_of(request) == "en"
    problem = Problem(
        type=ERROR_BASE + "internal_error",
        title="internal error",
        status=HTTP_500_INTERNAL_SERVER_ERROR,
        code="internal_error",
        detail="The request failed here. Send it again with the same numbers; nothing is booked twice."
        if english
        else "服务内部错误，请用相同的编号重试，不会重复入账。",
        retryable=True,
    )
    return Response(problem, status_code=problem.status, media_type=PROBLEM)


HANDLERS: Any = {
    Refusal: refused,
    ValidationException: malformed,
    HTTPException: http_error,
    Exception: failed,
}
"""Exception -> answer, for the application."""
