"""Restrictions and their access lists, legal holds, erasures, and the desks of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("account_desks", "case_erasures", "case_holds", "case_access", "case_restrictions")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "case_restrictions",
        *_of_case(),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_number"),
    )
    op.create_table(
        "case_access",
        sa.Column("name", sa.Text(), nullable=False),
        *_of_case(),
        sa.PrimaryKeyConstraint("name", "case_number"),
    )
    op.create_index("case_access_by_case", "case_access", ["case_number"], unique=False)
    op.create_table(
        "case_holds",
        *_of_case(),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "matter"),
    )
    op.create_table(
        "case_erasures",
        *_of_case(),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_number"),
    )
    op.create_table(
        "account_desks",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "desk"),
    )
    op.create_index("account_desks_by_desk", "account_desks", ["desk"], unique=False)


def downgrade() -> None:
    """Drops them: what was restricted is open to everyone again, and no hold keeps anything."""
    for name in TABLES:
        op.drop_table(name)


def _of_case() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("case_number", NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"]),
    )
