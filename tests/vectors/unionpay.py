"""UnionPay's wire as others have published it: what both sides of it are held to.

Sources: python-unionpay, src/unionpay/SDKUtil_test.py and src/certs (the request's signature, file content, link string,
root and middle certificate of the test environment); yansongda/supports, tests/ArrTest.php (an answer to a refund,
January 2024); demo projects of UnionPay's SDK that hold a recorded notice (March 2017 and July 2018); the batch file is
the sample of UnionPay's payout demo, DF00000000777290058110097201507140002I.txt. All are of UnionPay's test environment.
"""

from pathlib import Path
from urllib.parse import parse_qsl

FILES = Path(__file__).with_name("unionpay_files")

REQUEST = {
    "transType": "01",
    "sysReserved": "{aaa=a&bbb=b}",
    "merId": "888888888888888",
    "signMethod": "01",
    "version": "5.1.0",
    "certId": "68759663125",
}
REQUEST_LINK_STRING = "&".join(
    (
        "certId=68759663125",
        "merId=888888888888888",
        "signMethod=01",
        "sysReserved={aaa=a&bbb=b}",
        "transType=01",
        "version=5.1.0",
    )
)
REQUEST_SIGNATURE = (
    "nCDm51Cju6CG0kvYNKJI0hlMMlPqKn2IftnBFWkeNftrNKxczLB2kAyASv6Tr3PeOauGvgzv9KEpBBkZY1f7nhOuv/WfZVEHt4oWmxcd24Tr"
    "EZ5dDtQb4tamzUszl0p+TXDW4tqxzbwjjQ++acYtthLadhG44Cce0Lnno7LWIKDh1Fe6wsMMAEXsJwZX7nIcskeymOTF98FopOt/RFsIHSJ4"
    "Z0UuqZ6gEOjPzSbqTgm2SeAMFMmxMToUmY+doQHla5GNkI4VJox10LIZBlA8SRTwL6qt3kdHhFyP7mRw2WbjzUA9kuqPtFhC7ucKJ5tFG1Ym"
    "bnX5upg0Mg9h2UlofQ=="
)
MERCHANT_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2YKRPiRY8X0gEM+4Whqw
g+tv22mxWv/HA55RipX6b5dHwpc+6zcsifF4EQ8M18fuyAJecQDbkEq6hRG8oba3
JjGROsVC6Vu6Xg5k7YIAuni1WdOHhYdxXlcNus5ZNwYUu2RHInyYu4D8ICFt+mJb
CTZJvJKuOYOTJ8rF6nqHUPQbFpiCcO6wsu2+CFnLD67E2d3REFWz+v7AMV43kces
a0m5lBQ5S2Kj9/kU79rMfqaAbaP4vQKlf8otgeeBL/Ia+aeAvT1aC9UqBOA4o1oG
YoCbQX+WHz7ifcEZOSW2CheEnkPoVdJdGzy3f57MT9ZEphu3kUOgyS84Up7ro/vL
4wIDAQAB
-----END PUBLIC KEY-----
"""
"""Of acp_test_sign.pfx, with which every merchant of the test environment signs. RSA with this padding has one signature
for a message, so that a signature which verifies is the one that signing must give."""

ANSWER_34 = (
    "accessType=0&bizType=000000&certId=68759585097&encoding=utf-8&merId=777290058110097&orderId=20160417104527"
    "&respCode=34&respMsg=查无此交易[2600000]&signMethod=01&txnSubType=00&txnTime=20160417104527&txnType=00"
    "&version=5.0.0"
)
ANSWER_34_FIELDS = {
    "accessType": "0",
    "bizType": "000000",
    "certId": "68759585097",
    "encoding": "utf-8",
    "merId": "777290058110097",
    "orderId": "20160417104527",
    "respCode": "34",
    "respMsg": "查无此交易[2600000]",
    "signMethod": "01",
    "txnSubType": "00",
    "txnTime": "20160417104527",
    "txnType": "00",
    "version": "5.0.0",
}

FILE = b"test_data"
FILE_CONTENT = "eJwrSS0uiU9JLEkEABL5A7o="

BATCH_FILE = "\n".join(
    (
        "5.0.0|1000|10||",
        "orderId|currencyCode|txnAmt|accType|accNo|customerNm|bizType|certifTp|certifId|phoneNo|postscript",
        *(
            f"{number:016d}|156|100|01|6221558812340000|互联网|000401|01|341126197709218366|13552535506|样例展示"
            for number in range(823000300003370, 823000300003380)
        ),
    )
)

ZM_WIDTHS = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13,
    8, 32, 13, 13, 12, 2, 1, 32, 98,
)  # fmt: skip
"""As readers of the file have them; one byte separates two columns."""
ZM_OFFSETS = {"traceNo": 28, "traceTime": 35, "txnAmt": 66, "queryId": 87, "orderId": 112, "settleAmt": 180}
ZME_WIDTHS = (3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135)

ROOT_CERTIFICATE = (FILES / "root.pem").read_bytes()
MIDDLE_CERTIFICATE = (FILES / "middle.pem").read_bytes()
"""Of CFCA's test authority; both, and what they sign, are signed with SHA-1, which verify_directly_issued_by refuses."""


def _as_sent(name: str) -> str:
    """Lines within the certificate end with CR LF on the wire; a checkout may not keep them."""
    return (FILES / name).read_text("utf-8").replace("\r\n", "\n").rstrip("\n").replace("\n", "\r\n")


REFUND_ANSWER = _as_sent("refund_answer.txt").encode()
"""The answer to a refund, as it came over the wire."""
PAYMENT_NOTICE = _as_sent("payment_notice.txt").encode()
"""A notice's fields, written as an answer."""
PAYMENT_NOTICE_FORM = (FILES / "payment_notice_form.txt").read_bytes().strip()
"""A notice as it was posted."""
PAYMENT_NOTICE_FORM_FIELDS = dict(parse_qsl(PAYMENT_NOTICE_FORM.decode()))
