"""Which sighting shows which scenario: the culprit, the instrument and the time have to be right, all three.

A sighting that names nobody, of a rule about a market or of a feed without accounts, shows a scenario by one of its
orders or trades, or by speaking of the scenario's own family; so does any sighting a scenario that nobody made. One
that comes while innocent conduct goes on in its market, and shows no scheme, is put down to that conduct.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from simulator.scorecard.families import family_of, typology_of
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.truth import Scenario

TOLERANCE_NS: Final = 60_000_000_000
"""How far apart the times of a sighting and of a scenario may lie: a minute, the step of the slowest windows that open
an alert. A rule is not wrong because it counts an order entered just before the first of the scheme."""


class Verdict(IntEnum):
    """What a sighting is worth, the better the higher."""

    NOBODY = 0
    """It is about nobody's scenario: false."""
    HARD_NEGATIVE = 1
    """It is about somebody who only looks like a culprit: false."""
    OTHER = 2
    """The culprit, the instrument and the time are right, what it says was done is not."""
    FAMILY = 3
    """Right, under the name of a relative."""
    EXACT = 4
    """Right."""

    @property
    def is_false(self) -> bool:
        """Whether nobody did wrong there and then."""
        return self <= Verdict.HARD_NEGATIVE


@dataclass(frozen=True, slots=True)
class Match:
    """A sighting with the best that can be said of it, and every scenario it shows with what it is worth there."""

    sighting: Sighting
    verdict: Verdict
    shown: tuple[tuple[Scenario, Verdict], ...] = ()

    @property
    def hard_negatives(self) -> tuple[str, ...]:
        """Names of the innocent conduct it is about, where it is about nobody's scheme."""
        if self.verdict != Verdict.HARD_NEGATIVE:
            return ()
        return tuple(sorted({scenario.typology for scenario, _ in self.shown}))


def match(
    sightings: Iterable[Sighting], scenarios: Sequence[Scenario], tolerance_ns: int = TOLERANCE_NS
) -> list[Match]:
    """Hold every sighting against every scenario; one match a sighting, in their order."""
    people: dict[str, list[Scenario]] = defaultdict(list)
    unowned = [scenario for scenario in scenarios if not scenario.accounts and not scenario.owners]
    for scenario in scenarios:
        for name in (*scenario.accounts, *scenario.owners):
            people[name].append(scenario)
    matches = []
    for sighting in sightings:
        named = [scenario for name in (*sighting.accounts, *sighting.owners) for scenario in people.get(name, ())]
        near = {id(one): one for one in ((*named, *unowned) if sighting.names_somebody else scenarios)}
        shown = [
            (scenario, _worth(sighting, scenario))
            for scenario in near.values()
            if _is_there(sighting, scenario, tolerance_ns) and _is_about(sighting, scenario)
        ]
        best = max((worth for _, worth in shown), default=Verdict.NOBODY)
        matches.append(Match(sighting, best, tuple(sorted(shown, key=lambda pair: pair[0].scenario_id))))
    return matches


def _is_there(sighting: Sighting, scenario: Scenario, tolerance_ns: int) -> bool:
    """Whether market and time agree; a market that one of them does not say is no objection."""
    return (
        (not scenario.venues or not sighting.venue or sighting.venue in scenario.venues)
        and (not scenario.instruments or not sighting.instrument or sighting.instrument in scenario.instruments)
        and sighting.start_time_ns - tolerance_ns <= scenario.end_time_ns
        and scenario.start_time_ns - tolerance_ns <= sighting.end_time_ns
    )


def _is_about(sighting: Sighting, scenario: Scenario) -> bool:
    if sighting.names_somebody and (scenario.accounts or scenario.owners):
        return True
    if not (sighting.order_ids.isdisjoint(scenario.order_ids) and sighting.trade_ids.isdisjoint(scenario.trade_ids)):
        return True
    return not scenario.is_scheme or family_of(sighting.typology) == family_of(scenario.typology)


def _worth(sighting: Sighting, scenario: Scenario) -> Verdict:
    if not scenario.is_scheme:
        return Verdict.HARD_NEGATIVE
    if sighting.detector == scenario.typology or typology_of(sighting.typology) == typology_of(scenario.typology):
        return Verdict.EXACT
    same_family = family_of(sighting.typology) == family_of(scenario.typology)
    return Verdict.FAMILY if same_family else Verdict.OTHER
