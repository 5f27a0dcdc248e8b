"""Rows of the tape as a table of events for Parquet: whole columns at a time, texts by number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, LIMIT, MARKET
from simulator.report import COLUMNS
from simulator.tape import AGGRESSOR, AGGRESSOR_UNKNOWN, KIND_NAMES, PHASE, Batch

_NUMBERS = {"price", "quantity", "leaves_quantity", "display_quantity"}
_TYPES = {"event_time_ns": pa.int64(), "aggressor": pa.bool_(), **dict.fromkeys(_NUMBERS, pa.float64())}
SCHEMA = pa.schema([(column, _TYPES.get(column, pa.string())) for column in COLUMNS])
"""The columns of the event table that the simulator fills."""
IDS = ("order_id", "client_order_id", "execution_id", "trade_id")
REPEATED = [field.name for field in SCHEMA if field.type == pa.string() and field.name not in IDS]
"""Texts of which a few come again and again: the file keeps each once."""
_KINDS = [KIND_NAMES.get(code, "") for code in range(max(KIND_NAMES) + 1)]


def table_of(batch: Batch) -> pa.Table:
    """Return the rows with the columns of `SCHEMA`; repeated texts are dictionary-encoded."""
    columns = batch.columns
    absent = columns["kind"] == PHASE
    listing = columns["listing"]
    instruments = batch.instruments
    ticks_per_unit = np.array([one.ticks_per_unit for one in instruments], np.float64)
    text = columns["text"]
    arrays = {
        "event_time_ns": pa.array(columns["time_ns"]),
        "kind": _texts(columns["kind"], _KINDS),
        "venue": _texts(listing, [one.venue for one in instruments]),
        "instrument": _texts(listing, [one.symbol for one in instruments]),
        "account": _texts(columns["person"], batch.accounts, absent),
        "trader": _texts(columns["person"], batch.traders, absent),
        "order_id": _ids(columns["number"], absent),
        "client_order_id": _ids(columns["request"], absent),
        "execution_id": _ids(columns["execution"], absent),
        "side": _texts((columns["side"] == BUY).view(np.int8), ["SELL", "BUY"], absent),
        "price": _numbers(columns["price"] / ticks_per_unit[listing], columns["price"] == 0),
        "quantity": _numbers(columns["quantity"], columns["quantity"] == 0),
        "leaves_quantity": _numbers(columns["leaves"], absent),
        "order_type": _texts(columns["is_limit"], [MARKET, LIMIT], absent),
        "time_in_force": _texts(columns["is_immediate"], [DAY, IMMEDIATE_OR_CANCEL], absent),
        "currency": _texts(listing, [one.currency for one in instruments], absent),
        "display_quantity": _numbers(columns["display"], columns["display"] == 0),
        "trade_id": _ids(columns["trade"], columns["trade"] == 0),
        "contra_account": _texts(columns["contra"], batch.accounts, columns["contra"] < 0),
        "aggressor": pa.array(
            columns["aggressor"] == AGGRESSOR, mask=columns["aggressor"] == AGGRESSOR_UNKNOWN
        ),
        "text": _texts(text, batch.texts, absent | (text == 0)),
        "phase": _texts(text, batch.texts, ~absent),
    }  # fmt: skip
    return pa.table([arrays[name] for name in COLUMNS], names=list(COLUMNS))


def _texts(numbers: Any, texts: Sequence[str], absent: Any = None) -> pa.DictionaryArray:
    """Return the texts that the numbers stand for, each distinct text once: a dictionary must not repeat itself."""
    places: dict[str, int] = {}
    place_of = np.array([places.setdefault(text, len(places)) for text in texts], np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(place_of[numbers], mask=absent), pa.array(places, pa.string()))


def _ids(numbers: Any, absent: Any) -> pa.Array:
    return pc.cast(pa.array(numbers, mask=absent), pa.string())


def _numbers(values: Any, absent: Any) -> pa.Array:
    return pa.array(values.astype(np.float64), mask=absent)
