"""What an exported statement says, in both languages. Pure."""

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a statement in one language."""

    title: str
    account: str
    subject: str
    book: str
    currency: str
    period: str
    by_business_date: str
    by_booking_time: str
    beginning: str
    made_at: str
    opening: str
    closing: str
    total: str
    entries: str
    columns: tuple[str, ...]
    """Number, booked at, business date, kind, other account, reference, memo, debit, credit, balance, transaction."""
    page: str
    """With {page} and {pages}."""
    none: str
    file: str


CHINESE = Words(
    title="账户对账单",
    account="账户",
    subject="科目",
    book="账套",
    currency="币种",
    period="期间",
    by_business_date="按业务日期",
    by_booking_time="按记账时间",
    beginning="开户起",
    made_at="制表时间",
    opening="期初余额",
    closing="期末余额",
    total="合计",
    entries="笔数",
    columns=(
        "序号",
        "记账时间",
        "业务日期",
        "业务类型",
        "对方账户",
        "业务单号",
        "摘要",
        "借方",
        "贷方",
        "余额",
        "交易号",
    ),
    page="第 {page} 页，共 {pages} 页",
    none="本期间无分录",
    file="对账单",
)

ENGLISH = Words(
    title="Account statement",
    account="Account",
    subject="Subject",
    book="Book",
    currency="Currency",
    period="Period",
    by_business_date="by business date",
    by_booking_time="by booking time",
    beginning="opening of the account",
    made_at="Made at",
    opening="Opening balance",
    closing="Closing balance",
    total="Total",
    entries="Entries",
    columns=(
        "No.",
        "Booked at",
        "Business date",
        "Kind",
        "Other account",
        "Reference",
        "Memo",
        "Debit",
        "Credit",
        "Balance",
        "Transaction",
    ),
    page="Page {page} of {pages}",
    none="No entries in this period",
    file="statement",
)


def words_of(language: str) -> Words:
    """The words of ``zh`` or ``en``."""
    return CHINESE if language.startswith("zh") else ENGLISH
