"""`tapewatch alerts`: list, show and watch alerts."""

import re
from collections.abc import Awaitable
from typing import Annotated

import typer

from detection_service.anomaly.words import WORDS, told
from surveillance.v1 import alert_pb2
from tapewatch.alert import ID_CHARACTERS
from tapewatch.cli.calls import ask, show_each
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import console, harmless, print_json, print_lines, print_table, time_text, word
from tapewatch.client.cases import CaseClient

CANDIDATES_SHOWN_MAX = 5
_PREFIX = re.compile(r"[0-9a-fA-F]{8,}")
app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show and watch alerts.")

FilterOption = Annotated[
    str, typer.Option("--filter", metavar="TEXT", help='Such as: rule_id = "spoofing" AND severity >= HIGH.')
]
OrderOption = Annotated[str, typer.Option("--order-by", metavar="FIELDS", help="Such as: score desc, start_time_ns.")]
SearchOption = Annotated[str, typer.Option("--search", metavar="WORDS", help="Only what has all these words, or lay*.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
WatchLimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many.")]
AllOption = Annotated[bool, typer.Option("--all", help="Begin with everything stored, not only what comes.")]


@app.command("list")
def list_alerts(
    filter_text: FilterOption = "",
    order_by: OrderOption = "",
    search: SearchOption = "",
    limit: LimitOption = 100,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List alerts, newest first where no order is asked for."""

    def question(client: CaseClient) -> Awaitable[list[alert_pb2.Alert]]:
        return client.list_alerts(filter_text, limit, order_by=order_by, search=search)

    alerts = ask(CaseClient, "cases", config, target, question)
    if as_json:
        print_json(alerts)
        return
    columns = ("start", "severity", "score>", "rule", "venue", "instrument", "who", "alert")
    print_table(columns, (_row(alert) for alert in alerts))


def _row(alert: alert_pb2.Alert) -> tuple[str, ...]:
    return (
        time_text(alert.start_time_ns),
        "withdrawn" if alert.withdrawn_reason else word(alert, "severity"),
        f"{alert.score:.2f}",
        alert.rule_id,
        alert.venue,
        alert.instrument,
        ", ".join(alert.owners or alert.accounts) or "-",
        alert.alert_id,
    )


@app.command("show")
def show_alert(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the alert, or 8 or more of its first digits.")],
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one alert with its measurements and evidence."""
    alert = ask(CaseClient, "cases", config, target, lambda client: _alert(client, alert_id))
    if as_json:
        print_json(alert)
        return
    print_lines(
        ("alert", f"{alert.alert_id} revision {alert.revision}{'' if alert.closed else ' (still going on)'}"),
        ("rule", f"{alert.rule_id} {alert.rule_version} ({alert.typology})"),
        ("severity", f"{word(alert, 'severity')}, score {alert.score:.2f}"),
        ("where", f"{alert.venue} {alert.instrument}"),
        ("when", f"{time_text(alert.start_time_ns)} to {time_text(alert.end_time_ns)}"),
        ("accounts", ", ".join(alert.accounts) or "-"),
        ("owners", ", ".join(alert.owners) or "-"),
        *((("withdrawn", alert.withdrawn_reason),) if alert.withdrawn_reason else ()),
        ("why", alert.explanation),
        ("anomaly", f"{alert.anomaly.score:.2f}" if alert.HasField("anomaly") else "no model"),
        ("evidence", f"{len(alert.evidence_event_ids)} events, {len(alert.order_ids)} orders"),
    )
    rows = ((each.name, f"{each.observed:g}", f"{each.threshold:g}", each.unit) for each in alert.measurements)
    print_table(("measurement", "observed>", "threshold>", "unit"), rows)
    if parts := alert.anomaly.contributions:
        print_table(("unusual to the model", "value>", "part>"), (_in_words(each) for each in parts))


def _in_words(part: alert_pb2.Contribution) -> tuple[str, str, str]:
    """A feature, its value and its part; as it stands where the model's features are not this version's."""
    if part.feature not in WORDS:
        return part.feature, f"{part.value:.3g}", f"{part.contribution:.0%}"
    return WORDS[part.feature].meaning, told(part.feature, part.value), f"{part.contribution:.0%}"


async def _alert(client: CaseClient, name: str) -> alert_pb2.Alert:
    """The alert of an id, or the only one whose id begins so."""
    if len(name) == ID_CHARACTERS or not _PREFIX.fullmatch(name):
        if len(name) < ID_CHARACTERS:
            expected = f"the id of an alert, {ID_CHARACTERS} hexadecimal digits, or at least the first 8 of them"
            raise WrongUsageError(f"ID: expected {expected}, found {name!r}")
        return await client.get_alert(name)
    begin = name.lower()
    condition = f'alert_id >= "{begin}" AND alert_id <= "{begin.ljust(ID_CHARACTERS, "f")}"'
    found = await client.list_alerts(condition, CANDIDATES_SHOWN_MAX + 1)
    if not found:
        raise CommandError(f"ID: expected an alert whose id begins with {name}, found none; `tapewatch alerts list`")
    if len(found) > 1:
        shown = ", ".join(f"{each.alert_id} ({each.rule_id})" for each in found[:CANDIDATES_SHOWN_MAX])
        more = " and more" * (len(found) > CANDIDATES_SHOWN_MAX)
        raise WrongUsageError(f"ID: expected the beginning of one alert's id, found {name} of several: {shown}{more}")
    return found[0]


@app.command("watch")
def watch_alerts(
    everything: AllOption = False,
    limit: WatchLimitOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print alert revisions as they are stored, until Ctrl-C."""

    def show(alert: alert_pb2.Alert) -> None:
        if as_json:
            print_json(alert, flush=True)
        else:
            where = f"{alert.venue} {alert.instrument}"
            line = f"{time_text(alert.start_time_ns)} {word(alert, 'severity')} {alert.rule_id} {where}"
            console().print(harmless(f"{line}: {alert.explanation}"))

    ask(
        CaseClient,
        "cases",
        config,
        target,
        lambda client: show_each(
            client.watch_alerts("0" if everything else ""), lambda answer: show(answer.alert), limit
        ),
    )
