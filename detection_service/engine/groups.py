# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What groups do in a market: entries, withdrawals and fills are kept and counted, and give cause to ask rules.

The thresholds are pre-checks: they only decide how often rules are asked, and are no stricter than any rule.
"""

import cython

from detection_service.engine import triggers
from detection_service.engine.flow import Conditions
from detection_service.engine.metrics import METRICS
from detection_service.engine.records import MEASURES

if cython.compiled:
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.live_book import LiveBook
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.meetings import Meetings
    from cython.cimports.detection_service.engine.portrait import Portrait
    from cython.cimports.detection_service.engine.records import ActivityPointer, FillPointer, WithdrawalPointer
    from cython.cimports.detection_service.engine.registry import activity_at
    from cython.cimports.tapewatch.market.book import Ladder
    from cython.cimports.tapewatch.market.order_table import order_at
    from cython.cimports.tapewatch.market.records import OrderPointer
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.live_book import LiveBook
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.meetings import Meetings
    from detection_service.engine.portrait import Portrait
    from detection_service.engine.records import Activity as ActivityPointer
    from detection_service.engine.records import Fill as FillPointer
    from detection_service.engine.records import Withdrawal as WithdrawalPointer
    from detection_service.engine.registry import activity_at
    from tapewatch.market.book import Ladder
    from tapewatch.market.order_table import order_at
    from tapewatch.market.records import Order as OrderPointer

_PRESSURE = cython.declare(cython.int, triggers.PRESSURE)
_FLOW = cython.declare(cython.int, triggers.FLOW)
_FLIP = cython.declare(cython.int, triggers.FLIP)
_RUN = cython.declare(cython.int, triggers.RUN)
_RESTRICTED = cython.declare(cython.int, triggers.RESTRICTED)
_STRAY = cython.declare(cython.int, triggers.STRAY)
_STANDS_ALONE = cython.declare(cython.int, 2)
_TO_BE_HELD = cython.declare(cython.int, 3)
_UNNAMED = cython.declare(cython.int, triggers.UNNAMED)
_BUY = cython.declare(cython.int, 1)

# Places of measures.
_ORDERS = cython.declare(cython.int, MEASURES.index("orders_buy"))
_QUANTITY = cython.declare(cython.int, MEASURES.index("quantity_buy"))
_CANCELS = cython.declare(cython.int, MEASURES.index("cancels"))
_CANCELLED = cython.declare(cython.int, MEASURES.index("cancelled_buy"))
_FILLS = cython.declare(cython.int, MEASURES.index("fills"))
_TRADED = cython.declare(cython.int, MEASURES.index("bought"))
_AGGRESSIVE = cython.declare(cython.int, MEASURES.index("aggressive_fills"))
_LIFE = cython.declare(cython.int, MEASURES.index("cancelled_life_s"))
_FLEETING = cython.declare(cython.int, MEASURES.index("fleeting"))
_DEPTH_SHARE = cython.declare(cython.int, MEASURES.index("depth_share_max"))
_AT_BEST = cython.declare(cython.int, MEASURES.index("orders_at_best"))
_IMPROVED = cython.declare(cython.int, MEASURES.index("improved_withdrawn"))
_FAR = cython.declare(cython.int, MEASURES.index("far_withdrawn"))
_PROBES = cython.declare(cython.int, MEASURES.index("probes"))
_PUSHES = cython.declare(cython.int, MEASURES.index("pushes_up"))
_MESSAGES = cython.declare(cython.int, MEASURES.index("messages"))
_TAKEN = cython.declare(cython.int, MEASURES.index("aggressive_bought"))
_MEASURES = cython.declare(cython.int, 24)
_OF_PARTNERS = ("partner_share", "bought_from_one", "sold_to_one")
_PARTNER_SHARE = cython.declare(cython.int, METRICS["partner_share"])
_BOUGHT_FROM_ONE = cython.declare(cython.int, METRICS["bought_from_one"])
_SOLD_TO_ONE = cython.declare(cython.int, METRICS["sold_to_one"])
_PARTNERS = cython.declare(cython.int, 4)
_LARGE_TAKE = cython.declare(cython.int, METRICS["large_take"])
_MINUTE_OVER = cython.declare(cython.int, METRICS["minute_over"])
_HOUR_NS = cython.declare(cython.longlong, 3_600_000_000_000)

_MOSTLY = cython.declare(cython.double, 0.5)
_SECOND_NS = cython.declare(cython.longlong, 1_000_000_000)
_IMPROVED_NS = cython.declare(cython.longlong, 500_000_000)
_PROBE_NS = cython.declare(cython.longlong, 100_000_000)
_FAR_NS = cython.declare(cython.longlong, 5_000_000_000)
_FAR_SPREADS = cython.declare(cython.double, 4e-6)  # in spreads, whose distribution is in millionths
_PROBE_SIZE = cython.declare(cython.double, 0.25)
_FLIP_NS = cython.declare(cython.longlong, 1_000_000_000)
_FLIP_SIZE = cython.declare(cython.double, 0.5)
_RUN_PAUSE_NS = cython.declare(cython.longlong, 30_000_000_000)
_RUN_TURN_NS = cython.declare(cython.longlong, 300_000_000_000)
_RUN_TRADES = cython.declare(cython.int, 3)
_UNNAMED_LIFE_NS = cython.declare(cython.longlong, 60_000_000_000)
_UNNAMED_AFTER_NS = cython.declare(cython.longlong, 5_000_000_000)
_SIZES_KNOWN = cython.declare(cython.longlong, 50)
_ASKED_AT_MESSAGES = cython.declare(cython.longlong, 16)
_ASKED_AT_FILLS = cython.declare(cython.longlong, 4)


class Groups(LiveBook):
    """`acting` is the activity behind a trigger, `due` the slots of the rules whose conditions hold at a FLOW trigger,
    `entered` the slot of the order behind an ENTRY trigger.

    `named` is the account behind a RESTRICTED trigger; `stray_alone` says that a STRAY trigger is about the trade held
    in the market's norms.
    `unnamed_multiple` is from which size on orders without account are watched, 0 for none.

    `portrayed` says that an anomaly model is in force: the `portrait` of a group is taken where rules on flow are asked
    when its minute is over. `collected` (None: not wanted) takes those of every minute, for training.
    """

    def __init__(self, group_of):
        LiveBook.__init__(self, group_of)
        self.triggers = 0
        self.acting = self.entered = self.named = -1
        self.pressure_side = 0
        self.due = []
        self.group_conditions = Conditions(())
        self.meetings = Meetings()
        self.collected = None
        self.portrait = Portrait()
        self.portrayed = False
        self.pressure_ratio = 3.0
        self.pressure_multiple = 4.0
        self.one_sided_ratio = 3.0
        self.large_multiple = 5.0
        self.large_depth_share = 0.1
        self.large_life_ns = 60 * _SECOND_NS
        self.layers = 3
        self.pressure_span_ns = 15 * _SECOND_NS
        self.pressure_hold_ns = _SECOND_NS
        self.campaign_multiple = 12.0
        self.unnamed_multiple = 0.0
        self.fill_window_ns = 5 * _SECOND_NS
        self.flip_multiple = 5.0
        self.run_multiple = 3.0
        self.entry_multiple = 20.0
        self.entry_ranges = 10.0
        self.stray_multiple = 10.0
        self.stray_alone = False
        self.stray_usual, self.stray_account = 0.0, -1

    def _touch(self, number):
        """The activity, in the minute of the event in hand."""
        activity: ActivityPointer = activity_at(self, number)
        if self.now_minute != activity.minute:
            self._roll(activity, number, self.now_minute)
        activity.last_seen = self.now
        return activity

    def _roll(self, activity, number, minute):
        """Another minute: a busy one is kept among the closed, and the rules on flow may be asked of it."""
        index: cython.int
        busy: cython.bint
        if activity.minute >= 0:
            busy = activity.measures[_MESSAGES] + activity.measures[_FILLS] >= 2.0
            self.flows.sample(activity, self.market, minute)
            if busy or activity.flow:
                self._flow(activity, number, False)
            if self.collected is not None or (self.portrayed and self.triggers & _FLOW):
                self._portray(activity)
            if busy:
                self.flows.close(activity)
        activity.minute = minute
        for index in range(_MEASURES):
            activity.measures[index] = 0.0

    def _portray(self, activity):
        """Takes the portrait of a group whose minute is over, for the anomaly model."""
        self.portrait.take(self, activity, self.market)
        if self.collected is not None:
            self.collected.append((activity.market, activity.group, activity.minute, bytes(self.portrait.values)))

    def _flow(self, activity, number, large_take):
        """A moment to look at what a group does in windows; whom it met, dear to read, only where that may matter."""
        if self.group_conditions.rules == 0:
            return
        self.flows.measure(activity, self.market)
        self.flows.values[_LARGE_TAKE] = 1.0 if large_take else 0.0
        self.flows.values[_MINUTE_OVER] = 1.0 if activity.minute != self.now_minute else 0.0
        self._tell_partners(1.0, activity.fill_count, activity.fill_count)  # the most it can be
        due = self.group_conditions.due(self.flows.values)
        if due is not None or self.triggers & _FLOW or self.partners_limited:
            self._measure_partners(activity)
            due = self.group_conditions.due(self.flows.values)
        if due is not None:
            self.due = (self.due if self.triggers & _FLOW else []) + due
            self.triggers |= _FLOW
            self.acting = number

    def _measure_partners(self, activity):
        """Puts whom it met in the last hour, of the fills held, among the metrics."""
        known: cython.int
        self.meetings.take(self.fills, activity, self.group_of_account, self.now - _HOUR_NS)
        known = self.meetings.total(True)
        self._tell_partners(
            self.meetings.with_most(_PARTNERS) / cython.cast(cython.double, known) if known else 0.0,
            self.meetings.most_bought(),
            self.meetings.most_sold(),
        )

    def _tell_partners(self, share, bought, sold):
        self.flows.values[_PARTNER_SHARE] = share
        self.flows.values[_BOUGHT_FROM_ONE] = bought
        self.flows.values[_SOLD_TO_ONE] = sold

    def watch_flow(self, conditions):
        """Takes the conditions of the rules on what groups do in windows."""
        self.group_conditions = conditions
        self.partners_limited = not conditions.limited.isdisjoint(_OF_PARTNERS)

    def _message(self, activity, number):
        """A group sent a message; every doubling of a minute's messages is a moment to look."""
        count: cython.longlong
        activity.measures[_MESSAGES] += 1.0
        count = cython.cast(cython.longlong, activity.measures[_MESSAGES])
        if count >= _ASKED_AT_MESSAGES and (count & (count - 1)) == 0:
            self._flow(activity, number, False)

    def _entered(self, row, slot, leads):
        """An order was entered by a group."""
        order: OrderPointer = order_at(self.orders, slot)
        activity: ActivityPointer = self._touch(order.participant)
        side: cython.int = order.side
        activity.measures[_ORDERS + side - 1] += 1.0
        activity.measures[_QUANTITY + side - 1] += order.quantity
        if order.depth_share > activity.measures[_DEPTH_SHARE]:
            activity.measures[_DEPTH_SHARE] = order.depth_share
        if leads:
            activity.measures[_AT_BEST] += 1.0
        self._message(activity, order.participant)

    def _check_list(self, account):
        """An account enters an order or trades: both it and the market may be restricted."""
        if self.market.restricted or self.restricted_account[account]:
            self.named = account
            self.triggers |= _RESTRICTED

    def _stray(self, row, account):
        """Before a trade counts: one far from all others is told, or held until it is seen to stand alone."""
        market: MarketState = self.market
        price: cython.double = self.view.price[row]
        found: cython.int = market.stray(self.now, price, self.stray_multiple)
        if found == _TO_BE_HELD:
            self._identify(row)
            market.norms.hold(
                self.now,
                price,
                market.last_price,
                self.view.quantity[row],
                account,
                self.event_high,
                self.event_low,
                self.view.text(self.view.trade_id[row]),
            )
        elif found:
            self.stray_alone = found == _STANDS_ALONE
            self.stray_usual, self.stray_account = market.last_price, account
            self.triggers |= _STRAY

    def _far_beyond(self, slot):
        """Whether an order's size, or how far it would take the price, is far beyond what is usual here."""
        order: OrderPointer = order_at(self.orders, slot)
        market: MarketState = self.market
        ladder: Ladder
        best: cython.double
        if market.sizes.total >= _SIZES_KNOWN and order.quantity >= self.entry_multiple * market.sizes.median:
            return True
        if not order.crossed and order.price == order.price:
            return False
        ladder = market.ladder(3 - order.side)
        best = ladder.best()
        return market.is_far(best, abs(ladder.reach(order.quantity, order.price) - best), self.entry_ranges)

    def _withdraw(self, row, slot, taken, moved):
        """An owner took `taken` off an order. Mostly unfilled orders are kept as withdrawn, and may be pressure.

        One that was only moved away (`moved`) still stands: it is kept where it had improved the best price.
        """
        order: OrderPointer = order_at(self.orders, slot)
        number: cython.int = order.participant
        activity: ActivityPointer = self._touch(number)
        side: cython.int = order.side
        life: cython.longlong = self.now - order.entry_time
        if not taken > 0.0:
            return
        activity.measures[_CANCELS] += 1.0
        activity.measures[_CANCELLED + side - 1] += taken
        activity.measures[_LIFE] += life / 1e9
        if life <= _SECOND_NS:
            activity.measures[_FLEETING] += 1.0
        if taken >= _MOSTLY * order.quantity:
            self._judge(activity, order, life)
            if not moved or order.distance < 0.0:
                self._keep(row, activity, order, taken)
                activity.last_withdrawal_time[side] = self.now
            if taken >= self.flip_multiple * self.market.sizes.median:
                activity.flip_time[side] = self.now
                activity.flip_quantity[side] = taken
            if not moved and activity.last_fill_time[3 - side] >= order.entry_time:
                self._press(activity, number, side, True)
            if not moved and self._one_sided(activity, side):
                self._press(activity, number, side, False)
        self._message(activity, number)

    def _keep(self, row, activity, order, taken):
        """Keeps a withdrawal of an activity's."""
        kept: WithdrawalPointer = self.withdrawals.add(activity)
        self._identify(row)
        kept.time = self.now
        kept.entry_time = order.entry_time
        kept.price = order.price
        kept.quantity = taken
        kept.depth_share = order.depth_share
        kept.distance = order.distance
        kept.opposite_open = activity.open_high[3 - order.side]
        kept.side = order.side
        kept.account = order.account
        kept.entry_high = order.event_high
        kept.entry_low = order.event_low
        kept.event_high = self.event_high
        kept.event_low = self.event_low
        self.withdrawals.name(kept, self.view, self.view.order_text(row))

    def _one_sided(self, activity, side):
        """Whether the minute's withdrawals of a group are large for the instrument and nearly all on one side."""
        here: cython.double = activity.measures[_CANCELLED + side - 1]
        there: cython.double = activity.measures[_CANCELLED + 2 - side]
        return here >= self.campaign_multiple * self.market.sizes.median and here >= self.one_sided_ratio * there

    def _unnamed(self, row, slot, taken):
        """Somebody took a large order off whose account is not shown: kept for the market where either side's orders
        traded just before, while it stood; where the other side's did, rules are asked."""
        order: OrderPointer = order_at(self.orders, slot)
        number: cython.int
        activity: ActivityPointer
        side: cython.int = order.side
        since: cython.longlong
        if self.unnamed_multiple <= 0.0 or taken < self.unnamed_multiple * self.market.sizes.median:
            return
        if taken < _MOSTLY * order.quantity:
            return
        number = self.unnamed_activity()
        activity = activity_at(self, number)
        since = max(order.entry_time, self.now - _UNNAMED_AFTER_NS)
        if self.now - order.entry_time > _UNNAMED_LIFE_NS:
            return
        if activity.last_fill_time[1] >= since or activity.last_fill_time[2] >= since:
            self._keep(row, activity, order, taken)
        if activity.last_fill_time[3 - side] >= since:
            self.acting = number
            self.pressure_side = side
            self.triggers |= _UNNAMED

    def unnamed_activity(self):
        """Number of what those whose account is not shown do in the market, as one group named ""."""
        number: cython.int = self.activity_of(self.unnamed_account(), self.market)
        activity_at(self, number).last_seen = self.now
        return number

    def _judge(self, activity, order, life):
        """Counts a withdrawn order that improved the best price, stood far off, or was a small probe."""
        if order.distance < 0.0 and not order.crossed and life <= _IMPROVED_NS:
            activity.measures[_IMPROVED] += 1.0
        if life <= _FAR_NS and order.distance > _FAR_SPREADS * self.market.spreads.median:
            activity.measures[_FAR] += 1.0
        if life <= _PROBE_NS and order.quantity <= _PROBE_SIZE * self.market.sizes.median:
            activity.measures[_PROBES] += 1.0

    def _press(self, activity, number, side, paid):
        """Asks the rules where a group lately withdrew far more on a side than it traded on the other, much of it for
        the instrument, far more than it withdrew or has standing there, and in one order that stood out or in layers
        that stood together. Without a fill on the other side meanwhile (`paid`) only layers count."""
        since: cython.longlong = self.now - self.pressure_span_ns
        median: cython.double = self.market.sizes.median
        traded: cython.double = 0.0
        minimum: cython.double
        if self.now - activity.press_time[side] < self.pressure_hold_ns:
            return  # what came since will be judged with that
        if paid:
            traded = self.pressure_ratio * max(
                self.fills.traded(activity, 3 - side, since), activity.last_fill_order_quantity[3 - side]
            )
        minimum = max((self.pressure_multiple if paid else self.campaign_multiple) * median, traded)
        if not self.withdrawals.dominates(activity, side, since, minimum, self.one_sided_ratio):
            return
        if (
            paid
            and self.withdrawals.stands_out(
                activity,
                side,
                since,
                max(self.large_multiple * median, traded),
                self.large_depth_share,
                self.large_life_ns,
            )
        ) or self.withdrawals.layered(activity, side, since, self.layers, minimum):
            activity.press_time[side] = self.now
            self.acting = number
            self.pressure_side = side
            self.triggers |= _PRESSURE

    def _filled(self, row, number, account, order_quantity, aggressive):
        """Keeps a fill of a group's; a fill soon after a withdrawal on the other side may be pressure that paid."""
        view: FrameView = self.view
        activity: ActivityPointer = self._touch(number)
        side: cython.int = view.side[row]
        price: cython.double = view.price[row]
        quantity: cython.double = view.quantity[row]
        count: cython.longlong
        large: cython.bint = False
        activity.measures[_FILLS] += 1.0
        activity.measures[_TRADED + side - 1] += quantity
        self._keep_fill(row, activity, account, order_quantity, aggressive)
        activity.last_fill_time[side] = self.now
        activity.last_fill_order_quantity[side] = order_quantity
        if aggressive:
            activity.measures[_AGGRESSIVE] += 1.0
            activity.measures[_TAKEN + side - 1] += quantity
            if price > self.market.last_price:
                activity.measures[_PUSHES] += 1.0
            elif price < self.market.last_price:
                activity.measures[_PUSHES + 1] += 1.0
            if (
                self.now - activity.flip_time[3 - side] <= _FLIP_NS
                and order_quantity >= _FLIP_SIZE * activity.flip_quantity[3 - side]
            ):
                self.acting = number
                self.triggers |= _FLIP
            large = self._is_large_take(activity, order_quantity)
        self._run(activity, number, side, price, quantity if aggressive else 0.0)
        if activity.last_withdrawal_time[3 - side] >= self.now - self.fill_window_ns:
            self._press(activity, number, 3 - side, True)
        count = cython.cast(cython.longlong, activity.measures[_FILLS])
        if large or (count >= _ASKED_AT_FILLS and (count & (count - 1)) == 0):
            self._flow(activity, number, large)

    def _keep_fill(self, row, activity, account, order_quantity, aggressive):
        """Keeps a fill of an activity's."""
        view: FrameView = self.view
        fill: FillPointer = self.fills.add(activity)
        fill.time = self.now
        fill.price = view.price[row]
        fill.quantity = view.quantity[row]
        fill.order_quantity = order_quantity
        fill.side = view.side[row]
        fill.aggressor = 2 if aggressive else view.aggressor[row]
        fill.account = account
        fill.contra = self.account_of(view.contra[row])
        fill.event_high = self.event_high
        fill.event_low = self.event_low
        self.fills.name(fill, view, view.order_text(row), view.trade_id[row])

    def _filled_unnamed(self, row, order_quantity):
        """Keeps for the market a fill of a resting order whose account is not shown."""
        activity: ActivityPointer = activity_at(self, self.unnamed_activity())
        self._keep_fill(row, activity, -1, order_quantity, False)
        activity.last_fill_time[self.view.side[row]] = self.now

    def _is_large_take(self, activity, order_quantity):
        """Whether a taking order is large, after many small ones or probes: a moment to look at the group."""
        return order_quantity >= self.flip_multiple * self.market.sizes.median and (
            activity.measures[_PROBES] >= 1.0 or activity.measures[_AGGRESSIVE] > _ASKED_AT_FILLS
        )

    def _run(self, activity, number, side, price, quantity):
        """Follows runs of aggressive fills of one side (`quantity` 0: a passive one); a fill against a run that moved
        the price several usual ranges asks the rules."""
        moved: cython.double
        if activity.run_side and side != activity.run_side:
            moved = (
                activity.run_to - activity.run_from
                if activity.run_side == _BUY
                else (activity.run_from - activity.run_to)
            )
            if (
                self.now - activity.run_end <= _RUN_TURN_NS
                and activity.run_trades >= _RUN_TRADES
                and self.market.usual_range > 0.0
                and moved >= self.run_multiple * self.market.usual_range
            ):
                self.acting = number
                self.triggers |= _RUN
                return
        if quantity <= 0.0:
            return
        if side != activity.run_side or self.now - activity.run_end > _RUN_PAUSE_NS:
            activity.run_side = side
            activity.run_start = self.now
            activity.run_from = self.market.last_price if self.market.last_price > 0.0 else price
            activity.run_quantity = 0.0
            activity.run_trades = 0
        activity.run_end = self.now
        activity.run_to = price
        activity.run_quantity += quantity
        activity.run_trades += 1
