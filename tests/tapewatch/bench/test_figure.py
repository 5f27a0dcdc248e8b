"""Figures against their limits, repeats, the table and the page."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.bench import report
from tapewatch.bench.figure import RUNS_MAX, RUNS_MIN, Samples, figure_of, repeated, repeated_rate, single

RATE = figure_of("engine", "all rules", Samples((150.0, 50.0, 100.0)), "events/s", floor=200.0, target=400.0)
DELAY = single("pipeline", "p99", 50.0, "ms", floor=250.0, lower_is_better=True, note="a|b")
MACHINE = {"cores": 2, "processor": "Test", "system": "Linux", "python": "3.11", "engine": "compiled", "load": 0.5}


def test_a_figure_is_the_median_with_its_extremes() -> None:
    assert (RATE.value, RATE.low, RATE.high, RATE.runs) == (100.0, 50.0, 150.0, 3)


def test_a_ratio_above_one_is_better_for_rates_and_for_delays() -> None:
    assert (RATE.ratio_to(RATE.floor), RATE.ratio_to(RATE.target), RATE.ratio_to(None)) == (0.5, 0.25, None)
    assert DELAY.ratio_to(DELAY.floor) == 5.0


def test_a_difference_of_nothing_is_within_any_limit_and_still_json() -> None:
    nothing = single("forest", "difference", 0.0, "", floor=1e-15, lower_is_better=True)
    assert nothing.ratio_to(nothing.floor) == float("inf")
    assert nothing.to_json()["ratio_to_floor"] is None


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_with_at_least_the_share_at_or_below(values: list[float], share: float) -> None:
    found = Samples(tuple(values)).percentile(share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_repeats_are_bounded_below_and_above() -> None:
    assert len(repeated(lambda: 1.0, 0.0).values) == RUNS_MIN
    assert len(repeated(lambda: 1.0, 60.0).values) == RUNS_MAX


def test_a_rate_is_things_by_time() -> None:
    fewer, more = (repeated_rate(lambda: sum(range(200_000)), count, 0.0).median for count in (10, 1_000))
    assert 10 < more / fewer < 1_000


def test_a_missed_limit_is_marked() -> None:
    assert report.cells(RATE)[2:7] == ("100 events/s", "50.00..150", ">= 200", ">= 400", "0.50 !")
    assert report.cells(DELAY)[2:7] == ("50.00 ms", "", "<= 250", "", "5.00")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.1e-16, "1.1e-16"), (0.5, "0.50"), (12.345, "12.35"), (1_234_567.8, "1,234,568")]
)
def test_numbers_have_the_digits_worth_reading(value: float, text: str) -> None:
    assert report.number(value) == text


def test_the_page_has_a_section_a_part_a_row_a_figure_and_names_machine_and_day() -> None:
    lines = report.markdown([RATE, DELAY], MACHINE, "2026-03-02", "A quiet day.").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 * 3
    assert {row.replace("\\|", "").count("|") for row in rows} == {len(report.COLUMNS) + 1}
    measured = [line for line in lines if line.startswith("Measured")]
    assert len(measured) == 2
    assert all(text in measured[0] for text in ("2026-03-02", "2 cores of Test", "load 0.5", "A quiet day."))


def test_a_part_measured_anew_leaves_the_other_parts_of_the_page_as_they_were() -> None:
    def page(rate: float, date: str, before: str, *parts: str) -> str:
        figures = [replace(RATE, part=part, value=rate) for part in parts]
        return report.markdown(figures, MACHINE, date, page=before)

    first = page(1_000.0, "2026-03-02", "", "engine", "fix")
    second = page(2_000.0, "2026-03-03", first, "fix")
    third = page(3_000.0, "2026-03-04", second, "store")
    assert first.split("<!-- fix -->")[0] == second.split("<!-- fix -->")[0]
    assert ("1,000" in second.split("<!-- fix -->")[1], "2,000" in second.split("<!-- fix -->")[1]) == (False, True)
    assert third.startswith(second)
    assert third.count("Measured on") == 3
    assert page(3_000.0, "2026-03-04", third, "store") == third
