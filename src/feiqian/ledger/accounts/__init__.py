"""Accounts as things of their own: opened, limited, frozen, closed, put into groups, and the subjects they belong to."""

from feiqian.ledger.accounts.groups import add_to_group, remove_from_group
from feiqian.ledger.accounts.model import AccountChange, AccountGroup, ChangeKind, OwnSubject
from feiqian.ledger.accounts.operations import close_account, freeze, open_account, set_overdraft
from feiqian.ledger.accounts.refusals import AccountNotEmpty, CodeBookMismatch, OverdraftInUse, SubjectUnknown
from feiqian.ledger.accounts.subjects import define_subject, subjects

__all__ = [
    "AccountChange",
    "AccountGroup",
    "AccountNotEmpty",
    "ChangeKind",
    "CodeBookMismatch",
    "OverdraftInUse",
    "OwnSubject",
    "SubjectUnknown",
    "add_to_group",
    "close_account",
    "define_subject",
    "freeze",
    "open_account",
    "remove_from_group",
    "set_overdraft",
    "subjects",
]
