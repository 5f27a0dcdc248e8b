"""Which events are known already."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.dedupe import Deduper, KeyWindow, key_digests
from tests.ingest_service.fakes import frame, row

IDENTITIES = st.tuples(
    st.sampled_from(["a", "b"]),
    st.integers(0, 1),
    st.integers(1, 8),
    st.integers(0, 2),
    st.sampled_from(["", "", "k1", "k2"]),
)


@given(st.lists(st.lists(IDENTITIES, min_size=1, max_size=12), max_size=8))
def test_rows_are_known_by_key_or_by_source_epoch_sequence_and_part(
    batches: list[list[tuple[str, int, int, int, str]]],
) -> None:
    deduper, seen = Deduper(), set[tuple[object, ...]]()
    for batch in batches:
        rows = [
            row(sequence, source=source, source_epoch=epoch, source_part=part, event_key=key or None)
            for source, epoch, sequence, part, key in batch
        ]
        expected = []
        for source, epoch, sequence, part, key in batch:
            identity = (source, key) if key else (source, epoch, sequence, part)
            expected.append(identity in seen)
            seen.add(identity)
        known = deduper.claim(frame(*rows))
        assert (known.tolist() if known is not None else [False] * len(batch)) == expected


def test_only_the_given_rows_are_claimed() -> None:
    deduper = Deduper()
    batch = frame(row(1), row(2), row(3, event_key="k"))
    assert deduper.claim(batch, np.array([0])) is None
    known = deduper.claim(batch)
    assert known is not None
    assert known.tolist() == [True, False, False]


def test_a_keys_digest_depends_on_source_and_key_alone() -> None:
    batch = frame(
        row(1, source="ab", event_key="c"), row(2, source="a", event_key="bc"), row(3, source="ab", event_key="c")
    )
    first, second, third = key_digests(batch, np.arange(3)).reshape(3, 2).tolist()
    assert first == third
    assert first != second


def keyed(number: int, time_ns: int) -> dict[str, object]:
    return row(number, event_key=f"key-{number}", event_time_ns=time_ns)


def test_keys_are_remembered_for_half_the_limit_at_least_and_the_limit_at_most() -> None:
    deduper = Deduper(KeyWindow(keys_max=10))
    for number in range(1, 101):
        assert deduper.claim(frame(keyed(number, 1))) is None
        assert len(deduper.keys.newer) + len(deduper.keys.older) <= 10
    assert deduper.claim(frame(*(keyed(number, 1) for number in range(96, 101)))) is not None
    assert deduper.claim(frame(keyed(80, 1))) is None


def test_keys_older_than_the_age_are_forgotten() -> None:
    deduper = Deduper(KeyWindow(age_ns=100))
    deduper.claim(frame(keyed(1, 1_000)))
    deduper.claim(frame(keyed(2, 1_101)))
    assert deduper.claim(frame(keyed(1, 1_102))) is not None, "at least one age is kept"
    deduper.claim(frame(keyed(3, 1_300)))
    assert deduper.claim(frame(keyed(1, 1_300))) is None
