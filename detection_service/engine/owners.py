# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The second stage: what each group does over all markets, fed one fill at a time.

It takes plain values only (numbers of groups, accounts and markets, and what the first stage knows of the market), so
it can run elsewhere, sharded by group. Venues' clocks are apart by seconds: a fill is counted where its own time
belongs, and nothing here rests on the order in which venues' events come.
"""

from array import array

import cython

from detection_service.engine.holdings import BLOCK_SIZE
from detection_service.engine.metrics import OWNER_METRICS, OWNER_WINDOWS
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.holdings import Flows, Holdings
else:
    from detection_service.engine.holdings import Flows, Holdings

# Moments at which rules may be asked; each a bit.
LEVEL, LINKED, POSITION, NEWS = 1, 2, 4, 8
_LEVEL = cython.declare(cython.int, LEVEL)
_LINKED = cython.declare(cython.int, LINKED)
_POSITION = cython.declare(cython.int, POSITION)
_NEWS = cython.declare(cython.int, NEWS)

LOG_SIZE = 128
BUCKET_NS = 300_000_000_000
BUCKETS = 180  # 15 hours
LINKED_NS = 300_000_000_000
NEVER = (1 << 63) - 1
_LOG = cython.declare(cython.int, LOG_SIZE)
_BUCKET_NS = cython.declare(cython.longlong, BUCKET_NS)
_BUCKETS = cython.declare(cython.int, BUCKETS)
_LINKED_NS = cython.declare(cython.longlong, LINKED_NS)
_NEVER = cython.declare(cython.longlong, NEVER)
_NAN = cython.declare(cython.double, float("nan"))
_BUY = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)
_NOTED_SHARE = cython.declare(cython.double, 0.01)
_ONE_SIDED = cython.declare(cython.double, 0.8)
_METRICS = cython.declare(cython.int, len(OWNER_METRICS))
_WINDOW_VIEW = cython.declare(cython.int[::1], array("i", OWNER_WINDOWS))
_INITIAL = 64
_ACTIVITY_FIELDS = (
    "group", "count", "latest", "time", "price", "quantity", "notional", "before", "elsewhere", "market", "account",
    "side", "aggressor", "event_high", "event_low", "order_id", "trade_id", "newest", "asked", "number", "bought",
    "sold", "fills",
)  # fmt: skip
_STAGE_FIELDS = (
    "family_names", "product_names", "family", "product", "unit", "product_size", "float_quantity", "news_due", "news",
    "news_done", "hand",
)  # fmt: skip


class OwnerActivity:
    """One group over all markets: its last 128 fills (fill n is at n % 128) in order of arrival, and what it bought
    and sold in buckets of five minutes over 15 hours, as notionals in the common currency."""

    def __init__(self, group):
        self.group = group
        self.count = 0
        self.latest = 0
        self.time = arrays.longs(LOG_SIZE)
        self.price = arrays.doubles(LOG_SIZE)
        self.quantity = arrays.doubles(LOG_SIZE)
        self.notional = arrays.doubles(LOG_SIZE)
        self.before = arrays.doubles(LOG_SIZE)
        self.elsewhere = arrays.doubles(LOG_SIZE)
        self.market = arrays.integers(LOG_SIZE)
        self.account = arrays.integers(LOG_SIZE)
        self.side = arrays.octets(LOG_SIZE)
        self.aggressor = arrays.octets(LOG_SIZE)
        self.event_high = arrays.words(LOG_SIZE)
        self.event_low = arrays.words(LOG_SIZE)
        self.order_id = [b""] * LOG_SIZE
        self.trade_id = [b""] * LOG_SIZE
        self.newest = -1
        self.asked = 0.0
        self.number = arrays.longs(BUCKETS)
        for place in range(BUCKETS):
            self.number[place] = -1
        self.bought = arrays.doubles(BUCKETS)
        self.sold = arrays.doubles(BUCKETS)
        self.fills = arrays.integers(BUCKETS)

    def _count(self, now, side, notional):
        """Puts a fill into its bucket; whether a new bucket began or this one doubled since rules were last asked."""
        number: cython.longlong = now // _BUCKET_NS
        place: cython.Py_ssize_t = number % _BUCKETS
        if number <= self.newest - _BUCKETS:
            return False
        if self.number[place] != number:
            self.number[place] = number
            self.bought[place] = self.sold[place] = 0.0
            self.fills[place] = 0
        if side == _BUY:
            self.bought[place] += notional
        else:
            self.sold[place] += notional
        self.fills[place] += 1
        if number > self.newest:
            self.newest = number
            self.asked = notional
            return True
        if number == self.newest and self.bought[place] + self.sold[place] >= 2.0 * self.asked:
            self.asked = self.bought[place] + self.sold[place]
            return True
        return False

    def traded(self, side, first, last):
        """Notional traded on a side (both for 0) from `first` (inclusive) to `last` (exclusive) buckets back; 0 is the
        bucket in hand."""
        number: cython.longlong = self.newest - first
        place: cython.Py_ssize_t
        total: cython.double = 0.0
        while number > max(self.newest - last, self.newest - _BUCKETS, -1):
            place = number % _BUCKETS
            if self.number[place] == number:
                if side != 2:
                    total += self.bought[place]
                if side != 1:
                    total += self.sold[place]
            number -= 1
        return total

    def fill_count(self, first, last):
        """Fills from `first` (inclusive) to `last` (exclusive) buckets back."""
        number: cython.longlong = self.newest - first
        place: cython.Py_ssize_t
        total: cython.longlong = 0
        while number > max(self.newest - last, self.newest - _BUCKETS, -1):
            place = number % _BUCKETS
            if self.number[place] == number:
                total += self.fills[place]
            number -= 1
        return total

    def rows(self, since: cython.longlong):
        """The fills held at or after a time, by time: (time, price, quantity, side, account, market, aggressor, price
        before, price elsewhere, notional, event, order id, trade id)."""
        index: cython.Py_ssize_t
        place: cython.Py_ssize_t
        found: list = []
        for index in range(max(0, self.count - _LOG), self.count):
            place = index % _LOG
            if self.time[place] >= since:
                found.append(
                    (
                        self.time[place],
                        self.price[place],
                        self.quantity[place],
                        self.side[place],
                        self.account[place],
                        self.market[place],
                        self.aggressor[place],
                        self.before[place],
                        self.elsewhere[place],
                        self.notional[place],
                        (self.event_high[place], self.event_low[place]),
                        self.order_id[place],
                        self.trade_id[place],
                    )
                )
        found.sort(key=_time_then_event)
        return found

    def state(self):
        """Plain values from which `restore` makes the same activity."""
        return arrays.dump(self, _ACTIVITY_FIELDS)

    def restore(self, state):
        """Becomes the activity whose `state` was taken."""
        arrays.load(self, _ACTIVITY_FIELDS, state)


def _time_then_event(row):
    return row[0], row[10]


class OwnerStage:
    """All groups' activities and holdings. Arrays named for markets, families and products are by number.

    A family is one instrument wherever it is traded, a product all that rests on one underlying. `news` holds the
    times at which announcements of each family are to be looked at, `news_due` the next of them, 0 for a family without
    any. `flows` are kept by family, for families with announcements. `known` is how many markets there are. `activity`,
    `holding` and `market` are those of the fill behind a moment, `values` the metrics measured for it (order of
    OWNER_METRICS).
    """

    def __init__(self):
        self.activities = []
        self.holdings = Holdings()
        self.flows = []
        self.flows_of_holding = {}
        self.initial_of = _nothing
        self.family_names = []
        self.product_names = []
        self.family_numbers = {}
        self.product_numbers = {}
        self.family = arrays.integers(_INITIAL)
        self.product = arrays.integers(_INITIAL)
        self.unit = arrays.doubles(_INITIAL)
        self.currency_names = []
        self.currency_numbers = {}
        self.currency = arrays.integers(_INITIAL)
        self.rate = arrays.doubles(_INITIAL)
        self.known = 0
        self.product_size = arrays.integers(_INITIAL)
        self.float_quantity = arrays.doubles(_INITIAL)
        self.news_due = arrays.longs(_INITIAL)
        self.news = []
        self.news_done = []
        self.hand = 0
        self.moments = 0
        self.values = arrays.doubles(len(OWNER_METRICS))

    def know(self, market, family, product, unit, float_quantity, news_due, currency="", rate=1.0):
        """What a market is: names of its family and product, worth of price times quantity in the common currency,
        quantity of its float (NaN where unknown), times at which its announcements are to be looked at, currency of its
        prices ("" where unknown) and what a unit of that is worth in the common one (NaN where unknown)."""
        fresh = market >= self.known
        self.known = max(self.known, market + 1)
        numbers = (
            _number_of(family, self.family_names, self.family_numbers),
            _number_of(product, self.product_names, self.product_numbers),
        )
        for name in ("family", "product", "unit", "currency", "rate"):
            self._make_room(name, market)
        for name in ("float_quantity", "news_due"):
            self._make_room(name, numbers[0])
        self._make_room("product_size", numbers[1])
        while len(self.news) <= numbers[0]:
            self.news.append([])
            self.news_done.append([])
            self.flows.append([])
        if not fresh:
            self.product_size[self.product[market]] -= 1
        self.product_size[numbers[1]] += 1
        self.family[market], self.product[market] = numbers
        self.unit[market] = unit
        self.currency[market] = _number_of(currency, self.currency_names, self.currency_numbers)
        self.rate[market] = rate
        self.float_quantity[numbers[0]] = float_quantity
        self.news[numbers[0]] = sorted(set(news_due) - set(self.news_done[numbers[0]]))
        self._await_news(numbers[0])

    def exchange(self, market, other):
        """What a price of another market is multiplied by to be in the money of a market; NaN where no rate is."""
        if self.currency[market] == self.currency[other]:
            return 1.0
        return self.rate[other] / self.rate[market] if self.rate[market] > 0.0 else _NAN

    def _make_room(self, name, number):
        values = getattr(self, name)
        if number >= len(values):
            setattr(self, name, arrays.grown(values, 2 * number))

    def fill(
        self, now, group, account, market, side, price, quantity, aggressor, before, elsewhere, high, low, order_id,
        trade_id,
    ):  # fmt: skip
        """A fill of a group; the moments it makes.

        `before` is the market's price before it, `elsewhere` that of the same instrument on another venue, NaN where
        there is none.
        """
        activity: OwnerActivity
        holding: cython.int
        flows: Flows
        family: cython.int = self.family[market]
        notional: cython.double = abs(price) * quantity * self.unit[market]
        place: cython.Py_ssize_t
        self.moments = 0
        if not notional > 0.0:
            return 0
        self._evict(now)
        activity = self._activity_of(group)
        place = activity.count % _LOG
        activity.time[place] = now
        activity.price[place] = price
        activity.quantity[place] = quantity
        activity.notional[place] = notional
        activity.before[place] = before
        activity.elsewhere[place] = elsewhere
        activity.market[place] = market
        activity.account[place] = account
        activity.side[place] = side
        activity.aggressor[place] = aggressor
        activity.event_high[place] = high
        activity.event_low[place] = low
        activity.order_id[place] = order_id
        activity.trade_id[place] = trade_id
        activity.count += 1
        if now > activity.latest:
            activity.latest = now
        if activity._count(now, side, notional):
            self.moments = _LEVEL
        holding = self._holding_of(group, family)
        self.holdings.add(holding, side, quantity)
        if self.holdings.grew(holding, _NOTED_SHARE * self.float_quantity[family]):
            self.moments |= _POSITION
        if self.news_due[family] != 0:
            flows = self._flows_of(holding, group, family)
            flows.add(now, account, side, quantity, notional, high, low)
            if now >= self.news_due[family]:
                self.moments |= _NEWS
        if self.product_size[self.product[market]] > 1:
            self.moments |= _LINKED
        self.activity = activity
        self.holding = holding
        self.market = market
        return self.moments

    def _activity_of(self, group):
        activities: list = self.activities
        while len(activities) <= group:
            activities.append(None)
        if activities[group] is None:
            activities[group] = OwnerActivity(group)
        return activities[group]

    def _holding_of(self, group, family):
        number: cython.int = self.holdings.number_of(group, family)
        if number < 0:
            number = self.holdings.make(group, family, self.initial_of(group, self.family_names[family]))
        return number

    def _flows_of(self, holding, group, family):
        if holding not in self.flows_of_holding:
            self.flows_of_holding[holding] = Flows(group)
            self.flows[family].append(self.flows_of_holding[holding])
        return self.flows_of_holding[holding]

    def _evict(self, now):
        """Looks at one group a fill, in turn, and lets it go where all it did is older than the windows."""
        activity: OwnerActivity
        if self.hand >= len(self.activities):
            self.hand = 0
        if self.hand < len(self.activities):
            if self.activities[self.hand] is not None:
                activity = self.activities[self.hand]
                if activity.latest < now - (_BUCKETS + 1) * _BUCKET_NS:
                    self.activities[self.hand] = None
            self.hand += 1

    def linked_push(self, one_sided):
        """How far the group's own aggressive and one-sided fills of the last five minutes in another market of the
        product moved that market, as a share of the price; 0 where they did not.

        That market is the one of its latest aggressive fill elsewhere, `one_sided` the net share of what it traded
        there.
        """
        activity: OwnerActivity = self.activity
        product: cython.int = self.product[self.market]
        index: cython.Py_ssize_t = activity.count
        oldest: cython.Py_ssize_t = max(0, activity.count - _LOG)
        place: cython.Py_ssize_t
        pushed: cython.int = -1
        last: cython.double = 0.0
        first: cython.double = 0.0
        net: cython.double = 0.0
        gross: cython.double = 0.0
        move: cython.double
        while index > oldest:
            index -= 1
            place = index % _LOG
            if activity.time[place] < activity.latest - _LINKED_NS or activity.aggressor[place] != _AGGRESSOR:
                continue
            if activity.market[place] == self.market or self.product[activity.market[place]] != product:
                continue
            if pushed < 0:
                pushed = activity.market[place]
                last = activity.price[place]
            if activity.market[place] != pushed:
                continue
            first = activity.before[place]
            gross += activity.quantity[place]
            net += activity.quantity[place] if activity.side[place] == _BUY else -activity.quantity[place]
        if pushed < 0 or not first > 0.0 or abs(net) < one_sided * gross:
            return 0.0
        move = (last - first) / first if net > 0.0 else (first - last) / first
        return max(0.0, move)

    def measure(self):
        """Computes `values` for the fill behind a moment; windows only where one of its buckets began or doubled."""
        activity: OwnerActivity = self.activity
        window: cython.int
        for window in range(_METRICS):
            self.values[window] = 0.0
        if self.moments & _LEVEL:
            for window in range(4):
                self.values[4 + window] = activity.traded(1, 0, _WINDOW_VIEW[window])
                self.values[8 + window] = activity.traded(2, 0, _WINDOW_VIEW[window])
                self.values[window] = self.values[4 + window] + self.values[8 + window]
                self.values[12 + window] = activity.fill_count(0, _WINDOW_VIEW[window])
            self.values[18] = activity.traded(0, _WINDOW_VIEW[1], _WINDOW_VIEW[1] + _WINDOW_VIEW[3])
            self.values[19] = self.market_count(activity.latest - _BUCKET_NS)
        if self.moments & _POSITION:
            self.values[16] = abs(self.holdings.net(self.holding)) / self.float_quantity[self.family[self.market]]
        if self.moments & _LINKED:
            self.values[17] = self.linked_push(_ONE_SIDED)

    def market_count(self, since):
        """Number of markets the group traded in at or after a time, of its last 128 fills."""
        activity: OwnerActivity = self.activity
        place: cython.Py_ssize_t
        found: set = set()
        for place in range(min(activity.count, _LOG)):
            if activity.time[place] >= since:
                found.add(activity.market[place])
        return len(found)

    def news_at(self, now):
        """Takes the announcements of the market's family that are due, as the times they were due at."""
        family = self.family[self.market]
        due = [time for time in self.news[family] if time <= now]
        self.news[family] = self.news[family][len(due) :]
        self.news_done[family] = self.news_done[family] + due
        self._await_news(family)
        return due

    def _await_news(self, family):
        told = self.news[family] or self.news_done[family]
        self.news_due[family] = self.news[family][0] if self.news[family] else NEVER if told else 0

    def position(self, group, family):
        """Net quantity a group holds of a family, with what it held at the start; 0 where it never traded it."""
        number = self.holdings.number_of(group, family)
        return self.holdings.net(number) if number >= 0 else 0.0

    def state(self):
        """Plain values from which `restore` makes the same stage."""
        return arrays.dump(self, _STAGE_FIELDS) | {
            "holdings": self.holdings.state(),
            "flows": [[number, flows.state()] for number, flows in sorted(self.flows_of_holding.items())],
            "activities": [None if each is None else each.state() for each in self.activities],
        }

    def restore(self, state):
        """Becomes the stage whose `state` was taken."""
        arrays.load(self, _STAGE_FIELDS, state)
        self.known = sum(self.product_size)
        self.family_numbers = {name: number for number, name in enumerate(self.family_names)}
        self.product_numbers = {name: number for number, name in enumerate(self.product_names)}
        self.holdings.restore(state["holdings"])
        self.activities = [None if each is None else OwnerActivity(0) for each in state["activities"]]
        for part, values in zip(self.activities, state["activities"], strict=True):
            if part is not None:
                part.restore(values)
        self.flows = [[] for _ in self.news]
        self.flows_of_holding = {}
        for number, values in state["flows"]:
            flows = self.flows_of_holding[number] = Flows(0)
            flows.restore(values)
            block = self.holdings.blocks[number // BLOCK_SIZE]
            self.flows[block.family[number % BLOCK_SIZE]].append(flows)


def _number_of(name, names, numbers):
    if name not in numbers:
        numbers[name] = len(names)
        names.append(name)
    return numbers[name]


def _nothing(group, family):
    return 0.0
