"""Collusion: accounts of different owners act as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import SHARED, TOGETHER
from detection_service.rules import needs, regulations
from detection_service.rules.owners.chance import at_least_once, poisson_tail
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

WINDOW_NS = 60_000_000_000

METADATA = Metadata(
    rule_id="collusion",
    version="1.1.0",
    title="Accounts that act as one",
    typology="COLLUSION",
    description=(
        "Accounts of different owners that share a device or subnet trade on one side within a minute, three of them "
        "or more, where their usual activity would hardly bring them together; or two owners without a declared link "
        "take liquidity on one side within seconds of each other, far more often than how busy they and the market "
        "are explains, and hardly ever on opposite sides. All pairs are tested, and chance is judged over all."
    ),
    needs=(needs.ACCOUNTS, needs.FILLS),
    parameters=(
        Parameter("accounts_min", 3.0, "accounts", 3, 20, "two of a household meet; three act together"),
        Parameter("same_side_min", 0.7, "share", 0.5, 1, "of their quantity within the minute"),
        Parameter("chance_max", 0.001, "x", 1e-9, 1, "so many by chance in an hour; crowds move more alike than that"),
        Parameter("meetings_min", 16.0, "meetings", 8, 1000, "of one day, so that chance can be judged"),
        Parameter("lift_min", 5.0, "x", 1, 1000, "times what their activity explains"),
        Parameter("own_share_min", 0.5, "share", 0.05, 1, "of the less busy one's appearances"),
        Parameter("same_share_min", 0.9, "share", 0.5, 1, "of their meetings are on one side"),
    ),
    regulations=(regulations.MAR_FALSE_SIGNALS, regulations.MAR_DECEPTION),
    known_false_positives=(
        "Clients of one adviser or copy-trading service; an office behind one address.",
        "Two algorithms on one public signal.",
    ),
    known_gaps=(
        "Inferred links need to know who took liquidity, and a day of some activity.",
        "Accounts that take turns instead of acting at once are not found by it.",
        "What more than twenty accounts share is taken for a provider's address and not for a link.",
    ),
    triage_steps=(
        "What else do the accounts share: funding, contact details, opening dates?",
        "Did they act alike before, and in other instruments?",
        "What did their trading bring about, and who gained?",
    ),
    episode_gap_s=7200,
    episode_max_s=86_400,
)


class Collusion:
    """Asked when accounts that share something, or two groups that often do, trade together."""

    metadata = METADATA
    triggers = SHARED | TOGETHER

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """Findings on a declared cluster and on an inferred pair."""
        cluster = scene.cluster()
        if cluster:
            yield from _cluster(scene, parameters, cluster)
        if scene.is_meeting:
            yield from _pair(scene, parameters)


def _cluster(scene: Scene, parameters: Mapping[str, float], cluster: str) -> Iterator[Finding]:
    fills = scene.shared_fills(scene.now_ns - WINDOW_NS)
    if not fills:
        return
    side = fills[-1].side
    quantity = sum(fill.quantity for fill in fills)
    same = [fill for fill in fills if fill.side is side]
    accounts = frozenset(fill.account for fill in same)
    share = sum(fill.quantity for fill in same) / quantity
    if len(accounts) < parameters["accounts_min"] or share < parameters["same_side_min"]:
        return
    expected = _minutes_by_chance(scene, cluster, accounts)
    if expected > parameters["chance_max"]:
        return
    score = (
        0.45
        + 0.3 * excess(len(accounts), parameters["accounts_min"], 2.0)
        + 0.25 * excess(parameters["chance_max"], max(expected, 1e-9), 10.0)
    )
    yield Finding(
        owners=_subject(scene, [fill.account for fill in same]),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.7, Severity.HIGH)),
        score=min(1.0, score),
        start_time_ns=same[0].time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"{len(accounts)} accounts of different owners that share {cluster} traded on the {side.name.lower()} side "
            f"within {(same[-1].time_ns - same[0].time_ns) / 1e9:.0f} s, {share:.0%} of what such accounts traded in "
            f"that minute; by chance that would happen {expected:.2g} times an hour."
        ),
        measurements=(
            Measurement("accounts", float(len(accounts)), parameters["accounts_min"], "accounts"),
            Measurement("same_side", share, parameters["same_side_min"], "share"),
            Measurement("expected_by_chance", expected, parameters["chance_max"], "an hour"),
        ),
        opening=frozenset({same[0].event_id}),
        evidence=frozenset(fill.event_id for fill in same),
    )


def _subject(scene: Scene, accounts: list[str]) -> frozenset[str]:
    """Owners of the accounts; of those that began where an episode on them is open: one that joins adds to it."""
    ordered = list(dict.fromkeys(accounts))
    for count in range(3, len(ordered)):
        owners = scene.owners(frozenset(ordered[:count]))
        if scene.open_episode(owners) is not None:
            return owners
    return scene.owners(frozenset(ordered))


def _minutes_by_chance(scene: Scene, cluster: str, accounts: frozenset[str]) -> float:
    """How many minutes an hour would bring such accounts together on one side if each came at its own rate.

    Rates are those of the fills held before this minute, of two hours at most, raised where the market is busier now.
    """
    span_s = min(7200.0, max(60.0, (scene.now_ns - scene.market_since_ns()) / 1e9))
    last = scene.now_ns // WINDOW_NS
    hour = scene.market.minute.count(last - 60, last - 1) / min(60.0, max(1.0, span_s / 60))
    busier = max(1.0, scene.market.minute.count(last - 1, last) / 2 / hour) if hour > 0 else 1.0
    together = 60.0
    for account in sorted(accounts):
        past = [
            fill
            for fill in scene.fills(None, scene.now_ns - int(span_s * 1e9), scene.group_of(account))
            if fill.account == account and fill.time_ns < scene.now_ns - WINDOW_NS
        ]
        moments = len({fill.time_ns for fill in past})
        together *= at_least_once((moments + 0.5) / span_s * busier, 60.0)
    size, present = scene.relations.cluster_size(cluster, scene.now_ns), len(accounts)
    choices = 1.0
    for number in range(present):
        choices *= max(1, size - number) / (number + 1)
    return together * max(1.0, choices) * 2.0 * 0.5**present


def _pair(scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
    met = scene.meetings()
    less = min(met.appearances)
    if met.same < parameters["meetings_min"] or met.same < parameters["lift_min"] * met.expected:
        return
    if met.same < parameters["own_share_min"] * less:
        return
    if met.same < parameters["same_share_min"] * (met.same + met.opposite):
        return
    chance = poisson_tail(met.same, met.expected) * max(1.0, met.pairs)
    if chance > parameters["chance_max"]:
        return
    lift = met.same / max(met.expected, 0.5)
    score = 0.4 + 0.4 * excess(lift, parameters["lift_min"]) + 0.2 * min(1.0, met.same / less)
    accounts = frozenset[str]().union(*(scene.accounts_of(group) for group in met.groups))
    yield Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=graded(score, (0.4, Severity.LOW), (0.6, Severity.MEDIUM), (0.9, Severity.HIGH)),
        score=min(1.0, score),
        start_time_ns=scene.now_ns - WINDOW_NS,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Two owners without a declared link took liquidity on one side within two seconds of each other "
            f"{met.same} times today, {met.same / less:.0%} of the less busy one's appearances and {met.opposite} "
            f"times on opposite sides, where their activity explains {met.expected:.1f}; over all pairs of the market "
            f"chance has that {chance:.1g} times."
        ),
        measurements=(
            Measurement("meetings", float(met.same), parameters["meetings_min"], "meetings"),
            Measurement("lift", lift, parameters["lift_min"], "x"),
            Measurement("own_share", min(1.0, met.same / less), parameters["own_share_min"], "share"),
        ),
        opening=frozenset(met.event_ids[:1]),
        evidence=frozenset(met.event_ids),
    )
