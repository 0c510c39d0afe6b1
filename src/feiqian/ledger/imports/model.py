"""Values of imports."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal


class ImportFormat(StrEnum):
    """How a file is written; always UTF-8, one row a line."""

    CSV = "csv"
    """Comma-separated, the first line names the columns; a quoted field does not go over the end of its line."""
    NDJSON = "ndjson"
    """One JSON object a line."""


class ImportState(StrEnum):
    """Where an import stands."""

    RUNNING = "running"
    """A part of the file is done. The same file sent again goes on after it."""
    FINISHED = "finished"
    """Every row of the file is posted or refused."""


class NewImport(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for."""

    id: UUID
    """The same file under the same id is imported once, however often it is sent."""
    book: str
    """Whose accounts the file is about."""
    format: ImportFormat
    opens_accounts: bool = False
    """Whether accounts of a platform's own subjects that are named and missing are opened."""
    by: str
    """Who asks, as they are known outside."""


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.import."""

    id: UUID
    book: str
    format: ImportFormat
    opens_accounts: bool
    state: ImportState
    lines: int
    size_bytes: int
    fingerprint: bytes
    posted: int
    existing: int
    refused: int
    started_by: str
    started_at: datetime
    progressed_at: datetime
    finished_at: datetime | None

    @property
    def rows(self) -> int:
        """How many rows are done; empty lines and a header are none."""
        return self.posted + self.existing + self.refused


class ImportRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.import_refusal: a line that was not posted."""

    line: int
    code: str
    english: str
    chinese: str
    content: str


class ImportBusy(Refusal):
    """Somebody else is sending the same import at this moment."""

    code = "import_busy"
    status = 409
    english = (
        "Import {id} is being sent by another at this moment. Wait until it ends, then send the file again."
    )
    chinese = "导入 {id} 正由其他请求处理中，请待其结束后重新发送文件。"
    retryable = True


class RowInvalid(Refusal):
    """A line of the file is no row, or lacks something."""

    code = "row_invalid"
    status = 422
    english = "{field}: {reason}"
    chinese = "{field}：{reason}"
