from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from ingest_service.app import IngestSettings
from ingest_service.app import lifespan as ingest_lifespan
from simulator.feeds.feed import FeedError
from simulator.feeds.ingest import SOURCE, IngestFeed, open_ingest_feed
from simulator.report import Report
from simulator.run import Run, State
from simulator.simulation import Simulation, SimulationConfig
from tapewatch.client.ingest import IngestClient, IngestPublisher
from tapewatch.runtime.security import SecuritySettings
from tapewatch.runtime.service import running_service

LOCAL = SecuritySettings()
SHORT = SimulationConfig(seed=1, minutes=0.3)


@pytest.fixture
async def ingest(tmp_path: Path) -> AsyncIterator[str]:
    settings = IngestSettings(listen="127.0.0.1:0", directory=tmp_path)
    async with running_service("ingest", settings, ingest_lifespan) as service:
        yield str(service.address)


async def test_every_event_is_journalled_once_over_two_runs_and_the_source_ends(ingest: str) -> None:
    sent = 0
    for epoch in range(2):
        config = SimulationConfig(seed=1, minutes=0.3, start_time_ns=SHORT.start_time_ns + epoch * 60 * 10**9)
        run = Run(Simulation(config), partial(open_ingest_feed, ingest, LOCAL, epoch), 0.0)
        await run.play()
        assert (run.state, run.error) == (State.FINISHED, "")
        assert run.events_sent == run.events_acknowledged
        sent += run.events_sent
    async with IngestClient(ingest) as client:
        source = await client.get_source(SOURCE)
    assert (source.received, source.journalled, source.rejected, source.duplicate) == (sent, sent, 0, 0)
    assert source.ended


async def test_an_event_ingest_refuses_fails_the_feed_and_says_which_field(ingest: str) -> None:
    (good, *_) = Simulation(SHORT).reports()
    wrong: Report = good._replace(quantity=-1.0)
    async with IngestPublisher(ingest, LOCAL, name="test") as publisher:
        feed = IngestFeed(publisher, 0)
        await feed.send(wrong)
        with pytest.raises(FeedError, match="ingest refused 1 events, the first for quantity"):
            await feed.drained(5.0)


async def test_an_ingest_that_stays_away_fails_the_run_and_names_it(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr("simulator.feeds.ingest.PATIENCE_SECONDS", 0.1)
    target = f"127.0.0.1:{unused_tcp_port}"
    run = Run(Simulation(SHORT), lambda: open_ingest_feed(target, LOCAL, 0), 0.0)
    await run.play()
    assert run.state is State.FAILED
    assert target in run.error
