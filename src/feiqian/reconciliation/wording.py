"""What people read beside an item of a reconciliation."""

from typing import NamedTuple

from feiqian.reconciliation.model import Note


class Wording(NamedTuple):
    """A note in both languages."""

    chinese: str
    english: str


WORDING = {
    Note.UNKNOWN_NUMBER: Wording("我方无此单号", "We have no such number"),
    Note.DUPLICATE: Wording("账单内单号重复", "The bill has this number more than once"),
    Note.CHANNEL_NO_DIFFERS: Wording("渠道单号与我方记录不符", "The channel's number is not the one we have"),
    Note.CONFIRMED_ELSEWHERE: Wording("已由其他日期账单确认", "Confirmed by the bill of another day already"),
    Note.VANISHED: Wording(
        "此前账单有，重新下载的账单无", "An earlier file of this bill had it, this one has not"
    ),
    Note.NOT_IN_BILL: Wording("渠道账单无此笔", "Not in the channel's bill"),
    Note.BECAME_KNOWN_LATE: Wording(
        "对账后方得知成功，账单无此笔", "Learned of after its day was compared; in no bill"
    ),
    Note.OTHER_DAY: Wording("对方记在另一日", "The other side is dated on another day"),
    Note.AWAITED: Wording("临近日切，待邻日账单", "Near midnight: awaited on the neighbouring day"),
    Note.UNDER_WAY: Wording("渠道处理中", "Under way at the channel"),
    Note.NOT_FOUND_NEXT_DAY: Wording("日切挂账，次日仍未找到", "Awaited across midnight and not found"),
}
