"""The commands of evidence and reports against a running service."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tapewatch.cli.main import main
from tests.case_service.reports.fakes import reported


async def printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0) -> str:
    capsys.readouterr()
    assert await asyncio.to_thread(main, [str(each) for each in arguments]) == code
    shown = capsys.readouterr()
    return shown.err if code else shown.out


async def printed_json(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[Any]:
    """The objects printed; the service logs to the same place."""
    shown = await printed(capsys, *arguments, "--json")
    return [json.loads(line) for line in shown.splitlines() if line.startswith("{")]


async def test_a_case_goes_from_its_book_to_its_report_and_a_checked_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("submitter_name: Ann Lee\nentity_name: ''\n")
    async with reported(tmp_path) as found:
        at = ("--target", found.target)
        shown = await printed(capsys, "cases", "evidence", "1", *at)
        assert "PINNED, revision 1" in shown
        assert "account-33" in shown
        steps = await printed_json(capsys, "cases", "replay", "1", "--limit", "5", *at)
        assert len(steps) == 5
        assert set(steps[0]) >= {"event_time_ns", "kind", "bids", "asks"}
        blank, report = tmp_path / "blank.yaml", tmp_path / "stor.pdf"
        files = ("--out", report, "--answers", answers, "--blank", blank)
        (told,) = await printed_json(capsys, "cases", "report", "1", "--actor", "ann", *files, *at)
        missing = told["missing"]
        assert list(yaml.safe_load(blank.read_text())) == missing
        assert "submitter_name" not in missing
        assert report.read_bytes().startswith(b"%PDF-")
        export = tmp_path / "case.zip"
        why = ("--reason", "asked for", "--actor", "sue")
        (manifest,) = await printed_json(capsys, "cases", "export", "1", "--out", export, *why, *at)
        days = ("--from", "2026-03-01", "--to", "2026-03-03")
        (statistics,) = await printed_json(capsys, "cases", "statistics", *days, *at)
        assert (statistics["alerts"], statistics["cases_opened"]) == (1, 1)
    sha256 = manifest["manifest_sha256"]
    assert "all as the manifest says" in await printed(capsys, "cases", "verify-export", export, "--manifest", sha256)
    export.write_bytes(export.read_bytes()[:-30])
    assert "expected a ZIP archive" in await printed(capsys, "cases", "verify-export", export, code=1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("statistics", "--from", "yesterday", "--to", "2026-03-03"), "--from: expected a time such as"),
        (("statistics", "--from", "2026-03-03", "--to", "2026-03-03"), "--to: expected a time after --from"),
        (("replay",), "expected a CASE, or --venue and --instrument"),
        (("report", "1", "--format", "docx"), "--format: expected one of pdf, xml, json"),
        (("evidence", "1", "--before-s", "3"), "expected with --pin only"),
    ],
)
async def test_wrong_usage_is_refused_before_a_service_is_asked(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaint in await printed(capsys, "cases", *arguments, code=2)
