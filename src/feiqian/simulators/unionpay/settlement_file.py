"""The fixed-width lines of the settlement file: ZM with every transaction, ZME with corrections. No I/O.

Sources: the widths are those of UnionPay's demo projects (``parseZMFile``, ``parseZMEFile``), the meanings of the columns
those of public readers of the file. One space separates two columns; lines are GBK and end with CR LF.
"""

from collections.abc import Mapping, Sequence

ZM = (
    ("tradeCode", 3), ("agentInsCode", 11), ("sendInsCode", 11), ("traceNo", 6), ("traceTime", 10), ("accNo", 19),
    ("txnAmt", 12), ("merCatCode", 4), ("termType", 2), ("queryId", 21), ("oldPayType", 2), ("orderId", 32),
    ("payCardType", 2), ("origTraceNo", 6), ("origTraceTime", 10), ("fee", 13), ("settleAmt", 13), ("payType", 4),
    ("groupMerCode", 15), ("txnType", 2), ("txnSubType", 2), ("bizType", 6), ("accType", 2), ("billType", 4),
    ("billNo", 32), ("interactMode", 1), ("origQryId", 21), ("merId", 15), ("accountType", 1), ("subMerId", 15),
    ("subMerAbbr", 32), ("subMerAmt", 13), ("netAmt", 13), ("termId", 8), ("merReserved", 32), ("discountAmt", 13),
    ("invoiceAmt", 13), ("instalFee", 12), ("instalNum", 2), ("tradeMedia", 1), ("origOrderId", 32), ("reserved", 98),
)  # fmt: skip
"""Columns of ZM and their widths in bytes. ``reserved`` begins with the cleared amount, signed."""

ZME = (
    ("tradeCode", 3), ("agentInsCode", 11), ("sendInsCode", 11), ("traceNo", 6), ("traceTime", 10), ("accNo", 19),
    ("txnAmt", 12), ("merCatCode", 4), ("termType", 2), ("oldPayType", 2), ("origTraceNo", 6), ("origTraceTime", 10),
    ("reason", 4), ("retrievalNo", 12), ("fee", 13), ("settleAmt", 13), ("merId", 15), ("subMerId", 15),
    ("accountType", 1), ("subMerAmt", 12), ("tradeMedia", 2), ("reserved", 135),
)  # fmt: skip
"""Columns of ZME and their widths in bytes."""

ZERO = "C000000000000"


def line(columns: Sequence[tuple[str, int]], values: Mapping[str, str]) -> bytes:
    """One line without its end: every value cut or filled with spaces to its width."""
    return b" ".join(_fitted(values.get(name, ""), width) for name, width in columns)


def amount(fen: int) -> str:
    """An unsigned amount: 12 digits."""
    return f"{fen:012d}"


def signed_amount(fen: int) -> str:
    """``C`` for what the merchant receives, ``D`` for what it is charged, and 12 digits."""
    return f"{'D' if fen < 0 else 'C'}{abs(fen):012d}"


def _fitted(text: str, width: int) -> bytes:
    raw = text.encode("gbk", "replace")[:width]
    # A character of two bytes must not be cut in the middle.
    return raw.decode("gbk", "ignore").encode("gbk").ljust(width)
