"""The desk: tags, checklists, links, attachments, proposals, outcomes, known behaviour, watch lists, rule texts."""

import sqlalchemy as sa
from alembic import op

from surveillance.v1 import alert_pb2

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROWS_AT_ONCE = 1_000
CLOSED = 5
CASE_TEXTS = {
    "standing": "{}",
    "priority_reasons": "[]",
    "pending_reason": "",
    "pending_proposer": "",
    "known_behaviour_id": "",
}
CASE_NUMBERS = ("state_time_ns", "close_time_ns", "pending_time_ns")
TABLES = (
    *("configuration_rules", "configurations", "rule_texts", "watch_entries", "known_behaviours", "subject_outcomes"),
    *("case_attachments", "case_links", "case_steps", "case_tags", "alert_revisions"),
)


def upgrade() -> None:
    """Makes the tables and columns; cases and alerts held get what can be told of them."""
    _widen_cases()
    _widen_alerts()
    _create_parts_of_cases()
    _create_lists()
    _create_rule_texts()


def downgrade() -> None:
    """Drops them."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("alerts_by_episode", "alerts")
    for name in ("rule_version", "episode_key", "value"):
        op.drop_column("alerts", name)
    op.drop_index("cases_by_state_due", "cases")
    for name in (*CASE_TEXTS, *CASE_NUMBERS, "pending_disposition", "value_at_stake"):
        op.drop_column("cases", name)


def _widen_cases() -> None:
    for name, default in CASE_TEXTS.items():
        op.add_column("cases", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    for name in CASE_NUMBERS:
        op.add_column("cases", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("pending_disposition", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("value_at_stake", sa.Double(), nullable=False, server_default="0"))
    op.create_index("cases_by_state_due", "cases", ["state", "due_time_ns"], unique=False)
    cases = sa.table("cases", *(sa.column(name) for name in ("state", "update_time_ns", *CASE_NUMBERS)))
    op.execute(cases.update().values(state_time_ns=cases.c.update_time_ns))
    op.execute(cases.update().where(cases.c.state == CLOSED).values(close_time_ns=cases.c.update_time_ns))


def _widen_alerts() -> None:
    for name in ("rule_version", "episode_key"):
        op.add_column("alerts", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("value", sa.Double(), nullable=False, server_default="0"))
    op.create_index("alerts_by_episode", "alerts", ["episode_key"], unique=False)
    names = ("number", "alert_id", "body", "rule_version", "episode_key")
    alerts = sa.table("alerts", *(sa.column(name) for name in names))
    change = (
        alerts.update()
        .where(alerts.c.number == sa.bindparam("of_number"))
        .values(rule_version=sa.bindparam("of_version"), episode_key=alerts.c.alert_id)
    )
    place = 0
    connection = op.get_bind()
    page = sa.select(alerts.c.number, alerts.c.body).order_by(alerts.c.number).limit(ROWS_AT_ONCE)
    while rows := connection.execute(page.where(alerts.c.number > place)).all():
        for number, body in rows:
            version = alert_pb2.Alert.FromString(body).rule_version
            connection.execute(change, {"of_number": number, "of_version": version})
        place = rows[-1].number


def _text(name: str, *, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False, primary_key=key)


def _long(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _case_number(name: str = "case_number") -> "sa.Column[int]":
    return sa.Column(name, NUMBER, sa.ForeignKey("cases.number"), autoincrement=False, nullable=False, primary_key=True)


def _create_parts_of_cases() -> None:
    op.create_table(
        "alert_revisions",
        sa.Column(
            "alert_number",
            NUMBER,
            sa.ForeignKey("alerts.number"),
            autoincrement=False,
            nullable=False,
            primary_key=True,
        ),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False, primary_key=True),
        _text("content_hash"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table("case_tags", _text("tag", key=True), _case_number())
    op.create_index("case_tags_by_case", "case_tags", ["case_number"], unique=False)
    said = (_text("actor"), _long("time_ns"), _text("note"))
    done: sa.Column[bool] = sa.Column("done", sa.Boolean(), nullable=False)
    op.create_table("case_steps", _case_number(), _text("step_id", key=True), done, *said)
    why = (sa.Column("kind", sa.SmallInteger(), nullable=False), _text("reason"), _text("author"), _long("time_ns"))
    op.create_table("case_links", _case_number(), _case_number("other_number"), *why)
    op.create_table(
        "case_attachments",
        _case_number(),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, primary_key=True),
        *(_text("sha256"), _text("name"), _text("media_type"), _long("size_bytes"), _text("author"), _long("time_ns")),
    )
    op.create_table(
        "subject_outcomes",
        _text("role", key=True),
        _text("name", key=True),
        _case_number(),
        sa.Column("disposition", sa.SmallInteger(), nullable=False),
        _long("time_ns"),
    )
    op.create_index("subject_outcomes_by_case", "subject_outcomes", ["case_number"], unique=False)


def _entry_number() -> "sa.Column[int]":
    return sa.Column("number", NUMBER, autoincrement=False, nullable=False, primary_key=True)


def _entry_id() -> "sa.Column[str]":
    return sa.Column("entry_id", sa.Text(), nullable=False, unique=True)


def _create_lists() -> None:
    op.create_table(
        "known_behaviours",
        *(_entry_number(), _entry_id(), _text("subject_kind"), _text("subject"), _text("typologies")),
        *(_text("instruments"), _text("venues"), _text("reason"), _text("author"), _long("create_time_ns")),
        *(_long("expire_time_ns"), _text("ended_by"), _text("end_reason"), _long("end_time_ns")),
        *(_long("alert_count"), _long("version")),
    )
    op.create_index("known_behaviours_by_subject", "known_behaviours", ["subject", "number"], unique=False)
    raised = sa.Column("priority_raise", sa.SmallInteger(), nullable=False)
    op.create_table(
        "watch_entries",
        *(_entry_number(), _entry_id(), _text("list"), _text("subject_kind"), _text("subject"), raised),
        *(_text("reason"), _text("author"), _long("create_time_ns"), _long("expire_time_ns"), _text("ended_by")),
        *(_text("end_reason"), _long("end_time_ns"), _long("version")),
    )
    op.create_index("watch_entries_by_subject", "watch_entries", ["subject", "number"], unique=False)
    op.create_index("watch_entries_by_list", "watch_entries", ["list", "number"], unique=False)


def _create_rule_texts() -> None:
    op.create_table(
        "rule_texts",
        *(_text("content_hash", key=True), _text("rule_id"), _text("rule_version"), _long("time_ns")),
        *(_long("sequence"), _text("triage_steps"), sa.Column("body", sa.LargeBinary(), nullable=False)),
    )
    op.create_index("rule_texts_by_rule", "rule_texts", ["rule_id", "rule_version", "sequence"], unique=False)
    op.create_table(
        "configurations", _text("config_digest", key=True), _long("time_ns"), _long("sequence"), _text("content_json")
    )
    op.create_table(
        "configuration_rules",
        sa.Column(
            "config_digest",
            sa.Text(),
            sa.ForeignKey("configurations.config_digest"),
            nullable=False,
            primary_key=True,
        ),
        _text("rule_id", key=True),
        sa.Column("content_hash", sa.Text(), sa.ForeignKey("rule_texts.content_hash"), nullable=False),
    )
