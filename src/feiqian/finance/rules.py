"""From ledger totals to vouchers, and from vouchers to a trial balance. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from feiqian.finance.model import (
    CodeSum,
    Draft,
    DraftLine,
    LedgerContradictsVouchers,
    SubjectTurnover,
    TrialBalance,
    TrialBalanceRow,
    TrialBalanceTotals,
    WrittenTotal,
    WrittenVouchers,
)
from feiqian.finance.wording import place_of, wording_of
from feiqian.ledger import CHART, AccountCode, CodeBalance, CodeTotal, Side

CodeKey = tuple[str, AccountCode, str]
"""Book, code, currency."""


def draft_vouchers(
    day: date,
    facts: Iterable[CodeTotal],
    written: Iterable[WrittenTotal],
    vouchers: Iterable[WrittenVouchers],
) -> list[Draft]:
    """What a day's vouchers must still say: one draft for each (book, kind, currency) whose facts are not all covered.

    Raises: LedgerContradictsVouchers when the ledger says less than what was written, or does not balance.
    """
    said = {(row.book, row.kind, row.currency, row.code): row for row in written}
    covered = {(row.book, row.kind, row.currency): row for row in vouchers}
    groups: dict[tuple[str, str, str], list[CodeTotal]] = {}
    for fact in facts:
        groups.setdefault((fact.book, fact.kind, fact.currency), []).append(fact)
    _refuse_vanished(day, said, groups)
    drafts: list[Draft] = []
    for key in sorted(groups, key=lambda key: (key[0], place_of(key[1]), key[2])):
        rows = [_left(day, fact, said.get((*key, fact.code))) for fact in groups[key]]
        if any(row.debit or row.credit for row in rows):
            drafts.append(_draft(day, rows, covered.get(key)))
    return drafts


def _refuse_vanished(
    day: date,
    said: Mapping[tuple[str, str, str, AccountCode], WrittenTotal],
    groups: Mapping[tuple[str, str, str], Sequence[CodeTotal]],
) -> None:
    for book, kind, currency, code in said:
        if all(fact.code is not code for fact in groups.get((book, kind, currency), ())):
            raise LedgerContradictsVouchers(day=day, book=book, kind=kind, code=code.value)


def _left(day: date, fact: CodeTotal, written: WrittenTotal | None) -> CodeTotal:
    """What the ledger says of a code beyond what is written."""
    debit = fact.debit - (written.debit if written else 0)
    credit = fact.credit - (written.credit if written else 0)
    if debit < 0 or credit < 0:
        raise LedgerContradictsVouchers(day=day, book=fact.book, kind=fact.kind, code=fact.code.value)
    return CodeTotal(
        book=fact.book,
        kind=fact.kind,
        code=fact.code,
        currency=fact.currency,
        debit=debit,
        credit=credit,
        transactions=fact.transactions,
    )


def _draft(day: date, rows: Sequence[CodeTotal], covered: WrittenVouchers | None) -> Draft:
    first = rows[0]
    if sum(row.debit for row in rows) != sum(row.credit for row in rows):
        raise LedgerContradictsVouchers(day=day, book=first.book, kind=first.kind, code="debit and credit")
    # Every kind has a subject that all its transactions touch: the largest count is that of the transactions.
    transactions = max(row.transactions for row in rows) - (covered.transactions if covered else 0)
    wording = wording_of(first.kind)
    prefix = ("补充凭证：", "Supplement: ") if covered else ("", "")
    ordered = sorted(rows, key=lambda row: CHART[row.code].number)
    counted = "1 transaction" if transactions == 1 else f"{transactions} transactions"
    memo = f"{prefix[0]}{wording.chinese} {transactions} 笔"
    lines = [_line(row.code, row.debit, 0, memo) for row in ordered if row.debit]
    lines += [_line(row.code, 0, row.credit, memo) for row in ordered if row.credit]
    return Draft(
        book=first.book,
        day=day,
        kind=first.kind,
        currency=first.currency,
        supplement=covered.vouchers if covered else 0,
        summary_chinese=memo,
        summary_english=f"{prefix[1]}{wording.english}, {counted}",
        transactions=transactions,
        lines=tuple(lines),
    )


def _line(code: AccountCode, debit: int, credit: int, memo: str) -> DraftLine:
    return DraftLine(code=code, subject=CHART[code].number, debit=debit, credit=credit, memo=memo)


def signed(code: AccountCode, debit: int, credit: int) -> int:
    """Debits and credits of a code as a balance in its own direction."""
    return debit - credit if CHART[code].side is Side.DEBIT else credit - debit


def closing_of_vouchers(sums: Iterable[CodeSum]) -> dict[CodeKey, int]:
    """Balances that the vouchers add up to; zero balances are left out."""
    rows = ((row.book, row.code, row.currency, signed(row.code, row.debit, row.credit)) for row in sums)
    return {(book, code, currency): balance for book, code, currency, balance in rows if balance}


def closing_of_ledger(balances: Iterable[CodeBalance], later: Iterable[CodeTotal] = ()) -> dict[CodeKey, int]:
    """The ledger's balances less what it moved on later dates; zero balances are left out."""
    closing = {(row.book, row.code, row.currency): row.balance for row in balances}
    for row in later:
        closing[row.book, row.code, row.currency] -= signed(row.code, row.debit, row.credit)
    return {key: balance for key, balance in closing.items() if balance}


def trial_balance(
    *,
    day: date,
    book: str,
    currency: str,
    written_through: date | None,
    turnovers: Iterable[SubjectTurnover],
    ledger: Iterable[CodeBalance],
) -> TrialBalance:
    """Lay vouchers and ledger side by side, ordered by subject number; subjects without any figure are left out."""
    theirs = {row.code: row.balance for row in ledger if row.book == book and row.currency == currency}
    ours = {row.code: row for row in turnovers}
    codes = sorted({*ours, *theirs}, key=lambda code: CHART[code].number)
    rows = [_row(code, ours.get(code), theirs.get(code, 0)) for code in codes]
    totals = TrialBalanceTotals(
        opening_debit=sum(row.opening_debit for row in rows),
        opening_credit=sum(row.opening_credit for row in rows),
        debit=sum(row.debit for row in rows),
        credit=sum(row.credit for row in rows),
        closing_debit=sum(row.closing_debit for row in rows),
        closing_credit=sum(row.closing_credit for row in rows),
    )
    balanced = (
        totals.opening_debit == totals.opening_credit
        and totals.debit == totals.credit
        and totals.closing_debit == totals.closing_credit
    )
    return TrialBalance(
        day=day,
        book=book,
        currency=currency,
        written_through=written_through,
        rows=rows,
        totals=totals,
        agrees=balanced and all(row.agrees for row in rows),
    )


def _row(code: AccountCode, turnover: SubjectTurnover | None, ledger_closing: int) -> TrialBalanceRow:
    opening = turnover.opening_debit - turnover.opening_credit if turnover else 0
    debit, credit = (turnover.debit, turnover.credit) if turnover else (0, 0)
    closing = opening + debit - credit
    subject = CHART[code]
    return TrialBalanceRow(
        code=code,
        subject=subject.number,
        subject_chinese=subject.chinese,
        subject_english=subject.english,
        opening_debit=max(opening, 0),
        opening_credit=max(-opening, 0),
        debit=debit,
        credit=credit,
        closing_debit=max(closing, 0),
        closing_credit=max(-closing, 0),
        ledger_closing=ledger_closing,
        agrees=signed(code, max(closing, 0), max(-closing, 0)) == ledger_closing,
    )
