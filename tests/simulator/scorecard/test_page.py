import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from simulator.scorecard.page import document
from simulator.scorecard.page.svg import Axis, element
from simulator.scorecard.run_score import score_run
from tapewatch.cli.evaluate_report import report_of
from tests.simulator.scorecard.cases import innocent, scenario, sighting, table, trade

VOID = {"meta", "circle", "line", "polygon", "polyline", "br"}


class Balance(HTMLParser):
    """Counts what is open and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        """Opens and closes at once."""

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    events = table(trade(112, "t", "A1", "A2"))
    alerts = [sighting(), sighting(account="A4", explanation="<script>x</script>"), sighting(account="A3")]
    truth = [scenario(severity=0.5), scenario("s2", account="A2", severity=0.9), innocent()]
    run = score_run(events, truth, alerts, {"spoofing": [sighting()]}, seed=7)
    busy = score_run(events, [innocent()], alerts, {}, seed=7, density=10.0)
    made = report_of([run], densities=[run, busy])
    return dict(json.loads(json.dumps(made, allow_nan=False)))


def read(page: str) -> Balance:
    parser = Balance()
    parser.feed(page)
    return parser


def test_the_page_is_whole_and_says_what_was_found(report: dict[str, Any]) -> None:
    page = document(report, "Title")
    parsed = read(page)
    assert parsed.open == []
    for text in ("Title", "spoofing", "block", "Recall against severity", "The same market, busier"):
        assert text in parsed.text


def test_nothing_in_the_page_comes_from_elsewhere_or_runs(report: dict[str, Any]) -> None:
    page = document(report)
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_report_without_scenarios_has_a_page() -> None:
    run = score_run(table(trade(1, "t", "A1", "A2")), [], [], {})
    assert read(document(report_of([run]))).open == []


def test_an_axis_places_values_and_keeps_them_within_it() -> None:
    axis = Axis(0.01, 100, 0, 400, is_logarithmic=True)
    assert [axis.place(value) for value in (0.001, 0.01, 1, 100, 1e6)] == pytest.approx([0, 0, 200, 400, 400])
    assert Axis(0, 1, 100, 0).place(0.25) == 75


def test_attributes_are_escaped() -> None:
    assert element("text", "a", class_='"<x>') == '<text class="&quot;&lt;x&gt;">a</text>'
