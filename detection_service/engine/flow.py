# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Window metrics of groups and markets, and the conditions over them that decide which rules are asked.

Windows are rings of closed minutes and periods of ten minutes, summed when read.
"""

import cython

from detection_service.engine.metrics import GROUP_METRICS, METRICS
from detection_service.engine.records import MEASURES as MEASURE_NAMES
from detection_service.engine.records import Flow
from tapewatch.market import arrays
from tapewatch.market.arena import Arena

if cython.compiled:
    from cython.cimports.detection_service.engine.records import FlowPointer
    from cython.cimports.tapewatch.market.arena import record_at
else:
    from detection_service.engine.records import Flow as FlowPointer
    from tapewatch.market.arena import record_at

if not cython.compiled:
    MEASURES, MINUTES, DECADES, DECADE, WINDOWS, CLOSED_FIELDS = 24, 5, 7, 10, 4, 6
# Places of measures.
_CANCELS = cython.declare(cython.int, MEASURE_NAMES.index("cancels"))
_FILLS = cython.declare(cython.int, MEASURE_NAMES.index("fills"))
_BOUGHT = cython.declare(cython.int, MEASURE_NAMES.index("bought"))
_SOLD = cython.declare(cython.int, MEASURE_NAMES.index("sold"))
_FLEETING = cython.declare(cython.int, MEASURE_NAMES.index("fleeting"))
_PUSHES = cython.declare(cython.int, MEASURE_NAMES.index("pushes_up"))
_FAR = cython.declare(cython.int, MEASURE_NAMES.index("far_withdrawn"))
_MESSAGES = cython.declare(cython.int, MEASURE_NAMES.index("messages"))
_MARKET = cython.declare(cython.int, len(GROUP_METRICS))
_QUOTES_MIN = cython.declare(cython.double, 20.0)  # messages in half an hour
INFINITY = float("inf")


class Flows:
    """Closed windows by activity; `values` (shape (metrics,), order of METRICS) are those measured last."""

    def __init__(self):
        self.arena = Arena(Flow)
        self.values = arrays.doubles(len(METRICS))

    def prefetch(self, activity):
        """Has the processor fetch the closed windows of an activity that has some."""
        if cython.compiled:
            self.arena.prefetch(activity.flow - 1)

    def close(self, activity):
        """Keeps the minute in hand among the closed ones."""
        flow: FlowPointer
        place: cython.int = activity.minute % MINUTES
        decade: cython.longlong = activity.minute // DECADE
        period: cython.int = decade % DECADES
        index: cython.int
        if activity.flow == 0:
            activity.flow = self.arena.take() + 1
        flow = cython.cast(FlowPointer, record_at(self.arena, activity.flow - 1))
        flow.minute_number[place] = activity.minute + 1
        for index in range(MEASURES):
            flow.minutes[place * MEASURES + index] = activity.measures[index]
        if flow.decade_number[period] != decade + 1:
            flow.decade_number[period] = decade + 1
            for index in range(MEASURES):
                flow.decades[period * MEASURES + index] = 0.0
        for index in range(MEASURES):
            flow.decades[period * MEASURES + index] += activity.measures[index]

    def measure(self, activity, market):
        """Computes the metrics of a group in a market as of the minute it is in."""
        values: cython.double[::1] = self.values
        index: cython.int
        window: cython.int
        for index in range(MEASURES):
            for window in range(WINDOWS):
                values[WINDOWS * index + window] = activity.measures[index]
        if activity.flow:
            self._add_closed(activity)
        self.measure_market(market, activity.minute)
        for window in range(WINDOWS):
            self._derive(market, window)

    def _add_closed(self, activity):
        """Adds what closed minutes and periods a window reaches back to."""
        flow: FlowPointer = cython.cast(FlowPointer, record_at(self.arena, activity.flow - 1))
        decade: cython.longlong = activity.minute // DECADE
        age: cython.longlong
        place: cython.int
        for place in range(MINUTES):
            age = activity.minute - (flow.minute_number[place] - 1)
            if 0 < age < MINUTES:
                self._add(flow.minutes, place, 1)
        for place in range(DECADES):
            age = decade - (flow.decade_number[place] - 1)
            if 0 <= age < 6:
                self._add(flow.decades, place, 3)
            if 0 <= age < 3:
                self._add(flow.decades, place, 2)

    def _add(self, measures, place, window):
        """Adds the measures of one closed window to those of a longer one."""
        values: cython.double[::1] = self.values
        index: cython.int
        for index in range(MEASURES):
            values[WINDOWS * index + window] += measures[place * MEASURES + index]

    def _derive(self, market, window):
        values: cython.double[::1] = self.values
        first: cython.int = WINDOWS * MEASURES + window
        bought: cython.double = values[WINDOWS * _BOUGHT + window]
        sold: cython.double = values[WINDOWS * _SOLD + window]
        cancels: cython.double = values[WINDOWS * _CANCELS + window]
        volume: cython.double = values[_MARKET + WINDOWS + window]
        messages: cython.double = values[_MARKET + 4 * WINDOWS + window]
        up: cython.double = values[WINDOWS * _PUSHES + window]
        down: cython.double = values[WINDOWS * (_PUSHES + 1) + window]
        values[first] = values[window] + values[WINDOWS + window]
        values[first + WINDOWS] = cancels / max(1.0, values[WINDOWS * _FILLS + window])
        values[first + 2 * WINDOWS] = abs(bought - sold) / (bought + sold) if bought + sold > 0.0 else 1.0
        values[first + 3 * WINDOWS] = min(1.0, (bought + sold) / (2.0 * volume)) if volume > 0.0 else 0.0
        values[first + 4 * WINDOWS] = values[WINDOWS * _MESSAGES + window] / messages if messages > 0.0 else 0.0
        values[first + 5 * WINDOWS] = values[WINDOWS * _FLEETING + window] / cancels if cancels > 0.0 else 0.0
        values[first + 6 * WINDOWS] = market.norms.cancel_multiple(values[first + WINDOWS])
        values[first + 7 * WINDOWS] = market.norms.message_multiple(
            values[WINDOWS * _MESSAGES + window], 1.0 if window == 0 else 5.0 if window == 1 else 30.0 * (window - 1)
        )
        values[first + 9 * WINDOWS] = values[WINDOWS * _FAR + window] / values[first] if values[first] > 0.0 else 0.0
        values[first + 8 * WINDOWS] = abs(up - down)
        values[first + 10 * WINDOWS] = max(up, down)
        values[first + 11 * WINDOWS] = max(up, down) / (up + down) if up + down > 0.0 else 0.0

    def measure_market(self, market, minute):
        """Computes the metrics of a market as of a minute."""
        values: cython.double[::1] = self.values
        closed: cython.double[::1] = market.closed
        start: cython.int = market.closed_before(minute)
        window: cython.int
        place: cython.int
        count: cython.double = market.minute.count(minute, minute)
        volume: cython.double = market.minute.traded(minute, minute)
        first: cython.double = market.minute.first_open(minute, minute)
        lowest: cython.double = market.minute.lowest(minute, minute)
        highest: cython.double = market.minute.highest(minute, minute)
        messages: cython.double = market.messages_since(minute, minute)
        opened: cython.double
        low: cython.double
        high: cython.double
        for window in range(WINDOWS):
            place = start + CLOSED_FIELDS * window
            opened = closed[place + 2] if closed[place + 2] == closed[place + 2] else first
            low = closed[place + 3] if not lowest <= closed[place + 3] else lowest
            high = closed[place + 4] if not highest >= closed[place + 4] else highest
            if closed[place + 3] != closed[place + 3]:
                low, high = lowest, highest
            values[_MARKET + window] = closed[place] + count
            values[_MARKET + WINDOWS + window] = closed[place + 1] + volume
            values[_MARKET + 2 * WINDOWS + window] = market.last_price / opened - 1.0 if opened > 0.0 else 0.0
            values[_MARKET + 3 * WINDOWS + window] = high / low - 1.0 if low > 0.0 else 0.0
            values[_MARKET + 4 * WINDOWS + window] = closed[place + 5] + messages
        values[_MARKET + 5 * WINDOWS] = market.spread
        values[_MARKET + 5 * WINDOWS + 1] = 1e6 * market.spread / market.spreads.median if market.spreads.total else 1.0
        for window in range(2):
            opened = values[_MARKET + WINDOWS + 3] / 60.0 * (1.0 if window == 0 else 5.0)
            values[_MARKET + 5 * WINDOWS + 2 + window] = (
                values[_MARKET + WINDOWS + window] / opened if opened > 0.0 else 0.0
            )

    def sample(self, activity, market, minute):
        """Counts the minute of a group that is over, and every ten minutes the cancels a fill of its last half hour, to
        what is usual; `minute` is the next it is seen in."""
        market.norms.minute_messages.add(activity.measures[_MESSAGES])
        if minute // DECADE == activity.minute // DECADE:
            return
        self.measure(activity, market)
        if self.values[WINDOWS * _MESSAGES + 2] >= _QUOTES_MIN:
            market.norms.cancel_ratios.add(self.values[WINDOWS * (MEASURES + 1) + 2])

    def forget(self, activity):
        """Gives the closed windows of an activity back."""
        if activity.flow:
            self.arena.give_back(activity.flow - 1)
            activity.flow = 0

    def state(self):
        """Plain values from which `restore` makes the same windows."""
        return self.arena.state()

    def restore(self, state):
        """Becomes the windows whose `state` was taken."""
        self.arena = Arena(Flow)
        self.arena.restore(state)


class Conditions:
    """For each rule a conjunction of ranges over metrics; a rule without any is due at every moment.

    `rules`: (slot, conditions) pairs, a condition being (metric name, at least, at most) with None for no limit;
    `places` where the metrics stand among the values. `limited` are the metrics that a condition limits from above.
    """

    def __init__(self, rules, places=METRICS):
        flat = [condition for _, conditions in rules for condition in conditions]
        self.rules = len(rules)
        self.slots = [slot for slot, _ in rules]
        self.limited = {name for name, _, most in flat if most is not None}
        self.ends = arrays.integers(max(1, len(rules)))
        self.metric = arrays.integers(max(1, len(flat)))
        self.least = arrays.doubles(max(1, len(flat)))
        self.most = arrays.doubles(max(1, len(flat)))
        end = 0
        for number, (_, conditions) in enumerate(rules):
            for name, least, most in conditions:
                self.metric[end] = places[name]
                self.least[end] = -INFINITY if least is None else least
                self.most[end] = INFINITY if most is None else most
                end += 1
            self.ends[number] = end

    def due(self, values):
        """Slots of the rules all of whose conditions hold; None for none."""
        rule: cython.int
        place: cython.int = 0
        holds: cython.bint
        found = None
        for rule in range(self.rules):
            holds = True
            while place < self.ends[rule]:
                if holds and not self.least[place] <= values[self.metric[place]] <= self.most[place]:
                    holds = False
                place += 1
            if holds:
                if found is None:
                    found = []
                found.append(self.slots[rule])
        return found
