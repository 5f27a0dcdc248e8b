"""Audit records whose content can be erased: a random salt each, and the hash that stays of what is gone."""

import sqlalchemy as sa
from alembic import op

from tapewatch.runtime.errors import StartError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("salt", "content_hash")


def upgrade() -> None:
    """Adds the columns. Records are hashed with a salt from now on, so a trail begun without one is refused."""
    held = op.get_bind().execute(sa.text("SELECT COUNT(*) FROM audit_records")).scalar_one()
    if held:
        raise StartError(
            f"case database: expected an empty audit trail, found {held} records of a version before the first "
            "release, hashed in another way: move that file aside (`cases.database`) and begin a new one"
        )
    for name in COLUMNS:
        op.add_column("audit_records", sa.Column(name, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drops them; the records stay and no longer verify."""
    for name in COLUMNS:
        op.drop_column("audit_records", name)
