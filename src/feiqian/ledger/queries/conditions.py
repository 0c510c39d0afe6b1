"""Conditions of a list: those that a filter gives, and none of those that it leaves out."""

from typing import Any, LiteralString

Facts = list[tuple[LiteralString, Any]]
"""(condition, the value of its parameter or a tuple of values; None when it does not matter)"""


def and_given(facts: Facts) -> tuple[LiteralString, list[Any]]:
    """Each condition with a value, as `` AND …`` behind another, and the values in their order."""
    text: LiteralString = ""
    values: list[Any] = []
    for condition, value in facts:
        if value is not None:
            text += " AND " + condition
            values.extend(value if isinstance(value, tuple) else (value,))
    return text, values
