import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.audit import (
    ERASE_ACTION,
    GENESIS_HASH,
    Entry,
    Finding,
    Head,
    Record,
    appended,
    content_hash_of,
    detail_json,
    hash_of,
    verify,
)

Fields = list[object]
SALT = "5a" * 16


def chain(count: int) -> tuple[list[Fields], Head]:
    """Records as the store returns them, and the head behind them."""
    head, records = Head(), []
    for position in range(count):
        detail = detail_json(alert_id=f"id{position}") if position % 2 else "{}"
        entry = Entry("ann", "CommentCase", "case", "why", 1, 1, detail, f"id{position}" if position % 2 else "")
        record = appended(head, entry, 1_000 + position, SALT)
        head = Head(record.sequence, record.hash)
        records.append(list(record.fields().values()))
    return records, head


def rehashed(record: Fields) -> Fields:
    """A record whose own hash fits its content again."""
    return [*record[:10], hash_of(Record(*record)), *record[11:]]  # type: ignore[arg-type] # as the store returns them


def erased(record: Fields) -> Fields:
    """A record as an erasure leaves it."""
    held = Record(*record)  # type: ignore[arg-type] # as the store returns them
    gone = content_hash_of(held.salt, held.reason, held.detail, held.alert_id)
    return list(replace(held, reason="", detail="", alert_id="", salt="", content_hash=gone).fields().values())


def digest(*fields: object) -> str:
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def test_a_record_can_be_checked_with_a_standard_json_and_sha256() -> None:
    record = appended(Head(), Entry("Ann Ö", "CloseCase", "c1", 'a "b"', 3, 5, '{"x":1}', "a1"), 7, SALT)
    content = digest(SALT, 'a "b"', '{"x":1}', "a1")
    assert record.hash == digest(1, 7, "Ann Ö", "CloseCase", "c1", content, 3, 5, GENESIS_HASH)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_chain_as_written_is_intact(count: int) -> None:
    records, head = chain(count)
    assert verify(records, head) == Finding(count)


@given(st.integers(0, 9), st.integers(0, 13), st.data())
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
    records[1] = rehashed([2, *second[1:9], first[9], "", *second[11:]])
    records[2] = rehashed([3, *first[1:9], records[1][10], "", *first[11:]])
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


def with_erasure(count: int, subject: str = "case") -> tuple[list[Fields], Head]:
    """A chain whose last record says that the content of a subject was erased; it still is there."""
    records, head = chain(count)
    record = appended(head, Entry("officer", ERASE_ACTION, subject, "retention"), 9_000, SALT)
    return [*records, list(record.fields().values())], Head(record.sequence, record.hash)


def test_an_erased_trail_is_intact_where_a_later_record_says_so() -> None:
    records, head = with_erasure(4)
    assert verify([*map(erased, records[:4]), records[4]], head) == Finding(5)


def test_content_that_is_gone_without_a_word_is_found_at_its_first_record() -> None:
    records, head = chain(4)
    finding = verify([records[0], *map(erased, records[1:3]), records[3]], head)
    assert (finding.first_bad_sequence, finding.problem) == (
        2,
        "its content is gone and no later record says it was erased",
    )


def test_an_erasure_explains_its_own_subject_alone() -> None:
    records, head = with_erasure(4, subject="another")
    assert verify([*map(erased, records[:4]), records[4]], head).first_bad_sequence == 1


@pytest.mark.parametrize("field", range(14))
def test_what_is_left_of_an_erased_record_cannot_be_changed(field: int) -> None:
    records, head = with_erasure(4)
    records[:4] = map(erased, records[:4])
    held = records[2][field]
    records[2][field] = held + 1 if isinstance(held, int) else f"{held}a"
    assert verify(records, head).first_bad_sequence == 3


def test_an_erased_record_says_nothing_of_what_it_said() -> None:
    first, second = (
        appended(Head(), Entry("ann", "CommentCase", "case", "why"), 1, salt) for salt in ("0" * 32, "1" * 32)
    )
    left = [erased(list(each.fields().values())) for each in (first, second)]
    assert "why" not in str(left)
    assert left[0][13] != left[1][13], "equal contents must not be told by equal hashes"
