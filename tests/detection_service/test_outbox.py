"""Revisions are numbered, streamed from a cursor, and sent until they are recorded."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence

import pytest

from detection_service import outbox as module
from detection_service.outbox import Outbox
from surveillance.v1 import alert_pb2
from tapewatch.alert import Alert
from tapewatch.runtime.errors import OutOfRange
from tests.case_service.fakes import alert
from tests.detection_service.fakes import Recorder


def revisions(count: int, first: int = 1) -> list[Alert]:
    return [dataclasses.replace(alert("a"), revision=number) for number in range(first, first + count)]


async def read(stream: AsyncIterator[tuple[alert_pb2.Alert, str]], count: int) -> list[tuple[int, str]]:
    found = []
    async with asyncio.timeout(5):
        for _ in range(count):
            message, cursor = await anext(stream)
            found.append((message.revision, cursor))
    return found


async def test_from_0_all_that_is_held_is_streamed_with_its_cursors() -> None:
    outbox = Outbox()
    outbox.put(revisions(3))
    assert await read(outbox.revisions("0"), 3) == [(1, "1"), (2, "2"), (3, "3")]


async def test_a_cursor_goes_on_behind_the_revision_it_came_with() -> None:
    outbox = Outbox()
    outbox.put(revisions(3))
    ((_, cursor),) = await read(outbox.revisions("0"), 1)
    assert await read(outbox.revisions(cursor), 2) == [(2, "2"), (3, "3")]


async def test_without_a_cursor_only_new_revisions_are_streamed() -> None:
    outbox = Outbox()
    outbox.put(revisions(2))
    waiting = asyncio.create_task(read(outbox.revisions(""), 1))
    await asyncio.sleep(0)
    outbox.put(revisions(1, first=7))
    assert await waiting == [(7, "3")]


async def test_a_reader_that_has_all_waits_for_the_next() -> None:
    outbox = Outbox()
    outbox.put(revisions(1))
    stream = outbox.revisions("0")
    await read(stream, 1)
    waiting = asyncio.create_task(read(stream, 2))
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put(revisions(1, first=2))
    outbox.put(revisions(1, first=3))
    assert await waiting == [(2, "2"), (3, "3")]


async def test_cursors_mean_the_same_after_a_restart() -> None:
    outbox = Outbox(made=2)
    outbox.put(revisions(2, first=3))
    assert await read(outbox.revisions("3"), 1) == [(4, "4")]
    assert await read(outbox.revisions("0"), 2) == [(3, "3"), (4, "4")]


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [("1", "CURSOR_TOO_OLD"), ("5", "CURSOR_UNKNOWN"), ("-1", "CURSOR_UNKNOWN"), ("x", "CURSOR_UNKNOWN")],
)
async def test_a_cursor_that_can_not_be_served_is_out_of_range(cursor: str, reason: str) -> None:
    outbox = Outbox(made=2)
    outbox.put(revisions(2, first=3))
    with pytest.raises(OutOfRange) as raised:
        await read(outbox.revisions(cursor), 1)
    assert raised.value.reason == reason


async def test_a_reader_left_behind_by_what_is_held_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD_MAX", 2)
    outbox = Outbox()
    outbox.put(revisions(1))
    stream = outbox.revisions("0")
    await read(stream, 1)
    outbox.put(revisions(3, first=2))
    with pytest.raises(OutOfRange) as raised:
        await read(stream, 1)
    assert raised.value.reason == "CURSOR_TOO_OLD"


async def test_revisions_are_recorded_in_order_and_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_MAX", 4)
    outbox, recorder = Outbox(), Recorder()
    outbox.put(revisions(10))
    recorder.open.set()
    task = asyncio.create_task(outbox.run(recorder))
    async with asyncio.timeout(5):
        await outbox.until(lambda: outbox.recorded == 10)
    task.cancel()
    assert [message.revision for message in recorder.recorded] == list(range(1, 11))
    assert recorder.batches == [4, 4, 2]


class Refusing:
    """A case service that will never take what it is given."""

    async def record_alerts(self, alerts: Sequence[alert_pb2.Alert], patience_s: float | None) -> object:
        raise ValueError("an alert breaks the contract")


async def test_an_error_the_store_will_not_get_over_ends_the_run_and_loses_nothing() -> None:
    outbox = Outbox()
    outbox.put(revisions(2))
    with pytest.raises(ValueError, match="breaks the contract"):
        await outbox.run(Refusing())
    assert (outbox.made, outbox.recorded) == (2, 0)


async def test_a_full_outbox_says_so_until_the_store_takes_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PENDING_MAX", 3)
    outbox, recorder = Outbox(), Recorder()
    outbox.put(revisions(3))
    assert outbox.full
    task = asyncio.create_task(outbox.run(recorder))
    recorder.open.set()
    async with asyncio.timeout(5):
        await outbox.until(lambda: not outbox.full)
    task.cancel()
