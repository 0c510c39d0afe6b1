"""The detached signatures of the HTTPS front: the platform's over its requests, the bank's over answers and notifications.

A request carries ``X-Customer`` (客户号), ``X-Certificate`` (the serial of the platform's certificate), ``X-Timestamp``
(seconds since 1970) and ``X-Signature``: base64 of SHA-256 with RSA over method, target and timestamp, each followed by
a line feed, and the body. An answer or notification carries the last three, signed over timestamp, line feed, body.
"""

import hmac
from collections.abc import Mapping

from feiqian.simulators.bank.credentials import KeyRing

SKEW_S = 300
"""Most that a request's timestamp may differ from the bank's clock."""


class NotSigned(Exception):
    """A request whose signature does not count; the sentence says why."""


def request_message(method: str, target: str, timestamp: str, body: bytes) -> bytes:
    """What the platform signs. ``target`` is the path with its query, exactly as sent."""
    return f"{method}\n{target}\n{timestamp}\n".encode() + body


def answer_headers(keys: KeyRing, body: bytes, moment_s: int) -> dict[str, str]:
    """The signature headers of an answer or a notification."""
    serial, signature = keys.sign(f"{moment_s}\n".encode() + body)
    return {"X-Certificate": serial, "X-Timestamp": str(moment_s), "X-Signature": signature}


def check_request(
    keys: KeyRing, *, method: str, target: str, headers: Mapping[str, str], body: bytes, moment_s: int
) -> None:
    """Let a request of the platform pass. Raises: NotSigned."""
    known = keys.credentials
    if not hmac.compare_digest(
        headers.get("X-Customer", "").encode(errors="surrogateescape"), known.customer.encode()
    ):
        raise NotSigned("X-Customer is not a customer of this bank")
    if headers.get("X-Certificate") != known.customer_identity.serial:
        raise NotSigned("X-Certificate is not registered for this customer")
    timestamp = headers.get("X-Timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal()) or abs(moment_s - int(timestamp)) > SKEW_S:
        raise NotSigned("X-Timestamp is more than five minutes from the bank's time")
    if not keys.is_customers(
        request_message(method, target, timestamp, body), headers.get("X-Signature", "")
    ):
        raise NotSigned("X-Signature does not hold over this request")
