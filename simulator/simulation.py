"""A whole simulation: a seeded market with its people and the schemes played in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.hard_negatives import HARD_NEGATIVES
from simulator.hard_negatives.hard_negative import choose_people
from simulator.hard_negatives.schedule import plan_hard_negatives
from simulator.instrument import EQUITIES, Instrument
from simulator.labels import Label, Narrative, Scenario, SchemeSeat, Sentence
from simulator.market import Behaviour, Market, Seat
from simulator.population import populate
from simulator.randomness import SECOND_NS, jittered_ns, stream
from simulator.reference import Preparation, ordinary_rows
from simulator.report import Report
from simulator.schedule import WARMUP_SECONDS_MAX, PlannedScenario, check_scheme, plan
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import NONE, Camouflage
from simulator.schemes.play import Play, cover
from simulator.schemes.related import suits
from simulator.schemes.scheme import choose_accounts
from simulator.tape import Batch
from simulator.traders.roster import cast, market_maker_count
from simulator.venues import HoursName, MarketName, continuous_minutes, market_of

DEFAULT_START_TIME_NS = 1_772_442_000_000_000_000
"""2026-03-02 09:00:00 UTC, a Monday."""
OVERTIME_STEP_NS = 10 * SECOND_NS
NUMBERS_PER_SESSION = 1_000_000_000
SCENARIOS_KEPT_MAX = 2_000
"""A market without an end forgets its oldest scenarios beyond so many."""
RECURRENCE_SECONDS = 60.0
TAKEN_OWNERS_MAX = 60
"""So many owners may have been in a scheme before those whose scheme is over may be drawn again."""
DEMO_SCHEMES = (
    *("spoofing", "layering", "wash_self", "wash_owner") * 2,
    "ping_pong",
    "pump_and_dump",
)  # fmt: skip
DEMO_MINUTES = 20.0
DEMO_SEVERITY = 0.85
DEMO_SEED = 20260302


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """All that determines a simulation: the same values give the same events.

    `minutes` 0 runs for ever; otherwise it runs that long, or until the last scheme has been played if that is later.
    `activity` scales how often everybody acts, so the density of ordinary messages. `recurring` schemes are played one
    after another as long as the market runs. `session_number` keeps the ids of one day's sessions apart.
    """

    seed: int
    minutes: float = DEMO_MINUTES
    scenarios: tuple[PlannedScenario, ...] = ()
    hard_negatives: tuple[PlannedScenario, ...] = ()
    instruments: tuple[Instrument, ...] = EQUITIES
    start_time_ns: int = DEFAULT_START_TIME_NS
    activity: float = 1.0
    recurring: tuple[str, ...] = ()
    recurring_severity: float = DEMO_SEVERITY
    recurring_camouflage: Camouflage = NONE
    session_number: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a recurring scheme that does not exist."""
        for scheme in self.recurring:
            check_scheme(scheme, self.recurring_severity)


class Simulation:
    """One run of the market; `reports` or `rows` runs it once, the labels are beside it."""

    def __init__(self, config: SimulationConfig) -> None:
        self.config = config
        self.population = populate(config.seed, market_maker_count(len(config.instruments)))
        self.narrative = Narrative()
        self.scenarios: list[Scenario] = []
        self.hard_negatives: list[Scenario] = []
        self.recurring_severity = config.recurring_severity
        self.reference = ordinary_rows(
            self.population, config.instruments, config.seed, config.start_time_ns, config.minutes
        )
        first_number = 1 + config.session_number * NUMBERS_PER_SESSION
        traded = tuple(instrument.at_pace(config.activity) for instrument in config.instruments)
        self._market = Market(traded, config.seed, config.start_time_ns, first_number)
        self._taken_owners: set[str] = set()
        self._benign_owners: set[str] = set()
        self._admitted = 0
        cast(self._market, self.population, config.seed, config.activity)
        for planned in config.scenarios:
            self._admit(planned)
        for planned in config.hard_negatives:
            self._admit_hard_negative(planned)
        if config.recurring:
            self._market.enter(self._direct(config.recurring))
        symbols = ", ".join(self._market.listings)
        self.narrative.tell(Sentence(self.now_ns, f"The market opens: {symbols} trade in the ordinary way."))

    @property
    def now_ns(self) -> int:
        """Event time the market has reached."""
        return self._market.now_ns

    @property
    def end_time_ns(self) -> int | None:
        """Event time at which the run ends if all schemes are over by then; None when it runs for ever."""
        return self.config.start_time_ns + int(self.config.minutes * 60 * SECOND_NS) if self.config.minutes else None

    def reports(self) -> Iterator[Report]:
        """Run the market and yield what the venue says, in order of event time; resting orders expire at the end."""
        end_ns = self.end_time_ns
        yield from self._market.reports(end_ns)
        while end_ns is not None and self._is_playing():
            end_ns += OVERTIME_STEP_NS
            yield from self._market.reports(end_ns)
        yield from self.end_session()

    def batches(self, row_count: int) -> Iterator[Batch]:
        """Run the market as `reports` does and yield the same events as columns, about so many rows at a time."""
        end_ns = self.end_time_ns
        while True:
            if self._market.advance(end_ns, row_count):
                yield self._market.tape.take()
            elif end_ns is not None and self._is_playing():
                end_ns += OVERTIME_STEP_NS
            else:
                break
        self._market.close()
        yield self._market.tape.take()

    def _is_playing(self) -> bool:
        return any(not scenario.is_over for scenario in (*self.scenarios, *self.hard_negatives))

    def end_session(self) -> Iterator[Report]:
        """Expire what still rests and yield the reports: the end of `reports`, or of a run cut short."""
        return self._market.end_session()

    def rows(self) -> Iterator[dict[str, object]]:
        """Run the market and yield rows of the event table."""
        return (report.row() for report in self.reports())

    def labels(self) -> list[Label]:
        """Return the truth about the scenarios begun so far, by start."""
        return _labels_of(self.scenarios)

    def benign_labels(self) -> list[Label]:
        """Return the same about the hard negatives begun so far: who did what looks like abuse and is none."""
        return _labels_of(self.hard_negatives)

    def inject(self, scheme: str, severity: float, instrument: str = "", camouflage: Camouflage = NONE) -> Scenario:
        """Play a scheme from now on; instrument "" lets the simulator choose. Raises ValueError for unknown names."""
        check_scheme(scheme, severity)
        known = [
            one.key for one in self.config.instruments if suits(SCHEMES[scheme].wants, one, self.config.instruments)
        ]
        if instrument and instrument not in self._market.listings:
            raise ValueError(f"no instrument named {instrument}: choose from {', '.join(self._market.listings)}")
        if not known or (instrument and instrument not in known):
            wants = SCHEMES[scheme].wants
            raise ValueError(
                f"{scheme} wants another {wants} of its instrument: choose from {', '.join(known) or 'none'}"
            )
        chosen = instrument or stream(self.config.seed, f"inject/{self._admitted}").choice(known)
        offset_ns = self.now_ns - self.config.start_time_ns
        return self._admit(PlannedScenario(scheme, severity, chosen, offset_ns, camouflage))

    def _direct(self, schemes: Sequence[str]) -> Behaviour:
        """Play one scheme after another, after a warm-up, in random order and with pauses."""
        random = stream(self.config.seed, "director")
        yield int(WARMUP_SECONDS_MAX * SECOND_NS)
        while True:
            for scheme in random.sample(schemes, len(schemes)):
                if len(self._taken_owners) > TAKEN_OWNERS_MAX:
                    playing = (scenario for scenario in self.scenarios if not scenario.is_over)
                    self._taken_owners = {account.owner for scenario in playing for account in scenario.accounts}
                self.inject(scheme, self.recurring_severity, camouflage=self.config.recurring_camouflage)
                yield jittered_ns(random, RECURRENCE_SECONDS, 0.3)

    def _admit(self, planned: PlannedScenario) -> Scenario:
        self._admitted += 1
        random = stream(self.config.seed, f"scenario/{self._admitted}")
        scheme = SCHEMES[planned.scheme]
        camouflage = planned.camouflage.only(scheme.axes)
        listing = self._market.listings[planned.instrument]
        if not suits(scheme.wants, listing.instrument, self.config.instruments):
            raise ValueError(f"{scheme.name} wants another {scheme.wants} of {planned.instrument}, found none")
        crews = choose_accounts(scheme, self.population, random, self._taken_owners, camouflage.split)
        scenario = Scenario(
            scenario_id=f"scenario-{self._admitted:03d}",
            typology=scheme.name,
            severity=planned.severity,
            instrument=listing.instrument.symbol,
            venue=listing.instrument.venue,
            accounts=tuple(account for crew in crews for account in crew),
            narrative=self.narrative,
            camouflage=camouflage.values(),
        )
        seat = SchemeSeat(self._market, listing, random, scenario, scheme.trades_with_itself)
        play = Play(scheme, seat, crews, planned.severity, camouflage, self.population)
        start_time_ns = self.config.start_time_ns + planned.offset_ns
        if scheme.prepare is not None:
            scheme.prepare(self._preparation(play, start_time_ns))
        honest = seat.honest(stream(self.config.seed, f"cover/{self._admitted}"))
        self._market.enter(_played(play, honest), start_time_ns - self.now_ns)
        self.scenarios.append(scenario)
        if len(self.scenarios) > SCENARIOS_KEPT_MAX and self.scenarios[0].is_over:
            del self.scenarios[0]
        return scenario

    def _admit_hard_negative(self, planned: PlannedScenario) -> None:
        what = HARD_NEGATIVES[planned.scheme]
        number = len(self.hard_negatives) + 1
        random = stream(self.config.seed, f"hard negative/{number}")
        listing = self._market.listings[planned.instrument]
        scenario = Scenario(
            scenario_id=f"benign-{number:03d}",
            typology=what.name,
            severity=planned.severity,
            instrument=listing.instrument.symbol,
            venue=listing.instrument.venue,
            accounts=choose_people(what, self.population, random, self._taken_owners, self._benign_owners),
            narrative=self.narrative,
        )
        seat = SchemeSeat(self._market, listing, random, scenario, trades_with_itself=False)

        def played() -> Behaviour:
            yield from what.play(seat, scenario.accounts)
            scenario.is_over = True

        self._market.enter(played(), self.config.start_time_ns + planned.offset_ns - self.now_ns)
        self.hard_negatives.append(scenario)

    def _preparation(self, play: Play, start_time_ns: int) -> Preparation:
        return Preparation(
            rows=self.reference,
            random=play.random,
            instrument=play.instrument,
            accounts=play.accounts,
            start_time_ns=start_time_ns,
            duration_seconds=play.scheme.duration_seconds_max,
            ratios={ratio.name: ratio.at(play.severity) for ratio in play.scheme.ratios},
        )


def _labels_of(scenarios: Sequence[Scenario]) -> list[Label]:
    begun = (scenario.label() for scenario in scenarios if scenario.has_begun)
    return sorted(begun, key=lambda label: (label.start_time_ns, label.scenario_id))


def _played(play: Play, honest: Seat) -> Behaviour:
    if play.camouflage.mixed:
        play.seat.beside(cover(play, honest))
    yield from play.scheme.play(play)
    play.seat.scenario.is_over = True


def labelled_run(
    schemes: Sequence[str],
    *,
    seed: int,
    minutes: float,
    severity: float,
    activity: float = 1.0,
    hard_negatives: Sequence[str] = (),
    camouflage: Camouflage = NONE,
    market: MarketName = "shares",
    hours: HoursName = "none",
) -> SimulationConfig:
    """Return the configuration of a run with schemes and hard negatives spread over its time and instruments.

    With hours they are played before the closing call.
    """
    instruments = market_of(market, hours, DEFAULT_START_TIME_NS, minutes)
    until_call = continuous_minutes(instruments, DEFAULT_START_TIME_NS, minutes)
    return SimulationConfig(
        seed=seed,
        minutes=minutes,
        scenarios=plan(schemes, severity, instruments, until_call, seed, camouflage),
        hard_negatives=plan_hard_negatives(hard_negatives, instruments, until_call, seed),
        instruments=instruments,
        activity=activity,
    )


def demo_run(seed: int = DEMO_SEED) -> SimulationConfig:
    """Return the standard labelled run: 20 minutes of four shares, ten scenarios after five minutes of warm-up."""
    return labelled_run(DEMO_SCHEMES, seed=seed, minutes=DEMO_MINUTES, severity=DEMO_SEVERITY)


def simulate(config: SimulationConfig) -> Iterator[dict[str, object]]:
    """Yield the rows of a simulation; use `Simulation` where the labels are wanted too."""
    return Simulation(config).rows()
