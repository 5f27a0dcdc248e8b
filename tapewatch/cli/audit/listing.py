"""`tapewatch audit list`: the trail of every change."""

import json
from typing import Annotated

import typer

from surveillance.v1 import case_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import harmless, print_json, print_table, time_text, word
from tapewatch.client.cases import CaseClient

DETECTION = "detection"
"""Subject of the records of changes of what detection works with."""


def list_records(
    subject: Annotated[
        str, typer.Option("--subject", help="Only this case or alert; `detection` for changes of what it works with.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 1_000,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List audit records, oldest first."""
    records = ask(CaseClient, "cases", config, target, lambda client: client.list_audit_records(subject, limit))
    if as_json:
        print_json(records)
        return
    rows = (
        (
            each.sequence,
            time_text(each.time_ns),
            harmless(each.actor),
            each.action,
            each.subject[:12],
            _change(each),
            harmless(each.reason),
        )
        for each in records
    )
    print_table(("record>", "time", "actor", "action", "subject", "change", "reason"), rows)


def _change(record: case_pb2.AuditRecord) -> str:
    if record.subject == DETECTION:
        told = json.loads(record.detail_json)
        return harmless(told.get("what", "")) + (", refused" if told.get("problem") else "")
    before = word(record, "from_state") if record.from_state else ""
    after = word(record, "to_state") if record.to_state else ""
    return after if before in ("", after) else f"{before} > {after}"
