"""What the engine makes of a stream full of schemes does not depend on how it is run."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from detection_service.engine.engine import Engine
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.scenarios.ordinary_model import ordinary_model
from tapewatch.alert import Alert, to_json
from tests.detection_service.engine.every_scheme import (
    Stream,
    cut,
    digest,
    every_scheme,
    played,
    time_ns,
    told_together,
)
from tests.detection_service.scenario import Row, final

SEED = 20260302
RESTORES, GROUPS = 100, 4
"""In groups of the stream's parts: a snapshot of all is much more to copy, a hundred times."""
FIRED_SHARE_MIN = 0.9
DELAY_MAX_S = 4_000


@pytest.fixture(scope="module")
def stream() -> Stream:
    return every_scheme(SEED)


@pytest.fixture(scope="module")
def rows(stream: Stream) -> list[Row]:
    return stream.rows()


@pytest.fixture(scope="module")
def whole(stream: Stream, rows: list[Row]) -> list[Alert]:
    return played(rows, stream.configuration)


@pytest.fixture(scope="module")
def digest_of_whole(whole: list[Alert]) -> str:
    return digest(whole)


def test_most_rules_of_the_catalogue_find_something_in_the_stream(whole: list[Alert]) -> None:
    fired = {alert.rule_id for alert in whole}
    print(f"seed {SEED}: {len(fired)} of {len(RULE_BY_ID)} rules; none of {', '.join(sorted({*RULE_BY_ID} - fired))}")
    assert len(fired) >= FIRED_SHARE_MIN * len(RULE_BY_ID)


@pytest.mark.parametrize("rows_a_batch", [1, 7, 1_000, 4_096])
def test_batches_of_any_size_give_the_same_revisions(
    stream: Stream, rows: list[Row], digest_of_whole: str, rows_a_batch: int
) -> None:
    assert digest(played(rows, stream.configuration, rows_a_batch)) == digest_of_whole


@pytest.mark.parametrize("group", range(GROUPS))
def test_an_engine_restored_again_and_again_gives_the_same_revisions(stream: Stream, group: int) -> None:
    rows = told_together(stream.parts[group::GROUPS])
    starts = sorted(random.Random(SEED + group).sample(range(1, len(rows)), RESTORES // GROUPS))
    engine, made = Engine(stream.configuration, ordinary_model()), list[Alert]()
    for frame in cut(rows, [0, *starts]):
        made += engine.process(frame)
        snapshot = engine.snapshot()
        engine = Engine(stream.configuration, ordinary_model())
        engine.restore(snapshot)
    made += engine.finish()
    assert digest(made) == digest(played(rows, stream.configuration)), f"seed {SEED + group}, restored before {starts}"


def test_what_first_stage_rules_find_on_an_instrument_is_found_there_alone(stream: Stream, whole: list[Alert]) -> None:
    for rows in stream.parts:
        assert found_at(rows, played(rows, stream.configuration)) == found_at(rows, whole)


def test_other_instruments_at_other_times_change_nothing_first_stage_rules_find(
    stream: Stream, whole: list[Alert]
) -> None:
    chance = random.Random(SEED)
    moved = set(chance.sample(range(len(stream.parts)), len(stream.parts) // 2))
    parts = [
        later(rows, chance.randrange(DELAY_MAX_S * 10**9)) if number in moved else rows
        for number, rows in enumerate(stream.parts)
    ]
    again = played(told_together(parts), stream.configuration)
    for number, rows in enumerate(stream.parts):
        if number not in moved:
            assert found_at(rows, again) == found_at(rows, whole), f"seed {SEED}"


def found_at(rows: Sequence[Row], alerts: Sequence[Alert]) -> list[dict[str, object]]:
    """The final alerts of first-stage rules on the instruments of some rows."""
    places = {(row["venue"], row["instrument"]) for row in rows}
    return [
        to_json(alert)
        for alert in final(alerts)
        if RULE_BY_ID[alert.rule_id].metadata.stage == 1 and (alert.venue, alert.instrument) in places
    ]


def later(rows: Sequence[Row], delay_ns: int) -> list[Row]:
    """The rows at another time."""
    return [row | {"event_time_ns": time_ns(row) + delay_ns} for row in rows]
