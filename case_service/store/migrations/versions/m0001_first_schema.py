"""The first schema: heads, cases, alerts, audit records and requests."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PAGE_TOKEN_KEY_BYTES = 32
GENESIS_HASH = "0" * 64


def upgrade() -> None:
    """Makes every table, and the one row of heads."""
    _create_heads()
    _create_cases()
    _create_alerts()
    _create_alert_parties()
    _create_alert_conflicts()
    _create_comments()
    _create_audit_records()
    _create_requests()


def downgrade() -> None:
    """Drops every table."""
    for table in (
        *("requests", "audit_records", "comments", "alert_conflicts"),
        *("alert_parties", "alerts", "cases", "heads"),
    ):
        op.drop_table(table)


def _create_heads() -> None:
    heads = op.create_table(
        "heads",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("change_sequence", sa.BigInteger(), nullable=False),
        sa.Column("alert_number", sa.BigInteger(), nullable=False),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("audit_count", sa.BigInteger(), nullable=False),
        sa.Column("audit_hash", sa.Text(), nullable=False),
        sa.Column("page_token_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(
        heads,
        [
            {
                "id": 1,
                "change_sequence": 0,
                "alert_number": 0,
                "case_number": 0,
                "audit_count": 0,
                "audit_hash": GENESIS_HASH,
                "page_token_key": secrets.token_bytes(PAGE_TOKEN_KEY_BYTES),
            }
        ],
    )


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("typology_family", sa.Text(), nullable=False),
        sa.Column("start_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("disposition", sa.SmallInteger(), nullable=False),
        sa.Column("disposition_reason", sa.Text(), nullable=False),
        sa.Column("create_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("update_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("clock_start_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("due_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("change_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("case_id"),
        sa.UniqueConstraint("change_sequence"),
    )
    op.create_index("cases_by_assignee", "cases", ["assignee", "number"], unique=False)
    op.create_index("cases_by_group", "cases", ["group_key", "end_time_ns"], unique=False)
    op.create_index("cases_by_instrument", "cases", ["instrument", "number"], unique=False)
    op.create_index("cases_by_state", "cases", ["state", "number"], unique=False)


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("case_number", NUMBER, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("typology", sa.Text(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("start_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("change_sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("alert_id"),
        sa.UniqueConstraint("change_sequence"),
    )
    op.create_index("alerts_by_case", "alerts", ["case_number", "start_time_ns"], unique=False)
    op.create_index("alerts_by_instrument", "alerts", ["instrument", "number"], unique=False)
    op.create_index("alerts_by_rule", "alerts", ["rule_id", "number"], unique=False)


def _create_alert_parties() -> None:
    op.create_table(
        "alert_parties",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alert_number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("case_number", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["alert_number"], ["alerts.number"]),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"]),
        sa.PrimaryKeyConstraint("role", "name", "alert_number"),
    )
    op.create_index("alert_parties_by_case", "alert_parties", ["case_number", "alert_number"], unique=False)


def _create_alert_conflicts() -> None:
    op.create_table(
        "alert_conflicts",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "revision", "content_hash"),
    )


def _create_comments() -> None:
    op.create_table(
        "comments",
        sa.Column("case_number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"]),
        sa.PrimaryKeyConstraint("case_number", "position"),
    )


def _create_audit_records() -> None:
    op.create_table(
        "audit_records",
        sa.Column("sequence", NUMBER, autoincrement=False, nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_state", sa.SmallInteger(), nullable=False),
        sa.Column("to_state", sa.SmallInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("audit_by_subject", "audit_records", ["subject", "sequence"], unique=False)


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("ix_requests_time_ns", "requests", ["time_ns"], unique=False)
