# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Messages that give several rows, straight from their bytes: trade reports, crosses, quotes and market data.

The compiled side of `tapewatch.fix.market_mapping` and of the quotes and crosses of `order_mapping`. What a function
here does not take it refuses, and the careful mapping says what there is to say.
"""

import cython

from tapewatch.fix.market_mapping import unread_entry
from tapewatch.fix.wire import plan as plans
from tapewatch.fix.wire.columns import PLACES, REQUESTED
from tapewatch.market.event import Kind

if cython.compiled:
    from cython.cimports.tapewatch.fix.wire.numbers import plain_time_ns
    from cython.cimports.tapewatch.fix.wire.reading import set_slots
    from cython.cimports.tapewatch.fix.wire.scan import whole_number
else:
    from tapewatch.fix.wire.numbers import plain_time_ns
    from tapewatch.fix.wire.reading import set_slots
    from tapewatch.fix.wire.scan import whole_number

_SLOTS = plans.FIXED_SLOTS

CLIENT_ID = cython.declare(cython.int, _SLOTS[11])
LAST_PRICE = cython.declare(cython.int, _SLOTS[31])
LAST_QUANTITY = cython.declare(cython.int, _SLOTS[32])
SIDE = cython.declare(cython.int, _SLOTS[54])
QUOTE_ID = cython.declare(cython.int, _SLOTS[117])
BID = cython.declare(cython.int, _SLOTS[132])
ASK = cython.declare(cython.int, _SLOTS[133])
BID_SIZE = cython.declare(cython.int, _SLOTS[134])
ASK_SIZE = cython.declare(cython.int, _SLOTS[135])
ENTRY_TYPE = cython.declare(cython.int, _SLOTS[269])
ENTRY_PRICE = cython.declare(cython.int, _SLOTS[270])
ENTRY_SIZE = cython.declare(cython.int, _SLOTS[271])
ENTRY_DATE = cython.declare(cython.int, _SLOTS[272])
ENTRY_TIME = cython.declare(cython.int, _SLOTS[273])
ENTRY_ACTION = cython.declare(cython.int, _SLOTS[279])
QUOTE_ENTRY_ID = cython.declare(cython.int, _SLOTS[299])
TRADE_ACTION = cython.declare(cython.int, _SLOTS[487])
TRADE_REPORT_ID = cython.declare(cython.int, _SLOTS[571])
PRINT_SIDE = cython.declare(cython.int, _SLOTS[2446])
IN_TIME = cython.declare(cython.int, PLACES["event_time_ns"])
IN_RECEIVED = cython.declare(cython.int, PLACES["receive_time_ns"])
IN_EPOCH = cython.declare(cython.int, PLACES["source_epoch"])
IN_SEQUENCE = cython.declare(cython.int, PLACES["source_sequence"])
IN_PART = cython.declare(cython.int, PLACES["source_part"])
IN_KIND = cython.declare(cython.int, PLACES["kind"])
IN_SIDE = cython.declare(cython.int, PLACES["side"])
IN_PRICE = cython.declare(cython.int, PLACES["price"])
IN_QUANTITY = cython.declare(cython.int, PLACES["quantity"])
IN_BID = cython.declare(cython.int, PLACES["bid_price"])
IN_BID_SIZE = cython.declare(cython.int, PLACES["bid_quantity"])
IN_ASK = cython.declare(cython.int, PLACES["ask_price"])
IN_ASK_SIZE = cython.declare(cython.int, PLACES["ask_quantity"])
IN_ORDER = cython.declare(cython.int, PLACES["order_id"])
IN_CLIENT = cython.declare(cython.int, PLACES["client_order_id"])
IN_EXECUTION = cython.declare(cython.int, PLACES["execution_id"])
IN_REFERENCE = cython.declare(cython.int, PLACES["reference_execution_id"])
IN_TRADE = cython.declare(cython.int, PLACES["trade_id"])
IN_INSTRUMENT = cython.declare(cython.int, PLACES["instrument"])
IN_KEY = cython.declare(cython.int, PLACES["event_key"])
IN_REQUESTED = cython.declare(cython.int, PLACES[REQUESTED])
NEW = cython.declare(cython.int, int(Kind.NEW))
FILL = cython.declare(cython.int, int(Kind.FILL))
REQUEST = cython.declare(cython.int, int(Kind.REQUEST))
TRADE = cython.declare(cython.int, int(Kind.TRADE))
QUOTE = cython.declare(cython.int, int(Kind.QUOTE))
BOOK_LEVEL = cython.declare(cython.int, int(Kind.BOOK_LEVEL))
KIND_NAMES = cython.declare(list, [Kind(code).name.encode() if code else b"" for code in range(len(Kind) + 1)])
SIDES_BY_CODE = cython.declare(bytes, plans.SIDES)
BUY = cython.declare(cython.int, 1)
SELL = cython.declare(cython.int, 2)
KINDS_BY_ACTION = cython.declare(bytes, plans.BY_TRADE_REPORT)
SIDES_TAG = cython.declare(cython.int, 552)
QUOTES_TAG = cython.declare(cython.int, 295)
MARKET_DATA_TAG = cython.declare(cython.int, 268)
ENTRY_TYPE_TAG = cython.declare(cython.int, 269)
OF_SIDES = cython.declare(bytes, plans.members_of(552))
OF_QUOTES = cython.declare(bytes, plans.members_of(295))
OF_MARKET_DATA = cython.declare(bytes, plans.members_of(268))
CUSTOM_TAG_MIN = cython.declare(cython.int, plans.CUSTOM_TAG_MIN)
TAG_BEYOND = cython.declare(cython.int, 65535)
COUNT_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 18)
PLACE = cython.declare(cython.ulonglong, 0xFFFFFF)
FIRST = cython.declare(cython.int, ord("0"))
SECOND = cython.declare(cython.int, ord("1"))
THIRD = cython.declare(cython.int, ord("2"))
AS_QUOTE = cython.declare(cython.int, plans.MARKET_DATA_MODES.index("quote"))
AS_SENT = cython.declare(cython.int, plans.MARKET_DATA_MODES.index("auto"))
BETWEEN = cython.declare(bytes, b"|")
OF_REPORT = cython.declare(bytes, b"|AE|")
OF_SIDE = cython.declare(list, [b"", b":BUY", b":SELL"])
WANTED = cython.declare(bytes, b"NEW")
NOTHING = cython.declare(bytes, b"")
DASH = cython.declare(bytes, b"-")
NO_NUMBER = cython.declare(cython.double, float("nan"))

if not cython.compiled:
    ENTRIES_ROOM = 4097
    STARTS = [0] * ENTRIES_ROOM
    KEPT, BASE, BASE_LONGS, PRINT_IDS, BEST = [0] * 6, [0] * 6, [0] * 3, [0] * 4, [0.0] * 4
for _place, _name in enumerate(("instrument", "venue", "source", "account", "trader", "contra_account")):
    KEPT[_place] = PLACES[_name]
set_slots(PRINT_IDS, plans.PRINT_ID_SLOTS)


def entries_of(rows, count_tag, members, total):
    """How many entries a repeating group has; they begin at `STARTS`, where the end of the last stands, too.

    0 where there is none, or the careful way must look. As `FieldMap.entries` finds them.
    """
    place: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t
    found: cython.Py_ssize_t = 0
    wanted: cython.longlong
    delimiter: cython.int
    tag: cython.int
    while place < total and rows.entries[place] >> 48 != count_tag:
        place += 1
    if place + 1 >= total:
        return 0
    wanted = whole_number(rows.text, rows.entries[place] >> 24 & PLACE, rows.entries[place] & PLACE, COUNT_DIGITS_MAX)
    delimiter = rows.entries[place + 1] >> 48
    if wanted <= 0 or delimiter == TAG_BEYOND or (delimiter < CUSTOM_TAG_MIN and not members[delimiter]):
        return 0
    for end in range(place + 1, total):
        if found < wanted and rows.entries[end] >> 48 == delimiter:
            if found + 1 == ENTRIES_ROOM:
                return 0
            STARTS[found] = end
            found += 1
    end = STARTS[found - 1] + 1
    while end < total:
        tag = rows.entries[end] >> 48
        if tag < CUSTOM_TAG_MIN and not members[tag]:
            break
        end += 1
    STARTS[found] = end
    return found


def keep_base(rows):
    """Keeps what all rows of the message have, as it stands in the row begun."""
    place: cython.int
    row: cython.Py_ssize_t = rows.columns.count
    for place in range(6):
        BASE[place] = rows.columns.cells[KEPT[place], row]
    BASE_LONGS[0] = rows.columns.longs[IN_EPOCH, row]
    BASE_LONGS[1] = rows.columns.longs[IN_SEQUENCE, row]
    BASE_LONGS[2] = rows.columns.longs[IN_RECEIVED, row]


def begin_row(rows, part, kind):
    """Begins a row with what all have."""
    place: cython.int
    row: cython.Py_ssize_t = rows.columns.count
    for place in range(6):
        rows.columns.cells[KEPT[place], row] = BASE[place]
    rows.columns.longs[IN_TIME, row] = rows.time_ns
    rows.columns.longs[IN_EPOCH, row] = BASE_LONGS[0]
    rows.columns.longs[IN_SEQUENCE, row] = BASE_LONGS[1]
    rows.columns.longs[IN_RECEIVED, row] = BASE_LONGS[2]
    rows.columns.longs[IN_PART, row] = part
    rows.columns.codes[IN_KIND, row] = kind


def find_entry(rows, place):
    """Looks at one entry alone."""
    rows.begin(rows.text, rows.entries)
    return rows.find(STARTS[place], STARTS[place + 1])


def instrument_or(rows, otherwise):
    """The instrument of what is looked at, put into the row, or another where it names none."""
    row: cython.Py_ssize_t = rows.columns.count
    rows.columns.cells[IN_INSTRUMENT, row] = 0
    rows._instrument()
    return rows.columns.cells[IN_INSTRUMENT, row] or otherwise


def add_sides(rows, total, is_trade):
    """A row for each side of a trade report, or else of a cross."""
    sides: cython.Py_ssize_t = entries_of(rows, SIDES_TAG, OF_SIDES, total)
    before: cython.Py_ssize_t = STARTS[0] - 1
    part: cython.Py_ssize_t
    kind: cython.int = NEW if rows.requests_are_events else REQUEST
    if sides == 0:
        return False
    keep_base(rows)
    if is_trade:
        rows.begin(rows.text, rows.entries)
        rows.find(0, before)
        rows.find(STARTS[sides], total)
        kind = trade_kind(rows)
    for part in range(sides):
        if kind == 0 or not find_entry(rows, part) or not rows.find(0, before) or not rows.find(STARTS[sides], total):
            return False
        begin_row(rows, part, kind)
        rows._ids()
        if not (add_trade_side(rows, part, kind) if is_trade else add_cross_side(rows)):
            return False
        rows.columns.end_row()
    return True


def trade_kind(rows):
    """The kind a trade report is of, by what stands outside its sides; 0 for none."""
    return KINDS_BY_ACTION[rows.character(TRADE_ACTION) if rows.has(TRADE_ACTION) else FIRST]


def add_trade_side(rows, part, kind):
    """What is a side's own."""
    order: cython.int = rows.first(rows.order)
    execution: cython.int = rows.first(rows.trade_report)
    trade: cython.int = rows.first(rows.trade) or execution
    reference: cython.int = rows.first(rows.trade_reference) if kind != FILL else 0
    rows.columns.cells[IN_INSTRUMENT, rows.columns.count] = instrument_or(rows, 0)
    rows._order_fields()
    rows.put_number(IN_PRICE, LAST_PRICE)
    rows.put_number(IN_QUANTITY, LAST_QUANTITY)
    rows.put_aggressor()
    if not order and rows.is_id(CLIENT_ID):
        order = CLIENT_ID
    if order:
        rows.put(IN_ORDER, order)
    if trade:
        rows.put(IN_TRADE, trade)
    if reference:
        rows.put(IN_REFERENCE, reference)
    if not execution:
        return True
    rows.put(IN_EXECUTION, execution)
    return put_trade_key(rows, execution, part, kind)


def put_trade_key(rows, execution, part, kind):
    """The key by which this side of this report is known when it is sent again."""
    fits: cython.bint = rows.begin_text(rows.this_day()) and rows.add_bytes(OF_REPORT) and rows.more_text(execution)
    fits = fits and rows.add_bytes(BETWEEN) and rows.more_text(TRADE_REPORT_ID) and rows.add_bytes(BETWEEN)
    fits = fits and rows.add_bytes(KIND_NAMES[kind]) and rows.add_bytes(BETWEEN) and rows.add_bytes(b"%d" % part)
    if fits:
        rows.put_scratch(IN_KEY)
    return fits


def add_cross_side(rows):
    """What is a side's own."""
    if not rows.requests_are_events:
        rows.put_bytes(IN_REQUESTED, WANTED)
    elif rows.is_id(CLIENT_ID):
        rows.put(IN_ORDER, CLIENT_ID)
    rows._order_fields()
    rows._terms()
    return True


def add_quotes(rows, total, is_mass):
    """A row for each side quoted."""
    quote: cython.ulonglong = rows.found[QUOTE_ID] if rows.is_id(QUOTE_ID) else 0
    place: cython.Py_ssize_t
    entries: cython.Py_ssize_t = entries_of(rows, QUOTES_TAG, OF_QUOTES, total) if is_mass else 0
    part: cython.Py_ssize_t = 0
    before: cython.Py_ssize_t = 0
    rows._owner()
    keep_base(rows)
    if not is_mass:
        part = add_quote_sides(rows, quote, 0)
    for place in range(entries):
        before = part
        part = add_quote_sides(rows, quote, part) if find_entry(rows, place) else -1
        if part < 0:
            return False
    if part == before:
        rows.columns.drop_from(rows.columns.count)
    return part > 0


def add_quote_sides(rows, quote, part):
    """Adds the sides of one quote; returns how many there are now, -1 where one cannot be told here."""
    side: cython.int
    price: cython.int
    size: cython.int
    instrument: cython.uint = instrument_or(rows, BASE[0])
    own: cython.ulonglong = rows.found[QUOTE_ENTRY_ID] if rows.is_id(QUOTE_ENTRY_ID) else quote
    for side in range(BUY, SELL + 1):
        price = BID if side == BUY else ASK
        size = BID_SIZE if side == BUY else ASK_SIZE
        if not rows.has(price) and not rows.has(size):
            continue
        begin_row(rows, part, NEW if rows.requests_are_events else REQUEST)
        if not rows.requests_are_events:
            rows.put_bytes(IN_REQUESTED, WANTED)
        rows.columns.cells[IN_INSTRUMENT, rows.columns.count] = instrument
        rows.columns.codes[IN_SIDE, rows.columns.count] = side
        rows.put_number(IN_PRICE, price)
        rows.put_number(IN_QUANTITY, size)
        rows.begin_text(NOTHING)
        if not rows._add_text(rows.text, own >> 24 & PLACE, own & PLACE) or not rows.add_bytes(OF_SIDE[side]):
            return -1
        rows.put_scratch(IN_CLIENT)
        rows.columns.end_row()
        part += 1
    return part


def add_market_data(rows, total, mode, is_snapshot):
    """Quotes, levels and prints; returns what entries gave none, None where the careful way must tell."""
    entries: cython.Py_ssize_t = entries_of(rows, MARKET_DATA_TAG, OF_MARKET_DATA, total)
    place: cython.Py_ssize_t
    part: cython.Py_ssize_t = 0
    kind: cython.int = 0
    as_quote: cython.bint = is_snapshot and (mode == AS_QUOTE or (mode == AS_SENT and is_quote(rows, entries)))
    has_book: cython.bint = False
    instrument: cython.uint
    unread: set[str] = set()
    keep_base(rows)
    begin_best()
    instrument = BASE[0]
    for place in range(entries):
        if not find_entry(rows, place):
            return None
        instrument = instrument_or(rows, instrument)
        kind = entry_kind(rows, as_quote)
        if kind == QUOTE:
            has_book = True
            note_best(rows, 0 if rows.character(ENTRY_TYPE) == FIRST else 2)
        elif kind == 0:
            unread.add(unread_of(rows))
        elif not add_entry(rows, part, kind, instrument):
            return None
        else:
            part += 1
    if has_book:
        add_best(rows, part)
        part += 1
    elif kind == 0:
        rows.columns.drop_from(rows.columns.count)
    return unread if part > 0 else None


def is_quote(rows, entries):
    """Whether each side of a book has one entry at most."""
    place: cython.Py_ssize_t
    entry: cython.Py_ssize_t
    bids: cython.int = 0
    asks: cython.int = 0
    found: cython.ulonglong
    for entry in range(entries):
        for place in range(STARTS[entry], STARTS[entry + 1]):
            found = rows.entries[place]
            if found >> 48 == ENTRY_TYPE_TAG:
                if (found & PLACE) - (found >> 24 & PLACE) == 1:
                    bids += rows.text[found >> 24 & PLACE] == FIRST
                    asks += rows.text[found >> 24 & PLACE] == SECOND
                break
    return bids <= 1 and asks <= 1


def entry_kind(rows, as_quote):
    """What row an entry gives; QUOTE for a part of one, 0 for none."""
    kind: cython.int = rows.character(ENTRY_TYPE)
    price: cython.double
    if kind == THIRD and (not rows.has(ENTRY_ACTION) or rows.character(ENTRY_ACTION) == FIRST):
        return TRADE
    if kind != FIRST and kind != SECOND:
        return 0
    if as_quote:
        return QUOTE
    price = rows.number(ENTRY_PRICE)
    return BOOK_LEVEL if price == price else 0


def unread_of(rows):
    """What an entry is that gives no row."""
    kind = rows.value(ENTRY_TYPE).decode("latin-1") if rows.has(ENTRY_TYPE) else "absent"
    return unread_entry(kind, rows.value(ENTRY_ACTION).decode("latin-1") if rows.has(ENTRY_ACTION) else None)


def add_entry(rows, part, kind, instrument):
    """Adds a print or a level; False where its time cannot be told here."""
    row: cython.Py_ssize_t = rows.columns.count
    time_ns: cython.longlong = entry_time_ns(rows)
    trade: cython.int
    side: cython.int = BUY if rows.character(ENTRY_TYPE) == FIRST else SELL
    if time_ns < 0:
        return False
    begin_row(rows, part, kind)
    rows.columns.longs[IN_TIME, row] = time_ns
    rows.columns.cells[IN_INSTRUMENT, row] = instrument
    rows.put_number(IN_PRICE, ENTRY_PRICE)
    rows.put_number(IN_QUANTITY, ENTRY_SIZE)
    if kind == TRADE:
        side = SIDES_BY_CODE[rows.character(PRINT_SIDE if rows.has_text(PRINT_SIDE) else SIDE)]
        trade = rows.first(PRINT_IDS)
        if trade:
            rows.put(IN_TRADE, trade)
    elif rows.character(ENTRY_ACTION) == THIRD:
        rows.put_double(IN_QUANTITY, 0.0)
    rows.columns.codes[IN_SIDE, row] = side
    rows.columns.end_row()
    return True


def entry_time_ns(rows):
    """MDEntryDate and MDEntryTime, the date the message's where none is given; -1 for a time of odd form."""
    if not rows.has(ENTRY_TIME):
        return rows.time_ns
    rows.begin_text(NOTHING if rows.has_text(ENTRY_DATE) else rows.this_day())
    if not rows.more_text(ENTRY_DATE) or not rows.add_bytes(DASH) or not rows.more_text(ENTRY_TIME):
        return -1
    return plain_time_ns(rows.scratch, 0, rows.scratch_size)


def begin_best():
    """Forgets the best bid and ask, and what stands there."""
    place: cython.int
    for place in range(4):
        BEST[place] = NO_NUMBER


def note_best(rows, place):
    """Notes a bid (place 0) or ask (place 2) that is better than the best."""
    price: cython.double = rows.number(ENTRY_PRICE)
    is_better: cython.bint = price > BEST[0] if place == 0 else price < BEST[2]
    if price == price and (BEST[place] != BEST[place] or is_better):
        BEST[place] = price
        BEST[place + 1] = rows.number(ENTRY_SIZE)


def add_best(rows, part):
    """Adds the quote of the best bid and ask."""
    begin_row(rows, part, QUOTE)
    rows.put_double(IN_BID, BEST[0])
    rows.put_double(IN_BID_SIZE, BEST[1])
    rows.put_double(IN_ASK, BEST[2])
    rows.put_double(IN_ASK_SIZE, BEST[3])
    rows.columns.end_row()
