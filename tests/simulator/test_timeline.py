from pathlib import Path

import pytest

from simulator.timeline import Place, free_after, reserve

MINUTE_NS = 60_000_000_000


def test_the_first_run_begins_at_the_configured_time_and_the_next_after_it_ended(tmp_path: Path) -> None:
    first = reserve(tmp_path, 1_000, minutes=5)
    assert first == Place(1_000, 0)
    free_after(tmp_path, first, 1_000 + 2 * MINUTE_NS)
    second = reserve(tmp_path, 1_000, minutes=5)
    assert second.start_time_ns > 1_000 + 2 * MINUTE_NS
    assert second.session_number == 1


def test_a_run_that_was_cut_short_is_not_played_over(tmp_path: Path) -> None:
    reserve(tmp_path, 1_000, minutes=5)
    second = reserve(tmp_path, 1_000, minutes=5)
    assert second.start_time_ns > 1_000 + 5 * MINUTE_NS
    assert second.session_number == 1


def test_a_run_without_an_end_reserves_days(tmp_path: Path) -> None:
    reserve(tmp_path, 0, minutes=0)
    assert reserve(tmp_path, 0, minutes=1).start_time_ns > 7 * 24 * 60 * MINUTE_NS


@pytest.mark.parametrize("text", ["", "{}", '{"start_time_ns": null, "session_number": 1}', "[1]"])
def test_a_file_that_is_no_timeline_is_refused_and_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "timeline.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"timeline\.json: expected start_time_ns .* delete the file"):
        reserve(tmp_path, 0, minutes=1)
