"""What a FIX session must remember over a restart: its numbers and the messages it may have to send again."""

import fcntl
import os
import struct
import zlib
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from tapewatch.fix.timestamps import day_number

MESSAGES_KEPT_MAX = 1_000_000
RECORD = struct.Struct("<IIBQ")  # crc of what follows, bytes of payload, kind, number
TIME = struct.Struct("<Q")
OUTBOUND, INBOUND, EPOCH, NEXT_OUTBOUND = 1, 2, 3, 4
RECORD_BYTES_MAX = 1 << 24
EPOCHS_A_DAY_MAX = 1000


class StoreError(Exception):
    """The store cannot be used: in use by another process, or damaged before its end."""


class SessionStore(Protocol):
    """Numbers and outbound messages of one session.

    ``epoch`` changes whenever numbers begin again at 1; ``reset_ns`` is when they last did, 0 if not known.
    """

    epoch: int
    reset_ns: int
    next_outbound: int
    next_inbound: int

    def add_outbound(self, sequence: int, message: bytes) -> None:
        """Remembers what is about to be sent; empty bytes for an administrative message (never sent again)."""
        ...

    def set_next_outbound(self, sequence: int) -> None:
        """Moves the next outbound number on without messages."""
        ...

    def set_next_inbound(self, sequence: int) -> None:
        """Remembers that everything below ``sequence`` was handed on durably."""
        ...

    def outbound(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """The application messages sent with numbers first..last, ascending; administrative ones are left out."""
        ...

    def reset(self, now_ns: int) -> None:
        """Both numbers begin again at 1, in a new epoch."""
        ...

    def flush(self) -> None:
        """Gives everything to the operating system: it survives the death of this process."""
        ...

    def sync(self) -> None:
        """Forces everything to the disk: it survives the loss of power."""
        ...

    def begin_sync(self) -> Callable[[], None] | None:
        """Does of ``sync`` what is quick; returns the rest, to be called in a thread, None where nothing is new."""
        ...

    def close(self) -> None:
        """Syncs and lets go."""
        ...


def next_epoch(now_ns: int, epoch: int) -> int:
    """The epoch after ``epoch`` for a reset at a time: UTC day (YYYYMMDD) times 1000 plus the reset of that day."""
    return max(day_number(now_ns) * EPOCHS_A_DAY_MAX, epoch + 1)


class MemoryStore:
    """A store for sessions that need not survive the process; the oldest messages go beyond the limit."""

    def __init__(self, messages_kept_max: int = MESSAGES_KEPT_MAX) -> None:
        self.epoch = 0
        self.reset_ns = 0
        self.next_outbound = 1
        self.next_inbound = 1
        self._messages_kept_max = messages_kept_max
        self._messages: dict[int, bytes] = {}

    def add_outbound(self, sequence: int, message: bytes) -> None:
        """Remembers a message."""
        self.next_outbound = sequence + 1
        if message:
            self._messages[sequence] = message
            if len(self._messages) > self._messages_kept_max:
                del self._messages[next(iter(self._messages))]

    def set_next_outbound(self, sequence: int) -> None:
        """Moves the next outbound number on."""
        self.next_outbound = sequence

    def set_next_inbound(self, sequence: int) -> None:
        """Remembers what was handed on."""
        self.next_inbound = sequence

    def outbound(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """The application messages first..last."""
        for sequence in range(first, last + 1):
            message = self._messages.get(sequence)
            if message is not None:
                yield sequence, message

    def reset(self, now_ns: int) -> None:
        """Begins again at 1."""
        self.epoch = next_epoch(now_ns, self.epoch)
        self.reset_ns = now_ns
        self.next_outbound = self.next_inbound = 1
        self._messages.clear()

    def flush(self) -> None:
        """Nothing to do."""

    def sync(self) -> None:
        """Nothing to do."""

    def begin_sync(self) -> Callable[[], None] | None:
        """Nothing to do."""
        return None

    def close(self) -> None:
        """Nothing to do."""


class FileStore:
    """A store in a directory: one append-only file an epoch, the one before kept for the record.

    Every record carries a CRC: an incomplete last record is dropped on opening, damage before the end raises
    StoreError. The directory is locked; a second process gets StoreError.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = _lock(directory)
        self.epoch = 0
        self.reset_ns = 0
        self.next_outbound = 1
        self.next_inbound = 1
        self._sequences = array("Q")
        self._offsets = array("Q")
        self._end = self._synced_end = 0
        try:
            files = sorted(directory.glob("epoch-*.log"))
            self._file: BinaryIO = self._recover(files[-1]) if files else self._begin(0)
        except BaseException:
            self._lock.close()
            raise

    def add_outbound(self, sequence: int, message: bytes) -> None:
        """Appends a message; the number counts as used from here on."""
        if message:
            self._sequences.append(sequence)
            self._offsets.append(self._end)
        self._append(OUTBOUND, sequence, message)
        self.next_outbound = sequence + 1

    def set_next_outbound(self, sequence: int) -> None:
        """Appends the new next outbound number."""
        self._append(NEXT_OUTBOUND, sequence, b"")
        self.next_outbound = sequence

    def set_next_inbound(self, sequence: int) -> None:
        """Appends the new next inbound number."""
        if sequence != self.next_inbound:
            self._append(INBOUND, sequence, b"")
            self.next_inbound = sequence

    def outbound(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Streams the application messages first..last from the file."""
        self.flush()
        place = _lower_bound(self._sequences, first)
        with self._path(self.epoch).open("rb") as file:
            while place < len(self._sequences) and self._sequences[place] <= last:
                file.seek(self._offsets[place])
                record = _read_record(file)
                if record is None:
                    raise StoreError(f"{file.name}: no whole record at {self._offsets[place]}; the store is damaged")
                yield record[1], record[2]
                place += 1

    def reset(self, now_ns: int) -> None:
        """Begins a new file; the switch is atomic and on the disk when this returns."""
        self.sync()
        self._file.close()
        previous = self.epoch
        self.epoch = next_epoch(now_ns, self.epoch)
        self.reset_ns = now_ns
        self.next_outbound = self.next_inbound = 1
        del self._sequences[:], self._offsets[:]
        self._file = self._begin(self.epoch)
        for path in sorted(self._directory.glob("epoch-*.log")):
            if path not in (self._path(previous), self._path(self.epoch)):
                path.unlink()

    def flush(self) -> None:
        """Hands buffered records to the operating system."""
        self._file.flush()

    def sync(self) -> None:
        """Flushes and fsyncs what is new since the last time."""
        self._file.flush()
        if self._end != self._synced_end:
            os.fdatasync(self._file.fileno())
            self._synced_end = self._end

    def begin_sync(self) -> Callable[[], None] | None:
        """Flushes; what it returns fsyncs what is new. Its OSError is final: what is on the disk is not known then."""
        self._file.flush()
        if self._end == self._synced_end:
            return None
        self._synced_end = self._end
        return partial(_sync_and_close, os.dup(self._file.fileno()))

    def close(self) -> None:
        """Syncs, closes and unlocks; does nothing where that was done."""
        if self._file.closed:
            return
        self.sync()
        self._file.close()
        self._lock.close()

    def _path(self, epoch: int) -> Path:
        return self._directory / f"epoch-{epoch:012d}.log"

    def _append(self, kind: int, number: int, payload: bytes) -> None:
        record = _pack_record(kind, number, payload)
        self._file.write(record)
        self._end += len(record)

    def _begin(self, epoch: int) -> BinaryIO:
        path = self._path(epoch)
        unfinished = path.with_suffix(".new")
        record = _pack_record(EPOCH, epoch, TIME.pack(self.reset_ns))
        with unfinished.open("wb") as file:
            file.write(record)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        _sync_directory(self._directory)
        self._end = self._synced_end = len(record)
        return path.open("ab")

    def _recover(self, path: Path) -> BinaryIO:
        with path.open("rb") as file:
            while (record := _read_record(file)) is not None:
                self._replay(record)
                self._end = file.tell()
            _check_tail(file, self._end, path)
        with path.open("r+b") as file:
            file.truncate(self._end)
        return path.open("ab")

    def _replay(self, record: tuple[int, int, bytes]) -> None:
        kind, number, payload = record
        if kind == OUTBOUND:
            self.next_outbound = number + 1
            if payload:
                self._sequences.append(number)
                self._offsets.append(self._end)
        elif kind == NEXT_OUTBOUND:
            self.next_outbound = number
        elif kind == INBOUND:
            self.next_inbound = number
        else:
            self.epoch = number
            self.reset_ns = TIME.unpack(payload)[0] if len(payload) == TIME.size else 0


def _pack_record(kind: int, number: int, payload: bytes) -> bytes:
    body = RECORD.pack(0, len(payload), kind, number)[4:] + payload
    return struct.pack("<I", zlib.crc32(body)) + body


def _read_record(file: BinaryIO) -> tuple[int, int, bytes] | None:
    """The record at the file's position; None where none is whole."""
    head = file.read(RECORD.size)
    if len(head) < RECORD.size:
        return None
    crc, length, kind, number = RECORD.unpack(head)
    if length > RECORD_BYTES_MAX:
        return None
    payload = file.read(length)
    if len(payload) < length or zlib.crc32(head[4:] + payload) != crc:
        return None
    return kind, number, payload


def _check_tail(file: BinaryIO, end: int, path: Path) -> None:
    """Tells a record cut short by a crash (dropped) from damage with whole records behind it (refused)."""
    file.seek(end)
    head = file.read(RECORD.size)
    if len(head) < RECORD.size:
        return
    length = RECORD.unpack(head)[1]
    file.seek(end + RECORD.size + min(length, RECORD_BYTES_MAX))
    if _read_record(file) is not None:
        raise StoreError(f"{path}: record at byte {end} is damaged and others follow; restore the file or reset")


def _lower_bound(numbers: "array[int]", wanted: int) -> int:
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if numbers[middle] < wanted else (low, middle)
    return low


def _lock(directory: Path) -> BinaryIO:
    file = (directory / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StoreError(f"{directory}: expected a store of our own, but another process holds it") from None
    return file


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
