"""`tapewatch cases show`: one case."""

from surveillance.v1 import case_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import CaseArgument
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_lines, time_text, word
from tapewatch.client.cases import CaseClient


def show_case(
    case_id: CaseArgument, target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show one case with its explanations and comments."""
    case = ask(CaseClient, "cases", config, target, lambda client: client.get_case(case_id))
    show(case, as_json)


def show(case: case_pb2.Case, as_json: bool) -> None:
    """Print a case as JSON or in lines."""
    if as_json:
        print_json(case)
        return
    ended = f": {word(case, 'disposition')}, {case.disposition_reason}" if case.disposition else ""
    print_lines(
        ("case", f"{case.number} ({case.case_id[:12]}): {case.title}"),
        ("state", f"{word(case, 'state')}{ended}"),
        ("priority", f"{case.priority}, {word(case, 'severity')}, score {case.score:.2f}"),
        ("assignee", case.assignee or "-"),
        ("due", time_text(case.due_time_ns)),
        ("where", f"{case.venue} {case.instrument}"),
        ("when", f"{time_text(case.start_time_ns)} to {time_text(case.end_time_ns)}"),
        ("accounts", ", ".join(case.accounts) or "-"),
        ("owners", ", ".join(case.owners) or "-"),
        *(("why", explanation) for explanation in case.explanations),
        *(("alert", alert_id) for alert_id in case.alert_ids),
        *(("comment", f"{time_text(each.time_ns)} {each.author}: {each.text}") for each in case.comments),
    )
