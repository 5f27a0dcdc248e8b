"""The texts `tapewatch rules new` begins with; @NAME@ is replaced."""

from typing import Final

MODULE: Final = '''"""@TITLE@: the price moves far within a minute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import PRICE
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="@RULE_ID@",
    version="1.0.0",
    title="@TITLE@",
    typology="@TYPOLOGY@",
    description="The last price is far from where it was a minute ago.",
    needs=(needs.PRINTS,),
    parameters=(Parameter("move_min", 0.02, "share", 0.001, 1, "a minute seldom moves so far"),),
    regulations=(regulations.MAR_PRICE_SECURED,),
    known_false_positives=("News moves prices as fast.",),
    known_gaps=("A move slower than a minute.",),
    triage_steps=("Is there news?", "Who traded in the minute?"),
    episode_gap_s=300,
    episode_max_s=3600,
)
MINUTE = 12  # buckets of five seconds


class @CLASS@:
    """Asked at the first trade of each 5-second bucket while the price moves."""

    metadata = METADATA
    triggers = PRICE

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the last minute's move is beyond `move_min`."""
        market = scene.market
        now = market.fast.newest
        start = market.fast.last_close(now - 5 * MINUTE, now - MINUTE)
        move = abs(market.last_price / start - 1) if start > 0 else 0.0
        if move < parameters["move_min"]:
            return
        score = 0.5 + 0.5 * excess(move, parameters["move_min"])
        yield Finding(
            owners=frozenset(),
            accounts=frozenset(),
            severity=graded(score, (0.5, Severity.MEDIUM), (0.8, Severity.HIGH)),
            score=score,
            start_time_ns=scene.now_ns,
            end_time_ns=scene.now_ns,
            explanation=(
                f"The price went from {start:g} to {market.last_price:g} within a minute, {move:.1%}, "
                f"where {parameters['move_min']:.1%} is much."
            ),
            measurements=(Measurement("move", move, parameters["move_min"], "share"),),
            opening=frozenset({scene.event_id}),
            evidence=frozenset({scene.event_id}),
        )
'''

SCENARIOS: Final = """\
# A scenario is a small market and what the rule must make of it. `time` is in seconds from the start, `-` is nothing,
# `#` is the number of the repetition.
- name: three per cent within a minute
  kind: positive
  shows: After a quiet hour the price leaps by 3 % in eight prints.
  background: quiet_hours 1
  events:
    - at_s: 3600
      repeat: {times: 8, every_s: 5, step: {price: 0.375}}
      table: |
        time  kind   side  price    quantity
        5     TRADE  BUY   100.375  50
  expect: {owners: [], severity_min: MEDIUM}

- name: a quiet hour
  kind: negative
  shows: Nothing happens.
  background: quiet_hours 1
  events: |
    time  kind   side  price   quantity
    3605  TRADE  BUY   100.02  50
  expect: none

- name: one and a half per cent
  kind: near_miss
  shows: The leap is just short of move_min.
  background: quiet_hours 1
  events:
    - at_s: 3600
      repeat: {times: 8, every_s: 5, step: {price: 0.1875}}
      table: |
        time  kind   side  price     quantity
        5     TRADE  BUY   100.1875  50
  found_with: {move_min: 0.01}
  expect: none
"""
