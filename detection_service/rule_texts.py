"""The texts of the rules in force: for who asks, and told to the case service, whose cases take their checklists
from them and which keeps them as they were."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from detection_service.consumer import Consumer
from detection_service.controls import whole
from detection_service.engine.configuration import EngineConfiguration
from detection_service.rules.rule import Metadata
from surveillance.v1 import detection_pb2, rule_text_pb2


class RuleRecorder(Protocol):
    """Where texts go; returns once they are durable and is repeated while the store is away."""

    async def record_rules(self, request: rule_text_pb2.RecordRulesRequest, patience_s: float | None) -> int:
        """Keeps texts, each once."""


def rule_message(
    configuration: EngineConfiguration, rule_id: str, parameters: Mapping[str, float]
) -> detection_pb2.Rule:
    """A rule's text with the parameters it works with."""
    metadata = configuration.known[rule_id].metadata
    return detection_pb2.Rule(
        rule_id=rule_id,
        version=metadata.version,
        title=metadata.title,
        typology=metadata.typology,
        description=metadata.description,
        data_needed=[need.text for need in metadata.needs],
        parameters=_parameters(metadata, parameters),
        known_false_positives=metadata.known_false_positives,
        known_gaps=metadata.known_gaps,
        triage_steps=metadata.triage_steps,
        regulations=[str(regulation) for regulation in metadata.regulations],
    )


async def tell_rule_texts(consumer: Consumer, recorder: RuleRecorder) -> None:
    """Tells the texts in force, and again after each change of the configuration, for ever."""
    while True:
        request = in_force(consumer)
        await recorder.record_rules(request, None)
        await consumer.changes.until(partial(_differs, consumer, request.config_digest))


def _differs(consumer: Consumer, told: str) -> bool:
    return consumer.engine.config_digest != told


def in_force(consumer: Consumer) -> rule_text_pb2.RecordRulesRequest:
    """What is in force now."""
    configuration = consumer.engine.configuration
    rules = [rule_message(configuration, *each) for each in sorted(configuration.parameters().items())]
    return rule_text_pb2.RecordRulesRequest(
        config_digest=consumer.engine.config_digest,
        content_json=whole(configuration).decode(),
        rules=rules,
        sequence=consumer.next_sequence,
    )


def _parameters(metadata: Metadata, values: Mapping[str, float]) -> list[detection_pb2.RuleParameter]:
    return [
        detection_pb2.RuleParameter(
            name=parameter.name,
            value=values[parameter.name],
            unit=parameter.unit,
            minimum=parameter.minimum,
            maximum=parameter.maximum,
            reason=parameter.reason,
        )
        for parameter in metadata.parameters
    ]
