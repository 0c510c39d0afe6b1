"""A bank's own fronts after a profile: transfers in and out, statements, notices."""

from feiqian.channels.bank.client import Bank
from feiqian.channels.bank.config import BankConfig, bank_config_from_sandbox
from feiqian.channels.bank.statements import BankStatement, StatementEntry

__all__ = ["Bank", "BankConfig", "BankStatement", "StatementEntry", "bank_config_from_sandbox"]
