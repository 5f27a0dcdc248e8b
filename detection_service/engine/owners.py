# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The second stage: what each group does over all markets, fed one fill at a time.

It takes plain values only (numbers of groups, accounts and markets, and what the first stage knows of the market), so
it can run elsewhere, sharded by group. Venues' clocks are apart by seconds: a fill is counted where its own time
belongs, and nothing here rests on the order in which venues' events come.
"""

import cython

from detection_service.engine.metrics import OWNER_METRICS
from detection_service.engine.owner_log import BUCKET_NS, BUCKETS, LOG_SIZE
from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.detection_service.engine.holdings import Flows, Holdings
    from cython.cimports.detection_service.engine.legs import Legs
    from cython.cimports.detection_service.engine.owner_log import Owners
    from cython.cimports.detection_service.engine.owner_records import OwnerFillPointer, OwnerPointer
    from cython.cimports.detection_service.engine.texts import LongTexts
    from cython.cimports.libc.string import memcpy
else:
    from detection_service.engine.holdings import Flows, Holdings
    from detection_service.engine.legs import Legs
    from detection_service.engine.owner_log import Owners
    from detection_service.engine.owner_records import Owner as OwnerPointer
    from detection_service.engine.owner_records import OwnerFill as OwnerFillPointer
    from detection_service.engine.texts import LongTexts

# Moments at which rules may be asked; each a bit.
LEVEL, LINKED, POSITION, NEWS = 1, 2, 4, 8
_LEVEL = cython.declare(cython.int, LEVEL)
_LINKED = cython.declare(cython.int, LINKED)
_POSITION = cython.declare(cython.int, POSITION)
_NEWS = cython.declare(cython.int, NEWS)

LINKED_NS = 300_000_000_000
NEVER = (1 << 63) - 1
_LOG = cython.declare(cython.int, LOG_SIZE)
_BUCKET_NS = cython.declare(cython.longlong, BUCKET_NS)
_BUCKETS = cython.declare(cython.int, BUCKETS)
_LINKED_NS = cython.declare(cython.longlong, LINKED_NS)
_NAN = cython.declare(cython.double, float("nan"))
_TEXT = cython.declare(cython.int, 40)
_BUY = cython.declare(cython.int, 1)
_AGGRESSOR = cython.declare(cython.int, 2)
_NOTED_SHARE = cython.declare(cython.double, 0.01)
_ONE_SIDED = cython.declare(cython.double, 0.8)
_METRICS = cython.declare(cython.int, len(OWNER_METRICS))
_INITIAL = 64
_STAGE_FIELDS = (
    "family_names", "product_names", "family", "product", "unit", "product_size", "float_quantity", "news_due", "news",
    "news_done", "hand", "groups", "owner_of_group",
)  # fmt: skip


class OwnerStage:
    """All owners and their holdings. Arrays named for markets, families and products are by number.

    A family is one instrument wherever it is traded, a product all that rests on one underlying. `news` holds the
    times at which announcements of each family are to be looked at, `news_due` the next of them, 0 for a family without
    any. `flows` are kept by family, for families with announcements. `known` is how many markets there are.
    `owner_of_group` has the number of a group's owner, plus one, for the first `groups` groups. `owner`, `holding` and
    `market` are those of the fill behind a moment, `values` the metrics measured for it (order of OWNER_METRICS),
    `made` the fill kept last, -1 for none.
    """

    def __init__(self):
        self.owners = Owners()
        self.owner_of_group = arrays.integers(_INITIAL)
        self.groups = 0
        self.owner = self.made = self.holding = -1
        self.market_mark = 0
        self.mark_of_market = arrays.longs(_INITIAL)
        self.holdings = Holdings()
        self.flows = []
        self.flows_of_holding = {}
        self.initial_of = None
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
        for name in ("family", "product", "unit", "currency", "rate", "mark_of_market"):
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
        self, now, group, account, market, side, price, quantity, aggressor, before, elsewhere, high, low
    ):  # fmt: skip
        """A fill of a group; the moments it makes.

        `before` is the market's price before it, `elsewhere` that of the same instrument on another venue, NaN where
        there is none.
        """
        owner: OwnerPointer
        kept: OwnerFillPointer
        flows: Flows
        family: cython.int
        notional: cython.double
        self.moments = 0
        self.made = -1
        if market >= self.known:  # nobody told what it is
            return 0
        family = self.family[market]
        notional = abs(price) * quantity * self.unit[market]
        if not notional > 0.0:
            return 0
        self._evict(now)
        self.owner = self._owner_of(group)
        owner = self.owners.at(self.owner)
        self.made = owner.count
        kept = self.owners.add(owner)
        kept.time = now
        kept.price = price
        kept.quantity = quantity
        kept.notional = notional
        kept.before = before
        kept.elsewhere = elsewhere
        kept.market = market
        kept.account = account
        kept.side = side
        kept.aggressor = aggressor
        kept.event_high = high
        kept.event_low = low
        kept.order_length = 0
        kept.trade_length = 0
        if now > owner.latest:
            owner.latest = now
        if self.owners.counts(owner, now, side, notional):
            self.moments = _LEVEL
        self.holding = self._holding_of(group, family)
        if self.holdings.add(self.holding, side, quantity, _NOTED_SHARE * self.float_quantity[family]):
            self.moments |= _POSITION
        if self.news_due[family] != 0:
            flows = self._flows_of(self.holding, group, family)
            flows.add(now, account, side, quantity, notional, high, low)
            if now >= self.news_due[family]:
                self.moments |= _NEWS
        if self.product_size[self.product[market]] > 1:
            self.moments |= _LINKED
        self.market = market
        return self.moments

    def name(self, fill):
        """Writes the ids of the fill kept last, as its market's own has them."""
        kept: OwnerFillPointer
        if self.made < 0:
            return
        kept = self.owners.fill_at(self.owners.at(self.owner), self.made)
        kept.order_length = fill.order_length
        kept.trade_length = fill.trade_length
        if cython.compiled:
            memcpy(kept.order_id, fill.order_id, _TEXT)
            memcpy(kept.trade_id, fill.trade_id, _TEXT)
        else:
            kept.order_id = fill.order_id
            kept.trade_id = fill.trade_id

    def _owner_of(self, group):
        if group >= self.groups:
            self._make_room("owner_of_group", group)
            self.groups = group + 1
        if self.owner_of_group[group] == 0:
            self.owner_of_group[group] = self.owners.make(group) + 1
        return self.owner_of_group[group] - 1

    def _holding_of(self, group, family):
        number: cython.int = self.holdings.number_of(group, family)
        if number < 0:
            held = 0.0 if self.initial_of is None else self.initial_of(group, self.family_names[family])
            number = self.holdings.make(group, family, held)
        return number

    def prefetch(self, group, market):
        """Has the processor fetch what names what a fill of a group will touch."""
        number: cython.int
        if cython.compiled and market < self.known:
            number = self.owner_of_group[group] if group < self.groups else 0
            if number:
                self.owners.arena.prefetch(number - 1)
            self.holdings.prefetch(group, self.family[market])

    def prefetch_rings(self, group, market):
        """Has it fetch that itself, some time later."""
        number: cython.int
        if cython.compiled and market < self.known:
            number = self.owner_of_group[group] if group < self.groups else 0
            if number:
                self.owners.prefetch(self.owners.at(number - 1))
            number = self.holdings.number_of(group, self.family[market])
            if number >= 0:
                self.holdings.arena.prefetch(number)

    def _flows_of(self, holding, group, family):
        if holding not in self.flows_of_holding:
            self.flows_of_holding[holding] = Flows(group)
            self.flows[family].append(self.flows_of_holding[holding])
        return self.flows_of_holding[holding]

    def _evict(self, now):
        """Looks at one group a fill, in turn, and lets it go where all it did is older than the windows."""
        number: cython.int
        if self.hand >= self.groups:
            self.hand = 0
        if self.hand >= self.groups:
            return
        number = self.owner_of_group[self.hand]
        if number and self.owners.at(number - 1).latest < now - (_BUCKETS + 1) * _BUCKET_NS:
            self.owners.forget(number - 1)
            self.owner_of_group[self.hand] = 0
        self.hand += 1

    def linked_push(self, one_sided):
        """How far the group's own aggressive and one-sided fills of the last five minutes in another market of the
        product moved that market, as a share of the price; 0 where they did not.

        That market is the one of its latest aggressive fill elsewhere, `one_sided` the net share of what it traded
        there.
        """
        owner: OwnerPointer = self.owners.at(self.owner)
        fill: OwnerFillPointer
        product: cython.int = self.product[self.market]
        number: cython.longlong = owner.count
        oldest: cython.longlong = max(0, owner.count - _LOG)
        pushed: cython.int = -1
        last: cython.double = 0.0
        first: cython.double = 0.0
        net: cython.double = 0.0
        gross: cython.double = 0.0
        move: cython.double
        while number > oldest:
            number -= 1
            fill = self.owners.fill_at(owner, number)
            if fill.time < owner.latest - _LINKED_NS or fill.aggressor != _AGGRESSOR:
                continue
            if fill.market == self.market or self.product[fill.market] != product:
                continue
            if pushed < 0:
                pushed = fill.market
                last = fill.price
            if fill.market != pushed:
                continue
            first = fill.before
            gross += fill.quantity
            net += fill.quantity if fill.side == _BUY else -fill.quantity
        if pushed < 0 or not first > 0.0 or abs(net) < one_sided * gross:
            return 0.0
        move = (last - first) / first if net > 0.0 else (first - last) / first
        return max(0.0, move)

    def may_have_legs(self, there: cython.int, since: cython.longlong, usual: cython.double, terms):
        """Whether a group's own aggression moved a market since a time, which usually ranges so far in a minute, while
        it traded out of a position in the one of the fill in hand: what rules look at closely, but for what it gained.
        """
        owner: OwnerPointer = self._in_hand()
        legs: Legs = Legs(terms)
        legs.take(self.owners, owner, there, since)
        if not legs.push(usual):
            return False
        legs.take(self.owners, owner, self.market, 0)
        return legs.gain()

    def measure(self):
        """Computes `values` for the fill behind a moment; windows only where one of its buckets began or doubled."""
        owner: OwnerPointer = self.owners.at(self.owner)
        floating: cython.double
        place: cython.int
        for place in range(_METRICS):
            self.values[place] = 0.0
        if self.moments & _LEVEL:
            self.owners.measure(owner, self.values)
            self.values[19] = self.market_count(owner.latest - _BUCKET_NS)
        if self.moments & _POSITION:
            floating = self.float_quantity[self.family[self.market]]
            self.values[16] = abs(self.holdings.net(self.holding)) / floating if floating > 0.0 else 0.0
        if self.moments & _LINKED:
            self.values[17] = self.linked_push(_ONE_SIDED)

    def market_count(self, since):
        """Number of markets the group traded in at or after a time, of its last 128 fills."""
        owner: OwnerPointer = self.owners.at(self.owner)
        fill: OwnerFillPointer
        number: cython.longlong
        found: cython.int = 0
        self.market_mark += 1
        for number in range(max(0, owner.count - _LOG), owner.count):
            fill = self.owners.fill_at(owner, number)
            if fill.time >= since and self.mark_of_market[fill.market] != self.market_mark:
                self.mark_of_market[fill.market] = self.market_mark
                found += 1
        return found

    def notional(self, first: cython.longlong, last: cython.longlong):
        """What the owner in hand traded (`Owners.traded`)."""
        return self.owners.traded(self._in_hand(), first, last)

    def rows(self, since: cython.longlong, texts: LongTexts):
        """The fills held of the owner in hand at or after a time (`Owners.rows`)."""
        return self.owners.rows(self._in_hand(), since, texts)

    def held(self):
        """The position that the fill in hand changed. Raises LookupError before any fill."""
        self._in_hand()
        return self.holdings.net(self.holding)

    def _in_hand(self):
        if self.owner < 0:
            raise LookupError("expected a fill whose owner to look at, found none since the start: ask at OWNER")
        return self.owners.at(self.owner)

    def remembers(self, group: cython.int):
        """Whether a group's fills are held."""
        return group < self.groups and self.owner_of_group[group] != 0

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
            "owners": self.owners.state(),
        }

    def restore(self, state):
        """Becomes the stage whose `state` was taken."""
        arrays.load(self, _STAGE_FIELDS, state)
        self.known = sum(self.product_size)
        self.family_numbers = {name: number for number, name in enumerate(self.family_names)}
        self.product_numbers = {name: number for number, name in enumerate(self.product_names)}
        self.holdings.restore(state["holdings"])
        self.owners.restore(state["owners"])
        self.owner = self.made = self.holding = -1
        self.mark_of_market = arrays.longs(len(self.family))
        self.flows = [[] for _ in self.news]
        self.flows_of_holding = {}
        for number, values in state["flows"]:
            flows = self.flows_of_holding[number] = Flows(0)
            flows.restore(values)
            self.flows[self.holdings.family_of(number)].append(flows)


def _number_of(name, names, numbers):
    if name not in numbers:
        numbers[name] = len(names)
        names.append(name)
    return numbers[name]
