# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""PublishRequest bytes straight to columns: no message object a row, each distinct string looked at once.

Compiled code; interpreted it gives the same and is slow, so `requests.py` then lets protobuf's own parser do it.
Source of the format: protobuf.dev/programming-guides/encoding. Field numbers are those of surveillance.v1.Event,
which are the codes of the frame's columns.
"""

from typing import Any

import cython
import numpy as np

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString
    from cython.cimports.libc.string import memcmp, memcpy
    from cython.cimports.tapewatch.market.memory import hash_at, word_at
else:
    from tapewatch.market.hashing import hash_bytes

VARINT = cython.declare(cython.int, 0)
FIXED64 = cython.declare(cython.int, 1)
LENGTH = cython.declare(cython.int, 2)
FIXED32 = cython.declare(cython.int, 5)
BATCH_ID = cython.declare(cython.int, 1)
EVENTS = cython.declare(cython.int, 2)
FRAME = cython.declare(cython.int, 3)
END_OF_SOURCE = cython.declare(cython.int, 4)
SOURCE = cython.declare(cython.int, 5)
START_OF_SOURCE = cython.declare(cython.int, 6)

FIELDS_MAX = cython.declare(cython.int, 64)
NUMBER = cython.declare(cython.int, 1)
DOUBLE = cython.declare(cython.int, 2)
CODE = cython.declare(cython.int, 3)
TEXT = cython.declare(cython.int, 4)
AGGRESSOR = cython.declare(cython.int, 5)
EXTENSION = cython.declare(cython.int, 6)

COMPILED: bool = cython.compiled
FIELD_KINDS: tuple[int, ...] = (NUMBER, DOUBLE, CODE, TEXT, AGGRESSOR, EXTENSION)

NAN_BITS = 0x7FF8000000000000
HASH_SEED = cython.declare(cython.ulonglong, 0xCBF29CE484222325)
MASK = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
STRINGS_AT_FIRST = 64
"""And twice as many as events, where that is more."""


class WireError(ValueError):
    """The bytes are no PublishRequest; the text says at which byte."""


@cython.cclass
class RequestParser:
    """Parses one request. `types` and `slots` say by field number how and where an event's field is stored.

    After `parse`: `batch_id`, `source`, `frame`, `end_of_source`, `start_of_source`, `event_count`, the matrices
    `numbers` and `doubles` (uint64 bits), `codes` (uint8), `texts` (uint32 string indices), each (slot, row);
    `present` by field number; `extensions` as (row, name, string index); `string_ends` and `blob` of the strings.
    """

    data: bytes
    types: bytes
    slots: bytes
    at: cython.Py_ssize_t
    batch_id_span: tuple[int, int]
    source_span: tuple[int, int]
    frame_span: tuple[int, int]
    end_of_source: cython.bint
    start_of_source: cython.bint
    event_count: cython.Py_ssize_t
    numbers: cython.ulonglong[:, ::1]
    doubles: cython.ulonglong[:, ::1]
    codes: cython.uchar[:, ::1]
    texts: cython.uint[:, ::1]
    present: cython.uchar[::1]
    extensions: list[tuple[int, str, int]]
    table: cython.uint[::1]
    table_mask: cython.ulonglong
    string_count: cython.Py_ssize_t
    starts: cython.longlong[::1]
    lengths: cython.longlong[::1]
    hashes: cython.ulonglong[::1]
    hash_seed: cython.ulonglong

    def __init__(self, data: bytes, types: bytes, slots: bytes, hash_seed: int) -> None:
        self.data = data
        self.types = types
        self.slots = slots
        self.at = 0
        self.batch_id_span = self.source_span = self.frame_span = (0, 0)
        self.end_of_source = self.start_of_source = False
        self.event_count = 0
        self.extensions = []
        self.hash_seed = HASH_SEED ^ hash_seed

    def parse(self, slot_counts: tuple[int, int, int, int]) -> None:
        """Parses the request; `slot_counts` of numbers, doubles, codes, texts. Raises WireError."""
        events: list[tuple[int, int]] = []
        self._walk_request(events)
        rows = len(events)
        self.event_count = rows
        if rows == 0:
            return
        numbers, doubles, codes, texts = slot_counts
        self.numbers = np.zeros((numbers, rows), dtype=np.uint64)
        self.doubles = np.full((doubles, rows), NAN_BITS, dtype=np.uint64)
        self.codes = np.zeros((codes, rows), dtype=np.uint8)
        self.texts = np.zeros((texts, rows), dtype=np.uint32)
        self.present = np.zeros(FIELDS_MAX, dtype=np.uint8)
        self._begin_strings()
        for row, (start, end) in enumerate(events):
            self._event(row, start, end)

    def columns(self) -> tuple[Any, Any, Any, Any, Any]:
        """The matrices of numbers (int64), doubles, codes and texts, and `present`."""
        return (
            np.asarray(self.numbers).view(np.int64),
            np.asarray(self.doubles).view(np.float64),
            np.asarray(self.codes),
            np.asarray(self.texts),
            np.asarray(self.present),
        )

    def strings(self) -> tuple[Any, bytes]:
        """Where each distinct string ends, uint32, and their bytes; string 0 is the empty one."""
        lengths = np.asarray(self.lengths)[: self.string_count]
        ends = np.cumsum(lengths, dtype=np.uint64).astype("<u4")
        data: bytes = self.data
        blob = np.empty(int(lengths.sum()), dtype=np.uint8)
        target: cython.uchar[::1] = blob
        index: cython.Py_ssize_t
        start: cython.Py_ssize_t
        length: cython.Py_ssize_t
        written: cython.Py_ssize_t = 0
        for index in range(1, self.string_count):
            start, length = self.starts[index], self.lengths[index]
            if cython.compiled:
                memcpy(cython.address(target[written]), PyBytes_AsString(data) + start, length)
            else:
                blob[written : written + length] = np.frombuffer(data, np.uint8, length, start)
            written += length
        return ends, blob.tobytes()

    def text(self, span: tuple[int, int]) -> bytes:
        """The bytes of a span."""
        return self.data[span[0] : span[1]]

    @property
    def frame(self) -> bytes:
        """The request's frame, empty where there is none."""
        return self.text(self.frame_span)

    @property
    def batch_id(self) -> bytes:
        """The request's batch id, UTF-8."""
        return self.text(self.batch_id_span)

    @property
    def source(self) -> bytes:
        """The source that ends or starts, UTF-8."""
        return self.text(self.source_span)

    @property
    def ends_source(self) -> bool:
        """Whether the source ends."""
        return self.end_of_source

    @property
    def starts_source(self) -> bool:
        """Whether the source is there again."""
        return self.start_of_source

    @property
    def row_count(self) -> int:
        """Events of the request."""
        return self.event_count

    @property
    def extension_texts(self) -> list[tuple[int, str, int]]:
        """The extension columns' values: (row, name, string index)."""
        return self.extensions

    @cython.cfunc
    def _walk_request(self, events: list):
        end: cython.Py_ssize_t = len(self.data)
        while self.at < end:
            tag: cython.ulonglong = self._varint(end)
            field: cython.ulonglong = tag >> 3
            wire: cython.int = tag & 7
            if wire == LENGTH and EVENTS <= field <= SOURCE:
                start: cython.Py_ssize_t = self._length(end)
                span = (start, self.at)
                if field == EVENTS:
                    events.append(span)
                elif field == FRAME:
                    self.frame_span = span
                elif field == SOURCE:
                    self.source_span = span
            elif wire == LENGTH and field == BATCH_ID:
                start = self._length(end)
                self.batch_id_span = (start, self.at)
            elif wire == VARINT and field == END_OF_SOURCE:
                self.end_of_source = self._varint(end) != 0
            elif wire == VARINT and field == START_OF_SOURCE:
                self.start_of_source = self._varint(end) != 0
            else:
                self._skip(wire, end)

    @cython.cfunc
    def _event(self, row: cython.Py_ssize_t, start: cython.Py_ssize_t, end: cython.Py_ssize_t):
        data: bytes = self.data
        types: bytes = self.types
        slots: bytes = self.slots
        self.at = start
        while self.at < end:
            tag: cython.ulonglong = data[self.at]
            if tag < 0x80:
                self.at += 1
            else:
                tag = self._varint(end)
            field: cython.ulonglong = tag >> 3
            wire: cython.int = tag & 7
            kind: cython.int = types[field] if field < FIELDS_MAX else 0
            slot: cython.int = slots[field] if field < FIELDS_MAX else 0
            if wire == VARINT and kind == NUMBER:
                self.numbers[slot, row] = self._varint(end)
            elif wire == VARINT and kind in (CODE, AGGRESSOR):
                value: cython.ulonglong = self._varint(end)
                if kind == AGGRESSOR:
                    value = 1 if value == 0 else 2
                self.codes[slot, row] = value if value < 255 else 255
            elif wire == FIXED64 and kind == DOUBLE:
                self.doubles[slot, row] = self._fixed64(end)
            elif wire == LENGTH and kind == TEXT:
                before: cython.uint = self.texts[slot, row - 1] if row > 0 else 0
                self.texts[slot, row] = self._text_index(before, end)
            elif wire == LENGTH and kind == EXTENSION:
                self._extension(row, end)
                continue
            else:
                self._skip(wire, end)
                continue
            self.present[field] = 1

    @cython.cfunc
    @cython.exceptval(-1, check=True)
    def _text_index(self, before: cython.uint, end: cython.Py_ssize_t) -> cython.uint:
        """Index of the text here; `before` is that of the row before, which most often has the same."""
        start: cython.Py_ssize_t = self._length(end)
        length: cython.Py_ssize_t = self.at - start
        return before if before != 0 and self._same(before, start, length) else self._intern(start, length)

    @cython.cfunc
    def _extension(self, row: cython.Py_ssize_t, end: cython.Py_ssize_t):
        entry_at: cython.Py_ssize_t = self._length(end)
        entry_end: cython.Py_ssize_t = self.at
        name_at: cython.Py_ssize_t = 0
        name_end: cython.Py_ssize_t = 0
        index: cython.uint = 0
        self.at = entry_at
        while self.at < entry_end:
            tag: cython.ulonglong = self._varint(entry_end)
            if tag == (1 << 3 | LENGTH):
                name_at = self._length(entry_end)
                name_end = self.at
            elif tag == (2 << 3 | LENGTH):
                value_at: cython.Py_ssize_t = self._length(entry_end)
                index = self._intern(value_at, self.at - value_at)
            else:
                self._skip(tag & 7, entry_end)
        name = self.data[name_at:name_end].decode("utf-8", "replace")
        self.extensions.append((row, name, index))

    @cython.cfunc
    @cython.exceptval(-1, check=True)
    def _varint(self, end: cython.Py_ssize_t) -> cython.ulonglong:
        data: bytes = self.data
        at: cython.Py_ssize_t = self.at
        value: cython.ulonglong = 0
        shift: cython.int = 0
        while at < end and shift < 70:
            byte: cython.ulonglong = data[at]
            at += 1
            value |= ((byte & 0x7F) << shift) & MASK
            if byte < 0x80:
                self.at = at
                return value
            shift += 7
        raise WireError(f"byte {at}: expected the end of a number, found the end of the message or too many digits")

    @cython.cfunc
    @cython.exceptval(-1, check=True)
    def _length(self, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Reads a length, moves behind the bytes it counts and gives where they begin."""
        length: cython.ulonglong = self._varint(end)
        start: cython.Py_ssize_t = self.at
        room: cython.ulonglong = end - start
        if length > room:
            raise WireError(f"byte {start}: expected {length} more bytes, found {room}")
        self.at = start + cython.cast(cython.Py_ssize_t, length)
        return start

    @cython.cfunc
    @cython.exceptval(-1, check=True)
    def _fixed64(self, end: cython.Py_ssize_t) -> cython.ulonglong:
        at: cython.Py_ssize_t = self.at
        if end - at < 8:
            raise WireError(f"byte {at}: expected 8 more bytes, found {end - at}")
        self.at = at + 8
        return self._word(at)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _word(self, at: cython.Py_ssize_t) -> cython.ulonglong:
        """The eight bytes at a place, the lowest first."""
        data: bytes = self.data
        value: cython.ulonglong
        if cython.compiled:
            value = word_at(cython.cast(cython.p_uchar, PyBytes_AsString(data)) + at)
        else:
            value = int.from_bytes(data[at : at + 8], "little")
        return value

    @cython.cfunc
    def _skip(self, wire: cython.int, end: cython.Py_ssize_t):
        if wire == VARINT:
            self._varint(end)
        elif wire == LENGTH:
            self._length(end)
        elif wire in (FIXED64, FIXED32):
            size: cython.Py_ssize_t = 8 if wire == FIXED64 else 4
            if end - self.at < size:
                raise WireError(f"byte {self.at}: expected {size} more bytes, found {end - self.at}")
            self.at += size
        else:
            raise WireError(f"byte {self.at}: expected a field, found wire type {wire}")

    @cython.cfunc
    def _begin_strings(self):
        count: cython.Py_ssize_t = STRINGS_AT_FIRST
        while count < 2 * self.event_count:
            count *= 2
        self.table = np.zeros(4 * count, dtype=np.uint32)
        self.table_mask = 4 * count - 1
        self.starts = np.zeros(count, dtype=np.int64)
        self.lengths = np.zeros(count, dtype=np.int64)
        self.hashes = np.zeros(count, dtype=np.uint64)
        self.string_count = 1  # string 0 is the empty one, which is never looked up

    @cython.cfunc
    @cython.exceptval(-1, check=True)
    def _intern(self, start: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.uint:
        """Index of the string; the same bytes always get the same."""
        if length == 0:
            return 0
        digest: cython.ulonglong = self._hash(start, start + length)
        place: cython.ulonglong = digest & self.table_mask
        index: cython.uint = self.table[place]
        while index != 0:
            if self.hashes[index] == digest and self._same(index, start, length):
                return index
            place = (place + 1) & self.table_mask
            index = self.table[place]
        if self.string_count == self.starts.shape[0]:
            self._grow_strings()
        return self._add_string(start, length, digest)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _hash(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.ulonglong:
        data: bytes = self.data
        if cython.compiled:
            return hash_at(cython.cast(cython.p_uchar, PyBytes_AsString(data)) + at, end - at, self.hash_seed)
        else:  # noqa: RET505 - compiled, only one of the two remains
            return hash_bytes(data[at:end], self.hash_seed)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _same(self, index: cython.uint, start: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.bint:
        data: bytes = self.data
        known: cython.Py_ssize_t = self.starts[index]
        if self.lengths[index] != length:
            return False
        if cython.compiled:
            is_same: cython.bint = memcmp(PyBytes_AsString(data) + known, PyBytes_AsString(data) + start, length) == 0
        else:
            is_same = data[known : known + length] == data[start : start + length]
        return is_same

    @cython.cfunc
    def _add_string(self, start: cython.Py_ssize_t, length: cython.Py_ssize_t, digest: cython.ulonglong) -> cython.uint:
        index: cython.uint = self.string_count
        self.starts[index] = start
        self.lengths[index] = length
        self.hashes[index] = digest
        self._place(index, digest)
        self.string_count += 1
        return index

    @cython.cfunc
    def _place(self, index: cython.uint, digest: cython.ulonglong):
        place: cython.ulonglong = digest & self.table_mask
        while self.table[place] != 0:
            place = (place + 1) & self.table_mask
        self.table[place] = index

    @cython.cfunc
    def _grow_strings(self):
        count: cython.Py_ssize_t = self.starts.shape[0]
        self.starts = np.concatenate((np.asarray(self.starts), np.zeros(count, dtype=np.int64)))
        self.lengths = np.concatenate((np.asarray(self.lengths), np.zeros(count, dtype=np.int64)))
        self.hashes = np.concatenate((np.asarray(self.hashes), np.zeros(count, dtype=np.uint64)))
        self.table = np.zeros(8 * count, dtype=np.uint32)
        self.table_mask = 8 * count - 1
        index: cython.Py_ssize_t
        for index in range(1, self.string_count):
            self._place(index, self.hashes[index])
