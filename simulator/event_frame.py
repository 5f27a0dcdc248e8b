"""Rows of the tape as an event frame for ingest: whole columns at a time, each distinct text once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, LIMIT, MARKET
from simulator.tape import PHASE, Batch
from tapewatch.market.event import Side
from tapewatch.market.frame import Frame

Column = NDArray[Any]
Texts = tuple[Column, Sequence[str]]


def frame_of(batch: Batch, source: str, epoch: int, first_sequence: int) -> Frame:
    """Return the rows as events of a source, numbered from `first_sequence`; the tape's codes are the frame's."""
    columns, instruments, row_count = batch.columns, batch.instruments, batch.row_count
    orders = columns["kind"] != PHASE
    listing, text = columns["listing"], columns["text"]
    ticks_per_unit = np.array([one.ticks_per_unit for one in instruments], np.float64)
    sides = np.where(columns["side"] == BUY, int(Side.BUY), int(Side.SELL))
    numbers = {
        "event_time_ns": columns["time_ns"],
        "kind": columns["kind"],
        "side": np.where(orders, sides, 0),
        "aggressor": columns["aggressor"],
        "price": _known(columns["price"] / ticks_per_unit[listing], columns["price"] != 0),
        "quantity": _known(columns["quantity"], columns["quantity"] != 0),
        "leaves_quantity": _known(columns["leaves"], orders),
        "display_quantity": _known(columns["display"], columns["display"] != 0),
        "source_epoch": np.full(row_count, epoch, np.int64),
        "source_sequence": np.arange(first_sequence, first_sequence + row_count, dtype=np.int64),
    }
    texts = {
        "source": (np.zeros(row_count, np.int64), [source]),
        "venue": (listing, [one.venue for one in instruments]),
        "instrument": (listing, [one.symbol for one in instruments]),
        "currency": _where(listing, [one.currency for one in instruments], orders),
        "account": _where(columns["person"], batch.accounts, orders),
        "trader": _where(columns["person"], batch.traders, orders),
        "contra_account": _where(columns["contra"], batch.accounts, columns["contra"] >= 0),
        "order_id": _ids(columns["number"], orders),
        "client_order_id": _ids(columns["request"], orders),
        "execution_id": _ids(columns["execution"], orders),
        "trade_id": _ids(columns["trade"], columns["trade"] != 0),
        "order_type": _where(columns["is_limit"], [MARKET, LIMIT], orders),
        "time_in_force": _where(columns["is_immediate"], [DAY, IMMEDIATE_OR_CANCEL], orders),
        "text": _where(text, batch.texts, orders & (text != 0)),
        "phase": _where(text, batch.texts, ~orders),
    }
    return Frame.from_columns(row_count, numbers, texts)


def _known(values: Column, known: Column) -> Column:
    return np.where(known, values, np.nan)


def _where(numbers: Column, texts: Sequence[str], known: Column) -> Texts:
    return np.where(known, numbers, -1), texts


def _ids(numbers: Column, known: Column) -> Texts:
    """Numbers as texts, each once."""
    distinct, places = np.unique(numbers, return_inverse=True)
    return np.where(known, places, -1), list(map(str, distinct.tolist()))
