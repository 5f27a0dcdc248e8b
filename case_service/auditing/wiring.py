"""How the proof of the audit trail is put together and served."""

import asyncio
from collections.abc import Callable

from case_service.auditing.auditor import Auditor, AuditSettings
from case_service.auditing.checkpoint import Signer, keys_of
from case_service.auditing.keys import read_private_key, read_public_keys
from case_service.auditing.servicer import SERVICE_NAME, AuditServicer
from case_service.paging import PageTokens
from case_service.store.store import Store
from surveillance.v1 import audit_pb2_grpc
from tapewatch.runtime.service import Service


async def serve_audit(
    service: Service, store: Store, settings: AuditSettings, tokens: PageTokens, clock_ns: Callable[[], int]
) -> Auditor:
    """Serve checkpoints, and make them where a key is configured; StartError for a key that cannot be used."""
    signer = None
    if settings.key is not None:
        signer = Signer(await asyncio.to_thread(read_private_key, settings.key))
    keys = await asyncio.to_thread(read_public_keys, settings.public_keys)
    if signer is not None:
        keys |= keys_of([signer.public_key])
    auditor = Auditor(store, signer, keys, settings, clock_ns)
    service.add(audit_pb2_grpc.add_AuditServiceServicer_to_server, AuditServicer(auditor, tokens), SERVICE_NAME)
    if signer is not None:
        service.spawn(auditor.run())
    return auditor
