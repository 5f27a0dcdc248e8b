"""Keeps the texts of rules as they were in force, and which configuration they were in force with."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from case_service.store.bulk import execute_many
from case_service.store.tables import configuration_rules, configurations, rule_texts
from case_service.store.transaction import Transaction
from tapewatch.runtime.errors import NotFound

_INSERT_TEXT, _INSERT_RULE = insert(rule_texts), insert(configuration_rules)


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule's text: its `surveillance.v1.Rule` message as bytes, and what is asked for of it."""

    rule_id: str
    rule_version: str
    triage_steps: tuple[str, ...]
    body: bytes

    @property
    def content_hash(self) -> str:
        """SHA-256 of the bytes; 64 hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration: its digest (an alert's `config_digest`), its content as JSON, and the position it began at."""

    config_digest: str
    content_json: str
    sequence: int


@dataclass(frozen=True, slots=True)
class KeptText:
    """A text as it was kept; `config_json` is empty where no configuration was asked for."""

    body: bytes
    content_hash: str
    time_ns: int
    config_digest: str = ""
    config_json: str = ""


def record_rules(shared: Transaction, configured: Configured, texts: Sequence[RuleText]) -> int:
    """Keep texts and the configuration they are in force with, each once; how many were not held before."""
    connection = shared.connection
    by_hash = {each.content_hash: each for each in texts}
    query = select(rule_texts.c.content_hash).where(rule_texts.c.content_hash.in_(list(by_hash)))
    held = set(connection.execute(query).scalars())
    place = {"time_ns": shared.now_ns, "sequence": configured.sequence}
    fresh = [_row(content_hash, each) for content_hash, each in by_hash.items() if content_hash not in held]
    execute_many(connection, _INSERT_TEXT, [{**row, **place} for row in fresh])
    digest = configured.config_digest
    known = select(configurations.c.config_digest).where(configurations.c.config_digest == digest)
    if digest and connection.execute(known).one_or_none() is None:
        row = {"config_digest": digest, "content_json": configured.content_json}
        connection.execute(insert(configurations), {**row, **place})
        in_force = {each.rule_id: each.content_hash for each in texts}
        rules = [{"config_digest": digest, "rule_id": name, "content_hash": each} for name, each in in_force.items()]
        execute_many(connection, _INSERT_RULE, rules)
    return len(fresh)


def _row(content_hash: str, text: RuleText) -> dict[str, object]:
    return {
        "content_hash": content_hash,
        "rule_id": text.rule_id,
        "rule_version": text.rule_version,
        "triage_steps": json.dumps(text.triage_steps),
        "body": text.body,
    }


def rule_text(connection: Connection, rule_id: str, rule_version: str, config_digest: str) -> KeptText:
    """A rule's text as it was in force with a configuration, or the newest of its version, or the newest; NotFound."""
    table = rule_texts.c
    query = select(table.body, table.content_hash, table.time_ns).where(table.rule_id == rule_id)
    if rule_version:
        query = query.where(table.rule_version == rule_version)
    config_json = ""
    if config_digest:
        rules = configuration_rules.c
        query = query.join(configuration_rules, rules.content_hash == table.content_hash)
        query = query.where(rules.config_digest == config_digest, rules.rule_id == rule_id)
        content = select(configurations.c.content_json).where(configurations.c.config_digest == config_digest)
        config_json = connection.execute(content).scalar_one_or_none() or ""
    row = connection.execute(query.order_by(table.sequence.desc(), table.time_ns.desc()).limit(1)).one_or_none()
    if row is None:
        asked = " ".join(part for part in (rule_id[:80], rule_version[:80], config_digest[:80]) if part)
        raise NotFound(
            "RULE_TEXT_NOT_FOUND",
            f"expected the text of a rule that detection has told of, found none for {asked!r}; detection tells them "
            "when it starts and when its configuration changes",
        )
    return KeptText(row.body, row.content_hash, row.time_ns, config_digest, config_json)
