"""Trade capture reports, market data and trading states to event rows."""

from typing import cast

from tapewatch.fix.codec import TimestampError, day_text, parse_timestamp_ns
from tapewatch.fix.message import FieldMap, Message
from tapewatch.fix.order_mapping import aggressor_of
from tapewatch.fix.profile import Profile
from tapewatch.fix.row_fields import (
    SIDES,
    Row,
    Values,
    add_order,
    add_owner,
    first,
    instrument_of,
    number,
    set_number,
)

TRADE_REPORT_KINDS = {"0": "FILL", "1": "BUST", "2": "CORRECT", "4": "BUST", "5": "BUST"}
"""TradeReportTransType (487): new, cancel, replace, reverse, cancel of a back-out."""

BOOK_SIDES = {"0": "BUY", "1": "SELL"}
PRINT_ID_TAGS = (1003, 880, 278)
"""Tags that name a print."""
TRADING_STATES = {"1": "HALT", "2": "OPEN", "3": "CLOSE", "4": "PRE_OPEN", "5": "AUCTION"}
"""TradSesStatus (340); pre-close is an auction."""
SECURITY_STATES = {"1": "PRE_OPEN", "2": "HALT", "3": "CONTINUOUS", "17": "OPEN", "18": "CLOSE", "21": "PRE_OPEN"}
"""SecurityTradingStatus (326)."""


def map_trade_capture(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """TradeCaptureReport (AE): a row for each side in 552."""
    outside = message.outside(552)
    kind = TRADE_REPORT_KINDS.get(outside.values.get(487, "0"))
    if kind is None:
        return [], f"35=AE with 487={outside.values[487]} is no new, cancelled or replaced trade"
    rows = [
        _trade_side(message, profile, dict(row, kind=kind, source_part=part), outside, side)
        for part, side in enumerate(message.entries(552))
    ]
    return rows, None if rows else "35=AE has no sides (552)"


def _trade_side(message: Message, profile: Profile, row: Row, outside: FieldMap, side: FieldMap) -> Row:
    both = FieldMap([*side.fields, *outside.fields])
    values = both.values
    row["instrument"] = instrument_of(values, profile)
    add_order(row, values, profile)
    add_owner(row, both, message, profile)
    set_number(row, "price", values.get(31))
    set_number(row, "quantity", values.get(32))
    order_id = first(values, profile.order_id_tags) or first(values, (11,))
    if order_id:
        row["order_id"] = order_id
    execution_id = first(values, profile.trade_report_id_tags)
    trade_id = first(values, profile.trade_id_tags) or execution_id
    if execution_id:
        row["execution_id"] = execution_id
        day = day_text(cast(int, row["event_time_ns"]))
        row["event_key"] = f"{day}|AE|{execution_id}|{values.get(571, '')}|{row['kind']}|{row['source_part']}"
    if trade_id:
        row["trade_id"] = trade_id
    if row["kind"] != "FILL":
        reference = first(values, profile.trade_report_reference_tags)
        if reference:
            row["reference_execution_id"] = reference
    aggressor = aggressor_of(values)
    if aggressor is not None:
        row["aggressor"] = aggressor
    return row


def map_market_data(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """MarketDataSnapshot (W) and MarketDataIncrementalRefresh (X): quotes, book levels and prints."""
    entries = message.entries(268)
    if not entries:
        return [], f"35={message.msg_type} has no market data entries (268)"
    book = [entry for entry in entries if entry.values.get(269) in BOOK_SIDES]
    as_quote = message.msg_type == "W" and _is_quote(book, profile)
    rows: list[Row] = []
    unread: set[str] = set()
    instrument = str(row["instrument"])
    for entry in entries:
        instrument = instrument_of(entry.values, profile) or instrument
        each = _entry_row(entry, message, dict(row, instrument=instrument), as_quote)
        if each is not None:
            each["source_part"] = len(rows)
            rows.append(each)
        elif not (as_quote and entry in book):
            unread.add(unread_entry(entry.values.get(269, "absent"), entry.values.get(279)))
    if as_quote and book:
        rows.append(_quote_row(book, dict(row, source_part=len(rows))))
    return rows, unread_note(message.msg_type, unread) if unread else None


def unread_entry(kind: str, action: str | None) -> str:
    """What an entry is that gave no event: its type (269), and what a level or print lacked, given its action (279)."""
    if kind in BOOK_SIDES:
        return f"269={kind} without a price (270)"
    return f"269={kind} with 279={action}" if kind == "2" and action is not None else f"269={kind}"


def unread_note(msg_type: str, unread: set[str]) -> str:
    """The note on market data some entries of which gave no event."""
    return f"35={msg_type}: no event for {', '.join(sorted(unread))}"


def _is_quote(book: list[FieldMap], profile: Profile) -> bool:
    sides = [entry.values[269] for entry in book]
    return profile.market_data == "quote" or (profile.market_data == "auto" and len(sides) == len(set(sides)))


def _entry_row(entry: FieldMap, message: Message, row: Row, as_quote: bool) -> Row | None:
    """A print or a book level; None for what is neither, or is part of a quote, or lacks its price."""
    values = entry.values
    kind = values.get(269, "")
    row["event_time_ns"] = _entry_time_ns(values, message, cast(int, row["event_time_ns"]))
    set_number(row, "price", values.get(270))
    set_number(row, "quantity", values.get(271))
    if kind == "2" and values.get(279, "0") == "0":
        row["kind"] = "TRADE"
        side = SIDES.get(values.get(2446) or values.get(54, ""))
        row.update({"side": side} if side else {})
        trade_id = first(values, PRINT_ID_TAGS)
        row.update({"trade_id": trade_id} if trade_id else {})
        return row
    if kind not in BOOK_SIDES or as_quote or "price" not in row:
        return None
    row.update(kind="BOOK_LEVEL", side=BOOK_SIDES[kind])
    if values.get(279) == "2":
        row["quantity"] = 0.0
    return row


def _entry_time_ns(values: Values, message: Message, default_ns: int) -> int:
    """MDEntryDate and MDEntryTime (272, 273); the date is the message's where only the time is given."""
    time = values.get(273)
    if time is None:
        return default_ns
    date = values.get(272) or day_text(default_ns)
    try:
        return parse_timestamp_ns(f"{date}-{time}")
    except TimestampError:
        return default_ns


def _quote_row(book: list[FieldMap], row: Row) -> Row:
    """The best bid and ask of a snapshot."""
    row["kind"] = "QUOTE"
    for code, name, best in (("0", "bid", max), ("1", "ask", min)):
        side = [entry.values for entry in book if entry.values.get(269) == code]
        priced = [values for values in side if number(values.get(270)) is not None]
        if priced:
            values = best(priced, key=lambda values: number(values.get(270)) or 0.0)
            set_number(row, f"{name}_price", values.get(270))
            set_number(row, f"{name}_quantity", values.get(271))
    return row


def map_phase(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """TradingSessionStatus (h) and SecurityStatus (f)."""
    tag, states = (340, TRADING_STATES) if message.msg_type == "h" else (326, SECURITY_STATES)
    phase = states.get(message.values.get(tag, ""))
    if phase is None:
        return [], f"35={message.msg_type} with {tag}={message.values.get(tag, 'absent')} names no phase"
    if not row["instrument"]:
        return [], f"35={message.msg_type} names no instrument: a phase of the whole venue is not an event yet"
    row.update(kind="PHASE", phase=phase)
    return [row], None
