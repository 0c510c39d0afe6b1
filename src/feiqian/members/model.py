"""Values of the members domain."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal


class Scope(StrEnum):
    """What an API key may do."""

    PAYMENTS = "payments"
    """Merchants, payments, refunds."""
    LENDING = "lending"
    """Credit lines, loans, funders."""
    OPERATIONS = "operations"
    """Close, reconcile and voucher a business day."""
    LEDGER = "ledger"
    """The platform's own books: accounts, transactions, holds, imports."""


class Role(StrEnum):
    """What a member of staff may do in the console."""

    ADMIN = "admin"
    """Everything."""
    FINANCE = "finance"
    """Books, reconciliation, vouchers, funders."""
    OPERATIONS = "operations"
    """Payments, merchants, loans."""


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """A business that runs its trade on us."""

    id: UUID
    name: str


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who an API key speaks for."""

    platform: UUID
    platform_name: str
    scopes: tuple[Scope, ...]


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier that sells on a platform. ``str(id)`` owns its ledger accounts."""

    id: UUID
    platform: UUID
    merchant_no: str
    name: str
    created_at: datetime


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """A person who works at the operator."""

    id: UUID
    email: str
    name: str
    role: Role


class StaffSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What signing in needs to know of a member of staff."""

    id: UUID
    email: str
    name: str
    role: Role
    password_hash: str
    failures: int
    locked_until: datetime | None


class ApiKeyInvalid(Refusal):
    """No key, an unknown key, or a revoked one."""

    code = "api_key_invalid"
    status = 401
    english = "The API key is missing, unknown or revoked. Send it as Authorization: Bearer <key>."
    chinese = "API 密钥缺失、未知或已停用。请以 Authorization: Bearer <密钥> 发送。"


class ScopeMissing(Refusal):
    """The key is good but may not do this."""

    code = "scope_missing"
    status = 403
    english = "This API key lacks the scope {scope}. Use a key that has it."
    chinese = "该 API 密钥没有 {scope} 权限，请使用有此权限的密钥。"


class SignInRefused(Refusal):
    """Wrong address or password; the same answer for both, so that addresses cannot be probed."""

    code = "sign_in_refused"
    status = 401
    english = "The e-mail address or the password is wrong."
    chinese = "邮箱或密码不正确。"


class SignInLocked(Refusal):
    """Too many wrong passwords."""

    code = "sign_in_locked"
    status = 429
    english = "Too many wrong passwords. Try again in {minutes} minutes."
    chinese = "密码错误次数过多，请 {minutes} 分钟后再试。"
    retryable = True


class NotSignedIn(Refusal):
    """No session, or one that has ended."""

    code = "not_signed_in"
    status = 401
    english = "Please sign in."
    chinese = "请先登录。"


class MerchantUnknown(Refusal):
    """The platform has not registered this merchant."""

    code = "merchant_unknown"
    status = 422
    english = "Merchant {merchant_no} is not registered. Create it with POST /v1/merchants first."
    chinese = "商户 {merchant_no} 尚未登记，请先调用 POST /v1/merchants。"
