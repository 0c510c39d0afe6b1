"""What a link may say, and what a use of it asks to be paid. Pure."""

from datetime import datetime

from feiqian.kernel.errors import InvalidRequest, ReplayAltered
from feiqian.kernel.ids import show_id
from feiqian.kernel.money import AMOUNT_MAX
from feiqian.links.model import AmountMissing, Link, LinkClosed, LinkKind, NewLink
from feiqian.payments import NewLine, NewPayment

TYPED_MAX = 5_000_000
"""50,000 yuan in fen: what a buyer may type; a slip of the finger should not be paid."""
USES_MAX = 1_000
LINES_MAX = 100
PAY_WITHIN_S = 1_800
"""How long somebody who began may take to pay."""


def check_new(asked: NewLink, kind: LinkKind, now: datetime) -> None:
    """Raises: InvalidRequest."""
    for field, text, length_max in (
        ("link_no", asked.link_no, 64),
        ("description", asked.description, 127),
        ("shop", asked.shop or "-", 64),
    ):
        if not 1 <= len(text) <= length_max or not text.isprintable():
            raise InvalidRequest(field=field, reason=f"must be 1 to {length_max} printable characters")
    if not asked.methods:
        raise InvalidRequest(field="methods", reason="must name at least one method")
    if len(set(asked.methods)) != len(asked.methods):
        raise InvalidRequest(field="methods", reason="must name each method once")
    if asked.uses_max is not None and not 1 <= asked.uses_max <= USES_MAX:
        raise InvalidRequest(field="uses_max", reason=f"must be 1 to {USES_MAX}")
    if asked.expires_at is not None and (asked.expires_at.tzinfo is None or asked.expires_at <= now):
        raise InvalidRequest(field="expires_at", reason="must be a moment to come, with its time zone")
    if kind is LinkKind.CODE and asked.amount is not None:
        raise InvalidRequest(field="amount", reason="is what the buyer types")
    _check_lines(asked)


def _check_lines(asked: NewLink) -> None:
    if not 1 <= len(asked.lines) <= LINES_MAX:
        raise InvalidRequest(field="lines", reason=f"must have 1 to {LINES_MAX} lines")
    for line in asked.lines:
        if len(line.description) > 127 or (line.description and not line.description.isprintable()):
            raise InvalidRequest(field="lines", reason="a description has at most 127 printable characters")
        if line.amount is not None and abs(line.amount) > AMOUNT_MAX:
            raise InvalidRequest(field="lines", reason=f"a line has at most {AMOUNT_MAX} minor units")
    if asked.amount is None:
        if len(asked.lines) != 1 or asked.lines[0].amount is not None:
            raise InvalidRequest(
                field="lines", reason="must be one line without an amount where the buyer types it"
            )
        return
    if not 0 < asked.amount <= AMOUNT_MAX:
        raise InvalidRequest(field="amount", reason=f"must be above zero and at most {AMOUNT_MAX}")
    amounts = [line.amount for line in asked.lines]
    if not amounts or None in amounts or sum(amount or 0 for amount in amounts) != asked.amount:
        raise InvalidRequest(field="lines", reason="must each have an amount, and add up to the link's")


def refuse_altered(asked: NewLink, had: Link) -> None:
    """Raises: ReplayAltered naming the first field that differs."""
    for field in NewLink.__struct_fields__:
        if getattr(asked, field) != getattr(had, field):
            raise ReplayAltered(key=f"link_no {asked.link_no}", field=field)


def refuse_closed(link: Link, now: datetime) -> None:
    """Raises: LinkClosed."""
    if link.closed_at is not None or (link.expires_at is not None and link.expires_at <= now):
        raise LinkClosed


def amount_of(link: Link, typed: int | None) -> int:
    """What is to be paid. Raises: AmountMissing."""
    if link.amount is not None:
        return link.amount
    if typed is None or not 0 < typed <= TYPED_MAX:
        raise AmountMissing(largest=TYPED_MAX)
    return typed


def order_no_of(link: Link, number: int) -> str:
    """The payment's order number: of the link's own, so no platform has given it."""
    return f"{show_id(link.kind.value, link.id)}-{number}"


def payment_of(link: Link, number: int, amount: int) -> NewPayment:
    """What the gateway is asked for."""
    lines = [
        NewLine(
            merchant_no=line.merchant_no,
            amount=amount if line.amount is None else line.amount,
            description=line.description,
        )
        for line in link.lines
    ]
    return NewPayment(
        order_no=order_no_of(link, number),
        amount=amount,
        currency=link.currency,
        description=link.description,
        lines=lines,
        expires_in_s=PAY_WITHIN_S,
        metadata={link.kind.value: show_id(link.kind.value, link.id), "link_no": link.link_no},
        methods=link.methods,
    )
