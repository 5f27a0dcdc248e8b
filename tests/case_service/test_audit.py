import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.audit import GENESIS_HASH, Entry, Finding, Head, appended, detail_json, verify

Fields = list[object]


def chain(count: int) -> tuple[list[Fields], Head]:
    """Records as the store returns them, and the head behind them."""
    head, records = Head(), []
    for position in range(count):
        detail = detail_json(alert_id=f"id{position}") if position % 2 else "{}"
        entry = Entry("ann", "CommentCase", "case", "why", 1, 1, detail, f"id{position}" if position % 2 else "")
        record = appended(head, entry, 1_000 + position)
        head = Head(record.sequence, record.hash)
        records.append(list(record.fields().values()))
    return records, head


def rehashed(record: Fields) -> Fields:
    """A record whose own hash fits its content again."""
    text = json.dumps(record[:10], separators=(",", ":"))
    return [*record[:10], hashlib.sha256(text.encode()).hexdigest(), record[11]]


def test_a_record_can_be_checked_with_a_standard_json_and_sha256() -> None:
    record = appended(Head(), Entry("Ann Ö", "CloseCase", "c1", 'a "b"', 3, 5, '{"x":1}'), 7)
    text = f'[1,7,"Ann \\u00d6","CloseCase","c1","a \\"b\\"",3,5,"{{\\"x\\":1}}","{GENESIS_HASH}"]'
    assert record.hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_chain_as_written_is_intact(count: int) -> None:
    records, head = chain(count)
    assert verify(records, head) == Finding(count)


@given(st.integers(0, 9), st.integers(0, 11), st.data())
def test_any_edit_of_any_field_is_found_at_its_record(place: int, field: int, data: st.DataObject) -> None:
    records, head = chain(10)
    edited = data.draw(st.text() if isinstance(records[place][field], str) else st.integers())
    if edited == records[place][field]:
        return
    records[place][field] = edited
    assert verify(records, head).first_bad_sequence == place + 1


@pytest.mark.parametrize("place", range(5))
def test_a_deletion_is_found_where_the_record_is_missing(place: int) -> None:
    records, head = chain(5)
    del records[place]
    finding = verify(records, head)
    assert (finding.first_bad_sequence, finding.records) == (place + 1, place)
    assert finding.problem


def test_a_cut_tail_is_found_by_the_head() -> None:
    records, head = chain(5)
    assert verify(records[:3], head) == Finding(3, 4, "expected 5 records by the stored head, found 3")


def test_a_record_added_behind_the_head_is_found() -> None:
    records, _ = chain(6)
    _, head = chain(5)
    assert verify(records, head).first_bad_sequence == 6


@pytest.mark.parametrize("place", range(4))
def test_swapped_records_are_found(place: int) -> None:
    records, head = chain(5)
    records[place], records[place + 1] = records[place + 1], records[place]
    assert verify(records, head).first_bad_sequence == place + 1


def test_swapped_records_with_their_numbers_and_hashes_mended_are_found() -> None:
    records, head = chain(5)
    first, second = records[1], records[2]
    records[1] = rehashed([2, *second[1:9], first[9], "", second[11]])
    records[2] = rehashed([3, *first[1:9], records[1][10], "", first[11]])
    finding = verify(records, head)
    assert finding.first_bad_sequence == 4
    assert "exchanged or put in" in finding.problem


@pytest.mark.parametrize("place", range(5))
def test_an_inserted_record_is_found(place: int) -> None:
    records, head = chain(5)
    records.insert(place, rehashed([place + 1, *records[place][1:]]))
    assert verify(records, head).first_bad_sequence in (place + 1, place + 2)


def test_a_rewritten_last_record_is_found_by_the_head() -> None:
    records, head = chain(5)
    records[4][2] = "eve"
    records[4] = rehashed(records[4])
    finding = verify(records, head)
    assert finding.first_bad_sequence == 5
    assert "by the stored head" in finding.problem
