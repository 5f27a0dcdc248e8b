"""The client of confidentiality: who may see which case, what holds it, and its erasure."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surveillance.v1 import confidentiality_pb2 as pb2
from surveillance.v1.confidentiality_pb2_grpc import ConfidentialityServiceStub
from tapewatch.client.connection import ServiceClient, limited, page_size_for

ACCOUNTS_A_REQUEST_MAX = 10_000
ERASE_TIMEOUT_S = 600.0


class ConfidentialityClient(ServiceClient):
    """Calls to ConfidentialityService of the case service; see ServiceClient for opening and errors.

    A measure takes what it was seen to be: its etag guards against changes in between (ClientError ABORTED). `actor` is
    who acts, where neither token nor certificate says so.
    """

    @property
    def _stub(self) -> Any:
        return ConfidentialityServiceStub(self.channel)

    async def get(self, case_id: str) -> pb2.CaseConfidentiality:
        """Of one case by id or number; ClientError NOT_FOUND."""
        return await self.call(self._stub.GetConfidentiality, pb2.GetConfidentialityRequest(case_id=case_id))

    async def restrict(
        self, seen: pb2.CaseConfidentiality, actor: str, names: Sequence[str], reason: str
    ) -> pb2.CaseConfidentiality:
        """Show the case to these people and who acts, and to nobody else."""
        request = pb2.RestrictCaseRequest(**_of(seen), actor=actor, names=names, reason=reason)
        return await self.call(self._stub.RestrictCase, request)

    async def lift(self, seen: pb2.CaseConfidentiality, actor: str, reason: str) -> pb2.CaseConfidentiality:
        """Show the case to everybody again."""
        return await self.call(
            self._stub.LiftRestriction, pb2.LiftRestrictionRequest(**_of(seen), actor=actor, reason=reason)
        )

    async def grant(self, seen: pb2.CaseConfidentiality, actor: str, name: str, reason: str) -> pb2.CaseConfidentiality:
        """Put somebody on the list. An administrator who may not see the case names it by its id alone."""
        request = pb2.GrantAccessRequest(**_of(seen), actor=actor, name=name, reason=reason)
        return await self.call(self._stub.GrantAccess, request)

    async def revoke(
        self, seen: pb2.CaseConfidentiality, actor: str, name: str, reason: str
    ) -> pb2.CaseConfidentiality:
        """Take somebody off the list."""
        request = pb2.RevokeAccessRequest(**_of(seen), actor=actor, name=name, reason=reason)
        return await self.call(self._stub.RevokeAccess, request)

    async def hold(
        self, seen: pb2.CaseConfidentiality, actor: str, matter: str, reason: str
    ) -> pb2.CaseConfidentiality:
        """Keep the case from being erased, for a matter."""
        request = pb2.PlaceHoldRequest(**_of(seen), actor=actor, matter=matter, reason=reason)
        return await self.call(self._stub.PlaceHold, request)

    async def release(
        self, seen: pb2.CaseConfidentiality, actor: str, matter: str, reason: str
    ) -> pb2.CaseConfidentiality:
        """End a matter's hold."""
        request = pb2.ReleaseHoldRequest(**_of(seen), actor=actor, matter=matter, reason=reason)
        return await self.call(self._stub.ReleaseHold, request)

    async def record_desks(self, desks: Mapping[str, Iterable[str]], actor: str) -> int:
        """Say which desks accounts trade for, ACCOUNTS_A_REQUEST_MAX a request; how many have others than before."""
        accounts = [pb2.AccountDesks(account=account, desks=of) for account, of in desks.items()]
        changed = 0
        for start in range(0, len(accounts), ACCOUNTS_A_REQUEST_MAX):
            part = accounts[start : start + ACCOUNTS_A_REQUEST_MAX]
            answer = await self.call(self._stub.RecordDesks, pb2.RecordDesksRequest(accounts=part, actor=actor))
            changed += answer.changed
        return changed

    async def list_desks(self, desk: str = "", limit: int | None = None) -> list[pb2.AccountDesks]:
        """Accounts and their desks, by account; only those of one desk where it is named."""
        request = pb2.ListDesksRequest(desk=desk, page_size=page_size_for(limit))
        pages = self.pages(self._stub.ListDesks, request)
        return await limited((each async for page in pages for each in page.accounts), limit)

    async def erase(
        self, actor: str, reason: str, case_ids: Sequence[str] = (), *, dry_run: bool = False
    ) -> pb2.EraseCasesResponse:
        """Erase what is due by the policy, of some cases where they are named; or only say what would be."""
        request = pb2.EraseCasesRequest(case_ids=case_ids, dry_run=dry_run, actor=actor, reason=reason)
        return await self.call(self._stub.EraseCases, request, ERASE_TIMEOUT_S)


def _of(seen: pb2.CaseConfidentiality) -> dict[str, str]:
    return {"case_id": seen.case_id, "etag": seen.etag, "request_id": secrets.token_hex(16)}
