# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The columns of the frame in hand as typed memory; an absent column reads as nulls."""

from array import array

import cython
import numpy as np

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString, PyBytes_FromStringAndSize
    from cython.cimports.tapewatch.market.memory import hash_at
else:
    from tapewatch.market.hashing import hash_text

_LONGS = ("event_time_ns", "source_epoch", "source_sequence", "source_part")
_CODES = ("kind", "side", "aggressor")
_DOUBLES = ("price", "quantity", "leaves_quantity", "bid_price", "ask_price")
_TEXTS = (
    "venue", "instrument", "account", "contra_account", "order_id", "client_order_id", "previous_order_id",
    "trade_id", "phase", "source", "event_key",
)  # fmt: skip


def _columns(frame):
    """Name to array for every column the core reads, nulls where the frame has none."""
    size = frame.row_count
    absent = (
        (_LONGS, np.zeros(size, dtype=np.int64)),
        (_CODES, np.zeros(size, dtype=np.uint8)),
        (_DOUBLES, np.full(size, np.nan)),
        (_TEXTS, np.zeros(size, dtype=np.uint32)),
    )
    found = {name: frame.columns.get(name, nulls) for names, nulls in absent for name in names}
    if cython.compiled:
        return found
    # Interpreted code indexes plain lists several times faster than numpy arrays.
    return {name: values.tolist() for name, values in found.items()}


class FrameView:
    """One frame's columns (shape (row_count,)), its string table, and what its strings stand for in the engine.

    `account_number`, `source_number` and `market_number` (shape (strings,)) are -1 until first asked for.
    """

    def __init__(self, frame):
        columns = _columns(frame)
        table = frame.table
        self.row_count = frame.row_count
        self.blob = bytes(table.blob)
        self.ends = table.ends if cython.compiled else table.ends.tolist()
        self.event_time = columns["event_time_ns"]
        self.kind = columns["kind"]
        self.side = columns["side"]
        self.aggressor = columns["aggressor"]
        self.price = columns["price"]
        self.quantity = columns["quantity"]
        self.leaves = columns["leaves_quantity"]
        self.bid_price = columns["bid_price"]
        self.ask_price = columns["ask_price"]
        self.venue = columns["venue"]
        self.instrument = columns["instrument"]
        self.account = columns["account"]
        self.contra = columns["contra_account"]
        self.order_id = columns["order_id"]
        self.client_order_id = columns["client_order_id"]
        self.previous_order_id = columns["previous_order_id"]
        self.trade_id = columns["trade_id"]
        self.phase = columns["phase"]
        self.source = columns["source"]
        self.event_key = columns["event_key"]
        self.source_epoch = columns["source_epoch"]
        self.source_sequence = columns["source_sequence"]
        self.source_part = columns["source_part"]
        size = len(table.ends)
        self.account_number = array("i", [-1]) * size
        self.source_number = array("i", [-1]) * size
        self.market_number = array("i", [-1]) * size
        self.market_venue = array("I", [0]) * size

    def text(self, index):
        """A string as UTF-8 bytes."""
        start: cython.uint
        found: bytes = b""
        if index:
            start = self.ends[index - 1]
            if cython.compiled:  # slicing would make two integers and a slice object first
                found = PyBytes_FromStringAndSize(PyBytes_AsString(self.blob) + start, self.ends[index] - start)
            else:
                found = self.blob[start : self.ends[index]]
        return found

    def hash_of(self, index, seed):
        """Hash of a string's bytes."""
        start: cython.uint = self.ends[index - 1] if index else 0
        if cython.compiled:
            return hash_at(
                cython.cast(cython.p_uchar, PyBytes_AsString(self.blob)) + start, self.ends[index] - start, seed
            )
        else:  # noqa: RET505 - compiled, only one of the two remains
            return hash_text(self.blob, start, self.ends[index], seed)

    def order_text(self, row):
        """Index of the order's id: `order_id`, or the client's where the venue gives none; 0 without either."""
        return self.order_id[row] or self.client_order_id[row]
