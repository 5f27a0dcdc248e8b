"""The engine as its hosts see it: configuration, snapshots, counters, what can not apply, anomaly views."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from detection_service.engine.configuration import ConfigurationError, EngineConfiguration, selected
from detection_service.engine.engine import Engine
from detection_service.engine.facts import Unusual
from detection_service.frozen import SnapshotError
from detection_service.rules.catalogue import RULE_BY_ID
from tapewatch.alert import Anomaly
from tapewatch.market.frame import Frame, FrameError
from tapewatch.market.reference import Reference
from tests.detection_service.rules.schemes import OWNERS, SCHEMES, spoof, washed
from tests.detection_service.scenario import Market, configured, final, found


def test_a_parameter_overridden_changes_what_is_found() -> None:
    market = SCHEMES["spoofing"].play()
    assert found(market, "spoofing", configured({"spoofing": {"genuine_ratio_min": 14.9}}))
    assert not found(market, "spoofing", configured({"spoofing": {"genuine_ratio_min": 15.1}}))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"spoofng": {}}, "unknown rule 'spoofng': did you mean 'spoofing'"),
        ({"spoofing": {"life_max": 1.0}}, "unknown parameter 'life_max': did you mean 'life_max_s'"),
        ({"spoofing": {"life_max_s": 0.0}}, "spoofing, life_max_s: expected 0.1 to 600 s, found 0.0"),
        ({"spoofing": {"life_max_s": float("nan")}}, "expected 0.1 to 600 s, found nan"),
        ({"spoofing": {"life_max_s": "long"}}, "expected 0.1 to 600 s, found 'long'"),
        ({"spoofing": None}, "rule spoofing: expected parameters by name, found None"),
    ],
)
def test_a_configuration_that_is_not_valid_is_refused_saying_what_was_expected(rules: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Engine(EngineConfiguration(rules))  # type: ignore[arg-type]  # what a control record may hold


def test_a_refused_configuration_leaves_the_one_in_force() -> None:
    engine = Engine()
    held, digest = engine.configuration, engine.config_digest
    with pytest.raises(ConfigurationError):
        engine.configure(EngineConfiguration({"spoofing": {"life_max_s": -1.0}}))
    assert (engine.configuration, engine.config_digest) == (held, digest)
    assert len(engine.process(Frame.from_rows(SCHEMES["spoofing"].play().rows))) >= 1


def test_rules_are_chosen_by_name_and_only_those_run() -> None:
    rows = washed("w1", "w1").rows
    engine = Engine(EngineConfiguration(selected("spoofing, layering")))
    assert engine.process(Frame.from_rows(rows)) + engine.finish() == []
    assert set(selected(None)) == set(RULE_BY_ID)
    with pytest.raises(ConfigurationError, match="unknown rule 'wash_sel': did you mean 'wash_self'"):
        selected("wash_sel")


def test_the_digest_names_rules_parameters_and_reference_data() -> None:
    usual = EngineConfiguration()
    assert usual.digest() == configured({"spoofing": {"life_max_s": 30.0}}).digest()
    others = [configured({"spoofing": {"life_max_s": 29.0}}), configured(accounts=OWNERS)]
    assert len({each.digest() for each in (usual, *others)}) == 3


def test_new_reference_data_takes_effect_from_the_next_event_on() -> None:
    first, second = washed("w1", "w2", times=1).rows, Market().at(6_000)
    second.deal("w1", "w2", 100.0, 50)
    later = [row | {"order_id": f"later-{row.get('order_id')}", "trade_id": "later"} for row in second.rows]
    engine = Engine()
    assert engine.process(Frame.from_rows(first)) == []
    engine.configure(configured(accounts=OWNERS))
    (alert,) = final(engine.process(Frame.from_rows(later)) + engine.finish())
    assert (alert.rule_id, alert.owners) == ("wash_owner", ("Wanda",))
    assert alert.config_digest == configured(accounts=OWNERS).digest()


@pytest.mark.parametrize("damage", [b"TWS2", b"TWS2\0\0\0\0body", b"TWS2\3\0\0\0\0\0\0\0abc"])
def test_a_damaged_snapshot_is_refused(damage: bytes) -> None:
    with pytest.raises(SnapshotError, match="expected an undamaged snapshot"):
        Engine().restore(damage)


def test_a_snapshot_with_one_bit_turned_is_refused() -> None:
    snapshot = bytearray(Engine().snapshot())
    snapshot[len(snapshot) // 2] ^= 1
    with pytest.raises(SnapshotError):
        Engine().restore(bytes(snapshot))


def test_bytes_that_are_no_frame_are_refused_and_change_nothing() -> None:
    engine = Engine()
    with pytest.raises(FrameError):
        engine.process(b"not a frame")
    assert engine.status()["sources"] == {}


def test_a_source_of_prints_alone_can_not_support_the_rules_on_orders() -> None:
    market = Market().at(1)
    market.trade(10.0, 5, "BUY")
    engine = Engine()
    engine.process(Frame.from_rows(market.rows))
    status = engine.status()
    assert "the source does not show orders" in status["not_applicable"]["spoofing"]
    assert "price_spike" not in status["not_applicable"]
    assert status["sources"]["feed"]["not_applicable"] == status["not_applicable"]


def test_a_rule_on_session_moments_needs_to_be_told_when_they_are() -> None:
    market = Market().at(1)
    market.deal("a", "b", 10.0, 5)
    rule = "marking_the_close"
    timed = [{"venue": "XTST", "instrument": "ACME", "session_close": "16:00"}]
    engine = Engine(EngineConfiguration({rule: {}}))
    engine.process(Frame.from_rows(market.rows))
    assert "no session times (PHASE events" in engine.status()["sources"]["feed"]["not_applicable"][rule]
    engine.configure(EngineConfiguration({rule: {}}, Reference.of(instruments=timed)))
    assert engine.status()["not_applicable"] == {}
    engine.configure(EngineConfiguration({rule: {}}))
    assert rule in engine.status()["not_applicable"]
    market.at(2).row("PHASE", phase="OPEN")
    engine.process(Frame.from_rows(market.rows[-1:]))
    assert engine.status()["not_applicable"] == {}


@pytest.mark.parametrize(
    ("rule", "tables"),
    [
        ("wash_owner", {"accounts": [{"account": "a", "owner": "o"}]}),
        ("restricted_list", {"restricted": [{"account": "a"}]}),
        ("insider_dealing", {"announcements": [{"instrument": "ACME", "time_ns": "5"}]}),
        ("cross_product", {"instruments": [{"instrument": "ACME", "underlying": "BASE"}]}),
        ("position_concentration", {"instruments": [{"instrument": "ACME", "float_quantity": "1000"}]}),
        ("profile_deviation", {"accounts": [{"account": "a", "baseline_notional_per_day": "1"}]}),
    ],
)
def test_a_rule_says_which_reference_data_it_lacks(rule: str, tables: dict[str, list[dict[str, str]]]) -> None:
    known = EngineConfiguration({rule: {}}, Reference.of(**tables))
    assert "reference data of" in Engine(EngineConfiguration({rule: {}})).not_applicable(0xFF)[rule]
    assert Engine(known).not_applicable(0xFF) == {}


def test_what_one_source_lacks_another_may_show() -> None:
    prints, orders = Market(source="prints").at(1), Market(source="orders").at(2)
    prints.trade(10.0, 5, "BUY")
    orders.deal("a", "b", 10.0, 5)
    engine = Engine()
    engine.process(Frame.from_rows([*prints.rows, *orders.rows]))
    status = engine.status()
    assert "spoofing" in status["sources"]["prints"]["not_applicable"]
    assert "spoofing" not in status["not_applicable"]


def test_counters_are_kept_by_source_and_alerts_by_rule() -> None:
    engine = Engine()
    market = washed("w1", "w1")
    engine.process(Frame.from_rows(market.rows))
    status = engine.status()
    assert status["alerts_by_rule"] == {"wash_self": 1}
    assert status["sources"]["feed"]["evaluated"] == len(market.rows)
    assert status["event_time_ns"] == market.rows[-1]["event_time_ns"]


class LoudScorer:
    """Takes everything for very unusual."""

    model_id = "loud"

    def view(self, portraits: Sequence[Sequence[float]]) -> Anomaly | None:
        return Anomaly(1.0, self.model_id) if portraits else None

    def judge(self, portrait: Sequence[float]) -> Unusual:
        return Unusual(1.0, tuple)


def test_a_model_ranks_alerts_and_neither_makes_nor_stops_one() -> None:
    rows = SCHEMES["spoofing"].play().rows
    plain, ranked = Engine(), Engine(scorer=LoudScorer())
    without = plain.process(Frame.from_rows(rows)) + plain.finish()
    with_model = ranked.process(Frame.from_rows(rows)) + ranked.finish()
    assert [alert.anomaly for alert in without] == [None] * len(without)
    assert {alert.anomaly for alert in with_model} == {Anomaly(1.0, "loud")}
    assert [alert.alert_id for alert in with_model] == [alert.alert_id for alert in without]
    assert ranked.model_id == "loud"


def test_an_alert_about_the_market_has_no_group_to_rank() -> None:
    engine = Engine(scorer=LoudScorer())
    made = engine.process(Frame.from_rows(SCHEMES["price_spike"].play().rows))
    assert {alert.anomaly for alert in made} == {None}


def test_an_open_episode_is_revised_at_most_once_a_second_unless_it_grows_graver() -> None:
    market = Market().crowd()
    for number in range(40):
        market.at(10 + number / 20).deal("w1", "w1", 100.0, 1)
    engine = Engine()
    made = engine.process(Frame.from_rows(market.rows))
    graver = sum(one.severity < other.severity for one, other in itertools.pairwise(made))
    assert len(made) <= 3 + graver
    (last,) = engine.finish()
    assert len(last.trade_ids) == 40


def test_an_episode_ends_after_its_longest_time_though_the_behaviour_goes_on() -> None:
    market = Market().crowd()
    for number in range(40):
        market.at(10 + number * 500).deal("w1", "w1", 100.0, 1)
    alerts = found(market, "wash_self")
    assert len(alerts) == 2
    assert not set(alerts[0].trade_ids) & set(alerts[1].trade_ids[1:])


def test_an_engine_restored_and_ended_at_once_closes_what_was_open() -> None:
    engine, again = Engine(), Engine()
    made = engine.process(Frame.from_rows(spoof(Market().crowd(), 10).tick(20).rows))
    again.restore(engine.snapshot())
    (last,) = again.finish()
    assert (last.alert_id, last.revision, last.closed) == (made[-1].alert_id, 2, True)
    assert engine.finish() == [last]
