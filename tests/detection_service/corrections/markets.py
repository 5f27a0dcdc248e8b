"""Markets whose events come late, are busted and corrected, and what they should have been."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from surveillance.v1 import alert_pb2
from tapewatch.alert import Alert, from_message, to_json
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import OWNERS, back_and_forth, layer, spoof
from tests.detection_service.scenario import Market, Row, configured

CONFIGURATION = replace(configured(accounts=OWNERS), marks_come=True)
END_S = 40_000
Told = dict[str, str]
"""Content of the alerts that stand, by id."""


def busy(instrument: str, venue: str, source: str, chance: random.Random) -> Market:
    """Two schemes of each kind in a crowd, at chance times, with ordinary trading between; every fill has an id."""
    market = Market(instrument, venue, source).crowd()
    moments = sorted(chance.uniform(10, 6_000) for _ in range(8))
    plays: tuple[Callable[[float], object], ...] = (
        lambda at: spoof(market, at),
        lambda at: layer(market, at),
        lambda at: market.at(at).deal("w1", "w2", 100.0, 50),
        lambda at: back_and_forth(market, at),
    )
    for number, moment in enumerate(moments):
        plays[number % len(plays)](moment)
    market.rows.sort(key=_time)
    for number, row in enumerate(market.rows, 1):
        row["source_sequence"] = number
        if row["kind"] == "FILL":
            row["execution_id"] = f"e{number}"
    return market


def _time(row: Row) -> int:
    return int(str(row["event_time_ns"]))


def interleaved(markets: Iterable[Market]) -> list[Row]:
    """The rows of all, by time."""
    return sorted((row for market in markets for row in market.rows), key=_time)


def disturbed(rows: Sequence[Row], chance: random.Random, late: int, busts: int, corrections: int) -> list[Row]:
    """The rows with some moved to a later place, and some fills busted or corrected afterwards.

    One amendment in four comes at any moment, even before its fill; the others when their time says.
    """
    arrived = list(rows)
    for _ in range(late):
        place = chance.randrange(len(arrived) - 1)
        taken = arrived.pop(place)
        arrived.insert(chance.randrange(place, len(arrived) + 1), taken)
    fills = [row for row in rows if row["kind"] == "FILL"]
    for number, fill in enumerate(chance.sample(fills, busts + corrections)):
        amendment = amending(fill, number, is_bust=number < busts, chance=chance)
        later = [place for place, row in enumerate(arrived) if _time(row) > _time(amendment)]
        arrived.insert(min(later, default=len(arrived)) if number % 4 else chance.randrange(len(arrived)), amendment)
    last = max(_time(row) for row in arrived)
    for venue, source in sorted({(str(row["venue"]), str(row["source"])) for row in rows}):
        arrived.append(_closing(venue, source, last))
    return arrived


def amending(fill: Row, number: int, *, is_bust: bool, chance: random.Random) -> Row:
    """A bust or correction of a fill, told some time after it."""
    made: Row = {name: fill[name] for name in ("venue", "instrument", "source", "account", "order_id", "side")}
    made |= {"kind": "BUST" if is_bust else "CORRECT", "source_sequence": 1_000_000 + number}
    made |= {"event_time_ns": _time(fill) + chance.randrange(3_600_000_000_000)}
    made |= {"reference_execution_id": fill["execution_id"], "execution_id": f"a{number}"}
    if not is_bust:
        made["quantity"] = float(str(fill["quantity"])) * chance.choice((0.01, 0.5))
    return made


def _closing(venue: str, source: str, last_ns: int) -> Row:
    """Something harmless long after the last event: every episode is over by then."""
    row: Row = {"event_time_ns": last_ns + END_S * 10**9, "kind": "STATUS", "venue": venue, "instrument": "ACME"}
    return row | {"source": source, "source_sequence": 2_000_000}


def in_order(arrived: Sequence[Row]) -> list[Row]:
    """What should have come: by time then arrival, busted fills left out, corrected ones with their new quantity.

    Written apart from what it checks.
    """
    amended = {
        (row["venue"], row["instrument"], row["reference_execution_id"]): row
        for row in sorted(arrived, key=_time)
        if row["kind"] in ("BUST", "CORRECT")
    }
    kept: list[Row] = []
    for row in sorted(arrived, key=_time):
        amendment = amended.get((row["venue"], row["instrument"], row.get("execution_id")))
        if row["kind"] != "FILL" or amendment is None:
            kept.append(row)
        elif amendment["kind"] == "CORRECT":
            kept.append(row | {"quantity": amendment["quantity"]})
    return kept


def told_by_an_engine(rows: Sequence[Row], configuration: EngineConfiguration = CONFIGURATION) -> Told:
    """What an engine makes of rows, all episodes being over."""
    return standing(Engine(configuration).process(Frame.from_rows(rows)))


def standing(alerts: Iterable[Alert]) -> Told:
    """The alerts that stand after all these revisions; the highest of each counts, as in the case service."""
    highest: dict[str, Alert] = {}
    for alert in alerts:
        if alert.alert_id not in highest or alert.revision > highest[alert.alert_id].revision:
            highest[alert.alert_id] = alert
    return {
        alert_id: json.dumps(to_json(replace(alert, revision=1)), sort_keys=True)
        for alert_id, alert in highest.items()
        if not alert.withdrawn_reason
    }


def standing_messages(messages: Iterable[alert_pb2.Alert]) -> Told:
    """As `standing`, of messages."""
    return standing(from_message(message) for message in messages)
