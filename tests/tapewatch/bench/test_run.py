"""The command, and measurements over real processes, kept short."""

import json
from pathlib import Path

import pytest

from detection_service.engine.configuration import EngineConfiguration
from tapewatch.bench import engine, load, market, run
from tapewatch.bench.figure import BenchError, Figure, single
from tapewatch.bench.polling import until
from tapewatch.bench.stack import running
from tapewatch.cli.bench import PARTS
from tapewatch.cli.main import main
from tapewatch.cli.processes import recorded_processes
from tapewatch.engine_mode import mode


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Parts that measure nothing; the seconds each was given."""
    given: list[float] = []

    def measure(seconds: float) -> list[Figure]:
        given.append(seconds)
        return [single("forest", "batch 1", 5.0, "rows/s", floor=10.0)]

    monkeypatch.setattr(run, "MEASURES", dict.fromkeys(PARTS, (measure,)))
    return given


def test_every_part_of_the_command_is_measured() -> None:
    assert tuple(run.MEASURES) == PARTS


def test_json_has_machine_and_figures(quick: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "forest", "store", "--seconds", "0.5", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert quick == [0.5, 0.5]
    assert values["machine"]["engine"] == mode()
    assert values["machine"]["cores"] >= 1
    assert [figure["ratio_to_floor"] for figure in values["figures"]] == [0.5, 0.5]


def test_without_a_name_all_parts_are_measured_and_the_page_is_written(
    quick: list[float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "performance.md"
    assert main(["bench", "--markdown", str(page)]) == 0
    assert len(quick) == len(PARTS)
    assert "0.50 !" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").count("| forest | batch 1 |") == len(PARTS)


def test_an_unknown_part_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "engines"]) == 2
    assert (
        "expected parts among engine, fix, pipeline, forest, store, simulator, found engines" in capsys.readouterr().err
    )


def test_a_measurement_that_failed_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(seconds: float) -> list[Figure]:
        raise BenchError("expected 5 rows journalled, found 4")

    monkeypatch.setattr(run, "MEASURES", dict.fromkeys(PARTS, (measure,)))
    assert main(["bench", "pipeline"]) == 1
    assert capsys.readouterr().err == "tapewatch: expected 5 rows journalled, found 4\n"


def test_shares_of_the_profile_sum_to_the_whole() -> None:
    frames = market.encoded(market.accounts_at_random(4_000))
    decode, core, rules, asked = engine.profile("short", frames, EngineConfiguration())
    assert decode.value + core.value + rules.value == pytest.approx(1.0)
    assert min(decode.value, core.value, rules.value) >= 0
    assert asked.value > 0


async def test_what_is_not_reached_in_time_is_an_error() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(BenchError, match=r"within 0 s: expected the end of time"):
        await until(never, 0.0, lambda: "expected the end of time")


async def test_events_go_through_real_services_and_none_is_left_running() -> None:
    frames = list(market.accounts_at_random(2_000, rows_a_frame=500))
    async with running(["cases", "ingest", "detection"]) as stack:
        sequence = await load.publish(stack.addresses["ingest"], load.row_requests(iter(frames)))
        await load.drained(stack.addresses["detection"], sequence)
        with pytest.raises(BenchError, match=r"expected 2000 rows journalled, found 0: duplicates"):
            await load.publish(stack.addresses["ingest"], load.frame_requests(iter(frames)))
        spent_s = stack.cpu_s()
        processes = recorded_processes(stack.run_directory)
    assert sequence >= 2_000
    assert set(spent_s) == set(stack.start_s) == {"cases", "ingest", "detection"}
    assert len(processes) == 3
    assert not stack.run_directory.exists()
