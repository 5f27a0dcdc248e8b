import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from case_service.case import case_id_of
from case_service.convert import incoming_of
from case_service.grouping import Policy
from case_service.recorder import ALERTS_JOINED, Recorder
from case_service.store.batch import Incoming
from case_service.store.store import Store, open_store
from tapewatch import alert as alerts
from tapewatch.runtime.errors import ResourceExhausted, Unavailable
from tests.case_service.fakes import FakeClock, alert, alert_id


def batch(*names: object) -> list[Incoming]:
    return [incoming_of(alerts.to_message(alert(name)), 0) for name in names]


@asynccontextmanager
async def recording(database: str, batches_max: int = 10) -> AsyncIterator[tuple[Store, Recorder, asyncio.Task[None]]]:
    """A store, a recorder that does not run yet, and the writer's task."""
    async with open_store(database, FakeClock()) as store:
        recorder = Recorder(store, Policy(), batches_max)
        writing = asyncio.create_task(store.writer.run())
        yield store, recorder, writing
        writing.cancel()
        await asyncio.wait([writing])


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_batches_that_wait_share_a_unit_and_each_gets_its_own_outcomes(database: str) -> None:
    async with recording(database) as (store, recorder, _):
        waiting = [asyncio.ensure_future(recorder.record(batch(*names))) for names in ("ab", "", "ca", "d")]
        await asyncio.sleep(0)
        running = asyncio.create_task(recorder.run())
        outcomes = await asyncio.gather(*waiting)
        assert [[(each.alert_id, each.changed) for each in one] for one in outcomes] == [
            [(alert_id("a"), True), (alert_id("b"), True)],
            [],
            [(alert_id("c"), True), (alert_id("a"), False)],
            [(alert_id("d"), True)],
        ]
        assert {each.case_id for one in outcomes for each in one} == {case_id_of(alert_id("a"))}
        assert store.bell.position == 5, "expected one change of the case and one of each alert: a single unit"
        await ended(running)


async def test_a_large_batch_is_not_joined_by_another(database: str) -> None:
    async with recording(database) as (store, recorder, _):
        many = batch(*range(ALERTS_JOINED))
        waiting = [asyncio.ensure_future(recorder.record(each)) for each in (many, batch("x"))]
        await asyncio.sleep(0)
        running = asyncio.create_task(recorder.run())
        first, _ = await asyncio.gather(*waiting)
        cases = len({each.case_id for each in first})
        assert store.bell.position == ALERTS_JOINED + cases + 2, "expected two units"
        await ended(running)


async def test_more_batches_than_may_wait_are_refused(database: str) -> None:
    async with recording(database, batches_max=1) as (_, recorder, _):
        waiting = asyncio.ensure_future(recorder.record(batch("a")))
        await asyncio.sleep(0)
        with pytest.raises(ResourceExhausted, match="expected fewer than 1 batches of alerts waiting"):
            await recorder.record(batch("b"))
        running = asyncio.create_task(recorder.run())
        assert (await waiting)[0].changed
        await ended(running)


async def test_when_the_writer_has_ended_callers_are_told(database: str) -> None:
    async with recording(database) as (_, recorder, writing):
        running = asyncio.create_task(recorder.run())
        assert (await recorder.record(batch("a")))[0].changed
        await ended(writing)
        with pytest.raises(Unavailable):
            await recorder.record(batch("a"))
        await ended(running)
        with pytest.raises(Unavailable):
            await recorder.record(batch("a"))


async def test_a_caller_that_went_away_does_not_keep_the_others(database: str) -> None:
    async with recording(database) as (_, recorder, _):
        waiting = [asyncio.ensure_future(recorder.record(batch(name))) for name in "ab"]
        await asyncio.sleep(0)
        waiting[0].cancel()
        running = asyncio.create_task(recorder.run())
        assert (await waiting[1])[0].alert_id == alert_id("b")
        await ended(running)
