"""A tuning on the terminal: tables, alerts against recall, the proposal and how to go on."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from simulator.tuning.outcome import Outcome
from tapewatch.cli.output import console, counted, print_lines, print_table
from tapewatch.cli.tune.report import Report
from tapewatch.cli.tune.sweep import Tried
from tapewatch.cli.tune.words import alerts_text, changes_text, cost_lines, recall_text

WIDTH: Final = 60
HEIGHT: Final = 14
TABLES_MAX: Final = 3
"""With more parameters that matter, what each does is summed up; --json has every value."""
FEW_TARGETS: Final = 20
CURRENT, KNEE, PROPOSED, AHEAD, OTHER = "C", "K", "P", "o", "."


def show(report: Report, events: Sequence[Path], out: Path | None, plot: Path | None) -> None:
    """Print everything for people."""
    print_lines(*_head(report))
    _tables(report)
    if report.scale.targets and len({(each.alerts, len(each.found)) for each in report.sweep.outcomes}) > 1:
        console().print("\n".join(terminal_plot(report)))
        print()
    print_lines(*_proposal(report), *_remarks(report))
    print_lines(*_next(report, events, out, plot))


def _head(report: Report) -> Iterator[tuple[str, str]]:
    tried = f"{counted(len(report.sweep.tried), 'setting')} in {report.seconds:.1f} s"
    yield "rule", f"{report.metadata.rule_id} {report.metadata.version}: {tried}"
    yield "data", f"{report.events:,} events over {report.hours:.2f} h, {report.scale.days:.3g} trading days"
    what = "closed cases found true" if report.is_partial else f"scenarios {report.target_kind}".rstrip()
    yield "to find", f"{report.scale.targets} {what}"
    yield "now", f"recall {recall_text(report.now.outcome, report.scale)}"
    yield "", alerts_text(report.now.outcome, report.scale)
    print()


def _tables(report: Report) -> None:
    matter = {
        name: rows for name, rows in report.by_parameter.items() if len({_key(each.outcome) for _, each in rows}) > 1
    }
    units = {each.name: each.unit for each in report.metadata.parameters}
    columns = ("alerts>", "a day>", "false>", *(("unjudged>",) if report.is_partial else ()), "recall>", "")
    if len(matter) <= TABLES_MAX:
        for name, rows in matter.items():
            cells = ((f"{value:g}", *_cells(each.outcome, report), _mark(each.outcome, report)) for value, each in rows)
            print_table((f"{name}, {units[name]}>", *columns), cells)
            print()
    else:
        spans = ((name, f"{report.sweep.current[name]:g}", *_span(tried, report)) for name, tried in matter.items())
        print_table(("parameter", "now>", "tried", "alerts", "recall"), spans)
        print()
    if report.combinations:
        current = report.sweep.current
        best = ((changes_text(each, current), *_cells(each, report), _mark(each, report)) for each in report.front)
        print_table(("best of the combinations", *columns), best)
        print()
    idle = [name for name in report.by_parameter if name not in matter]
    if idle and report.by_parameter:
        print_lines(("no effect here", ", ".join(idle)))


def _cells(outcome: Outcome, report: Report) -> tuple[str, ...]:
    unjudged = (str(outcome.unjudged),) if report.is_partial else ()
    recall = f"{report.scale.recall(outcome):.2f}" if report.scale.targets else "-"
    return str(outcome.alerts), f"{report.scale.a_day(outcome.alerts):.3g}", str(outcome.false), *unjudged, recall


def _span(rows: Sequence[tuple[float, Tried]], report: Report) -> tuple[str, str, str]:
    outcomes = [each.outcome for _, each in rows]
    alerts = [each.alerts for each in outcomes]
    recall = [report.scale.recall(each) for each in outcomes]
    return (
        f"{rows[0][0]:g} to {rows[-1][0]:g}",
        f"{min(alerts)} to {max(alerts)}",
        f"{min(recall):.2f} to {max(recall):.2f}" if report.scale.targets else "-",
    )


def _mark(outcome: Outcome, report: Report) -> str:
    chosen = None if report.chosen is None else report.chosen.outcome
    marks = (("now", report.now.outcome), ("knee", report.knee), ("proposed", chosen))
    return ", ".join(word for word, each in marks if each is not None and each.changes == outcome.changes)


def _key(outcome: Outcome) -> tuple[int, int, frozenset[str]]:
    return outcome.alerts, outcome.false, outcome.found


def terminal_plot(report: Report) -> list[str]:
    """Alerts a day (to the right) against recall (upwards): every setting, the front, where we are and might be."""
    scale, outcomes = report.scale, report.sweep.outcomes
    most = max(1, *(each.alerts for each in outcomes))
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]

    def put(outcome: Outcome, sign: str) -> None:
        column = round(outcome.alerts / most * (WIDTH - 1))
        cells[HEIGHT - 1 - round(scale.recall(outcome) * (HEIGHT - 1))][column] = sign

    for each in outcomes:
        put(each, OTHER)
    for each in report.front:
        put(each, AHEAD)
    put(report.knee, KNEE)
    put(report.now.outcome, CURRENT)
    if report.chosen is not None and report.proposes:
        put(report.chosen.outcome, PROPOSED)
    labels = {0: "1.00", HEIGHT // 2: "0.50", HEIGHT - 1: "0.00"}
    lines = [f"{labels.get(place, ''):>6} |{''.join(row).rstrip()}" for place, row in enumerate(cells)]
    axis = f"{'':>6} +{'-' * WIDTH}"
    ends = f"{'':>8}0{f'{scale.a_day(most):.3g}':>{WIDTH - 1}}"
    legend = f"{'':>8}{CURRENT} now, {KNEE} knee, {PROPOSED} proposed, {AHEAD} none better, {OTHER} others"
    return ["recall against alerts a day", *lines, axis, ends, legend]


def _proposal(report: Report) -> Iterator[tuple[str, str]]:
    if not report.scale.targets:
        yield "proposal", "none: the data holds nothing the rule has to find, so recall is unknown"
        return
    knee = report.knee
    found = f"recall {recall_text(knee, report.scale)}, {alerts_text(knee, report.scale)}"
    yield "knee", f"{changes_text(knee, report.sweep.current)}: {found}"
    if report.chosen is None:
        yield "proposal", "none: no setting tried gives what was asked for"
    elif not report.proposes:
        yield "proposal", "keep the values as they are: nothing tried is better"
    else:
        yield "proposal", changes_text(report.chosen.outcome, report.sweep.current)
        yield from (("", line) for line in cost_lines(report))
        if (plateau := report.plateau()) is not None and plateau[1] != plateau[2]:
            yield "", f"anything tried from {plateau[1]:g} to {plateau[2]:g} gives the same"


def _remarks(report: Report) -> Iterator[tuple[str, str]]:
    if report.proposes and report.cost is not None and report.cost.recall_interval.low < 0 <= report.cost.recall:
        low = report.cost.recall_interval.low
        yield "note", f"with {report.scale.targets} to find, a loss of recall down to {low:+.2f} can not be excluded"
    if 0 < report.scale.targets < FEW_TARGETS:
        more = "close more cases" if report.is_partial else "simulate more seeds"
        held = "hold the proposal against other data by --check"
        yield "note", f"{report.scale.targets} is few: {more}, and {held}"
    if report.is_partial:
        told = "recall is over what was alerted before and judged: what no alert ever showed is not in it"
        yield "note", f"{told}, and unjudged alerts may be either"


def _next(report: Report, events: Sequence[Path], out: Path | None, plot: Path | None) -> Iterator[tuple[str, str]]:
    if plot is not None:
        yield "plot", str(plot)
    if not report.proposes:
        return
    if out is None:
        yield "next", "--out FILE writes the proposal; nothing was changed"
        return
    rule_id = report.metadata.rule_id
    files = [str(path) for path in events if path.is_file()] or ["FILES"]
    yield "written", f"{out}; nothing was changed"
    yield "look first", f"tapewatch rules preview {' '.join(files)} --config {out} --rules {rule_id}"
    yield "put in force", f"tapewatch rules set {rule_id} --from {out} --reason TEXT"
