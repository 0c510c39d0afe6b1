"""How WeChat Pay answers: JSON, and refusals of the shape {code, message, detail}."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

encode = msgspec.json.encode


class Refused(Exception):
    """A refusal in WeChat Pay's words; nothing was done."""

    def __init__(self, status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        """HTTP status."""
        self.code = code
        """WeChat Pay's error code."""
        self.message = message
        """For people, in Chinese as the real one's."""
        self.detail = detail
        """What was wrong where; only with PARAM_ERROR and SIGN_ERROR."""


def answer(payload: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=encode(payload), status=status, content_type="application/json")


def refusal(refused: Refused) -> web.Response:
    """A refusal as WeChat Pay writes it."""
    body: dict[str, object] = {"code": refused.code, "message": refused.message}
    if refused.detail is not None:
        body["detail"] = refused.detail
    return answer(body, refused.status)


def parameter_error(field: str, issue: str, location: str = "body") -> Refused:
    """A field that breaks the documentation's rules. ``field`` is a path such as ``/amount/total``."""
    detail = {"field": field, "issue": issue, "location": location}
    return Refused(400, "PARAM_ERROR", f"参数错误：{field} {issue}", detail)


Body = TypeVar("Body", bound=msgspec.Struct)


def parse(body: bytes, kind: type[Body]) -> Body:
    """A request's body as ``kind``. Raises: Refused PARAM_ERROR, naming the field."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        issue, _, path = str(error).partition(" - at `$")
        raise parameter_error(path.rstrip("`").replace(".", "/") or "/", issue) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise parameter_error("/", "the body is not JSON") from error
