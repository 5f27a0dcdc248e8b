"""The demo's live view: the trade stream, what is happening, the cases with their explanations, the ledger."""

import asyncio
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from surveillance.v1 import case_pb2, event_pb2, ingest_pb2
from tapewatch.cli.demo_run import DemoClients, Progress
from tapewatch.cli.ledger import equations, total
from tapewatch.cli.output import counted, harmless, table, time_text, word
from tapewatch.client.connection import ended_by_server, resumed
from tapewatch.client.retry import Backoff

REFRESH_S = 0.25
TRADES_KEPT_MAX = 100
SIGNALS_KEPT_MAX = 50
EVENTS_BEHIND_MAX = 5_000
CASES_SHOWN_MAX = 12
SEVERITY_STYLES = {"CRITICAL": "bold red", "HIGH": "red", "MEDIUM": "yellow", "LOW": "dim"}
SIDES = {event_pb2.SIDE_BUY: "buy", event_pb2.SIDE_SELL: "sell"}


@dataclass(slots=True)
class DemoView:
    """What the panels show; `render` draws it."""

    engine: str = ""
    trades: deque[Text] = field(default_factory=lambda: deque(maxlen=TRADES_KEPT_MAX))
    signals: deque[Text] = field(default_factory=lambda: deque(maxlen=SIGNALS_KEPT_MAX))
    cases: dict[str, case_pb2.Case] = field(default_factory=dict)
    progress: Progress | None = None

    def add_event(self, answer: ingest_pb2.StreamEventsResponse) -> None:
        """Show a trade; the aggressor's side of a match, so that each is shown once."""
        event = answer.event
        if event.kind != event_pb2.EVENT_KIND_FILL or not event.aggressor:
            return
        line = f"{_clock(event.event_time_ns)} {event.instrument:<6}{SIDES.get(event.side, ''):>5}"
        line += f"{event.quantity:>9g} at {event.price:<10g} {event.account}"
        self.trades.append(Text(harmless(line), style="green" if event.side == event_pb2.SIDE_BUY else "red"))

    def add_sentence(self, event_time_ns: int, text: str, style: str) -> None:
        """Show what is happening."""
        self.signals.append(Text(harmless(f"{_clock(event_time_ns)} {text}"), style=style))

    def add_case(self, case: case_pb2.Case) -> None:
        """Show a case as it now is."""
        self.cases[case.case_id] = case

    def render(self, height: int) -> Layout:
        """The whole screen, `height` lines."""
        layout = Layout()
        layout.split_column(Layout(name="top", ratio=3), Layout(name="cases", ratio=4), Layout(name="ledger", size=8))
        layout["top"].split_row(Layout(name="trades", ratio=2), Layout(name="signals", ratio=3))
        rows = max(1, (height - 8) * 3 // 7 - 2)
        layout["trades"].update(Panel(Group(*list(self.trades)[-rows:]), title="Trades"))
        layout["signals"].update(Panel(Group(*list(self.signals)[-rows:]), title="What happens, what is noticed"))
        layout["cases"].update(Panel(self._cases(), title=f"Cases ({len(self.cases)})"))
        layout["ledger"].update(Panel(self._ledger(), title="Ledger", subtitle="Ctrl-C ends"))
        return layout

    def last_words(self) -> list[str]:
        """What stays on the terminal when the screen is gone."""
        by_number = sorted(self.cases.values(), key=lambda case: case.number)
        cases = [
            harmless(f"case {case.number}  {word(case, 'severity')}  {case.instrument}  {', '.join(case.rule_ids)}")
            for case in by_number
        ]
        ledger = equations(total(self.progress.ledger)) if self.progress else []
        return [f"{counted(len(cases), 'case')} opened", *cases, *ledger]

    def _cases(self) -> RenderableType:
        latest = sorted(self.cases.values(), key=lambda case: -case.number)[:CASES_SHOWN_MAX]
        rows = [
            (
                case.number,
                Text(word(case, "severity"), style=SEVERITY_STYLES.get(word(case, "severity"), "")),
                f"{case.instrument}",
                ", ".join(case.rule_ids),
                case.explanations[0] if case.explanations else case.title,
            )
            for case in latest
        ]
        return table(("case>", "severity", "instrument", "rules", "why"), rows)

    def _ledger(self) -> RenderableType:
        if self.progress is None:
            return Text("starting")
        whole = total(self.progress.ledger)
        simulation = self.progress.simulation
        return Group(
            Text(f"market time {time_text(simulation.event_time_ns)}; "
                 f"{counted(simulation.scenarios, 'scheme')} played; {self.engine} engine"),
            Text(f"sent {simulation.events_sent}, acknowledged {simulation.events_acknowledged}, "
                 f"received {whole.received}, evaluated {whole.evaluated}, late {whole.late}, pending {whole.pending}, "
                 f"unknown orders {whole.unknown_order}"),
            *(Text(line) for line in equations(whole)),
        )  # fmt: skip


def _clock(time_ns: int) -> str:
    return time_text(time_ns)[11:23]


async def watch_live(clients: DemoClients, view: DemoView, console: Console) -> None:
    """Show the view until cancelled; a service that goes away for a moment is waited for."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_follow_trades(clients, view))
        group.create_task(_follow_narrative(clients, view))
        group.create_task(_follow_alerts(clients, view))
        group.create_task(_follow_cases(clients, view))
        group.create_task(_follow_ledger(clients, view))
        group.create_task(_draw(view, console))


async def _draw(view: DemoView, console: Console) -> None:
    with Live(view.render(console.height), console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(view.render(console.height), refresh=True)
            await asyncio.sleep(REFRESH_S)


async def _follow_trades(clients: DemoClients, view: DemoView) -> None:
    """The live trades; where they come faster than rows can be streamed, some are left out."""
    ended = ended_by_server(clients.ingest.target)
    while True:
        async with aclosing(resumed(clients.ingest.stream_events, Backoff(), ended)) as answers:
            async for answer in answers:
                view.add_event(answer)
                if view.progress is not None and view.progress.journal_next - answer.sequence > EVENTS_BEHIND_MAX:
                    break


async def _follow_narrative(clients: DemoClients, view: DemoView) -> None:
    ended = ended_by_server(clients.simulator.target)
    async for sentence in resumed(clients.simulator.watch_narrative, Backoff(), ended):
        view.add_sentence(sentence.event_time_ns, sentence.text, "cyan" if sentence.scenario_id else "dim")


async def _follow_alerts(clients: DemoClients, view: DemoView) -> None:
    async for answer in clients.cases.watch_alerts("0"):
        alert = answer.alert
        if alert.revision == 1:
            text = f"ALERT {alert.rule_id} {alert.instrument}: {alert.explanation}"
            view.add_sentence(alert.end_time_ns, text, SEVERITY_STYLES.get(word(alert, "severity"), ""))


async def _follow_cases(clients: DemoClients, view: DemoView) -> None:
    async for answer in clients.cases.watch_cases("0"):
        view.add_case(answer.case)


async def _follow_ledger(clients: DemoClients, view: DemoView) -> None:
    while True:
        view.progress = await clients.progress_if_all_are_up() or view.progress
        await asyncio.sleep(REFRESH_S * 2)
