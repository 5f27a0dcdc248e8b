import json
from pathlib import Path

import pytest

from tapewatch.cli.main import main


def test_certificates_are_made_once_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["certs", "init", "--directory", str(tmp_path), "--name", "ingest", "--json"]
    assert main(arguments) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert {Path(path).name for path in written} == {"authority.pem", "authority.key", "ingest.pem", "ingest.key"}
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["written"] == []


def test_an_impossible_life_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certs", "init", "--directory", str(tmp_path), "--days", "0"]) == 2
    assert "expected certificates for 1 to 825 days, found 0" in capsys.readouterr().err
