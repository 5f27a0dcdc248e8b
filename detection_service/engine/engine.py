"""The engine: frames in, alert revisions out. One object for the service, for files and for any other host.

`process`, `snapshot` and `restore` are all a host needs. No clock, no randomness: the same frames in the same order
give the same alerts however they are cut into batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import or_
from typing import Any, Final, Protocol

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.core import Core
from detection_service.engine.episodes import Episode, Episodes
from detection_service.engine.facts import Unusual
from detection_service.engine.flow import Conditions
from detection_service.engine.frame_view import FrameView
from detection_service.engine.held import HELD, HOLD_NS, HeldPresses, Press
from detection_service.engine.isolation import Isolation
from detection_service.engine.metrics import METRICS, OWNER_METRIC_PLACES
from detection_service.engine.records import RING as WITHDRAWALS_HELD
from detection_service.engine.registry import NEVER
from detection_service.engine.relations import Relations
from detection_service.engine.scene import Scene
from detection_service.engine.scopes import hold, loosest
from detection_service.engine.session import ASK_NOW, pass_by
from detection_service.engine.snapshot import LAYOUT
from detection_service.engine.triggers import (
    AHEAD,
    DEADLINE,
    FLOW,
    MARKET,
    NEWS,
    OWNER,
    PRESSURE,
    PRICE,
    SESSION,
    SHARED,
    SOURCE,
    TOGETHER,
    UNNAMED,
)
from detection_service.frozen import Buffer, Frozen
from detection_service.health.frames import FrameObserver
from detection_service.health.observation import Observation
from detection_service.health.watch import HealthWatch
from detection_service.rules.rule import Condition, Rule
from tapewatch.alert import Alert, Anomaly
from tapewatch.market.frame import Frame

NEEDS_MODEL: Final = "a calibrated anomaly model in force"


class AnomalyScorer(Protocol):
    """Judges the portraits of groups (order of detection_service.engine.portrait.FEATURES); never stops an alert."""

    @property
    def model_id(self) -> str:
        """Content hash of the model."""

    def judge(self, portrait: Sequence[float]) -> Unusual:
        """How unusual a portrait is."""

    def view(self, portraits: Sequence[Sequence[float]]) -> Anomaly | None:
        """The view of the most unusual of the portraits; None without any."""


class Engine:
    """Rules over rebuilt books. Raises ConfigurationError where the configuration is not valid."""

    def __init__(self, configuration: EngineConfiguration | None = None, scorer: AnomalyScorer | None = None) -> None:
        self._configuration = configuration or EngineConfiguration()
        self._scorer = scorer
        self._episodes = Episodes("")
        self._held = HeldPresses()
        self._core = Core(self._configuration.reference.group_of)
        self._core.restrict(self._configuration.reference)
        self._alerts_by_rule: Counter[str] = Counter()
        self._health = HealthWatch()
        self._observer = FrameObserver()
        self._isolation = Isolation()
        self._asked = ""
        self._configure()

    def _configure(self) -> None:
        self._configuration.check()
        parameters = self._configuration.parameters()
        self._isolation.configure(self._configuration.brought)
        self._values_by_market: dict[int, list[dict[str, float]]] = {}
        self._varied = frozenset(rule_id for scope in self._configuration.scopes for rule_id in scope.rules)
        self.config_digest = self._configuration.digest()
        known = self._configuration.known
        self._calendar = self._configuration.calendar()
        self._rules: list[tuple[Rule, dict[str, float]]] = [
            (known[rule_id], values) for rule_id, values in parameters.items()
        ]
        self._questions = [(rule.metadata.rule_id, self._isolation.question(rule)) for rule, _ in self._rules]
        health = {rule.metadata.rule_id: (rule, values) for rule, values in self._rules if rule.triggers & SOURCE}
        self._health.configure(health, self.config_digest)
        self._observes_frames = bool(health) and not self._configuration.marks_come
        self._market_rules = frozenset(rule.metadata.rule_id for rule, _ in self._rules if rule.triggers & PRICE)
        self._episodes.configure([rule.metadata for rule in known.values()], self.config_digest)
        reference = self._configuration.reference
        relations = Relations(reference, int(parameters.get("insider_dealing", {}).get("reaction_s", 0.0) * 1e9))
        self._scene = Scene(self._core, reference, relations)
        self._scene.open_episode, self._scene.open_episodes = self._memory, self._memories
        self._rank_by(self._scorer)
        self._core.relate(relations)
        self._answering: dict[int, list[int]] = {}
        self._core.wanted = reduce(or_, (rule.triggers for rule, _ in self._rules), 0)
        self._core.watch_flow(self._conditions(FLOW))
        self._core.market_conditions = self._conditions(MARKET)
        self._core.owner_conditions = self._conditions(OWNER)
        self._set_pre_checks(self._configuration.laxest_parameters())

    def _conditions(self, trigger: int) -> Conditions:
        """The conditions of the rules that answer a trigger, by the place of each rule."""
        asked = [
            (slot, rule, values)
            for slot, (rule, values) in enumerate(self._rules)
            if rule.triggers & trigger and self._has_model(rule)
        ]
        made = [(slot, self._conditions_of(rule, trigger, values)) for slot, rule, values in asked]
        return Conditions(
            [(slot, conditions) for slot, conditions in made if conditions is not None],
            OWNER_METRIC_PLACES if trigger == OWNER else METRICS,
        )

    def _has_model(self, rule: Rule) -> bool:
        """Whether a rule that ranks by the anomaly model has one; others need none."""
        return self._scorer is not None or NEEDS_MODEL not in [need.text for need in rule.metadata.needs]

    def _conditions_of(self, rule: Rule, trigger: int, values: dict[str, float]) -> tuple[Condition, ...] | None:
        """A rule's conditions, no stricter than in any market; None for a faulty rule."""
        rule_id = rule.metadata.rule_id
        if rule_id not in self._varied:
            return self._isolation.conditions(rule, trigger, values)
        variants = self._configuration.variants(rule_id)
        made = [self._isolation.conditions(rule, trigger, each) for each in variants or ()]
        whole = [conditions for conditions in made if conditions is not None]
        return loosest(whole) if len(whole) == len(made) else None

    def _set_pre_checks(self, parameters: dict[str, dict[str, float]]) -> None:
        """Lets the core ask no less often than the laxest rule in force needs."""
        pressure = [parameters[rule.metadata.rule_id] for rule, _ in self._rules if rule.triggers & PRESSURE]
        if pressure:
            self._core.pressure_ratio = min(values.get("genuine_ratio_min", 1.0) for values in pressure)
            self._core.pressure_multiple = min(values.get("size_multiple_min", 1.0) for values in pressure)
            self._core.one_sided_ratio = min(values.get("one_sided_min", 1.0) for values in pressure)
            large = parameters.get("spoofing", {})
            self._core.large_multiple = large.get("size_multiple_min", NEVER)
            self._core.large_depth_share = large.get("depth_share_min", 1.0)
            self._core.large_life_ns = int(large.get("life_max_s", 0.0) * 1e9)
            self._core.layers = int(parameters.get("layering", {}).get("layers_min", WITHDRAWALS_HELD + 1))
            spans = [values.get("withdraw_span_s", values.get("withdraw_within_s", 0.0)) for values in pressure]
            flips = [values.get("flip_within_s", 0.0) for values in pressure]
            self._core.pressure_span_ns = int((max(spans) + max(flips)) * 1e9)
            self._core.fill_window_ns = int(max(flips) * 1e9)
        self._core.pressure_hold_ns = HOLD_NS
        walls = parameters.get("layering", {})
        self._core.campaign_multiple = walls.get("layers_min", 1.0) * walls.get("layer_multiple_min", NEVER)
        turns = [parameters.get(rule_id, {}) for rule_id in ("flipping", "pinging", "phishing")]
        self._core.flip_multiple = min(values.get("size_multiple_min", 5.0) for values in turns)
        unnamed = [values.get("size_multiple_min", 1.0) for rule, values in self._rules if rule.triggers & UNNAMED]
        self._core.unnamed_multiple = min(unnamed, default=0.0)
        moves = [values[name] for values in parameters.values() for name in ("rise_min", "move_min") if name in values]
        self._core.price_move = min(moves, default=float("inf"))
        self._set_match_checks(parameters)
        self._core.entry_multiple = parameters.get("fat_finger", {}).get("size_multiple_min", NEVER)
        self._core.entry_ranges = parameters.get("fat_finger", {}).get("reach_min", NEVER)
        self._core.stray_multiple = parameters.get("off_market_price", {}).get("moves_min", NEVER)
        self._core.run_multiple = parameters.get("momentum_ignition", {}).get("moves_min", NEVER)
        if "front_running" in parameters:
            self._core.large_multiple_ahead = parameters["front_running"]["large_multiple_min"]
            self._core.lead_ns = int(parameters["front_running"]["lead_max_s"] * 1e9)
            self._core.gain_ahead = parameters["front_running"]["gain_min"]
            self._core.gain_usual_ahead = parameters["front_running"]["gain_usual_min"]
            self._core.size_ratio_ahead = parameters["front_running"]["size_ratio_min"]
            self._core.one_sided_ahead = parameters["front_running"]["one_sided_min"]
            self._core.exit_share_ahead = parameters["front_running"]["exit_share_min"]
            self._core.exit_ns = int(parameters["front_running"]["exit_max_s"] * 1e9)
        self._core.watch_owners = bool(self._core.wanted & (OWNER | NEWS))
        self._core.watch_together = bool(self._core.wanted & (SHARED | TOGETHER | AHEAD))
        self._core.watch_ahead = bool(self._core.wanted & AHEAD)

    def _set_match_checks(self, parameters: dict[str, dict[str, float]]) -> None:
        if "ping_pong" in parameters:
            self._core.pair_trades = int(parameters["ping_pong"]["trades_min"])
            self._core.pair_turns = parameters["ping_pong"]["turns_share_min"]
            self._core.pair_window_ns = int(parameters["ping_pong"]["window_s"] * 1e9)
        if "matched_orders" in parameters:
            self._core.arranged_matches = int(parameters["matched_orders"]["meetings_min"])
            self._core.arranged_gap_ns = int(parameters["matched_orders"]["entry_gap_max_s"] * 1e9)
            self._core.arranged_ratio = parameters["matched_orders"]["size_ratio_min"]
            self._core.arranged_window_ns = int(parameters["matched_orders"]["window_s"] * 1e9)

    def configure(self, configuration: EngineConfiguration) -> None:
        """Takes another configuration, effective from the next event on; open episodes go on.

        Raises ConfigurationError where it is not valid; what was in force stays.
        """
        configuration.parameters()
        configuration.calendar()
        self._configuration = configuration
        for market in self._core.markets:
            market.session_due = ASK_NOW
        self._core.regroup(configuration.reference.group_of)
        self._core.restrict(configuration.reference)
        self._configure()

    def use_scorer(self, scorer: AnomalyScorer | None) -> None:
        """Takes another anomaly model, effective from the next revision on."""
        self._scorer = scorer
        self._rank_by(scorer)
        self._core.watch_flow(self._conditions(FLOW))

    def _rank_by(self, scorer: AnomalyScorer | None) -> None:
        self._scene.judge = (lambda portrait: None) if scorer is None else scorer.judge
        self._core.portrayed = scorer is not None

    @property
    def recipe(self) -> Callable[[], Engine]:
        """Makes engines of the configuration and model now in force that have seen nothing."""
        return partial(Engine, self._configuration, self._scorer)

    def renumber(self, revisions: Mapping[str, int]) -> None:
        """Lets open episodes go on from the revisions (by alert id) their alerts have been told under."""
        self._episodes.renumber(revisions)

    @property
    def configuration(self) -> EngineConfiguration:
        """The configuration in force."""
        return self._configuration

    @property
    def faults(self) -> dict[str, str]:
        """Rules from outside the catalogue that are out of force, and why."""
        return {**self._configuration.faults, **self._isolation.reasons}

    def is_of_source(self, rule_id: str) -> bool:
        """Whether a rule judges what was observed of sources, not events."""
        return bool(self._configuration.known[rule_id].triggers & SOURCE)

    @property
    def scorer(self) -> AnomalyScorer | None:
        """The anomaly model in force."""
        return self._scorer

    @property
    def model_id(self) -> str:
        """Id of the anomaly model; empty without one."""
        return "" if self._scorer is None else self._scorer.model_id

    @property
    def core(self) -> Core:
        """The compiled core; for benches, tests and feature collection."""
        return self._core

    def process(self, frame: bytes | Frame) -> list[Alert]:
        """Takes the events of a frame; the alert revisions they give, in order. Raises FrameError."""
        decoded = Frame.decode(frame) if isinstance(frame, bytes) else frame
        self._core.begin(FrameView(decoded))
        alerts: list[Alert] = []
        while triggers := self._core.run():
            if triggers & DEADLINE:
                self._pass(self._core.market.venue_name, self._core.now, alerts)
                continue
            if triggers & SESSION and not pass_by(self._core.market, self._calendar, self._core.now):
                triggers &= ~SESSION
            if triggers & HELD:
                self._hold(triggers & HELD)
            if triggers & ~HELD:
                self._ask(triggers & ~HELD, alerts)
        for observation in self._observer.take(decoded) if self._observes_frames and decoded.row_count else ():
            alerts.extend(self.observe(observation))
        return alerts

    def observe(self, observation: Observation) -> list[Alert]:
        """Takes what was observed of a source or canary; the alert revisions it gives."""
        return self._counted(self._health.take(observation))

    def _counted(self, alerts: Iterator[Alert]) -> list[Alert]:
        made = list(alerts)
        self._alerts_by_rule.update(alert.rule_id for alert in made if alert.revision == 1)
        return made

    def finish(self) -> list[Alert]:
        """Closes every open episode; their final revisions, in order."""
        observed = [alert for each in self._observer.finish() for alert in self.observe(each)]
        alerts: list[Alert] = []
        self._pass(None, NEVER, alerts)
        return [*alerts, *observed, *self._health.finish()]

    def _hold(self, triggers: int) -> None:
        """Keeps pressure, to be judged a moment later."""
        core, market = self._core, self._core.market
        event = (core.event_high, core.event_low)
        self._held.hold(Press.of(market, triggers, core.acting, core.pressure_side, core.now, event))
        self._set_deadline(market.venue, market.venue_name)

    def _judge(self, press: Press, alerts: list[Alert]) -> None:
        """Asks the rules about pressure held until now; the core is as of the last event before it was due."""
        core = self._core
        core.now, core.market = press.due_ns, core.markets[press.market]
        core.acting, core.pressure_side = press.acting, press.side
        core.event_high, core.event_low = press.event_high, press.event_low
        self._ask(press.triggers, alerts)
        self._set_deadline(core.market.venue, press.venue)

    def _ask(self, triggers: int, alerts: list[Alert]) -> None:
        """Asks the rules that answer; adds the revisions that what they find gives."""
        core, market, found = self._core, self._core.market, False
        self._scene.news = core.owners.news_at(core.now) if triggers & NEWS else []
        values = self._values_here()
        for slot in self._due(triggers):
            rule_id, findings = self._questions[slot]
            self._asked = rule_id
            if rule_id in self._varied and not self._holds_here(self._rules[slot][0], triggers, values[slot]):
                continue
            for finding in findings(self._scene, values[slot]):
                found = True
                episode = self._episodes.take(
                    self._asked, market.venue_name, market.instrument_name, finding, core.now, self._scene.event_id
                )
                if episode is not None:
                    alerts.append(self._revise(episode, closed=False))
        if found:
            self._set_deadline(market.venue, market.venue_name)
        if triggers & PRICE:
            market.watched = self._episodes.watches(self._market_rules, market.venue_name, market.instrument_name)

    def _values_here(self) -> list[dict[str, float]]:
        """The parameters of the rules in the event's market, resolved once a market."""
        market = self._core.market
        number = market.number if self._varied else -1
        found = self._values_by_market.get(number)
        if found is None:
            here = self._configuration.parameters_at(market.venue_name, market.instrument_name) if self._varied else {}
            found = [here.get(rule.metadata.rule_id, values) for rule, values in self._rules]
            self._values_by_market[number] = found
        return found

    def _holds_here(self, rule: Rule, triggers: int, parameters: dict[str, float]) -> bool:
        """Whether the conditions hold with the market's own parameters; what else gives cause has none."""
        triggers &= rule.triggers
        if triggers & ~(FLOW | MARKET | OWNER):
            return True
        for trigger in (FLOW, MARKET, OWNER):
            value = self._scene.owner_metric if trigger == OWNER else self._scene.metric
            conditions = self._isolation.conditions(rule, trigger, parameters) if triggers & trigger else None
            if conditions is not None and hold(conditions, value):
                return True
        return False

    def _due(self, triggers: int) -> list[int]:
        """Places of the rules to be asked, in order: those that answer a trigger, and those whose conditions hold."""
        core, plain = self._core, triggers & ~(FLOW | MARKET | OWNER)
        if plain not in self._answering:
            self._answering[plain] = [slot for slot, (rule, _) in enumerate(self._rules) if rule.triggers & plain]
        slots = self._answering[plain]
        for trigger, due in ((FLOW, core.due), (MARKET, core.due_market), (OWNER, core.due_owner)):
            if triggers & trigger:
                slots = sorted({*slots, *due}) if slots else due
        return slots

    def _memory(self, owners: frozenset[str]) -> dict[str, float] | None:
        """What the rule that is being asked remembers of owners in the event's market."""
        market = self._core.market
        return self._episodes.memory(self._asked, market.venue_name, market.instrument_name, owners)

    def _memories(self) -> list[tuple[frozenset[str], dict[str, float]]]:
        market = self._core.market
        return self._episodes.memories(self._asked, market.venue_name, market.instrument_name)

    def _pass(self, venue: str | None, now_ns: int, alerts: list[Alert]) -> None:
        """What became due at a venue (at all, for None) before a time: pressure to be judged, episodes over."""
        for press in self._held.due(venue, now_ns):
            self._close(press.venue, press.due_ns, alerts)
            self._judge(press, alerts)
        self._close(venue, now_ns, alerts)

    def _close(self, venue: str | None, now_ns: int, alerts: list[Alert]) -> None:
        for episode in self._episodes.overdue(venue, now_ns):
            alerts.append(self._revise(episode, closed=True))
            market = self._core.market_named(episode.venue, episode.instrument)
            market.watched = self._episodes.watches(self._market_rules, episode.venue, episode.instrument)
            self._set_deadline(market.venue, episode.venue)

    def _set_deadline(self, number: int, venue: str) -> None:
        deadlines = [each.deadline(venue) for each in (self._episodes, self._held)]
        self._core.venue_deadline[number] = min((each for each in deadlines if each is not None), default=NEVER)

    def _revise(self, episode: Episode, *, closed: bool) -> Alert:
        if episode.revision == 0:
            self._alerts_by_rule[episode.rule_id] += 1
        return self._episodes.revise(episode, self._core.now, self._anomaly(episode), closed=closed)

    def _anomaly(self, episode: Episode) -> Anomaly | None:
        if self._scorer is None or not episode.accounts:
            return None
        market = self._core.market_named(episode.venue, episode.instrument)
        portraits: list[list[float]] = []
        for group in sorted({self._scene.group_of(account) for account in episode.accounts}):
            activity = self._core.find_activity(group, market.number)
            if activity >= 0:
                portraits.append(self._core.portrait_of(activity))
        return self._scorer.view(portraits)

    def status(self) -> dict[str, Any]:
        """Counters: per source evaluated, late and unknown_order; alerts by rule; rules that can not apply, and why."""
        core = self._core
        sources = {
            name: {
                "evaluated": core.evaluated[number],
                "late": core.late[number],
                "unknown_order": core.unknown_orders[number],
                "not_applicable": self.not_applicable(core.capabilities[number]),
            }
            for number, name in enumerate(core.source_names)
        }
        shown = 0
        for number in range(len(core.source_names)):
            shown |= core.capabilities[number]
        return {
            "sources": sources,
            "alerts_by_rule": dict(sorted(self._alerts_by_rule.items())),
            "not_applicable": self.not_applicable(shown) if sources else {},
            "live_orders": core.orders.live,
            "event_time_ns": max(core.venue_time[: len(core.venue_names)], default=0),
        }

    def not_applicable(self, shown: int) -> dict[str, str]:
        """Rules in force that can not apply to what shows no more than this set of bits, each with the reason."""
        reasons = {}
        reference = self._configuration.reference
        for rule, _ in self._rules:
            unmet = [need for need in rule.metadata.needs if not need.is_met(shown, reference)]
            missing = [need.text for need in unmet if not need.table]
            if not self._has_model(rule):
                missing.append(NEEDS_MODEL)
            told = [f"the source does not show {' or '.join(missing)}"] if missing else []
            told += [f"no {need.text}" for need in unmet if need.table]
            if told:
                reasons[rule.metadata.rule_id] = "; ".join(told)
            elif rule.triggers & SOURCE and not self._configuration.marks_come:
                reasons |= self._observer.not_applicable(rule.metadata.rule_id)
        return reasons

    def not_compared(self, venue: str, instrument: str) -> str:
        """Why an instrument is compared with itself on no other venue; empty where it is, or trades on one alone."""
        core, owners = self._core, self._core.owners
        number = core.market_numbers.get((venue, instrument), -1)
        others = core.siblings[number] if number >= 0 else []
        if not others or any(owners.exchange(number, other) > 0 for other in others):
            return ""
        own, *theirs = (owners.currency_names[owners.currency[each]] or "unknown" for each in (number, *others))
        return f"prices here in {own}, elsewhere in {', '.join(sorted(set(theirs)))}: no rates in fx_rates compare them"

    def freeze(self) -> Frozen:
        """All state as of now, from which a snapshot is made in any thread while the engine goes on."""
        return Frozen.of(
            {
                "core": self._core.state(),
                "episodes": self._episodes.state(),
                "health": self._health.state(),
                "observer": self._observer.state(),
                "isolation": self._isolation.state(),
                "held": self._held.state(),
                "alerts_by_rule": dict(self._alerts_by_rule),
            }
        )

    def snapshot(self) -> bytes:
        """All state as bytes, with checksums; `restore` of an engine with the same configuration goes on from it."""
        return b"".join(self.freeze().pieces(LAYOUT))

    def restore(self, snapshot: Buffer | Frozen) -> None:
        """Becomes the engine whose `snapshot` was taken, or frozen by `freeze`; only for one that has seen nothing.

        Raises SnapshotError on damage, and where it is of another layout than this version's.
        """
        frozen = snapshot if isinstance(snapshot, Frozen) else Frozen.read(snapshot, LAYOUT)
        state = frozen.state()
        self._core.restore(state["core"])
        self._scene.renew()
        self._episodes.restore(state["episodes"])
        self._health.restore(state["health"])
        self._observer.restore(state["observer"])
        self._isolation.restore(state["isolation"])
        self._held.restore(state["held"])
        self._alerts_by_rule = Counter(state["alerts_by_rule"])
