"""Signatures of events, as the Standard Webhooks specification 1.0.0 has them: made here, checked by whoever receives.

Nothing but the standard library: a platform may take this module as it stands.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

PREFIX = "whsec_"
SECRET_BYTES = 32
REPLAY_WINDOW = timedelta(minutes=5)
"""How far a delivery's time stamp may be from the receiver's clock, in either direction."""


class NotGenuine(Exception):
    """What was received is not a delivery of ours, or an old one played again; the message says why."""


def new_secret() -> str:
    """``whsec_`` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, id: str, timestamp: str, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``; a ``whsec_`` secret is base64 of its key."""
    digest = hmac.digest(_key(secret), f"{id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def sign_with_all(valid: Sequence[str], id: str, timestamp: str, body: bytes) -> str:
    """One signature for each secret that is valid, as the header ``webhook-signature`` lists them."""
    return " ".join(sign(secret, id, timestamp, body) for secret in valid)


def verify(*, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Whether a delivery is ours and fresh; ``body`` as it came over the wire. Returns its ``webhook-id``: drop what
    you have seen before.

    Raises: NotGenuine.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [
        name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not given.get(name)
    ]
    if missing:
        raise NotGenuine(f"the header {missing[0]} is missing")
    id, timestamp = given["webhook-id"], given["webhook-timestamp"]
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise NotGenuine("webhook-timestamp is no Unix time in seconds")
    expected = sign(secret, id, timestamp, body)
    # All are compared, each in constant time: a header that lists many tells nothing about any.
    matches = [
        hmac.compare_digest(expected.encode(), each.encode()) for each in given["webhook-signature"].split()
    ]
    if not any(matches):
        raise NotGenuine("no signature in webhook-signature is made with this secret over this body")
    if abs(int(now.timestamp()) - int(timestamp)) > REPLAY_WINDOW.total_seconds():
        raise NotGenuine(
            "webhook-timestamp is more than five minutes away: an old delivery, or a clock that is wrong"
        )
    return id


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a secret that begins with {PREFIX} must go on in base64") from error
