"""Registering platforms and merchants; keys, sign-in and sessions."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.ids import derived_id, new_id
from feiqian.members import store
from feiqian.members.events import WebhookSet
from feiqian.members.model import Merchant, MerchantUnknown, Platform, Role, Scope, Staff, StaffSecret

SESSION_LASTS = timedelta(hours=12)
FAILURES_MAX = 5
LOCK_LASTS = timedelta(minutes=15)
NUMBER_LENGTH_MAX = 64
NAME_LENGTH_MAX = 128

_passwords = PasswordHash((Argon2Hasher(),))
_nobody = _passwords.hash(secrets.token_hex())


def platform_id(name: str) -> UUID:
    """A platform's id is derived from its name, so that setting it up twice is setting it up once."""
    return derived_id("platform", name)


def new_api_key() -> str:
    """A fresh secret; show it once, keep its hash."""
    return f"fq_{secrets.token_urlsafe(32)}"


def hash_token(token: str) -> bytes:
    """How keys and session tokens are stored and looked up."""
    return hashlib.sha256(token.encode()).digest()


async def register_platform(
    tx: Transaction,
    *,
    now: datetime,
    name: str,
    webhook_url: str | None = None,
    webhook_secret: str | None = None,
) -> UUID:
    """Make a platform known, with an address for its events when one is given; again with the same name changes
    nothing. Returns its id.

    Raises: as ``set_webhook``.
    """
    id = platform_id(name)
    if await store.insert_platform(tx, id=id, name=name, now=now) and webhook_url is not None:
        await set_webhook(tx, now=now, platform=id, url=webhook_url, secret=webhook_secret or "")
    return id


async def set_webhook(tx: Transaction, *, now: datetime, platform: UUID, url: str, secret: str) -> None:
    """Deliver a platform's events to an address, signed with a secret; what was set here before is replaced.

    Raises: InvalidRequest unless the address is http or https and there is a secret.
    """
    if not url.startswith(("https://", "http://")):
        raise InvalidRequest(field="webhook_url", reason="must begin with https:// or http://")
    if not secret:
        raise InvalidRequest(field="webhook_secret", reason="must not be empty")
    await tx.publish(WebhookSet(platform=platform, url=url, secret=secret, at=now))


async def platform_of_name(tx: Transaction, *, name: str) -> Platform:
    """A registered platform. Raises: NotFound."""
    platform = await store.read_platform(tx, platform_id(name))
    if platform is None:
        raise NotFound(what="platform", name=name)
    return platform


async def issue_api_key(
    tx: Transaction, *, now: datetime, platform: UUID, label: str, scopes: Sequence[Scope]
) -> str:
    """A new key under that label; the one issued before under it stops working. Returns the key, once."""
    key = new_api_key()
    await store.revoke_api_keys(tx, platform=platform, label=label, now=now)
    await store.insert_api_key(
        tx, hash=hash_token(key), platform=platform, label=label, scopes=scopes, now=now
    )
    return key


async def register_merchant(
    tx: Transaction, *, now: datetime, platform: UUID, merchant_no: str, name: str
) -> Merchant:
    """Make a merchant known. The same number with the same name again returns the first.

    Raises: InvalidRequest; ReplayAltered when the number exists with another name.
    """
    if not 1 <= len(merchant_no) <= NUMBER_LENGTH_MAX or not merchant_no.isprintable() or "/" in merchant_no:
        raise InvalidRequest(
            field="merchant_no", reason=f"must be 1 to {NUMBER_LENGTH_MAX} characters without a slash"
        )
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidRequest(field="name", reason=f"must be 1 to {NAME_LENGTH_MAX} printable characters")
    await store.insert_merchant(
        tx, id=new_id(now), platform=platform, merchant_no=merchant_no, name=name, now=now
    )
    (merchant,) = await store.read_merchants_by_no(tx, platform, [merchant_no])
    if merchant.name != name:
        raise ReplayAltered(key=f"merchant_no {merchant_no}", field="name")
    return merchant


async def require_merchants(
    tx: Transaction, *, platform: UUID, merchant_nos: Sequence[str]
) -> dict[str, Merchant]:
    """The platform's merchants of those numbers.

    Raises: MerchantUnknown naming the first that is not registered.
    """
    found = {row.merchant_no: row for row in await store.read_merchants_by_no(tx, platform, merchant_nos)}
    for merchant_no in merchant_nos:
        if merchant_no not in found:
            raise MerchantUnknown(merchant_no=merchant_no)
    return found


async def register_staff(
    tx: Transaction, *, now: datetime, email: str, name: str, role: Role, password: str
) -> None:
    """Add a member of staff, or set a new password for one.

    Raises: InvalidRequest when the address or the password is not acceptable.
    """
    if "@" not in email or len(email) > 254:
        raise InvalidRequest(field="email", reason="must be an e-mail address")
    if len(password) < 10:
        raise InvalidRequest(field="password", reason="must have at least 10 characters")
    await store.upsert_staff(
        tx,
        id=new_id(now),
        email=email.lower(),
        name=name,
        role=role,
        password_hash=_passwords.hash(password),
        now=now,
    )


async def find_staff_to_sign_in(tx: Transaction, *, email: str) -> StaffSecret | None:
    """The member of staff behind an address, locked against a sign-in at the same moment."""
    return await store.lock_staff(tx, email.lower())


def password_fits(secret: StaffSecret | None, password: str) -> bool:
    """Compare in the time that a real comparison takes, also when there is nobody to compare with."""
    return _passwords.verify(password, secret.password_hash if secret else _nobody) and secret is not None


async def record_failure(tx: Transaction, *, now: datetime, secret: StaffSecret) -> None:
    """Count a wrong password; the fifth in a row locks the account for a quarter of an hour."""
    failures = secret.failures + 1
    locked = now + LOCK_LASTS if failures >= FAILURES_MAX else None
    await store.set_failures(tx, secret.id, 0 if locked else failures, locked)


async def open_session(tx: Transaction, *, now: datetime, secret: StaffSecret) -> str:
    """Sign a member of staff in; returns the token for the browser's cookie."""
    token = secrets.token_urlsafe(32)
    await store.set_failures(tx, secret.id, 0, None)
    await store.insert_session(tx, hash=hash_token(token), staff=secret.id, now=now, lasts=SESSION_LASTS)
    return token


async def find_session(tx: Transaction, *, now: datetime, token: str) -> Staff | None:
    """Who is signed in with that token."""
    return await store.find_session(tx, hash_token(token), now)


async def close_session(tx: Transaction, *, token: str) -> None:
    """Sign out."""
    await store.delete_session(tx, hash_token(token))
