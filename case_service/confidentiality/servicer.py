"""`surveillance.v1.ConfidentialityService`: requests to domain calls and back."""

from typing import Any

import grpc.aio

from case_service.commands import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from case_service.confidentiality import desks
from case_service.confidentiality.eraser import CASES_A_CALL_MAX, Eraser
from case_service.confidentiality.erasure import Order
from case_service.confidentiality.measures import Action, Confidentiality, Measure, confidentiality, take
from case_service.confidentiality.retention import RetentionSettings
from case_service.paging import PageTokens, page_size_of
from case_service.store.reading import case_ids_in_sight, case_number_of
from case_service.store.store import Store
from surveillance.v1 import confidentiality_pb2 as pb2
from surveillance.v1 import confidentiality_pb2_grpc
from tapewatch.runtime.access import acting, caller_of
from tapewatch.runtime.errors import InvalidArgument

SERVICE_NAME = "surveillance.v1.ConfidentialityService"
ACCOUNTS_A_REQUEST_MAX = 10_000
DESKS_OF_ACCOUNT_MAX = 100
Context = grpc.aio.ServicerContext[Any, Any]


class ConfidentialityServicer(confidentiality_pb2_grpc.ConfidentialityServiceServicer):
    """Serves restrictions, holds, desks and erasure from a store."""

    def __init__(self, store: Store, policy: RetentionSettings, eraser: Eraser, tokens: PageTokens) -> None:
        self._store = store
        self._policy = policy
        self._eraser = eraser
        self._tokens = tokens

    async def GetConfidentiality(
        self, request: pb2.GetConfidentialityRequest, context: Context
    ) -> pb2.CaseConfidentiality:
        """By id or number."""
        return _message(await self._store.read(confidentiality, request.case_id, self._policy))

    async def RestrictCase(self, request: pb2.RestrictCaseRequest, context: Context) -> pb2.CaseConfidentiality:
        """Who acts is on the list, too."""
        return await self._take(Action.RESTRICT, request, context, names=tuple(request.names))

    async def LiftRestriction(self, request: pb2.LiftRestrictionRequest, context: Context) -> pb2.CaseConfidentiality:
        """The list is gone with it."""
        return await self._take(Action.LIFT, request, context)

    async def GrantAccess(self, request: pb2.GrantAccessRequest, context: Context) -> pb2.CaseConfidentiality:
        """By somebody of the list, or by an administrator for somebody else."""
        return await self._take(Action.GRANT, request, context, name=request.name)

    async def RevokeAccess(self, request: pb2.RevokeAccessRequest, context: Context) -> pb2.CaseConfidentiality:
        """One stays on the list."""
        return await self._take(Action.REVOKE, request, context, name=request.name)

    async def PlaceHold(self, request: pb2.PlaceHoldRequest, context: Context) -> pb2.CaseConfidentiality:
        """One a matter."""
        return await self._take(Action.HOLD, request, context, matter=request.matter)

    async def ReleaseHold(self, request: pb2.ReleaseHoldRequest, context: Context) -> pb2.CaseConfidentiality:
        """Other matters hold on."""
        return await self._take(Action.RELEASE, request, context, matter=request.matter)

    async def RecordDesks(self, request: pb2.RecordDesksRequest, context: Context) -> pb2.RecordDesksResponse:
        """Durable when answered."""
        caller = caller_of(context)
        actor = _text("actor", acting(caller, request.actor), NAME_CHARACTERS_MAX)
        found = _desks_of(request)
        changed = await self._store.write(lambda shared: desks.record_desks(shared, found, actor, caller.channel))
        return pb2.RecordDesksResponse(changed=changed)

    async def ListDesks(self, request: pb2.ListDesksRequest, context: Context) -> pb2.ListDesksResponse:
        """By account."""
        behind = self._tokens.read(request.page_token, "ListDesks", request.desk) or 0
        size = page_size_of(request.page_size)
        page, more = await self._store.read(desks.desks_page, request.desk, behind, size)
        return pb2.ListDesksResponse(
            accounts=[pb2.AccountDesks(account=account, desks=of) for account, of in page],
            next_page_token=self._tokens.make("ListDesks", request.desk, behind + size) if more else "",
        )

    async def EraseCases(self, request: pb2.EraseCasesRequest, context: Context) -> pb2.EraseCasesResponse:
        """What the caller may not see is erased as well, and not named."""
        caller = caller_of(context)
        order = Order(
            _text("actor", acting(caller, request.actor), NAME_CHARACTERS_MAX),
            _text("reason", request.reason, TEXT_CHARACTERS_MAX),
            caller.channel,
        )
        if len(request.case_ids) > CASES_A_CALL_MAX:
            raise _invalid("case_ids", f"at most {CASES_A_CALL_MAX} cases", f"{len(request.case_ids)}")
        named = [await self._store.read(case_number_of, each) for each in request.case_ids] or None
        numbers = await self._eraser.due(named, CASES_A_CALL_MAX + 1)
        chosen, more = numbers[:CASES_A_CALL_MAX], len(numbers) > CASES_A_CALL_MAX
        erased = chosen if request.dry_run else await self._eraser.erase(chosen, order)
        shown = await self._store.read(case_ids_in_sight, erased)
        return pb2.EraseCasesResponse(case_ids=shown, cases=len(erased), more=more, held=await self._eraser.held())

    async def _take(
        self, action: Action, request: Any, context: Context, **particulars: Any
    ) -> pb2.CaseConfidentiality:
        caller = caller_of(context)
        measure = Measure(
            action=action,
            case_id=request.case_id,
            etag=request.etag,
            actor=acting(caller, request.actor),
            reason=request.reason,
            request_id=request.request_id,
            channel=caller.channel,
            **particulars,
        )
        measure.check()
        taken = await self._store.write(lambda shared: take(shared, measure, self._policy, _encoded))
        return pb2.CaseConfidentiality.FromString(taken)


def _message(found: Confidentiality) -> pb2.CaseConfidentiality:
    holds = [pb2.Hold(matter=h.matter, actor=h.actor, reason=h.reason, time_ns=h.time_ns) for h in found.holds]
    return pb2.CaseConfidentiality(
        case_id=found.case_id,
        number=found.number,
        restricted=found.restricted,
        names=found.names,
        restricted_by=found.restricted_by,
        restrict_reason=found.restrict_reason,
        restrict_time_ns=found.restrict_time_ns,
        holds=holds,
        retention_end_time_ns=found.retention_end_time_ns,
        erase_time_ns=found.erase_time_ns,
        etag=found.etag,
    )


def _encoded(found: Confidentiality) -> bytes:
    return _message(found).SerializeToString()


def _desks_of(request: pb2.RecordDesksRequest) -> dict[str, list[str]]:
    if len(request.accounts) > ACCOUNTS_A_REQUEST_MAX:
        raise _invalid("accounts", f"at most {ACCOUNTS_A_REQUEST_MAX} a request", f"{len(request.accounts)}")
    found: dict[str, list[str]] = {}
    for place, each in enumerate(request.accounts):
        field = f"accounts[{place}]"
        _text(f"{field}.account", each.account, NAME_CHARACTERS_MAX)
        if each.account in found:
            raise _invalid(f"{field}.account", "each account once", f"{each.account!r} again")
        if len(each.desks) > DESKS_OF_ACCOUNT_MAX:
            raise _invalid(f"{field}.desks", f"at most {DESKS_OF_ACCOUNT_MAX}", f"{len(each.desks)}")
        found[each.account] = [_text(f"{field}.desks", desk, NAME_CHARACTERS_MAX) for desk in each.desks]
    return found


def _text(field: str, text: str, characters_max: int) -> str:
    if not text.strip():
        raise InvalidArgument("FIELD_REQUIRED", f"{field}: expected a text, found none; send it", field=field)
    if len(text) > characters_max or "\0" in text:
        raise _invalid(field, f"at most {characters_max} characters without NUL", f"{len(text)} characters")
    return text


def _invalid(field: str, expected: str, found: str) -> InvalidArgument:
    return InvalidArgument("FIELD_INVALID", f"{field}: expected {expected}, found {found}", field=field)
