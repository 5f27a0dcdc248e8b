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

YAML: Final = """\
version: 1.0.0
title: @TITLE@
typology: @TYPOLOGY@
description: >-
  A group withdraws nearly everything it enters, within a second, and hardly trades.
subject: group                  # group | market | owner: whose metrics `when` is over (docs/metrics.md)
parameters:
  withdrawn_min: {default: 40, unit: cancels, minimum: 5, maximum: 100000, reason: a few withdrawals say nothing}
  fleeting_min: {default: 0.9, unit: share, minimum: 0.1, maximum: 1, reason: orders nobody else can react to}
  to_fill_min: {default: 20, unit: x, minimum: 1, maximum: 100000, reason: those who trade withdraw far less}
when:                           # all of them hold; a limit is a number or a parameter
  - {metric: cancels_5m, at_least: withdrawn_min}
  - {metric: fleeting_share_5m, at_least: fleeting_min}
  - {metric: cancel_to_fill_5m, at_least: to_fill_min}
score_by: [cancels_5m, cancel_to_fill_5m]   # 0.5 at the limits, 1 where these are eight times beyond
severity: {MEDIUM: 0.5, HIGH: 0.75}         # from which score on; LOW below
explanation: >-
  Withdrew {cancels_5m:,.0f} orders of {instrument} in five minutes, {fleeting_share_5m:.0%} of them within a second of
  entry, and traded {fills_5m:,.0f} times: {cancel_to_fill_5m:.0f} withdrawals a fill, where {to_fill_min:g} is much.
regulations:
  - name the rule book and the article you rely on
known_false_positives:
  - A market maker whose quotes follow another venue tick by tick.
known_gaps:
  - Orders that stand for more than a second.
triage_steps:
  - Which price did its quotes follow?
  - Did others cancel or pay up while they stood?
episode_gap_s: 300
episode_max_s: 3600
"""

YAML_SCENARIOS: Final = """\
# A scenario is a small market and what the rule must make of it. `time` is in seconds from the start, `-` is nothing,
# `#` is the number of the repetition. docs/scenarios.md says what else there is.
- name: a hundred orders of a blink
  kind: positive
  shows: Someone enters a hundred orders, each gone after a fifth of a second, and never trades.
  background: crowd
  events:
    - at_s: 60
      repeat: {times: 100, every_s: 0.5}
      table: |
        time  kind    account  side  price  quantity  order
        0     NEW     blinker  BUY   99.95  100       blink#
        0.2   CANCEL  blinker  BUY   99.95  100       blink#
  expect: {owners: [blinker], severity_min: MEDIUM}

- name: orders that stand
  kind: negative
  shows: As many withdrawals, each after three seconds.
  background: crowd
  events:
    - at_s: 60
      repeat: {times: 100, every_s: 4}
      table: |
        time  kind    account  side  price  quantity  order
        0     NEW     patient  BUY   99.95  100       stand#
        3     CANCEL  patient  BUY   99.95  100       stand#
  expect: none

- name: thirty of them
  kind: near_miss
  shows: Fewer than withdrawn_min.
  background: crowd
  events:
    - at_s: 60
      repeat: {times: 36, every_s: 0.5}
      table: |
        time  kind    account  side  price  quantity  order
        0     NEW     blinker  BUY   99.95  100       blink#
        0.2   CANCEL  blinker  BUY   99.95  100       blink#
  found_with: {withdrawn_min: 20}
  expect: none
"""
