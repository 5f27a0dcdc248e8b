"""`tapewatch tune` over the journal of a running ingest with the cases of a running case service."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from ingest_service.controls import control_payload
from simulator.output import write_reference
from simulator.simulation import Simulation, labelled_run
from surveillance.v1 import case_pb2, ingest_pb2
from tapewatch.cli.main import main
from tapewatch.cli.reference_files import read_reference
from tapewatch.market.frame import Frame
from tests.tapewatch.cli.fakes import DeskFake, add_desk
from tests.tapewatch.client.fakes import serving_in_thread

RULE = "ping_pong"
ROWS_A_FRAME = 1_000


class PastDesk(DeskFake):
    """A journal with reference data and the events of a run, of two sources in turn; closed cases of what it played."""

    def __init__(self, records: Sequence[tuple[ingest_pb2.RecordKind, int, bytes]], cases: list[case_pb2.Case]) -> None:
        super().__init__()
        self.records = records
        self.cases = cases
        self.end = sum(count for _, count, _ in records)
        self.published: list[Any] = []

    async def GetIngestStatus(self, request: Any, context: Any) -> ingest_pb2.IngestStatus:
        return ingest_pb2.IngestStatus(next_sequence=self.end, durable_sequence=self.end)

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[ingest_pb2.SubscribeResponse]:
        starts = accumulate((count for _, count, _ in self.records), initial=0)
        for first, (kind, count, payload) in zip(starts, self.records, strict=False):
            yield ingest_pb2.SubscribeResponse(kind=kind, first_sequence=first, row_count=count, payload=payload)

    async def ListCases(self, request: Any, context: Any) -> case_pb2.ListCasesResponse:
        self.asked.append(request)
        return case_pb2.ListCasesResponse(cases=self.cases)

    async def PublishControl(self, request: Any, context: Any) -> ingest_pb2.PublishControlResponse:
        self.published.append(request)
        return ingest_pb2.PublishControlResponse(sequence=5)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> PastDesk:
    simulation = Simulation(labelled_run([RULE] * 3, seed=21, minutes=3, severity=0.9, activity=0.3))
    rows = [
        {**report.row(), "source": f"source {number % 2}", "source_sequence": number}
        for number, report in enumerate(simulation.reports())
    ]
    folder = tmp_path_factory.mktemp("reference")
    write_reference(folder, simulation)
    reference = read_reference(**{name: folder / f"{name}.csv" for name in ("accounts", "instruments")})
    control = control_payload("REFERENCE", json.dumps(reference.to_json()).encode(), "reference")
    frames = [Frame.from_rows(rows[start : start + ROWS_A_FRAME]) for start in range(0, len(rows), ROWS_A_FRAME)]
    records = [
        (ingest_pb2.RECORD_KIND_CONTROL, 1, control),
        *((ingest_pb2.RECORD_KIND_EVENTS, frame.row_count, frame.encode()) for frame in frames),
    ]
    dispositions = (case_pb2.DISPOSITION_REPORTED, case_pb2.DISPOSITION_NO_ACTION, case_pb2.DISPOSITION_FALSE_POSITIVE)
    cases = [
        case_pb2.Case(
            number=number, state=case_pb2.CASE_STATE_CLOSED, disposition=disposition, rule_ids=[RULE],
            venue=label.venue, instrument=label.instrument, accounts=label.accounts, owners=label.owners,
            start_time_ns=label.start_time_ns, end_time_ns=label.end_time_ns,
        )
        for number, (label, disposition) in enumerate(zip(simulation.labels(), dispositions, strict=True), 1)
    ]  # fmt: skip
    return PastDesk(records, cases)


@pytest.fixture
def config(desk: PastDesk, tmp_path: Path) -> Iterator[str]:
    with serving_in_thread(add_desk, lambda: desk) as address:
        path = tmp_path / "tapewatch.yaml"
        path.write_text("".join(f'{name}: {{listen: "{address}"}}\n' for name in ("ingest", "cases")), encoding="utf-8")
        yield str(path)


def test_the_journal_is_tuned_on_with_what_analysts_found(
    config: str, desk: PastDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = ("--parameter", "trades_min=3,16")
    assert main(["tune", RULE, "--journal", "--feedback", "cases", "--config", config, *sweep, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert desk.asked[-1].filter == f'state = CLOSED AND rule_ids:"{RULE}"'
    assert report["events"] == desk.end - 1
    assert (report["scenarios"], report["current"]["found"], report["current"]["false"]) == (2, 2, 1)
    assert report["current"]["hard_negatives"] == {"judged false": 1}


def test_an_empty_journal_is_explained(config: str, desk: PastDesk, capsys: pytest.CaptureFixture[str]) -> None:
    events = desk.records
    try:
        desk.records, desk.end = (), 0
        assert main(["tune", RULE, "--journal", "--feedback", "cases", "--config", config]) == 1
    finally:
        desk.records, desk.end = events, sum(count for _, count, _ in events)
    assert "--journal: expected events in the journal of" in capsys.readouterr().err


def test_values_are_set_from_settings_and_those_named_win(
    config: str, desk: PastDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = tmp_path / "tuned.yaml"
    tuned.write_text("detection: {rules: {spoofing: {size_multiple_min: 7, life_max_s: 20}}}", encoding="utf-8")
    command = ("rules", "set", "spoofing", "life_max_s=25", "--from", str(tuned), "--reason", "tuned", "--actor", "ann")
    assert main([*command, "--config", config]) == 0
    change = json.loads(desk.published[-1].content)["change"]
    assert change["parameters"] == {"size_multiple_min": 7.0, "life_max_s": 25.0}
