from pathlib import Path

import pytest

from tapewatch.cli.main import main
from tapewatch.cli.reference_files import read_reference

HEAD = "8=FIX.4.4|9=1|35={}|49=V|56=US|34=1|52=20260105-09:00:01|{}|10=000|\n"


def test_the_instruments_of_a_log_are_reference_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, out = tmp_path / "list.log", tmp_path / "instruments.csv"
    log.write_text(HEAD.format("d", "55=ABC|15=USD|167=CS") + HEAD.format("y", "146=2|55=ABC|15=EUR|55=DEF|167=FUT"))
    assert main(["fix", "instruments", "fix44", str(log), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"2 instruments written to {out}\n"
    reference = read_reference(instruments=out)
    assert reference.instrument("V", "ABC")["currency"] == "EUR"
    assert reference.instrument("V", "DEF")["asset_class"] == "FUTURE"


def test_a_log_without_definitions_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "empty.log"
    log.write_text(HEAD.format("0", "112=x"))
    assert main(["fix", "instruments", "fix44", str(log), "--out", str(tmp_path / "out.csv")]) == 1
    assert "expected security definitions or lists (35=d, y), found none" in capsys.readouterr().err
