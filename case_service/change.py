"""A change of what detection works with, as the audit trail has it."""

import re
from dataclasses import dataclass, fields

from case_service.audit import Entry, detail_json
from surveillance.v1 import change_pb2
from tapewatch.runtime.errors import InvalidArgument

SUBJECT = "detection"
KINDS = ("configuration", "rules", "reference", "model", "settings", "unknown")
TEXT_CHARACTERS_MAX = 4_000
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed what, when (`time_ns`, by the clock of who journalled it), why, and from which position on.

    `problem` says why it did not take effect; `scope` which markets it is for, empty for all.
    """

    change_id: str
    kind: str
    sequence: int
    time_ns: int
    actor: str
    reason: str
    what: str
    scope: str
    problem: str
    digest_before: str
    digest_after: str
    content_sha256: str

    def entry(self, channel: str) -> Entry:
        """What the audit trail says of it; `channel` is who told it, where the connection proves that."""
        particulars = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _OF_RECORD}
        given = {name: value for name, value in {**particulars, "channel": channel}.items() if value != ""}
        return Entry(
            actor=self.actor,
            action=f"Change{self.kind.capitalize()}",
            subject=SUBJECT,
            reason=self.reason,
            detail=detail_json(**given),
        )


_OF_RECORD = ("actor", "reason")


def change_of(message: change_pb2.ConfigurationChange, position: int) -> Change:
    """A change of a request, checked; InvalidArgument naming its place and field."""
    change = Change(**{each.name: getattr(message, each.name) for each in fields(Change)})
    for name in ("change_id", "content_sha256"):
        if not _DIGEST.fullmatch(getattr(change, name)):
            raise _wrong(position, name, "64 hexadecimal digits", repr(getattr(change, name)[:80]))
    if change.kind not in KINDS:
        raise _wrong(position, "kind", f"one of {', '.join(KINDS)}", repr(change.kind[:80]))
    for each in fields(Change):
        text = getattr(change, each.name)
        if isinstance(text, str) and len(text) > TEXT_CHARACTERS_MAX:
            raise _wrong(position, each.name, f"at most {TEXT_CHARACTERS_MAX} characters", f"{len(text)}")
    return change


def _wrong(position: int, name: str, expected: str, found: str) -> InvalidArgument:
    field = f"changes[{position}].{name}"
    return InvalidArgument("INVALID_CHANGE", f"{field}: expected {expected}, found {found}", field=field)
