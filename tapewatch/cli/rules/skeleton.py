"""The texts `tapewatch rules new` begins with; @NAME@ is replaced."""

from typing import Final

MODULE: Final = '''"""@TITLE@: a group takes liquidity on one side again and again, and moves the price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detection_service.engine.scene import Scene
from detection_service.engine.triggers import FLOW
from detection_service.rules import needs, regulations
from detection_service.rules.rule import Condition, Finding, Metadata, Parameter, excess, graded
from tapewatch.alert import Measurement, Severity

METADATA = Metadata(
    rule_id="@RULE_ID@",
    version="1.0.0",
    title="@TITLE@",
    typology="@TYPOLOGY@",
    description="A group takes liquidity on one side, much of all that trades, and the price moves with it.",
    needs=(needs.ACCOUNTS, needs.FILLS, needs.PRINTS),
    parameters=(
        Parameter("takes_min", 8.0, "fills", 2, 1000, "once or twice is an order being filled"),
        Parameter("volume_share_min", 0.2, "share", 0.01, 1, "of both sides: two fifths of what is bought"),
        Parameter("net_share_min", 0.9, "share", 0, 1, "whoever trades both ways is not pushing"),
        Parameter("push_min", 0.002, "share", 0.0001, 1, "a spread or two beyond the noise of five minutes"),
    ),
    regulations=(regulations.MAR_PRICE_SECURED,),
    known_false_positives=("A large order worked by an impatient algorithm.",),
    known_gaps=("Accounts of different owners that push together.",),
    triage_steps=("Did the group trade the other way afterwards?", "Was there news?"),
    episode_gap_s=300,
    episode_max_s=3600,
)
FIVE_MINUTES_NS = 300_000_000_000


class @CLASS@:
    """Asked when a group took liquidity on one side often enough."""

    metadata = METADATA
    triggers = FLOW

    def conditions(self, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
        """Checked in compiled code; `evaluate` is called where all hold."""
        return (
            Condition("aggressive_fills_5m", at_least=parameters["takes_min"]),
            Condition("net_share_5m", at_least=parameters["net_share_min"]),
            Condition("volume_share_5m", at_least=parameters["volume_share_min"]),
        )

    def evaluate(self, scene: Scene, parameters: Mapping[str, float]) -> Iterator[Finding]:
        """A finding where the group's own fills went up, or down, by more than `push_min`."""
        fills = [fill for fill in scene.fills(None, scene.now_ns - FIVE_MINUTES_NS) if fill.aggressor]
        if len(fills) < parameters["takes_min"]:
            return
        push = abs(fills[-1].price / fills[0].price - 1)
        if push < parameters["push_min"]:
            return
        accounts = frozenset(fill.account for fill in fills)
        score = 0.5 + 0.5 * excess(push, parameters["push_min"])
        yield Finding(
            owners=scene.owners(accounts),
            accounts=accounts,
            severity=graded(score, (0.5, Severity.MEDIUM), (0.8, Severity.HIGH)),
            score=score,
            start_time_ns=fills[0].time_ns,
            end_time_ns=scene.now_ns,
            explanation=(
                f"Took liquidity {len(fills)} times in five minutes, was {scene.metric('volume_share_5m'):.0%} of both "
                f"sides of what traded, and its prices moved {push:.2%}, where {parameters['push_min']:.2%} is much."
            ),
            measurements=(Measurement("push", push, parameters["push_min"], "share"),),
            opening=frozenset({fills[0].event_id}),
            evidence=frozenset(fill.event_id for fill in fills),
            order_ids=frozenset(fill.order_id for fill in fills) - {""},
            trade_ids=frozenset(fill.trade_id for fill in fills) - {""},
        )
'''

SCENARIOS: Final = """\
# A scenario is a small market and what the rule must make of it. `time` is in seconds from the start, `-` is nothing,
# `#` is the number of the repetition. docs/scenarios.md says what else there is.
- name: eight purchases up the book
  kind: positive
  shows: Someone buys level after level, a tick higher each time.
  background: crowd
  events:
    - at_s: 60
      repeat: {times: 9, every_s: 5, step: {price: 0.05}}
      table: |
        time  kind  account  side  price   quantity  order  trade  aggressor
        0     NEW   maker#   SELL  100.20  50        ask#   -      -
        1     NEW   pusher   BUY   100.20  50        in#    -      -
        1     FILL  pusher   BUY   100.20  50        in#    t#     yes
        1     FILL  maker#   SELL  100.20  50        ask#   t#     no
  expect: {owners: [pusher], never_named: [maker1]}

- name: the same at one price
  kind: negative
  shows: As much bought, and the price stays.
  background: crowd
  events:
    - at_s: 60
      repeat: {times: 9, every_s: 5}
      table: |
        time  kind  account  side  price   quantity  order  trade  aggressor
        0     NEW   maker#   SELL  100.20  50        ask#   -      -
        1     NEW   buyer    BUY   100.20  50        in#    -      -
        1     FILL  buyer    BUY   100.20  50        in#    t#     yes
        1     FILL  maker#   SELL  100.20  50        ask#   t#     no
  expect: none

- name: half as steep
  kind: near_miss
  shows: The price moves, less than push_min.
  background: crowd
  events:
    - at_s: 60
      repeat: {times: 9, every_s: 5, step: {price: 0.02}}
      table: |
        time  kind  account  side  price   quantity  order  trade  aggressor
        0     NEW   maker#   SELL  100.20  50        ask#   -      -
        1     NEW   pusher   BUY   100.20  50        in#    -      -
        1     FILL  pusher   BUY   100.20  50        in#    t#     yes
        1     FILL  maker#   SELL  100.20  50        ask#   t#     no
  found_with: {push_min: 0.001}
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
