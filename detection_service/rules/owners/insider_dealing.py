"""Insider dealing: a position taken ahead of an announcement, out of line with its owner's past and with the crowd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median

from detection_service.engine.owner_scene import Flow, GroupFlows
from detection_service.engine.scene import Scene
from detection_service.engine.triggers import NEWS
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

DAY_NS, BUCKET_NS, MINUTE_NS = 86_400_000_000_000, 300_000_000_000, 60_000_000_000

METADATA = Metadata(
    rule_id="insider_dealing",
    version="1.1.0",
    title="Dealing ahead of an announcement",
    typology="INSIDER_DEALING",
    description=(
        "When the reaction to an announcement is known and out of the ordinary, a group stands out that had taken a "
        "one-sided position in its direction before: larger than it used to trade the instrument in a day (where the "
        "data begin on the day: beside its stored profile by far larger than anybody's either way, or without one more "
        "than anybody bet on the opposite), several times what others with the same luck took, and a part of the "
        "volume that counts. Needs announcements in the reference data."
    ),
    needs=(needs.ACCOUNTS, needs.FILLS, needs.ANNOUNCEMENTS),
    parameters=(
        Parameter("reaction_s", 900.0, "s", 1, 86_400, "by then the first reaction is known"),
        Parameter("ahead_h", 24.0, "h", 0.1, 24, "inside information is used when it is fresh"),
        Parameter("move_min", 0.01, "share", 0, 10, "one per cent is worth the risk"),
        Parameter("move_multiple_min", 4.0, "x usual", 1, 1000, "the news was one: such a time usually moves less"),
        Parameter("one_sided_min", 0.8, "share", 0.5, 1, "a bet, no market making"),
        Parameter("own_multiple_min", 3.0, "x", 1, 1000, "of what the group traded of it on a usual day"),
        Parameter("crowd_multiple_min", 3.0, "x", 1, 1000, "of the median of others who were right"),
        Parameter("crowd_multiple_new_min", 6.0, "x", 1, 1000, "the same for a group without a past in it"),
        Parameter(
            "profile_multiple_min", 3.0, "x", 1, 1000, "of anybody's bet either way, by what each usually trades"
        ),
        Parameter("luck_multiple_min", 2.0, "x", 0, 100, "of the largest who was wrong, where no past is known"),
        Parameter("others_min", 3.0, "groups", 0, 1000, "fewer are no crowd; then the share of volume decides"),
        Parameter("volume_share_min", 0.01, "share", 0, 1, "of all that was traded ahead"),
        Parameter("named_max", 3.0, "groups", 1, 100, "an announcement has few insiders and many lucky ones"),
    ),
    regulations=(regulations.MAR_INSIDER_DEALING,),
    known_false_positives=(
        "Whoever guessed right with a large bet; an analyst's client; a bidder building a stake.",
        "A fund that bought on schedule.",
    ),
    known_gaps=(
        "A group's past is at most twelve days; where the data begin on the day, profiles have to stand in for it.",
        "Positions in derivatives, other instruments of the issuer, or by friends are not seen.",
        "What is kept of the minutes before is the group's last 32 with trades, less for whoever trades always.",
        "An instrument is followed from when its first announcement is in the reference data.",
    ),
    triage_steps=(
        "Who is behind the account, and who told them: employer, family, adviser?",
        "When was the decision to announce taken, and when was the account funded?",
        "Did the account sell into the news?",
    ),
    episode_gap_s=86_400,
    episode_max_s=172_800,
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An announcement and what the price did; `usual` is the mean size of moves over such a time, as shares; `bet` is 1
    for those who were right, -1 for those who were wrong."""

    time_ns: int
    before: float
    after: float
    usual: float
    bet: int = 1

    @property
    def reversed(self) -> Reaction:
        """The same for those who were wrong: what they took, chance alone explains."""
        return replace(self, bet=-1)

    @property
    def move(self) -> float:
        """As a share of the price before."""
        return self.after / self.before - 1

    @property
    def sign(self) -> int:
        """Which way was right (or wrong, for those who were): 1 to buy, -1 to sell."""
        return self.bet if self.move > 0 else -self.bet


@dataclass(frozen=True, slots=True)
class Position:
    """What a group took in the direction of the news ahead of it; `own_multiple` None without a past to compare,
    `profile_share` of what its accounts trade on a day by their stored profile, None without one."""

    group: GroupFlows
    flows: list[Flow]
    net: float
    gain: float
    share: float
    own_multiple: float | None
    profile_share: float | None
    sold_into: float


class InsiderDealing:
    """Asked once the reaction to an announcement is known."""

    metadata = METADATA
    triggers = NEWS

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """The few groups whose position ahead of the announcement stands out."""
        for due_ns in scene.news:
            reaction = _reaction(scene, parameters, due_ns - int(parameters["reaction_s"] * 1e9))
            if reaction is None:
                continue
            right, wrong = (_positions(scene, parameters, each) for each in (reaction, reaction.reversed))
            striking = [(each, _crowd(parameters, each, right)) for each in right]
            striking = [(each, crowd) for each, crowd in striking if _stands_out(parameters, each, crowd, right, wrong)]
            striking.sort(key=lambda each: (-each[0].gain, each[0].group.group))
            for position, crowd in striking[: int(parameters["named_max"])]:
                yield _finding(scene, parameters, reaction, position, crowd)


def _positions(scene: Scene, parameters: Mapping[str, float], reaction: Reaction) -> list[Position]:
    """What the groups had taken on the side of a reaction."""
    made = (_position(scene, parameters, reaction, group) for group in scene.group_flows())
    return [position for position in made if position is not None]


def _crowd(parameters: Mapping[str, float], position: Position, positions: list[Position]) -> float | None:
    """A position against the median of the others of its side; None where they are few."""
    others = [each.net for each in positions if each is not position]
    return position.net / median(others) if len(others) >= parameters["others_min"] else None


def _reaction(scene: Scene, parameters: Mapping[str, float], time_ns: int) -> Reaction | None:
    """What the price did; None where that was not out of the ordinary."""
    minute, bucket = time_ns // MINUTE_NS - 1, time_ns // BUCKET_NS - 1
    before = scene.market.minute.last_close(minute - 230, minute)
    if not before > 0:
        before = scene.market.slow.last_close(bucket - 280, bucket)
    bars = scene.market.slow.bars(bucket - 287, bucket)
    after = scene.market.last_price
    if not before > 0 or not after > 0 or not bars:
        return None
    buckets = max(1.0, (scene.now_ns - time_ns) / BUCKET_NS)
    usual = sum(abs(close / opened - 1) for _, opened, _, _, close, _ in bars) / len(bars) * buckets**0.5
    move = abs(after / before - 1)
    if move < parameters["move_min"] or move < parameters["move_multiple_min"] * usual:
        return None
    return Reaction(time_ns, before, after, usual)


def _position(scene: Scene, parameters: Mapping[str, float], reaction: Reaction, group: GroupFlows) -> Position | None:
    since = reaction.time_ns - int(parameters["ahead_h"] * 3600e9)
    flows = [flow for flow in group.flows if since <= flow.start_ns and flow.start_ns + MINUTE_NS <= reaction.time_ns]
    gross = sum(flow.bought + flow.sold for flow in flows)
    net = reaction.sign * sum(flow.bought - flow.sold for flow in flows)
    if net <= 0 or net < parameters["one_sided_min"] * gross:
        return None
    paid = reaction.sign * sum(flow.bought_notional - flow.sold_notional for flow in flows)
    worth = net * reaction.after * scene.unit(scene.market.number)
    first, last = since // BUCKET_NS, reaction.time_ns // BUCKET_NS - 1
    volume = scene.market.slow.traded(first, last)
    past = [bought + sold for day, (bought, sold) in group.days.items() if (day + 1) * DAY_NS <= since]
    later = [flow for flow in group.flows if flow.start_ns >= reaction.time_ns]
    return Position(
        group=group,
        flows=flows,
        net=net,
        gain=reaction.sign * (worth - paid),
        share=min(1.0, net / volume) if volume > 0 else 1.0,
        own_multiple=net / (sum(past) / len(past)) if past else None,
        profile_share=abs(worth) / profile if (profile := _profile(scene, group)) > 0 else None,
        sold_into=-reaction.sign * sum(flow.bought - flow.sold for flow in later) / net,
    )


def _profile(scene: Scene, group: GroupFlows) -> float:
    """What a group's accounts trade on a day by their stored profile; 0 without one."""
    return float(scene.relations.baseline_per_day(group.group, scene.now_ns))


def _stands_out(
    parameters: Mapping[str, float],
    position: Position,
    crowd: float | None,
    right: list[Position],
    wrong: list[Position],
) -> bool:
    if position.share < parameters["volume_share_min"]:
        return False
    if position.own_multiple is not None and position.own_multiple < parameters["own_multiple_min"]:
        return False
    if crowd is None:
        return position.share >= 5 * parameters["volume_share_min"]
    if position.own_multiple is not None:
        return crowd >= parameters["crowd_multiple_min"]
    if position.profile_share is not None:
        shares = [each.profile_share or 0.0 for each in (*right, *wrong) if each is not position]
        unlike = position.profile_share >= parameters["profile_multiple_min"] * max(shares)
        return unlike and crowd >= parameters["crowd_multiple_min"]
    unlucky = max((each.net for each in wrong), default=0.0)
    lucky = position.net >= parameters["luck_multiple_min"] * unlucky
    return lucky and crowd >= parameters["crowd_multiple_new_min"]


def _finding(
    scene: Scene, parameters: Mapping[str, float], reaction: Reaction, position: Position, crowd: float | None
) -> Finding:
    text = scene.relations.announced(scene.market.instrument_name, reaction.time_ns)
    score = 0.4 + 0.2 * excess(position.share, parameters["volume_share_min"])
    score += 0.2 * excess(crowd or 1.0, parameters["crowd_multiple_min"]) + (0.2 if position.sold_into >= 0.5 else 0.0)
    past = f"{position.own_multiple:.1f} times its usual day in it" if position.own_multiple else "with no past in it"
    others = f", {crowd:.1f} times the usual of others who were right" if crowd else ""
    did = "Bought" if reaction.sign > 0 else "Sold"
    return Finding(
        owners=scene.owners(position.group.accounts),
        accounts=position.group.accounts,
        severity=graded(score, (0.4, Severity.MEDIUM), (0.65, Severity.HIGH)),
        score=min(1.0, score),
        start_time_ns=position.flows[0].start_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"{did} {position.net:g} net ahead of an announcement{f' ({text})' if text else ''} on which the price "
            f"moved {reaction.move:+.1%} where {reaction.usual:.1%} is usual: {position.share:.1%} of all that day, "
            f"{past}{others}; it stands {position.gain:,.0f} better for it."
        ),
        measurements=(
            Measurement("volume_share", position.share, parameters["volume_share_min"], "share"),
            Measurement("crowd_multiple", crowd or 0.0, parameters["crowd_multiple_min"], "x"),
            Measurement("own_multiple", position.own_multiple or 0.0, parameters["own_multiple_min"], "x"),
            Measurement("move", abs(reaction.move), parameters["move_min"], "share"),
            Measurement("gain", position.gain, 0.0, "notional"),
        ),
        opening=frozenset({position.flows[0].event_id}),
        evidence=frozenset(flow.event_id for flow in position.flows),
    )
