"""Feiqian (飞钱): payments, one ledger, settlement, books and credit for a B2B platform.

ARCHITECTURE.md is the plan of the house: imports go down its floors only.
"""

__version__ = "0.1.0"
