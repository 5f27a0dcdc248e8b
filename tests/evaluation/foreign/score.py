"""How the rules do on foreign flow, beside the naive one-liners.

`python -m tests.evaluation.foreign.score [--seeds 1-3] [--severity 0.5] [--style NAME ...] [--listed]` prints a table
by style and typology. Seeds 1-50 are for developing, 900-950 for reporting. A scenario is found by an alert of a rule
of its family that names one of its accounts (or nobody, where the rule is about a market) in its instrument within a
minute of its time. An alert is right where it hits any scenario so. Families are by what they accuse of, so that
layering counts for spoofing.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from tapewatch.alert import Alert
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import final
from tests.evaluation.foreign import naive_book, tape, unmatched
from tests.evaluation.foreign.flow import SECOND_NS, Flow, Planted
from tests.evaluation.foreign.one_liners import ONE_LINERS, Flag, merged

ROWS_A_FRAME = 8_192
SLACK_NS = 60 * SECOND_NS
PRESSURE = frozenset(
    {"spoofing", "layering", "flipping", "no_intent_orders", "smoking", "pinging", "phishing", "cancel_to_fill"}
    | {"spoofing_anonymous", "layering_anonymous"}
)
WASH = frozenset(
    {"wash_self", "wash_owner", "wash_netting", "ping_pong", "wash_ring", "matched_orders", "painting_the_tape"}
)
FAMILIES = {
    "SPOOFING": PRESSURE,
    "LAYERING": PRESSURE,
    "WASH_TRADE": WASH,
    "PING_PONG": WASH,
    "WASH_RING": WASH,
    "FRONT_RUNNING": frozenset({"front_running"}),
    "MARKING_THE_CLOSE": frozenset({"marking_the_close", "ramping", "dominating_volume", "momentum_ignition"}),
    "PUMP_AND_DUMP": frozenset({"pump_and_dump", "ramping", "price_spike", "momentum_ignition"}),
    "QUOTE_STUFFING": frozenset({"quote_stuffing", "cancel_to_fill", "no_intent_orders"}),
}
Style = Callable[[int, float], Flow]
STYLES: dict[str, Style] = {
    "unmatched": lambda seed, severity: unmatched.Unmatched(unmatched.Config(seed, severity)).made(),
    "unmatched_dense": lambda seed, severity: unmatched.Unmatched(
        unmatched.Config(seed, severity, orders_a_second=60, is_calibrated=True)
    ).made(),
    "book_60": lambda seed, severity: naive_book.NaiveBook(naive_book.Config(seed, severity)).made(),
    "book_8": lambda seed, severity: naive_book.NaiveBook(
        naive_book.Config(seed, severity, accounts=8, has_aggressor=True)
    ).made(),
    "book_bare": lambda seed, severity: naive_book.NaiveBook(
        naive_book.Config(seed, severity, accounts=100, has_links=False)
    ).made(),
    "tape": lambda seed, severity: tape.Tape(tape.Config(seed, severity)).made(),
}


def detected(flow: Flow) -> Sequence[Alert]:
    """What the rules make of a flow, with the reference data its project has."""
    reference = Reference.of(accounts=flow.accounts, instruments=flow.instruments)
    engine = Engine(EngineConfiguration(reference=reference))
    rows = [row | {"source": "foreign"} for row in flow.rows]
    made: list[Alert] = []
    for start in range(0, len(rows), ROWS_A_FRAME):
        made += engine.process(Frame.from_rows(rows[start : start + ROWS_A_FRAME]))
    return final([*made, *engine.finish()])


def flag_of(alert: Alert) -> Flag:
    """Whom, where and when an alert names."""
    return Flag(alert.instrument, frozenset(alert.accounts), alert.start_time_ns, alert.end_time_ns)


def hits(flag: Flag, planted: Planted) -> bool:
    """Whether somebody named is one of the planted, there and then."""
    return (
        flag.instrument == planted.instrument
        and (not flag.accounts or bool(flag.accounts & planted.accounts))
        and flag.start_ns <= planted.end_ns + SLACK_NS
        and flag.end_ns >= planted.start_ns - SLACK_NS
    )


class Tally:
    """Counts of one style over its seeds: scenarios and those found, flags and those right, by typology."""

    def __init__(self) -> None:
        self.planted: Counter[str] = Counter()
        self.found: Counter[tuple[str, str]] = Counter()
        self.flags: Counter[tuple[str, str]] = Counter()
        self.right: Counter[tuple[str, str]] = Counter()
        self.false_by_rule: Counter[str] = Counter()
        self.rows = 0

    def add(self, flow: Flow, alerts: Sequence[Alert]) -> None:
        """One run."""
        self.rows += len(flow.rows)
        self.planted.update(each.typology for each in flow.planted)
        for typology in {each.typology for each in flow.planted}:
            own = [flag_of(alert) for alert in alerts if alert.rule_id in FAMILIES[typology]]
            self._count("rules", typology, own, flow.planted)
            self._count("one-liner", typology, merged(ONE_LINERS[typology](flow)), flow.planted)
        self.false_by_rule.update(
            alert.rule_id for alert in alerts if not any(hits(flag_of(alert), each) for each in flow.planted)
        )

    def _count(self, who: str, typology: str, flags: Iterable[Flag], planted: Sequence[Planted]) -> None:
        flags = list(flags)
        own = [each for each in planted if each.typology == typology]
        self.found[who, typology] += sum(any(hits(flag, each) for flag in flags) for each in own)
        self.flags[who, typology] += len(flags)
        self.right[who, typology] += sum(any(hits(flag, each) for each in planted) for flag in flags)

    def table(self, style: str) -> Iterator[str]:
        """One line a typology."""
        for typology in sorted(self.planted):
            cells = [f"{style:16} {typology:18} {self.planted[typology]:5}"]
            for who in ("rules", "one-liner"):
                flags, right = self.flags[who, typology], self.right[who, typology]
                recall = self.found[who, typology] / self.planted[typology]
                precision = f"{right / flags:.2f}" if flags else "   -"
                cells.append(f"{recall:6.2f} {precision:>9} {flags:6}")
            yield " | ".join(cells)
        false = ", ".join(f"{rule} {count}" for rule, count in self.false_by_rule.most_common()) or "none"
        yield f"{style:16} on nobody's scenario in {self.rows:,} events: {false}"


def listed(flow: Flow, alerts: Sequence[Alert]) -> Iterator[str]:
    """What was missed, and what is on nobody's scenario."""
    for each in flow.planted:
        own = [alert for alert in alerts if hits(flag_of(alert), each)]
        family = [alert.rule_id for alert in own if alert.rule_id in FAMILIES[each.typology]]
        found = ", ".join(sorted({*family})) or f"MISSED (others: {sorted({alert.rule_id for alert in own})})"
        yield f"  {each.scenario_id} {each.instrument} {sorted(each.accounts)}: {found}"
    for alert in alerts:
        if not any(hits(flag_of(alert), each) for each in flow.planted):
            yield f"  FALSE {alert.instrument} {alert.rule_id} {alert.severity.name}: {alert.explanation}"


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=_seeds("1-3"))
    parser.add_argument("--severity", type=float, default=0.5)
    parser.add_argument("--style", action="append", choices=sorted(STYLES))
    parser.add_argument("--listed", action="store_true")
    options = parser.parse_args()
    print(f"{'style':16} {'typology':18}     n | recall precision alerts | one-liner: the same")
    for style in options.style or STYLES:
        tally = Tally()
        for seed in options.seeds:
            flow = STYLES[style](seed, options.severity)
            alerts = detected(flow)
            tally.add(flow, alerts)
            if options.listed:
                print("\n".join(listed(flow, alerts)))
        print("\n".join(tally.table(style)), flush=True)


if __name__ == "__main__":
    main()
