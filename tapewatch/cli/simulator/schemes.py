"""`tapewatch simulator schemes`, `inject` and `scenarios`."""

from pathlib import Path
from typing import Annotated

import typer

from surveillance.v1 import alert_pb2, case_pb2, simulator_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.demo_report import MISSED, Outcome, match
from tapewatch.cli.market_options import CamouflageOption, camouflage_axes
from tapewatch.cli.output import plain, print_json, print_lines, print_table, time_text
from tapewatch.cli.simulator.asking import CasesOption, ask_simulator
from tapewatch.cli.simulator.running import SEVERITY
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import UNREACHABLE, ClientError

UNKNOWN = "?"
COLUMNS = ("scenario", "scheme", "severity>", "instrument", "from", "to", "accounts", "orders>", "trades>", "found as")


def list_schemes(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what can be played, and what severity means for each, in numbers."""
    schemes = ask_simulator(config, target, lambda client: client.list_schemes())
    if as_json:
        print_json(schemes)
        return
    rows = ((each.scheme, each.description, each.severity_description) for each in schemes)
    print_table(("scheme", "what happens", "severity"), rows)


def inject(
    scheme: Annotated[str, typer.Argument(metavar="SCHEME", help="Its name; `simulator schemes` lists them.")],
    severity: Annotated[float, typer.Option("--severity", help="0 (hidden) to 1 (blatant).")] = SEVERITY,
    camouflage: CamouflageOption = "",
    instrument: Annotated[
        str, typer.Option("--instrument", metavar="NAME", help="Where; the simulator chooses without.")
    ] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a scheme into the live run at the next possible moment."""
    hidden = camouflage_axes(camouflage)
    played = ask_simulator(config, target, lambda client: client.inject(scheme, severity, instrument, hidden))
    if as_json:
        print_json(played)
        return
    print_lines(
        ("scenario", f"{played.scenario_id}: {played.typology} at severity {played.severity:g}"),
        ("where", f"{played.venue} {played.instrument}"),
        ("accounts", ", ".join(played.accounts)),
        ("see", "`tapewatch simulator watch`"),
    )


def list_scenarios(
    cases: CasesOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the truth: what was played in this run by whom, and the cases it was found as."""
    scenarios = ask_simulator(config, target, lambda client: client.list_scenarios())
    outcomes, is_known = _found(scenarios, config, cases)
    if as_json:
        print_json(
            [
                {**plain(each.scenario), "cases": [case.number for case in each.cases] if is_known else None}
                for each in outcomes
            ]
        )
        return
    print_table(COLUMNS, (_row(each, is_known) for each in outcomes))
    if not is_known and scenarios:
        print_lines(("found as", "not known: the case service does not answer"))


def _found(
    scenarios: list[simulator_pb2.Scenario], config: Path | None, target: str | None
) -> tuple[tuple[Outcome, ...], bool]:
    """Scenarios with the cases that found them; False where the case service does not answer."""
    if not scenarios:
        return (), True
    since = f"end_time_ns >= {min(each.start_time_ns for each in scenarios)}"

    async def question(client: CaseClient) -> tuple[list[case_pb2.Case], list[alert_pb2.Alert]]:
        return await client.list_cases(since), await client.list_alerts(since)

    try:
        cases, alerts = ask(CaseClient, "cases", config, target, question)
    except ClientError as error:
        if error.reason != UNREACHABLE:
            raise
        return match(scenarios, (), ())[0], False
    return match(scenarios, cases, alerts)[0], True


def _row(outcome: Outcome, is_known: bool) -> tuple[object, ...]:
    scenario = outcome.scenario
    found = outcome.found if outcome.found != MISSED else "not yet"
    return (
        scenario.scenario_id,
        scenario.typology,
        f"{scenario.severity:g}",
        f"{scenario.venue} {scenario.instrument}",
        time_text(scenario.start_time_ns)[11:23],
        time_text(scenario.end_time_ns)[11:23],
        ", ".join(scenario.accounts),
        len(scenario.order_ids),
        len(scenario.trade_ids),
        found if is_known else UNKNOWN,
    )
