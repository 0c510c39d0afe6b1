"""The merchant's balance: every change is a movement that carries the balance after it."""

from feiqian.simulators.alipay.context import OPENING_BALANCE_FEN, Simulator


def balance(simulator: Simulator) -> int:
    """What the merchant can spend now, in fen."""
    row = simulator.books.row("SELECT balance FROM movements ORDER BY id DESC LIMIT 1")
    return OPENING_BALANCE_FEN if row is None else row[0]


def move(
    simulator: Simulator,
    *,
    kind: str,
    amount: int,
    trade_no: str,
    out_no: str,
    title: str,
    other: str,
) -> None:
    """Change the balance by ``amount`` fen, below zero when money leaves. Only inside ``atomically``."""
    if amount == 0:
        return
    simulator.books.write(
        "INSERT INTO movements (at, kind, trade_no, out_no, title, other, amount, balance)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        simulator.now_ms(),
        kind,
        trade_no,
        out_no,
        title,
        other,
        amount,
        balance(simulator) + amount,
    )
