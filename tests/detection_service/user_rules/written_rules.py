"""Rules as their files have them, for tests."""

from __future__ import annotations

from pathlib import Path

from detection_service.rules.scenarios.event_table import Repetition, event_rows
from detection_service.user_rules.folder import RuleText, rule_of
from detection_service.user_rules.yaml_rule import YamlRule
from tapewatch.cli.rules.skeleton import YAML
from tests.detection_service.scenario import Row

BLINKS = """\
time  kind    account  side  price  quantity  order
60    NEW     blinker  BUY   99.95  100       blink#
60.2  CANCEL  blinker  BUY   99.95  100       blink#
"""

LEAPS = '''"""The price moves far within a minute."""

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
    title="A leap",
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


def filled_in(text: str, rule_id: str) -> str:
    names = {"RULE_ID": rule_id, "TITLE": "A rule", "TYPOLOGY": rule_id.upper(), "CLASS": "Leaps"}
    for placeholder, value in names.items():
        text = text.replace(f"@{placeholder}@", value)
    return text


def in_yaml(rule_id: str = "blinks", **replaced: str) -> RuleText:
    text = filled_in(YAML, rule_id)
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return RuleText(rule_id, ".yaml", text)


def in_python(rule_id: str = "leaps") -> RuleText:
    return RuleText(rule_id, ".py", filled_in(LEAPS, rule_id))


def blinks() -> YamlRule:
    rule = rule_of(in_yaml(), Path("blinks.yaml"))
    assert isinstance(rule, YamlRule)
    return rule


def raising(rule_id: str = "raises", what: str = "1 / 0") -> RuleText:
    """A rule in Python that is asked as `leaps` is, and raises."""
    text = in_python(rule_id).text.replace("market = scene.market\n", f"{what}\n        market = scene.market\n")
    return RuleText(rule_id, ".py", text)


def blink_rows(times: int = 100) -> list[Row]:
    told = event_rows(BLINKS, 0.0, Repetition(times, 0.5, {}))
    market: Row = {"venue": "XTST", "instrument": "ACME", "source": "feed"}
    rows = sorted((each.row for each in told), key=lambda row: int(str(row["event_time_ns"])))
    return [{**market, "source_sequence": number, **row} for number, row in enumerate(rows, start=1)]
