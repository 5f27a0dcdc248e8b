"""Which role may call which method: one row a method of every service, and nothing without a row.

A person may have several roles. ADMIN runs the system and does not decide cases; SUPERVISOR and ANALYST decide cases
and do not change the system; SERVICE is a service's certificate (or token) and acts for nobody.
"""

from collections.abc import Mapping

from tapewatch.runtime.access import Role

_VIEWER, _ANALYST, _SUPERVISOR, _ADMIN, _SERVICE = Role

READ = frozenset(Role)
"""What shows neither orders nor the history of a case; cases and alerts are further limited by desk and access list."""
INSPECT = frozenset({_ANALYST, _SUPERVISOR, _ADMIN, _SERVICE})
"""What shows orders and trades as they came in, of all desks."""
AUDIT = frozenset({_ANALYST, _SUPERVISOR, _ADMIN})
"""What shows the history of cases, their files, or names that are watched."""
WORK = frozenset({_ANALYST, _SUPERVISOR})
DECIDE = frozenset({_SUPERVISOR})
OPERATE = frozenset({_ADMIN, _SERVICE})
ADMINISTER = frozenset({_ADMIN})

WITHOUT_PROOF = frozenset(
    {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"}
)
"""Whoever may connect may ask whether a service serves: probes carry no token. It tells nothing else."""

_CASES = "/surveillance.v1.CaseService/"
_AUDIT = "/surveillance.v1.AuditService/"
_SUBJECTS = "/surveillance.v1.SubjectService/"
_EVIDENCE = "/surveillance.v1.EvidenceService/"
_REPORTS = "/surveillance.v1.ReportService/"
_CONFIDENTIALITY = "/surveillance.v1.ConfidentialityService/"
_INGEST = "/surveillance.v1.IngestService/"
_DETECTION = "/surveillance.v1.DetectionService/"
_FIX = "/surveillance.v1.FixService/"
_SIMULATOR = "/surveillance.v1.SimulatorService/"

ROLES: Mapping[str, frozenset[Role]] = {
    **dict.fromkeys(WITHOUT_PROOF, READ),
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": READ,
    # cases
    _CASES + "RecordAlerts": OPERATE,
    _CASES + "RecordChanges": OPERATE,
    _CASES + "RecordRules": OPERATE,
    _CASES + "GetRuleText": READ,
    _CASES + "ListAlerts": READ,
    _CASES + "GetAlert": READ,
    _CASES + "WatchAlerts": READ,
    _CASES + "ListCases": READ,
    _CASES + "GetCase": READ,
    _CASES + "WatchCases": READ,
    _CASES + "AssignCase": WORK,
    _CASES + "ReleaseCase": WORK,
    _CASES + "StartReview": WORK,
    _CASES + "EscalateCase": WORK,
    _CASES + "ReturnCase": DECIDE,
    _CASES + "CloseCase": WORK,
    _CASES + "ApproveClose": DECIDE,
    _CASES + "RejectClose": DECIDE,
    _CASES + "WithdrawClose": WORK,
    _CASES + "ReopenCase": WORK,
    _CASES + "CommentCase": WORK,
    _CASES + "TagCase": WORK,
    _CASES + "CheckStep": WORK,
    _CASES + "LinkCase": WORK,
    _CASES + "UnlinkCase": WORK,
    _CASES + "AttachFile": WORK,
    _CASES + "GetAttachment": AUDIT,
    _CASES + "BatchAssignCases": WORK,
    _CASES + "BatchCloseCases": WORK,
    _CASES + "ListAuditRecords": AUDIT,
    _CASES + "VerifyAudit": AUDIT | OPERATE,
    _AUDIT + "CreateAuditCheckpoint": DECIDE | OPERATE,
    _AUDIT + "ListAuditCheckpoints": AUDIT | OPERATE,
    # subjects: known behaviour silences alerts, so it takes a supervisor
    _SUBJECTS + "CreateKnownBehaviour": DECIDE,
    _SUBJECTS + "EndKnownBehaviour": DECIDE,
    _SUBJECTS + "GetKnownBehaviour": AUDIT,
    _SUBJECTS + "ListKnownBehaviours": AUDIT,
    _SUBJECTS + "CreateWatchEntry": WORK,
    _SUBJECTS + "EndWatchEntry": WORK,
    _SUBJECTS + "GetWatchEntry": AUDIT,
    _SUBJECTS + "ListWatchEntries": AUDIT,
    # evidence and reports: what leaves the house takes a supervisor
    _EVIDENCE + "GetEvidence": AUDIT,
    _EVIDENCE + "PinEvidence": WORK,
    _EVIDENCE + "ListEvidenceEvents": AUDIT,
    _EVIDENCE + "ReplayBook": AUDIT,
    _EVIDENCE + "GetCaseContext": AUDIT,
    _REPORTS + "GetReport": WORK,
    _REPORTS + "ExportCase": DECIDE,
    _REPORTS + "GetStatistics": AUDIT,
    # confidentiality: an administrator lets somebody in where nobody of the list is left, and erases; not more
    _CONFIDENTIALITY + "GetConfidentiality": AUDIT,
    _CONFIDENTIALITY + "RestrictCase": DECIDE,
    _CONFIDENTIALITY + "LiftRestriction": DECIDE,
    _CONFIDENTIALITY + "GrantAccess": DECIDE | ADMINISTER,
    _CONFIDENTIALITY + "RevokeAccess": DECIDE,
    _CONFIDENTIALITY + "PlaceHold": DECIDE | ADMINISTER,
    _CONFIDENTIALITY + "ReleaseHold": DECIDE | ADMINISTER,
    _CONFIDENTIALITY + "RecordDesks": OPERATE,
    _CONFIDENTIALITY + "ListDesks": AUDIT,
    _CONFIDENTIALITY + "EraseCases": ADMINISTER,
    # ingest
    _INGEST + "Publish": OPERATE,
    _INGEST + "Subscribe": OPERATE,
    _INGEST + "StreamEvents": INSPECT,
    _INGEST + "ReadWindow": INSPECT,
    _INGEST + "GetReference": INSPECT,
    _INGEST + "ListSources": READ,
    _INGEST + "GetSource": READ,
    _INGEST + "ListQuarantine": INSPECT,
    _INGEST + "ReplayQuarantine": OPERATE,
    _INGEST + "PublishControl": OPERATE,
    _INGEST + "GetIngestStatus": READ,
    # detection
    _DETECTION + "ListRules": READ,
    _DETECTION + "GetRule": READ,
    _DETECTION + "GetConfiguration": READ,
    _DETECTION + "StreamAlerts": OPERATE,  # knows neither desks nor access lists: people watch CaseService
    _DETECTION + "GetCoverage": READ,
    _DETECTION + "GetDetectionStatus": READ,
    # FIX gateway
    _FIX + "ListFixSessions": READ,
    _FIX + "ResetFixSession": OPERATE,
    # simulator: what it does ends up in the journal
    _SIMULATOR + "ListSchemes": READ,
    _SIMULATOR + "StartSimulation": OPERATE,
    _SIMULATOR + "StopSimulation": OPERATE,
    _SIMULATOR + "AdjustSimulation": OPERATE,
    _SIMULATOR + "ResetSimulation": OPERATE,
    _SIMULATOR + "GetSimulation": READ,
    _SIMULATOR + "InjectScheme": OPERATE,
    _SIMULATOR + "ListScenarios": READ,
    _SIMULATOR + "WatchNarrative": READ,
}
