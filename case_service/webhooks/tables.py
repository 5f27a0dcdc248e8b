"""The table of webhooks: how far each has been told."""

from sqlalchemy import BigInteger, Column, Table, Text

from case_service.store.tables import metadata

webhook_positions = Table(
    "webhook_positions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("audit_sequence", BigInteger, nullable=False),
)
"""The last audit record that a webhook was told of, or that does not concern it."""
