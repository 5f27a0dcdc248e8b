"""Batches on their way to an application: how many at once, in which order, and when their numbers count."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tapewatch.fix.codec import Message, encode
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import HandOnError, IgnoringApplication, NoRecorder, Reply, hand_on
from tapewatch.fix.transport.hand_on import HandOn
from tests.tapewatch.fix.fix_peer import START_NS, report_fields

CONFIG = SessionConfig("FIX.4.4", "US", "THEM", role="acceptor", sending_time_tolerance_s=0)
BATCH = 10
HEAD = [(49, "THEM"), (56, "US"), (52, "20260105-09:00:00")]
FIRST = 2
"""The number behind the Logon's."""


class Held(IgnoringApplication):
    """Answers a batch, named by its first number, when told to."""

    def __init__(self, hand_ons_max: int) -> None:
        self.hand_ons_max = hand_ons_max
        self.answers: dict[int, asyncio.Future[None]] = {}

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        first = messages[0].sequence
        assert first is not None
        self.answers[first] = asyncio.get_running_loop().create_future()
        await self.answers[first]
        return ()


class Bench:
    def __init__(self, hand_ons_max: int) -> None:
        self.session = Session(CONFIG, MemoryStore())
        self.session.connected(START_NS)
        self.session.receive(encode("FIX.4.4", [(35, "A"), *HEAD, (34, 1), (98, 0), (108, 30)]), START_NS)
        self.application = Held(hand_ons_max)
        self.hand_on = HandOn(self.session, self.application, NoRecorder())

    def come(self, count: int) -> None:
        """So many messages come in one read."""
        first = self.session.expected
        data = b"".join(
            encode("FIX.4.4", [(35, "8"), *HEAD, (34, number), *report_fields(f"E{number}")])
            for number in range(first, first + count)
        )
        self.hand_on.add(self.session.receive(data, START_NS).messages)

    @property
    def confirmed(self) -> int:
        return self.session.store.next_inbound

    async def begun(self, *firsts: int) -> None:
        """Waits until these batches have begun, and no others."""
        async with asyncio.timeout(30):
            while list(self.application.answers) != list(firsts):  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0)


@asynccontextmanager
async def bench(monkeypatch: pytest.MonkeyPatch, hand_ons_max: int) -> AsyncIterator[Bench]:
    monkeypatch.setattr(hand_on, "BATCH_MESSAGES_MAX", BATCH)
    running = Bench(hand_ons_max)
    yield running
    await running.hand_on.give_up()


async def test_an_application_is_handed_one_batch_at_a_time_unless_it_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with bench(monkeypatch, 1) as running:
        running.come(3 * BATCH)
        waiting = asyncio.create_task(running.hand_on.next_batch())
        await running.begun(FIRST)
        running.application.answers[FIRST].set_result(None)
        await waiting
        assert running.confirmed == FIRST + BATCH
        await running.begun(FIRST, FIRST + BATCH)
        assert len(running.hand_on) == 2 * BATCH


async def test_whole_batches_begin_while_the_first_is_made_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(monkeypatch, 3) as running:
        running.come(3)
        waiting = asyncio.create_task(running.hand_on.next_batch())
        await running.begun(FIRST)
        running.come(BATCH - 1)
        assert list(running.application.answers) == [FIRST]
        running.come(3 * BATCH)
        await running.begun(FIRST, FIRST + 3, FIRST + 3 + BATCH)
        running.application.answers[FIRST].set_result(None)
        await waiting


async def test_numbers_count_in_sequence_though_later_batches_are_durable_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with bench(monkeypatch, 2) as running:
        running.come(2 * BATCH)
        waiting = asyncio.create_task(running.hand_on.next_batch())
        await running.begun(FIRST, FIRST + BATCH)
        running.application.answers[FIRST + BATCH].set_result(None)
        await running.hand_on._begun[1].task
        assert running.confirmed == FIRST
        running.application.answers[FIRST].set_result(None)
        await waiting
        assert running.confirmed == FIRST + BATCH
        await running.hand_on.next_batch()
        assert running.confirmed == FIRST + 2 * BATCH
        assert len(running.hand_on) == 0


async def test_no_number_counts_behind_a_batch_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(monkeypatch, 3) as running:
        running.come(3 * BATCH)
        waiting = asyncio.create_task(running.hand_on.next_batch())
        await running.begun(FIRST, FIRST + BATCH, FIRST + 2 * BATCH)
        running.application.answers[FIRST + BATCH].set_result(None)
        running.application.answers[FIRST].set_exception(HandOnError("ingest is away"))
        with pytest.raises(HandOnError):
            await waiting
        await running.hand_on.give_up()
        assert running.confirmed == FIRST
        assert running.application.answers[FIRST + 2 * BATCH].cancelled()


async def test_nothing_begins_while_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(monkeypatch, 2) as running:
        running.hand_on.is_held = True
        running.come(2 * BATCH)
        assert await running.hand_on.next_batch() == ()
        assert not running.hand_on.is_begun
        running.hand_on.is_held = False
        waiting = asyncio.create_task(running.hand_on.next_batch())
        await running.begun(FIRST, FIRST + BATCH)
        running.application.answers[FIRST].set_result(None)
        await waiting
