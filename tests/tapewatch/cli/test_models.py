"""`tapewatch models`, and `detect --model`, over files it makes itself and a journal in memory."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection_service import controls
from detection_service.anomaly.model_file import ModelFile
from detection_service.anomaly.watching import Watched
from detection_service.engine.engine import Engine
from detection_service.rules.scenarios.ordinary_model import made_up, ordinary_model
from simulator.output import write_simulation
from surveillance.v1 import detection_pb2, ingest_pb2
from tapewatch.bench.market import frames_of, session
from tapewatch.cli import model_judgement
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
    assert (again["training"], again["sequence"]) == (shown["training"], None)


def test_a_shown_model_says_what_it_was_made_of_and_what_is_usual(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys, "models", "show", model)
    assert (shown["trees"], shown["version"], shown["signed_by"]) == (100, 0, None)
    assert shown["training"]["calibrated_windows"] == round(1 / shown["rate_min"]) - 1
    usual = shown["usual"]["order_to_trade"]
    assert usual["p5"] < usual["median"] < usual["p95"]
    assert main(["models", "show", str(model)]) == 0
    told = capsys.readouterr().out
    assert "messages for every fill" in told
    assert "one false alarm in" in told


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
    assert "expected at least 64 windows to fit on" in capsys.readouterr().err
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
    assert all(0 <= found["score"] < 1 and found["model_id"] == model_id for found in anomalies)
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


def test_a_signed_model_is_verified_and_a_tampered_or_unsigned_one_refused(
    market: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, mine = tmp_path / "model.key", tmp_path / "model.json"
    public = f"{key}.pub"
    mine.write_bytes(model.read_bytes())
    assert main(["models", "key", str(key)]) == 0
    assert main(["models", "verify", str(mine), "--key", public]) == 1
    assert "expected a model signed by" in capsys.readouterr().err
    assert main(["models", "sign", str(mine), "--key", str(key)]) == 0
    assert printed(capsys, "models", "verify", mine, "--key", public)["verified_by"]
    settings = tmp_path / "tapewatch.yaml"
    settings.write_text(f"detection:\n  model_keys: [{public}]\n", encoding="utf-8")
    detect = ("detect", market / "events.parquet", "--out", tmp_path / "alerts", "--config", settings, "--model")
    printed(capsys, *detect, mine)
    assert main([*map(str, detect), str(model)]) == 1
    assert f"{model}: expected a model signed by" in capsys.readouterr().err
    mine.write_text(mine.read_text(encoding="utf-8").replace('"seed": 1', '"seed": 2'), encoding="utf-8")
    assert main(["models", "verify", str(mine), "--key", public]) == 1
    assert "found content of" in capsys.readouterr().err


def test_a_registry_gives_versions(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ("models", "train", market / "events.parquet", "--directory", tmp_path, "--seed")
    versions = [printed(capsys, *train, seed)["version"] for seed in (1, 2, 1)]
    assert versions == [1, 2, 1]
    assert sorted(path.name[:5] for path in tmp_path.iterdir()) == ["0001-", "0002-"]


def test_events_like_those_of_the_model_need_no_other(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, out, mine = made_up(1_000, seed=8), tmp_path / "candidate.json", tmp_path / "model.json"
    watched = [Watched(usual, np.zeros(len(usual)))]
    monkeypatch.setattr(model_judgement, "_watched", lambda *_: watched)
    ModelFile(ordinary_model()).write(mine)
    events = market / "events.parquet"
    found = printed(capsys, "models", "propose", events, "--model", mine, "--out", out)
    assert (found["retrain"], found["reasons"], found["candidate"], out.exists()) == (False, [], None, False)
    assert main(["models", "drift", str(events), "--model", str(mine)]) == 0
    assert "none to speak of" in capsys.readouterr().out


def test_another_market_has_another_model_proposed(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events, out = tmp_path / "events.jsonl", tmp_path / "candidate.json"
    with events.open("w", encoding="utf-8") as file:
        for number in range(9_000):
            time_ns, account = 1_772_442_000_000_000_000 + number * 400_000_000, f"m{number % 12}"
            row = {"event_time_ns": time_ns, "kind": "NEW", "venue": "X", "instrument": "Y", "account": account}
            order = {"order_id": f"o{number}", "side": "BUY" if number % 5 else "SELL", "price": 10.0 + number % 5}
            file.write(json.dumps({**row, **order, "quantity": 1 + number % 50}) + "\n")
            if number % 4:
                gone = {**row, "kind": "CANCEL", "order_id": f"o{number}", "event_time_ns": time_ns + 1000}
                file.write(json.dumps(gone) + "\n")
    found = printed(capsys, "models", "propose", events, "--model", model, "--out", out)
    assert found["retrain"]
    assert "features have another distribution" in found["reasons"][0]
    assert printed(capsys, "models", "show", out)["model_id"] == found["candidate"]["model_id"]


def test_an_evaluation_tells_average_precision_with_and_without_the_model(
    market: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("models", "evaluate", market, "--model", model, "--benign", market / "events.parquet")
    found = printed(capsys, *asked)
    rankings = found["rankings"]
    assert set(rankings) == {
        *("rules alone", "model alone", "rules and model", "isolation forest of plain features"),
        *("sum of tail ranks", "largest tail rank", "rules and sum of tail ranks"),
    }
    assert found["true"] >= 1
    assert rankings["rules and model"]["average_precision"] >= rankings["rules alone"]["average_precision"]
    assert next(each["promised"] for each in found["calibration"]) == 0.1
    assert main([*map(str, asked)]) == 0
    assert "rules and model" in capsys.readouterr().out
