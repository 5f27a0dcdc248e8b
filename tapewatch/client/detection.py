"""The client of detection: rules, alerts as they are made, status."""

from collections.abc import AsyncGenerator
from typing import Any

from surveillance.v1 import detection_pb2
from surveillance.v1.detection_pb2_grpc import DetectionServiceStub
from tapewatch.client.connection import ServiceClient


class DetectionClient(ServiceClient):
    """Calls to detection; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return DetectionServiceStub(self.channel)

    async def status(self) -> detection_pb2.DetectionStatus:
        """Position, lag, counters, the engine's mode."""
        return await self.call(self._stub.GetDetectionStatus, detection_pb2.GetDetectionStatusRequest())

    async def list_rules(self) -> list[detection_pb2.Rule]:
        """The rules in force, by id."""
        pages = self.pages(self._stub.ListRules, detection_pb2.ListRulesRequest())
        return [rule async for page in pages for rule in page.rules]

    async def get_rule(self, rule_id: str) -> detection_pb2.Rule:
        """One rule; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetRule, detection_pb2.GetRuleRequest(rule_id=rule_id))

    async def configuration(self) -> detection_pb2.Configuration:
        """What is in force as a whole."""
        return await self.call(self._stub.GetConfiguration, detection_pb2.GetConfigurationRequest())

    async def coverage(self, rule_id: str = "", source: str = "") -> detection_pb2.GetCoverageResponse:
        """All of the coverage, of a rule or source if named, in one message."""
        whole = detection_pb2.GetCoverageResponse()
        request = detection_pb2.GetCoverageRequest(rule_id=rule_id, source=source)
        async for page in self.pages(self._stub.GetCoverage, request):
            whole.MergeFrom(page)
        whole.next_page_token = ""
        return whole

    def stream_alerts(
        self, cursor: str = "", *, patience_s: float | None = None
    ) -> AsyncGenerator[detection_pb2.StreamAlertsResponse, None]:
        """Alert revisions from a cursor on ("0": all held; "": new ones), without end; resumes after a break."""
        return self.watch(self._stub.StreamAlerts, detection_pb2.StreamAlertsRequest(cursor=cursor), patience_s)
