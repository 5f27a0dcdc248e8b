"""Indexes for lists that are narrowed by one field and come in the order of another."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BY_RULE = "alerts_by_rule"
ADDED = {
    "alerts_by_severity_score": ("alerts", ["severity", "score", "number"]),
    "cases_by_severity_score": ("cases", ["severity", "score", "number"]),
}


def upgrade() -> None:
    """Adds them; alerts of a rule tell their cases without being read."""
    for name, (table, columns) in ADDED.items():
        op.create_index(name, table, columns, unique=False)
    op.drop_index(BY_RULE, "alerts")
    op.create_index(BY_RULE, "alerts", ["rule_id", "number", "case_number"], unique=False)


def downgrade() -> None:
    """Takes them away."""
    op.drop_index(BY_RULE, "alerts")
    op.create_index(BY_RULE, "alerts", ["rule_id", "number"], unique=False)
    for name, (table, _) in ADDED.items():
        op.drop_index(name, table)
