"""The file of a batch of payouts and the file of its results. No I/O.

Form: a line of totals, a line of titles, a line for each payout; columns are parted by ``|``. Source: the sample of
UnionPay's payout demo (DF00000000777290058110097201507140002I.txt).
"""

from collections.abc import Sequence

import msgspec

from feiqian.channels.unionpay.errors import SUCCESS
from feiqian.channels.unionpay.messages import CURRENCY_CODE, amount_of

CARD, COMPANY_ACCOUNT = "01", "04"
"""accType."""
VERSION = "5.0.0"
"""Of the file, whatever the version of the messages."""
_TITLES = (
    "orderId",
    "currencyCode",
    "txnAmt",
    "accType",
    "accNo",
    "customerNm",
    "postscript",
    "comDebitCardAccName",
)


class BatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """One payout of a batch."""

    order_no: str
    amount: int
    account_type: str
    """accType."""
    account_no: str
    name: str
    memo: str


class ResultLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one payout."""

    order_no: str
    amount: int
    code: str
    """respCode."""
    words: str
    query_id: str
    """Empty where it failed."""
    processed: str
    """MMDDhhmmss in Beijing; empty where it failed before it was processed."""


def write_batch(lines: Sequence[BatchLine]) -> bytes:
    """The file of a batch."""
    total = sum(line.amount for line in lines)
    texts = [f"{VERSION}|{total}|{len(lines)}||", "|".join(_TITLES)]
    for line in lines:
        company = line.account_type == COMPANY_ACCOUNT
        texts.append(
            "|".join(
                (
                    line.order_no,
                    CURRENCY_CODE,
                    str(line.amount),
                    line.account_type,
                    line.account_no,
                    line.name,
                    line.memo,
                    line.name if company else "",
                )
            )
        )
    return "\n".join(texts).encode()


def read_results(content: bytes) -> list[ResultLine]:
    """The lines of a result file that is whole.

    Its first line holds what was asked for (version, total, count) and from the sixth column what was done (total,
    count). Raises: ValueError when it cannot be read or the lines do not add up to both.
    """
    head, titles, *texts = [*content.decode().replace("\r\n", "\n").split("\n"), ""]
    totals = head.split("|")
    if len(totals) < 7 or totals[0] != VERSION:
        raise ValueError("the result does not begin with its totals")
    names = titles.split("|")
    lines = [_read_line(names, text) for text in texts if text]
    done = [line for line in lines if line.code in SUCCESS]
    expected = [amount_of(totals[1]), amount_of(totals[2]), amount_of(totals[5]), amount_of(totals[6])]
    found = [sum(line.amount for line in lines), len(lines), sum(line.amount for line in done), len(done)]
    if expected != found:
        raise ValueError(f"the result announces {expected}, its lines give {found}")
    if len({line.order_no for line in lines}) != len(lines):
        raise ValueError("the result has a number twice")
    return lines


def _read_line(names: list[str], text: str) -> ResultLine:
    values = text.split("|")
    if len(values) != len(names):
        raise ValueError(f"{len(values)} values for {len(names)} columns")
    found = dict(zip(names, values, strict=True))
    try:
        return ResultLine(
            order_no=found["orderId"],
            amount=amount_of(found["txnAmt"]),
            code=found["respCode"],
            words=found["respMsg"],
            query_id=found["queryId"],
            processed=found["sysTm"],
        )
    except KeyError as error:
        raise ValueError(f"the result has no column {error}") from error
