"""Episodes: one alert while a behaviour lasts, revised as it goes on, closed when it is over. Event time only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, Final

from detection_service.rules.rule import Finding, Metadata
from tapewatch.alert import Alert, Anomaly, Measurement, Severity, make_alert_id

REVISE_EVERY_NS: Final = 1_000_000_000
LIST_ENTRIES_MAX: Final = 1_000
Key = tuple[str, str, str, frozenset[str]]


@dataclass(slots=True)
class Episode:
    """What is known of one episode; `deadline_ns` is when it is over unless the behaviour goes on."""

    alert_id: str
    rule_id: str
    venue: str
    instrument: str
    revision: int
    revised_at_ns: int
    deadline_ns: int
    end_at_ns: int
    severity: Severity
    score: float
    start_time_ns: int
    end_time_ns: int
    explanation: str
    measurements: tuple[Measurement, ...]
    owners: frozenset[str]
    accounts: set[str]
    order_ids: set[str]
    trade_ids: set[str]
    evidence: set[str]
    memory: dict[str, float] = field(default_factory=dict)

    def take(self, finding: Finding, gap_ns: int) -> bool:
        """Takes up a further finding; whether it is graver than all before."""
        graver = finding.severity > self.severity
        if (finding.severity, finding.score) >= (self.severity, self.score):
            self.severity, self.score = finding.severity, finding.score
            self.explanation, self.measurements = finding.explanation, finding.measurements
        self.start_time_ns = min(self.start_time_ns, finding.start_time_ns)
        self.end_time_ns = max(self.end_time_ns, finding.end_time_ns)
        self.deadline_ns = min(self.end_at_ns, finding.end_time_ns + gap_ns)
        self.memory = finding.memory
        for name in ("accounts", "order_ids", "trade_ids", "evidence"):
            held: set[str] = getattr(self, name)
            held.update(sorted(getattr(finding, name) - held)[: LIST_ENTRIES_MAX - len(held)])
        return graver


class Episodes:
    """The open episodes of all rules, and the revisions of alerts they give.

    `_ends` has for each venue a heap of (deadline, alert id, key), one entry or more an open episode, one of them no
    later than its deadline; what ended or goes on meanwhile is seen to when an entry comes up.
    """

    def __init__(self, config_digest: str) -> None:
        self._config_digest = config_digest
        self._open: dict[Key, Episode] = {}
        self._ends: dict[str, list[tuple[int, str, Key]]] = {}
        self._rules: dict[str, Metadata] = {}

    def configure(self, rules: list[Metadata], config_digest: str) -> None:
        """Takes the rules whose findings will come."""
        self._rules = {rule.rule_id: rule for rule in rules}
        self._config_digest = config_digest

    def memory(self, rule_id: str, venue: str, instrument: str, owners: frozenset[str]) -> dict[str, float] | None:
        """What the open episode of a rule and subject remembers; None where none is open."""
        episode = self._open.get((rule_id, venue, instrument, owners))
        return None if episode is None else episode.memory

    def memories(self, rule_id: str, venue: str, instrument: str) -> list[tuple[frozenset[str], dict[str, float]]]:
        """Owners and memory of each open episode of a rule in a market, in the order they opened."""
        market = (rule_id, venue, instrument)
        return [(key[3], episode.memory) for key, episode in self._open.items() if key[:3] == market]

    def take(
        self, rule_id: str, venue: str, instrument: str, finding: Finding, now_ns: int, event_id: str
    ) -> Episode | None:
        """Opens or carries on an episode at an event; the episode if a revision is due now.

        The event is one of those that name the alert, so that no later episode can reach back and bear the same name.
        """
        rule = self._rules[rule_id]
        gap_ns = int(rule.episode_gap_s * 1e9)
        key = (rule_id, venue, instrument, finding.owners)
        episode = self._open.get(key)
        if episode is None:
            episode = self._open[key] = _opened(rule, venue, instrument, finding, now_ns, event_id)
            heappush(self._ends.setdefault(venue, []), (episode.deadline_ns, episode.alert_id, key))
            return episode
        deadline_ns = episode.deadline_ns
        graver = episode.take(finding, gap_ns)
        if episode.deadline_ns < deadline_ns:
            heappush(self._ends[venue], (episode.deadline_ns, episode.alert_id, key))
        return episode if graver or now_ns >= episode.revised_at_ns + REVISE_EVERY_NS else None

    def revise(self, episode: Episode, now_ns: int, anomaly: Anomaly | None, *, closed: bool = False) -> Alert:
        """The next revision of an episode's alert."""
        episode.revision += 1
        episode.revised_at_ns = now_ns
        rule = self._rules[episode.rule_id]
        return Alert(
            alert_id=episode.alert_id,
            revision=episode.revision,
            rule_id=rule.rule_id,
            rule_version=rule.version,
            typology=rule.typology,
            severity=episode.severity,
            score=episode.score,
            venue=episode.venue,
            instrument=episode.instrument,
            start_time_ns=episode.start_time_ns,
            end_time_ns=episode.end_time_ns,
            explanation=episode.explanation,
            accounts=tuple(sorted(episode.accounts)),
            owners=tuple(sorted(episode.owners)),
            order_ids=tuple(sorted(episode.order_ids)),
            trade_ids=tuple(sorted(episode.trade_ids)),
            measurements=episode.measurements,
            evidence_event_ids=tuple(sorted(episode.evidence)),
            anomaly=anomaly,
            config_digest=self._config_digest,
            closed=closed,
        )

    def overdue(self, venue: str | None, now_ns: int) -> Iterator[Episode]:
        """Takes out the episodes of a venue (of all, for None) whose time is over, in a fixed order."""
        over: list[Episode] = []
        for each in [*self._ends] if venue is None else [venue]:
            while (deadline_ns := self.deadline(each)) is not None and deadline_ns < now_ns:
                over.append(self._open.pop(heappop(self._ends[each])[2]))
        yield from sorted(over, key=lambda episode: (episode.deadline_ns, episode.alert_id))

    def end(self, rule_id: str, venue: str, instrument: str, owners: frozenset[str]) -> Episode | None:
        """Takes out an open episode before its time; None where there is none."""
        return self._open.pop((rule_id, venue, instrument, owners), None)

    def deadline(self, venue: str) -> int | None:
        """When the next episode of a venue is over; None without open ones."""
        ends = self._ends.get(venue)
        while ends:
            deadline_ns, alert_id, key = ends[0]
            episode = self._open.get(key)
            if episode is None or episode.alert_id != alert_id:
                heappop(ends)
            elif episode.deadline_ns > deadline_ns:
                heapreplace(ends, (episode.deadline_ns, alert_id, key))
            else:
                return episode.deadline_ns
        return None

    def watches(self, rule_ids: frozenset[str], venue: str, instrument: str) -> bool:
        """Whether one of the rules has an open episode about the market itself."""
        return any((rule_id, venue, instrument, frozenset()) in self._open for rule_id in rule_ids)

    def renumber(self, revisions: Mapping[str, int]) -> None:
        """Lets open episodes go on from the revisions (by alert id) their alerts have been told under."""
        for episode in self._open.values():
            episode.revision = revisions.get(episode.alert_id, episode.revision)

    def state(self) -> list[dict[str, Any]]:
        """Plain values from which `restore` makes the same episodes."""
        return [_plain(episode) for episode in self._open.values()]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Becomes the episodes whose `state` was taken."""
        episodes = [_from_plain(values) for values in state]
        self._open = {(each.rule_id, each.venue, each.instrument, each.owners): each for each in episodes}
        self._ends = {}
        for key, episode in self._open.items():
            self._ends.setdefault(episode.venue, []).append((episode.deadline_ns, episode.alert_id, key))
        for ends in self._ends.values():
            heapify(ends)


def _opened(rule: Metadata, venue: str, instrument: str, finding: Finding, now_ns: int, event_id: str) -> Episode:
    subject = finding.owners or (venue, instrument)
    end_at_ns = finding.start_time_ns + int(rule.episode_max_s * 1e9)
    return Episode(
        alert_id=make_alert_id(rule.rule_id, rule.version, subject, finding.opening | {event_id}),
        rule_id=rule.rule_id,
        venue=venue,
        instrument=instrument,
        revision=0,
        revised_at_ns=now_ns,
        deadline_ns=min(end_at_ns, finding.end_time_ns + int(rule.episode_gap_s * 1e9)),
        end_at_ns=end_at_ns,
        severity=finding.severity,
        score=finding.score,
        start_time_ns=finding.start_time_ns,
        end_time_ns=finding.end_time_ns,
        explanation=finding.explanation,
        measurements=finding.measurements,
        owners=finding.owners,
        accounts=set(finding.accounts),
        order_ids=set(sorted(finding.order_ids)[:LIST_ENTRIES_MAX]),
        trade_ids=set(sorted(finding.trade_ids)[:LIST_ENTRIES_MAX]),
        evidence=set(sorted(finding.evidence)[:LIST_ENTRIES_MAX]),
        memory=finding.memory,
    )


def _plain(episode: Episode) -> dict[str, Any]:
    values: dict[str, Any] = {each.name: getattr(episode, each.name) for each in fields(Episode)}
    for name in ("owners", "accounts", "order_ids", "trade_ids", "evidence"):
        values[name] = sorted(values[name])
    values["severity"] = int(episode.severity)
    values["measurements"] = [[each.name, each.observed, each.threshold, each.unit] for each in episode.measurements]
    return values


def _from_plain(values: dict[str, Any]) -> Episode:
    sets = {name: set(values[name]) for name in ("accounts", "order_ids", "trade_ids", "evidence")}
    measurements = tuple(Measurement(*each) for each in values["measurements"])
    plain = values | sets | {"owners": frozenset(values["owners"]), "measurements": measurements}
    return Episode(**(plain | {"severity": Severity(values["severity"])}))
