"""Refusals that reach a caller: a stable code, a sentence that says what to do, in English and Chinese."""

from collections.abc import Mapping
from typing import Final


class Refusal(Exception):
    """An operation was refused and nothing moved.

    Domains subclass it with their own ``code``, ``status`` and sentences; the faces turn it into an RFC 9457
    problem document. The sentences are format strings over ``facts``.
    """

    code: str = "refused"
    """Stable, snake_case; what programs compare."""
    status: int = 409
    """The HTTP status that fits: 400 malformed, 404 unknown, 409 conflicts with state, 422 not acceptable."""
    english: str = "The request was refused."
    chinese: str = "请求被拒绝。"
    retryable: bool = False
    """True when the same request may succeed later without being changed."""

    def __init__(self, **facts: object) -> None:
        self.facts: Final[Mapping[str, object]] = facts
        super().__init__(f"{self.code}: {self.english.format_map(_Missing(facts))}")

    def sentence(self, language: str = "en") -> str:
        """What happened and what to do, in ``zh`` or ``en``."""
        template = self.chinese if language.startswith("zh") else self.english
        return template.format_map(_Missing(self.facts))


class NotFound(Refusal):
    """Nothing is known under that name."""

    code = "not_found"
    status = 404
    english = "No {what} {name} is known. Check the identifier."
    chinese = "找不到 {name}，请核对编号。"


class InvalidRequest(Refusal):
    """A value is malformed; ``field`` names it and ``reason`` says what is accepted."""

    code = "invalid_request"
    status = 400
    english = "{field}: {reason}"
    chinese = "{field}：{reason}"


class ReplayAltered(Refusal):
    """The same idempotency key came back with other content; ``field`` names the first difference."""

    code = "exists_with_different_request"
    status = 409
    english = "{key} was used before with a different {field}. Send the original request again, or use a new number."
    chinese = "{key} 已被使用，但 {field} 与原请求不同。请按原内容重发，或更换编号。"


class _Missing(dict[str, object]):
    """Keeps a sentence readable when a fact was not given."""

    def __missing__(self, key: str) -> str:
        return "?"
