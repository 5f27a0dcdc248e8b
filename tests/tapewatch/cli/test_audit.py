"""`tapewatch audit` against a real case service: sign, export, verify by who has the export and the key alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from case_service.auditing.auditor import AuditSettings
from tapewatch.cli.audit import app
from tapewatch.cli.failure import CommandError, WrongUsageError
from tests.case_service.fakes import Cases, alert, later, running_cases


@pytest.fixture
async def signed(tmp_path: Path) -> AsyncIterator[Cases]:
    await said("keys", "init", "--key", str(tmp_path / "audit.pem"))
    settings = AuditSettings(key=tmp_path / "audit.pem", checkpoint_file=tmp_path / "kept.jsonl")
    async with running_cases(tmp_path / "cases.db", audit=settings) as cases:
        await cases.record(alert("a"), later("b", 5))
        yield cases


async def said(*arguments: str) -> str:
    """What the command prints; what it raises."""
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def target(cases: Cases) -> tuple[str, str]:
    return "--target", f"127.0.0.1:{cases.service.bound_port}"


async def test_the_trail_is_signed_exported_and_verified(signed: Cases, tmp_path: Path) -> None:
    assert "2 audit records, all as they were written; unsigned" in await said("verify", *target(signed))
    assert "record 2 signed by key" in await said("checkpoint", *target(signed))
    out, public = tmp_path / "export.jsonl", tmp_path / "audit.pem.pub"
    told = json.loads(await said("export", "--out", str(out), "--json", *target(signed)))
    assert (told["records"], told["checkpoints"]) == (2, 2)
    expected = "2 audit records, all as they were written; 2 signatures, the last at record 2"
    for source in (("--export", str(out)), ("--database", str(signed.database))):
        assert expected in await said("verify", *source, "--public-key", str(public))
    assert expected in await said("verify", *target(signed))
    with pytest.raises(CommandError, match=r"--out: expected a new file, found .*: File exists"):
        await said("export", "--out", str(out), *target(signed))


async def test_a_changed_export_is_named_with_its_record(signed: Cases, tmp_path: Path) -> None:
    out, public = tmp_path / "export.jsonl", tmp_path / "audit.pem.pub"
    await said("export", "--out", str(out), *target(signed))
    whole = await asyncio.to_thread(out.read_text)
    await asyncio.to_thread(out.write_text, whole.replace("AddAlert", "OpenCase"))
    with pytest.raises(CommandError, match="audit record 2 is not as it was written: "):
        await said("verify", "--export", str(out), "--public-key", str(public))
    await asyncio.to_thread(out.write_text, whole[:-40])
    with pytest.raises(CommandError, match=r"export .*: expected"):
        await said("verify", "--export", str(out), "--public-key", str(public))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--export", "x"), "expected the key of whoever signed it"),
        (("--export", "x", "--database", "y"), "expected one of --database and --export"),
    ],
)
async def test_wrong_usage_of_verify_is_told(arguments: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(WrongUsageError, match=complaint):
        await said("verify", *arguments)


async def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="expected a SQLite file, found none"):
        await said("verify", "--database", str(tmp_path / "none.db"))


async def test_keys_are_not_made_over_others(tmp_path: Path) -> None:
    await said("keys", "init", "--key", str(tmp_path / "audit.pem"))
    with pytest.raises(CommandError, match="expected no file yet"):
        await said("keys", "init", "--key", str(tmp_path / "audit.pem"))
