"""Facts are measured, compared with what is published, and drawn."""

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.simulation import SimulationConfig, simulate
from simulator.stylised_facts.comparison import as_json, compare, headers, table_rows
from simulator.stylised_facts.impact import impact_exponent
from simulator.stylised_facts.measures import Measured, measure
from simulator.stylised_facts.plot import draw
from simulator.stylised_facts.published import FACTS
from simulator.stylised_facts.recording import record


@pytest.fixture(scope="module")
def simulated() -> dict[str, Measured]:
    return {name: measure(one) for name, one in record(simulate(SimulationConfig(seed=7, minutes=6.0))).items()}


def test_every_published_fact_is_measured_somewhere(simulated: dict[str, Measured]) -> None:
    for one in simulated.values():
        assert {fact.name for fact in FACTS} - {"impact_exponent"} <= set(one.facts)


def test_shares_are_shares_and_a_book_has_a_spread(simulated: dict[str, Measured]) -> None:
    for one in simulated.values():
        for name in ("cancelled_share", "fleeting_share", "orders_over_five_seconds", "orders_done_in_ten_minutes"):
            assert 0.0 <= one.facts[name] <= 1.0
        assert one.facts["spread_ticks"] >= 1.0


def test_a_row_says_what_holds_and_what_does_not_and_keeps_quiet_where_nothing_is_known() -> None:
    low, high = (Measured({"cancelled_share": value, "return_tail": float("nan")}, {}) for value in (0.2, 0.9))
    rows = {row.fact.name: row for row in compare([low, high, high], {"REAL": low}, impact_exponent=0.5)}
    assert rows["cancelled_share"].holds is True
    assert rows["cancelled_share"].simulated_least == 0.2
    assert rows["cancelled_share"].recorded == {"REAL": 0.2}
    assert rows["return_tail"].holds is None
    assert rows["impact_exponent"].holds is True
    assert compare([low], {})[1].holds is False


def test_the_table_has_a_cell_for_every_column_and_json_has_no_nan() -> None:
    rows = compare([Measured({}, {})], {"REAL": Measured({}, {})})
    assert all(len(cells) == len(headers(rows)) for cells in table_rows(rows))
    assert all(one["simulated"] is None for one in as_json(rows))


def test_depth_is_counted_in_steps_of_a_third_of_the_spread() -> None:
    book = (("a", "SELL", 10.09, 1.0), ("b", "BUY", 10.00, 1.0), ("c", "BUY", 9.97, 5.0), ("d", "BUY", 9.95, 1.0))
    rows = [
        {"event_time_ns": seconds * 5 * 10**9, "kind": "NEW", "venue": "V", "instrument": "I", "order_id": order_id,
         "side": side, "price": price, "quantity": quantity}
        for seconds, (order_id, side, price, quantity) in enumerate((*book, ("e", "BUY", 10.01, 1.0)))
    ]  # fmt: skip
    one = measure(record(rows)["V I"])
    assert one.facts["spread_ticks"] == pytest.approx(9.0)
    assert one.facts["depth_peak"] == pytest.approx(1 / 3)


def test_a_recording_without_quotes_says_nothing_of_the_book() -> None:
    row = {"event_time_ns": 0, "kind": "TRADE", "venue": "V", "instrument": "I", "price": 1.0, "quantity": 1.0}
    assert np.isnan(measure(record([row])["V I"]).facts["depth_peak"])


def test_what_numpy_measured_can_be_written_as_json() -> None:
    rows = compare([Measured({"cancelled_share": np.float64(0.9)}, {})], {}, impact_exponent=np.float64(0.5))
    assert json.loads(json.dumps(as_json(rows)))[1]["holds"] is True


def test_impact_that_grows_with_the_root_of_size_has_exponent_one_half() -> None:
    sizes = np.array([4.0, 8.0, 16.0])
    errors = np.array([0.5, 0.1, 0.1])
    assert impact_exponent(sizes, 3.0 * np.sqrt(sizes), errors) == pytest.approx(0.5)
    assert np.isnan(impact_exponent(sizes, np.array([1.0, -0.1, 2.0]), errors))


def test_an_impact_known_badly_weighs_little() -> None:
    sizes = np.array([4.0, 8.0, 16.0, 32.0])
    impacts = np.array([0.1, 2.0, 2.0 * np.sqrt(2.0), 4.0])
    assert impact_exponent(sizes, impacts, np.array([1.0, 0.05, 0.05, 0.05])) == pytest.approx(0.5, abs=0.05)


def test_the_picture_is_drawn(simulated: dict[str, Measured], tmp_path: Path) -> None:
    picture = tmp_path / "facts.svg"
    draw(picture, simulated, {}, (np.array([4.0, 8.0]), np.array([1.0, 1.5]), np.array([0.2, 0.2])), "six minutes")
    assert "</svg>" in picture.read_text(encoding="utf-8")


def test_a_kurtosis_that_could_not_be_measured_does_not_fall(simulated: dict[str, Measured]) -> None:
    for one in simulated.values():
        assert np.isnan(one.facts["kurtosis_300s"])
        assert np.isnan(one.facts["kurtosis_fall"])
