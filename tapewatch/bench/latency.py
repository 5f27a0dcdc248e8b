"""How soon an alert is seen at a fixed rate: wash trades are planted, WatchAlerts tells when each is visible.

A batch is sent when it is due, whatever became of those before, and its time counts from when it was due.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import Any

from simulator.report import Report
from surveillance.v1 import alert_record_pb2, ingest_pb2
from tapewatch.bench import market
from tapewatch.bench.figure import BenchError, Figure, Samples, single
from tapewatch.bench.stack import Stack
from tapewatch.client.cases import CaseClient
from tapewatch.client.connection import LOCAL
from tapewatch.client.publisher import PUBLISH
from tapewatch.client.wire import publish_request
from tapewatch.market.frame import Frame
from tapewatch.runtime.channels import open_channel

PART = "pipeline"
EVENTS_A_SECOND = 50_000
BATCH_ROWS = 250
BATCH_S = BATCH_ROWS / EVENTS_A_SECOND
BATCHES_A_PROBE = 4
SECONDS_MIN = 11.0
"""Long enough at this rate that detection takes a snapshot meanwhile."""
P50_TARGET_MS, P99_FLOOR_MS = 20.0, 250.0
EVENTS_A_MINUTE = 5_000
"""The simulated market gives more."""
INSTRUMENT = "PROBE"
WATCH_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Encoded batches in the order they are due, BATCH_S apart; batch -> account of the wash trade in it."""

    requests: list[bytes]
    probes: dict[int, str]


def session_minutes(seconds: float) -> float:
    """Minutes of the simulated market that give enough events for so long."""
    return max(1.0, seconds * EVENTS_A_SECOND / EVENTS_A_MINUTE)


def plan(reports: list[Report], seconds: float, first_sequence: int) -> Plan:
    """Batches for so many seconds, numbered on; each fourth has a wash trade of an account of its own at its end."""
    batches = min(int(seconds / BATCH_S), len(reports) // BATCH_ROWS)
    requests: list[bytes] = []
    probes: dict[int, str] = {}
    sequence = first_sequence
    for number, frame in enumerate(market.frames_of(reports[: batches * BATCH_ROWS], 1, BATCH_ROWS)):
        rows = list(frame.rows())
        if number % BATCHES_A_PROBE == 0:
            probes[number] = f"{INSTRUMENT}{number:06d}"
            rows += _wash(probes[number], rows[-1])
        for row in rows:
            row["source_sequence"] = sequence
            sequence += 1
        requests.append(publish_request(str(number), Frame.from_rows(rows).encode()))
    return Plan(requests, probes)


def _wash(account: str, last: dict[str, Any]) -> Iterator[dict[str, object]]:
    """An account sells to itself, at the time of the last row."""
    common = {name: last[name] for name in ("event_time_ns", "venue", "source")}
    for kind in ("NEW", "FILL"):
        for side in ("SELL", "BUY"):
            yield {
                **common, "kind": kind, "side": side, "instrument": INSTRUMENT, "account": account, "price": 10.0,
                "quantity": 100.0, "order_id": f"{account}-{side}", "leaves_quantity": 100.0 if kind == "NEW" else 0.0,
                "trade_id": f"{account}-trade" if kind == "FILL" else None, "aggressor": side == "BUY",
            }  # fmt: skip


async def measure(stack: Stack, planned: Plan) -> list[Figure]:
    """p50 and p99 in milliseconds from when a batch was due, accepted or not, until its alert is visible."""
    seen_s: dict[str, float] = {}
    answered_s: list[float] = []
    async with CaseClient(stack.addresses["cases"], LOCAL) as cases:
        watching = asyncio.create_task(_watch(cases.watch_alerts("0"), set(planned.probes.values()), seen_s))
        try:
            due_s = await _send(stack.addresses["ingest"], planned, answered_s)
            async with asyncio.timeout(WATCH_TIMEOUT_S):
                await watching
        except TimeoutError:
            raise BenchError(
                f"expected {len(planned.probes)} alerts of planted wash trades, saw {len(seen_s)}"
            ) from None
        finally:
            watching.cancel()
    delays = [(seen_s[account] - due_s[batch]) * 1e3 for batch, account in planned.probes.items()]
    since_answer = [(seen_s[account] - answered_s[batch]) * 1e3 for batch, account in planned.probes.items()]
    durable = [(answered - due) * 1e3 for answered, due in zip(answered_s, due_s, strict=True)]
    spent_s = answered_s[-1] - due_s[0]
    rate = f"{len(planned.requests) * BATCH_ROWS / spent_s:,.0f} events/s, {len(delays)} planted wash trades"
    return [
        *_percentiles("due -> alert visible", Samples(tuple(delays)), rate, P50_TARGET_MS, P99_FLOOR_MS),
        *_percentiles("accepted -> alert visible", Samples(tuple(since_answer)), rate, P50_TARGET_MS, P99_FLOOR_MS),
        *_percentiles("due -> durable", Samples(tuple(durable)), rate, None, None),
    ]


def _percentiles(
    name: str, samples: Samples, note: str, p50_ms: float | None, p99_ms: float | None
) -> Iterator[Figure]:
    for share, limit in ((0.5, p50_ms), (0.99, p99_ms)):
        floor = limit if share > 0.5 else None
        yield single(
            PART, f"{name} at {EVENTS_A_SECOND:,} events/s: p{share * 100:.0f}", samples.percentile(share), "ms",
            floor=floor, target=limit, lower_is_better=True, note=note,
        )  # fmt: skip


async def _watch(
    alerts: AsyncGenerator[alert_record_pb2.WatchAlertsResponse, None], wanted: set[str], seen_s: dict[str, float]
) -> None:
    async with aclosing(alerts) as stream:
        async for change in stream:
            alert = change.alert
            if alert.instrument == INSTRUMENT and alert.accounts:
                seen_s.setdefault(alert.accounts[0], monotonic())
                if seen_s.keys() >= wanted:
                    return


async def _send(ingest: str, planned: Plan, answered_s: list[float]) -> list[float]:
    """Send each batch when it is due; when each was due. `answered_s` gets when each was accepted."""
    async with open_channel(ingest, LOCAL) as channel:
        method: Any = channel.stream_stream(
            PUBLISH, request_serializer=None, response_deserializer=ingest_pb2.PublishResponse.FromString
        )
        call = method()
        answers = asyncio.create_task(_answers(call, planned, answered_s))
        begun_s = monotonic()
        due_s = [begun_s + number * BATCH_S for number in range(len(planned.requests))]
        for due, request in zip(due_s, planned.requests, strict=True):
            if (ahead_s := due - monotonic()) > 0:
                await asyncio.sleep(ahead_s)
            await call.write(request)
        await answers
        await call.done_writing()
    return due_s


async def _answers(call: Any, planned: Plan, answered_s: list[float]) -> None:
    for number in range(len(planned.requests)):
        answer = await call.read()
        answered_s.append(monotonic())
        expected = BATCH_ROWS + (4 if number in planned.probes else 0)
        if getattr(answer, "journalled", 0) != expected:
            raise BenchError(f"batch {number}: expected {expected} rows journalled, found {answer}")
