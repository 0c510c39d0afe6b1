"""The archive: months of sealed legs in Parquet files, and what the books go on from without them.

Owns ledger.archive, ledger.opening, ledger.archived_total, ledger.archived_transaction and ledger.archived_hold.
"""

from feiqian.ledger.archive.model import ArchivedBlock, ArchiveFailed
from feiqian.ledger.archive.operations import archive_months, find_archive_faults

__all__ = ["ArchiveFailed", "ArchivedBlock", "archive_months", "find_archive_faults"]
