# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Names to numbers, once a distinct string a frame, and what is kept by number: markets, groups, sources, venues."""

import cython

from detection_service.engine.fills import Fills
from detection_service.engine.flow import Flows
from detection_service.engine.records import Activity
from detection_service.engine.texts import LongTexts
from detection_service.engine.withdrawals import Withdrawals
from tapewatch.market import arrays
from tapewatch.market.arena import Arena

if cython.compiled:
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.detection_service.engine.market_state import MarketState
    from cython.cimports.detection_service.engine.records import ActivityPointer
    from cython.cimports.tapewatch.market.key_index import KeyIndex
    from cython.cimports.tapewatch.market.memory import mix
else:
    from detection_service.engine.frame_view import FrameView
    from detection_service.engine.market_state import MarketState
    from detection_service.engine.records import Activity as ActivityPointer
    from tapewatch.market.hashing import mix
    from tapewatch.market.key_index import KeyIndex

NEVER = (1 << 63) - 1
LONG_AGO = cython.declare(cython.longlong, -(1 << 62))
ACCOUNT_SEED = cython.declare(cython.ulonglong, 2)
SOURCE_SEED = cython.declare(cython.ulonglong, 1)
VENUE_SEED = cython.declare(cython.ulonglong, 3)
_INITIAL = 256
_VENUE_FIELDS = ("venue_time", "venue_deadline")
_SOURCE_FIELDS = ("evaluated", "unknown_orders", "late", "capabilities", "source_seed")
_NAME_FIELDS = ("account_names", "source_names", "venue_names", "group_names")
_ACCOUNT_FIELDS = ("group_of_account", "restricted_account")
_PLAIN_FIELDS = ("unnamed", *_NAME_FIELDS, *_VENUE_FIELDS, *_SOURCE_FIELDS, *_ACCOUNT_FIELDS)


class Registry:
    """Numbers are given in order of appearance and never change.

    `group_of` is a callable: account name -> name of its beneficial group. Arrays named for venues, sources and
    accounts are indexed by their numbers. `capabilities` are sets of bits of what a source has shown. An activity is
    what one group does in one market (detection_service.engine.records.Activity).
    """

    def __init__(self, group_of):
        self.group_of = group_of
        self.lists = None
        self.markets = []
        self.activities = Arena(Activity)
        self.activity_index = KeyIndex()
        self.forgotten = 0
        self.texts = LongTexts()
        self.fills = Fills(self.texts)
        self.withdrawals = Withdrawals(self.texts)
        self.flows = Flows()
        self.market_numbers = {}
        self.venue_numbers = {}
        self.account_numbers = {}
        self.account_index = KeyIndex()
        self.market_index = KeyIndex()
        self.source_numbers = {}
        self.group_numbers = {}
        self.account_names = []
        self.source_names = []
        self.venue_names = []
        self.group_names = []
        self.unnamed = -1
        self.group_of_account = arrays.integers(_INITIAL)
        self.restricted_account = arrays.octets(_INITIAL)
        self.venue_time = arrays.longs(_INITIAL)
        self.venue_deadline = arrays.longs(_INITIAL)
        self.evaluated = arrays.longs(_INITIAL)
        self.unknown_orders = arrays.longs(_INITIAL)
        self.late = arrays.longs(_INITIAL)
        self.capabilities = arrays.integers(_INITIAL)
        self.source_seed = arrays.words(_INITIAL)

    def market_of(self, row):
        """The market of a row of the frame in hand."""
        view: FrameView = self.view
        number: cython.int = self.known_market(row)
        venue: str
        instrument: str
        if number < 0:
            venue, instrument = view.text(view.venue[row]).decode(), view.text(view.instrument[row]).decode()
            number = self._market_number(venue, instrument)
            self.market_index.put(view.hash_of(view.instrument[row], view.hash_of(view.venue[row], VENUE_SEED)), number)
        return cython.cast(MarketState, self.markets[number])

    def known_market(self, row):
        """Number of the market of a row; -1 where it has not been met. For looking ahead: numbers nothing."""
        view: FrameView = self.view
        instrument: cython.uint = view.instrument[row]
        venue: cython.uint = view.venue[row]
        number: cython.int
        if view.market_number[instrument] < 0 or view.market_venue[instrument] != venue:
            number = self.market_index.find(view.hash_of(instrument, view.hash_of(venue, VENUE_SEED)))
            if number < 0:
                return -1
            view.market_number[instrument] = number
            view.market_venue[instrument] = venue
        return view.market_number[instrument]

    def _market_number(self, venue, instrument):
        number = self.market_numbers.get((venue, instrument))
        if number is None:
            number = self.market_numbers[venue, instrument] = len(self.markets)
            # Keys of orders and matches begin from the names, so that they do not depend on what else is watched.
            seed = 0
            for byte in f"{venue}\x1f{instrument}".encode():
                seed = mix(seed ^ byte)
            self.markets.append(MarketState(number, self._venue_number(venue), venue, instrument, seed))
            self.markets[number].restricted = self.lists is not None and self.lists.names_instrument(instrument)
        return number

    def _venue_number(self, venue):
        number = self.venue_numbers.get(venue)
        if number is None:
            number = self.venue_numbers[venue] = len(self.venue_names)
            self.venue_names.append(venue)
            self._make_room(number, _VENUE_FIELDS)
            self.venue_deadline[number] = NEVER
        return number

    def _make_room(self, number, names):
        for name in names:
            values = getattr(self, name)
            if number >= len(values):
                setattr(self, name, arrays.grown(values, 2 * number))

    def account_of(self, index):
        """Number of the account a string of the frame names; -1 for the null string."""
        number: cython.int = self.known_account(index)
        if number < 0 and index:
            number = self._account_number(self.view.text(index).decode())
            self.account_index.put(self.view.hash_of(index, ACCOUNT_SEED), number)
            self.view.account_number[index] = number
        return number

    def known_account(self, index):
        """Number of the account a string of the frame names; -1 where it has not been met, and for the null string."""
        if index == 0:
            return -1
        if self.view.account_number[index] < 0:
            self.view.account_number[index] = self.account_index.find(self.view.hash_of(index, ACCOUNT_SEED))
        return self.view.account_number[index]

    def unnamed_account(self):
        """Number of the account that stands for all that are not shown, named ""."""
        if self.unnamed < 0:
            self.unnamed = self._account_number("")
        return self.unnamed

    def _account_number(self, name):
        number = self.account_numbers.get(name)
        if number is None:
            number = self.account_numbers[name] = len(self.account_names)
            self.account_names.append(name)
            self._make_room(number, _ACCOUNT_FIELDS)
            self.group_of_account[number] = self._group_number(self.group_of(name))
            self.restricted_account[number] = self.lists is not None and self.lists.names_account(name)
        return number

    def _group_number(self, name):
        number = self.group_numbers.get(name)
        if number is None:
            number = self.group_numbers[name] = len(self.group_names)
            self.group_names.append(name)
        return number

    def regroup(self, group_of):
        """Takes new reference data: accounts keep their numbers, their groups are looked up again."""
        self.group_of = group_of
        for number, name in enumerate(self.account_names):
            self.group_of_account[number] = self._group_number(group_of(name))

    def restrict(self, lists):
        """Takes what says which accounts and instruments a list names (tapewatch.market.reference.Reference)."""
        self.lists = lists
        for number, name in enumerate(self.account_names):
            self.restricted_account[number] = lists.names_account(name)
        for market in self.markets:
            market.restricted = lists.names_instrument(market.instrument_name)

    def source_of(self, index):
        """Number of the source a string of the frame names."""
        number: cython.int = self.view.source_number[index]
        if number < 0:
            number = self._source_number(self.view.text(index).decode(), self.view.hash_of(index, SOURCE_SEED))
            self.view.source_number[index] = number
        return number

    def _source_number(self, name, seed):
        number = self.source_numbers.get(name)
        if number is None:
            number = self.source_numbers[name] = len(self.source_names)
            self.source_names.append(name)
            self._make_room(number, _SOURCE_FIELDS)
            self.source_seed[number] = seed
        return number

    def activity_of(self, account, market):
        """Number of what the account's group does in a market; made at first sight."""
        group: cython.int = self.group_of_account[account]
        key: cython.ulonglong = (cython.cast(cython.ulonglong, market.number) << 32) | group
        number: cython.int = self.activity_index.find(key)
        activity: ActivityPointer
        side: cython.int
        if number < 0:
            number = self.activities.take()
            self.activity_index.put(key, number)
            activity = activity_at(self, number)
            activity.link = market.last_activity
            market.last_activity = number + 1
            activity.group = group
            activity.market = market.number
            activity.minute = -1
            for side in range(3):
                activity.last_fill_time[side] = LONG_AGO
                activity.last_withdrawal_time[side] = LONG_AGO
                activity.flip_time[side] = LONG_AGO
                activity.press_time[side] = LONG_AGO
            activity.run_end = LONG_AGO
        return number

    def _forget_idle(self, market, since):
        """Gives back the activities of a market without open orders that have not been seen since a time."""
        number: cython.longlong = market.last_activity
        activity: ActivityPointer
        newer: cython.longlong = 0
        link: cython.longlong
        key: cython.ulonglong
        while number:
            activity = activity_at(self, number - 1)
            link = activity.link
            if activity.orders_open == 0 and activity.last_seen < since:
                if newer:
                    activity_at(self, newer - 1).link = link
                else:
                    market.last_activity = link
                key = (cython.cast(cython.ulonglong, market.number) << 32) | activity.group
                self.activity_index.remove(key, number - 1)
                self.fills.forget(activity)
                self.withdrawals.forget(activity)
                self.flows.forget(activity)
                activity.market = -1
                self.activities.give_back(number - 1)
                self.forgotten += 1
            else:
                newer = number
            number = link

    def market_named(self, venue, instrument):
        """The market of a venue and instrument that have been seen."""
        return self.markets[self.market_numbers[venue, instrument]]

    def find_activity(self, group, market):
        """Number of what a group, by name, did in a market, by number; -1 if nothing."""
        number = self.group_numbers.get(group)
        return -1 if number is None else self.activity_index.find((market << 32) | number)

    def activities_of(self, market):
        """Numbers of all activities of a market, the newest first."""
        found: list = []
        number: cython.longlong = market.last_activity
        while number:
            found.append(number - 1)
            number = activity_at(self, number - 1).link
        return found

    def registry_state(self):
        """Plain values from which `restore_registry` makes the same registry."""
        return arrays.dump(self, _PLAIN_FIELDS) | {
            "markets": [market.state() for market in self.markets],
            "activities": self.activities.state(),
            "texts": self.texts.state(),
            "fills": self.fills.state(),
            "withdrawals": self.withdrawals.state(),
            "flows": self.flows.state(),
        }

    def restore_registry(self, state):
        """Becomes the registry whose state was taken; names are numbered as they were."""
        number: cython.longlong
        activity: ActivityPointer
        arrays.load(self, _PLAIN_FIELDS, state)
        self.markets = [MarketState(0, 0, "", "", 0) for _ in state["markets"]]
        self.activities = Arena(Activity)
        self.activities.restore(state["activities"])
        for name in ("texts", "fills", "withdrawals", "flows"):
            getattr(self, name).restore(state[name])
        for part, values in zip(self.markets, state["markets"], strict=True):
            part.restore(values)
        self.activity_index = KeyIndex()
        for market in self.markets:
            for number in self.activities_of(market):
                activity = activity_at(self, number)
                self.activity_index.put((cython.cast(cython.ulonglong, activity.market) << 32) | activity.group, number)
        self.market_numbers = {(each.venue_name, each.instrument_name): each.number for each in self.markets}
        self.venue_numbers = {name: number for number, name in enumerate(self.venue_names)}
        self.account_numbers = {name: number for number, name in enumerate(self.account_names)}
        self.account_index = KeyIndex()
        self.market_index = KeyIndex()
        self.source_numbers = {name: number for number, name in enumerate(self.source_names)}
        self.group_numbers = {name: number for number, name in enumerate(self.group_names)}


if not cython.compiled:  # compiled, inline in the .pxd beside

    def activity_at(registry, number):
        """An activity by its number."""
        return registry.activities.items[number]
