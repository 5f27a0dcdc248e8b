import pytest

from case_service.case import Disposition
from case_service.priority import Standing, Urgency, value_of
from tapewatch.alert import Measurement, Severity
from tests.case_service.fakes import alert

URGENCY = Urgency()
NOTHING = Standing()


@pytest.mark.parametrize(
    ("severity", "score", "value", "standing", "priority"),
    [
        (Severity.CRITICAL, 0.1, 0, NOTHING, 1),
        (Severity.CRITICAL, 1.0, 9e9, NOTHING, 1),
        (Severity.HIGH, 0.89, 0, NOTHING, 2),
        (Severity.HIGH, 0.9, 0, NOTHING, 1),
        (Severity.MEDIUM, 0.5, 0, NOTHING, 3),
        (Severity.LOW, 0.5, 0, NOTHING, 4),
        (Severity.LOW, 0.5, 1_000_000, NOTHING, 3),
        (Severity.MEDIUM, 0.5, 999_999, Standing(found_true=1), 2),
        (Severity.MEDIUM, 0.5, 0, Standing(found_false=2), 3),
        (Severity.MEDIUM, 0.5, 0, Standing(found_false=3), 4),
        (Severity.MEDIUM, 0.5, 0, Standing(found_true=1, found_false=9), 2),
        (Severity.CRITICAL, 0.5, 0, Standing(found_false=3), 2),
        (Severity.LOW, 0.1, 0, Standing(found_false=3), 4),
        (Severity.LOW, 0.5, 0, Standing(watched={"pep": 2, "insiders": 1}), 1),
        (Severity.LOW, 0.5, 0, Standing(watched={"seen": 0}), 4),
    ],
)
def test_each_measure_moves_a_case_by_one_and_watch_lists_by_what_they_say(
    severity: Severity, score: float, value: float, standing: Standing, priority: int
) -> None:
    assert URGENCY.priority(severity, score, value, standing).number == priority


def test_a_priority_says_what_made_it() -> None:
    standing = Standing(2, 5, {"pep": 1})
    assert URGENCY.priority(Severity.MEDIUM, 0.95, 2_500_000, standing).reasons == (
        "severity MEDIUM",
        "score 0.95, 0.9 or more: 1 up",
        "2,500,000 at stake, 1,000,000 or more: 1 up",
        "2 earlier found true: 1 up",
        "on watch list pep: 1 up",
    )
    (_, lowered) = URGENCY.priority(Severity.HIGH, 0.1, 0, Standing(found_false=4)).reasons
    assert lowered == "4 earlier found false, none true: 1 down"


def test_what_was_closed_without_a_finding_counts_neither_way() -> None:
    ended = [Disposition.WARNED, Disposition.REPORTED, Disposition.NO_ACTION, Disposition.FALSE_POSITIVE]
    assert Standing.of_outcomes(ended) == Standing(found_true=2, found_false=1)
    assert Standing.of_outcomes([Disposition.KNOWN_BEHAVIOUR]) == NOTHING


def test_a_standing_is_kept_as_it_is() -> None:
    standing = Standing(1, 2, {"b": 1, "a": 3})
    assert Standing.from_json(standing.to_json()) == standing
    assert Standing.from_json("{}") == NOTHING
    assert NOTHING.also_watched({"a": 1}).also_watched({"a": 0, "b": 2}).watched == {"a": 1, "b": 2}


def test_the_value_at_stake_is_the_largest_notional_measured_and_no_gain() -> None:
    measured = alert(
        measurements=(
            Measurement("notional", 5e5, 1e5, "notional"),
            Measurement("worth", 7e5, 1e5, "notional"),
            Measurement("gain", 9e9, 0.0, "notional"),
            Measurement("quantity", 1e12, 0.0, "shares"),
        )
    )
    assert value_of(measured) == 7e5
    assert value_of(alert()) == 0.0
