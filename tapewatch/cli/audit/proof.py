"""`tapewatch audit verify`, `checkpoint`, `export`: the proof of the trail, with a service or without one."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveillance.v1 import audit_pb2, case_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import print_json, time_text
from tapewatch.cli.public_keys import PublicKeysOption
from tapewatch.client.audit import AuditClient
from tapewatch.client.cases import CaseClient
from tapewatch.runtime.errors import DataLoss, StartError, Unavailable

if TYPE_CHECKING:
    from case_service.audit import Finding

READERS = 1


def verify(
    database: Annotated[
        str, typer.Option("--database", metavar="PATH|URL", help="Read this database, without a service.")
    ] = "",
    export_file: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Read this export, without anything else.")
    ] = None,
    public_key: PublicKeysOption = None,
    checkpoints: Annotated[
        Path | None, typer.Option("--checkpoints", metavar="FILE", help="With --database: the file of checkpoints.")
    ] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every record, hash and signature; exit code 1 names the first bad record. Asks the service by default."""
    if database and export_file is not None:
        raise WrongUsageError("expected one of --database and --export, found both")
    if export_file is not None:
        found = _answer(_of_export(export_file, public_key or []))
    elif database:
        found = _answer(_of_database(database, public_key or [], checkpoints))
    else:
        found = ask(CaseClient, "cases", config, target, lambda client: client.verify_audit())
    if as_json:
        print_json(found)
    if not found.intact:
        raise CommandError(f"audit record {found.first_bad_sequence} is not as it was written: {found.problem}")
    if not as_json:
        signed = f"{found.checkpoints} signatures, the last at record {found.signed_sequence}"
        told = signed if found.checkpoints else "unsigned"
        typer.echo(f"{found.records} audit records, all as they were written; {told}")


def checkpoint(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Sign where the audit trail ends now."""
    made = ask(AuditClient, "cases", config, target, lambda client: client.create_checkpoint())
    if as_json:
        print_json(made)
        return
    typer.echo(f"record {made.sequence} signed by key {made.key_id} at {time_text(made.time_ns)}")


def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write; must not be there yet.")],
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all audit records and signatures to a file that anybody with the public key can verify."""
    records, signed = ask(AuditClient, "cases", config, target, lambda client: _write(client, out))
    if as_json:
        typer.echo(json.dumps({"records": records, "checkpoints": signed, "file": str(out)}))
        return
    typer.echo(f"{records} audit records and {signed} signatures in {out}")


async def _write(client: AuditClient, out: Path) -> tuple[int, int]:
    from case_service.auditing.export import ExportWriter
    from case_service.auditing.servicer import checkpoint_from

    seal = await client.create_checkpoint(audit_pb2.AUDIT_CHECKPOINT_PURPOSE_EXPORT)
    try:
        file = out.open("x", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--out: expected a new file, found {out}: {error.strerror}") from error
    with file:
        writer = ExportWriter(file)
        async for record in client.records():
            if record.sequence > seal.sequence:
                break
            writer.record(_fields(record))
        async for each in client.checkpoints():
            if each.number <= seal.number:
                writer.checkpoint(checkpoint_from(each))
        writer.end()
    return writer.records, writer.checkpoints


def _fields(record: case_pb2.AuditRecord) -> Sequence[object]:
    """The fields of `case_service.audit.Record`, in its order."""
    return (
        *(record.sequence, record.time_ns, record.actor, record.action, record.subject, record.reason),
        *(int(record.from_state), int(record.to_state), record.detail_json, record.previous_hash, record.hash),
        *(record.alert_id, record.salt, record.content_hash),
    )


def _of_export(path: Path, public_keys: list[Path]) -> "Callable[[], Finding]":
    from case_service.auditing.export import ExportError, verify_export
    from case_service.auditing.keys import read_public_keys

    if not public_keys:
        raise WrongUsageError("--export: expected the key of whoever signed it, found no --public-key")

    def find() -> "Finding":
        try:
            return verify_export(path, read_public_keys(public_keys))
        except (ExportError, OSError, UnicodeDecodeError) as error:
            raise CommandError(f"export {path}: {error}") from error

    return find


def _of_database(database: str, public_keys: list[Path], checkpoints: Path | None) -> "Callable[[], Finding]":
    from case_service.auditing.offline import verify_database

    return lambda: verify_database(database, public_keys, checkpoints)


def _answer(find: "Callable[[], Finding]") -> case_pb2.VerifyAuditResponse:
    try:
        finding = find()
    except (StartError, Unavailable, DataLoss, ValueError) as error:
        raise CommandError(str(error)) from error
    return case_pb2.VerifyAuditResponse(
        records=finding.records,
        intact=not finding.problem,
        first_bad_sequence=finding.first_bad_sequence,
        problem=finding.problem,
        checkpoints=finding.checkpoints,
        signed_sequence=finding.signed_sequence,
    )
