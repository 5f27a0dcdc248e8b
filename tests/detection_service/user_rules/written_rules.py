"""Rules as their files have them, for tests."""

from __future__ import annotations

from pathlib import Path

from detection_service.rules.scenarios.event_table import Repetition, event_rows
from detection_service.user_rules.folder import RuleText, rule_of
from detection_service.user_rules.yaml_rule import YamlRule
from tapewatch.cli.rules.skeleton import MODULE, YAML
from tests.detection_service.scenario import Row

BLINKS = """\
time  kind    account  side  price  quantity  order
60    NEW     blinker  BUY   99.95  100       blink#
60.2  CANCEL  blinker  BUY   99.95  100       blink#
"""


def filled_in(text: str, rule_id: str) -> str:
    names = {"RULE_ID": rule_id, "TITLE": "A rule", "TYPOLOGY": rule_id.upper(), "CLASS": "ARule"}
    for placeholder, value in names.items():
        text = text.replace(f"@{placeholder}@", value)
    return text


def in_yaml(rule_id: str = "blinks", **replaced: str) -> RuleText:
    text = filled_in(YAML, rule_id)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return RuleText(rule_id, ".yaml", text)


def in_python(rule_id: str = "leaps") -> RuleText:
    return RuleText(rule_id, ".py", filled_in(MODULE, rule_id))


def blinks() -> YamlRule:
    rule = rule_of(in_yaml(), Path("blinks.yaml"))
    assert isinstance(rule, YamlRule)
    return rule


def raising(rule_id: str = "raises", what: str = "1 / 0") -> RuleText:
    """A rule in Python that is asked as `leaps` is, and raises."""
    text = in_python(rule_id).text.replace("market = scene.market\n", f"{what}\n        market = scene.market\n")
    return RuleText(rule_id, ".py", text)


def blink_rows(times: int = 100) -> list[Row]:
    told = event_rows(BLINKS, 0.0, Repetition(times, 0.5, {}))
    market: Row = {"venue": "XTST", "instrument": "ACME", "source": "feed"}
    rows = sorted((each.row for each in told), key=lambda row: int(str(row["event_time_ns"])))
    return [{**market, "source_sequence": number, **row} for number, row in enumerate(rows, start=1)]
