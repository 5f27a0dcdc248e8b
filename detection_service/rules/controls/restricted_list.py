"""Restricted list: an order or a trade of an account, or in an instrument, that a list forbids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Listed, Scene
from detection_service.engine.triggers import RESTRICTED
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter
from tapewatch.alert import Measurement, Severity
from tapewatch.market.reference import Row

METADATA = Metadata(
    rule_id="restricted_list",
    version="1.0.0",
    title="Dealing on the restricted list",
    typology="RESTRICTED_DEALING",
    description=(
        "An account enters an order or trades although the reference table `restricted` forbids it: the instrument to "
        "everybody, everything to the account, or the instrument to the account, at that time. An account on the list "
        "stands for all of its beneficial owner's. The definition is the list: there is nothing to estimate."
    ),
    needs=(needs.ACCOUNTS, needs.RESTRICTIONS),
    parameters=(
        Parameter("order_score", 0.3, "score", 0, 1, "an order that does not trade has harmed nobody yet"),
        Parameter("trade_score", 0.8, "score", 0, 1, "a trade can not be taken back"),
    ),
    regulations=(regulations.MARKET_ACCESS_RESTRICTED, regulations.MAR_INSIDER_DEALING),
    known_false_positives=(
        "Dealing that compliance has permitted but not taken off the list.",
        "A client's unsolicited order, where the list is meant for the house.",
        "A list whose times of validity are missing.",
    ),
    known_gaps=(
        "The same instrument under another symbol, and derivatives on it.",
        "Accounts of the same person that the reference data does not link.",
        "An order entered before the listing and left standing alerts only when it trades.",
    ),
    triage_steps=(
        "Read the reason on the list, and whether a permission was given.",
        "Who entered the order, and when did they learn of the listing?",
        "Withdraw open orders; report where inside information is the reason.",
    ),
    episode_gap_s=3600,
    episode_max_s=86_400,
)


class RestrictedList:
    """Asked when an account named on the list acts, or anybody acts in an instrument on it."""

    metadata = METADATA
    triggers = RESTRICTED

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the list forbids what was done, at that time."""
        done = scene.listed
        row = scene.reference.restriction(done.account, scene.market.instrument_name, scene.now_ns)
        if row:
            yield _finding(scene, parameters, done, row)


def _finding(scene: Scene, parameters: Mapping[str, float], done: Listed, row: Row) -> Finding:
    score = parameters["trade_score"] if done.traded else parameters["order_score"]
    before = scene.open_episode(scene.owners(frozenset({done.account}))) or {}
    orders = before.get("orders", 0.0) + (not done.traded)
    traded = before.get("traded", 0.0) + (done.quantity if done.traded else 0.0)
    reason = f" ({row['reason']})" if "reason" in row else ""
    return Finding(
        owners=scene.owners(frozenset({done.account})),
        accounts=frozenset({done.account}),
        severity=Severity.HIGH if done.traded else Severity.LOW,
        score=score,
        start_time_ns=scene.now_ns,
        end_time_ns=scene.now_ns,
        explanation=(
            f"{done.account} {_deed(done)} although {_forbidden(done, row)}{reason}: {orders:g} order(s) and {traded:g}"
            " traded so far, where none is allowed."
        ),
        measurements=(
            Measurement("orders", orders, 0.0, "orders"),
            Measurement("traded", traded, 0.0, "quantity"),
        ),
        opening=frozenset({scene.event_id}),
        evidence=frozenset({scene.event_id}),
        order_ids=frozenset({done.order_id} - {""}),
        trade_ids=frozenset({done.trade_id} - {""}),
        memory={"orders": orders, "traded": traded},
    )


def _deed(done: Listed) -> str:
    side = done.side.name.lower()
    verb = {"buy": "bought", "sell": "sold"}[side] if done.traded else f"entered a {side} order of"
    price = f" at {done.price:g}" if done.price == done.price else " at the market"
    return f"{verb} {done.quantity:g}{price}"


def _forbidden(done: Listed, row: Row) -> str:
    """What the row says, in words."""
    if "account" not in row:
        return f"{row['instrument']} is on the restricted list"
    who = "the account" if row["account"] == done.account else f"{row['account']}, of the same group,"
    return f"{who} may not deal in {row.get('instrument', 'anything')}"
