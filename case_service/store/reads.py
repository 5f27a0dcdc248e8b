"""Says in the audit trail that somebody read what is sensitive."""

from collections.abc import Mapping

from case_service.audit import Entry, detail_json
from case_service.case import Case
from case_service.store.transaction import Transaction

UNKNOWN = "unnamed"
"""Who reads in local mode without saying who it is."""


def note_read(
    shared: Transaction, what: str, case: Case, actor: str, reason: str, particulars: Mapping[str, object]
) -> None:
    """Enter `Read...` of a case; particulars that are empty are left out."""
    given = {name: value for name, value in particulars.items() if value not in ("", None)}
    state = int(case.work.state)
    shared.audit([Entry(actor or UNKNOWN, f"Read{what}", case.case_id, reason, state, state, detail_json(**given))])
