"""Subjects: the chart's, and those a platform defines for books of its own."""

from datetime import datetime

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import ReplayAltered
from feiqian.ledger.accounts import store
from feiqian.ledger.accounts.given import NAME_LENGTH_MAX, check_overdraft, check_own_code, check_text
from feiqian.ledger.accounts.model import OwnSubject
from feiqian.ledger.accounts.refusals import SubjectUnknown
from feiqian.ledger.chart import CHART, Side


async def define_subject(
    tx: Transaction,
    *,
    now: datetime,
    code: str,
    side: Side,
    overdraft: int | None,
    chinese: str,
    english: str,
) -> OwnSubject:
    """Define a subject of a platform's own; the same definition again changes nothing.

    ``code`` begins with ``own.``; ``overdraft`` is what its accounts open with, None without limit.
    Raises: InvalidRequest; ReplayAltered when the code was defined otherwise.
    """
    asked = OwnSubject(
        code=check_own_code(code),
        sign=1 if side is Side.DEBIT else -1,
        overdraft=check_overdraft(overdraft),
        chinese=check_text(chinese, "chinese", NAME_LENGTH_MAX),
        english=check_text(english, "english", NAME_LENGTH_MAX),
        created_at=now,
    )
    if await store.insert_subject(tx, asked):
        return asked
    had = await store.read_subject(tx, code)
    if had is None:
        raise SubjectUnknown(subject=code)
    for field in ("side", "overdraft", "chinese", "english"):
        if getattr(asked, field) != getattr(had, field):
            raise ReplayAltered(key=code, field=field)
    return had


async def subjects(tx: Transaction) -> list[OwnSubject]:
    """What platforms have defined, by code; those of the house are in CHART."""
    return await store.read_subjects(tx)


async def opens_with(tx: Transaction, code: str) -> tuple[int, int | None]:
    """(sign, overdraft) of new accounts of that code.

    Raises: SubjectUnknown.
    """
    if code in CHART:
        return CHART[code].sign, CHART[code].overdraft.value
    own = await store.read_subject(tx, code)
    if own is None:
        raise SubjectUnknown(subject=code)
    return own.sign, own.overdraft
