"""DetectionService: protobuf to the engine's own terms and back; no logic."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from detection_service.changes import to_message
from detection_service.consumer import Consumer
from detection_service.controls import whole
from detection_service.corrections.state import Corrections
from detection_service.coverage_pages import coverage_page
from detection_service.rule_texts import rule_message
from surveillance.v1 import detection_pb2, detection_pb2_grpc
from tapewatch.engine_mode import mode
from tapewatch.runtime.errors import InvalidArgument, NotFound
from tapewatch.runtime.service import Service

SERVICE_NAME: Final = "surveillance.v1.DetectionService"
PAGE_SIZE_DEFAULT: Final = 100
PAGE_SIZE_MAX: Final = 1000
PENDING_SHOWN_MAX: Final = 1000


class DetectionServicer(detection_pb2_grpc.DetectionServiceServicer):
    """Answers from one consumer and its engine."""

    def __init__(self, consumer: Consumer, service: Service) -> None:
        self._consumer = consumer
        self._service = service

    async def ListRules(self, request: detection_pb2.ListRulesRequest, context: Any) -> detection_pb2.ListRulesResponse:
        """The rules in force, by id."""
        parameters = self._consumer.engine.configuration.parameters()
        names = sorted(parameters)
        start = _start(request.page_token, names)
        size = min(request.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
        if request.page_size < 0:
            raise InvalidArgument("PAGE_SIZE", f"page_size: expected 0 or more, found {request.page_size}")
        page = names[start : start + size]
        return detection_pb2.ListRulesResponse(
            rules=[self._rule(name, parameters[name]) for name in page],
            next_page_token=page[-1] if start + size < len(names) else "",
        )

    async def GetRule(self, request: detection_pb2.GetRuleRequest, context: Any) -> detection_pb2.Rule:
        """One rule in force."""
        parameters = self._consumer.engine.configuration.parameters()
        if request.rule_id not in parameters:
            known = ", ".join(sorted(parameters))
            raise NotFound("RULE_NOT_FOUND", f"no rule {request.rule_id!r} is in force; there are {known}")
        return self._rule(request.rule_id, parameters[request.rule_id])

    async def GetConfiguration(
        self, request: detection_pb2.GetConfigurationRequest, context: Any
    ) -> detection_pb2.Configuration:
        """Rules, parameters and scopes in force, as a configuration record has them."""
        consumer = self._consumer
        held = consumer.engine.configuration
        return detection_pb2.Configuration(
            next_sequence=consumer.next_sequence,
            config_digest=consumer.engine.config_digest,
            content_json=whole(held).decode(),
            user_rules=[
                detection_pb2.UserRule(rule_id=rule_id, form=each["form"], sha256=each["sha256"])
                for rule_id, each in sorted(consumer.user_rules.items())
            ],
            reference_digest=held.reference.digest() if any(held.reference.to_json().values()) else "",
        )

    async def StreamAlerts(
        self, request: detection_pb2.StreamAlertsRequest, context: Any
    ) -> AsyncIterator[detection_pb2.StreamAlertsResponse]:
        """Alert revisions from a cursor on."""
        revisions = self._consumer.outbox.revisions(request.cursor)
        async for alert, cursor in self._service.until_stopped(revisions):
            yield detection_pb2.StreamAlertsResponse(alert=alert, cursor=cursor)

    async def GetCoverage(
        self, request: detection_pb2.GetCoverageRequest, context: Any
    ) -> detection_pb2.GetCoverageResponse:
        """A page of what is watched, and what is not."""
        consumer = self._consumer
        return coverage_page(request, consumer.shown, consumer.engine, consumer.health.canaries)

    async def GetDetectionStatus(
        self, request: detection_pb2.GetDetectionStatusRequest, context: Any
    ) -> detection_pb2.DetectionStatus:
        """Position, counters, and what can not apply."""
        consumer = self._consumer
        status = consumer.engine.status()
        return detection_pb2.DetectionStatus(
            next_sequence=consumer.next_sequence,
            event_time_ns=status["event_time_ns"],
            engine=mode(),
            model_id=consumer.engine.model_id,
            config_digest=consumer.engine.config_digest,
            sources=self._sources(status["sources"]),
            alerts_by_rule=Counter(status["alerts_by_rule"]) + consumer.health.alerts_by_rule,
            not_applicable=status["not_applicable"],
            alerts_pending=consumer.alerts_pending,
            snapshot_sequence=consumer.snapshot_sequence,
            live_orders=status["live_orders"],
            corrections=_corrections(consumer.corrections),
            faulty=consumer.faulty,
            without_canary=consumer.health.canaries.without(consumer.engine.configuration),
            changes=[to_message(change) for change in consumer.changes.newest],
        )

    def _sources(self, sources: Mapping[str, Mapping[str, Any]]) -> list[detection_pb2.SourceEvaluation]:
        pending = self._consumer.ordering.pending_by_source()
        poisoned, corrections = self._consumer.poisoned, self._consumer.corrections
        taken = {name: counts["evaluated"] + counts["late"] for name, counts in sources.items()}
        return [
            detection_pb2.SourceEvaluation(
                source=name,
                evaluated=corrections.evaluated(name, taken.get(name, 0)),
                late=corrections.late[name],
                corrected=corrections.corrected[name],
                awaiting=corrections.awaiting[name],
                unknown_order=sources[name]["unknown_order"] if name in sources else 0,
                poisoned=poisoned.get(name, 0),
                pending=pending.get(name, 0),
            )
            for name in sorted({*sources, *pending, *poisoned})
        ]

    def _rule(self, rule_id: str, parameters: Mapping[str, float]) -> detection_pb2.Rule:
        rule = rule_message(self._consumer.engine.configuration, rule_id, parameters)
        for source, values in self._consumer.engine.status()["sources"].items():
            if rule_id in values["not_applicable"]:
                rule.not_applicable[source] = values["not_applicable"][rule_id]
        return rule


def _corrections(held: Corrections) -> detection_pb2.CorrectionStatus:
    counts = held.counts
    return detection_pb2.CorrectionStatus(
        pending=[
            detection_pb2.PendingCorrection(
                venue=place.venue,
                instrument=place.instrument,
                day=place.date,
                late=each.late,
                amendments=each.amendments,
            )
            for place, each in sorted(held.all_pending().items())[:PENDING_SHOWN_MAX]
        ],
        runs=counts.runs,
        busted=counts.busted,
        corrected_executions=counts.corrected_executions,
        unknown_references=held.unknown_references,
        out_of_reach=held.out_of_reach,
        alerts_raised=counts.alerts_raised,
        alerts_revised=counts.alerts_revised,
        alerts_withdrawn=counts.alerts_withdrawn,
    )


def _start(page_token: str, names: list[str]) -> int:
    if not page_token:
        return 0
    if page_token not in names:
        raise InvalidArgument("PAGE_TOKEN", f"page_token: expected one from an answer before, found {page_token!r}")
    return names.index(page_token) + 1
