"""What is pinned to cases, and how far pinning has looked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes both tables, and the one row of progress."""
    op.create_table(
        "evidence",
        sa.Column("case_number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("from_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("to_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("pin_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("opening_is_whole", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"]),
        sa.PrimaryKeyConstraint("case_number", "revision"),
    )
    op.create_index("evidence_by_state", "evidence", ["state", "attempts"], unique=False)
    progress = op.create_table(
        "evidence_progress",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("change_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(progress, [{"id": 1, "change_sequence": 0}])


def downgrade() -> None:
    """Drops them; the files stay."""
    op.drop_table("evidence_progress")
    op.drop_table("evidence")
