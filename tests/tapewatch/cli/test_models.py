"""`tapewatch models`, and `detect --model`, over files it makes itself and a journal in memory."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from detection_service import controls
from detection_service.engine.engine import Engine
from simulator.output import write_simulation
from surveillance.v1 import detection_pb2, ingest_pb2
from tapewatch.bench.market import frames_of, session
from tapewatch.cli.main import main
from tapewatch.market.frame import Frame
from tests.tapewatch.cli.fakes import DeskFake, add_desk
from tests.tapewatch.client.fakes import serving_in_thread


class JournalFake(DeskFake):
    """A desk whose ingest has a journal of event frames, with a mark between, and keeps what is published."""

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__()
        self.frames = frames
        self.in_force = ""

    def records(self) -> Iterator[ingest_pb2.SubscribeResponse]:
        position = 0
        for frame in self.frames:
            for kind, rows, payload in (
                (ingest_pb2.RECORD_KIND_EVENTS, frame.row_count, frame.encode()),
                (ingest_pb2.RECORD_KIND_MARK, 1, b'{"mark": "idle", "source": "bench"}'),
            ):
                yield ingest_pb2.SubscribeResponse(
                    kind=kind, first_sequence=position, row_count=rows, payload=payload
                )  # fmt: skip
                position += rows

    async def GetIngestStatus(self, request: Any, context: Any) -> ingest_pb2.IngestStatus:
        end = sum(record.row_count for record in self.records())
        return ingest_pb2.IngestStatus(next_sequence=end, durable_sequence=end)

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[ingest_pb2.SubscribeResponse]:
        for record in self.records():
            yield record

    async def PublishControl(self, request: Any, context: Any) -> ingest_pb2.PublishControlResponse:
        self.asked.append(request)
        return ingest_pb2.PublishControlResponse(sequence=77)

    async def GetDetectionStatus(self, request: Any, context: Any) -> detection_pb2.DetectionStatus:
        return detection_pb2.DetectionStatus(model_id=self.in_force)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated minutes with a spoof, as Parquet with reference data."""
    out = tmp_path_factory.mktemp("market")
    write_simulation(out, ["spoofing"], seed=7, minutes=3, severity=0.9)
    return out


@pytest.fixture(scope="module")
def model(market: Path) -> Path:
    """A model file trained on it."""
    path = market / "model.json"
    assert main(["models", "train", str(market / "events.parquet"), "--out", str(path)]) == 0
    return path


@pytest.fixture
def journal() -> JournalFake:
    return JournalFake(list(frames_of(session(minutes=2).reports, rows_a_frame=3_000)))


@pytest.fixture
def ingest(journal: JournalFake) -> Iterator[str]:
    """Where the journal answers."""
    with serving_in_thread(add_desk, lambda: journal) as address:
        yield address


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_model_of_the_same_events_and_seed_is_the_same(
    market: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ("models", "train", market / "events.parquet", "--out")
    again = printed(capsys, *train, tmp_path / "again.json")
    other = printed(capsys, *train, tmp_path / "other.json", "--seed", 2)
    shown = printed(capsys, "models", "show", model)
    assert again["model_id"] == shown["model_id"] != other["model_id"]
    assert (again["trained_windows"], again["sequence"]) == (shown["trained_windows"], None)


def test_a_shown_model_says_what_is_usual(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "models", "show", model)
    assert (shown["trees"], set(shown)) == (100, {"model_id", "trained_windows", "trees", "nodes", "medians"})
    assert 0 < shown["medians"]["orders_log"] < 10
    assert main(["models", "show", str(model)]) == 0
    assert "orders_log" in capsys.readouterr().out


def test_a_model_from_the_journal_is_published_as_detection_takes_it_up(
    ingest: str, journal: JournalFake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.json"
    values = printed(capsys, "models", "train", "--target", ingest, "--out", out, "--publish")
    (request,) = journal.asked
    assert (request.kind, values["sequence"]) == (ingest_pb2.CONTROL_KIND_MODEL, 77)
    engine = Engine()
    controls.apply(engine, controls.MODEL, request.content)
    assert engine.model_id == values["model_id"] == printed(capsys, "models", "show", out)["model_id"]


def test_files_and_journal_of_the_same_events_give_the_same_model(
    ingest: str, journal: JournalFake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (json.dumps(row) for frame in journal.frames for row in frame.rows())
    events = tmp_path / "events.jsonl"
    events.write_text("\n".join(lines) + "\n", encoding="utf-8")
    of_files = printed(capsys, "models", "train", events, "--out", tmp_path / "files.json")
    of_journal = printed(capsys, "models", "train", "--target", ingest, "--out", tmp_path / "journal.json")
    assert of_files["model_id"] == of_journal["model_id"]


def test_too_little_to_learn_from_is_said(
    ingest: str, journal: JournalFake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.frames = [journal.frames[0].slice(0, 50)]
    out = tmp_path / "model.json"
    assert main(["models", "train", "--target", ingest, "--out", str(out)]) == 1
    assert "expected at least 64 windows to train on" in capsys.readouterr().err
    assert not out.exists()


def test_the_list_marks_the_model_in_force(
    ingest: str, journal: JournalFake, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = model.parent / "models"
    directory.mkdir()
    (directory / "one.json").write_bytes(model.read_bytes())
    journal.in_force = printed(capsys, "models", "show", model)["model_id"]
    listed = printed(capsys, "models", "list", "--directory", directory, "--target", ingest)
    assert listed["in_force"] == journal.in_force
    assert [(each["file"], each["in_force"]) for each in listed["models"]] == [(str(directory / "one.json"), True)]


def test_detect_ranks_alerts_by_a_model_and_finds_no_others(
    market: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detect = ("detect", market / "events.parquet", "--accounts", market / "accounts.csv", "--out")
    printed(capsys, *detect, tmp_path / "plain")
    printed(capsys, *detect, tmp_path / "ranked", "--model", model)
    plain, ranked = (
        [json.loads(line) for line in (tmp_path / name).read_text(encoding="utf-8").splitlines()]
        for name in ("plain", "ranked")
    )
    model_id = printed(capsys, "models", "show", model)["model_id"]
    anomalies = [alert.pop("anomaly") for alert in ranked]
    assert anomalies
    assert all(0 < found["score"] < 1 and found["model_id"] == model_id for found in anomalies)
    assert [alert.pop("anomaly") for alert in plain] == [None] * len(plain)
    assert ranked == plain


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": "another"}'])
def test_a_file_that_is_no_model_is_refused_by_name(
    market: Path, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(damage, encoding="utf-8")
    out = tmp_path / "alerts.jsonl"
    assert main(["detect", str(market / "events.parquet"), "--out", str(out), "--model", str(path)]) == 1
    assert f"{path}: expected a model that `tapewatch models train` wrote" in capsys.readouterr().err
    assert not out.exists()
