"""A rule written in YAML, as the engine asks it: conditions in compiled code, a finding when they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from detection_service.engine.metric_words import unit_of
from detection_service.engine.metrics import OWNER_METRIC_PLACES
from detection_service.engine.scene import Fill, Scene, Withdrawal
from detection_service.engine.triggers import FLOW, MARKET, OWNER
from detection_service.rules.rule import Condition, Finding, excess, graded
from detection_service.user_rules.written import Written
from tapewatch.alert import Measurement
from tapewatch.market.event import Side

EVIDENCE_MAX: Final = 64
TRIGGER_BY_SUBJECT: Final = {"group": FLOW, "market": MARKET, "owner": OWNER}
MINUTES: Final = {"1m": 1, "5m": 5, "30m": 30, "60m": 60, "2h": 120, "3h": 180, "12h": 720}
MINUTES_USUAL: Final = 5
MINUTE_NS: Final = 60_000_000_000
GROUP_OF_ONE: Final = "account:"


class _Acts(NamedTuple):
    """What the subject did lately, as far as it is told in an alert."""

    accounts: frozenset[str]
    start_ns: int
    event_ids: frozenset[str]
    order_ids: frozenset[str]
    trade_ids: frozenset[str]


class YamlRule:
    """Asked when its conditions hold. `content` is the text it was read from."""

    def __init__(self, rule_id: str, written: Written, content: str) -> None:
        self.metadata = written.metadata(rule_id)
        self.triggers = TRIGGER_BY_SUBJECT[written.subject]
        self.content = content
        self._written = written
        self._template = written.template()
        self._minutes = max((MINUTES.get(each.metric.rsplit("_", 1)[-1], 0) for each in written.when), default=0)

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What `when` says."""
        return self._written.conditions(dict(parameters))

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """The finding: what was measured, who did it, and the fills and withdrawals of the widest window."""
        conditions = self.conditions(parameters)
        observed = {each.metric: self._observed(scene, each.metric) for each in conditions}
        score = self._score(conditions, observed)
        acts = self._acts(scene)
        owners = scene.owners(acts.accounts) if acts.accounts else frozenset[str]()
        numbers = {name: self._observed(scene, name) for name in self._template.names if self._is_metric(name)}
        words = {
            "venue": scene.market.venue_name,
            "instrument": scene.market.instrument_name,
            "owners": ", ".join(sorted(owners)) or "nobody named",
        }
        yield Finding(
            owners=owners,
            accounts=acts.accounts,
            severity=graded(score, *((least, level) for level, least in self._written.severity.items())),
            score=score,
            start_time_ns=acts.start_ns,
            end_time_ns=scene.now_ns,
            explanation=self._template.render({**parameters, **numbers}, words),
            measurements=tuple(_measurements(conditions, observed)),
            opening=frozenset({scene.event_id}),
            evidence=acts.event_ids | {scene.event_id},
            order_ids=acts.order_ids,
            trade_ids=acts.trade_ids,
        )

    def _is_metric(self, name: str) -> bool:
        return name not in self._written.parameters and name not in ("venue", "instrument", "owners")

    def _observed(self, scene: Scene, metric: str) -> float:
        return scene.owner_metric(metric) if metric in OWNER_METRIC_PLACES and self.triggers == OWNER else (
            scene.metric(metric)
        )  # fmt: skip

    def _score(self, conditions: tuple[Condition, ...], observed: Mapping[str, float]) -> float:
        """0.5 at the limits, 1 where the measures that count are eight times beyond them."""
        names = self._written.score_by or tuple(each.metric for each in conditions if each.at_least is not None)
        counted = [_excess(each, observed[each.metric]) for each in conditions if each.metric in names]
        return 0.5 + 0.5 * sum(counted) / max(1, len(counted))

    def _acts(self, scene: Scene) -> _Acts:
        if self.triggers == MARKET:
            return _Acts(frozenset(), scene.now_ns, frozenset(), frozenset(), frozenset())
        minute = scene.now_ns // MINUTE_NS - (self._minutes or MINUTES_USUAL)
        since_ns = minute * MINUTE_NS
        if self.triggers == OWNER:
            fills = scene.owner_fills(since_ns)[-EVIDENCE_MAX:]
            return _Acts(
                frozenset(fill.account for fill in fills),
                min((fill.time_ns for fill in fills), default=scene.now_ns),
                frozenset(fill.event_id for fill in fills),
                frozenset(fill.order_id for fill in fills) - {""},
                frozenset(fill.trade_id for fill in fills) - {""},
            )
        return _group_acts(scene, since_ns)


def _group_acts(scene: Scene, since_ns: int) -> _Acts:
    """The group's newest fills and withdrawals; its accounts by name where it has none."""
    withdrawn = [each for side in (Side.BUY, Side.SELL) for each in scene.withdrawals(side, since_ns)]
    acts: list[Fill | Withdrawal] = [*scene.fills(None, since_ns), *withdrawn]
    newest = sorted(acts, key=lambda each: (each.time_ns, each.event_id))[-EVIDENCE_MAX:]
    accounts = frozenset(each.account for each in newest)
    return _Acts(
        accounts or _accounts_of(scene),
        min((each.time_ns for each in newest), default=scene.now_ns),
        frozenset(each.event_id for each in newest)
        | frozenset(each.entry_event_id for each in newest if isinstance(each, Withdrawal)),
        frozenset(each.order_id for each in newest) - {""},
        frozenset(each.trade_id for each in newest if isinstance(each, Fill)) - {""},
    )


def _accounts_of(scene: Scene) -> frozenset[str]:
    """The accounts of the acting group as its name or the reference data tells them."""
    group = scene.group
    if group.startswith(GROUP_OF_ONE):
        return frozenset({group.removeprefix(GROUP_OF_ONE)})
    return frozenset(account for account, named in scene.reference.groups.items() if named == group)


def _excess(condition: Condition, observed: float) -> float:
    """How far a measure is beyond the limit it was held against, 0 to 1."""
    if condition.at_least is not None and condition.at_least > 0:
        return excess(observed, condition.at_least)
    if condition.at_most is not None and condition.at_most < 0:
        return excess(-observed, -condition.at_most)
    if condition.at_most is not None and observed > 0:
        return excess(condition.at_most, observed)
    return 0.0


def _measurements(conditions: tuple[Condition, ...], observed: Mapping[str, float]) -> Iterator[Measurement]:
    for each in conditions:
        limit = each.at_least if each.at_least is not None else each.at_most
        yield Measurement(each.metric, observed[each.metric], limit or 0.0, unit_of(each.metric))
