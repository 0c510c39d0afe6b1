"""A platform's own book: wallets with holds, limits, freezes, reversals and two currencies.

``tell`` writes it into a test's database; run as ``python -m tests.console.wallets`` with a sandbox's FEIQIAN_DATA_DIR
it is written there, while the server may be running.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from feiqian.app.databases import open_database
from feiqian.infra.database import Database, Transaction
from feiqian.infra.settings import load_settings
from feiqian.kernel.ids import first_id_at
from feiqian.ledger import (
    AccountRef,
    Action,
    Frozen,
    Leg,
    NewTransaction,
    Side,
    add_to_group,
    close_account,
    define_subject,
    expire_holds,
    freeze,
    open_account,
    post_all,
    seal,
    set_overdraft,
)

BOOK = "own:飞钱商城:wallet"
GROUP = "vip"
DAY = date(2026, 11, 3)
BEGIN = datetime(2026, 11, 3, 1, tzinfo=UTC)
EVENING = BEGIN + timedelta(hours=12)
BY = "staff:finance@feiqian.dev"
SUBJECTS = {
    "own.cash": (Side.DEBIT, None, "钱包备付金", "Wallet cash"),
    "own.wallet": (Side.CREDIT, 0, "用户钱包", "Wallets"),
    "own.sales": (Side.CREDIT, None, "钱包消费", "Wallet sales"),
    "own.position": (Side.CREDIT, None, "外币头寸", "Currency position"),
}
NAMES = {"飞钱商城", "法院协助执行通知", "白金用户授信", "用户注销", "骑行押金", "少收运费"}
"""Chinese by nature: what people wrote."""


def ref(code: str, owner: str, currency: str = "CNY") -> AccountRef:
    return AccountRef(BOOK, code, owner, currency)


CASH, SALES = ref("own.cash", "bank"), ref("own.sales", "shop")
ALICE, BRAVO, CHARLIE, DELTA, ECHO = (
    ref("own.wallet", f"user-{name}") for name in ("alice", "bravo", "charlie", "delta", "echo")
)
DOLLARS, ALICE_USD = ref("own.cash", "bank", "USD"), ref("own.wallet", "user-alice", "USD")
POSITION, POSITION_USD = ref("own.position", "desk"), ref("own.position", "desk", "USD")


class Teller:
    """Posts one fact after another, some minutes apart; each under an id of its moment, with its name as reference."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.now = BEGIN
        self.ids: dict[str, UUID] = {}

    async def post(self, name: str, kind: str, *legs: Leg, **rest: Any) -> None:
        self.now += timedelta(minutes=7)
        metadata: Mapping[str, Any] | None = rest.pop("metadata", None)
        transaction = NewTransaction(
            id=self.ids.setdefault(name, first_id_at(self.now)),
            kind=kind,
            legs=legs,
            business_date=rest.pop("business_date", DAY),
            effective_at=rest.pop("effective_at", self.now),
            reference=rest.pop("reference", name),
            metadata=metadata,
            **rest,
        )
        await post_all(self.tx, now=self.now, transactions=[transaction])


async def tell(tx: Transaction) -> dict[str, UUID]:
    """Everything that the ledger's pages can show; returns the ids by name."""
    for code, (side, overdraft, chinese, english) in SUBJECTS.items():
        await define_subject(
            tx, now=BEGIN, code=code, side=side, overdraft=overdraft, chinese=chinese, english=english
        )
    wallets = (ALICE, BRAVO, CHARLIE, DELTA, ECHO)
    for account in (CASH, SALES, *wallets, DOLLARS, ALICE_USD, POSITION, POSITION_USD):
        await open_account(tx, now=BEGIN, ref=account, reason="opened with the book", by=BY)
    teller = Teller(tx)
    await teller.post(
        "top-up-1", "top_up", Leg(CASH, ALICE, 1_234_567_890), metadata={"channel": "bank", "batch": 7}
    )
    await teller.post(
        "top-up-2", "top_up", Leg(CASH, BRAVO, 20_000), Leg(CASH, CHARLIE, 9_900), Leg(CASH, DELTA, 500)
    )
    await teller.post(
        "top-up-3", "top_up", Leg(DOLLARS, ALICE_USD, 75_000), effective_at=BEGIN - timedelta(days=2),
        business_date=DAY - timedelta(days=1),
    )  # fmt: skip
    await holds(teller)
    await teller.post("sale-1", "sale", Leg(ALICE, SALES, 12_800))
    await teller.post(
        "sale-1-back", "sale_reversed", Leg(SALES, ALICE, 12_800), reverses=teller.ids["sale-1"]
    )
    await teller.post("sale-2", "sale", Leg(ALICE, SALES, 8_800))
    await teller.post(
        "sale-2-back",
        "sale_reversed",
        Leg(SALES, ALICE, 1_500),
        reverses=teller.ids["sale-2"],
        memo="少收运费",
    )
    await teller.post(
        "exchange-1", "exchange", Leg(ALICE, POSITION, 71_050), Leg(POSITION_USD, ALICE_USD, 10_000),
        metadata={"rate": "7.105", "quote": {"source": "desk", "valid_s": 30}},
    )  # fmt: skip
    await set_overdraft(tx, now=teller.now, account=ECHO.id, overdraft=100_000, reason="白金用户授信", by=BY)
    await teller.post("sale-3", "sale", Leg(ECHO, SALES, 45_600))
    await teller.post("sale-4", "sale", Leg(DELTA, SALES, 500))
    await close_account(tx, now=teller.now, account=DELTA.id, reason="用户注销", by=BY)
    await freeze(
        tx, now=teller.now, account=CHARLIE.id, frozen=Frozen.DEBITS, reason="法院协助执行通知", by=BY
    )
    await add_to_group(tx, name=GROUP, accounts=[ALICE.id, ECHO.id])
    return teller.ids


async def holds(teller: Teller) -> None:
    """One open and partly captured, one captured, one released, one expired."""
    day = timedelta(days=1)
    await teller.post(
        "hold-1", "deposit", Leg(ALICE, SALES, 300_000), action=Action.HOLD, memo="骑行押金",
        expires_at=BEGIN + 30 * day, metadata={"ride": "R-118"},
    )  # fmt: skip
    await teller.post("hold-2", "deposit", Leg(BRAVO, SALES, 5_000), action=Action.HOLD)
    await teller.post("hold-3", "deposit", Leg(BRAVO, SALES, 6_000), action=Action.HOLD)
    expires_at = teller.now + timedelta(minutes=20)
    await teller.post(
        "hold-4", "deposit", Leg(BRAVO, SALES, 7_000), action=Action.HOLD, expires_at=expires_at
    )
    await teller.post("capture-1", "ride_fee", action=Action.CAPTURE, hold=teller.ids["hold-1"], amount=4_250)
    await teller.post(
        "capture-2", "ride_fee", action=Action.CAPTURE, hold=teller.ids["hold-1"], amount=80_000
    )
    await teller.post(
        "release-1", "deposit_part_back", action=Action.RELEASE, hold=teller.ids["hold-1"], amount=50_000
    )
    await teller.post("capture-3", "ride_fee", action=Action.CAPTURE, hold=teller.ids["hold-2"])
    await teller.post("release-2", "deposit_back", action=Action.RELEASE, hold=teller.ids["hold-3"])
    await expire_holds(teller.tx, now=teller.now)


async def main() -> None:
    settings = load_settings()
    with open_database(settings) as urls:
        async with Database(urls.url, cell=settings.cell) as database:
            await database.run(tell)
            await database.run(lambda tx: seal(tx, now=EVENING, book=BOOK))


if __name__ == "__main__":
    asyncio.run(main())
