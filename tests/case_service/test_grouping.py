import dataclasses

import pytest

from case_service.case import ALERTS_OF_CASE_MAX, CaseState
from case_service.grouping import FAMILIES, Extent, GroupPart, Policy, choose, episode_key, family_table, title_of
from case_service.priority import Standing
from tapewatch.alert import Severity
from tests.case_service.fakes import HOUR_NS, MINUTE_NS, NINE_NS, NOW_NS, alert, later

POLICY = Policy()
WINDOW_NS = 30 * MINUTE_NS


def extent(number: int = 1, **changes: object) -> Extent:
    usual = Extent(number, CaseState.OPEN, 1, Severity.LOW, 0.1, NINE_NS, NINE_NS + MINUTE_NS, 0.0, "", Standing())
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]  # the test's own fields


def test_alerts_of_one_family_share_a_group_and_of_others_do_not() -> None:
    keys = [POLICY.group_key(alert(typology=typology)) for typology in ("SPOOFING", "layering", "WASH_SELF", "NEW")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("change", [{"owners": ("O2",)}, {"owners": ("O1", "O2")}, {"instrument": "B"}, {"venue": "B"}])
def test_another_subject_instrument_or_venue_is_another_group(change: dict[str, object]) -> None:
    assert POLICY.group_key(alert(**change)) != POLICY.group_key(alert())


def test_without_owners_the_instrument_is_the_subject_whatever_the_accounts() -> None:
    first, second = (POLICY.group_key(alert(owners=(), accounts=accounts)) for accounts in (("A1",), ("A2",)))
    assert first == second


def test_a_typology_that_no_family_names_is_its_own() -> None:
    assert POLICY.family_of("SOMETHING_NEW") == "SOMETHING_NEW"


def test_a_typology_in_two_families_is_refused() -> None:
    with pytest.raises(ValueError, match="spoofing: expected one family, found ORDER_BOOK and MINE"):
        family_table({**FAMILIES, "MINE": ["spoofing"]})


@pytest.mark.parametrize(
    ("minutes", "joins"), [(31.0, True), (31.001, False), (-31.0, True), (-31.001, False), (0.5, True)]
)
def test_an_alert_joins_up_to_the_window_before_and_after_a_case(minutes: float, joins: bool) -> None:
    found = choose([extent()], later("b", minutes), WINDOW_NS)
    assert (found is not None) is joins


def test_the_oldest_case_that_takes_it_is_chosen() -> None:
    candidates = [extent(3), extent(2), extent(1, state=CaseState.CLOSED)]
    found = choose(candidates, alert(), WINDOW_NS)
    assert found is not None
    assert found.number == 2


def test_a_full_case_takes_no_more() -> None:
    assert choose([extent(alert_count=ALERTS_OF_CASE_MAX)], alert(), WINDOW_NS) is None
    assert choose([extent(alert_count=ALERTS_OF_CASE_MAX - 1)], alert(), WINDOW_NS) is not None


def test_a_case_reaches_as_far_as_its_alerts() -> None:
    case = extent()
    case.add(later("b", 10, severity=Severity.CRITICAL, score=0.05))
    assert case == extent(alert_count=2, severity=Severity.CRITICAL, end_time_ns=NINE_NS + 11 * MINUTE_NS)


@pytest.mark.parametrize(
    ("group_by", "change", "together"),
    [
        (("owner", "instrument"), {"typology": "WASH_SELF"}, True),
        (("owner", "family"), {"instrument": "B", "venue": "B"}, True),
        (("instrument", "family"), {"owners": ("O2",)}, True),
        (("owner",), {"instrument": "B", "typology": "WASH_SELF"}, True),
        (("owner", "family"), {"owners": ("O2",)}, False),
        (("instrument",), {"instrument": "B"}, False),
    ],
)
def test_what_alerts_of_a_case_have_in_common_can_be_chosen(
    group_by: tuple[GroupPart, ...], change: dict[str, object], together: bool
) -> None:
    policy = Policy(group_by=group_by)
    assert (policy.group_key(alert(**change)) == policy.group_key(alert())) is together


def test_known_behaviour_joins_what_the_same_entry_closed_and_nothing_else() -> None:
    known = extent(1, state=CaseState.CLOSED, known_behaviour_id="k1")
    assert choose([known], alert(), WINDOW_NS, "k1") is known
    assert choose([known], alert(), WINDOW_NS, "k2") is None
    assert choose([known], alert(), WINDOW_NS) is None
    assert choose([extent(2)], alert(), WINDOW_NS, "k1") is None


def test_an_episode_is_the_same_for_every_version_of_its_rule() -> None:
    key = episode_key(alert("a"))
    assert episode_key(alert("b", rule_version="2.0.0", revision=3, end_time_ns=NINE_NS + HOUR_NS)) == key
    for change in ({"rule_id": "layering"}, {"owners": ("O2",)}, {"start_time_ns": 1}, {"instrument": "B"}):
        assert episode_key(alert(**change)) != key


@pytest.mark.parametrize(("priority", "hours"), [(1, 4), (2, 24), (3, 72), (4, 168)])
def test_a_case_is_due_the_sooner_the_more_urgent(priority: int, hours: int) -> None:
    assert POLICY.due_time_ns(NOW_NS, priority) == NOW_NS + hours * HOUR_NS


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({}, "Order book in ACME at XTST by O1"),
        ({"owners": ("O1", "O2", "O3")}, "Order book in ACME at XTST by O1 and 2 more"),
        ({"owners": ()}, "Order book in ACME at XTST"),
        ({"owners": (), "venue": "", "instrument": ""}, "Order book in no instrument"),
    ],
)
def test_the_title_names_what_where_and_who(change: dict[str, object], title: str) -> None:
    assert title_of(alert(**change), "ORDER_BOOK") == title


def test_a_long_title_is_cut_with_a_mark() -> None:
    title = title_of(alert(owners=("O" * 200,)), "ORDER_BOOK")
    assert (len(title), title[-3:]) == (200, "...")
