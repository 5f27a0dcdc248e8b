from surveillance.v1 import alert_pb2, case_pb2, simulator_pb2
from tapewatch.cli.demo_report import DemoReport, match
from tapewatch.cli.ledger import LedgerLine

SCENARIO = simulator_pb2.Scenario(
    scenario_id="s1",
    typology="spoofing",
    venue="XTWS",
    instrument="NRDL",
    owners=["O1"],
    order_ids=["o1", "o2"],
    trade_ids=["t1"],
    start_time_ns=100,
    end_time_ns=200,
)
BALANCED = LedgerLine("venue", received=5, journalled=5, evaluated=5)


def case(number: int, alert_id: str = "a", family: str = "ORDER_BOOK", **changes: object) -> case_pb2.Case:
    made = case_pb2.Case(
        case_id=f"c{number}", number=number, venue="XTWS", instrument="NRDL", typology_family=family,
        alert_ids=[alert_id], start_time_ns=900, end_time_ns=950,
    )  # fmt: skip
    made.MergeFrom(case_pb2.Case(**changes))  # type: ignore[arg-type]  # keywords of the message
    return made


def report(*cases: case_pb2.Case, alerts: tuple[alert_pb2.Alert, ...] = (), **changes: object) -> DemoReport:
    outcomes, extra = match([SCENARIO], cases, alerts)
    values = {"ledger": (BALANCED,), "acknowledged": 5, **changes}
    return DemoReport(outcomes, cases, extra, **values)  # type: ignore[arg-type]  # see changes


EVIDENCE = alert_pb2.Alert(alert_id="a", order_ids=["o2", "x"])


def test_a_case_that_names_an_order_of_the_scenario_finds_it() -> None:
    found = report(case(3), alerts=(EVIDENCE,))
    assert [outcome.found for outcome in found.outcomes] == ["case 3"]
    assert (found.problems, found.extra) == ([], ())


def test_a_scenario_without_a_case_is_missed() -> None:
    found = report(case(3, alert_id="other"), alerts=(EVIDENCE,))
    assert found.outcomes[0].found == "MISSED"
    assert found.problems == ["spoofing s1 in NRDL was missed"]
    assert [each.number for each in found.extra] == [3]


def test_a_scenario_in_two_cases_is_a_problem() -> None:
    found = report(case(3), case(4), alerts=(EVIDENCE,))
    assert found.problems == ["spoofing s1 in NRDL is 2 cases (case 3, case 4), expected one"]


def test_a_case_of_another_family_explains_but_does_not_find() -> None:
    found = report(case(3, family="WASH", rule_ids=["wash_self"]), alerts=(EVIDENCE,))
    assert found.outcomes[0].found == "MISSED"
    assert found.extra == ()


def test_a_rule_of_the_family_finds_it_whatever_the_case_calls_its_family() -> None:
    found = report(case(3, family="SPOOF", rule_ids=["layering"]), alerts=(EVIDENCE,))
    assert found.outcomes[0].found == "case 3"


def test_a_trade_with_somebody_else_does_not_find_it() -> None:
    found = report(case(3, owners=["O9"]), alerts=(alert_pb2.Alert(alert_id="a", trade_ids=["t1"]),))
    assert found.outcomes[0].found == "MISSED"


def test_the_same_people_at_the_same_time_find_it_without_order_ids() -> None:
    found = report(case(3, owners=["O1"], start_time_ns=150, end_time_ns=400))
    assert found.outcomes[0].found == "case 3"


def test_the_same_people_at_another_time_do_not() -> None:
    assert report(case(3, owners=["O1"])).outcomes[0].found == "MISSED"


def test_a_ledger_that_does_not_balance_is_a_problem() -> None:
    found = report(case(3), alerts=(EVIDENCE,), ledger=(LedgerLine("venue", received=5, journalled=5, evaluated=4),))
    assert any("DOES NOT HOLD" in problem for problem in found.problems)


def test_events_lost_between_fix_and_ingest_are_a_problem() -> None:
    found = report(case(3), alerts=(EVIDENCE,), acknowledged=6)
    assert found.problems == ["FIX acknowledged 6 events, ingest received 5"]


def test_the_report_as_json_names_cases_by_scenario() -> None:
    values = report(case(3), alerts=(EVIDENCE,)).to_json()
    assert values["scenarios"][0]["cases"] == [3]
    assert values["ledger"][-1]["source"] == "all"


def test_a_case_about_the_market_itself_finds_a_scheme_of_its_family_only() -> None:
    market_wide = case(3, family="ORDER_BOOK", start_time_ns=150, end_time_ns=160)
    other_family = case(4, family="PRICE", start_time_ns=150, end_time_ns=160)
    market_wide.start_time_ns = other_family.start_time_ns = 150
    found = report(market_wide, other_family)
    assert [outcome.found for outcome in found.outcomes] == ["case 3"]
    assert [extra.number for extra in found.extra] == [4]
