"""What services tell the case service: alerts, changes, rule texts."""

from case_service.change import change_of
from case_service.convert import incoming_of
from case_service.rules import configured_of, rule_text_message, rule_text_of
from case_service.servicers.serving import Context, Served
from case_service.store.changes import record_changes
from case_service.store.rule_texts import record_rules, rule_text
from surveillance.v1 import alert_record_pb2, rule_text_pb2
from tapewatch.runtime.access import caller_of
from tapewatch.runtime.errors import ResourceExhausted

BATCH_ALERTS_MAX = 1_000
BATCH_CHANGES_MAX = 100
RULES_MAX = 1_000


class RecordingMethods(Served):
    """RecordAlerts, RecordChanges, RecordRules, GetRuleText."""

    async def RecordAlerts(
        self, request: alert_record_pb2.RecordAlertsRequest, context: Context
    ) -> alert_record_pb2.RecordAlertsResponse:
        """Durable when answered; a batch takes effect whole or not at all."""
        if len(request.alerts) > BATCH_ALERTS_MAX:
            raise ResourceExhausted(
                "BATCH_TOO_LARGE",
                f"alerts: expected at most {BATCH_ALERTS_MAX} a request, found {len(request.alerts)}; send several",
                field="alerts",
            )
        incoming = [incoming_of(message, position) for position, message in enumerate(request.alerts)]
        outcomes = await self._desk.recorder.record(incoming)
        self._desk.metrics.count(outcomes)
        return alert_record_pb2.RecordAlertsResponse(
            results=[
                alert_record_pb2.RecordAlertResult(
                    alert_id=each.alert_id, revision=each.revision, case_id=each.case_id, changed=each.changed
                )
                for each in outcomes
            ]
        )

    async def RecordChanges(
        self, request: alert_record_pb2.RecordChangesRequest, context: Context
    ) -> alert_record_pb2.RecordChangesResponse:
        """Durable when answered; a change told again keeps its record."""
        if len(request.changes) > BATCH_CHANGES_MAX:
            raise ResourceExhausted(
                "BATCH_TOO_LARGE",
                f"changes: expected at most {BATCH_CHANGES_MAX} a request, found {len(request.changes)}; send several",
                field="changes",
            )
        changes = [change_of(message, position) for position, message in enumerate(request.changes)]
        channel = caller_of(context).channel
        recorded = await self._desk.store.write(lambda shared: record_changes(shared, changes, channel))
        return alert_record_pb2.RecordChangesResponse(
            results=[
                alert_record_pb2.RecordChangeResult(
                    change_id=each.change_id, audit_sequence=each.audit_sequence, changed=each.changed
                )
                for each in recorded
            ]
        )

    async def RecordRules(
        self, request: rule_text_pb2.RecordRulesRequest, context: Context
    ) -> rule_text_pb2.RecordRulesResponse:
        """Durable when answered; a text told again is kept once."""
        if len(request.rules) > RULES_MAX:
            raise ResourceExhausted(
                "BATCH_TOO_LARGE",
                f"rules: expected at most {RULES_MAX} a request, found {len(request.rules)}; send several",
                field="rules",
            )
        texts = [rule_text_of(rule, position) for position, rule in enumerate(request.rules)]
        configured = configured_of(request)
        recorded = await self._desk.store.write(lambda shared: record_rules(shared, configured, texts))
        return rule_text_pb2.RecordRulesResponse(recorded=recorded)

    async def GetRuleText(self, request: rule_text_pb2.GetRuleTextRequest, context: Context) -> rule_text_pb2.RuleText:
        """As it was in force with a configuration, or the newest."""
        kept = await self._desk.store.read(rule_text, request.rule_id, request.rule_version, request.config_digest)
        return rule_text_message(kept)
