"""The streams the benches run on are what they say."""

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from ingest_service.requests import read_request
from tapewatch.alert import Alert
from tapewatch.bench import latency, load, market
from tapewatch.bench.market import Session
from tapewatch.market.frame import Frame
from tapewatch.market.validate import validate


@pytest.fixture(scope="module")
def minute() -> Session:
    """The market with everything played in it, as short as it gets."""
    return market.session(minutes=1)


def alerts_of(frames: list[Frame], configuration: EngineConfiguration | None = None) -> tuple[Engine, list[Alert]]:
    engine = Engine(configuration)
    return engine, [alert for frame in frames for alert in engine.process(frame.encode())]


def rows_of(frames: list[Frame]) -> list[dict[str, object]]:
    return [row for frame in frames for row in frame.rows()]


def test_a_session_is_evaluated_whole_and_has_something_to_find(minute: Session) -> None:
    frames = list(market.frames_of(minute.reports))
    engine, alerts = alerts_of(frames, EngineConfiguration(reference=minute.reference))
    (counts,) = engine.status()["sources"].values()
    assert (counts["evaluated"], counts["late"]) == (len(minute.reports), 0)
    assert {"spoofing", "wash_self", "wash_owner"} <= {alert.rule_id for alert in alerts}


def test_sessions_follow_each_other_with_orders_of_their_own(minute: Session) -> None:
    following = market.session(1, minutes=1)
    assert following.reports[0].event_time_ns > minute.reports[-1].event_time_ns
    assert not {each.order_id for each in following.reports} & {each.order_id for each in minute.reports}


def test_the_size_of_frames_changes_no_row(minute: Session) -> None:
    few, many = (list(market.frames_of(minute.reports[:1_000], 5, size)) for size in (1_000, 7))
    assert rows_of(few) == rows_of(many)
    assert [row["source_sequence"] for row in rows_of(few)] == list(range(5, 1_005))
    assert [validate(frame) for frame in few] == [[]]


def test_accounts_at_random_ask_the_rules_and_repeat_with_their_seed() -> None:
    once, again, other = (rows_of(list(market.accounts_at_random(2_000, seed))) for seed in (1, 1, 2))
    assert once == again != other
    frames = list(market.accounts_at_random(2_000))
    assert [validate(frame) for frame in frames] == [[]]
    engine, _ = alerts_of(frames)
    assert next(iter(engine.status()["sources"].values()))["unknown_order"] == 0


def test_requests_of_rows_and_of_frames_say_the_same(minute: Session) -> None:
    frames = list(market.frames_of(minute.reports[:300], rows_a_frame=100))
    by_row, by_frame = load.row_requests(iter(frames)), load.frame_requests(iter(frames))
    assert by_row.rows == by_frame.rows == 300
    for row_form, frame_form in zip(by_row.encoded, by_frame.encoded, strict=True):
        assert list(read_request(row_form).frame.rows()) == list(read_request(frame_form).frame.rows())


def test_every_planted_wash_trade_is_an_alert_of_its_own(minute: Session) -> None:
    planned = latency.plan(minute.reports, 0.1, first_sequence=1)
    assert len(planned.requests) == round(0.1 / latency.BATCH_S)
    assert list(planned.probes) == list(range(0, len(planned.requests), latency.BATCHES_A_PROBE))
    frames = [read_request(request).frame for request in planned.requests]
    rows = rows_of(frames)
    assert [row["source_sequence"] for row in rows] == list(range(1, len(rows) + 1))
    _, alerts = alerts_of(frames)
    washes = [alert for alert in alerts if alert.instrument == latency.INSTRUMENT and alert.rule_id == "wash_self"]
    assert sorted(account for alert in washes for account in alert.accounts) == sorted(planned.probes.values())
    assert len({alert.alert_id for alert in washes}) == len(planned.probes)
