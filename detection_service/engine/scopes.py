"""Parameters by market, segment or instrument: which hold where, and the laxest of them for what asks first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detection_service.rules.rule import Condition

KEYS: Final = ("venue", "asset_class", "product", "instrument")
"""From the least to the most specific."""
VARIANTS_MAX: Final = 64
_LARGER_IS_LAXER: Final = ("_max", "_s", "_ms")

Parameters = dict[str, float]


class ScopeError(ValueError):
    """A scope is not what it should be: says which and what was expected."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Parameters for the markets that all keys given name; `asset_class` and `product` are the reference data's."""

    venue: str
    asset_class: str
    product: str
    instrument: str
    rules: Mapping[str, Mapping[str, float]]

    @staticmethod
    def of(content: Mapping[str, Any]) -> Scope:
        """A scope from its JSON or settings. Raises ScopeError."""
        unknown = sorted({*content} - {*KEYS, "rules"})
        if unknown:
            raise ScopeError(f"scopes: unknown key {unknown[0]!r}; expected {', '.join(KEYS)} or rules")
        keys = {name: content.get(name, "") for name in KEYS}
        wrong = next((name for name, value in keys.items() if not isinstance(value, str)), None)
        if wrong is not None:
            raise ScopeError(f"scopes: {wrong}: expected text, found {keys[wrong]!r}")
        if not any(keys.values()):
            raise ScopeError(f"scopes: expected at least one of {', '.join(KEYS)}, found none; what holds everywhere "
                             "stands in rules")  # fmt: skip
        rules = content.get("rules")
        if not isinstance(rules, Mapping) or not rules:
            raise ScopeError(f"scope {_told(keys)}: expected rules with their parameters, found {rules!r:.80}")
        return Scope(**keys, rules=rules)

    @property
    def keys(self) -> tuple[str, ...]:
        """Venue, asset class, product, instrument; empty where any will do."""
        return (self.venue, self.asset_class, self.product, self.instrument)

    @property
    def rank(self) -> int:
        """How specific it is: the instrument counts most, the venue least."""
        return sum(1 << place for place, value in enumerate(self.keys) if value)

    def covers(self, venue: str, instrument: str, row: Mapping[str, str]) -> bool:
        """Whether it holds for a market whose row of reference data is given."""
        found = (venue, row.get("asset_class", ""), row.get("product", ""), instrument)
        return all(wanted in ("", value) for wanted, value in zip(self.keys, found, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The keys that are given, and the rules."""
        named = {name: value for name, value in zip(KEYS, self.keys, strict=True) if value}
        return {**named, "rules": {rule_id: dict(each) for rule_id, each in self.rules.items()}}

    def __str__(self) -> str:
        return _told(dict(zip(KEYS, self.keys, strict=True)))


def scopes_of(content: Iterable[Mapping[str, Any]]) -> tuple[Scope, ...]:
    """Scopes from their JSON or settings, the least specific first. Raises ScopeError."""
    made = sorted((Scope.of(each) for each in content), key=lambda scope: (scope.rank, scope.keys))
    for one, other in itertools.pairwise(made):
        if one.keys == other.keys:
            raise ScopeError(f"scope {one}: expected once, found twice; put its rules together")
    return tuple(made)


def _told(keys: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in keys.items() if value)


def resolved(base: Mapping[str, Parameters], scopes: Iterable[Scope]) -> dict[str, Parameters]:
    """The parameters of rules where scopes hold, the last of which wins."""
    made = {rule_id: dict(values) for rule_id, values in base.items()}
    for scope in scopes:
        for rule_id, overrides in scope.rules.items():
            if rule_id in made:
                made[rule_id].update({name: float(value) for name, value in overrides.items()})
    return made


def laxest(base: Mapping[str, Parameters], scopes: Sequence[Scope]) -> dict[str, Parameters]:
    """For every parameter the value that lets most through: the largest of a `_max` or a duration, else the least."""
    made = {rule_id: dict(values) for rule_id, values in base.items()}
    for scope in scopes:
        for rule_id, overrides in scope.rules.items():
            for name, value in overrides.items() if rule_id in made else ():
                laxer = max if name.endswith(_LARGER_IS_LAXER) else min
                made[rule_id][name] = laxer(made[rule_id][name], float(value))
    return made


def variants(rule_id: str, base: Parameters, scopes: Sequence[Scope]) -> Iterator[Parameters] | None:
    """All parameters a rule may have somewhere; None where they are too many to look at each."""
    values: dict[str, set[float]] = {name: {value} for name, value in base.items()}
    for scope in scopes:
        for name, value in scope.rules.get(rule_id, {}).items():
            values[name].add(float(value))
    if math.prod(len(each) for each in values.values()) > VARIANTS_MAX:
        return None
    return (dict(zip(values, each, strict=True)) for each in itertools.product(*(sorted(v) for v in values.values())))


def loosest(conditions: Iterable[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    """Conditions that hold wherever any of those given do."""
    every = [{each.metric: each for each in one} for one in conditions]
    shared = set.intersection(*({*one} for one in every)) if every else set()
    return tuple(
        Condition(
            metric,
            _loose([one[metric].at_least for one in every], min),
            _loose([one[metric].at_most for one in every], max),
        )
        for metric in sorted(shared)
    )


def _loose(limits: Sequence[float | None], laxer: Callable[[Iterable[float]], float]) -> float | None:
    given = [limit for limit in limits if limit is not None]
    return laxer(given) if len(given) == len(limits) else None


def hold(conditions: Iterable[Condition], value: Callable[[str], float]) -> bool:
    """Whether all conditions hold of the metrics in hand."""
    return all(
        (each.at_least is None or value(each.metric) >= each.at_least)
        and (each.at_most is None or value(each.metric) <= each.at_most)
        for each in conditions
    )
