"""A book of the platform's own: deposits for the card terminals that it lends out.

Every date each shop pays some money in and a deposit of it is held. The next date the terminal comes back: worn, and a part
of the deposit is captured and the rest released; or whole, and all of it is released; or not at all, and the hold runs out
by itself.
"""

from datetime import date, timedelta
from uuid import UUID

from feiqian.demo.api import PartnerApi
from feiqian.demo.errors import StoryError
from feiqian.kernel.calendar import local
from feiqian.kernel.ids import derived_id_at

BOOK = "terminals"
PAID_IN_FEN = 200_00
HELD_FEN = 150_00
WORN_FEN = 32_50
HELD_DAYS = 2
WORN, WHOLE, KEPT = "shop-east", "shop-south", "shop-west"
"""What becomes of the terminal of each shop."""


async def keep(partner: PartnerApi, *, today: date, first: date) -> None:
    """What happens to the deposits on a date; the same however often it is told. Raises: StoryError."""
    bank, income = (
        await _open(partner, "own.terminal.bank", "bank"),
        await _open(partner, "own.terminal.income", "platform"),
    )
    postings: list[dict[str, object]] = []
    for shop in (WORN, WHOLE, KEPT):
        wallet = await _open(partner, "own.terminal.wallet", shop)
        # A shop whose money could not be taken gets no terminal: the two stand or fall together.
        postings.append(
            {**_posting("paid_in", shop, today), "legs": [_leg(bank, wallet, PAID_IN_FEN)], "linked": True}
        )
        postings.append(
            {
                **_posting("terminal_lent", shop, today),
                "action": "hold",
                "legs": [_leg(wallet, income, HELD_FEN)],
                "expires_at": local(today + timedelta(days=HELD_DAYS), 0, 1),
            }
        )
        if today > first:
            postings += _returned(shop, today)
    for outcome in await partner.post_batch(postings):
        if outcome.outcome == "refused":
            raise StoryError(f"the deposit {outcome.id} was refused: {outcome.code}")


def _returned(shop: str, today: date) -> list[dict[str, object]]:
    """What becomes of the deposit of the date before."""
    hold = str(_id("terminal_lent", shop, today - timedelta(days=1)))
    if shop == KEPT:
        return []
    captured = {
        **_posting("terminal_worn", shop, today),
        "action": "capture",
        "hold": hold,
        "amount": WORN_FEN,
    }
    released = {**_posting("terminal_returned", shop, today), "action": "release", "hold": hold}
    return [captured, released] if shop == WORN else [released]


def _posting(kind: str, shop: str, day: date) -> dict[str, object]:
    return {
        "id": str(_id(kind, shop, day)),
        "kind": kind,
        "reference": f"terminal-{shop}-{day}",
        "metadata": {"shop": shop},
    }


def _id(kind: str, shop: str, day: date) -> UUID:
    return derived_id_at(local(day, 0, 5), "demo", kind, shop, day.isoformat())


def _leg(debit: str, credit: str, amount: int) -> dict[str, object]:
    return {"debit": debit, "credit": credit, "amount": amount, "currency": "CNY"}


async def _open(partner: PartnerApi, code: str, owner: str) -> str:
    chinese, english, side, overdraft = _SUBJECTS[code]
    await partner.define_subject(
        {"code": code, "side": side, "overdraft": overdraft, "chinese": chinese, "english": english}
    )
    return await partner.open_account({"book": BOOK, "code": code, "owner": owner, "currency": "CNY"})


_SUBJECTS: dict[str, tuple[str, str, str, int | None]] = {
    "own.terminal.bank": ("银行存款", "Bank", "debit", None),
    "own.terminal.wallet": ("门店钱包", "Shops' wallets", "credit", 0),
    "own.terminal.income": ("终端磨损收入", "Wear of terminals", "credit", None),
}
"""Code: (Chinese, English, side, limit)."""
