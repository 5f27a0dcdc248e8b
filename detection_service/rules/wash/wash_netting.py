"""Netting wash: volume made in round trips that end where they began, at no gain, with few and always the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from detection_service.rules.wash import chance
from detection_service.rules.wash.chance import Dealing
from tapewatch.alert import Measurement, Severity
from tapewatch.market.event import Side

METADATA = Metadata(
    rule_id="wash_netting",
    version="1.1.0",
    title="Position returns to where it was, volume made",
    typology="WASH_TRADE",
    description=(
        "Within an hour a group buys and sells much and ends where it began, several times over. Market makers and "
        "day traders do so too; what sets a wash apart is that the group meets few others, and far more often than "
        "chance would have it, that they meet hardly anybody else, and that its round trips earn nothing. Alone it is "
        "a hint, at most MEDIUM."
    ),
    needs=(needs.ACCOUNTS, needs.MATCHES),
    parameters=(
        Parameter("window_s", 3600.0, "s", 60, 3600, "a wash is undone soon, or it is a position"),
        Parameter("net_share_max", 0.03, "share", 0, 0.5, "what is left over of all bought and sold"),
        Parameter("fills_min", 8.0, "fills", 4, 64, "fewer come back to nothing by accident"),
        Parameter("round_trips_min", 2.0, "round trips", 1, 32, "once flat again is a trade, twice a habit"),
        Parameter("volume_share_min", 0.05, "share", 0.001, 1, "volume that nobody notices misleads nobody"),
        Parameter("partners_max", 2.0, "groups", 1, 5, "who washes needs one or two to do it with"),
        Parameter("partners_share_min", 0.7, "share", 0.1, 1, "of the group's volume; a maker meets everybody"),
        Parameter("mutual_min", 0.5, "share", 0, 1, "of the partners' trades; who serves everybody is no accomplice"),
        Parameter("lift_min", 2.0, "x", 1, 100, "against what chance gives groups so active"),
        Parameter("surprise_min", 7.0, "nats", 1, 100, "by chance once in e^7 = 1,100 such groups"),
        Parameter(
            "gain_share_max", 0.1, "share", -1, 1, "of the market's range in the window, a unit; who earns trades"
        ),
    ),
    regulations=(
        regulations.WASH_TRADES,
        regulations.CEA_WASH_SALE,
        regulations.SEA_NO_CHANGE_OF_OWNERSHIP,
        regulations.ANNEX_I_REVERSALS,
    ),
    known_false_positives=(
        "A day trader served by one liquidity provider while others trade elsewhere.",
        "Two desks that hedge each other through the market.",
    ),
    known_gaps=(
        "Sources that do not show who met whom; there a wash and a market maker look alike.",
        "Round trips spread over more than an hour, or over the group's last 64 fills.",
        "A group that leaves a small position on purpose.",
        "Accomplices that trade with others as much as with the group.",
    ),
    triage_steps=(
        "Look at the other side: is there a link, and does it net to nothing too?",
        "Compare the group's other days and its peers: is it a market maker here?",
        "Did a volume target, a rebate or a listing depend on the volume?",
    ),
    episode_gap_s=1800,
    episode_max_s=28_800,
)
SEVERITY_MAX = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class Netting:
    """What a group's dealings add up to; quantities in the instrument's units."""

    gross: float
    net_share: float
    round_trips: int
    gain_share: float
    partners: tuple[str, ...]
    others: int
    partners_share: float


class WashNetting:
    """Asked at moments of a group that nets to little over the hour."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """What the core checks before it asks."""
        return (
            Condition("fills_1m", at_least=1),
            Condition("fills_60m", at_least=parameters["fills_min"]),
            Condition("net_share_60m", at_most=parameters["net_share_max"]),
            Condition("volume_share_60m", at_least=parameters["volume_share_min"]),
            Condition("partner_share", at_least=parameters["partners_share_min"] / 2),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the group meets few beyond chance and earns nothing by it."""
        since_ns = scene.now_ns - int(parameters["window_s"] * 1e9)
        since_ns = chance.covered_since_ns(scene, [scene.group], since_ns)
        bought, sold = scene.sides(since_ns)
        if bought + sold < parameters["fills_min"] or not (bought and sold):
            return
        if not chance.mostly_with(
            scene, since_ns, int(parameters["partners_max"]), parameters["partners_share_min"] / 2
        ):
            return
        made = chance.dealings(scene, scene.group, since_ns)
        netting = _netting(scene, made, int(parameters["partners_max"]))
        if (
            netting.net_share > parameters["net_share_max"]
            or netting.round_trips < parameters["round_trips_min"]
            or netting.partners_share < parameters["partners_share_min"]
            or netting.gain_share > parameters["gain_share_max"]
        ):
            return
        lift, surprise = _against_chance(scene, made, netting)
        if lift < parameters["lift_min"] or surprise < parameters["surprise_min"]:
            return
        if _mutual(scene, made, netting) >= parameters["mutual_min"]:
            yield _finding(scene, parameters, made, netting, lift, surprise)


def _netting(scene: Scene, made: Sequence[Dealing], partners_max: int) -> Netting:
    bought = sum(each.fill.quantity for each in made if each.fill.side is Side.BUY)
    gross = sum(each.fill.quantity for each in made)
    volume: dict[str, float] = {}
    for each in made:
        volume[each.other] = volume.get(each.other, 0.0) + each.fill.quantity
    volume.pop("", None)
    partners = tuple(sorted(volume, key=lambda group: (-volume[group], group))[:partners_max])
    return Netting(
        gross=gross,
        net_share=abs(2 * bought - gross) / gross,
        round_trips=_round_trips(made, gross),
        gain_share=_gain_share(scene, made),
        partners=partners,
        others=len(volume),
        partners_share=sum(volume[group] for group in partners) / gross,
    )


def _against_chance(scene: Scene, made: Sequence[Dealing], netting: Netting) -> tuple[float, float]:
    """How many times what chance gives the group meets its partners, and how unlikely that is, the choice of partners
    allowed for; over the time for which all is held."""
    since_ns = made[0].fill.time_ns
    trades = chance.market_trades(scene, since_ns)
    own = chance.sides(made)
    expected = sum(
        chance.expected_meetings(own, chance.sides_of(scene, partner, since_ns), trades) for partner in netting.partners
    )
    met = sum(each.other in netting.partners for each in made)
    surprise = chance.surprise_nats(met, expected) - chance.choices_nats(netting.others, len(netting.partners))
    return met / max(expected, 1e-9), surprise


def _mutual(scene: Scene, made: Sequence[Dealing], netting: Netting) -> float:
    """What trades with the group are of all trades of those it meets most, over the time for which all is held."""
    since_ns = chance.covered_since_ns(scene, [scene.group, *netting.partners], made[0].fill.time_ns)
    all_met = [scene.partners(since_ns, partner) for partner in netting.partners]
    own = sum(sum(met.get(scene.group, (0, 0))) for met in all_met)
    return own / max(1, sum(sum(counts) for met in all_met for counts in met.values()))


def _round_trips(made: Sequence[Dealing], gross: float) -> int:
    """How often the position was away from where it began by a fair part of a round trip, and came back."""
    position, trips, away = 0.0, 0, False
    step = gross / len(made)
    for each in made:
        position += each.fill.quantity if each.fill.side is Side.BUY else -each.fill.quantity
        if abs(position) >= step / 2:
            away = True
        elif away:
            trips, away = trips + 1, False
    return trips


def _gain_share(scene: Scene, made: Sequence[Dealing]) -> float:
    """What a unit sold brought above a unit bought, as a share of the range of the group's prices and the market's."""
    prices = [each.fill.price for each in made]
    since, now = made[0].fill.time_ns, scene.now_ns
    window = scene.market.minute
    first, last = since // window.bucket_ns, now // window.bucket_ns
    width = max([window.highest(first, last), *prices]) - min([window.lowest(first, last), *prices])
    means = []
    for side in (Side.SELL, Side.BUY):
        fills = [each.fill for each in made if each.fill.side is side]
        means.append(sum(fill.price * fill.quantity for fill in fills) / sum(fill.quantity for fill in fills))
    return (means[0] - means[1]) / width if width > 0 else 0.0


def _finding(
    scene: Scene,
    parameters: Mapping[str, float],
    made: Sequence[Dealing],
    netting: Netting,
    lift: float,
    surprise: float,
) -> Finding:
    share = scene.metric("volume_share_60m")
    score = min(
        0.69,
        0.4
        + 0.1 * excess(share, parameters["volume_share_min"], 4.0)
        + 0.1 * excess(netting.round_trips, parameters["round_trips_min"], 3.0)
        + 0.1 * excess(surprise, parameters["surprise_min"], 3.0),
    )
    accounts = frozenset(each.fill.account for each in made)
    partners = " and ".join(group.removeprefix("account:") for group in netting.partners)
    return Finding(
        owners=scene.owners(accounts),
        accounts=accounts,
        severity=min(SEVERITY_MAX, graded(score, (0.45, Severity.MEDIUM))),
        score=score,
        start_time_ns=made[0].fill.time_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"Bought and sold {netting.gross:g} in {len(made)} fills, {share:.1%} of both sides of the hour's "
            f"volume, with {netting.net_share:.1%} left over after {netting.round_trips} round trips at no gain, "
            f"{netting.partners_share:.0%} of it with {partners}, {lift:.1f} times what chance gives groups so "
            f"active; who trades with everybody, as makers do, shows about 1."
        ),
        measurements=(
            Measurement("net_share", netting.net_share, parameters["net_share_max"], "share"),
            Measurement("round_trips", float(netting.round_trips), parameters["round_trips_min"], "round trips"),
            Measurement("volume_share", share, parameters["volume_share_min"], "share"),
            Measurement("partners_share", netting.partners_share, parameters["partners_share_min"], "share"),
            Measurement("lift", lift, parameters["lift_min"], "x"),
            Measurement("gain_share", netting.gain_share, parameters["gain_share_max"], "share"),
        ),
        opening=frozenset({made[0].fill.event_id}),
        evidence=frozenset(each.fill.event_id for each in made),
        order_ids=frozenset(each.fill.order_id for each in made) - {""},
        trade_ids=frozenset(each.fill.trade_id for each in made) - {""},
    )
