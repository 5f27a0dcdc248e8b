import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from tapewatch import engine_mode
from tapewatch.cli.demo_stack import demo_settings
from tapewatch.cli.main import main


def findings(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code = main(["doctor", *map(str, arguments), "--json"])
    values = json.loads(capsys.readouterr().out)
    return code, {each["what"]: each for each in values["findings"]}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tapewatch.yaml"
    path.write_text(yaml.safe_dump(demo_settings(tmp_path)))
    return path


def test_wrong_settings_are_found_in_every_section(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text().replace("  database:", "  databse:").replace("  gateway:", "  gatway:"))
    code, found = findings(capsys, "--config", config)
    assert code == 1
    assert "did you mean 'database'" in found["settings, cases"]["found"]
    assert "did you mean 'gateway'" in found["settings, simulator"]["found"]


def test_what_is_wrong_with_the_whole_file_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--config", str(tmp_path / "absent.yaml")]) == 1
    assert capsys.readouterr().out.count("cannot read the settings file") == 1


def test_an_address_that_the_security_mode_refuses_is_found(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = yaml.safe_load(config.read_text())
    values["ingest"]["listen"] = "0.0.0.0:0"
    config.write_text(yaml.safe_dump(values))
    code, found = findings(capsys, "--config", config)
    assert code == 1
    assert "expected a loopback address" in found["settings, ingest"]["found"]


def test_a_port_held_by_another_program_is_found_with_what_to_do(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = yaml.safe_load(config.read_text())["cases"]["listen"]
    host, port = address.split(":")
    with socket.create_server((host, int(port))):
        code, found = findings(capsys, "--config", config)
    assert code == 1
    case = found[f"cases at {address}"]
    assert case["level"] == "wrong"
    assert "another port in the settings" in case["mend"]


def test_a_data_directory_that_can_not_be_made_is_found(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    code, found = findings(capsys, "--config", config, "--directory", occupied / "below")
    assert code == 1
    assert "can not be written to" in found["data directory"]["found"]


def test_stale_and_interpreted_modules_are_told_apart(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_mode, "stale_modules", lambda: ["tapewatch.market.book"])
    monkeypatch.setattr(engine_mode, "interpreted_modules", lambda: ["tapewatch.market.window"])
    monkeypatch.delenv(engine_mode.VARIABLE, raising=False)
    code, found = findings(capsys, "--config", config)
    assert code == 1
    assert (found["compiled modules"]["level"], found["engine"]["level"]) == ("wrong", "note")
    assert found["compiled modules"]["mend"] == "run `make setup`"
    assert "INTERPRETED" in found["engine"]["found"]


def test_a_healthy_installation_is_exit_code_0(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_mode, "stale_modules", list)
    code, found = findings(capsys, "--config", config)
    assert code == 0
    assert {each["level"] for each in found.values()} <= {"ok", "note"}
    assert sum("its port is free" in each["found"] for each in found.values()) == 5
