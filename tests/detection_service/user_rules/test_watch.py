"""A change of the rules directory becomes a control record, and takes effect at its position."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from detection_service import controls
from detection_service.checkpoint import Checkpoints
from detection_service.consumer import Consumer
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.health import canary
from detection_service.user_rules.folder import RuleText
from detection_service.user_rules.watch import RulesWatch
from surveillance.v1 import ingest_pb2
from tapewatch.cli.rules.skeleton import YAML_SCENARIOS
from tests.detection_service.fakes import Journal, consumer_in
from tests.detection_service.user_rules.test_folder import leap, put
from tests.detection_service.user_rules.written_rules import blink_rows, in_python, in_yaml, raising


@dataclass
class Watched:
    """A consumer of a journal, and a watch over a directory that writes to it."""

    home: Path
    directory: Path
    consumer: Consumer
    journal: Journal = field(default_factory=Journal)
    looks: int = 0

    def __post_init__(self) -> None:
        self.watch = RulesWatch(self.directory, self.home / "rules", self.consumer, self.publish)

    async def publish(self, content: bytes, request_id: str) -> int:
        sequence = self.journal.next_sequence
        self.journal.control("RULES", json.loads(content))
        return sequence

    async def look(self) -> None:
        """One look after the directory was touched, and the journal read to its end."""
        self.looks += 1
        for path in self.directory.iterdir():
            os.utime(path, ns=(self.looks, self.looks))
        await self.watch.look()
        await self.read()

    async def read(self) -> None:
        async with asyncio.timeout(20):
            await self.consumer.run(self.journal.read(self.consumer.next_sequence))

    def put(self, *texts: RuleText) -> Watched:
        put(self.directory, *texts)
        return self

    @property
    def in_force(self) -> dict[str, str]:
        brought = self.consumer.engine.configuration.brought
        return {rule.metadata.rule_id: rule.metadata.version for rule in brought}


def configuration(home: Path, waiting: Mapping[str, Any] | None = None) -> EngineConfiguration:
    return EngineConfiguration({"price_spike": {}}, marks_come=True, kept=home / "rules", waiting=waiting or {})


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    home, directory = tmp_path / "detection", tmp_path / "own"
    home.mkdir()
    directory.mkdir()
    return Watched(home, directory, consumer_in(home, configuration(home)))


def later(text: RuleText, version: str) -> RuleText:
    return text._replace(text=text.text.replace("1.0.0", version) + "\n")


def found(consumer: Consumer) -> set[str]:
    return {alert.rule_id for alert in consumer.outbox._held}


async def test_what_is_put_into_the_directory_takes_effect_at_a_position(watched: Watched) -> None:
    before = watched.consumer.engine.config_digest
    await watched.put(in_yaml(), in_python()).look()
    assert watched.in_force == {"blinks": "1.0.0", "leaps": "1.0.0"}
    assert watched.consumer.engine.config_digest != before
    (change,) = watched.consumer.changes.newest
    assert (change.kind, change.actor, change.problem) == ("rules", "detection", "")
    watched.journal.events(blink_rows())
    await watched.read()
    assert found(watched.consumer) == {"blinks"}


async def test_nothing_is_published_where_nothing_changed(watched: Watched) -> None:
    await watched.put(in_yaml()).look()
    await watched.look()
    assert watched.journal.next_sequence == 1


async def test_changed_content_takes_effect_with_a_new_version_only(watched: Watched) -> None:
    await watched.put(in_yaml()).look()
    await watched.put(in_yaml(**{"default: 40": "default: 50"})).look()
    assert watched.in_force == {"blinks": "1.0.0"}
    assert watched.consumer.engine.configuration.parameters()["blinks"]["withdrawn_min"] == 40
    assert "step its version" in watched.consumer.faulty["blinks"]
    await watched.put(in_yaml(**{"default: 40": "default: 50", "1.0.0": "1.1.0"})).look()
    assert watched.in_force == {"blinks": "1.1.0"}
    assert watched.consumer.engine.configuration.parameters()["blinks"]["withdrawn_min"] == 50
    assert watched.consumer.faulty == {}


async def test_a_faulty_file_leaves_what_is_in_force_and_takes_nothing_else_back(watched: Watched) -> None:
    await watched.put(in_yaml(), in_python()).look()
    await watched.put(RuleText("blinks", ".yaml", "version: ["), later(in_python(), "1.0.1")).look()
    assert watched.in_force == {"blinks": "1.0.0", "leaps": "1.0.1"}
    assert "not valid YAML" in watched.consumer.faulty["blinks"]


async def test_a_rule_taken_out_of_the_directory_is_out_of_force(watched: Watched) -> None:
    await watched.put(in_yaml(), in_python()).look()
    (watched.directory / "blinks.yaml").unlink()
    await watched.look()
    assert watched.in_force == {"leaps": "1.0.0"}


async def test_a_directory_that_goes_away_takes_no_rule_out_of_force(watched: Watched) -> None:
    await watched.put(in_yaml()).look()
    watched.directory.rename(watched.directory.with_name("elsewhere"))
    await watched.watch.look()
    await watched.read()
    assert watched.in_force == {"blinks": "1.0.0"}
    assert "expected a directory of rules" in watched.consumer.faulty["blinks"]


async def test_a_replay_takes_the_texts_the_journal_names_whatever_the_directory_holds_now(watched: Watched) -> None:
    rows = [*leap()]
    await watched.put(in_python()).look()
    watched.journal.events(rows[:-10])
    await watched.put(RuleText("leaps", ".py", raising("leaps").text.replace("1.0.0", "2.0.0"))).look()
    watched.journal.events(rows[-10:])
    await watched.read()
    again = consumer_in(watched.home / "again", configuration(watched.home))
    async with asyncio.timeout(20):
        await again.run(watched.journal.read())
    assert list(again.outbox._held) == list(watched.consumer.outbox._held)
    assert again.engine.snapshot() == watched.consumer.engine.snapshot()
    assert again.faulty == watched.consumer.faulty
    assert "ZeroDivisionError" in again.faulty["leaps"]


async def test_recovery_from_a_snapshot_has_the_rules_their_faults_and_the_changes(watched: Watched) -> None:
    await watched.put(in_yaml(), raising()).look()
    watched.journal.events(leap()).control("CONFIGURATION", change("blinks", {"withdrawn_min": 7}))
    await watched.read()
    second = recovered(watched)
    assert second.engine.faults == watched.consumer.engine.faults != {}
    assert second.engine.config_digest == watched.consumer.engine.config_digest
    assert list(second.changes.newest) == list(watched.consumer.changes.newest)
    assert second.engine.configuration.parameters()["blinks"]["withdrawn_min"] == 7


def recovered(watched: Watched) -> Consumer:
    Checkpoints(watched.home).write(watched.consumer.checkpoint(watched.consumer.engine.freeze()))
    second = Consumer(Engine(configuration(watched.home)), Checkpoints(watched.home), 1 << 40)
    second.recover()
    return second


async def test_parameters_of_a_rule_that_went_away_wait_and_a_recovery_knows_them(watched: Watched) -> None:
    await watched.put(in_yaml()).look()
    watched.journal.control("CONFIGURATION", change("blinks", {"withdrawn_min": 7}))
    watched.journal.control("CONFIGURATION", change("blinks", {"withdrawn_min": 8}, {"venue": "XTST"}))
    (watched.directory / "blinks.yaml").unlink()
    await watched.look()
    assert watched.in_force == {}
    second = recovered(watched)
    assert second.engine.config_digest == watched.consumer.engine.config_digest
    assert second.engine.configuration.waiting == {"blinks": {"withdrawn_min": 7}}


async def test_a_text_that_is_not_kept_is_a_fault_of_its_rule_only(watched: Watched) -> None:
    await watched.put(in_yaml(), in_python()).look()
    (text,) = watched.home.glob("rules/*/blinks.yaml")
    text.write_text("version: 6.6.6\n")
    engine = Engine(configuration(watched.home))
    controls.restore(engine, watched.consumer.checkpoint(watched.consumer.engine.freeze()).controls)
    assert [rule.metadata.rule_id for rule in engine.configuration.brought] == ["leaps"]
    assert "expected a text of SHA-256" in engine.faults["blinks"]


def test_a_record_can_not_name_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit")
    engine = Engine(configuration(tmp_path))
    content = {"user_rules": {"../../evil": {"form": ".py", "sha256": "0" * 64}}}
    controls.apply(engine, "rules", json.dumps(content).encode())
    assert "expected a rule id" in engine.faults["../../evil"]


def change(rule: str, parameters: Mapping[str, Any], scope: Mapping[str, str] | None = None) -> dict[str, Any]:
    told = {"rule": rule, "parameters": dict(parameters), "scope": dict(scope or {})}
    return {"change": told, "actor": "ann", "reason": "too many alerts"}


async def test_a_change_of_parameters_is_told_with_who_and_why_and_a_wrong_one_refused(watched: Watched) -> None:
    watched.journal.control("CONFIGURATION", change("price_spike", {"trades_min": 9}))
    watched.journal.control("CONFIGURATION", change("price_spike", {"trades_min": 12}, {"instrument": "ACME"}))
    watched.journal.control("CONFIGURATION", change("price_spike", {"trades_mni": 9}))
    watched.journal.control("CONFIGURATION", change("price_spike", {"trades_min": None}))
    await watched.read()
    engine = watched.consumer.engine
    usual = engine.configuration.known["price_spike"].metadata.defaults()["trades_min"]
    assert engine.configuration.parameters()["price_spike"]["trades_min"] == usual
    assert engine.configuration.parameters_at("XTST", "ACME")["price_spike"]["trades_min"] == 12
    told = [(each.actor, each.reason, each.what, each.problem) for each in watched.consumer.changes.newest]
    assert told[1] == ("ann", "too many alerts", "price_spike: trades_min 12 (instrument ACME)", "")
    assert "did you mean 'trades_min'" in told[2][3]


def canary_due(watched: Watched, number: int) -> None:
    mark = {"mark": "canary_due", "number": number, "time_ns": number * 1_000_000_000, "every_ns": 1_000_000_000}
    watched.journal.add(ingest_pb2.RECORD_KIND_MARK, json.dumps(mark).encode())


def with_silent(watched: Watched) -> Watched:
    """The same, with nothing of the catalogue in force but the rule that tells of silent ones."""
    made = EngineConfiguration({"rule_silent": {}}, marks_come=True, kept=watched.home / "rules")
    watched.consumer.engine.configure(made)
    return watched


async def test_the_first_positive_scenario_of_a_rule_from_outside_is_its_canary(watched: Watched) -> None:
    with_silent(watched).put(in_python(), in_yaml())
    (watched.directory / "blinks.scenarios.yaml").write_text(YAML_SCENARIOS)
    await watched.look()
    for number in range(1, 4):
        canary_due(watched, number)
    await watched.read()
    canaries = watched.consumer.health.canaries
    assert canaries.results["blinks"].scenarios == 1
    assert canaries.results["blinks"].missed == 0
    assert canaries.without(watched.consumer.engine.configuration) == {"leaps": "it brings no scenarios"}
    watched.journal.control("CONFIGURATION", change("blinks", {"withdrawn_min": 5_000}))
    for number in range(4, 10):
        canary_due(watched, number)
    await watched.read()
    silent = [alert for alert in watched.consumer.outbox._held if alert.rule_id == "rule_silent"]
    assert {alert.instrument for alert in silent} == {"CANARY-blinks"}
    again = with_silent(Watched(watched.home, watched.directory, consumer_in(watched.home / "again"), watched.journal))
    await again.read()
    assert list(again.consumer.outbox._held) == list(watched.consumer.outbox._held)


async def test_scenarios_take_effect_by_a_record_of_their_own(watched: Watched) -> None:
    with_silent(watched).put(in_yaml())
    await watched.look()
    canaries, engine = watched.consumer.health.canaries, watched.consumer.engine
    assert canaries.without(engine.configuration) == {"blinks": "it brings no scenarios"}
    (watched.directory / "blinks.scenarios.yaml").write_text(YAML_SCENARIOS)
    await watched.look()
    assert canaries.without(engine.configuration) == {}
    second = recovered(watched)
    assert canaries.without(second.engine.configuration) == {}
    (kept_text,) = watched.home.glob("rules/*/blinks.scenarios.yaml")
    kept_text.write_text("- name: exchanged")
    assert canaries.without(recovered(watched).engine.configuration) == {"blinks": "it brings no scenarios"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no list", "its scenarios can not be read"),
        (YAML_SCENARIOS.replace("kind: positive", "kind: evasion"), "it brings no positive scenario"),
        (YAML_SCENARIOS, "its first positive scenario has more than 99 events"),
    ],
)
async def test_why_a_rule_with_scenarios_has_no_canary_is_told(
    watched: Watched, text: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "ROWS_MAX", 99)
    with_silent(watched).put(in_yaml())
    (watched.directory / "blinks.scenarios.yaml").write_text(text)
    await watched.look()
    canary_due(watched, 1)
    await watched.read()
    told = watched.consumer.health.canaries.without(watched.consumer.engine.configuration)
    assert reason in told["blinks"]
    assert watched.in_force == {"blinks": "1.0.0"}
