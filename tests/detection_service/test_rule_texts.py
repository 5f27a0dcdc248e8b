import asyncio
from pathlib import Path

from detection_service.checkpoint import Checkpoints
from detection_service.consumer import Consumer
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.rule_texts import in_force, tell_rule_texts
from detection_service.rules.catalogue import RULE_BY_ID
from surveillance.v1 import rule_text_pb2
from tapewatch.market.reference import Reference

TIMEOUT_S = 30


class FakeStore:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[rule_text_pb2.RecordRulesRequest] = []
        self.heard = asyncio.Event()

    async def record_rules(self, request: rule_text_pb2.RecordRulesRequest, patience_s: float | None) -> int:
        self.told.append(request)
        self.heard.set()
        return len(request.rules)


def consumer_of(directory: Path, rules: dict[str, dict[str, float]]) -> Consumer:
    engine = Engine(EngineConfiguration(rules, Reference()))
    return Consumer(engine, Checkpoints(directory), 1_000_000)


def test_what_is_in_force_is_told_with_steps_parameters_and_digest(tmp_path: Path) -> None:
    consumer = consumer_of(tmp_path, {"spoofing": {"life_max_s": 5.0}})
    request = in_force(consumer)
    (rule,) = [each for each in request.rules if each.rule_id == "spoofing"]
    metadata = RULE_BY_ID["spoofing"].metadata
    assert (rule.version, list(rule.triage_steps)) == (metadata.version, list(metadata.triage_steps))
    assert {each.name: each.value for each in rule.parameters}["life_max_s"] == 5.0
    assert request.config_digest == consumer.engine.config_digest
    assert '"spoofing"' in request.content_json


async def test_texts_are_told_at_the_start_and_again_when_the_configuration_changes(tmp_path: Path) -> None:
    consumer = consumer_of(tmp_path, {"spoofing": {}})
    store = FakeStore()
    task = asyncio.create_task(tell_rule_texts(consumer, store))
    async with asyncio.timeout(TIMEOUT_S):
        await store.heard.wait()
        store.heard.clear()
        consumer.engine.configure(EngineConfiguration({"spoofing": {"life_max_s": 7.0}}, Reference()))
        consumer.changes._ring()
        await store.heard.wait()
    task.cancel()
    first, second = (
        {each.name: each.value for rule in told.rules if rule.rule_id == "spoofing" for each in rule.parameters}
        for told in store.told
    )
    assert (first["life_max_s"] != 7.0, second["life_max_s"]) == (True, 7.0)
    assert store.told[0].config_digest != store.told[1].config_digest
