"""The ledger over many machines: where PostgreSQL has the extension Citus, its tables are distributed by cell.

All rows of a cell lie on one machine, so that a posting there is what it is on a single server. Views, grants and
indexes are Citus's to carry over. Without the extension nothing happens.

Source: Citus documentation, "Citus Utility Functions" (create_distributed_table and
truncate_local_data_after_distributing_table) and "SQL Support and Workarounds".
"""

from sqlalchemy import Connection, text

_HAS_CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
_NOT_YET = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid = c.oid)
ORDER BY c.relname <> 'account', c.relname
"""
_FIRST = "account"
"""The table that the others are laid beside."""


def distribute(connection: Connection) -> None:
    """Distribute by cell what is not distributed yet. Each table is committed by itself: who is interrupted goes on.

    Rows that are already there are copied, during which the table takes no writes.
    """
    if not connection.execute(text(_HAS_CITUS)).scalar_one():
        return
    connection.execute(text("SET statement_timeout = 0"))
    for table in connection.execute(text(_NOT_YET)).scalars().all():
        beside = "none" if table == _FIRST else f"ledger.{_FIRST}"
        connection.execute(
            text("SELECT create_distributed_table(:name, 'cell', colocate_with => :beside)"),
            {"name": f"ledger.{table}", "beside": beside},
        )
        connection.execute(
            text("SELECT truncate_local_data_after_distributing_table(:name)"), {"name": f"ledger.{table}"}
        )
        connection.commit()
    connection.commit()
