import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DatabaseError

from case_service.audit import Entry
from case_service.store.databases.database import Database
from case_service.store.reading import verify_audit
from case_service.store.tables import audit_records, heads
from case_service.store.transaction import Transaction
from case_service.store.writer import Writer
from tapewatch.runtime.errors import Aborted, ResourceExhausted, Unavailable


@asynccontextmanager
async def running(writer: Writer) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(writer.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        writer.close()


def note(shared: Transaction, action: str) -> int:
    shared.audit([Entry("ann", action, "case")])
    return shared.next_change()


async def stored(held: Database) -> tuple[list[str], int]:
    def look(connection: Connection) -> tuple[list[str], int]:
        actions = connection.execute(select(audit_records.c.action).order_by(audit_records.c.sequence)).scalars().all()
        assert verify_audit(connection).problem == ""
        return list(actions), connection.execute(select(heads.c.change_sequence)).scalar_one()

    return await asyncio.to_thread(held.read, look)


async def test_work_is_answered_after_its_commit_and_the_bell_rings(held: Database) -> None:
    rung: list[int] = []
    writer = Writer(held, lambda: 7, rung.append)
    async with running(writer):
        assert await writer.write(lambda shared: note(shared, "one")) == 1
        assert await stored(held) == (["one"], 1)
    assert rung == [1]


async def test_work_that_waits_shares_one_transaction_in_its_order(held: Database) -> None:
    rung: list[int] = []
    writer = Writer(held, lambda: 7, rung.append)
    works = [partial(note, action=name) for name in "abc"]
    waiting = [asyncio.ensure_future(writer.write(work)) for work in works]
    await asyncio.sleep(0)
    async with running(writer):
        assert await asyncio.gather(*waiting) == [1, 2, 3]
    assert (await stored(held), rung) == ((["a", "b", "c"], 3), [3])


async def test_work_that_refuses_is_undone_alone(held: Database) -> None:
    def refuse(shared: Transaction) -> int:
        note(shared, "never")
        shared.connection.execute(insert(audit_records).values(**_row(99)))
        raise Aborted("STALE", "no")

    writer = Writer(held, lambda: 7, lambda _: None)
    works = [lambda shared: note(shared, "a"), refuse, lambda shared: note(shared, "b")]
    waiting = [asyncio.ensure_future(writer.write(work)) for work in works]
    await asyncio.sleep(0)
    async with running(writer):
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in outcomes] == [int, Aborted, int]
    assert await stored(held) == (["a", "b"], 2)


def _row(sequence: int) -> dict[str, object]:
    texts = dict.fromkeys(("actor", "action", "subject", "reason", "detail", "previous_hash", "hash", "alert_id"), "x")
    return {"sequence": sequence, "time_ns": 0, "from_state": 0, "to_state": 0, **texts}


async def test_a_database_error_ends_the_writer_and_acknowledges_nothing_of_the_group(held: Database) -> None:
    def broken(shared: Transaction) -> None:
        shared.connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    writer = Writer(held, lambda: 7, lambda _: None)
    waiting = [asyncio.ensure_future(writer.write(work)) for work in (lambda shared: note(shared, "a"), broken)]
    await asyncio.sleep(0)
    async with running(writer) as task:
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in outcomes] == [Unavailable, Unavailable]
        with pytest.raises(DatabaseError):
            await task
        with pytest.raises(Unavailable, match="takes no more writes"):
            await writer.write(lambda shared: note(shared, "late"))
    assert await stored(held) == ([], 0)


async def test_a_full_queue_refuses_with_a_time_to_come_back(held: Database) -> None:
    writer = Writer(held, lambda: 7, lambda _: None, queue_max=2)
    waiting = [asyncio.ensure_future(writer.write(lambda shared: note(shared, "a"))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhausted, match="expected fewer than 2 writes waiting") as caught:
        await writer.write(lambda shared: note(shared, "b"))
    assert caught.value.retry_after_ms == 200
    async with running(writer):
        assert await asyncio.gather(*waiting) == [1, 2]


async def test_a_caller_that_goes_away_does_not_disturb_the_others(held: Database) -> None:
    entered, release = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(shared: Transaction) -> int:
        loop.call_soon_threadsafe(entered.set)
        assert release.wait(10)
        return note(shared, "slow")

    writer = Writer(held, lambda: 7, lambda _: None)
    async with running(writer):
        gone = asyncio.ensure_future(writer.write(slow))
        await entered.wait()
        gone.cancel()
        release.set()
        assert await writer.write(lambda shared: note(shared, "next")) == 2
    assert await stored(held) == (["slow", "next"], 2)
