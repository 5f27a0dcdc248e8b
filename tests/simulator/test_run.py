import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from fix_gateway.acceptor import serve
from fix_gateway.settings import FixSettings
from simulator import run as run_module
from simulator.app import SimulatorSettings
from simulator.drop_copy import BEGIN_STRING
from simulator.feeds.feed import Connect, Feed, FeedError, FeedKind
from simulator.feeds.fix import FixFeed, open_fix_feed
from simulator.report import Report
from simulator.run import Run, State
from simulator.simulation import Simulation, SimulationConfig, labelled_run, simulate
from simulator.stage import RunRequest, Stage, configure
from simulator.tape import Batch
from tapewatch.fix.mapping import map_message
from tapewatch.fix.message import Message
from tapewatch.fix.profile import load_profile
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import IgnoringApplication, Reply, open_session
from tapewatch.runtime.errors import FailedPrecondition
from tests.simulator.fakes import FakeOutlet, published_nowhere

SHORT = SimulationConfig(seed=1, minutes=0.1)
DEADLINE_S = 20.0


def over_fix(port: int, session: SessionConfig, store: MemoryStore) -> Connect:
    return partial(open_fix_feed, lambda: open_session("127.0.0.1", port, session, store))


def new_run(outlet: FakeOutlet, config: SimulationConfig = SHORT, speed: float = 0.0) -> Run:
    return Run(Simulation(config), outlet.connect, speed)


async def test_a_run_sends_every_event_drains_and_logs_out() -> None:
    outlet = FakeOutlet()
    run = new_run(outlet)
    await run.play()
    assert run.state is State.FINISHED
    assert run.events_sent == run.events_acknowledged == len(outlet.sent) == len(list(simulate(SHORT)))
    assert (outlet.drains, outlet.logouts) == (1, 1)


async def test_a_gateway_that_acknowledges_nothing_fails_the_run_with_the_reason() -> None:
    outlet = FakeOutlet()
    outlet.is_silent = True
    run = new_run(outlet)
    await run.play()
    assert run.state is State.FAILED
    assert "acknowledged nothing" in run.error
    assert run.events_acknowledged == 0


async def test_a_gateway_that_cannot_be_reached_fails_the_run_with_the_reason() -> None:
    def connect() -> AbstractAsyncContextManager[Feed]:
        raise ConnectionError("expected a FIX logon at 127.0.0.1:1")

    run = Run(Simulation(SHORT), connect, 0.0)
    await run.play()
    assert (run.state, run.error) == (State.FAILED, "expected a FIX logon at 127.0.0.1:1")


async def test_a_stopped_run_closes_its_orders_sends_no_more_and_still_drains() -> None:
    outlet = FakeOutlet()
    outlet.hold_after = 100
    run = new_run(outlet, SimulationConfig(seed=1, minutes=0))
    task = asyncio.create_task(run.play())
    await asyncio.wait_for(outlet.reached.wait(), DEADLINE_S)
    run.stop()
    outlet.released.set()
    await asyncio.wait_for(task, DEADLINE_S)
    assert run.state is State.FINISHED
    assert 101 < len(outlet.sent) == run.events_sent == run.events_acknowledged < 300
    leaves = {dict(fields)[37]: dict(fields)[151] for _, fields in outlet.sent}
    assert set(leaves.values()) == {0.0}
    executions = [dict(fields)[17] for _, fields in outlet.sent]
    assert executions == [str(number) for number in range(1, len(executions) + 1)]


async def test_a_paced_run_waits_until_an_event_is_due_and_a_stop_wakes_it() -> None:
    outlet = FakeOutlet()
    run = Run(Simulation(SimulationConfig(seed=1, minutes=60)), outlet.connect, speed=1.0, clock=lambda: 0.0)
    task = asyncio.create_task(run.play())
    async with asyncio.timeout(DEADLINE_S):
        while not outlet.sent:  # noqa: ASYNC110 - polls with a deadline
            await asyncio.sleep(0)
    early = (run.event_time_ns - run.simulation.config.start_time_ns) / 1e9
    assert early <= run_module.PACE_STEP_SECONDS
    run.stop()
    await asyncio.wait_for(task, DEADLINE_S)
    assert run.state is State.FINISHED


async def test_a_speed_changed_on_the_way_holds_from_the_event_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.run.ACKNOWLEDGE_SECONDS", 60.0)
    outlet = FakeOutlet()
    run = Run(Simulation(SHORT), outlet.connect, speed=1.0, clock=lambda: 0.0)
    task = asyncio.create_task(run.play())
    async with asyncio.timeout(DEADLINE_S):
        while not outlet.sent:  # noqa: ASYNC110 - polls with a deadline
            await asyncio.sleep(0)
    run.change_speed(0.0)
    await asyncio.wait_for(task, DEADLINE_S)
    assert (run.state, run.speed) == (State.FINISHED, 0.0)
    assert len(outlet.sent) == len(list(simulate(SHORT)))


async def test_a_run_tells_how_it_ended() -> None:
    run = new_run(FakeOutlet())
    await run.play()
    (last,) = run.simulation.narrative.since(run.simulation.narrative.told - 1)
    assert last.text == f"The market closes: {run.events_sent} events were sent and acknowledged."


class Recorder(IgnoringApplication):
    """A FIX application that keeps what it got."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        self.messages += messages
        return ()


async def test_the_gateway_gets_over_a_real_session_exactly_the_events_of_the_simulation(tmp_path: Path) -> None:
    config = labelled_run(["wash_self"], seed=2, minutes=0.5, severity=1.0)
    recorder = Recorder()
    settings = FixSettings(fix_listen="127.0.0.1:0", store=tmp_path)
    async with await serve(settings, recorder) as acceptor:
        own = SimulatorSettings()
        session = SessionConfig(BEGIN_STRING, own.sender, own.target)
        run = Run(Simulation(config), over_fix(acceptor.port, session, MemoryStore()), 0.0)
        await asyncio.wait_for(run.play(), DEADLINE_S)
    assert (run.state, run.error) == (State.FINISHED, "")
    profile = load_profile("fix44")
    rows = [row for message in recorder.messages for row in map_message(message, profile)[0]]
    expected = list(simulate(config))
    columns = ("event_time_ns", "kind", "execution_id", "order_id", "account", "side", "price", "quantity", "trade_id")
    assert [[row.get(column) for column in columns] for row in rows] == [
        [row.get(column) for column in columns] for row in expected
    ]


async def test_a_gateway_that_restarts_in_mid_run_still_gets_every_event_once(tmp_path: Path) -> None:
    config = SimulationConfig(seed=2, minutes=0.5)
    recorder = Recorder()
    store = MemoryStore()
    settings = FixSettings(fix_listen="127.0.0.1:0", store=tmp_path)
    acceptor = await serve(settings, recorder)
    session = SessionConfig(BEGIN_STRING, SimulatorSettings().sender, SimulatorSettings().target)
    port = acceptor.port
    run = Run(Simulation(config), over_fix(port, session, store), speed=10.0)
    task = asyncio.create_task(run.play())
    async with asyncio.timeout(DEADLINE_S):
        while len(recorder.messages) < 500:  # noqa: ASYNC110 - polls with a deadline
            await asyncio.sleep(0)
    await acceptor.close()
    again = FixSettings(fix_listen=f"127.0.0.1:{port}", store=tmp_path)
    async with await serve(again, recorder):
        await asyncio.wait_for(task, 2 * DEADLINE_S)
    assert (run.state, run.error) == (State.FINISHED, "")
    executions = [message.get(17) for message in recorder.messages]
    assert executions == [row["execution_id"] for row in simulate(config)]


def new_stage(tmp_path: Path, outlet: FakeOutlet) -> Stage:
    return Stage(tmp_path, 1_000_000_000, outlet.destinations, asyncio.create_task, published_nowhere)


async def until_over(run: Run) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not run.is_over:  # noqa: ASYNC110 - polls with a deadline
            await asyncio.sleep(0)


async def test_a_stage_writes_reference_data_and_labels_beside_the_feed(tmp_path: Path) -> None:
    stage = new_stage(tmp_path, FakeOutlet())
    run = stage.start(RunRequest(seed=1, minutes=0.2, speed=0.0, schemes=("wash_self",), severity=1.0)).run
    await until_over(run)
    assert (tmp_path / "accounts.csv").exists()
    assert (tmp_path / "instruments.csv").exists()
    await stage.stop()
    labels = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [label["typology"] for label in labels] == ["wash_self"]


async def test_the_next_run_begins_after_the_one_before_with_ids_of_its_own(tmp_path: Path) -> None:
    outlet = FakeOutlet()
    stage = new_stage(tmp_path, outlet)
    runs = []
    for _ in range(2):
        run = stage.start(RunRequest(seed=1, minutes=0.1, speed=0.0, schemes=(), severity=0.5)).run
        await until_over(run)
        await stage.stop()
        runs.append(run)
    assert runs[0].event_time_ns < runs[1].simulation.config.start_time_ns
    executions = [value for _, fields in outlet.sent for tag, value in fields if tag == 17]
    assert len(executions) == len(set(executions))


async def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path) -> None:
    outlet = FakeOutlet()
    outlet.hold_after = 0
    stage = new_stage(tmp_path, outlet)
    stage.start(RunRequest(seed=1, minutes=1, speed=0.0, schemes=(), severity=0.5))
    with pytest.raises(FailedPrecondition, match="stop it first"):
        stage.start(RunRequest(seed=1, minutes=1, speed=0.0, schemes=(), severity=0.5))
    outlet.released.set()
    await stage.stop()


async def test_stopping_breaks_off_a_run_whose_gateway_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.stage.STOP_SECONDS_MAX", 0.01)
    outlet = FakeOutlet()
    outlet.hold_after = 5
    stage = new_stage(tmp_path, outlet)
    stage.start(RunRequest(seed=1, minutes=1, speed=0.0, schemes=(), severity=0.5))
    await asyncio.wait_for(outlet.reached.wait(), DEADLINE_S)
    run = (await stage.stop()).run
    assert (run.state, run.error) == (State.FAILED, "broken off with 5 events not yet acknowledged")


async def test_a_reset_forgets_the_run_and_its_labels(tmp_path: Path) -> None:
    stage = new_stage(tmp_path, FakeOutlet())
    stage.start(RunRequest(seed=1, minutes=0, speed=0.0, schemes=("spoofing",), severity=0.5))
    await stage.stop()
    assert (tmp_path / "labels.jsonl").exists()
    await stage.reset()
    assert stage.run is None
    assert not (tmp_path / "labels.jsonl").exists()
    with pytest.raises(FailedPrecondition, match="start one first"):
        await stage.stop()


async def test_the_severity_of_schemes_to_come_changes_in_a_run_without_an_end_only(tmp_path: Path) -> None:
    outlet = FakeOutlet()
    outlet.hold_after = 0
    stage = new_stage(tmp_path, outlet)
    open_run = stage.start(RunRequest(seed=1, schemes=("spoofing",), severity=0.5))
    assert stage.adjust(None, 0.2) is open_run
    assert (open_run.severity, open_run.run.simulation.recurring_severity) == (0.2, 0.2)
    with pytest.raises(ValueError, match="found 3"):
        stage.adjust(None, 3.0)
    outlet.released.set()
    await stage.reset()
    outlet.released.clear()
    outlet.hold_after = len(outlet.sent)
    stage.start(RunRequest(seed=1, minutes=1, schemes=("spoofing",), severity=0.5))
    with pytest.raises(FailedPrecondition, match="planned already"):
        stage.adjust(None, 0.2)
    outlet.released.set()
    await stage.reset()
    with pytest.raises(FailedPrecondition, match="start one first"):
        stage.adjust(2.0, None)


def test_a_run_into_files_without_end_or_pace_is_refused() -> None:
    with pytest.raises(ValueError, match="would fill the disk"):
        configure(RunRequest(seed=1, feed=FeedKind.FILE))
    assert configure(RunRequest(seed=1, feed=FeedKind.FILE, speed=1.0)).minutes == 0


async def test_reference_data_is_published_before_the_first_event_and_a_failure_to_ends_the_run(
    tmp_path: Path,
) -> None:
    outlet, published = FakeOutlet(), list[int]()

    async def publish(directory: Path) -> None:
        published.append(len(outlet.sent))
        assert (directory / "accounts.csv").exists()
        if len(published) > 1:
            raise FeedError("the reference data was not published: no service answers")

    stage = Stage(tmp_path, 1_000_000_000, outlet.destinations, asyncio.create_task, publish)
    await until_over(stage.start(RunRequest(seed=1, minutes=0.1, publishes_reference=True)).run)
    await stage.reset()
    assert published == [0]
    run = stage.start(RunRequest(seed=1, minutes=0.1, publishes_reference=True)).run
    await until_over(run)
    assert (run.state, run.error) == (State.FAILED, "the reference data was not published: no service answers")
    await stage.reset()


async def test_reference_data_that_cannot_be_told_on_the_way_ends_the_run_in_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.stage.REFERENCE_SECONDS", 0.001)
    outlet, told = FakeOutlet(), asyncio.Event()

    async def publish(directory: Path) -> None:
        if told.is_set():
            raise FeedError("the reference data was not published: no service answers")
        told.set()

    stage = Stage(tmp_path, 1_000_000_000, outlet.destinations, asyncio.create_task, publish)
    run = stage.start(RunRequest(seed=1, speed=1.0, publishes_reference=True)).run
    await asyncio.wait_for(told.wait(), DEADLINE_S)
    assert not run.is_over
    run.simulation.reference.add("positions", "AC100000", "NRDL", 1)
    await until_over(run)
    assert (run.state, run.error) == (State.FAILED, "the reference data was not published: no service answers")
    await stage.reset()


class ColumnOutlet(FakeOutlet):
    """Counts the rows it got as columns, and one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.executions: list[str] = []
        self.batches = 0
        self.after_batch: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def feed(self) -> AsyncIterator["ColumnFeed"]:
        yield ColumnFeed(self)


class ColumnFeed(FixFeed):
    """A feed that takes columns as well."""

    def __init__(self, outlet: ColumnOutlet) -> None:
        super().__init__(outlet)
        self._columns = outlet

    async def send(self, report: Report) -> None:
        self._columns.executions.append(report.execution_id)

    async def send_batch(self, batch: Batch) -> None:
        self._columns.batches += 1
        self._columns.executions += [str(number) for number in batch.columns["execution"].tolist()]
        self._columns.after_batch()


@pytest.mark.parametrize("speed", [0.0, 1e6])
async def test_an_unpaced_run_goes_by_columns_and_a_pace_on_the_way_event_by_event(
    speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.run.ROWS_A_BATCH", 200)
    outlet = ColumnOutlet()
    run = Run(Simulation(SHORT), outlet.feed, 0.0)
    outlet.after_batch = lambda: run.change_speed(speed)
    await run.play()
    assert (run.state, run.error) == (State.FINISHED, "")
    assert outlet.executions == [row["execution_id"] for row in simulate(SHORT)]
    assert run.events_sent == len(outlet.executions)
    assert (outlet.batches == 1) is bool(speed)


async def test_an_unpaced_run_by_columns_that_is_stopped_closes_its_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.run.ROWS_A_BATCH", 200)
    outlet = ColumnOutlet()
    run = Run(Simulation(SimulationConfig(seed=1, minutes=0)), outlet.feed, 0.0)
    outlet.after_batch = run.stop
    await asyncio.wait_for(run.play(), DEADLINE_S)
    assert (run.state, outlet.batches) == (State.FINISHED, 1)
    assert outlet.executions == [str(number) for number in range(1, len(outlet.executions) + 1)]


async def test_the_same_seed_gives_the_same_market_in_the_next_run(tmp_path: Path) -> None:
    outlet = FakeOutlet()
    stage = new_stage(tmp_path, outlet)
    markets = []
    for _ in range(2):
        outlet.sent.clear()
        await until_over(stage.start(RunRequest(seed=6, minutes=0.2, schemes=("wash_self",))).run)
        await stage.reset()
        markets.append([(dict(fields)[150], dict(fields).get(38), dict(fields)[1]) for _, fields in outlet.sent])
    assert markets[0] == markets[1]
