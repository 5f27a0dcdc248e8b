"""The profile of a FIX log on the command line of `detect`: what a source shows decides which rules apply."""

import json
from pathlib import Path
from typing import Any

import pytest

from tapewatch.cli.main import main

HEAD = "8=FIX.4.4|9=1|35=8|49=V|56=US|34={number}|52=20260105-09:00:{number:02d}|{body}|10=000|\n"
FILL = (
    "37=O{number}|11=C{number}|17=E{number}|150=F|39=1|55=ABC|54={side}|38=20|44=5|31=5|32=10|151=10|14=10"
    "|60=20260105-09:00:{number:02d}"
)


@pytest.fixture
def fills(tmp_path: Path) -> Path:
    """A drop copy of fills alone, no account named."""
    log = tmp_path / "fills.log"
    bodies = [FILL.format(number=number, side=1 + number % 2) for number in range(1, 21)]
    log.write_text("".join(HEAD.format(number=number, body=body) for number, body in enumerate(bodies, 1)))
    return log


def detected(capsys: pytest.CaptureFixture[str], log: Path, profile: str) -> dict[str, Any]:
    out = log.with_suffix(".alerts")
    assert main(["detect", str(log), "--profile", profile, "--out", str(out), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_rules_about_orders_do_not_apply_to_fills_alone_and_say_so(
    fills: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = detected(capsys, fills, "fills_only")
    assert found["ledger"]["evaluated"] == 20
    for rule in ("spoofing", "layering", "cancel_to_fill"):
        assert "does not show orders" in found["not_applicable"][rule]


def test_the_account_comes_by_the_profile(fills: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "accounts" in detected(capsys, fills, "fix44")["not_applicable"]["spoofing"]
    assert "accounts" not in detected(capsys, fills, "one_account_a_session")["not_applicable"]["spoofing"]


def test_a_profile_that_is_not_there_is_told_before_anything_is_read(
    fills: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(fills), "--profile", "fills", "--out", str(fills.with_suffix(".a"))]) == 1
    assert "--profile: profile 'fills': expected one of" in capsys.readouterr().err
