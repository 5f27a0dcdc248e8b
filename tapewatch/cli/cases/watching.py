"""`tapewatch cases watch`: a live table on a terminal, a line a change elsewhere."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

from rich.live import Live
from rich.table import Table

from surveillance.v1 import case_pb2
from tapewatch.cli.alerts import AllOption, WatchLimitOption
from tapewatch.cli.calls import ask, show_each
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import console, harmless, print_json, table, time_text, word
from tapewatch.client.cases import CaseClient

ROWS_SHOWN_MAX = 40
REFRESHES_A_SECOND = 4
COLUMNS = ("case>", "state", "priority>", "due", "ageing", "assignee", "who", "alerts>", "title")
OPEN_CASES = "state != CLOSED"


def watch_cases(
    everything: AllOption = False,
    limit: WatchLimitOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch cases until Ctrl-C: on a terminal a table of those open, most urgent first; else a line a change."""
    cursor = "0" if everything else ""
    if sys.stdout.isatty() and not as_json:
        ask(CaseClient, "cases", config, target, lambda client: _live(client, limit))
        return

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
        lambda client: show_each(client.watch_cases(cursor), lambda answer: show(answer.case), limit),
    )


class Board:
    """The cases of the table, as they were last seen."""

    def __init__(self) -> None:
        self._cases: dict[str, case_pb2.Case] = {}

    def take(self, case: case_pb2.Case) -> None:
        """Enter a case as it is now; a closed one leaves."""
        if case.state == case_pb2.CASE_STATE_CLOSED:
            self._cases.pop(case.case_id, None)
        else:
            self._cases[case.case_id] = case

    def table(self) -> Table:
        """The most urgent cases first, and of equal ones the first due."""
        cases = sorted(self._cases.values(), key=lambda case: (case.priority, case.due_time_ns, case.number))
        more = f", {len(cases) - ROWS_SHOWN_MAX} more below" if len(cases) > ROWS_SHOWN_MAX else ""
        return table(COLUMNS, (_row(case) for case in cases[:ROWS_SHOWN_MAX]), f"{len(cases)} open{more}; Ctrl-C ends")


async def _live(client: CaseClient, limit: int | None) -> None:
    board = Board()
    changes: AsyncGenerator[case_pb2.WatchCasesResponse, None] = client.watch_cases("")
    seen = 0
    async with aclosing(changes):
        first = asyncio.ensure_future(anext(changes))  # the watch begins before the list: nothing falls between
        for case in await client.list_cases(OPEN_CASES):
            board.take(case)
        with Live(board.table(), console=console(), refresh_per_second=REFRESHES_A_SECOND) as shown:
            while limit is None or seen < limit:
                answer = await first
                board.take(answer.case)
                shown.update(board.table())
                seen += 1
                first = asyncio.ensure_future(anext(changes))
            first.cancel()


def _row(case: case_pb2.Case) -> tuple[object, ...]:
    return (
        case.number,
        word(case, "state"),
        case.priority,
        time_text(case.due_time_ns)[:16],
        word(case, "ageing").lower().replace("_", " "),
        case.assignee or "-",
        ", ".join(case.owners or case.accounts) or "-",
        len(case.alert_ids),
        case.title,
    )
