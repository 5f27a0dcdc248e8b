"""`tapewatch cases watch`."""

from surveillance.v1 import case_pb2
from tapewatch.cli.alerts import AllOption, WatchLimitOption
from tapewatch.cli.calls import ask, show_each
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import console, harmless, print_json, word
from tapewatch.client.cases import CaseClient


def watch_cases(
    everything: AllOption = False,
    limit: WatchLimitOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print cases as they change, until Ctrl-C."""

    def show(case: case_pb2.Case) -> None:
        if as_json:
            print_json(case, flush=True)
        else:
            console().print(harmless(f"case {case.number} {word(case, 'state')} {case.title}"))

    ask(
        CaseClient,
        "cases",
        config,
        target,
        lambda client: show_each(
            client.watch_cases("0" if everything else ""), lambda answer: show(answer.case), limit
        ),
    )
