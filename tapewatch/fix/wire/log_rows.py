# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The messages of a log straight to the columns of frames: no object is made of one that is plain."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cython
import numpy as np
from numpy.typing import NDArray

from tapewatch.fix.profile import Profile
from tapewatch.fix.wire.logged import Flow, with_soh
from tapewatch.fix.wire.mapper import Batch
from tapewatch.fix.wire.scan import scanned
from tapewatch.market.frame import Frame

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString
    from cython.cimports.tapewatch.fix.wire.logged import next_start, plain_length
    from cython.cimports.tapewatch.fix.wire.scan import FOUND, _blank, clear_places
else:
    from tapewatch.fix.wire.logged import next_start, plain_length
    from tapewatch.fix.wire.scan import FOUND, _blank, clear_places

MESSAGES_AT_FIRST = 4096


@dataclass(frozen=True, slots=True)
class LogBatch:
    """The rows of some messages that follow each other: `places` are the messages' places in the log, a row each.

    `notes` and `types` are those of `Batch.take`. `blocks` hold the messages, each with the number of its first one
    here, `spans` where each message begins and ends there.
    """

    frame: Frame
    places: NDArray[np.int64]
    first_place: int
    notes: Sequence[tuple[str, bool]]
    types: dict[str, int]
    blocks: Sequence[tuple[int, bytes]]
    spans: NDArray[np.int64]

    def raw(self, place: int) -> bytes:
        """The bytes of the message at a place in the log, that of a row of this batch, SOH between its fields."""
        number = place - self.first_place
        block = self.blocks[bisect_right(self.blocks, number, key=_first_of) - 1][1]
        return with_soh(block[int(self.spans[0, number]) : int(self.spans[1, number])])


def _first_of(block: tuple[int, bytes]) -> int:
    return block[0]


class LogRows:
    """Takes the messages of a log in order; `ready` holds what is mapped, cut behind each that makes `rows_min`.

    `flow_of` says whose a message is where that is not plain, and sets its epoch; None for what is no message. `flows`
    are those lately seen, a list that `flow_of` changes.
    """

    def __init__(
        self, profile: Profile, rows_min: int, flows: list[Flow], flow_of: Callable[[Any], Flow | None]
    ) -> None:
        self.batch = Batch(profile)
        self.flows = flows
        self.flow_of = flow_of
        self.rows_min = rows_min
        self.count = self._first = 0
        self.ready: list[LogBatch] = []
        self._scratch = _blank()
        self._blocks: list[tuple[int, bytes]] = []
        self._block: bytes | None = None
        self._places = np.zeros((3, MESSAGES_AT_FIRST), dtype=np.int64)

    def append(self, item: Any) -> None:
        """Takes a message made elsewhere, or what is none."""
        flow: Flow | None = self.flow_of(item)
        if flow is not None:
            self.batch.add(item, flow.name, 0)
            self._note(item.raw, 0, len(item.raw))

    def take(self, data: bytes, position: cython.Py_ssize_t, bytes_max: cython.Py_ssize_t) -> int:
        """Takes the messages from `position` on until one must be looked at with care; where the last one ends."""
        start: cython.Py_ssize_t = next_start(data, position, len(data))
        length: cython.Py_ssize_t
        while start >= 0:
            clear_places(self._scratch)
            length = plain_length(self._scratch, data, start, len(data), bytes_max)
            if length == 0:
                break
            if self._add_plain(data, start, length):
                self._note(data, start, start + length)
            else:
                self.append(_made(data, start, length))
            position = start + length
            start = next_start(data, position, len(data))
        return position

    def _add_plain(self, data, start, length):
        """Maps a message where it lies; False where one must be made of it."""
        flow: Flow
        if cython.compiled:
            text = cython.cast(cython.p_uchar, PyBytes_AsString(data)) + start
        else:
            text = data[start : start + length]
        for flow in self.flows:
            if flow.is_next(self._scratch, text):
                self._scratch.epoch = flow.epoch
                if not self.batch.add_quick(self._scratch, text, FOUND, flow.name, 0):
                    return False
                flow.last = self._scratch.number
                return True
        return False

    def _note(self, data, start, end):
        """Notes where the message just taken lies, and cuts the batch where it has its rows."""
        index: cython.Py_ssize_t = self.count - self._first
        if index == self._places.shape[1]:
            self._places = np.concatenate([np.asarray(self._places), np.zeros((3, index), dtype=np.int64)], axis=1)
        if self._block is not data:
            self._block = data
            self._blocks.append((index, data))
        self._places[0, index] = start
        self._places[1, index] = end
        self._places[2, index] = self.batch.columns.count
        self.count += 1
        if self.batch.columns.count >= self.rows_min:
            self.cut()
        return 0

    def cut(self) -> None:
        """Ends the batch here."""
        taken: Any = np.asarray(self._places)[:, : self.count - self._first].copy()
        if not taken.shape[1]:
            return
        frame, notes, types = self.batch.take()
        first_place = self._first + 1
        places = np.repeat(np.arange(first_place, self.count + 1), np.diff(taken[2], prepend=0))
        self.ready.append(LogBatch(frame, places, first_place, notes, types, self._blocks, taken[:2]))
        self._blocks = []
        self._block = None
        self._first = self.count


def _made(data, start, length):
    """The message that lies there."""
    message = scanned(with_soh(data[start : start + length]))
    assert message is not None, "a message was plain and now is not"
    return message
