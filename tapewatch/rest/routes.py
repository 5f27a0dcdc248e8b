"""Which method of the contracts answers at which path: one row a method, in the order of the story.

A path names what it is about; what is done to it, where that is none of HTTP's verbs, follows a colon
(google.aip.dev/136). `{field}` in a path is the field of the request; the rest of the request is the query of a GET and
the JSON body of a POST. What only services call (recording alerts and rules) has no row.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A method of a service and where it answers; `method` is full, with both slashes."""

    verb: Literal["GET", "POST"]
    path: str
    method: str

    @property
    def contract(self) -> MethodDescriptor:
        """The method as the contracts have it."""
        return descriptor_pool.Default().FindMethodByName(self.method.strip("/").replace("/", "."))

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Fields of the request that the path holds."""
        return tuple(_FIELD.findall(self.path))


def _of(service: str, *rows: tuple[Literal["GET", "POST"], str, str]) -> tuple[Route, ...]:
    return tuple(Route(verb, f"/v1/{path}", f"/surveillance.v1.{service}/{name}") for verb, path, name in rows)


_CASE = "cases/{case_id}"
ROUTES: Final[tuple[Route, ...]] = (
    *_of(
        "CaseService",
        ("GET", "alerts", "ListAlerts"),
        ("GET", "alerts:watch", "WatchAlerts"),
        ("GET", "alerts/{alert_id}", "GetAlert"),
        ("GET", "cases", "ListCases"),
        ("GET", "cases:watch", "WatchCases"),
        ("POST", "cases:batchAssign", "BatchAssignCases"),
        ("POST", "cases:batchClose", "BatchCloseCases"),
        ("GET", _CASE, "GetCase"),
        ("POST", f"{_CASE}:assign", "AssignCase"),
        ("POST", f"{_CASE}:release", "ReleaseCase"),
        ("POST", f"{_CASE}:startReview", "StartReview"),
        ("POST", f"{_CASE}:escalate", "EscalateCase"),
        ("POST", f"{_CASE}:return", "ReturnCase"),
        ("POST", f"{_CASE}:close", "CloseCase"),
        ("POST", f"{_CASE}:approveClose", "ApproveClose"),
        ("POST", f"{_CASE}:rejectClose", "RejectClose"),
        ("POST", f"{_CASE}:withdrawClose", "WithdrawClose"),
        ("POST", f"{_CASE}:reopen", "ReopenCase"),
        ("POST", f"{_CASE}:comment", "CommentCase"),
        ("POST", f"{_CASE}:tag", "TagCase"),
        ("POST", f"{_CASE}:checkStep", "CheckStep"),
        ("POST", f"{_CASE}:link", "LinkCase"),
        ("POST", f"{_CASE}:unlink", "UnlinkCase"),
        ("POST", f"{_CASE}:attach", "AttachFile"),
        ("GET", f"{_CASE}/attachments/{{sha256}}", "GetAttachment"),
        ("GET", "rules/{rule_id}/text", "GetRuleText"),
        ("GET", "auditRecords", "ListAuditRecords"),
        ("POST", "auditRecords:verify", "VerifyAudit"),
    ),
    *_of(
        "AuditService",
        ("GET", "auditCheckpoints", "ListAuditCheckpoints"),
        ("POST", "auditCheckpoints", "CreateAuditCheckpoint"),
    ),
    *_of(
        "SubjectService",
        ("GET", "knownBehaviours", "ListKnownBehaviours"),
        ("POST", "knownBehaviours", "CreateKnownBehaviour"),
        ("GET", "knownBehaviours/{known_behaviour_id}", "GetKnownBehaviour"),
        ("POST", "knownBehaviours/{known_behaviour_id}:end", "EndKnownBehaviour"),
        ("GET", "watchEntries", "ListWatchEntries"),
        ("POST", "watchEntries", "CreateWatchEntry"),
        ("GET", "watchEntries/{watch_entry_id}", "GetWatchEntry"),
        ("POST", "watchEntries/{watch_entry_id}:end", "EndWatchEntry"),
    ),
    *_of(
        "ConfidentialityService",
        ("GET", f"{_CASE}/confidentiality", "GetConfidentiality"),
        ("POST", f"{_CASE}:restrict", "RestrictCase"),
        ("POST", f"{_CASE}:liftRestriction", "LiftRestriction"),
        ("POST", f"{_CASE}:grantAccess", "GrantAccess"),
        ("POST", f"{_CASE}:revokeAccess", "RevokeAccess"),
        ("POST", f"{_CASE}:placeHold", "PlaceHold"),
        ("POST", f"{_CASE}:releaseHold", "ReleaseHold"),
        ("POST", "cases:erase", "EraseCases"),
        ("GET", "desks", "ListDesks"),
        ("POST", "desks:record", "RecordDesks"),
    ),
    *_of(
        "EvidenceService",
        ("GET", f"{_CASE}/evidence", "GetEvidence"),
        ("POST", f"{_CASE}/evidence:pin", "PinEvidence"),
        ("GET", f"{_CASE}/evidence/events", "ListEvidenceEvents"),
        ("GET", f"{_CASE}/context", "GetCaseContext"),
        ("GET", "books:replay", "ReplayBook"),
    ),
    *_of(
        "ReportService",
        ("POST", f"{_CASE}:report", "GetReport"),
        ("POST", f"{_CASE}:export", "ExportCase"),
        ("GET", "statistics", "GetStatistics"),
    ),
)
