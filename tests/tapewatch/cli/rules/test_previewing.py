"""`tapewatch rules preview`, `set` and `new --form yaml`, over files they are given."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from surveillance.v1 import detection_pb2
from tapewatch.alert import Alert, Severity
from tapewatch.cli.main import main
from tapewatch.cli.rules.previewing import difference
from tests.detection_service.scenario import final, revisions
from tests.detection_service.user_rules.test_folder import leap, put
from tests.detection_service.user_rules.written_rules import in_python
from tests.tapewatch.cli.fakes import DeskFake


@pytest.fixture(scope="module")
def alert() -> Alert:
    first, *_ = final(revisions(leap()), "price_spike")
    return first


def test_alerts_are_the_same_by_id_or_by_rule_market_owners_and_time(alert: Alert) -> None:
    graver = replace(alert, severity=Severity.CRITICAL)
    later = replace(alert, alert_id="f" * 64, start_time_ns=alert.start_time_ns + 1)
    elsewhere = replace(alert, alert_id="e" * 64, instrument="OTHER")
    assert difference([alert], [alert]).same == {"price_spike": 1}
    assert difference([alert], [graver]).change == [(alert, graver)]
    assert difference([alert], [later]).change == [(alert, later)]
    found = difference([alert], [elsewhere])
    assert (found.disappear, found.appear, found.change) == ([alert], [elsewhere], [])


@pytest.fixture
def market(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in leap()), encoding="utf-8")
    return path


def previewed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, dict[str, dict[str, int]]]:
    assert main(["rules", "preview", "--json", *map(str, arguments)]) == 0
    found: dict[str, dict[str, dict[str, int]]] = json.loads(capsys.readouterr().out)
    return found


def test_what_disappears_with_other_parameters_is_told(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "new.yaml"
    config.write_text("detection: {rules: {price_spike: {move_min: 0.9}}}")
    against = tmp_path / "old.yaml"
    against.write_text("detection: {rules: {price_spike: {}}}")
    found = previewed(capsys, "--config", config, "--against", against, market)
    assert set(found["rules"]) == {"price_spike"}
    counts = found["rules"]["price_spike"]
    assert counts == {**counts, "before": 1, "after": 0, "disappear": 1, "appear": 0}
    assert main(["rules", "preview", "--config", str(config), "--against", str(against), str(market)]) == 0
    assert "disappears" in capsys.readouterr().out


def test_what_rules_of_a_directory_would_find_is_told(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    put(own, in_python())
    (own / "broken.py").write_text("import nowhere_to_be_found")
    capsys.readouterr()
    found = previewed(capsys, "--rules-directory", own, market)
    assert {rule_id for rule_id, each in found["rules"].items() if each["appear"]} == {"leaps"}
    assert set(found["faulty"]) == {"broken"}


@pytest.fixture
def desk() -> DeskFake:
    """A detection whose price_spike was set off by hand."""
    told = {"rules": {"price_spike": {"move_min": 0.9}}, "scopes": [], "waiting": {}}
    gone = detection_pb2.UserRule(rule_id="gone", form=".yaml", sha256="0" * 64)
    return DeskFake(configuration=detection_pb2.Configuration(content_json=json.dumps(told), user_rules=[gone]))


def test_what_differs_from_what_the_service_has_in_force_is_told(
    market: Path, tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "new.yaml"
    config.write_text("detection: {rules: {price_spike: {}}}")
    found = previewed(capsys, "--config", config, "--against", "service", "--target", target, market)
    assert found["rules"]["price_spike"]["appear"] == 1
    assert found["rules"]["price_spike"]["before"] == 0
    assert "expected its text" in str(found["left_out"]["gone"])


def test_a_directory_of_rules_is_tried_beside_what_the_service_has_in_force(
    market: Path, tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    put(own, in_python())
    capsys.readouterr()
    found = previewed(capsys, "--rules-directory", own, "--against", "service", "--target", target, market)
    assert set(found["rules"]) == {"leaps"}


def test_a_text_of_the_very_digest_is_found_in_the_rules_directory(
    market: Path, tmp_path: Path, desk: DeskFake, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    put(own, in_python())
    digest = hashlib.sha256((own / "leaps.py").read_bytes()).hexdigest()
    desk.configuration.user_rules[0].MergeFrom(detection_pb2.UserRule(rule_id="leaps", form=".py", sha256=digest))
    capsys.readouterr()
    found = previewed(capsys, "--rules-directory", own, "--against", "service", "--target", target, market)
    assert found["left_out"] == {}
    assert found["rules"]["leaps"]["same"] == found["rules"]["leaps"]["before"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--against", "nowhere.yaml"], "expected defaults, service or a settings file, found no file 'nowhere.yaml'"),
        (["--target", "127.0.0.1:1"], "expected with --against service only"),
    ],
)
def test_what_can_not_be_compared_with_is_said(
    arguments: list[str], message: str, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "preview", "--rules-directory", str(tmp_path), *arguments, str(market)]) == 2
    assert message in capsys.readouterr().err


def test_detect_and_list_tell_of_a_faulty_rule(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "broken.py").write_text("import nowhere_to_be_found")
    out = tmp_path / "alerts.jsonl"
    assert main(["detect", str(market), "--out", str(out), "--rules-directory", str(own), "--json"]) == 0
    assert "nowhere_to_be_found" in json.loads(capsys.readouterr().out)["faulty"]["broken"]
    assert main(["rules", "list", "--rules-directory", str(own)]) == 0
    assert "broken faulty" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["yaml", "python"])
def test_a_new_rule_of_either_form_passes_its_checks_and_is_locked(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "new", "mine", "--form", form, "--out", str(tmp_path)]) == 0
    assert main(["rules", "lock", "--directory", str(tmp_path)]) == 0
    assert main(["rules", "check", str(tmp_path)]) == 0
    file = tmp_path / ("mine.yaml" if form == "yaml" else "mine.py")
    file.write_text(file.read_text().replace("reason: a few", "reason: so few").replace("once or twice", "once"))
    assert main(["rules", "check", str(tmp_path)]) == 1
    assert "step its version" in capsys.readouterr().err


def test_a_rule_that_keeps_state_of_its_own_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "new", "mine", "--out", str(tmp_path)]) == 0
    file = tmp_path / "mine.py"
    text = file.read_text().replace("    triggers = FLOW\n", "    triggers = FLOW\n    asked = 0\n")
    text = text.replace("        push = abs(", "        self.asked += 1\n        push = abs(")
    file.write_text(text.replace("score = 0.5 +", "score = self.asked / 1e6 + 0.5 +"))
    assert main(["rules", "check", str(tmp_path)]) == 1
    assert "the same events twice gave other alerts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spoofing", "size_multiple_min"], "expected PARAMETER=NUMBER or PARAMETER=default"),
        (["spoofing", "size_multiple_mim=5"], "did you mean 'size_multiple_min'"),
        (["spoofing", "size_multiple_min=0"], "expected 1 to 1000 x median, found 0"),
    ],
)
def test_a_wrong_parameter_is_refused_before_it_is_published(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "set", *arguments, "--reason", "try"]) == 2
    assert message in capsys.readouterr().err


def test_values_to_set_are_taken_from_settings_that_have_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "tuned.yaml"
    settings.write_text("detection: {rules: {spoofing: {size_multiple_min: 7}, wash_self: {}}}")
    assert main(["rules", "set", "wash_self", "--from", str(settings), "--reason", "try"]) == 2
    assert "expected parameters of wash_self in" in capsys.readouterr().err
    assert main(["rules", "set", "spoofing", "--reason", "try"]) == 2
    assert "expected PARAMETER=VALUE... or --from FILE, found neither" in capsys.readouterr().err


def test_a_rules_directory_that_is_not_there_is_said(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = market.with_name("settings.yaml")
    config.write_text("detection: {rules_directory: /nowhere/at/all}")
    assert main(["detect", str(market), "--out", str(market.with_name("out")), "--config", str(config)]) == 1
    assert "expected a directory of rules, found" in capsys.readouterr().err
