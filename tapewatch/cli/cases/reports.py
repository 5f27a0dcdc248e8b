"""`tapewatch cases report`, `export`, `verify-export` and `statistics`: what leaves the case service for people."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from surveillance.v1 import report_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.evidence import FromOption, ToOption, time_ns_of
from tapewatch.cli.cases.options import ActorOption, CaseArgument
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import print_json, print_lines, print_table
from tapewatch.cli.public_keys import PublicKeysOption
from tapewatch.client.reports import ReportClient

FORMATS = ("pdf", "xml", "json")
ANSWERS_BYTES_MAX = 1 << 20
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where to; by default a name of its own.")
]


def make_report(
    case_id: CaseArgument,
    actor: ActorOption,
    report_format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "pdf",
    out: OutOption = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers", metavar="FILE", exists=True, dir_okay=False, help="What people know: YAML, by field."
        ),
    ] = None,
    blank: Annotated[
        Path | None, typer.Option("--blank", metavar="FILE", help="Write the missing fields here, to be filled in.")
    ] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the suspicious transaction and order report of a case; what a person must fill in is named as missing."""
    if report_format not in FORMATS:
        raise WrongUsageError(f"--format: expected one of {', '.join(FORMATS)}, found {report_format!r}")
    given = _answers(answers) if answers else {}
    wanted = report_pb2.ReportFormat.Value(f"REPORT_FORMAT_{report_format.upper()}")
    made = ask(ReportClient, "cases", config, target, lambda client: client.get_report(case_id, wanted, actor, given))
    path = out or Path(made.file_name)
    _write(path, made.content)
    if blank is not None:
        _write(blank, yaml.safe_dump(dict.fromkeys(made.missing, ""), sort_keys=False).encode())
    if as_json:
        print_json({"file": str(path), "sha256": made.sha256, "missing": list(made.missing)})
        return
    print_lines(
        ("report", str(path)),
        ("sha256", made.sha256),
        ("missing", ", ".join(made.missing) or "nothing: every field is filled in"),
    )


def _answers(path: Path) -> dict[str, str]:
    if path.stat().st_size > ANSWERS_BYTES_MAX:
        raise WrongUsageError(f"--answers: expected at most {ANSWERS_BYTES_MAX} bytes in {path}")
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUsageError(f"--answers: expected YAML in {path}, found something else: {error}") from error
    if not isinstance(found, dict):
        raise WrongUsageError(f"--answers: expected fields and their values in {path}, found {type(found).__name__}")
    return {str(key): str(value) for key, value in found.items() if value not in (None, "")}


def export_case(
    case_id: CaseArgument,
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", help="Why the case file leaves the house.")],
    out: OutOption = None,
    pseudonymised: Annotated[
        bool, typer.Option("--pseudonymised", help="Names as pseudonyms under the service's key; no free text.")
    ] = False,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export the case file: documents, tables, events, audit records, and a manifest with the hash of each."""
    found = ask(
        ReportClient,
        "cases",
        config,
        target,
        lambda client: client.export_case(case_id, actor, reason, pseudonymised=pseudonymised),
    )
    path = out or Path(found.file_name)
    _write(path, found.content)
    if as_json:
        print_json({"file": str(path), "manifest_sha256": found.manifest_sha256})
    else:
        print_lines(("case file", str(path)), ("manifest", f"{found.manifest_sha256} (SHA-256, in the audit trail)"))


def verify_export(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, help="The archive, or a folder it was unpacked into.")
    ],
    manifest: Annotated[
        str, typer.Option("--manifest", metavar="SHA256", help="The manifest's hash from the audit trail.")
    ] = "",
    public_key: PublicKeysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check an exported case file with nothing but itself; exit code 1 names the first wrong file.

    With --public-key the audit records are held against the signed checkpoints that came with them.
    """
    from case_service.auditing.keys import read_public_keys  # these load much that other commands do without
    from case_service.reports.verifying import verify_export as checked_export

    found = checked_export(path, read_public_keys(public_key or []))
    wrong = found.problem
    if not wrong and manifest and manifest != found.manifest_sha256:
        wrong = f"expected a manifest with SHA-256 {manifest}, found {found.manifest_sha256}"
    if as_json:
        print_json({"file": str(path), "intact": not wrong, "wrong_file": found.file, "problem": wrong})
    if wrong:
        raise CommandError(f"{path}: {found.file or 'manifest.json'}: {wrong}")
    if not as_json:
        print_lines(
            ("case", str(found.case_number)),
            ("files", f"{found.files}, all as the manifest says"),
            (
                "audit",
                f"{found.audit_records} records, each with the hash of its content; {_signed(found, public_key)}",
            ),
            ("manifest", f"{found.manifest_sha256} (compare with the audit trail)"),
        )


def _signed(found: Any, public_key: list[Path] | None) -> str:
    if not public_key:
        return "signatures not checked: no --public-key"
    return f"{found.signed_records} signed, {found.audit_records - found.signed_records} after the last signature"


def show_statistics(
    begin: FromOption,
    end: ToOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count alerts, cases, dispositions, precision by rule and ageing over a period."""
    from_ns, to_ns = time_ns_of(begin, "--from"), time_ns_of(end, "--to")
    if from_ns >= to_ns:
        raise WrongUsageError("--to: expected a time after --from")
    found = ask(ReportClient, "cases", config, target, lambda client: client.get_statistics(from_ns, to_ns))
    if as_json:
        print_json(found)
        return
    print_lines(
        ("alerts", str(found.alerts)),
        ("cases", _opened(found)),
        ("closed", f"{found.cases_closed}{_counts(found.closings_by_disposition)}"),
        ("reopened", str(found.cases_reopened)),
        ("escalated", str(found.cases_escalated)),
        ("open at the end", f"{found.cases_open_at_end}{_counts(found.by_state_at_end)}"),
        ("time to close", _closing(found)),
    )
    rules = (
        (
            each.rule_id,
            each.alerts,
            each.alerts_closed,
            each.alerts_confirmed,
            each.alerts_reported,
            f"{each.precision:.0%}" if each.HasField("precision") else "-",
        )
        for each in found.rules
    )
    print_table(("rule", "alerts>", "closed>", "confirmed>", "reported>", "precision>"), rules)
    print_table(
        ("open, by age", "cases>", "overdue>"), ((each.name, each.cases, each.overdue) for each in found.ageing)
    )


def _opened(found: report_pb2.Statistics) -> str:
    a_case = f", {found.alerts_per_case:.2f} alerts each" if found.HasField("alerts_per_case") else ""
    priorities = {f"priority {priority}": count for priority, count in found.opened_by_priority.items()}
    return f"{found.cases_opened} opened{_counts(priorities)}{a_case}"


def _counts(counts: Any) -> str:
    told = ", ".join(f"{name.replace('_', ' ').lower()} {count}" for name, count in sorted(counts.items()))
    return f" ({told})" if told else ""


def _closing(found: report_pb2.Statistics) -> str:
    if not found.HasField("time_to_close_median_s"):
        return "-"
    hours = (found.time_to_close_median_s / 3_600, found.time_to_close_p90_s / 3_600)
    return f"median {hours[0]:.1f} h, 90th percentile {hours[1]:.1f} h"


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
        path.chmod(0o600)
    except OSError as error:
        raise CommandError(f"{path}: expected a file that can be written, found: {error.strerror}") from error
