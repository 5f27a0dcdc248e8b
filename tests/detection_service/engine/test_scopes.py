"""Parameters by market, segment or instrument: the most specific wins, and what asks first is never stricter."""

from __future__ import annotations

from typing import Any

import pytest

from detection_service.app import DetectionSettings
from detection_service.engine.configuration import ConfigurationError, EngineConfiguration, checked_scopes
from detection_service.engine.scopes import loosest
from detection_service.rules.rule import Condition
from tapewatch.market.reference import Reference
from tests.detection_service.rules.schemes import SCHEMES, spoof
from tests.detection_service.scenario import Market, Row, final, revisions
from tests.detection_service.user_rules.written_rules import blink_rows, blinks

INSTRUMENTS = [{"venue": "XTST", "instrument": "ACME", "asset_class": "EQUITY", "product": "ACME"}]


def configured(*scopes: dict[str, Any], rules: dict[str, Any] | None = None) -> EngineConfiguration:
    return EngineConfiguration(
        {"spoofing": {}} if rules is None else rules,
        Reference.of(instruments=INSTRUMENTS),
        scopes=checked_scopes(scopes),
        brought=(blinks(),),
    )


def scope(value: float, **keys: str) -> dict[str, Any]:
    return {**keys, "rules": {"spoofing": {"size_multiple_min": value}}}


def test_the_most_specific_scope_wins_parameter_by_parameter() -> None:
    made = configured(
        scope(7, instrument="ACME"),
        scope(9, venue="XTST", asset_class="EQUITY"),
        {"venue": "XTST", "rules": {"spoofing": {"size_multiple_min": 8, "life_max_s": 12}}},
        scope(6, venue="XELSE", instrument="ACME"),
    )
    here = made.parameters_at("XTST", "ACME")["spoofing"]
    assert (here["size_multiple_min"], here["life_max_s"]) == (7, 12)
    assert made.parameters_at("XELSE", "ACME")["spoofing"]["size_multiple_min"] == 6
    assert made.parameters_at("XTST", "OTHER")["spoofing"]["size_multiple_min"] == 8
    assert made.parameters_at("XNONE", "OTHER") == made.parameters()


def market(instrument: str) -> list[Row]:
    return spoof(Market(instrument, source=instrument).crowd(), 10).tick(2_000).rows


def spoofed(configuration: EngineConfiguration) -> set[str]:
    rows = sorted([*market("ACME"), *market("OTHER")], key=lambda row: int(str(row["event_time_ns"])))
    return {alert.instrument for alert in final(revisions(rows, configuration), "spoofing")}


def test_a_rule_is_stricter_where_a_scope_says_so_and_only_there() -> None:
    assert SCHEMES
    assert spoofed(configured()) == {"ACME", "OTHER"}
    assert spoofed(configured(scope(500, instrument="ACME"))) == {"OTHER"}


def test_a_rule_is_laxer_where_a_scope_says_so_and_only_there() -> None:
    strict = {"spoofing": {"size_multiple_min": 500}}
    assert spoofed(configured(scope(5, asset_class="EQUITY"), rules=strict)) == {"ACME"}


@pytest.mark.parametrize(("everywhere", "here"), [(1_000, 40), (40, 1_000)])
def test_conditions_hold_by_the_markets_own_parameters(everywhere: float, here: float) -> None:
    scoped = {"instrument": "ACME", "rules": {"blinks": {"withdrawn_min": here}}}
    made = configured(scoped, rules={"blinks": {"withdrawn_min": everywhere}})
    elsewhere = [{**row, "instrument": "OTHER", "source": "other"} for row in blink_rows()]
    rows = [row for pair in zip(blink_rows(), elsewhere, strict=True) for row in pair]
    found = {alert.instrument for alert in final(revisions(rows, made), "blinks")}
    assert found == ({"ACME"} if here < everywhere else {"OTHER"})


def test_conditions_of_many_markets_are_as_loose_as_the_loosest() -> None:
    made = loosest(
        [(Condition("a", 1, 5), Condition("b", 2)), (Condition("a", 3), Condition("b", 1), Condition("c", 9))]
    )
    assert made == (Condition("a", 1, None), Condition("b", 1, None))


def test_scopes_are_part_of_the_digest() -> None:
    digests = {
        configured().digest(),
        configured(scope(5, venue="XTST")).digest(),
        configured(scope(5, venue="XTSU")).digest(),
        configured(scope(6, venue="XTST")).digest(),
    }
    assert len(digests) == 4
    assert configured(scope(6, venue="XTST"), scope(5, instrument="A")).digest() == (
        configured(scope(5, instrument="A"), scope(6, venue="XTST")).digest()
    )


@pytest.mark.parametrize(
    ("scopes", "message"),
    [
        ([{"rules": {"spoofing": {}}}], "expected at least one of venue, asset_class, product, instrument, found none"),
        ([{"market": "X", "rules": {}}], "unknown key 'market'; expected venue"),
        ([{"venue": "X"}], "scope venue X: expected rules with their parameters, found None"),
        ([scope(5, venue="X"), scope(6, venue="X")], "scope venue X: expected once, found twice"),
        (
            [scope(0, venue="X")],
            r"X: rule spoofing, size_multiple_min: expected 1 to 1000 x median, found 0",
        ),
        ([{"venue": "X", "rules": {"spoofng": {}}}], "scope venue X: unknown rule 'spoofng': did you mean 'spoofing'"),
        ([{"venue": "X", "rules": {"data_gap": {}}}], "data_gap watches sources, not markets"),
    ],
)
def test_a_wrong_scope_is_refused_with_the_settings(scopes: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DetectionSettings(scopes=scopes)


def test_a_configuration_with_a_wrong_scope_is_not_taken() -> None:
    with pytest.raises(ConfigurationError, match="size_multiple_min"):
        configured(scope(-1, venue="X")).check()
