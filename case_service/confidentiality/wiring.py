"""Puts confidentiality together: the eraser, the servicer, and who hears of refused calls."""

from collections.abc import Callable, Sequence

from case_service.audit import Entry, detail_json
from case_service.confidentiality.eraser import Eraser, Files
from case_service.confidentiality.retention import RetentionSettings
from case_service.confidentiality.servicer import SERVICE_NAME, ConfidentialityServicer
from case_service.paging import PageTokens
from case_service.store.store import Store
from surveillance.v1 import confidentiality_pb2_grpc
from tapewatch.runtime.guard import Refusal
from tapewatch.runtime.service import Service

REFUSED_SUBJECT = "access"
"""Subject of the audit records of calls that a known caller may not make."""


def serve_confidentiality(
    service: Service,
    store: Store,
    policy: RetentionSettings,
    tokens: PageTokens,
    clock_ns: Callable[[], int],
    files: Sequence[Files],
) -> None:
    """Serve it, erase by the policy, and enter refused calls in the audit trail; `files` are those of cases."""
    eraser = Eraser(store, policy, clock_ns, files)
    servicer = ConfidentialityServicer(store, policy, eraser, tokens)
    service.add(confidentiality_pb2_grpc.add_ConfidentialityServiceServicer_to_server, servicer, SERVICE_NAME)

    async def note_refused(refusal: Refusal) -> None:
        caller = refusal.caller
        given = {"method": refusal.method, "reason": refusal.reason, "channel": caller.channel}
        detail = detail_json(
            **{name: value for name, value in given.items() if value}, roles=sorted(each.value for each in caller.roles)
        )
        await store.write(
            lambda shared: shared.audit([Entry(caller.name, "RefuseCall", REFUSED_SUBJECT, detail=detail)])
        )

    service.guard.on_refused = note_refused
    service.spawn(eraser.run(service.stop), at_stop="finish")
