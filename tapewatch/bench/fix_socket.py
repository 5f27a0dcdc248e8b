"""FIX from bytes on a socket to durable events: a gateway and an ingest, real processes, together on one core."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from simulator.drop_copy import DropCopy
from simulator.report import Report
from tapewatch.bench import market
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of
from tapewatch.bench.fix import PART, Fields, message, messages
from tapewatch.bench.polling import until
from tapewatch.bench.stack import Stack, running
from tapewatch.client.connection import LOCAL
from tapewatch.client.ingest import IngestClient
from tapewatch.runtime.journal.recovery import DurableMark

TARGET = 200_000
MESSAGES = 50_000
WARM_UP_MESSAGES = 10_000
RUNS = 3
POLL_S = 0.001
"""Looking costs those measured nothing: ingest notes in a file how far its journal is durable, after each sync."""
ANSWER_BYTES_MAX = 1 << 16
TIMEOUT_S = 60.0
SECTIONS = ("ingest", "fix")


def measure(seconds: float) -> list[Figure]:
    """The figures of the socket; a run sends as many messages whatever `seconds` says."""
    return asyncio.run(_measure(market.session().reports))


async def _measure(reports: Sequence[Report]) -> list[Figure]:
    drop_copy = DropCopy()
    number = 1
    rates: list[float] = []
    capacities: list[float] = []
    spent = dict.fromkeys(SECTIONS, 0.0)
    async with running(SECTIONS) as stack, _beside(min(os.sched_getaffinity(0))) as core:
        stack.pin(core)
        for run, part in enumerate(_parts(reports)):
            fields = [drop_copy.message(report) for report in part]
            before = stack.cpu_s()
            rate = await _send(stack, fields, number)
            used = {name: seconds - before[name] for name, seconds in stack.cpu_s().items()}
            number += len(part) + 2  # a logon before, a logout after
            if run:
                rates.append(rate)
                capacities.append(len(part) / max(sum(used.values()), 1e-9))
                spent = {name: seconds + used[name] / len(part) / RUNS for name, seconds in spent.items()}
    return _figures(rates, capacities, {name: seconds * 1e6 for name, seconds in spent.items()})


@asynccontextmanager
async def _beside(core: int) -> AsyncIterator[int]:
    """Leaves a core to those measured, where there is another."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed - {core} or allowed)
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)


def _parts(reports: Sequence[Report]) -> Iterator[Sequence[Report]]:
    """What is sent in each run, a short one first, which does not count."""
    yield reports[:WARM_UP_MESSAGES]
    rest = reports[WARM_UP_MESSAGES:]
    for run in range(RUNS):
        yield rest[run * len(rest) // RUNS : (run + 1) * len(rest) // RUNS][:MESSAGES]


def _figures(rates: list[float], capacities: list[float], spent_us: dict[str, float]) -> list[Figure]:
    each = ", ".join(f"{name} {microseconds:.2f}" for name, microseconds in spent_us.items())
    by_clock = f"both on one core, the counterparty on another; full session layer; CPU us/message: {each}"
    by_cpu = "messages a second of CPU time of both, the kernel's for them included: what one core could, left alone"
    measured = (("socket -> durable", rates, by_clock), ("socket -> durable, by CPU time", capacities, by_cpu))
    return [
        figure_of(PART, name, Samples(tuple(values)), "messages/s", target=TARGET, note=note)
        for name, values, note in measured
    ]


async def _send(stack: Stack, fields: Sequence[Fields], number: int) -> float:
    """Messages/s from the first byte after the logon until all is durable."""
    host, _, port = stack.addresses["fix"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(TIMEOUT_S), IngestClient(stack.addresses["ingest"], LOCAL) as ingest:
            writer.write(message("A", number, [(98, 0), (108, 30)]))
            if b"\x0135=A\x01" not in (answer := await reader.read(ANSWER_BYTES_MAX)):
                raise BenchError(f"expected the gateway to answer the logon, found {answer!r}")
            wire = b"".join(messages(fields, number + 1))
            expected = (await ingest.status()).durable_sequence + len(fields)
            journal = stack.run_directory.parent / "ingest" / "journal"

            async def is_durable() -> bool:
                return DurableMark.read(journal).sequence >= expected

            begun_s = monotonic()
            writer.write(wire)
            await writer.drain()
            await until(is_durable, TIMEOUT_S, lambda: f"expected journal position {expected} durable", POLL_S)
            spent_s = monotonic() - begun_s
            if (found := (await ingest.status()).durable_sequence) < expected:
                raise BenchError(f"expected ingest to have {expected} positions durable, found {found}")
            writer.write(message("5", number + 1 + len(fields), []))
            while await reader.read(ANSWER_BYTES_MAX):  # until the gateway has closed
                pass
    finally:
        writer.close()
    return len(fields) / spent_s
