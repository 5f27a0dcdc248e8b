"""Settings of the detection service and what a start refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from detection_service.anomaly.signing import make_key
from detection_service.app import DetectionSettings, lifespan
from detection_service.checkpoint import Checkpoints
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.scenarios.ordinary_model import ordinary_model
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.service import running_service
from tests.detection_service.fakes import Journal, consumer_in


def test_all_rules_run_with_their_defaults_unless_told_otherwise() -> None:
    usual = DetectionSettings().configuration().parameters()
    assert usual == {rule_id: rule.metadata.defaults() for rule_id, rule in RULE_BY_ID.items()}


def test_rules_named_are_those_that_run_with_what_is_overridden() -> None:
    chosen = DetectionSettings(rules={"spoofing": {"life_max_s": 5.0}}).configuration().parameters()
    assert set(chosen) == {"spoofing"}
    assert chosen["spoofing"]["life_max_s"] == 5.0


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"spoofng": {}}, "unknown rule 'spoofng': did you mean 'spoofing'"),
        ({"spoofing": {"life_max_s": 9_999.0}}, "expected 0.1 to 600 s, found 9999.0"),
    ],
)
def test_a_rule_that_can_not_run_is_refused_with_the_settings(rules: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DetectionSettings(rules=rules)


def test_owners_are_read_from_the_accounts_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("account,owner\na1,Ann\na2,Ann\n")
    reference = DetectionSettings(accounts=path).configuration().reference
    assert reference.owners_behind("a1") == {"Ann"}
    assert reference.group_of("a1") == reference.group_of("a2")


async def test_a_reference_file_that_is_not_there_ends_the_start_naming_it(tmp_path: Path) -> None:
    settings = DetectionSettings(listen="127.0.0.1:0", directory=tmp_path, accounts=tmp_path / "none.csv")
    with pytest.raises(StartError, match=r"none\.csv: expected a CSV file of accounts"):
        async with running_service("detection", settings, lifespan):
            raise AssertionError("expected no start")


async def test_a_directory_that_is_a_file_ends_the_start_naming_it(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    settings = DetectionSettings(listen="127.0.0.1:0", directory=tmp_path / "taken")
    with pytest.raises(StartError, match="taken"):
        async with running_service("detection", settings, lifespan):
            raise AssertionError("expected no start")


async def test_an_unsigned_model_in_force_ends_the_start_where_a_key_is_newly_named(tmp_path: Path) -> None:
    before = consumer_in(tmp_path)
    await before.run(Journal().control("MODEL", ordinary_model().to_json()).read())
    Checkpoints(tmp_path).write(before.checkpoint(before.engine.freeze()))
    key = make_key(tmp_path / "model.key")
    settings = DetectionSettings(listen="127.0.0.1:0", directory=tmp_path, model_keys=[key])
    with pytest.raises(StartError, match=r"model in force is refused: .* found none: .*; publish a signed model"):
        async with running_service("detection", settings, lifespan):
            raise AssertionError("expected no start")


def test_a_rule_named_that_the_rules_directory_does_not_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("")
    made = DetectionSettings(rules={"spoofing": {}, "mine": {"least": 3}}, rules_directory=tmp_path).configuration()
    assert made.waiting == {"mine": {"least": 3}}
    with pytest.raises(ValidationError, match="unknown rule 'thine': expected a rule of the catalogue or of"):
        DetectionSettings(rules={"thine": {}}, rules_directory=tmp_path)
    with pytest.raises(NotADirectoryError, match="expected a directory of rules"):
        DetectionSettings(rules_directory=tmp_path / "nowhere").configuration()
