"""Episodes of the health rules: opened and carried on by one observation, closed by another. No clock of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from detection_service.engine.episodes import Episode, Episodes
from detection_service.health.observation import (
    ENDED,
    GAP,
    HEARD_AGAIN,
    MISSED,
    PASSED,
    RIGHT,
    SETTLED,
    SILENT,
    SKEW,
    Observation,
    SourceScene,
)
from detection_service.rules.rule import Rule
from tapewatch.alert import Alert

DATA_GAP, CLOCK_SKEW, RULE_SILENT = "data_gap", "clock_skew", "rule_silent"
OPENS: Final = {SILENT: DATA_GAP, GAP: DATA_GAP, SKEW: CLOCK_SKEW, MISSED: RULE_SILENT}
CLOSES: Final = {
    HEARD_AGAIN: (SILENT,),
    ENDED: (SILENT, GAP, SKEW),
    SETTLED: (GAP,),
    RIGHT: (SKEW,),
    PASSED: (MISSED,),
}
_BETWEEN: Final = "\x1f"
_NOBODY: Final = frozenset[str]()


class HealthWatch:
    """Makes alerts of observations by the health rules in force."""

    def __init__(self) -> None:
        self._rules: dict[str, tuple[Rule, Mapping[str, float]]] = {}
        self._episodes = Episodes("")
        self._open: dict[str, Observation] = {}

    def configure(self, rules: Mapping[str, tuple[Rule, Mapping[str, float]]], config_digest: str) -> None:
        """Takes the health rules in force with their parameters, by id; an open episode goes on while its rule is."""
        self._rules = dict(rules)
        self._episodes.configure([rule.metadata for rule, _ in rules.values()], config_digest)

    def take(self, observation: Observation) -> Iterator[Alert]:
        """The alert revisions an observation gives."""
        for opened_by in CLOSES.get(observation.name, ()):
            yield from self._close(replace(observation, name=opened_by), observation.time_ns)
        rule_id = OPENS.get(observation.name)
        if rule_id not in self._rules:
            return
        rule, parameters = self._rules[rule_id]
        place = _place(observation)
        for finding in rule.evaluate(SourceScene(observation), parameters):
            episode = self._episodes.take(
                rule_id, observation.venue, place, finding, observation.time_ns, observation.event_id
            )
            if episode is not None:
                self._open.setdefault(place, observation)
                yield self._revise(episode, observation.time_ns, closed=False)

    def finish(self) -> Iterator[Alert]:
        """Closes what is open, in a fixed order."""
        for place in sorted(self._open):
            opened = self._open[place]
            yield from self._close(opened, None)

    def _close(self, opened: Observation, now_ns: int | None) -> Iterator[Alert]:
        place = _place(opened)
        begun = self._open.pop(place, None)
        rule_id = OPENS[opened.name]
        if begun is None or rule_id not in self._rules:
            return
        episode = self._episodes.end(rule_id, begun.venue, place, _NOBODY)
        if episode is None:
            return
        if now_ns is not None:
            episode.end_time_ns = max(episode.end_time_ns, now_ns)
            lasted_s = (episode.end_time_ns - episode.start_time_ns) / 1e9
            episode.explanation += f" It was over after {lasted_s:,.1f} s."
        yield self._revise(episode, episode.end_time_ns, closed=True)

    def _revise(self, episode: Episode, now_ns: int, *, closed: bool) -> Alert:
        alert = self._episodes.revise(episode, now_ns, None, closed=closed)
        return replace(alert, instrument=episode.instrument.split(_BETWEEN)[0])

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same watch."""
        names = Observation.__slots__
        opened = {place: {name: getattr(each, name) for name in names} for place, each in self._open.items()}
        return {"episodes": self._episodes.state(), "open": opened}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Becomes the watch whose `state` was taken."""
        self._episodes.restore(state["episodes"])
        self._open = {place: Observation(**values) for place, values in state["open"].items()}


def _place(observation: Observation) -> str:
    """The subject: instrument (a canary's), source and what is observed of it."""
    return _BETWEEN.join((observation.instrument, observation.source, observation.name))
