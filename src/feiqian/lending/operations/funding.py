"""Funders and the money that they put in."""

from datetime import datetime

from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.money import check_amount
from feiqian.ledger import post_all
from feiqian.lending import postings, store
from feiqian.lending.model import LENDING_CURRENCY, Deposit, Funder
from feiqian.lending.numbers import check_number


async def register_funder(tx: Transaction, *, now: datetime, funder_no: str, name: str) -> Funder:
    """Make a funder known. The same number with the same name again returns the first.

    Raises: InvalidRequest; ReplayAltered when the number exists with another name.
    """
    check_number("funder_no", funder_no)
    if not 1 <= len(name) <= 128 or not name.isprintable():
        raise InvalidRequest(field="name", reason="must be 1 to 128 printable characters")
    await store.insert_funder(tx, Funder(funder_no=funder_no, name=name, created_at=now))
    (funder,) = await store.read_funders(tx, funder_no)
    if funder.name != name:
        raise ReplayAltered(key=f"funder_no {funder_no}", field="name")
    return funder


async def deposit(
    tx: Transaction, *, now: datetime, funder_no: str, deposit_no: str, amount: int, currency: str
) -> Deposit:
    """The funder has paid money into the custody account: from now on it may be lent.

    Raises: InvalidRequest; NotFound for the funder; ReplayAltered when the number had another amount.
    """
    check_number("deposit_no", deposit_no)
    check_amount(amount)
    if currency != LENDING_CURRENCY:
        raise InvalidRequest(field="currency", reason=f"must be {LENDING_CURRENCY}")
    if not await store.read_funders(tx, funder_no):
        raise NotFound(what="funder", name=funder_no)
    before = await store.read_deposit(tx, funder_no, deposit_no)
    if before is not None:
        if before.amount != amount:
            raise ReplayAltered(key=f"deposit_no {deposit_no}", field="amount")
        return before
    made = Deposit(
        funder_no=funder_no, deposit_no=deposit_no, currency=currency, amount=amount, deposited_at=now
    )
    await store.insert_deposit(tx, made)
    await post_all(tx, now=now, transactions=[postings.deposited(made, business_date(now))])
    return made
