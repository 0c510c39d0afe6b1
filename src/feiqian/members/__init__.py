"""Members: who takes part.

Owns platforms and their API keys, merchants, staff and their sessions. Secrets are kept as hashes only. A merchant's
number is unique within its platform; its id owns its ledger accounts.
"""

from feiqian.members.model import (
    ApiKeyInvalid,
    Caller,
    Merchant,
    MerchantUnknown,
    NotSignedIn,
    Platform,
    Role,
    Scope,
    ScopeMissing,
    SignInLocked,
    SignInRefused,
    Staff,
    StaffSecret,
)
from feiqian.members.operations import (
    SESSION_LASTS,
    close_session,
    find_session,
    find_staff_to_sign_in,
    hash_token,
    issue_api_key,
    open_session,
    password_fits,
    platform_id,
    record_failure,
    register_merchant,
    register_platform,
    register_staff,
    require_merchants,
)
from feiqian.members.store import find_caller, read_merchants, read_platform, search_merchants

__all__ = [
    "SESSION_LASTS",
    "ApiKeyInvalid",
    "Caller",
    "Merchant",
    "MerchantUnknown",
    "NotSignedIn",
    "Platform",
    "Role",
    "Scope",
    "ScopeMissing",
    "SignInLocked",
    "SignInRefused",
    "Staff",
    "StaffSecret",
    "close_session",
    "find_caller",
    "find_session",
    "find_staff_to_sign_in",
    "hash_token",
    "issue_api_key",
    "open_session",
    "password_fits",
    "platform_id",
    "read_merchants",
    "read_platform",
    "record_failure",
    "register_merchant",
    "register_platform",
    "register_staff",
    "require_merchants",
    "search_merchants",
]
