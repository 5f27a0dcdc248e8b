"""`tapewatch cases list`."""

from collections.abc import Awaitable

from surveillance.v1 import case_pb2
from tapewatch.cli.alerts import FilterOption, LimitOption, OrderOption, SearchOption
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_table, word
from tapewatch.client.cases import CaseClient


def list_cases(
    filter_text: FilterOption = "",
    order_by: OrderOption = "",
    search: SearchOption = "",
    limit: LimitOption = 100,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List cases, newest first where no order is asked for."""

    def question(client: CaseClient) -> Awaitable[list[case_pb2.Case]]:
        return client.list_cases(filter_text, limit, order_by=order_by, search=search)

    cases = ask(CaseClient, "cases", config, target, question)
    if as_json:
        print_json(cases)
        return
    columns = ("case>", "state", "priority>", "severity", "rules", "instrument", "who", "alerts>", "title")
    print_table(columns, (_row(case) for case in cases))


def _row(case: case_pb2.Case) -> tuple[object, ...]:
    return (
        case.number,
        word(case, "state"),
        case.priority,
        word(case, "severity"),
        ", ".join(case.rule_ids),
        f"{case.venue} {case.instrument}",
        ", ".join(case.owners or case.accounts) or "-",
        len(case.alert_ids),
        case.title,
    )
