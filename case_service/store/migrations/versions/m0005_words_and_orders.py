"""Lists that search for words and come in other orders than newest first."""

import sqlalchemy as sa
from alembic import op

from case_service.store.databases.search import create_search, drop_search

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {
    "alerts_by_start": ("alerts", ["start_time_ns", "number"]),
    "alerts_by_severity": ("alerts", ["severity", "number"]),
    "alerts_by_score": ("alerts", ["score", "number"]),
    "cases_by_priority": ("cases", ["priority", "due_time_ns", "number"]),
    "cases_by_due": ("cases", ["due_time_ns", "number"]),
    "cases_by_update": ("cases", ["update_time_ns", "number"]),
    "cases_by_severity": ("cases", ["severity", "number"]),
    "cases_by_score": ("cases", ["score", "number"]),
    "cases_by_start": ("cases", ["start_time_ns", "number"]),
    "cases_by_create": ("cases", ["create_time_ns", "number"]),
}


def upgrade() -> None:
    """Adds the names of parties to alerts, the indexes of orders, and what finds words."""
    op.add_column("alerts", sa.Column("party_names", sa.Text(), nullable=False, server_default=""))
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns, unique=False)
    _name_parties()
    create_search(op.get_bind())


def downgrade() -> None:
    """Takes them away; nothing is lost that is not elsewhere."""
    drop_search(op.get_bind())
    for name in INDEXES:
        op.drop_index(name)
    op.drop_column("alerts", "party_names")


def _name_parties() -> None:
    alerts = sa.table("alerts", sa.column("number"), sa.column("party_names"))
    parties = sa.table("alert_parties", sa.column("alert_number"), sa.column("name"))
    names = sa.func.aggregate_strings(parties.c.name, " ")
    joined = sa.select(names).where(parties.c.alert_number == alerts.c.number).scalar_subquery()
    op.execute(sa.update(alerts).values(party_names=sa.func.coalesce(joined, "")))
