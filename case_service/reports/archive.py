"""A case file as one archive: documents, tables, events, audit records, and a manifest with the hash of each file.

Everything in it follows from the dossier, so the same dossier gives the same archive, but for the PDF's own dates. The
manifest's hash goes into the audit trail. A pseudonymised archive has no free text, no PDF and no audit contents: names
in those cannot all be known.
"""

import hashlib
import io
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf.json_format import MessageToDict

from case_service.audit import Record
from case_service.auditing.journal import checkpoint_json
from case_service.evidence.event_file import Row
from case_service.evidence.gathering import canonical_json
from case_service.reports.dossier import Dossier
from case_service.reports.manifest import AUDIT, CHECKPOINTS, FORMAT, MANIFEST
from case_service.reports.words import time_text
from tapewatch.alert import Severity
from tapewatch.spreadsheet import csv_bytes

EPOCH_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)
EVENT_COLUMNS: Final = (
    *("sequence", "event_id", "event_time_ns", "kind", "venue", "instrument", "account", "trader", "order_id"),
    *(
        "previous_order_id",
        "execution_id",
        "trade_id",
        "side",
        "price",
        "quantity",
        "leaves_quantity",
        "contra_account",
    ),
    *("aggressor", "order_type", "time_in_force", "phase", "text", "source", "source_sequence"),
)
ORDER_COLUMNS: Final = (
    *("order_id", "account", "trader", "venue", "instrument", "side", "price", "quantity", "filled", "average_price"),
    *("cancelled", "changes", "entered_time_ns", "last_time_ns", "ending", "named_by_an_alert"),
)
ALERT_COLUMNS: Final = (
    *("alert_id", "revision", "rule_id", "rule_version", "typology", "severity", "score", "venue", "instrument"),
    *("accounts", "owners", "start_time_ns", "end_time_ns", "explanation", "withdrawn_reason", "config_digest"),
)
MEASUREMENT_COLUMNS: Final = ("alert_id", "rule_id", "name", "observed", "threshold", "unit")
COMMENT_COLUMNS: Final = ("time_ns", "author", "text")
NAMES: Final = frozenset(
    {
        *("account", "contra_account", "trader", "order_id", "previous_order_id", "execution_id", "trade_id"),
        *("event_id", "source"),
    }
)
"""Columns whose values lead to somebody."""
SEVERAL_NAMES: Final = ("accounts", "owners")
Table = tuple[Sequence[str], list[tuple[Any, ...]]]


def files_of(dossier: Dossier, evidence: Mapping[str, bytes], documents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a whole case file: `evidence` as pinned, `documents` such as case.pdf."""
    files = dict(documents)
    files |= {f"evidence/{name}": content for name, content in evidence.items()}
    for name, table in _tables(dossier).items():
        files |= _both(name, table)
    files["case.json"] = canonical_json(case_facts(dossier))
    files[AUDIT] = b"".join(canonical_json(audit_fields(record)) + b"\n" for record in dossier.stored.records)
    lines = (canonical_json(checkpoint_json(each)) + b"\n" for each in dossier.stored.checkpoints)
    files[CHECKPOINTS] = b"".join(lines)
    files["rules.json"] = canonical_json(dossier.context.get("rules", []))
    return files


def _tables(dossier: Dossier) -> dict[str, Table]:
    return {
        "events": (EVENT_COLUMNS, [_event(row) for row in dossier.kept.rows]),
        "orders": (ORDER_COLUMNS, [_order(line) for line in dossier.orders]),
        "alerts": (ALERT_COLUMNS, [_alert(alert) for alert in dossier.stored.alerts]),
        "measurements": (
            MEASUREMENT_COLUMNS,
            [
                (alert.alert_id, alert.rule_id, each.name, each.observed, each.threshold, each.unit)
                for alert in dossier.stored.alerts
                for each in alert.measurements
            ],
        ),
        "comments": (COMMENT_COLUMNS, [(each.time_ns, each.author, each.text) for each in dossier.case.comments]),
    }


def _event(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in EVENT_COLUMNS)


def _order(line: Any) -> tuple[Any, ...]:
    numbers = (line.price, line.quantity, line.filled, line.average_price, line.cancelled)
    price, quantity, filled, average_price, cancelled = (None if math.isnan(each) else each for each in numbers)
    return (
        *(line.order_id, line.account, line.trader, line.venue, line.instrument, line.side, price, quantity, filled),
        *(average_price, cancelled, line.changes, line.entered_ns or None, line.last_ns, line.ending, line.is_named),
    )


def _alert(alert: Any) -> tuple[Any, ...]:
    return (
        *(alert.alert_id, alert.revision, alert.rule_id, alert.rule_version, alert.typology),
        *(Severity(alert.severity).name, alert.score, alert.venue, alert.instrument),
        *("; ".join(alert.accounts), "; ".join(alert.owners), alert.start_time_ns, alert.end_time_ns),
        *(alert.explanation, alert.withdrawn_reason, alert.config_digest),
    )


def _both(name: str, table: Table) -> dict[str, bytes]:
    """A table as CSV and as Parquet."""
    columns, rows = table
    made = io.BytesIO()
    values = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
    pq.write_table(pa.table(values), made, compression="zstd")
    return {f"{name}.csv": csv_bytes(columns, rows), f"{name}.parquet": made.getvalue()}


def case_facts(dossier: Dossier) -> dict[str, Any]:
    """The case as plain values."""
    case, pin = dossier.case, dossier.stored.pin
    return {
        "case_id": case.case_id,
        "number": case.number,
        "title": case.title,
        "state": case.work.state.name,
        "assignee": case.work.assignee,
        "disposition": case.work.disposition.name,
        "disposition_reason": case.work.disposition_reason,
        "priority": case.priority,
        "severity": Severity(case.severity).name,
        "score": case.score,
        "venue": case.venue,
        "instrument": case.instrument,
        "typology_family": case.typology_family,
        "accounts": list(case.accounts),
        "owners": list(case.owners),
        "start_time_ns": case.start_time_ns,
        "end_time_ns": case.end_time_ns,
        "create_time_ns": case.create_time_ns,
        "update_time_ns": case.update_time_ns,
        "due_time_ns": case.due_time_ns,
        "evidence": None if pin is None else {"revision": pin.revision, "manifest_sha256": pin.manifest_sha256},
        "links": [
            {"account": each.account, "other": each.other, "why": each.why, "count": each.count}
            for each in dossier.links
        ],
        "related_alerts": [
            {"alert_id": each.alert.alert_id, "case_id": each.case_id, "why": each.why}
            for each in dossier.stored.related
        ],
        "alerts": [MessageToDict(alert, preserving_proto_field_name=True) for alert in dossier.stored.alerts],
    }


def audit_fields(record: Record) -> dict[str, Any]:
    """All fields of an audit record, so that its hash can be computed again."""
    return record.fields()


def pseudonymised_files(dossier: Dossier, name_of: Callable[[str], str]) -> dict[str, bytes]:
    """The files of a case file with pseudonyms, which `name_of` gives. No free text and no documents."""
    dropped = {"text", "explanation", "withdrawn_reason"}
    files: dict[str, bytes] = {}
    for name, (columns, rows) in _tables(dossier).items():
        if name == "comments":
            continue
        kept = [column for column in columns if column not in dropped]
        changed = [tuple(_replaced(column, row[columns.index(column)], name_of) for column in kept) for row in rows]
        files |= _both(name, (kept, changed))
    facts = case_facts(dossier)
    for name in ("title", "assignee", "disposition_reason", "alerts", "links", "evidence"):
        del facts[name]
    facts |= {name: [name_of(each) for each in facts[name]] for name in SEVERAL_NAMES}
    facts["links"] = [
        {"account": name_of(each.account), "other": name_of(each.other), "count": each.count} for each in dossier.links
    ]
    files["case.json"] = canonical_json(facts)
    files["history.csv"] = csv_bytes(
        ("sequence", "time", "action", "from_state", "to_state"),
        [
            (each.sequence, time_text(each.time_ns), each.action, each.from_state, each.to_state)
            for each in dossier.stored.records
        ],
    )
    return files


def _replaced(column: str, value: Any, name_of: Callable[[str], str]) -> Any:
    if column in SEVERAL_NAMES and value:
        return "; ".join(name_of(each) for each in value.split("; "))
    return name_of(value) if column in NAMES and value else value


def manifest_of(dossier: Dossier, files: Mapping[str, bytes], made_by: str, *, is_pseudonymised: bool) -> bytes:
    """What is in the archive, with the size and SHA-256 of each file."""
    last = dossier.stored.records[-1] if dossier.stored.records else None
    return canonical_json(
        {
            "format": FORMAT,
            "case_id": dossier.case.case_id,
            "case_number": dossier.case.number,
            "made_time_ns": dossier.made_ns,
            "made_by": made_by,
            "pseudonymised": is_pseudonymised,
            "last_audit_record": None if last is None else {"sequence": last.sequence, "hash": last.hash},
            "files": {
                name: {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in sorted(files.items())
            },
        }
    )


def archive(files: Mapping[str, bytes], manifest: bytes) -> bytes:
    """A ZIP archive of the files behind the manifest, with no dates of its own."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in _in_order(manifest, files):
            entry = zipfile.ZipInfo(name, EPOCH_OF_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            zipped.writestr(entry, content)
    return made.getvalue()


def _in_order(manifest: bytes, files: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    yield MANIFEST, manifest
    yield from sorted(files.items())
