from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.fix.store import FileStore, MemoryStore, SessionStore, StoreError, next_epoch
from tests.tapewatch.fix.fix_peer import START_NS


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionStore]:
    with closing(MemoryStore() if request.param == "memory" else FileStore(tmp_path)) as store:
        yield store


def test_messages_come_back_by_number_without_the_administrative(store: SessionStore) -> None:
    for number, message in enumerate([b"", b"two", b"", b"four", b"five"], start=1):
        store.add_outbound(number, message)
    assert store.next_outbound == 6
    assert list(store.outbound(1, 4)) == [(2, b"two"), (4, b"four")]
    assert list(store.outbound(5, 99)) == [(5, b"five")]


def test_a_reset_begins_at_one_in_a_new_epoch(store: SessionStore) -> None:
    store.reset(START_NS)
    assert store.epoch == 20260105000
    store.add_outbound(1, b"x")
    store.set_next_inbound(7)
    store.reset(START_NS)
    assert (store.epoch, store.next_outbound, store.next_inbound) == (20260105001, 1, 1)
    assert list(store.outbound(1, 9)) == []


def test_an_epoch_never_goes_back() -> None:
    assert next_epoch(START_NS, 20270101000) == 20270101001


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.reset(START_NS)
    store.add_outbound(1, b"")
    store.add_outbound(2, b"two")
    store.set_next_inbound(5)
    store.set_next_outbound(9)
    store.close()
    with closing(FileStore(tmp_path)) as again:
        assert (again.epoch, again.next_outbound, again.next_inbound) == (20260105000, 9, 5)
        assert list(again.outbound(1, 9)) == [(2, b"two")]


def test_what_was_flushed_survives_a_killed_process(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "live")
    store.add_outbound(1, b"one")
    store.flush()
    (file,) = (tmp_path / "live").glob("epoch-*.log")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / file.name).write_bytes(file.read_bytes())
    with closing(FileStore(copy)) as again:
        assert again.next_outbound == 2
    store.close()


@given(st.data())
def test_a_cut_tail_drops_only_the_incomplete_record(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    store = FileStore(folder)
    sizes = []
    (file,) = folder.glob("epoch-*.log")
    for number in range(1, 5):
        store.add_outbound(number, b"x" * number)
        store.flush()
        sizes.append(file.stat().st_size)
    store.close()
    cut = data.draw(st.integers(17, sizes[-1]))
    file.write_bytes(file.read_bytes()[:cut])
    again = FileStore(folder)
    assert again.next_outbound == 1 + sum(size <= cut for size in sizes)
    again.add_outbound(again.next_outbound, b"new")
    assert list(again.outbound(again.next_outbound - 1, 9)) == [(again.next_outbound - 1, b"new")]
    again.close()


def test_damage_before_the_end_is_refused_with_the_place(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    for number in (1, 2, 3):
        store.add_outbound(number, b"message")
    store.close()
    (file,) = tmp_path.glob("epoch-*.log")
    content = bytearray(file.read_bytes())
    content[40] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="record at byte 25 is damaged"):
        FileStore(tmp_path)


def test_a_store_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with pytest.raises(StoreError, match="another process holds it"):
        FileStore(tmp_path)
    store.close()
    FileStore(tmp_path).close()


def test_a_store_may_be_closed_twice(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.close()
    store.close()
    FileStore(tmp_path).close()


def test_only_this_epoch_and_the_one_before_are_kept(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    for _ in range(4):
        store.reset(START_NS)
    store.close()
    assert [path.name for path in sorted(tmp_path.glob("epoch-*.log"))] == [
        "epoch-020260105002.log",
        "epoch-020260105003.log",
    ]


def test_memory_forgets_the_oldest_beyond_its_limit() -> None:
    store = MemoryStore(messages_kept_max=2)
    for number in (1, 2, 3):
        store.add_outbound(number, b"x")
    assert [number for number, _ in store.outbound(1, 3)] == [2, 3]


def test_what_is_new_is_synced_by_whoever_calls_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("tapewatch.fix.store.os.fdatasync", synced.append)
    store = FileStore(tmp_path)
    store.add_outbound(1, b"message")
    rest = store.begin_sync()
    assert rest is not None
    assert synced == []
    rest()
    assert len(synced) == 1
    assert store.begin_sync() is None
    store.close()
    assert len(synced) == 1
