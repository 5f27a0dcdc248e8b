import json
from pathlib import Path

import pytest

from simulator.output import write_simulation
from tapewatch.cli.main import main


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market")
    write_simulation(out, ["spoofing"], seed=3, minutes=3, severity=0.9)
    return out


def trained(market: Path, out: Path, *arguments: str) -> None:
    assert main(["models", "train", str(market / "events.parquet"), "--out", str(out), *arguments]) == 0


def test_the_same_data_and_seed_give_the_same_model(market: Path, tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    trained(market, one)
    trained(market, same)
    trained(market, other, "--seed", "2")
    assert one.read_bytes() == same.read_bytes()
    assert json.loads(one.read_text())["model_id"] != json.loads(other.read_text())["model_id"]


def test_a_file_that_is_no_model_is_named(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.json"
    model.write_text("[]")
    events = str(market / "events.parquet")
    assert main(["detect", events, "--out", str(tmp_path / "a"), "--model", str(model)]) == 1
    assert f"{model}: expected a model that `tapewatch models train` wrote" in capsys.readouterr().err


def test_too_little_data_is_said_to_be_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = tmp_path / "events.csv"
    events.write_text("event_time_ns,kind,venue,instrument\n1700000000000000000,QUOTE,X,Y\n")
    assert main(["models", "train", str(events), "--out", str(tmp_path / "m")]) == 1
    assert "expected at least 64 windows to train on, found 0" in capsys.readouterr().err
