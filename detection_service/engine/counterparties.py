# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The two sides of a match brought together, and which of a trade's events count as the market's volume."""

import cython

from detection_service.engine import triggers

if cython.compiled:
    from cython.cimports.detection_service.engine.fills import fill_at
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.match_records import MatchSidePointer
    from cython.cimports.detection_service.engine.matches import MatchLog, MatchTable
    from cython.cimports.detection_service.engine.readers import Readers
    from cython.cimports.detection_service.engine.records import ActivityPointer, FillPointer
    from cython.cimports.detection_service.engine.registry import activity_at
    from cython.cimports.libc.string import memcpy
    from cython.cimports.tapewatch.market.memory import mix
else:
    from detection_service.engine.fills import fill_at
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.match_records import MatchSide as MatchSidePointer
    from detection_service.engine.matches import MatchLog, MatchTable
    from detection_service.engine.readers import Readers
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.registry import activity_at
    from tapewatch.market.hashing import mix

_MATCH = cython.declare(cython.int, triggers.MATCH)
_PAIR = cython.declare(cython.int, triggers.PAIR)
_ARRANGED = cython.declare(cython.int, triggers.ARRANGED)
_HAS_MATCHES = cython.declare(cython.int, triggers.HAS_MATCHES)
_BUY = cython.declare(cython.int, 1)
_TRADE = cython.declare(cython.int, 10)
_NOT_AGGRESSOR = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)
_ACCOUNTS = cython.declare(cython.ulonglong, 1 << 31)
_SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)
_TEXT = cython.declare(cython.int, 40)
_OF_A_MATCH = cython.declare(cython.int, triggers.MATCH | triggers.PAIR | triggers.ARRANGED)


class Counterparties(Readers):
    """Who trades with whom. The `match_...` fields describe the match behind a MATCH, PAIR or ARRANGED trigger.

    `entry_time` and `order_quantity` are those of the order the fill in hand is of (0 where it is not known).
    """

    def __init__(self, group_of):
        Readers.__init__(self, group_of)
        self.entry_time, self.order_quantity = 0, 0.0
        self.pair_window_ns = 120 * _SECOND_NS
        self.pair_trades = 6
        self.pair_turns = 0.6
        self.arranged_gap_ns = 2 * _SECOND_NS
        self.arranged_ratio = 0.95
        self.arranged_matches = 3
        self.arranged_window_ns = 3_600 * _SECOND_NS

    def _match(self, row, account, number):
        """Brings the two sides of a match together; whether the market's volume counts this event.

        `account` and `number`, that of its activity, are -1 where the event names nobody, as a print.
        """
        view: FrameView = self.view
        market: MarketState = self.market
        matches: MatchTable = market.matches
        text: cython.uint = view.trade_id[row]
        other: cython.int = self.account_of(view.contra[row])
        key: cython.ulonglong
        place: cython.Py_ssize_t
        side: MatchSidePointer
        self.match_place = -1
        self.match_other_high = self.match_other_low = 0
        self.match_entry_gap = -1
        self.match_size_ratio = 0.0
        self.match_first = True
        if text == 0:
            if account >= 0 and other >= 0 and view.side[row] == _BUY:
                self._pair(row, account, other, number)
            return self._counts_unnamed(row)
        key = view.hash_of(text, market.seed) or 1  # 0 is an empty place's
        place = matches.find(key)
        if place < 0:
            place = matches.place_for(key, self.now)
        side = matches.at(place)
        if account >= 0 and side.account < 0:
            self._first_side(row, side, account, other, number)
        elif account >= 0 and side.side != view.side[row]:
            self.match_place = place
            self._second_side(row, side, account, number)
        return self._counts(row, side)

    def _first_side(self, row, side, account, other, number):
        """Keeps a side until the other comes; where it names the other, both are known at once."""
        activity: ActivityPointer = activity_at(self, number)
        fill: FillPointer = fill_at(self.fills, activity, activity.fill_count - 1)
        side.account = account
        side.side = self.view.side[row]
        side.event_high = self.event_high
        side.event_low = self.event_low
        side.order_length = fill.order_length
        if cython.compiled:
            memcpy(side.order_id, fill.order_id, _TEXT)
        else:
            side.order_id = fill.order_id
        side.entry_time = self.entry_time
        side.order_quantity = self.order_quantity
        side.activity = number
        side.fill_number = activity.fill_count - 1
        if other >= 0:
            side.paired = True
            self._pair(row, account, other, number)
            side.match_number = self.match_number

    def _second_side(self, row, side, account, number):
        """The other side of a match has come: each fill learns whom it met."""
        log: MatchLog = self.market.match_log
        larger: cython.double
        activity: ActivityPointer = activity_at(self, number)
        self.fills.met(activity, activity.fill_count - 1, self.now, account, side.account)
        activity = activity_at(self, side.activity)
        if activity.market == self.market.number:  # it may have been forgotten since
            self.fills.met(activity, side.fill_number, side.time, side.account, account)
        self.match_other_high = side.event_high
        self.match_other_low = side.event_low
        self.match_first = not side.paired
        self.match_number = side.match_number
        if self.entry_time and side.entry_time:
            self.match_entry_gap = abs(self.entry_time - side.entry_time)
            larger = max(self.order_quantity, side.order_quantity)
            self.match_size_ratio = min(self.order_quantity, side.order_quantity) / larger if larger > 0.0 else 0.0
        side.paired = True
        self._pair(row, account, side.account, number)
        side.match_number = self.match_number
        log.complete(
            self.match_number,
            self.match_other_high,
            self.match_other_low,
            self.match_entry_gap,
            self.match_size_ratio,
        )
        if 0 <= self.match_entry_gap <= self.arranged_gap_ns and self.match_size_ratio >= self.arranged_ratio:
            self._arranged()

    def _arranged(self):
        """Orders of two groups entered together met; where that goes on, the rules are asked, ever less often."""
        log: MatchLog = self.market.match_log
        since: cython.longlong = self.now - self.arranged_window_ns
        found: cython.longlong
        if self.triggers & _MATCH:
            return
        found = log.arranged_of(self.match_pair, since, self.arranged_gap_ns, self.arranged_ratio)
        if self.arranged_matches <= found and (found <= 4 * self.arranged_matches or (found & (found - 1)) == 0):
            self.triggers |= _ARRANGED

    def pair_key(self, group, other):
        """Under what the log of matches keeps those of two groups."""
        return mix(self.market.seed ^ (min(group, other) << 32 | max(group, other)))

    def _pair(self, row, account, other, number):
        """Two accounts traded: one beneficial group with itself, or two that may be at it again and again. The fill
        told of is the last of the activity `number`."""
        view: FrameView = self.view
        log: MatchLog = self.market.match_log
        group: cython.ulonglong = self.group_of_account[account]
        other_group: cython.ulonglong = self.group_of_account[other]
        buys: cython.bint = view.side[row] == _BUY
        activity: ActivityPointer
        self.capabilities[self.source] |= _HAS_MATCHES
        self.match_buyer = account if buys else other
        self.match_seller = other if buys else account
        self.match_price = view.price[row]
        self.match_quantity = view.quantity[row]
        self.match_row = row
        if group == other_group:
            self.triggers |= _MATCH
            group = _ACCOUNTS | account
            other_group = _ACCOUNTS | other
        self.match_pair = self.pair_key(group, other_group)
        if not self.match_first:
            return 0
        self.match_number = log.add(
            self.match_pair,
            self.group_of_account[self.match_buyer],
            self.group_of_account[self.match_seller],
            self.now,
            self.match_price,
            self.match_quantity,
            self.event_high,
            self.event_low,
            self._taker(row),
        )
        activity = activity_at(self, number)
        log.name(self.match_number, fill_at(self.fills, activity, activity.fill_count - 1))
        if (
            not self.triggers & _MATCH
            and log.recent(self.match_pair, self.now - self.pair_window_ns, self.pair_turns) >= self.pair_trades
        ):
            self.triggers |= _PAIR
        return 0

    def _taker(self, row):
        """The side of a fill's match that took liquidity; 0 where that is not known."""
        view: FrameView = self.view
        if view.aggressor[row] == _AGGRESSOR:
            return view.side[row]
        return 3 - view.side[row] if view.aggressor[row] == _NOT_AGGRESSOR else 0

    def match_texts(self):
        """Ids of the trade, the order and the other side's order, where that is known, of the match behind a MATCH,
        PAIR or ARRANGED trigger."""
        view: FrameView = self.view
        side: MatchSidePointer
        other: bytes = b""
        if not self.triggers & _OF_A_MATCH:
            return b"", b"", b""
        if self.match_place >= 0:
            side = self.market.matches.at(self.match_place)
            other = self.texts.of(side.order_id, side.order_length)
        return view.text(view.trade_id[self.match_row]), view.text(view.order_text(self.match_row)), other

    def pair_rows(self, since: cython.longlong, limit: cython.longlong):
        """The last matches of the pair behind a MATCH, PAIR or ARRANGED trigger since a time (`MatchLog.rows`)."""
        return self.market.match_log.pair_rows(self.match_pair, since, limit, self.texts)

    def match_rows(self, since: cython.longlong, limit: cython.longlong):
        """The market's last matches since a time (`MatchLog.rows`)."""
        return self.market.match_log.rows(since, limit, self.texts)

    def _counts(self, row, side):
        """Whether a trade with an id is counted by this event: once over fills and prints, and by its print where
        the instrument's prints are not known to bear the ids of its fills."""
        market: MarketState = self.market
        if self.view.kind[row] == _TRADE:
            side.printed = True
        else:
            side.filled = True
            if side.counted == 0 and market.has_trade_feed and not market.shares_trade_ids:
                return False
        if side.printed and side.filled:
            market.shares_trade_ids = True
        if side.counted:
            return False
        side.counted = True
        return True

    def _counts_unnamed(self, row):
        """The same of a trade without an id: the print; without prints the aggressor's fill, or the buyer's where it
        names the seller."""
        view: FrameView = self.view
        if view.kind[row] == _TRADE:
            return True
        if self.market.has_trade_feed:
            return False
        if view.aggressor[row] == _AGGRESSOR:
            return True
        return view.aggressor[row] == 0 and view.contra[row] != 0 and view.side[row] == _BUY
