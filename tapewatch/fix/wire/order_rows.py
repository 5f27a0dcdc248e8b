# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What every row of an order has, read from a message by a profile: the compiled side of `row_fields`."""

import cython

from tapewatch.fix import order_mapping
from tapewatch.fix.profile import SUFFIX_SEPARATOR, Profile
from tapewatch.fix.timestamps import day_text
from tapewatch.fix.wire import plan as plans
from tapewatch.fix.wire.columns import PLACES
from tapewatch.fix.wire.reading import FieldReader

if cython.compiled:
    from cython.cimports.tapewatch.fix.wire.numbers import plain_time_ns
    from cython.cimports.tapewatch.fix.wire.reading import set_codes, set_slots
else:
    from tapewatch.fix.wire.numbers import plain_time_ns
    from tapewatch.fix.wire.reading import set_codes, set_slots

_SLOTS = plans.FIXED_SLOTS

CLIENT_ID = cython.declare(cython.int, _SLOTS[11])
ORIGINAL_ID = cython.declare(cython.int, _SLOTS[41])
EXECUTED = cython.declare(cython.int, _SLOTS[14])
QUANTITY = cython.declare(cython.int, _SLOTS[38])
ORDER_TYPE = cython.declare(cython.int, _SLOTS[40])
LIMIT = cython.declare(cython.int, _SLOTS[44])
SENDER = cython.declare(cython.int, _SLOTS[49])
SENT = cython.declare(cython.int, _SLOTS[52])
SIDE = cython.declare(cython.int, _SLOTS[54])
TARGET = cython.declare(cython.int, _SLOTS[56])
TRANSACTED = cython.declare(cython.int, _SLOTS[60])
STOP = cython.declare(cython.int, _SLOTS[99])
FIRST_SENT = cython.declare(cython.int, _SLOTS[122])
LEAVES = cython.declare(cython.int, _SLOTS[151])
CONTRA = cython.declare(cython.int, _SLOTS[375])
PARTY_COUNT = cython.declare(cython.int, _SLOTS[453])
SHOWN = cython.declare(cython.int, _SLOTS[1138])
SHOWN_MOST = cython.declare(cython.int, _SLOTS[210])
LIQUIDITY = cython.declare(cython.int, _SLOTS[851])
AGGRESSOR = cython.declare(cython.int, _SLOTS[1057])
YES = cython.declare(cython.int, ord("Y"))
NO = cython.declare(cython.int, ord("N"))
ADDED = cython.declare(cython.int, ord("1"))
REMOVED = cython.declare(cython.int, ord("2"))
DAY_NS = cython.declare(cython.longlong, 86_400_000_000_000)
IN_AGGRESSOR = cython.declare(cython.int, PLACES["aggressor"])
SHOWN_FLOOR = cython.declare(cython.int, _SLOTS[111])
IN_TIME = cython.declare(cython.int, PLACES["event_time_ns"])
IN_RECEIVED = cython.declare(cython.int, PLACES["receive_time_ns"])
IN_EPOCH = cython.declare(cython.int, PLACES["source_epoch"])
IN_SEQUENCE = cython.declare(cython.int, PLACES["source_sequence"])
IN_SIDE = cython.declare(cython.int, PLACES["side"])
IN_PRICE = cython.declare(cython.int, PLACES["price"])
IN_QUANTITY = cython.declare(cython.int, PLACES["quantity"])
IN_LEAVES = cython.declare(cython.int, PLACES["leaves_quantity"])
IN_SHOWN = cython.declare(cython.int, PLACES["display_quantity"])
IN_STOP = cython.declare(cython.int, PLACES["stop_price"])
IN_VENUE = cython.declare(cython.int, PLACES["venue"])
IN_INSTRUMENT = cython.declare(cython.int, PLACES["instrument"])
IN_ACCOUNT = cython.declare(cython.int, PLACES["account"])
IN_TRADER = cython.declare(cython.int, PLACES["trader"])
IN_CLIENT = cython.declare(cython.int, PLACES["client_order_id"])
IN_CONTRA = cython.declare(cython.int, PLACES["contra_account"])
IN_SOURCE = cython.declare(cython.int, PLACES["source"])
SIDES_BY_CODE = cython.declare(bytes, plans.SIDES)
SUFFIX_BETWEEN = cython.declare(bytes, SUFFIX_SEPARATOR.encode())
PLACE = cython.declare(cython.ulonglong, 0xFFFFFF)
MARKET_ORDER = cython.declare(cython.int, ord(order_mapping.MARKET_ORDER))
SOURCES_KEPT_MAX = cython.declare(cython.Py_ssize_t, 1024)
LISTS = (
    "account", "order", "previous", "execution", "dedup", "trade", "trade_report", "trade_reference", "venue",
    "instrument", "suffixes", "report_trader", "request_trader",
)  # fmt: skip


class OrderRows(FieldReader):
    """The row of one message at a time: time, venue, instrument, source, owner and terms."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.is_covered = plans.is_covered(profile)
        plan = plans.plan_of(profile if self.is_covered else Profile(name="none"))
        super().__init__(plan.slots, plan.slot_count)
        self.swaps_ids = profile.swap_client_ids
        self.requests_are_events = profile.requests == "new"
        self.day = -1
        self.session_account = ("none", "client", "venue").index(profile.session_account)
        self.default_venue = profile.default_venue.encode()
        self.venue_names = plan.venue_names
        self.instrument_names = plan.instrument_names
        self.self_trade = plan.self_trade
        self.copied_names = [names for _, _, names in plan.copied]
        self._set_lists(plan)
        self._sources: dict[str, tuple[bytes, bytes]] = {}
        self._learn("")

    def _set_lists(self, plan):
        if not cython.compiled:
            for name in LISTS:
                setattr(self, name, [0] * 18)
            self.copied, self.copied_columns = [0] * 16, [0] * 16
            self.account_roles, self.trader_roles, self.contra_roles = [0] * 18, [0] * 18, [0] * 18
        set_slots(self.account, plan.account)
        set_slots(self.order, plan.order)
        set_slots(self.previous, plan.previous)
        set_slots(self.execution, plan.execution)
        set_slots(self.dedup, plan.dedup)
        set_slots(self.trade, plan.trade)
        set_slots(self.trade_report, plan.trade_report)
        set_slots(self.trade_reference, plan.trade_reference)
        set_slots(self.venue, plan.venue)
        set_slots(self.instrument, plan.instrument)
        set_slots(self.suffixes, plan.suffixes)
        set_slots(self.report_trader, plan.report_trader)
        set_slots(self.request_trader, plan.request_trader)
        set_codes(self.account_roles, plan.account_roles)
        set_codes(self.trader_roles, plan.trader_roles)
        set_codes(self.contra_roles, plans.CONTRA_ROLES)
        set_slots(self.copied, [*(slot for slot, _, _ in plan.copied), 0])
        set_slots(self.copied_columns, [PLACES[column] for _, column, _ in plan.copied])

    def _learn(self, source):
        """Takes the source from which messages come now."""
        known = self._sources.get(source)
        if known is None:
            if len(self._sources) >= SOURCES_KEPT_MAX:
                self._sources.clear()
            listed = self.profile.accounts_by_session.get(source, "")
            known = self._sources[source] = (source.encode(), listed.encode())
        self.source = source
        self.source_text, self.listed_account = known
        return 0

    def _base(self, message, receive_time_ns):
        row: cython.Py_ssize_t = self.columns.count
        stated: cython.int = TRANSACTED
        if not self.has(TRANSACTED):
            stated = FIRST_SENT if self.has_text(FIRST_SENT) else SENT
        if not self.has(stated):
            return False
        self.time_ns = plain_time_ns(self.text, self.found[stated] >> 24 & PLACE, self.found[stated] & PLACE)
        if self.time_ns < 0 or message.number < 0:
            return False
        self.columns.longs[IN_TIME, row] = self.time_ns
        self.columns.longs[IN_EPOCH, row] = message.epoch
        self.columns.longs[IN_SEQUENCE, row] = message.number
        self.columns.longs[IN_RECEIVED, row] = receive_time_ns
        self.put_bytes(IN_SOURCE, self.source_text)
        self._venue()
        self._instrument()
        self._ids()
        self.sender = self.found[SENDER]
        self.target = self.found[TARGET]
        return True

    def this_day(self):
        """The day of the message's time, YYYYMMDD."""
        if self.time_ns // DAY_NS != self.day:
            self.day = self.time_ns // DAY_NS
            self.day_text = day_text(self.time_ns).encode()
        return self.day_text

    def _ids(self):
        """ClOrdID and OrigClOrdID, as the profile has them."""
        self.client = CLIENT_ID if self.is_id(CLIENT_ID) else 0
        self.original = ORIGINAL_ID if self.is_id(ORIGINAL_ID) else 0
        if self.swaps_ids and self.original and not self.is_request:
            self.client, self.original = self.original, self.client
        return 0

    def _venue(self):
        found: cython.int = self.first(self.venue)
        side: cython.int = TARGET if self.is_request else SENDER
        if self.venue_names:
            text = self.value(found) if found else b""
            text = self.venue_names.get(text, text)
            if text:
                return self.put_bytes(IN_VENUE, text)
        elif found:
            return self.put(IN_VENUE, found)
        if self.default_venue:
            return self.put_bytes(IN_VENUE, self.default_venue)
        return self.put(IN_VENUE, side) if self.has(side) else 0

    def _instrument(self):
        found: cython.int = self.first(self.instrument)
        place: cython.int = 0
        if self.suffixes[0] or self.instrument_names:
            text = self.value(found) if found else b""
            while found and self.suffixes[place]:
                if self.has_text(self.suffixes[place]):
                    text = text + SUFFIX_BETWEEN + self.value(self.suffixes[place])
                place += 1
            self.put_bytes(IN_INSTRUMENT, self.instrument_names.get(text, text))
        elif found:
            self.put(IN_INSTRUMENT, found)
        return 0

    def _owner(self):
        account: cython.int = self.first(self.account)
        trader: cython.int = self.first(self.request_trader) if self.is_request else self.first(self.report_trader)
        by_role: cython.ulonglong = 0
        if self.has_text(CONTRA):
            self.put(IN_CONTRA, CONTRA)
        if trader:
            self.put(IN_TRADER, trader)
        if self.has(PARTY_COUNT) and self.party_count:
            by_role = self.party(self.trader_roles)
            if by_role != 0:
                self.put_entry(IN_TRADER, by_role)
            by_role = self.party(self.contra_roles)
            if by_role != 0 and not self.has_text(CONTRA):
                self.put_entry(IN_CONTRA, by_role)
            by_role = self.party(self.account_roles)
        if account:
            return self.put(IN_ACCOUNT, account)
        if by_role != 0:
            return self.put_entry(IN_ACCOUNT, by_role)
        return self._put_session_account()

    def _put_session_account(self):
        side: cython.ulonglong
        if self.listed_account:
            return self.put_bytes(IN_ACCOUNT, self.listed_account)
        if self.session_account == 0:
            return 0
        side = self.sender if self.is_request == (self.session_account == 1) else self.target
        return self.put_entry(IN_ACCOUNT, side) if side != 0 else 0

    def _order_fields(self):
        place: cython.int = 0
        code: cython.int
        if SIDES_BY_CODE[self.character(SIDE)]:
            self.columns.codes[IN_SIDE, self.columns.count] = SIDES_BY_CODE[self.character(SIDE)]
        if self.client:
            self.put(IN_CLIENT, self.client)
        while self.copied[place]:
            if self.has(self.copied[place]):
                code = self.character(self.copied[place])
                name = self.copied_names[place][code]
                if code and name is not None:
                    self.put_bytes(self.copied_columns[place], name)
                else:
                    self.put(self.copied_columns[place], self.copied[place])
            place += 1
        return self._owner()

    def _terms(self):
        total: cython.double
        shown: cython.int = SHOWN if self.has_text(SHOWN) else SHOWN_MOST if self.has_text(SHOWN_MOST) else SHOWN_FLOOR
        if self.character(ORDER_TYPE) != MARKET_ORDER:
            self.put_number(IN_PRICE, LIMIT)
        self.put_number(IN_STOP, STOP)
        self.put_number(IN_LEAVES, LEAVES)
        self.put_number(IN_SHOWN, shown)
        total = self.number(QUANTITY)
        if total != total:
            total = self.number(EXECUTED) + self.number(LEAVES)
        return self.put_double(IN_QUANTITY, total)

    def put_aggressor(self):
        """AggressorIndicator, else LastLiquidityInd: whether this side took liquidity."""
        stated: cython.int = self.character(AGGRESSOR)
        if stated != YES and stated != NO:
            stated = self.character(LIQUIDITY)
            stated = YES if stated == REMOVED else NO if stated == ADDED else 0
        if stated:
            self.columns.codes[IN_AGGRESSOR, self.columns.count] = 2 if stated == YES else 1
        return 0
