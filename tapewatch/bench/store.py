"""Where alerts and events come to rest: the case service's store, alone and over gRPC, and the journal."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic

from case_service.convert import incoming_of
from case_service.grouping import Policy
from case_service.recorder import Recorder
from case_service.store.store import open_store
from surveillance.v1 import alert_pb2
from tapewatch.bench import market
from tapewatch.bench.case_stores import databases
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of
from tapewatch.bench.stack import running
from tapewatch.client.cases import CaseClient
from tapewatch.client.connection import LOCAL
from tapewatch.runtime.journal import Journal, RecordKind

PART = "store"
BATCHES = (1, 100, 1000)
ALERTS_MAX = {1: 200, 100: 2_000, 1000: 4_000}
"""Alerts recorded in a run, by batch size."""
OWNERS = 500
ALERTS_A_CASE = 4
RUNS = 3
JOURNAL_BYTES = 128 << 20
JOURNAL_ROWS = 512
COMMIT_EVERY_BYTES = 4 << 20
START_NS = market.START_NS
MINUTE_NS = 60 * 10**9

Record = Callable[[Sequence[alert_pb2.Alert]], Awaitable[int]]
"""Records a batch; how many alerts changed something."""


def measure(seconds: float) -> list[Figure]:
    """Alerts/s by batch size, and MB/s of the journal; bounded by ALERTS_MAX and JOURNAL_BYTES, whatever `seconds`."""
    del seconds
    figures = [*asyncio.run(_service()), *asyncio.run(_journal())]
    with databases() as places:
        for name, location in places:
            figures += asyncio.run(_store(name, location))
    return figures


async def _store(name: str, location: str) -> list[Figure]:
    """Through the recorder and the store in this process."""
    async with open_store(location, time.time_ns) as store:
        recorder = Recorder(store, Policy())
        tasks = [asyncio.create_task(store.writer.run()), asyncio.create_task(recorder.run())]

        async def record(alerts: Sequence[alert_pb2.Alert]) -> int:
            incoming = [incoming_of(alert, place) for place, alert in enumerate(alerts)]
            return sum(outcome.changed for outcome in await recorder.record(incoming))

        try:
            return await _rates(f"RecordAlerts in process, {name}", record)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _service() -> list[Figure]:
    """Over gRPC into the real service, one call at a time."""
    async with running(["cases"]) as stack, CaseClient(stack.addresses["cases"], LOCAL) as client:

        async def record(alerts: Sequence[alert_pb2.Alert]) -> int:
            return sum(result.changed for result in await client.record_alerts(alerts))

        return await _rates("RecordAlerts over gRPC", record)


async def _rates(name: str, record: Record) -> list[Figure]:
    alerts = _alerts()
    figures = []
    for batch in BATCHES:
        rates = [await _rate(record, alerts, batch) for _ in range(RUNS)]
        figures.append(figure_of(PART, f"{name}, batch {batch:,}", Samples(tuple(rates)), "alerts/s"))
    return figures


async def _rate(record: Record, alerts: Iterator[alert_pb2.Alert], batch: int) -> float:
    """Alerts a second, durable, of one caller that waits for each answer."""
    batches = [[next(alerts) for _ in range(batch)] for _ in range(ALERTS_MAX[batch] // batch)]
    begun_s = monotonic()
    changed = sum([await record(each) for each in batches])
    spent_s = monotonic() - begun_s
    if changed != len(batches) * batch:
        raise BenchError(f"expected {len(batches) * batch} alerts stored, found {changed}")
    return changed / spent_s


def _alerts() -> Iterator[alert_pb2.Alert]:
    """Alerts of about 1 KB with their evidence, a minute apart; ALERTS_A_CASE of an owner and instrument in a row."""
    number = 0
    while True:
        owner = number // ALERTS_A_CASE % OWNERS
        start_ns = START_NS + number * MINUTE_NS
        yield alert_pb2.Alert(
            alert_id=f"{number:064x}", revision=1, rule_id="spoofing", rule_version="1.0.0", typology="SPOOFING",
            severity=alert_pb2.SEVERITY_HIGH, score=0.75, venue=market.VENUE,
            instrument=f"BENCH{owner % market.INSTRUMENTS}", accounts=[f"ACCOUNT{owner:04d}"],
            owners=[f"OWNER{owner:04d}"], start_time_ns=start_ns, end_time_ns=start_ns + MINUTE_NS,
            explanation="Withdrew 9,000 within 2 s of buying 300, where usually nothing is withdrawn so soon. " * 3,
            measurements=[
                alert_pb2.Measurement(name=name, observed=9.0, threshold=3.0, unit="times")
                for name in ("genuine_ratio", "size_multiple")
            ],
            order_ids=[f"order-{number}-{place}" for place in range(5)],
            evidence_event_ids=[f"{number:016x}{place:016x}" for place in range(10)],
            config_digest="0" * 64, closed=True,
        )  # fmt: skip
        number += 1


async def _journal() -> list[Figure]:
    """Frames appended, a commit for each COMMIT_EVERY_BYTES, until all is on disk."""
    frame = next(market.frames_of(market.session(minutes=1).reports, rows_a_frame=JOURNAL_ROWS)).encode()
    rates = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="tapewatch-bench-") as directory:
            async with Journal.open(Path(directory) / "journal") as journal:
                begun_s = monotonic()
                await _fill(journal, frame)
                rates.append(JOURNAL_BYTES / 1e6 / (monotonic() - begun_s))
    note = f"frames of {len(frame):,} bytes, {len(frame) / JOURNAL_ROWS:.0f} an event"
    return [figure_of(PART, "journal append and commit", Samples(tuple(rates)), "MB/s", note=note)]


async def _fill(journal: Journal, frame: bytes) -> None:
    uncommitted = 0
    for _ in range(JOURNAL_BYTES // len(frame)):
        journal.append(RecordKind.EVENTS, frame, JOURNAL_ROWS)
        uncommitted += len(frame)
        if uncommitted >= COMMIT_EVERY_BYTES:
            await journal.commit()
            uncommitted = 0
    await journal.commit()
