"""pain.001: from the document to orders, or what is wrong with it.

Source: the message definition report of customer credit transfer initiation, and its schemas.
"""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import lxml.etree
import msgspec

from feiqian.kernel.calendar import business_date
from feiqian.kernel.money import MINOR_DIGITS, parse_major
from feiqian.simulators.bank import xml
from feiqian.simulators.bank.orders import Order
from feiqian.simulators.bank.profile import Profile

SCHEMAS = Path(__file__).parents[1] / "schemas"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
DETAIL_MAX = 105
"""Characters of AddtlInf."""


class Initiation(msgspec.Struct, frozen=True, kw_only=True):
    """A pain.001 that could be read."""

    message_id: str
    name: str
    """pain.001.001.09"""
    count: int
    total: Decimal
    orders: list[Order]


class Rejected(Exception):
    """A message that is rejected as a whole."""

    def __init__(self, code: str, detail: str, message_id: str = "", name: str = "") -> None:
        super().__init__(code)
        self.code = code
        """An external status reason: FF01 for a bad format, AM10 for a wrong control sum, …"""
        self.detail = detail[:DETAIL_MAX]
        self.message_id = message_id
        self.name = name


def read_initiation(document: bytes, profile: Profile) -> Initiation:
    """The orders of a pain.001 that keeps to its schema and whose counts and sums are right. Raises: Rejected."""
    try:
        root = xml.read(document)
    except xml.Unreadable as error:
        raise Rejected("FF01", f"not well-formed XML: {error}") from error
    name = xml.namespace_of(root).removeprefix(NAMESPACE)
    message_id = xml.text(root, "CstmrCdtTrfInitn/GrpHdr/MsgId")[:35]
    if name not in profile.iso20022.accepts:
        accepted = ", ".join(profile.iso20022.accepts)
        raise Rejected(
            "FF01", f"{name[:35] or 'no namespace'} is not accepted, only {accepted}", message_id, name
        )
    schema = _schema(name)
    if not schema.validate(root):
        fault = str(schema.error_log[0].message).replace(f"{{{NAMESPACE}{name}}}", "")
        raise Rejected("FF01", f"line {schema.error_log[0].line}: {fault}", message_id, name)
    try:
        return _initiation(root, message_id, name, profile)
    except Rejected as rejected:
        raise Rejected(rejected.code, rejected.detail, message_id, name) from rejected


def _initiation(root: lxml.etree._Element, message_id: str, name: str, profile: Profile) -> Initiation:
    header = xml.all_of(root, "CstmrCdtTrfInitn/GrpHdr")[0]
    payments = xml.all_of(root, "CstmrCdtTrfInitn/PmtInf")
    payment_ids = [xml.text(payment, "PmtInfId") for payment in payments]
    if len(set(payment_ids)) < len(payment_ids):
        raise Rejected("DU02", "a PmtInfId stands twice in the message")
    transactions = [node for payment in payments for node in xml.all_of(payment, "CdtTrfTxInf")]
    total = _check_totals(header, transactions, "GrpHdr")
    if len(transactions) > profile.limits.transactions_max:
        raise Rejected("AM18", f"more than {profile.limits.transactions_max} transactions")
    orders: list[Order] = []
    for payment in payments:
        if xml.text(payment, "PmtMtd") != "TRF":
            raise Rejected("AG01", "PmtMtd must be TRF: cheques are not issued")
        _check_totals(payment, xml.all_of(payment, "CdtTrfTxInf"), xml.text(payment, "PmtInfId"))
        frame = Order(
            front="iso20022",
            message_id=message_id,
            payment_id=xml.text(payment, "PmtInfId"),
            end_to_end_id="",
            debit_account=_account(payment, "DbtrAcct"),
            creditor_name="",
            creditor_account="",
            amount=0,
            currency="",
            execute_on=_execution_date(payment),
        )
        orders += [_order(frame, node) for node in xml.all_of(payment, "CdtTrfTxInf")]
    return Initiation(message_id=message_id, name=name, count=len(transactions), total=total, orders=orders)


def _check_totals(
    header: lxml.etree._Element, transactions: list[lxml.etree._Element], where: str
) -> Decimal:
    total = sum((Decimal(_amount_of(node)[0]) for node in transactions), Decimal())
    stated = xml.text(header, "NbOfTxs")
    if stated and int(stated) != len(transactions):
        raise Rejected("AM18", f"{where}: NbOfTxs is {stated}, there are {len(transactions)}")
    control_sum = xml.text(header, "CtrlSum")
    if control_sum and Decimal(control_sum) != total:
        raise Rejected("AM10", f"{where}: CtrlSum is {control_sum}, the amounts add up to {total}")
    return total


def _order(frame: Order, node: lxml.etree._Element) -> Order:
    """One transaction; ``frame`` has what its whole PmtInf says."""
    value, currency = _amount_of(node)
    number = xml.text(node, "PmtId/EndToEndId")
    if currency not in MINOR_DIGITS:
        raise Rejected("AM03", f"{number}: {currency} is not a currency of this bank")
    try:
        amount = parse_major(value, currency)
    except (ValueError, InvalidOperation) as error:
        raise Rejected("AM12", f"{number}: {value} has more decimals than {currency}") from error
    agent = "CdtrAgt/FinInstnId"
    return msgspec.structs.replace(
        frame,
        instruction_id=xml.text(node, "PmtId/InstrId"),
        end_to_end_id=number,
        creditor_name=xml.text(node, "Cdtr/Nm"),
        creditor_account=_account(node, "CdtrAcct"),
        creditor_bank=xml.text(node, f"{agent}/ClrSysMmbId/MmbId") or xml.text(node, f"{agent}/BICFI"),
        amount=amount,
        currency=currency,
        memo=" ".join(line.text or "" for line in xml.all_of(node, "RmtInf/Ustrd")),
    )


def _amount_of(node: lxml.etree._Element) -> tuple[str, str]:
    instructed = xml.all_of(node, "Amt/InstdAmt")
    if not instructed:
        raise Rejected("AM12", "Amt must be an InstdAmt: equivalent amounts are not exchanged")
    return (instructed[0].text or "").strip(), instructed[0].get("Ccy", "")


def _account(node: lxml.etree._Element, name: str) -> str:
    return xml.text(node, f"{name}/Id/Othr/Id") or xml.text(node, f"{name}/Id/IBAN")


def _execution_date(payment: lxml.etree._Element) -> date:
    day, time = xml.text(payment, "ReqdExctnDt/Dt"), xml.text(payment, "ReqdExctnDt/DtTm")
    try:
        if day:
            return date.fromisoformat(day[:10])
        moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    except ValueError as error:  # XML Schema knows years before 1 and after 9999, and 24:00
        raise Rejected("DT01", f"{day or time} is not a date on which this bank pays") from error
    return business_date(moment) if moment.tzinfo is not None else moment.date()


@cache
def _schema(name: str) -> lxml.etree.XMLSchema:
    return lxml.etree.XMLSchema(lxml.etree.parse(SCHEMAS / f"{name}.xsd"))
