"""What callers give, checked. Pure."""

import re

from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger.model import PLATFORM_BOOK
from feiqian.ledger.rules import COUNTER_MAX

OWN_CODE_PREFIX = "own."
OWN_BOOK_PREFIX = "own:"
NAME_LENGTH_MAX = 64
"""Of codes, names of subjects and groups."""
OWNER_LENGTH_MAX = 128
REASON_LENGTH_MAX = 512
_OWN_CODE = re.compile(r"own\.[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_BOOK = re.compile(rf"{PLATFORM_BOOK}|funder:[^\0]+|own:[^:\0]+:[^\0]+")


def check_text(text: str, field: str, length_max: int) -> str:
    """Return ``text`` if it says something, can be printed and fits.

    Raises: InvalidRequest.
    """
    if not text.strip() or len(text) > length_max or not text.replace("\n", "").isprintable():
        raise InvalidRequest(field=field, reason=f"must be 1 to {length_max} printable characters")
    return text


def check_overdraft(overdraft: int | None) -> int | None:
    """Return ``overdraft`` if it is None, which is without limit, or 0 … 2^63 - 1 minor units.

    Raises: InvalidRequest.
    """
    if overdraft is not None and not 0 <= overdraft <= COUNTER_MAX:
        raise InvalidRequest(field="overdraft", reason=f"must be 0 to {COUNTER_MAX} minor units, or null")
    return overdraft


def check_own_code(code: str) -> str:
    """Return ``code`` if a platform may define it.

    Raises: InvalidRequest.
    """
    if len(code) > NAME_LENGTH_MAX or not _OWN_CODE.fullmatch(code):
        raise InvalidRequest(
            field="code",
            reason=f"must be 'own.' and words of a-z, 0-9 and _ between dots, at most {NAME_LENGTH_MAX} characters",
        )
    return code


def check_book(book: str) -> str:
    """Return ``book`` if it is named as books are.

    Raises: InvalidRequest.
    """
    if len(book) > OWNER_LENGTH_MAX or not _BOOK.fullmatch(book):
        raise InvalidRequest(
            field="book", reason="must be 'platform', 'funder:<number>' or 'own:<platform>:<name>'"
        )
    return book
