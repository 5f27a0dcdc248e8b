"""`tapewatch fix audit` on the log of a gateway that runs, and on one that was tampered with."""

import json
from pathlib import Path

import pytest

from tapewatch.cli.main import main
from tests.fix_gateway.test_servicer import Stack, stack, until
from tests.tapewatch.fix.fix_peer import report_fields

ARGUMENTS = ("--session", "VENUE", "--config")


def config_of(running: Stack) -> str:
    path = running.store / "tapewatch.yaml"
    path.write_text(
        f"fix: {{store: {running.store}, sessions: [{{sender: US, target: VENUE}}]}}\n"
        f"ingest: {{listen: '{running.ingest}'}}\n"
    )
    return str(path)


def tamper(folder: Path) -> None:
    segment = next(folder.glob("*VENUE/audit/*.segment"))
    segment.write_bytes(segment.read_bytes().replace(b"\x0117=E1\x01", b"\x0117=E2\x01"))


async def test_a_running_gateways_log_is_proven_shown_and_mapped_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = tmp_path / "events.jsonl"
    async with stack(tmp_path) as running, running.venue() as venue:
        for number in range(20):
            await venue.send("8", report_fields(f"E{number}"))
        await until(running, lambda live: live.next_inbound_sequence == 22)
        config = config_of(running)
        assert await running.command("audit", "verify", *ARGUMENTS, config, "--json") == 0
        head = json.loads(capsys.readouterr().out.splitlines()[-1])["head"]
        assert await running.command("audit", "verify", *ARGUMENTS, config, "--head", head) == 0
        assert await running.command("audit", "show", *ARGUMENTS, config, "--limit", "1000") == 0
        assert "|17=E19|" in capsys.readouterr().out
        replay = ("audit", "replay", *ARGUMENTS, config, "--out", str(events), "--publish", "--json")
        assert await running.command(*replay) == 0
        counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert counts["messages"] == counts["events"] == counts["duplicates"] == 20
    assert (counts["without_event"], counts["journalled"], counts["rejected"]) == (0, 0, 0)
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    assert [row["execution_id"] for row in rows] == [f"E{number}" for number in range(20)]


async def test_a_tampered_log_fails_with_the_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with stack(tmp_path) as running:
        async with running.venue() as venue:
            await venue.send("8", report_fields())
            await until(running, lambda live: live.next_inbound_sequence == 3)
        config = config_of(running)
    tamper(tmp_path)
    assert main(["fix", "audit", "verify", *ARGUMENTS, config]) == 1
    assert "is not as it was written" in capsys.readouterr().err
    assert main(["fix", "audit", "show", *ARGUMENTS, config]) == 1
    assert "found damaged bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("session", "said"), [("NOBODY", "expected one of"), ("XTWS", "expected the audit log of FIX.4.4:XTWS->TAPEWATCH")]
)
def test_a_log_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], session: str, said: str
) -> None:
    code = main(["fix", "audit", "show", "--session", session, "--store", str(tmp_path)])
    assert code in (1, 2)
    assert said in capsys.readouterr().err
