"""Alembic's entry: one transaction, one migrator at a time, never waiting long for a busy table."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
connection.execute(text("SET lock_timeout = '10s'"))
connection.execute(text("SET statement_timeout = '10min'"))
connection.execute(text("SELECT pg_advisory_lock(4242420001)"))
connection.commit()
context.configure(connection=connection, target_metadata=None, version_table="schema_version")
with context.begin_transaction():
    context.run_migrations()
