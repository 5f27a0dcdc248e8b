# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A group's window in a market as the anomaly model sees it: ratios, shares and logarithms, free of any scale.

Made from what is held anyway (window metrics, the last fills and withdrawals), and only when it is asked for.
"""

import cython

from detection_service.engine.metrics import METRICS
from detection_service.engine.records import MEASURES as MEASURE_NAMES
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.fills import Fills, fill_at
    from cython.cimports.detection_service.engine.flow import MEASURES, MINUTES
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.meetings import Meetings
    from cython.cimports.detection_service.engine.records import RING, FillPointer, FlowPointer, WithdrawalPointer
    from cython.cimports.detection_service.engine.registry import Registry, activity_at
    from cython.cimports.detection_service.engine.withdrawals import Withdrawals
    from cython.cimports.libc.math import log1p, log2, sqrt
    from cython.cimports.tapewatch.market.arena import record_at
else:
    from math import log1p, log2, sqrt

    from detection_service.engine.fills import Fills, fill_at
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.meetings import Meetings
    from detection_service.engine.records import RING
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.records import Flow as FlowPointer
    from detection_service.engine.records import Withdrawal as WithdrawalPointer
    from detection_service.engine.registry import Registry, activity_at
    from detection_service.engine.withdrawals import Withdrawals
    from tapewatch.market.arena import record_at

    MEASURES, MINUTES = 24, 5

FAMILIES = {
    "orders": (
        "message_share", "message_multiple", "burst", "order_to_trade", "cancel_multiple", "cancel_life",
        "fleeting_share", "cancelled_share", "order_size", "depth_share", "at_best_share", "improved_share",
        "far_share", "probe_share", "replace_share",
    ),
    "withdrawals": (
        "largest_withdrawn", "withdrawn_depth_share", "layers", "equal_withdrawn", "stood_while_traded", "bait",
        "bait_speed", "withdrawn_against_traded",
    ),
    "sides": ("order_lean", "cancel_lean", "fill_lean", "opposed", "turns", "came_back"),
    "trades": (
        "volume_share_5m", "volume_share_60m", "aggressive_share", "push_share", "net_pushes", "impact", "equal_fills",
        "even_gaps", "walk", "round_trip_gain",
    ),
    "partners": (
        "self_share", "top_partner_share", "back_and_forth", "concentration", "between_two", "partner_lift",
        "self_share_60m", "top_partner_share_60m", "concentration_60m",
    ),
    "own_past": (
        "pace_change", "volume_change", "order_to_trade_change", "order_size_change", "lean_change",
        "aggressive_change", "cancel_life_change",
    ),
    "context": ("market_move", "market_volume"),
}  # fmt: skip
FEATURES = tuple(name for names in FAMILIES.values() for name in names)
"""In the order of a portrait's values; detection_service.anomaly.words says what each means."""

_WINDOWS = cython.declare(cython.int, 4)
_5M = cython.declare(cython.int, 1)
_30M = cython.declare(cython.int, 2)
_60M = cython.declare(cython.int, 3)
_BUY = cython.declare(cython.int, 1)
_SPAN_NS = cython.declare(cython.longlong, 300_000_000_000)
_MOMENT_NS = cython.declare(cython.longlong, 120_000_000_000)
_HOUR_NS = cython.declare(cython.longlong, 3_600_000_000_000)
_FEW = cython.declare(cython.double, 2.0)
"""Shares are of a count and so many more: one of one is not yet all."""
_MOVE_MAX = cython.declare(cython.double, 10.0)


def _place(name):
    return METRICS[f"{name}_1m"]


_ORDERS_BUY = cython.declare(cython.int, _place("orders_buy"))
_QUANTITY_BUY = cython.declare(cython.int, _place("quantity_buy"))
_QUANTITY_SELL = cython.declare(cython.int, _place("quantity_sell"))
_CANCELS = cython.declare(cython.int, _place("cancels"))
_CANCELLED_BUY = cython.declare(cython.int, _place("cancelled_buy"))
_CANCELLED_SELL = cython.declare(cython.int, _place("cancelled_sell"))
_MESSAGES = cython.declare(cython.int, _place("messages"))
_LIFE = cython.declare(cython.int, _place("cancelled_life_s"))
_FLEETING = cython.declare(cython.int, _place("fleeting"))
_DEPTH_SHARE = cython.declare(cython.int, _place("depth_share_max"))
_AT_BEST = cython.declare(cython.int, _place("orders_at_best"))
_REPLACES = cython.declare(cython.int, _place("replaces"))
_IMPROVED = cython.declare(cython.int, _place("improved_withdrawn"))
_FAR = cython.declare(cython.int, _place("far_withdrawn"))
_PROBES = cython.declare(cython.int, _place("probes"))
_FILLS = cython.declare(cython.int, _place("fills"))
_BOUGHT = cython.declare(cython.int, _place("bought"))
_SOLD = cython.declare(cython.int, _place("sold"))
_AGGRESSIVE = cython.declare(cython.int, _place("aggressive_fills"))
_UP = cython.declare(cython.int, _place("pushes_up"))
_DOWN = cython.declare(cython.int, _place("pushes_down"))
_ORDERS = cython.declare(cython.int, _place("orders"))
_VOLUME_SHARE = cython.declare(cython.int, _place("volume_share"))
_MESSAGE_SHARE = cython.declare(cython.int, _place("message_share"))
_CANCEL_MULTIPLE = cython.declare(cython.int, _place("cancel_multiple"))
_MESSAGE_MULTIPLE = cython.declare(cython.int, _place("message_multiple"))
_PRICE_CHANGE = cython.declare(cython.int, _place("market_price_change"))
_VOLUME_MULTIPLE = cython.declare(cython.int, METRICS["market_volume_multiple_5m"])
_MARKET_TRADES = cython.declare(cython.int, _place("market_trades"))
_FILLS_MEASURE = cython.declare(cython.int, MEASURE_NAMES.index("fills"))
# Places of features that are not told in turn.
_TURNS = cython.declare(cython.int, FEATURES.index("turns"))
_EQUAL_FILLS = cython.declare(cython.int, FEATURES.index("equal_fills"))
_SELF_SHARE = cython.declare(cython.int, FEATURES.index("self_share"))
_CONCENTRATION = cython.declare(cython.int, FEATURES.index("concentration"))
_ALL = cython.declare(cython.int, len(FEATURES))


class Portrait:
    """`values` (shape (features,), order of FEATURES) is the portrait taken last: of the five minutes up to the minute
    in hand of a group in a market, against its hour."""

    def __init__(self):
        self.values = arrays.doubles(_ALL)
        self.meetings = Meetings()
        self.next = 0

    def take(self, registry: Registry, activity, market):
        """Takes the portrait of an activity in a market, as of when it was last seen."""
        end: cython.longlong = activity.last_seen
        registry.flows.measure(activity, market)
        self.next = 0
        self._orders(registry.flows.values, market)
        self._withdrawn(registry, activity, market, end - _MOMENT_NS)
        self._sides(registry.flows.values)
        self._fills(registry, activity, end - _SPAN_NS)
        self._trades(registry.flows.values, market)
        self._partners(registry, activity, market, end)
        self._own_past(registry.flows.values)
        self._context(registry.flows.values)

    def _put(self, value):
        self.values[self.next] = value
        self.next += 1

    def _orders(self, metrics, market):
        """Messages, cancels and where orders were entered."""
        w: cython.int = _5M
        orders: cython.double = metrics[_ORDERS + w]
        cancels: cython.double = metrics[_CANCELS + w]
        entered: cython.double = metrics[_QUANTITY_BUY + w] + metrics[_QUANTITY_SELL + w]
        cancelled: cython.double = metrics[_CANCELLED_BUY + w] + metrics[_CANCELLED_SELL + w]
        usual: cython.double = market.sizes.median
        self._put(metrics[_MESSAGE_SHARE + w])
        self._put(log1p(metrics[_MESSAGE_MULTIPLE + w]))
        self._put(metrics[_MESSAGES] / (metrics[_MESSAGES + w] + 5.0 * _FEW))
        self._put(_log_ratio(metrics[_MESSAGES + w], metrics[_FILLS + w], 1.0))
        self._put(log1p(metrics[_CANCEL_MULTIPLE + _30M]))
        self._put(log1p(metrics[_LIFE + w] / cancels) if cancels > 0.0 else -1.0)
        self._put(metrics[_FLEETING + w] / (cancels + _FEW))
        self._put(cancelled / (entered + cancelled) if entered + cancelled > 0.0 else 0.0)
        self._put(log2(entered / (orders * usual)) if orders > 0.0 and usual > 0.0 and entered > 0.0 else 0.0)
        self._put(metrics[_DEPTH_SHARE])
        self._put(metrics[_AT_BEST + w] / (orders + _FEW))
        self._put(metrics[_IMPROVED + w] / (orders + _FEW))
        self._put(metrics[_FAR + w] / (orders + _FEW))
        self._put(metrics[_PROBES + w] / (orders + _FEW))
        self._put(metrics[_REPLACES + w] / (metrics[_MESSAGES + w] + _FEW))

    def _withdrawn(self, registry: Registry, activity, market, since):
        """What was withdrawn: how large, in how many layers, how alike, and what of it stood while the group traded on
        the other side."""
        withdrawals: Withdrawals = registry.withdrawals
        each: WithdrawalPointer
        first: cython.longlong = withdrawals.first_since(activity, since)
        number: cython.longlong
        after: cython.double
        largest: cython.double = 0.0
        depth: cython.double = 0.0
        before: cython.double = 0.0
        alike: cython.double = 0.0
        total: cython.double = 0.0
        stood: cython.double = 0.0
        bait: cython.double = 0.0
        speed: cython.double = 0.0
        usual: cython.double = market.sizes.median
        layers: cython.int = max(withdrawals.together(activity, 1, first), withdrawals.together(activity, 2, first))
        for number in range(first, activity.withdrawal_count):
            each = withdrawals.entry(activity, number)
            largest = max(largest, each.quantity)
            depth = max(depth, each.depth_share)
            alike += each.quantity == before
            before = each.quantity
            total += each.quantity
            after = self._traded_before(registry, activity, each)
            if after >= 0.0:
                stood += each.quantity
                bait = max(bait, each.quantity)
                speed = max(speed, each.quantity / (1.0 + after))
        self._put(log2(1.0 + largest / usual) if usual > 0.0 else 0.0)
        self._put(depth)
        self._put(log1p(layers))
        self._put(alike / (activity.withdrawal_count - first + _FEW))
        self._put(stood / total if total > 0.0 else 0.0)
        self._put(log2(1.0 + bait / usual) if usual > 0.0 else 0.0)
        self._put(log2(1.0 + speed / usual) if usual > 0.0 else 0.0)
        self._put(self._against_traded(registry, activity, since, largest))

    def _traded_before(self, registry: Registry, activity, withdrawal):
        """Seconds from the last fill of the other side, while an order stood, to its withdrawal; -1 without any."""
        fills: Fills = registry.fills
        fill: FillPointer
        place: cython.longlong = activity.fill_count
        oldest: cython.longlong = max(0, activity.fill_count - RING)
        while place > oldest:
            place -= 1
            fill = fill_at(fills, activity, place)
            if fill.time < withdrawal.entry_time:
                break
            if fill.time <= withdrawal.time and fill.side != withdrawal.side:
                return (withdrawal.time - fill.time) / 1e9
        return -1.0

    def _against_traded(self, registry: Registry, activity, since, largest):
        """The largest withdrawn against the mean order that traded, as a power of two."""
        fills: Fills = registry.fills
        place: cython.longlong
        ordered: cython.double = 0.0
        count: cython.double = 0.0
        for place in range(activity.fill_count - 1, fills.first_since(activity, since) - 1, -1):
            ordered += fill_at(fills, activity, place).order_quantity
            count += 1.0
        return log2(1.0 + largest * count / ordered) if ordered > 0.0 else 0.0

    def _sides(self, metrics):
        """Which sides it entered, withdrew and traded on."""
        w: cython.int = _5M
        cancel_lean: cython.double = _lean(
            metrics[_CANCELLED_BUY + w], metrics[_CANCELLED_SELL + w], metrics[_CANCELS + w]
        )
        fill_lean: cython.double = _lean(metrics[_BOUGHT + w], metrics[_SOLD + w], metrics[_FILLS + w])
        hour: cython.double = metrics[_FILLS + _60M]
        net: cython.double = abs(_lean(metrics[_BOUGHT + _60M], metrics[_SOLD + _60M], 1e9))
        self._put(abs(_lean(metrics[_QUANTITY_BUY + w], metrics[_QUANTITY_SELL + w], metrics[_ORDERS + w])))
        self._put(abs(cancel_lean))
        self._put(abs(fill_lean))
        self._put(-cancel_lean * fill_lean)
        self.next += 1  # turns are told with the fills
        self._put((1.0 - net) * hour / (hour + 2.0 * _FEW))

    def _trades(self, metrics, market):
        """How much it traded, how aggressively, and where the price went meanwhile."""
        w: cython.int = _5M
        fills: cython.double = metrics[_FILLS + w]
        usual: cython.double = market.usual_range / market.last_price if market.last_price > 0.0 else 0.0
        move: cython.double = metrics[_PRICE_CHANGE + w] / usual if usual > 0.0 else 0.0
        move = min(_MOVE_MAX, max(-_MOVE_MAX, move))
        self._put(metrics[_VOLUME_SHARE + w])
        self._put(metrics[_VOLUME_SHARE + _60M])
        self._put(metrics[_AGGRESSIVE + w] / (fills + _FEW))
        self._put(max(metrics[_UP + w], metrics[_DOWN + w]) / (fills + _FEW))
        self._put(log1p(abs(metrics[_UP + w] - metrics[_DOWN + w])))
        self._put(move * _lean(metrics[_BOUGHT + w], metrics[_SOLD + w], fills) * sqrt(metrics[_VOLUME_SHARE + w]))
        self.move = abs(move)
        self.next += 4  # as is the order they came in

    def _context(self, metrics):
        """What the market did: no conduct, so it makes nothing unusual by itself."""
        self._put(self.move)
        self._put(log1p(metrics[_VOLUME_MULTIPLE]))

    def _fills(self, registry: Registry, activity, since):
        """The order its trades came in: sides, sizes, pauses and prices."""
        fills: Fills = registry.fills
        number: cython.longlong
        fill: FillPointer
        later: FillPointer
        count: cython.double = 0.0
        turns: cython.double = 0.0
        alike: cython.double = 0.0
        walked: cython.double = 0.0
        gap: cython.double
        total: cython.double = 0.0
        squares: cython.double = 0.0
        bought: cython.double = 0.0
        sold: cython.double = 0.0
        paid: cython.double = 0.0
        taken: cython.double = 0.0
        usual: cython.double = registry.markets[activity.market].usual_range
        for number in range(activity.fill_count - 1, fills.first_since(activity, since), -1):
            later = fill_at(fills, activity, number)
            fill = fill_at(fills, activity, number - 1)
            count += 1.0
            turns += fill.side != later.side
            alike += fill.quantity == later.quantity
            if fill.side == later.side:
                walked += later.price > fill.price if fill.side == _BUY else later.price < fill.price
            gap = (later.time - fill.time) / 1e9
            total += gap
            squares += gap * gap
        since += _SPAN_NS - _HOUR_NS
        for number in range(activity.fill_count - 1, fills.first_since(activity, since) - 1, -1):
            fill = fill_at(fills, activity, number)
            if fill.side == _BUY:
                bought += fill.quantity
                paid += fill.quantity * fill.price
            else:
                sold += fill.quantity
                taken += fill.quantity * fill.price
        self.values[_TURNS] = turns / (count + _FEW)
        self.values[_EQUAL_FILLS] = alike / (count + _FEW)
        self.values[_EQUAL_FILLS + 1] = _evenness(count, total, squares)
        self.values[_EQUAL_FILLS + 2] = walked / (count + _FEW)
        self.values[_EQUAL_FILLS + 3] = 0.0
        if bought > 0.0 and sold > 0.0 and usual > 0.0:
            gap = min(_MOVE_MAX, max(-_MOVE_MAX, (taken / sold - paid / bought) / usual))
            gap *= min(bought, sold) / max(bought, sold)
            self.values[_EQUAL_FILLS + 3] = gap * sqrt(registry.flows.values[_VOLUME_SHARE + _60M])

    def _partners(self, registry: Registry, activity, market: MarketState, end):
        """Whom it met in five minutes, and in the hour: itself, one other again and again, back and forth, more often
        than that one met anybody."""
        meetings: Meetings = self.meetings
        place: cython.int
        met: cython.double
        known: cython.double
        back: cython.double = 0.0
        lift: cython.double = 0.0
        meetings.take(registry.fills, activity, registry.group_of_account, end - _SPAN_NS)
        known = meetings.total(True)
        self.next += 6
        self._concentration(activity.group, known, _SELF_SHARE, _SELF_SHARE + 1, _CONCENTRATION)
        for place in range(meetings.count):
            if meetings.group[place] >= 0 and meetings.group[place] != activity.group:
                met = meetings.bought[place] + meetings.sold[place]
                back += 2.0 * min(meetings.bought[place], meetings.sold[place])
                lift = max(lift, self._lift(registry, market, meetings.group[place], activity.minute, met, known))
        self.values[_SELF_SHARE + 2] = back / (known + _FEW)
        self.values[_CONCENTRATION + 1] = min(meetings.most_bought(), meetings.most_sold()) / (known + _FEW)
        self.values[_CONCENTRATION + 2] = log1p(lift)
        meetings.take(registry.fills, activity, registry.group_of_account, end - _HOUR_NS)
        self._concentration(activity.group, meetings.total(True), self.next, self.next + 1, self.next + 2)
        self.next += 3

    def _concentration(self, group, known, own_place, top_place, alike_place):
        """Of the fills counted: those with itself, with the one other met most, and how likely two are with one."""
        meetings: Meetings = self.meetings
        place: cython.int
        met: cython.double
        own: cython.double = 0.0
        top: cython.double = 0.0
        pairs: cython.double = 0.0
        others: cython.double
        for place in range(meetings.count):
            met = meetings.bought[place] + meetings.sold[place]
            if meetings.group[place] == group:
                own += met
            elif meetings.group[place] >= 0:
                top = max(top, met)
                pairs += met * (met - 1.0)
        others = known - own
        self.values[own_place] = own / (known + _FEW)
        self.values[top_place] = top / (known + _FEW)
        self.values[alike_place] = (
            pairs / (others * (others - 1.0)) * others / (others + 2.0 * _FEW) if others > 1.0 else 0.0
        )

    def _lift(self, registry: Registry, market: MarketState, group, minute, met, known):
        """By how many standard deviations a partner was met oftener than its part in the market's trades has it."""
        key: cython.ulonglong = (cython.cast(cython.ulonglong, market.number) << 32) | group
        number: cython.int = registry.activity_index.find(key)
        trades: cython.double = registry.flows.values[_MARKET_TRADES + _5M]
        share: cython.double
        if number < 0 or trades <= 0.0:
            return 0.0
        share = min(1.0, self._fills_lately(registry, activity_at(registry, number), minute) / trades)
        return (met - known * share) / sqrt(known * share + 1.0)

    def _fills_lately(self, registry: Registry, activity, minute):
        """Fills of an activity in the five minutes up to one."""
        flow: FlowPointer
        place: cython.int
        total: cython.double = activity.measures[_FILLS_MEASURE] if activity.minute > minute - MINUTES else 0.0
        if activity.flow:
            flow = cython.cast(FlowPointer, record_at(registry.flows.arena, activity.flow - 1))
            for place in range(MINUTES):
                if 0 <= minute - (flow.minute_number[place] - 1) < MINUTES:
                    total += flow.minutes[place * MEASURES + _FILLS_MEASURE]
        return total

    def _own_past(self, metrics):
        """The five minutes against the hour they end."""
        w: cython.int = _5M
        h: cython.int = _60M
        now: cython.double = metrics[_MESSAGES + w] + metrics[_FILLS + w]
        hour: cython.double = metrics[_MESSAGES + h] + metrics[_FILLS + h]
        traded: cython.double = metrics[_BOUGHT + w] + metrics[_SOLD + w]
        traded_hour: cython.double = metrics[_BOUGHT + h] + metrics[_SOLD + h]
        self._put(log2((now + _FEW) / (hour / 12.0 + _FEW)))
        self._put(12.0 * traded / (11.0 * traded + traded_hour) if traded_hour > 0.0 else 0.0)
        self._put(
            _log_ratio(metrics[_MESSAGES + w], metrics[_FILLS + w], 2.0)
            - _log_ratio(metrics[_MESSAGES + h], metrics[_FILLS + h], 2.0)
        )
        self._put(_size(metrics, w) - _size(metrics, h) if metrics[_ORDERS + w] > 0.0 else 0.0)
        self._put(
            abs(_lean(metrics[_BOUGHT + w], metrics[_SOLD + w], metrics[_FILLS + w]))
            - abs(_lean(metrics[_BOUGHT + h], metrics[_SOLD + h], metrics[_FILLS + h]))
        )
        self._put(
            metrics[_AGGRESSIVE + w] / (metrics[_FILLS + w] + _FEW)
            - metrics[_AGGRESSIVE + h] / (metrics[_FILLS + h] + _FEW)
        )
        self._put(
            _log_ratio(metrics[_LIFE + w], metrics[_CANCELS + w], 1.0)
            - _log_ratio(metrics[_LIFE + h], metrics[_CANCELS + h], 1.0)
            if metrics[_CANCELS + w] > 0.0
            else 0.0
        )


def _log_ratio(part, whole, few):
    return log2((part + few) / (whole + few))


def _lean(one, other, count):
    """From -1 (all the other) to 1 (all the one), towards 0 where it is of few."""
    return (one - other) / (one + other) * count / (count + _FEW) if one + other > 0.0 else 0.0


def _size(metrics, window):
    """Mean size of the orders entered in a window, as a power of two; 0 without any."""
    orders: cython.double = metrics[_ORDERS + window]
    entered: cython.double = metrics[_QUANTITY_BUY + window] + metrics[_QUANTITY_SELL + window]
    return log2(entered / orders) if orders > 0.0 and entered > 0.0 else 0.0


def _evenness(count, total, squares):
    """1 where so many pauses are all alike, towards 0 where they are not, or few."""
    mean: cython.double
    spread: cython.double
    if count < 3.0 or total <= 0.0:
        return 0.0
    mean = total / count
    spread = sqrt(max(0.0, squares / count - mean * mean))
    return count / (count + 2.0 * _FEW) * mean / (mean + spread)
