"""A payout to one account (txnType 12).

Source: UnionPay's payout product (代付产品接口规范) as its demo projects repeat it: the payee's name or identity must be
given for a card, a company's account name for accType 04; both may come encrypted with UnionPay's certificate.
"""

import base64

from feiqian.simulators.unionpay.codes import Refused
from feiqian.simulators.unionpay.context import Simulator
from feiqian.simulators.unionpay.gate import require
from feiqian.simulators.unionpay.messages import Fields, parse_group
from feiqian.simulators.unionpay.payments import check_new
from feiqian.simulators.unionpay.signing import decrypt
from feiqian.simulators.unionpay.transactions import Transaction, add

PAYOUT = "000401"
COMPANY_ACCOUNT = "04"


def accept(simulator: Simulator, fields: Fields) -> Transaction:
    """Take on a payout; it is processing. Raises: Refused."""
    if fields["txnSubType"] != "00" or fields["bizType"] != PAYOUT:
        raise Refused("32")
    require(fields, "orderId", "txnAmt", "currencyCode", "accNo", "backUrl", "channelType")
    check_new(simulator, fields)
    account_type = fields.get("accType", "01")
    account = _clear(simulator, fields, fields["accNo"])
    if not account.isdigit() or not 8 <= len(account) <= 50:
        raise Refused("61")
    _check_payee(simulator, fields, account_type)
    with simulator.books.atomically():
        return add(simulator, fields, state="processing", account=account, account_type=account_type)


def _check_payee(simulator: Simulator, fields: Fields, account_type: str) -> None:
    if account_type == COMPANY_ACCOUNT:
        if not parse_group(fields.get("reserved", "")).get("comDebitCardAccName"):
            raise Refused("13", "报文交易要素缺失：comDebitCardAccName")
        return
    require(fields, "customerInfo")
    try:
        payee = parse_group(base64.b64decode(fields["customerInfo"], validate=True).decode())
    except ValueError as error:
        raise Refused("10", "报文格式错误：customerInfo") from error
    if payee.get("encryptedInfo"):
        payee |= parse_group(_clear(simulator, fields, payee["encryptedInfo"]))
    if not payee.get("customerNm") and not payee.get("certifId"):
        raise Refused("13", "报文交易要素缺失：customerNm")


def _clear(simulator: Simulator, fields: Fields, text: str) -> str:
    """A sensitive value: encrypted when encryptCertId is given."""
    if not fields.get("encryptCertId"):
        return text
    if fields["encryptCertId"] != simulator.keys.encrypt_cert_id:
        raise Refused("10", "报文格式错误：encryptCertId")
    try:
        return decrypt(simulator.keys.decryption_key, text)
    except ValueError as error:
        raise Refused("10", "报文格式错误：敏感信息无法解密") from error
