"""`tapewatch cases history`: what was done to a case, by whom, when and why."""

import json
from collections.abc import Iterator

from surveillance.v1 import case_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import CaseArgument
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_table, time_text, word
from tapewatch.client.cases import CaseClient

QUIET = frozenset(
    {"case_revision", "request_id", "channel", "content_hash", "priority_reasons", "alert_id", "revision"}
)
"""Particulars that a reader of the history can do without; `--json` has them."""


def show_history(
    case_id: CaseArgument, target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show what was done to a case: its audit records, oldest first."""

    async def read(client: CaseClient) -> list[case_pb2.AuditRecord]:
        case = await client.get_case(case_id, fields=("case_id",))
        return await client.list_audit_records(case.case_id)

    records = ask(CaseClient, "cases", config, target, read)
    if as_json:
        print_json(records)
        return
    rows = (
        (_revision(each), time_text(each.time_ns), each.actor, each.action, _moved(each), each.reason, _told(each))
        for each in records
    )
    print_table(("revision>", "when", "who", "what", "state", "why", "particulars"), rows)


def _revision(record: case_pb2.AuditRecord) -> object:
    return json.loads(record.detail_json or "{}").get("case_revision", "")


def _moved(record: case_pb2.AuditRecord) -> str:
    before, after = word(record, "from_state"), word(record, "to_state")
    if record.from_state == record.to_state:
        return after if record.to_state else ""
    return f"{before} -> {after}" if record.from_state else after


def _told(record: case_pb2.AuditRecord) -> str:
    return "; ".join(_particulars(json.loads(record.detail_json or "{}")))


def _particulars(detail: dict[str, object]) -> Iterator[str]:
    for name, value in sorted(detail.items()):
        if name in QUIET:
            continue
        if name.endswith("_time_ns") and isinstance(value, int):
            yield f"{name.removesuffix('_time_ns')} {time_text(value)}"
        else:
            yield f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
