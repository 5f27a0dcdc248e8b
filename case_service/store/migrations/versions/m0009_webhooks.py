"""How far each webhook has been told."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "webhook_positions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("audit_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Drops it: each webhook begins with what comes after the next upgrade."""
    op.drop_table("webhook_positions")
