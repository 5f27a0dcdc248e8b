"""The tables, the same on every database. Migrations make them; a test compares both.

Rows are numbered by the writer in the order they are made; `change_sequence` numbers every change of an alert or a
case, and is what watchers follow.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()
# SQLite numbers rows by a column only when it is declared INTEGER; its INTEGER has 64 bits
Number = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _small(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False)


heads = Table(
    "heads",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    _number("change_sequence"),
    _number("alert_number"),
    _number("case_number"),
    _number("audit_count"),
    _text("audit_hash"),
    Column("page_token_key", LargeBinary, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("case_id", Text, nullable=False, unique=True),
    _text("group_key"),
    _text("title"),
    _small("state"),
    _small("priority"),
    _small("severity"),
    Column("score", Double, nullable=False),
    _text("venue"),
    _text("instrument"),
    _text("typology_family"),
    _number("start_time_ns"),
    _number("end_time_ns"),
    Column("alert_count", Integer, nullable=False),
    _text("assignee"),
    _small("disposition"),
    _text("disposition_reason"),
    _number("create_time_ns"),
    _number("update_time_ns"),
    _number("clock_start_time_ns"),
    _number("due_time_ns"),
    _number("version"),
    Column("change_sequence", BigInteger, nullable=False, unique=True),
    _number("state_time_ns"),
    _number("close_time_ns"),
    Column("value_at_stake", Double, nullable=False),
    _text("standing"),
    _text("priority_reasons"),
    _small("pending_disposition"),
    _text("pending_reason"),
    _text("pending_proposer"),
    _number("pending_time_ns"),
    _text("known_behaviour_id"),
    Index("cases_by_group", "group_key", "end_time_ns"),
    Index("cases_by_state_due", "state", "due_time_ns"),
    Index("cases_by_state", "state", "number"),
    Index("cases_by_instrument", "instrument", "number"),
    Index("cases_by_assignee", "assignee", "number"),
    Index("cases_by_priority", "priority", "due_time_ns", "number"),
    Index("cases_by_due", "due_time_ns", "number"),
    Index("cases_by_update", "update_time_ns", "number"),
    Index("cases_by_severity", "severity", "number"),
    Index("cases_by_severity_score", "severity", "score", "number"),
    Index("cases_by_score", "score", "number"),
    Index("cases_by_start", "start_time_ns", "number"),
    Index("cases_by_create", "create_time_ns", "number"),
)
"""`standing` is what is known of its subjects beforehand, as JSON (`priority.Standing`); `pending_` columns are a
proposal to close it as reported."""

alerts = Table(
    "alerts",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("alert_id", Text, nullable=False, unique=True),
    Column("case_number", Number, ForeignKey("cases.number"), nullable=False),
    Column("revision", Integer, nullable=False),
    _text("rule_id"),
    _text("typology"),
    _small("severity"),
    Column("score", Double, nullable=False),
    _text("venue"),
    _text("instrument"),
    _number("start_time_ns"),
    _number("end_time_ns"),
    Column("closed", Boolean, nullable=False),
    _text("explanation"),
    _text("party_names"),
    _text("content_hash"),
    Column("body", LargeBinary, nullable=False),
    Column("change_sequence", BigInteger, nullable=False, unique=True),
    _text("rule_version"),
    _text("episode_key"),
    Column("value", Double, nullable=False),
    Index("alerts_by_case", "case_number", "start_time_ns"),
    Index("alerts_by_episode", "episode_key"),
    Index("alerts_by_rule", "rule_id", "number", "case_number"),
    Index("alerts_by_severity_score", "severity", "score", "number"),
    Index("alerts_by_instrument", "instrument", "number"),
    Index("alerts_by_start", "start_time_ns", "number"),
    Index("alerts_by_severity", "severity", "number"),
    Index("alerts_by_score", "score", "number"),
)
"""`body` is the alert as a `surveillance.v1.Alert` message; the other columns are what is asked for."""

alert_revisions = Table(
    "alert_revisions",
    metadata,
    Column("alert_number", Number, ForeignKey("alerts.number"), primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _text("content_hash"),
    Column("body", LargeBinary, nullable=False),
)
"""Revisions that a later one replaced, so that a case can be shown as it was."""

alert_parties = Table(
    "alert_parties",
    metadata,
    Column("role", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("alert_number", Number, ForeignKey("alerts.number"), primary_key=True, autoincrement=False),
    Column("case_number", Number, ForeignKey("cases.number"), nullable=False),
    Index("alert_parties_by_case", "case_number", "alert_number"),
)
"""Accounts and owners of alerts; `role` is ACCOUNT or OWNER."""

alert_conflicts = Table(
    "alert_conflicts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("content_hash", Text, primary_key=True),
    _number("time_ns"),
    Column("body", LargeBinary, nullable=False),
)
"""Revisions refused because the same revision is held with other content; kept to be looked into."""

comments = Table(
    "comments",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("author"),
    _number("time_ns"),
    _text("text"),
)

case_tags = Table(
    "case_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Index("case_tags_by_case", "case_number"),
)

case_steps = Table(
    "case_steps",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("step_id", Text, primary_key=True),
    Column("done", Boolean, nullable=False),
    _text("actor"),
    _number("time_ns"),
    _text("note"),
)
"""What was said of steps of a case's checklist; the steps themselves are in the texts of its rules."""

case_links = Table(
    "case_links",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("other_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    _small("kind"),
    _text("reason"),
    _text("author"),
    _number("time_ns"),
)
"""One row each way."""

case_attachments = Table(
    "case_attachments",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("sha256"),
    _text("name"),
    _text("media_type"),
    _number("size_bytes"),
    _text("author"),
    _number("time_ns"),
)

subject_outcomes = Table(
    "subject_outcomes",
    metadata,
    Column("role", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    _small("disposition"),
    _number("time_ns"),
    Index("subject_outcomes_by_case", "case_number"),
)
"""How closed cases of accounts and owners ended; gone again when a case is reopened."""

known_behaviours = Table(
    "known_behaviours",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False, unique=True),
    _text("subject_kind"),
    _text("subject"),
    _text("typologies"),
    _text("instruments"),
    _text("venues"),
    _text("reason"),
    _text("author"),
    _number("create_time_ns"),
    _number("expire_time_ns"),
    _text("ended_by"),
    _text("end_reason"),
    _number("end_time_ns"),
    _number("alert_count"),
    _number("version"),
    Index("known_behaviours_by_subject", "subject", "number"),
)
"""Lists are JSON arrays, sorted."""

watch_entries = Table(
    "watch_entries",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False, unique=True),
    _text("list"),
    _text("subject_kind"),
    _text("subject"),
    _small("priority_raise"),
    _text("reason"),
    _text("author"),
    _number("create_time_ns"),
    _number("expire_time_ns"),
    _text("ended_by"),
    _text("end_reason"),
    _number("end_time_ns"),
    _number("version"),
    Index("watch_entries_by_subject", "subject", "number"),
    Index("watch_entries_by_list", "list", "number"),
)

rule_texts = Table(
    "rule_texts",
    metadata,
    Column("content_hash", Text, primary_key=True),
    _text("rule_id"),
    _text("rule_version"),
    _number("time_ns"),
    _number("sequence"),
    _text("triage_steps"),
    Column("body", LargeBinary, nullable=False),
    Index("rule_texts_by_rule", "rule_id", "rule_version", "sequence"),
)
"""`body` is a `surveillance.v1.Rule` message; `triage_steps` its steps as a JSON array."""

configurations = Table(
    "configurations",
    metadata,
    Column("config_digest", Text, primary_key=True),
    _number("time_ns"),
    _number("sequence"),
    _text("content_json"),
)

configuration_rules = Table(
    "configuration_rules",
    metadata,
    Column("config_digest", Text, ForeignKey("configurations.config_digest"), primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("content_hash", Text, ForeignKey("rule_texts.content_hash"), nullable=False),
)
"""Which text of each rule was in force with a configuration."""

audit_records = Table(
    "audit_records",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    _number("time_ns"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("reason"),
    _small("from_state"),
    _small("to_state"),
    _text("detail"),
    _text("previous_hash"),
    _text("hash"),
    _text("alert_id"),
    _text("salt"),
    _text("content_hash"),
    Index("audit_by_subject", "subject", "sequence"),
)

"""Records of an alert are found through its case, their subject: an index of their own would cost each alert more."""

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    _number("sequence"),
    _text("hash"),
    _number("time_ns"),
    _small("purpose"),
    _number("previous_sequence"),
    Column("marks", LargeBinary, nullable=False),
    _text("key_id"),
    Column("signature", LargeBinary, nullable=False),
)
"""Where the audit trail ended at times, signed; the same are kept in a file outside the database."""

requests = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("time_ns", BigInteger, nullable=False, index=True),
    _text("content_hash"),
    Column("response", LargeBinary, nullable=False),
)
"""Answers to requests that carried a request id, so that a repeated one gets the same answer."""

recorded_changes = Table(
    "recorded_changes",
    metadata,
    Column("change_id", Text, primary_key=True),
    Column("audit_sequence", Number, ForeignKey("audit_records.sequence"), nullable=False),
)
"""Changes of what detection works with that the audit trail has, so that one told again is entered once."""

evidence = Table(
    "evidence",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _small("state"),
    _number("from_time_ns"),
    _number("to_time_ns"),
    Column("alert_count", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    _text("problem"),
    _text("parts"),
    _text("manifest_sha256"),
    _number("events"),
    _number("pin_time_ns"),
    Column("opening_is_whole", Boolean, nullable=False),
    _text("asked_by"),
    _text("reason"),
    Index("evidence_by_state", "state", "attempts"),
)
"""What is pinned to cases, or waits to be; `parts` are names and hashes of files in the vault, JSON."""

evidence_progress = Table(
    "evidence_progress",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    _number("change_sequence"),
)
"""One row: the last change of a case that pinning has looked at."""

PARTY_ACCOUNT = "ACCOUNT"
PARTY_OWNER = "OWNER"
