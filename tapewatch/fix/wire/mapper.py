# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Messages of orders straight from their bytes to the columns of a frame, by a profile.

The rules are those of `tapewatch.fix.mapping`, whose tables the plan holds. What the quick way does not take (other
types, notes, text beyond ASCII, values of odd form) goes through `map_message`, in its turn: the rows are the same.
"""

from collections.abc import Sequence

import cython

from tapewatch.fix import order_mapping
from tapewatch.fix.mapping import map_message
from tapewatch.fix.market_mapping import unread_note
from tapewatch.fix.message import Message
from tapewatch.fix.profile import Profile
from tapewatch.fix.wire import plan as plans
from tapewatch.fix.wire.columns import PLACES, REQUESTED, Columns
from tapewatch.fix.wire.order_rows import OrderRows
from tapewatch.market.event import Kind
from tapewatch.market.frame import Frame

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString
    from cython.cimports.tapewatch.fix.wire.group_rows import add_market_data, add_quotes, add_sides
else:
    from tapewatch.fix.wire.group_rows import add_market_data, add_quotes, add_sides

COMPILED: bool = cython.compiled
_SLOTS = plans.FIXED_SLOTS

EXECUTED = cython.declare(cython.int, _SLOTS[14])
TRANSACTION = cython.declare(cython.int, _SLOTS[20])
REFERENCE = cython.declare(cython.int, _SLOTS[19])
LAST_PRICE = cython.declare(cython.int, _SLOTS[31])
LAST_QUANTITY = cython.declare(cython.int, _SLOTS[32])
QUANTITY = cython.declare(cython.int, _SLOTS[38])
STATUS = cython.declare(cython.int, _SLOTS[39])
LIMIT = cython.declare(cython.int, _SLOTS[44])
VENUE_TEXT = cython.declare(cython.int, _SLOTS[58])
TAKEN_OFF = cython.declare(cython.int, _SLOTS[84])
REFUSAL = cython.declare(cython.int, _SLOTS[102])
REJECTION = cython.declare(cython.int, _SLOTS[103])
EXECUTION_TYPE = cython.declare(cython.int, _SLOTS[150])
LEAVES = cython.declare(cython.int, _SLOTS[151])
RESTATEMENT = cython.declare(cython.int, _SLOTS[378])
RESPONSE_TO = cython.declare(cython.int, _SLOTS[434])
IN_KIND = cython.declare(cython.int, PLACES["kind"])
IN_PRICE = cython.declare(cython.int, PLACES["price"])
IN_QUANTITY = cython.declare(cython.int, PLACES["quantity"])
IN_LEAVES = cython.declare(cython.int, PLACES["leaves_quantity"])
IN_ORDER = cython.declare(cython.int, PLACES["order_id"])
IN_PREVIOUS = cython.declare(cython.int, PLACES["previous_order_id"])
IN_EXECUTION = cython.declare(cython.int, PLACES["execution_id"])
IN_REFERENCE = cython.declare(cython.int, PLACES["reference_execution_id"])
IN_TRADE = cython.declare(cython.int, PLACES["trade_id"])
IN_TEXT = cython.declare(cython.int, PLACES["text"])
IN_KEY = cython.declare(cython.int, PLACES["event_key"])
IN_REQUESTED = cython.declare(cython.int, PLACES[REQUESTED])
NEW = cython.declare(cython.int, int(Kind.NEW))
REPLACE = cython.declare(cython.int, int(Kind.REPLACE))
CANCEL = cython.declare(cython.int, int(Kind.CANCEL))
FILL = cython.declare(cython.int, int(Kind.FILL))
REJECT = cython.declare(cython.int, int(Kind.REJECT))
CANCEL_REJECT = cython.declare(cython.int, int(Kind.CANCEL_REJECT))
EXPIRE = cython.declare(cython.int, int(Kind.EXPIRE))
REQUEST = cython.declare(cython.int, int(Kind.REQUEST))
STATUS_KIND = cython.declare(cython.int, int(Kind.STATUS))
BUST = cython.declare(cython.int, int(Kind.BUST))
CORRECT = cython.declare(cython.int, int(Kind.CORRECT))
PENDING = cython.declare(cython.int, plans.PENDING)
RESTATED = cython.declare(cython.int, plans.RESTATED)
REQUESTS = cython.declare(dict, plans.REQUESTS)
RESTATEMENTS = cython.declare(dict, plans.RESTATEMENT_REASONS)
EXPIRE_REASONS = cython.declare(tuple, plans.EXPIRE_REASONS)
STATUS_REASONS = cython.declare(tuple, plans.STATUS_REASONS)
PENDING_REASONS = cython.declare(tuple, plans.PENDING_REASONS)
KINDS_BY_CODE = cython.declare(bytes, plans.BY_EXEC_TYPE)
KINDS_BY_TRANSACTION = cython.declare(bytes, plans.BY_TRANSACTION)
RENEWALS = cython.declare(frozenset, plans.RENEWALS)
UNSOLICITED = cython.declare(bytes, order_mapping.UNSOLICITED.encode())
SELF_TRADE = cython.declare(bytes, order_mapping.SELF_TRADE_REASON.encode())
BETWEEN = cython.declare(bytes, b"|")
AFTER_REASON = cython.declare(bytes, b": ")
NO_NUMBER = cython.declare(cython.double, float("nan"))
OPEN_NEW = cython.declare(cython.int, ord("0"))
OPEN_PARTLY = cython.declare(cython.int, ord("1"))
OPEN_REPLACED = cython.declare(cython.int, ord("5"))
OF_TRADE = cython.declare(cython.int, 1)
OF_CROSS = cython.declare(cython.int, 2)
OF_QUOTE = cython.declare(cython.int, 3)
OF_QUOTES = cython.declare(cython.int, 4)
OF_SNAPSHOT = cython.declare(cython.int, 5)
OF_REFRESH = cython.declare(cython.int, 6)
GROUPED = cython.declare(dict, {b"AE": 1, b"s": 2, b"S": 3, b"i": 4, b"W": 5, b"X": 6})
REPORT = cython.declare(cython.int, ord("8"))
REFUSED = cython.declare(cython.int, ord("9"))
TO_CANCEL = cython.declare(cython.int, ord("1"))
TO_REPLACE = cython.declare(cython.int, ord("2"))
EXPIRED = cython.declare(cython.int, ord("C"))


class Batch(OrderRows):
    """The rows of messages in order, by a profile; `take` gives the frame and begins the next batch.

    `notes` are what `map_message` says of messages, each with whether the message gave rows. Interpreted, the quick
    way is the slower one and is left (`is_quick`).
    """

    def __init__(self, profile: Profile, *, is_quick: bool = COMPILED) -> None:
        super().__init__(profile)
        self.is_quick = is_quick and self.is_covered
        self.notes: list[tuple[str, bool]] = []
        self._types: dict[str, int] = {}
        self.by_transaction = profile.dialect == order_mapping.EXEC_TRANS_TYPE
        self.market_data = plans.MARKET_DATA_MODES.index(profile.market_data)
        self.fills_only = profile.reports == "fills"
        self.tells_unsolicited = profile.tells_unsolicited
        if not cython.compiled:
            self._counts = [0] * 128

    @property
    def row_count(self) -> int:
        """The rows so far."""
        return self.columns.count

    def add_all(self, messages: Sequence[Message], source: str, receive_time_ns: int) -> None:
        """Maps messages of one source."""
        for message in messages:
            self.add(message, source, receive_time_ns)

    def add(self, message, source, receive_time_ns):
        """Maps a message. `source` names its session and side, as for `map_message`."""
        if message.is_scanned and self.is_quick:
            if cython.compiled:
                text = cython.cast(cython.p_uchar, PyBytes_AsString(message.raw))
                entries = cython.cast(cython.p_ulonglong, PyBytes_AsString(message.places))
            else:
                text, entries = message.raw, message.places
            if self.add_quick(message, text, entries, source, receive_time_ns):
                return 0
        self._learn(source)
        kind = message.msg_type
        self._types[kind] = self._types.get(kind, 0) + 1
        rows, note = map_message(message, self.profile, source, receive_time_ns)
        for row in rows:
            self.columns.add_row(row)
        if note is not None:
            self.notes.append((note, bool(rows)))
        return 0

    def add_quick(self, message, text, entries, source, receive_time_ns):
        """Maps a message that lies elsewhere, its header noted; False, and nothing done, where only `add` can."""
        code: cython.int = text[message.type_start]
        if not self.is_quick or not message.is_ascii or message.type_end > message.type_start + 2:
            return False
        if source is not self.source:
            self._learn(source)
        self.begin(text, entries)
        if not self._quick(message, code, receive_time_ns):
            return False
        if message.type_end == message.type_start + 1:
            self._counts[code] += 1
        else:
            kind = text[message.type_start : message.type_end].decode("latin-1")
            self._types[kind] = self._types.get(kind, 0) + 1
        return True

    def take(self) -> tuple[Frame, list[tuple[str, bool]], dict[str, int]]:
        """The frame of the rows so far, the notes, and how many messages there were by type; then begins anew."""
        frame, notes, types = self.columns.frame(), self.notes, self._types
        code: cython.int
        for code in range(128):
            if self._counts[code]:
                types[chr(code)] = types.get(chr(code), 0) + self._counts[code]
                self._counts[code] = 0
        self.begin_columns(Columns(frame.row_count + 1, self.columns.texts.cleared()))
        self.notes, self._types = [], {}
        return frame, notes, types

    def _quick(self, message, code, receive_time_ns):
        """Adds the rows of the message; False, and none added, where the careful way must."""
        first: cython.Py_ssize_t = self.columns.count
        is_whole: cython.bint = False
        grouped: cython.int = 0
        wanted = None
        if message.type_end != message.type_start + 1 or (code != REPORT and code != REFUSED):
            kind = self.text[message.type_start : message.type_end]
            wanted = REQUESTS.get(kind)
            grouped = GROUPED.get(kind, 0)
            if wanted is None and not grouped:
                return False
        self.is_request = wanted is not None or OF_CROSS <= grouped <= OF_QUOTES
        if self.find(0, message.field_count) and self._base(message, receive_time_ns):
            if grouped:
                is_whole = self._add_grouped(grouped, message.field_count)
            elif wanted is not None:
                is_whole = self._request(wanted)
            else:
                is_whole = self._report() if code == REPORT else self._cancel_reject()
        if not is_whole:
            self.columns.drop_from(first)
        elif not grouped:
            self.columns.end_row()
        return is_whole

    def _add_grouped(self, grouped, count):
        """Adds the rows of a message that may give several."""
        if grouped <= OF_CROSS:
            return add_sides(self, count, grouped == OF_TRADE)
        if grouped <= OF_QUOTES:
            return add_quotes(self, count, grouped == OF_QUOTES)
        unread = add_market_data(self, count, self.market_data, grouped == OF_SNAPSHOT)
        if unread is None:
            return False
        if unread:
            self.notes.append((unread_note("W" if grouped == OF_SNAPSHOT else "X", unread), True))
        return True

    def _report(self):
        kind: cython.int = self._kind()
        executed: cython.double
        if kind == 0 or (self.fills_only and kind not in (FILL, BUST, CORRECT)):
            return False
        if kind == NEW:
            executed = self.number(EXECUTED)
            if executed == executed and executed != 0 and not self.has(LAST_QUANTITY):
                return False
        self.columns.codes[IN_KIND, self.columns.count] = STATUS_KIND if kind == PENDING else kind
        if not self._report_ids(kind):
            return False
        self._order_fields()
        return self._details(kind)

    def _kind(self):
        """The kind of a report, and `code` that tells its reason; 0 where the careful way must say."""
        last: cython.double
        kind: cython.int
        if self.by_transaction and self.has(TRANSACTION):
            kind = KINDS_BY_TRANSACTION[self.character(TRANSACTION)]
            if kind:
                self.code = self.character(EXECUTION_TYPE if self.has_text(EXECUTION_TYPE) else STATUS)
                return kind
        if not self.has(EXECUTION_TYPE):
            return self._kind_of_status()
        self.code = self.character(EXECUTION_TYPE)
        kind = KINDS_BY_CODE[self.code]
        if kind == FILL:
            last = self.number(LAST_QUANTITY)
            if last == 0:
                return 0
        return kind

    def _kind_of_status(self):
        last: cython.double = self.number(LAST_QUANTITY)
        kind: cython.int
        self.code = self.character(STATUS)
        if last == last and last != 0:
            return FILL
        kind = KINDS_BY_CODE[self.code]
        return 0 if kind in (FILL, STATUS_KIND) else kind

    def _report_ids(self, kind):
        order: cython.int = self.first(self.order)
        execution: cython.int = self.first(self.execution)
        previous: cython.int = 0
        if not order:
            order = self.client
            if kind in (CANCEL, PENDING) and self.original:
                order = self.original
            if kind == REPLACE:
                previous = self.original
        elif kind == REPLACE:
            previous = self.first(self.previous)
            if previous and self.value(previous) == self.value(order):
                previous = 0
        if previous:
            self.put(IN_PREVIOUS, previous)
        if order:
            self.put(IN_ORDER, order)
        if not execution:
            return True
        self.put(IN_EXECUTION, execution)
        return self._event_key()

    def _event_key(self):
        place: cython.int = 0
        fits: cython.bint
        fits = self.begin_text(self.this_day())
        while self.dedup[place]:
            fits = fits and self._add_text(BETWEEN, 0, 1) and self.more_text(self.dedup[place])
            place += 1
        if fits:
            self.put_scratch(IN_KEY)
        return fits

    def put_reason(self, reason):
        """Puts our reason before the venue's text."""
        if not self.has_text(VENUE_TEXT):
            self.put_bytes(IN_TEXT, reason)
            return True
        if not self.begin_text(reason) or not self._add_text(AFTER_REASON, 0, 2) or not self.more_text(VENUE_TEXT):
            return False
        self.put_scratch(IN_TEXT)
        return True

    def _details(self, kind):
        if kind == FILL:
            self._fill()
            return True
        if kind in (NEW, STATUS_KIND, REPLACE):
            self._terms()
            reason = STATUS_REASONS[self.code] if kind == STATUS_KIND else None
            if kind == REPLACE and self._is_unsolicited():
                reason = UNSOLICITED
            return reason is None or self.put_reason(reason)
        if kind in (CANCEL, EXPIRE):
            self._closed()
            return self._cancel() if kind == CANCEL else self._expire()
        return self._rarer_details(kind)

    def _rarer_details(self, kind):
        if kind in (BUST, CORRECT):
            self._fill()
            if self.is_id(REFERENCE):
                self.put(IN_REFERENCE, REFERENCE)
            if kind == BUST:
                self.put_double(IN_LEAVES, NO_NUMBER)
            return True
        if kind == REJECT:
            self._terms()
            self.put_double(IN_LEAVES, 0.0)
            return not self.has(REJECTION) or self.put_reason(b"reason 103=" + self.value(REJECTION))
        if kind == RESTATED:
            return self._restated()
        reason = PENDING_REASONS[self.code]
        return self.put_reason(b"pending" if reason is None else reason)

    def _is_unsolicited(self):
        return self.tells_unsolicited and not self.original

    def _fill(self):
        trade: cython.int = self.first(self.trade)
        self.put_number(IN_PRICE, LAST_PRICE)
        self.put_number(IN_QUANTITY, LAST_QUANTITY)
        if not self.fills_only:
            self.put_number(IN_LEAVES, LEAVES)
        if trade:
            self.put(IN_TRADE, trade)
        return self.put_aggressor()

    def _closed(self):
        """An order that ended: what was taken off (84, else 38 - 14) and nothing left."""
        total: cython.double = self.number(QUANTITY)
        executed: cython.double = self.number(EXECUTED)
        taken: cython.double = self.number(TAKEN_OFF)
        leaves: cython.double = 0.0
        status: cython.int = self.character(STATUS)
        if taken != taken and total == total:
            taken = total - (executed if executed == executed else 0.0)
            taken = 0.0 if taken < 0.0 else taken
        self.put_double(IN_QUANTITY, taken)
        self.put_number(IN_PRICE, LIMIT)
        if status in (OPEN_NEW, OPEN_PARTLY, OPEN_REPLACED):
            leaves = self.number(LEAVES)
            leaves = leaves if leaves == leaves else 0.0
        return self.put_double(IN_LEAVES, leaves)

    def _cancel(self):
        if self._is_self_trade():
            return self.put_reason(SELF_TRADE)
        return not self._is_unsolicited() or self.put_reason(UNSOLICITED)

    def _expire(self):
        if self.code == EXPIRED and self._is_self_trade():
            return self.put_reason(SELF_TRADE)
        reason = EXPIRE_REASONS[self.code]
        return self.put_reason(b"expired" if reason is None else reason)

    def _is_self_trade(self):
        for slot, values in self.self_trade:  # noqa: SIM110 - compiled, a generator would cost more
            if self.has(slot) and (not values or self.value(slot) in values):
                return True
        return False

    def _restated(self):
        cause = self.value(RESTATEMENT) if self.has(RESTATEMENT) else b""
        self.columns.codes[IN_KIND, self.columns.count] = NEW if cause in RENEWALS else REPLACE
        self._terms()
        return self.put_reason(RESTATEMENTS.get(cause) or b"unsolicited, 378=" + (cause or b"absent"))

    def _cancel_reject(self):
        order: cython.int = self.first(self.order) or self.original or self.client
        to: cython.int = self.character(RESPONSE_TO)
        what = b"cancel" if to == TO_CANCEL else b"replace" if to == TO_REPLACE else b"request"
        why = self.value(REFUSAL) if self.has(REFUSAL) else b"absent"
        self.columns.codes[IN_KIND, self.columns.count] = CANCEL_REJECT
        if order:
            self.put(IN_ORDER, order)
        self._order_fields()
        return self.put_reason(what + b" refused, 102=" + why)

    def _request(self, wanted):
        is_event: cython.bint = self.requests_are_events and wanted != b"MASS_CANCEL"
        is_cancel: cython.bint = is_event and wanted == b"CANCEL"
        order: cython.int = self.first(self.order)
        kind: cython.int = CANCEL if is_cancel else REPLACE if wanted == b"REPLACE" else NEW
        self.columns.codes[IN_KIND, self.columns.count] = kind if is_event else REQUEST
        if not is_event:
            self.put_bytes(IN_REQUESTED, wanted)
        elif not order:
            order = self.original if is_cancel else self.client
        if order:
            self.put(IN_ORDER, order)
        if self.original and (wanted == b"REPLACE" or (wanted == b"CANCEL" and not is_event)):
            self.put(IN_PREVIOUS, self.original)
        self._order_fields()
        self._terms()
        if is_cancel:
            self.put_double(IN_LEAVES, 0.0)
            self.put_double(IN_QUANTITY, NO_NUMBER)
        return True
