"""Changes of what detection works with, and the audit records that say them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "recorded_changes",
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("audit_sequence", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["audit_sequence"], ["audit_records.sequence"]),
        sa.PrimaryKeyConstraint("change_id"),
    )


def downgrade() -> None:
    """Drops it; the audit records stay."""
    op.drop_table("recorded_changes")
