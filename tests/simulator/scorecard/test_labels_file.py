from pathlib import Path

import pytest

from simulator.scorecard.event_marks import EventMarks
from simulator.scorecard.labels_file import read_labels, read_run
from simulator.scorecard.located import located
from simulator.scorecard.truth import LabelError, Scenario
from tests.simulator.scorecard.cases import START, S, cancel, new, table, trade

EVENTS = table([new(1, "o1", "A1", "BUY", 9, 1), cancel(2, "o1", "A1", "BUY"), *trade(3, "t1", "A2", "A3")])


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_label_of_the_simulator_is_read_with_its_markets_and_camouflage(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "labels.jsonl",
        '{"scenario_id": "x", "typology": "spoofing", "severity": 0.5, "venue": "V", "instrument": "I", '
        '"accounts": ["A1"], '
        '"owners": ["O1"], "start_time_ns": 5, "end_time_ns": 9, "order_ids": ["o1"], "trade_ids": [], '
        '"camouflage": {"size": 1.0, "slow": 0.0}, "markets": [{"venue": "V", "instrument": "I"}, '
        '{"venue": "W", "instrument": "I"}]}\n\n',
    )
    (one,) = read_labels(path)
    assert (one.severity, one.camouflage, one.duration_s) == (0.5, ("size",), 4e-9)
    assert [sorted(each) for each in (one.venues, one.instruments, one.order_ids)] == [["V", "W"], ["I"], ["o1"]]


def test_a_run_has_its_hard_negatives_beside_its_schemes(tmp_path: Path) -> None:
    written(tmp_path, "labels.jsonl", '{"typology": "spoofing"}\n')
    written(tmp_path, "benign.jsonl", '{"typology": "block"}\n')
    assert [(one.typology, one.is_scheme) for one in read_run(tmp_path)] == [("spoofing", True), ("block", False)]


def test_events_of_one_label_and_account_are_one_scenario(tmp_path: Path) -> None:
    text = "order_id,label,account\no1,spoof,A1\no2,spoof,A1\no3,spoof,A2\no4,normal,A1\no5,0,A1\n"
    found = read_labels(written(tmp_path, "labels.csv", text), {"spoof": "spoofing"})
    assert {(one.typology, one.accounts, one.order_ids) for one in found} == {
        ("spoofing", frozenset({"A1"}), frozenset({"o1", "o2"})),
        ("spoofing", frozenset({"A2"}), frozenset({"o3"})),
    }


def test_a_typology_named_ordinary_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "labels.jsonl", '{"typology": "noise"}\n{"typology": "spoofing"}\n')
    assert [one.typology for one in read_labels(path, {"noise": "ordinary"})] == ["spoofing"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"typology": "x"}\nnothing\n', "line 2: expected a JSON object, found 'nothing'"),
        ("a.jsonl", "[1]\n", "line 1: expected a JSON object, found list"),
        ("a.jsonl", "{}\n", "line 1: expected a typology, found none"),
        (
            "a.jsonl",
            '{"typology": "x", "start_time_ns": 5, "end_time_ns": 4}\n',
            "expected an end not before the start 5",
        ),
        ("a.jsonl", '{"typology": "x", "kind": "odd"}\n', "found 'odd'"),
        (
            "a.csv",
            "typology,start_time_ns\nx,noon\n",
            "start_time_ns: expected nanoseconds since the epoch, found 'noon'",
        ),
        ("a.csv", "typology,severity\nx,high\n", "line 2, severity: expected a number from 0 to 1, found 'high'"),
        (
            "a.jsonl",
            '{"typology": "x", "rows": ["first"]}\n',
            "line 1, rows: expected places in the file, found 'first'",
        ),
        ("a.csv", "row,label\nfirst,x\n", "rows: expected places in the file, found 'first'"),
        (
            "a.csv",
            "order_id,label,event_time_ns\no1,x,5\no2,x,noon\n",
            "line 3, event_time_ns: expected nanoseconds since the epoch, found 'noon'",
        ),
        ("a.csv", "order_id,kind\n", "expected a column `typology`"),
        ("a.csv", "label\nx\n", "expected one of order_id, trade_id, row beside `label`"),
    ],
)
def test_a_wrong_label_says_where_and_what_was_expected(name: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(LabelError) as caught:
        read_labels(written(tmp_path, name, text))
    assert message in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_what_a_label_leaves_out_is_found_in_its_events() -> None:
    (one,) = located(EVENTS, [Scenario("x", "spoofing", order_ids=frozenset({"o1"}))])
    assert [*one.accounts, *one.owners, *one.venues, *one.instruments] == ["A1", "O1", "V", "I"]
    assert (one.start_time_ns, one.end_time_ns) == (START + S, START + 2 * S)


def test_what_a_label_says_is_kept() -> None:
    said = Scenario("x", "spoofing", accounts=frozenset({"A2"}), order_ids=frozenset({"o1"}), start_time_ns=7)
    (one,) = located(EVENTS, [said])
    assert ([*one.accounts, *one.owners], one.start_time_ns) == (["A2", "O2"], 7)


def test_rows_are_found_by_their_place_in_the_file() -> None:
    (one,) = located(EVENTS, [Scenario("x", "wash_self", rows=(3, 4))])
    assert one.accounts == {"A2", "A3"}
    assert EventMarks(EVENTS).of_rows([3, 4]).tolist() == [False, False, True, True]
