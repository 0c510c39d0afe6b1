"""Statements of an account as files: CSV, Excel and a printed PDF, in Chinese or English."""

from feiqian.ledger.exports.content import statement_file_name
from feiqian.ledger.exports.delimited import statement_csv
from feiqian.ledger.exports.excel import statement_xlsx
from feiqian.ledger.exports.pdf import statement_pdf
from feiqian.ledger.exports.refusals import FontsMissing, StatementTooLong

__all__ = [
    "FontsMissing",
    "StatementTooLong",
    "statement_csv",
    "statement_file_name",
    "statement_pdf",
    "statement_xlsx",
]
