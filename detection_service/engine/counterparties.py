# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The two sides of a match brought together, and which of a trade's events count as the market's volume."""

import cython

from detection_service.engine import triggers

if cython.compiled:
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.matches import MatchLog, MatchTable
    from cython.cimports.detection_service.engine.readers import Readers
    from cython.cimports.detection_service.engine.records import ActivityPointer
    from cython.cimports.tapewatch.market.hashing import mix
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.matches import MatchLog, MatchTable
    from detection_service.engine.readers import Readers
    from detection_service.engine.records import Activity as ActivityPointer
    from tapewatch.market.hashing import mix

_MATCH = cython.declare(cython.int, triggers.MATCH)
_PAIR = cython.declare(cython.int, triggers.PAIR)
_ARRANGED = cython.declare(cython.int, triggers.ARRANGED)
_HAS_MATCHES = cython.declare(cython.int, triggers.HAS_MATCHES)
_BUY = cython.declare(cython.int, 1)
_SELL = cython.declare(cython.int, 2)
_TRADE = cython.declare(cython.int, 10)
_NOT_AGGRESSOR = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)
_ACCOUNTS = cython.declare(cython.ulonglong, 1 << 31)
_SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)


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
        matches: MatchTable = self.market.matches
        text: cython.uint = view.trade_id[row]
        other: cython.int = self.account_of(view.contra[row])
        key: cython.ulonglong
        place: cython.Py_ssize_t
        self.match_other_order_id = b""
        self.match_other_high = self.match_other_low = 0
        self.match_entry_gap = -1
        self.match_size_ratio = 0.0
        self.match_first = True
        if text == 0:
            if account >= 0 and other >= 0 and view.side[row] == _BUY:
                self._pair(row, account, other)
            return self._counts_unnamed(row)
        key = view.hash_of(text, self.market.seed)
        place = matches.find(key)
        if place < 0:
            place = matches.place_for(key, self.now)
        if account >= 0 and matches.account[place] < 0:
            self._first_side(row, place, account, other, number)
        elif account >= 0 and matches.side[place] != view.side[row]:
            self._second_side(row, place, account, number)
        return self._counts(row, place)

    def _first_side(self, row, place, account, other, number):
        """Keeps a side until the other comes; where it names the other, both are known at once."""
        view: FrameView = self.view
        matches: MatchTable = self.market.matches
        activity: ActivityPointer = self.activity_at(number)
        matches.account[place] = account
        matches.side[place] = view.side[row]
        matches.event_high[place] = self.event_high
        matches.event_low[place] = self.event_low
        matches.order_id[place] = view.text(view.order_text(row))
        matches.entry_time[place] = self.entry_time
        matches.order_quantity[place] = self.order_quantity
        matches.activity[place] = number
        matches.fill_number[place] = activity.fill_count - 1
        if other >= 0:
            matches.paired[place] = True
            self._pair(row, account, other)
            matches.match_number[place] = self.match_number

    def _second_side(self, row, place, account, number):
        """The other side of a match has come: each fill learns whom it met."""
        matches: MatchTable = self.market.matches
        log: MatchLog = self.market.match_log
        activity: ActivityPointer = self.activity_at(number)
        self.fills.met(activity, activity.fill_count - 1, self.now, account, matches.account[place])
        activity = self.activity_at(matches.activity[place])
        self.fills.met(activity, matches.fill_number[place], matches.time[place], matches.account[place], account)
        self.match_other_order_id = matches.order_id[place]
        self.match_other_high = matches.event_high[place]
        self.match_other_low = matches.event_low[place]
        self.match_first = not matches.paired[place]
        self.match_number = matches.match_number[place]
        if self.entry_time and matches.entry_time[place]:
            self.match_entry_gap = abs(self.entry_time - matches.entry_time[place])
            self.match_size_ratio = min(self.order_quantity, matches.order_quantity[place]) / max(
                self.order_quantity, matches.order_quantity[place]
            )
        matches.paired[place] = True
        self._pair(row, account, matches.account[place])
        matches.match_number[place] = self.match_number
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
        if found == self.arranged_matches or (found > self.arranged_matches and (found & (found - 1)) == 0):
            self.triggers |= _ARRANGED

    def _pair(self, row, account, other):
        """Two accounts traded: one beneficial group with itself, or two that may be at it again and again."""
        view: FrameView = self.view
        log: MatchLog = self.market.match_log
        group: cython.ulonglong = self.group_of_account[account]
        other_group: cython.ulonglong = self.group_of_account[other]
        buys: cython.bint = view.side[row] == _BUY
        self.capabilities[self.source] |= _HAS_MATCHES
        self.match_buyer = account if buys else other
        self.match_seller = other if buys else account
        self.match_price = view.price[row]
        self.match_quantity = view.quantity[row]
        self.match_trade_id = view.text(view.trade_id[row])
        self.match_order_id = view.text(view.order_text(row))
        if group == other_group:
            self.triggers |= _MATCH
            group = _ACCOUNTS | account
            other_group = _ACCOUNTS | other
        self.match_pair = mix(self.market.seed ^ (min(group, other_group) << 32 | max(group, other_group)))
        if not self.match_first:
            return
        self.match_number = log.add(
            self.match_pair,
            self.group_of_account[self.match_buyer],
            self.group_of_account[self.match_seller],
            self.now,
            self.match_price,
            self.match_quantity,
            self.event_high,
            self.event_low,
            self.match_trade_id,
            self._taker(row),
        )
        if (
            not self.triggers & _MATCH
            and log.recent(self.match_pair, self.now - self.pair_window_ns, self.pair_turns) >= self.pair_trades
        ):
            self.triggers |= _PAIR

    def _taker(self, row):
        """The side of a fill's match that took liquidity; 0 where that is not known."""
        view: FrameView = self.view
        if view.aggressor[row] == _AGGRESSOR:
            return view.side[row]
        return 3 - view.side[row] if view.aggressor[row] == _NOT_AGGRESSOR else 0

    def _counts(self, row, place):
        """Whether a trade with an id is counted by this event: once over fills and prints, and by its print where
        the instrument's prints are not known to bear the ids of its fills."""
        matches: MatchTable = self.market.matches
        if self.view.kind[row] == _TRADE:
            matches.printed[place] = True
        else:
            matches.filled[place] = True
            if matches.counted[place] == 0 and self.market.has_trade_feed and not self.market.shares_trade_ids:
                return False
        if matches.printed[place] and matches.filled[place]:
            self.market.shares_trade_ids = True
        if matches.counted[place]:
            return False
        matches.counted[place] = True
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
