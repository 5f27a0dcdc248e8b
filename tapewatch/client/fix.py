"""The client of the FIX gateway: its sessions, and the reset of one."""

from typing import Any

from surveillance.v1 import fix_pb2
from surveillance.v1.fix_pb2_grpc import FixServiceStub
from tapewatch.client.connection import ServiceClient


class FixClient(ServiceClient):
    """Calls to the FIX gateway; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return FixServiceStub(self.channel)

    async def list_sessions(self) -> fix_pb2.ListFixSessionsResponse:
        """Every configured session by name, with the connections and refusals of the gateway."""
        whole = fix_pb2.ListFixSessionsResponse()
        async for page in self.pages(self._stub.ListFixSessions, fix_pb2.ListFixSessionsRequest()):
            whole.sessions.extend(page.sessions)
            whole.connections = page.connections
            whole.refusals.clear()
            whole.refusals.update(page.refusals)
        return whole

    async def reset_session(
        self, name: str, actor: str, reason: str, *, force: bool = False
    ) -> fix_pb2.FixSessionReset:
        """Let both numbers of a session begin again at 1; `force` logs it out first."""
        request = fix_pb2.ResetFixSessionRequest(name=name, actor=actor, reason=reason, force=force)
        answer: fix_pb2.FixSessionReset = await self.call(self._stub.ResetFixSession, request)
        return answer
