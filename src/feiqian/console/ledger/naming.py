"""Accounts as people know them: what for, whose, in which book."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import msgspec

from feiqian.console.wording import CHANNELS
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger import CHART, Account, AccountCode, subjects
from feiqian.lending import funders, loan_of_id, loans
from feiqian.members import read_merchants, search_merchants

MERCHANT_CODES = {AccountCode.MERCHANT_PENDING, AccountCode.MERCHANT_AVAILABLE}
LOAN_CODES = {AccountCode.LOAN_PRINCIPAL, AccountCode.LOAN_INTEREST, AccountCode.LOAN_PENALTY}
CHANNEL_CODES = {AccountCode.CHANNEL_RECEIVABLE, AccountCode.REFUND_IN_TRANSIT, AccountCode.CHANNEL_COST}
FUNDER_CODES = {
    AccountCode.FUNDER_AVAILABLE,
    AccountCode.FUNDER_CASH,
    AccountCode.FUNDER_CAPITAL,
    AccountCode.INTEREST_INCOME,
    AccountCode.PENALTY_INCOME,
}
NAMELESS_CODES = {AccountCode.BANK_CUSTODY, AccountCode.PLATFORM_FEE}
"""There is one of each: its subject says all."""
OWNERS_FOUND_MAX = 200
LOANS_LOOKED_THROUGH = 200
"""Of the newest loans; older ones are found through their merchant."""


class AccountName(msgspec.Struct, frozen=True, kw_only=True):
    """An account: whose books, what for, whose."""

    id: str
    book: str
    code: str
    owner: str
    owner_name: str | None
    """The name of the merchant, channel or funder, the number of the loan; None for the platform and the bank."""
    chinese: str
    english: str


class SubjectName(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of account as accountants call it."""

    code: str
    number: str | None
    """In the chart of accounts; None for a platform's own subjects."""
    chinese: str
    english: str


class Owner(msgspec.Struct, frozen=True):
    """Whose account it is, and the page of the console that shows them."""

    name: str
    link: str | None = None


class Naming:
    """Names of subjects and owners, looked up once for all accounts of a page."""

    def __init__(self, subjects: dict[str, SubjectName], owners: dict[str, Owner]) -> None:
        self.subjects = subjects
        self._owners = owners

    def subject(self, code: str) -> SubjectName:
        return self.subjects.get(code) or SubjectName(code=code, number=None, chinese=code, english=code)

    def owner(self, account: Account) -> Owner | None:
        """None where there is only one account of that kind."""
        if account.code in NAMELESS_CODES:
            return None
        return self._owners.get(account.owner) or Owner(account.owner)

    def name(self, account: Account) -> AccountName:
        subject, owner = self.subject(account.code), self.owner(account)
        return AccountName(
            id=show_id("account", account.id),
            book=account.book,
            code=account.code,
            owner=account.owner,
            owner_name=owner.name if owner else None,
            chinese=subject.chinese,
            english=subject.english,
        )


async def name_accounts(tx: Transaction, accounts: Iterable[Account], *, language: str) -> Naming:
    """The names that those accounts need."""
    by_code: dict[str, set[str]] = {}
    for account in accounts:
        by_code.setdefault(account.code, set()).add(account.owner)
    return Naming(await subject_names(tx), await _owners(tx, by_code, language))


async def subject_names(tx: Transaction) -> dict[str, SubjectName]:
    """The chart of accounts and the platforms' own subjects, by code."""
    chart = {
        str(code): SubjectName(
            code=str(code), number=subject.number, chinese=subject.chinese, english=subject.english
        )
        for code, subject in CHART.items()
    }
    own = {
        subject.code: SubjectName(
            code=subject.code, number=None, chinese=subject.chinese, english=subject.english
        )
        for subject in await subjects(tx)
    }
    return chart | own


async def owners_meant(tx: Transaction, text: str) -> list[str]:
    """Owners whose name or number has that text."""
    lowered = text.lower()
    found = {str(merchant.id) for merchant in await search_merchants(tx, text=text, limit=OWNERS_FOUND_MAX)}
    found |= {
        channel
        for channel, wording in CHANNELS.items()
        if lowered in f"{channel} {wording.chinese} {wording.english}".lower()
    }
    found |= {
        funder.funder_no
        for funder in await funders(tx)
        if lowered in f"{funder.funder_no} {funder.name}".lower()
    }
    newest = await loans(tx, limit=LOANS_LOOKED_THROUGH)
    found |= {str(loan.id) for loan in newest if lowered in loan.loan_no.lower()}
    return sorted(found)


async def _owners(tx: Transaction, by_code: dict[str, set[str]], language: str) -> dict[str, Owner]:
    """Owners of different kinds never share a form: ids of merchants and loans, names, numbers."""

    def owners(codes: Collection[str]) -> set[str]:
        return {owner for code in codes for owner in by_code.get(code, ())}

    found: dict[str, Owner] = {}
    for channel in owners(CHANNEL_CODES) & CHANNELS.keys():
        wording = CHANNELS[channel]
        found[channel] = Owner(wording.chinese if language == "zh" else wording.english)
    for merchant in await read_merchants(tx, _ids(owners(MERCHANT_CODES))):
        found[str(merchant.id)] = Owner(merchant.name, f"/merchants/{merchant.merchant_no}")
    for id in _ids(owners(LOAN_CODES)):
        loan_no = await _loan_no(tx, id)
        if loan_no is not None:
            found[str(id)] = Owner(loan_no, f"/loans/{show_id('loan', id)}")
    if funder_nos := owners(FUNDER_CODES):
        found |= {
            row.funder_no: Owner(row.name, "/funders")
            for row in await funders(tx)
            if row.funder_no in funder_nos
        }
    return found


async def _loan_no(tx: Transaction, id: UUID) -> str | None:
    try:
        return (await loan_of_id(tx, id=id)).loan_no
    except NotFound:
        return None


def _ids(owners: Iterable[str]) -> Sequence[UUID]:
    """Those owners that are ids: whoever posts to the ledger may use other owners for the same codes."""
    return [UUID(owner) for owner in owners if len(owner) == 36 and _is_id(owner)]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
