"""Who read a restricted case is in the audit trail."""

from case_service.case import Case
from case_service.confidentiality.measures import is_restricted
from case_service.store.reads import note_read
from case_service.store.store import Store
from tapewatch.runtime.access import Caller


async def note_if_restricted(store: Store, case: Case, caller: Caller) -> None:
    """Enter `ReadCase` where a known caller reads a case that only its list may see; durable when it returns."""
    if caller.known and await store.read(is_restricted, case.number):
        given = {"channel": caller.channel, "case_revision_read": case.version}
        await store.write(lambda shared: note_read(shared, "Case", case, caller.name, "", given))
