"""The service signs by itself: when enough records came, or fewer have waited long enough."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from case_service.audit import Entry
from case_service.auditing.auditor import Auditor, AuditSettings
from case_service.auditing.checkpoint import Purpose, Signer, keys_of
from case_service.auditing.journal import read_checkpoints
from case_service.store import checkpoints
from case_service.store.store import open_store
from tests.case_service.fakes import MINUTE_NS, FakeClock

WAIT_S = 30


@asynccontextmanager
async def auditing(database: str, file: Path, signer: Signer, clock: FakeClock) -> AsyncIterator[Auditor]:
    settings = AuditSettings(checkpoint_records=3, checkpoint_minutes=10, checkpoint_file=file)
    async with open_store(database, clock) as store:
        writing = asyncio.create_task(store.writer.run())
        yield Auditor(store, signer, keys_of([signer.public_key]), settings, clock, look_every_s=0.001)
        writing.cancel()
        await asyncio.wait([writing])


async def note(auditor: Auditor, count: int) -> None:
    entries = [Entry("ann", "Look", "case", detail="{}") for _ in range(count)]
    await auditor.store.write(lambda shared: shared.audit(entries))


async def test_three_records_are_signed_at_once_and_fewer_after_ten_minutes(database: str, tmp_path: Path) -> None:
    clock = FakeClock()
    async with auditing(database, tmp_path / "kept.jsonl", Signer(Ed25519PrivateKey.generate()), clock) as auditor:
        assert not await auditor.due()
        await note(auditor, 2)
        assert not await auditor.due()
        clock.advance(9 * MINUTE_NS)
        assert not await auditor.due()
        clock.advance(MINUTE_NS)
        assert await auditor.due()
        await auditor.checkpoint(Purpose.PERIODIC)
        assert not await auditor.due()
        await note(auditor, 3)
        assert await auditor.due()


async def test_what_a_crash_kept_from_the_file_is_appended_at_the_next_start(database: str, tmp_path: Path) -> None:
    signer, file = Signer(Ed25519PrivateKey.generate()), tmp_path / "kept.jsonl"
    async with auditing(database, tmp_path / "lost.jsonl", signer, FakeClock()) as auditor:
        await note(auditor, 2)
        await auditor.checkpoint(Purpose.DEMAND)
    async with auditing(database, file, signer, FakeClock()) as auditor:
        await note(auditor, 5)
        running = asyncio.create_task(auditor.run())
        async with asyncio.timeout(WAIT_S):
            while len(read_checkpoints(file)) < 2:
                await auditor.store.read(checkpoints.last_checkpoint)
        running.cancel()
        await asyncio.wait([running])
        finding = await auditor.verify()
        assert (finding.problem, finding.checkpoints, finding.signed_sequence) == ("", 2, 7)


async def test_many_records_are_signed_in_several_pieces(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = Signer(Ed25519PrivateKey.generate())
    monkeypatch.setattr(checkpoints, "RECORDS_A_CHECKPOINT_MAX", 4)
    async with auditing(database, tmp_path / "kept.jsonl", signer, FakeClock()) as auditor:
        await note(auditor, 10)
        last = await auditor.checkpoint(Purpose.EXPORT)
        made = await auditor.store.read(checkpoints.all_checkpoints)
        assert [(each.sequence, each.purpose) for each in made] == [
            (4, Purpose.PERIODIC),
            (8, Purpose.PERIODIC),
            (10, Purpose.EXPORT),
        ]
        assert made[-1] == last
        assert (await auditor.verify()).signed_sequence == 10
