"""Rules in YAML: what they find, what they say, and what is said of one that can not be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.user_rules.folder import RuleFaultError, RuleText, rule_of
from detection_service.user_rules.template import Template, TemplateError
from tapewatch.alert import Severity
from tests.detection_service.scenario import final, revisions
from tests.detection_service.user_rules.written_rules import blink_rows, blinks, in_yaml


def test_a_rule_in_yaml_finds_what_its_conditions_say_and_names_who_and_what() -> None:
    rule = blinks()
    rows = blink_rows()
    (alert,) = final(revisions(rows, EngineConfiguration({"blinks": {}}, brought=(rule,))), "blinks")
    assert alert.owners == ("blinker",)
    assert alert.accounts == ("blinker",)
    assert alert.severity >= Severity.MEDIUM
    assert "of ACME in five minutes, 100% of them within a second" in alert.explanation
    assert {each.name: each.unit for each in alert.measurements} == {
        "cancel_to_fill_5m": "x",
        "cancels_5m": "cancels",
        "fleeting_share_5m": "share",
    }
    assert {"blink50", "blink64"} <= set(alert.order_ids)


def test_parameters_of_a_rule_in_yaml_are_set_like_those_of_any_rule() -> None:
    strict = EngineConfiguration({"blinks": {"withdrawn_min": 1_000}}, brought=(blinks(),))
    assert revisions(blink_rows(), strict) == []


def test_a_rule_needs_the_data_its_metrics_are_of() -> None:
    assert [need.text for need in blinks().metadata.needs] == ["orders", "accounts", "fills"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("metric: cancels_5m", "metric: cancel_5m", r"unknown metric 'cancel_5m' .*did you mean 'cancels_5m'"),
        ("at_least: withdrawn_min", "at_least: withdrawn", "expected a number or one of the parameters withdrawn_min"),
        ("subject: group", "subject: trader", "subject: Input should be 'group', 'market' or 'owner', found 'trader'"),
        ("version: 1.0.0\n", "", "expected the key 'version', found none"),
        ("version: 1.0.0", "version: one", "expected a version of three numbers"),
        ("version:", "versoin:", "unknown key 'versoin'|expected the key 'version'"),
        ("{instrument}", "{scene.market}", r"expected the name of a metric.*found \{scene.market\}"),
        ("{cancels_5m:,.0f}", "{cancels_5m:>99999999}", "expected a number format like"),
        ("{cancels_5m:,.0f}", "{cancels_5m!r}", "expected a number format like"),
        ("minimum: 5,", "minimum: 50,", "expected a default of 50 to 100000, found 40"),
        ("  - Orders that stand for more than a second.", "  - unknown", "known_gaps: expected what is known"),
    ],
)
def test_a_rule_that_can_not_be_read_says_where_and_what_was_expected(old: str, new: str, message: str) -> None:
    text = in_yaml().text
    assert old in text
    with pytest.raises(RuleFaultError, match=r"blinks\.yaml.*" + f"(?:{message})"):
        rule_of(RuleText("blinks", ".yaml", text.replace(old, new)), Path("blinks.yaml"))


def test_a_template_says_only_named_numbers_and_words() -> None:
    template = Template.parse("{a:.1f} of {b:.0%} in {venue}, {{sic}}", {"a", "b"}, {"venue"})
    assert template.render({"a": 1234.56, "b": 0.5}, {"venue": "XTST"}) == "1234.6 of 50% in XTST, {sic}"
    with pytest.raises(TemplateError, match=r"found \{a.__class__\}"):
        Template.parse("{a.__class__}", {"a"}, ())
    with pytest.raises(TemplateError, match=r"found '\{b\}'"):
        Template.parse("{a:{b}}", {"a", "b"}, ())
