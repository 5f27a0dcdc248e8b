import io

from rich.console import Console

from surveillance.v1 import event_pb2, ingest_pb2, simulator_pb2
from tapewatch.cli.demo_run import Progress
from tapewatch.cli.demo_view import DemoView
from tapewatch.cli.ledger import LedgerLine
from tests.tapewatch.cli.fakes import CASE, START_NS


def shown(view: DemoView) -> str:
    console = Console(file=io.StringIO(), width=140, height=44, record=True)
    console.print(view.render(44))
    return console.export_text()


def fill(aggressor: bool) -> ingest_pb2.StreamEventsResponse:
    event = event_pb2.Event(
        event_time_ns=START_NS, kind=event_pb2.EVENT_KIND_FILL, instrument="NRDL", side=event_pb2.SIDE_BUY,
        price=50.25, quantity=300, account="A1\x1b[31m", aggressor=aggressor,
    )  # fmt: skip
    return ingest_pb2.StreamEventsResponse(sequence=1, event=event)


def test_a_trade_is_shown_once_by_its_aggressor() -> None:
    view = DemoView()
    view.add_event(fill(aggressor=False))
    view.add_event(fill(aggressor=True))
    assert len(view.trades) == 1
    assert "09:00:00.123 NRDL    buy      300 at 50.25" in shown(view)


def test_cases_sentences_and_the_ledger_are_shown() -> None:
    view = DemoView(engine="compiled")
    view.add_sentence(START_NS, "AC1 shows 1 sell order it does not mean to trade.", "cyan")
    view.add_case(CASE)
    line = LedgerLine("venue", received=3, journalled=3, evaluated=3)
    view.progress = Progress(simulator_pb2.Simulation(events_sent=3, scenarios=1), 3, 3, 0, (line,))
    text = shown(view)
    assert "does not mean to trade" in text
    assert "Withdrew 9,000 within 2 s" in text
    assert "3 = 3 + 0 + 0 holds" in text
    assert "1 scheme played; compiled engine" in text


def test_the_cases_stay_on_the_terminal_when_the_screen_is_gone() -> None:
    view = DemoView(engine="compiled")
    view.add_case(CASE)
    view.progress = Progress(simulator_pb2.Simulation(), 3, 3, 0, (LedgerLine("venue", 3, 3, evaluated=3),))
    words = view.last_words()
    assert words[0] == "1 case opened"
    assert "NRDL  spoofing" in words[1]
    assert words[-2].endswith("3 = 3 + 0 + 0 + 0 holds")


def test_escapes_in_strangers_text_never_reach_the_terminal() -> None:
    view = DemoView()
    view.add_event(fill(aggressor=True))
    view.add_case(CASE)
    console = Console(file=io.StringIO(), width=140, height=44, force_terminal=True, color_system=None)
    console.print(view.render(44))
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[31m" not in console.file.getvalue()
