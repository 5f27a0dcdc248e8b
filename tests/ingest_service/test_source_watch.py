"""What ingest journals of its sources' rhythm, numbers and clocks, and when a canary is due."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest_service.intake import Intake
from ingest_service.source_watch import SourceWatch, WatchOptions
from ingest_service.state import IngestState
from tapewatch.runtime.journal import RecordKind
from tests.ingest_service.fakes import START_NS, FakeClock, frame, intake_in, row

SECOND_NS = 1_000_000_000
QUIET = WatchOptions(canary_ns=None)


def names(marks: list[dict[str, Any]]) -> list[str]:
    return [mark["mark"] for mark in marks]


def take(intake: Intake, clock: FakeClock, sequence: int, **changes: object) -> None:
    intake.take(f"b{sequence}", frame(row(sequence, **({"event_time_ns": clock.now_ns} | changes))))


async def test_a_source_silent_beyond_the_threshold_is_marked_once_and_again_when_it_speaks(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        take(intake, clock, 1)
        clock.now_ns += 30 * SECOND_NS - 1
        assert watch.look() == []
        clock.now_ns += 1
        (mark,) = watch.look()
        assert mark == {
            "mark": "silent",
            "source": "feed",
            "venues": ["XTST"],
            "time_ns": START_NS + 30 * SECOND_NS,
            "since_ns": START_NS,
            "usual_pause_ns": 0,
            "allowed_ns": 30 * SECOND_NS,
            "last_event_time_ns": START_NS,
        }
        clock.now_ns += 60 * SECOND_NS
        assert watch.look() == []
        take(intake, clock, 2)
        (mark,) = watch.look()
        assert (mark["mark"], mark["pause_ns"]) == ("heard_again", 90 * SECOND_NS)
        assert watch.look() == []


async def test_a_source_with_long_pauses_of_its_own_is_given_more_time(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        for sequence in range(1, 4):
            take(intake, clock, sequence)
            clock.now_ns += 25 * SECOND_NS
            assert watch.look() == []
        clock.now_ns += 49 * SECOND_NS
        assert watch.look() == []
        clock.now_ns += SECOND_NS
        (mark,) = watch.look()
        assert (mark["usual_pause_ns"], mark["allowed_ns"]) == (25 * SECOND_NS, 75 * SECOND_NS)


async def test_a_rhythm_is_forgotten_after_a_day(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        for sequence in (1, 2):
            take(intake, clock, sequence)
            clock.now_ns += 25 * SECOND_NS
        signs = intake.state.ledger.open("feed").signs
        for sequence in range(3, 40):
            clock.now_ns += 3_601 * SECOND_NS
            take(intake, clock, sequence)
        assert signs.usual_pause_ns == 0, "pauses beyond an hour are no rhythm, and the day of 25 s is over"


@pytest.mark.parametrize("ending", ["end_of_source", "closing phase"])
async def test_a_source_that_ended_or_whose_market_closed_may_be_silent(tmp_path: Path, ending: str) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        take(intake, clock, 1)
        if ending == "end_of_source":
            intake.end_source("feed")
        else:
            plain = {"order_id": None, "side": None, "price": None, "quantity": None, "account": None}
            take(intake, clock, 2, kind="PHASE", phase="CLOSE", **plain)
            take(intake, clock, 3, kind="CANCEL")
        clock.now_ns += 7_200 * SECOND_NS
        assert watch.look() == []
        take(intake, clock, 4)
        clock.now_ns += 3_600 * SECOND_NS
        assert names(watch.look()) == ["silent"]


async def test_a_source_that_is_there_again_is_expected_to_be_heard_from_then_on(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        intake.start_source("feed")
        take(intake, clock, 1)
        intake.end_source("feed")
        clock.now_ns += 7_200 * SECOND_NS
        intake.start_source("feed")
        intake.start_source("feed")
        started_ns = clock.now_ns
        assert watch.look() == []
        clock.now_ns += 30 * SECOND_NS
        (mark,) = watch.look()
        assert (mark["mark"], mark["since_ns"]) == ("silent", started_ns)
        await intake.durable()
        kinds = [each.kind for each in intake.journal.read_from(0)]
        assert kinds.count(RecordKind.MARK) == 3
    async with intake_in(tmp_path, clock) as intake:
        assert intake.state.ledger.open("feed").signs.started_time_ns == started_ns


async def test_a_gap_in_the_numbers_is_marked_after_a_grace_and_settled_when_filled(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        for sequence in (1, 2, 6):
            take(intake, clock, sequence)
        assert watch.look() == []
        clock.now_ns += 5 * SECOND_NS
        (mark,) = watch.look()
        assert (mark["mark"], mark["missing"], mark["newly_missing"], mark["seen"]) == ("sequence_gap", 3, 3, 3)
        assert (mark["first_missing"], mark["last_missing"]) == (3, 5)
        assert watch.look() == []
        for sequence in (3, 4, 5):
            take(intake, clock, sequence)
        (mark,) = watch.look()
        assert (mark["mark"], mark["missing"], mark["was_missing"]) == ("sequence_settled", 0, 3)


async def test_numbers_out_of_order_within_the_grace_are_no_gap(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        take(intake, clock, 3)
        take(intake, clock, 1)
        watch.look()
        take(intake, clock, 2)
        clock.now_ns += 10 * SECOND_NS
        assert watch.look() == []


async def test_numbers_beside_keys_count_messages_and_are_no_gap(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        for sequence in (1, 5):
            take(intake, clock, sequence, event_key=f"execution-{sequence}")
        watch.look()
        clock.now_ns += 10 * SECOND_NS
        assert watch.look() == []


async def test_a_gap_nobody_fills_is_over_when_it_has_not_grown_for_ten_minutes(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, WatchOptions(canary_ns=None, silence_ns=None), clock)
        for sequence in (1, 3):
            take(intake, clock, sequence)
        seen = []
        for _ in range(700):
            clock.now_ns += SECOND_NS
            seen += names(watch.look())
        assert seen == ["sequence_gap", "sequence_settled"]


async def periods(
    watch: SourceWatch, intake: Intake, clock: FakeClock, offset_s: float, pace: float = 1.0
) -> list[str]:
    """Five periods of a source whose newest event is `offset_s` behind at first and goes on at a pace."""
    seen: list[str] = []
    begun_ns = clock.now_ns
    sequence = intake.state.ledger.open("feed").numbers.highest
    for _ in range(100):
        clock.now_ns += SECOND_NS
        sequence += 1
        event_ns = begun_ns + int((clock.now_ns - begun_ns) * pace - offset_s * 1e9)
        take(intake, clock, sequence, event_time_ns=event_ns)
        seen += names(watch.look())
    return seen


@pytest.mark.parametrize("offset_s", [3_600.0, 5.0, -5.0, -7_200.0])
async def test_a_clock_that_is_steadily_off_is_marked_and_again_when_it_is_right(
    tmp_path: Path, offset_s: float
) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        assert await periods(watch, intake, clock, offset_s) == ["clock_skew"]
        assert await periods(watch, intake, clock, 0.02) == ["clock_right"]


@pytest.mark.parametrize(
    ("offset_s", "pace"), [(0.5, 1.0), (86_400.0 * 30, 1.0), (7_200.0, 10.0), (600.0, 5.0), (-86_400 * 400, 1.0)]
)
async def test_ordinary_delay_history_and_catching_up_are_no_skew(tmp_path: Path, offset_s: float, pace: float) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, QUIET, clock)
        assert await periods(watch, intake, clock, offset_s, pace) == []


async def test_receive_times_of_the_rows_stand_above_the_clock_of_ingest(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        long_ago = START_NS // 2
        take(intake, clock, 1, event_time_ns=long_ago, receive_time_ns=long_ago + 7)
        assert intake.state.ledger.open("feed").signs.offsets_ns == [7]


async def test_canaries_are_due_on_a_schedule_that_a_restart_goes_on_with(tmp_path: Path) -> None:
    clock = FakeClock()
    options = WatchOptions(canary_ns=15 * SECOND_NS)
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, options, clock)
        assert watch.look() == []
        clock.now_ns += 15 * SECOND_NS
        (mark,) = watch.look()
        assert (mark["mark"], mark["number"]) == ("canary_due", 1)
        assert watch.look() == []
        await intake.durable()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, options, clock)
        clock.now_ns += 100 * SECOND_NS
        (mark,) = watch.look()
        assert mark["number"] == 2, "what was missed while ingest was away is not caught up with"
        assert watch.look() == []


async def test_a_replay_and_a_snapshot_know_what_was_marked(tmp_path: Path) -> None:
    clock = FakeClock()
    async with intake_in(tmp_path, clock) as intake:
        watch = SourceWatch(intake, WatchOptions(), clock)
        for sequence in (1, 4):
            take(intake, clock, sequence)
        watch.look()
        clock.now_ns += 40 * SECOND_NS
        assert set(names(watch.look())) == {"canary_due", "silent", "sequence_gap"}
        await intake.durable()
        signs = intake.state.ledger.open("feed").signs
        copy = IngestState(intake.state.quarantine)
        assert copy.restore(intake.state.encode())
        assert copy.ledger.open("feed").signs == signs
        assert copy.canary_number == 1
        marks = [json.loads(each.payload) for each in intake.journal.read_from(0) if each.kind is RecordKind.MARK]
        assert all(mark["time_ns"] == clock.now_ns for mark in marks)
    async with intake_in(tmp_path, clock) as intake:
        replayed = intake.state.ledger.open("feed").signs
        assert replayed == signs
        watch = SourceWatch(intake, QUIET, clock)
        clock.now_ns += SECOND_NS
        assert watch.look() == []
