"""The whole way: rows over gRPC, durable, evaluated, alerts stored; how fast, and how soon an alert is seen."""

import asyncio
from collections.abc import Callable, Iterator
from time import monotonic

from tapewatch.bench import latency, load, market
from tapewatch.bench.figure import Figure, Samples, figure_of, single
from tapewatch.bench.load import Requests
from tapewatch.bench.stack import Stack, running
from tapewatch.market.frame import Frame

PART = "pipeline"
RATE_FLOOR, RATE_TARGET = 150_000, 500_000
START_FLOOR_S, START_TARGET_S = 3.0, 2.0
RUNS = 3
ROWS_A_REQUEST = 512
SECTIONS = ("cases", "ingest", "detection")


def measure(seconds: float) -> list[Figure]:
    """All figures of the pipeline, over three real processes; `seconds` is how long latency is watched, at least."""
    return asyncio.run(_measure(max(seconds, latency.SECONDS_MIN)))


async def _measure(seconds: float) -> list[Figure]:
    sessions = [market.session(number).reports for number in range(2 * RUNS)]
    events = max(len(reports) for reports in sessions)
    probed = market.session(2 * RUNS, latency.session_minutes(seconds)).reports
    planned = latency.plan(probed, seconds, 1 + len(sessions) * events)

    def frames(number: int) -> Iterator[Frame]:
        return market.frames_of(sessions[number], 1 + number * events, ROWS_A_REQUEST)

    async with running(SECTIONS) as stack:
        starts = [
            single(PART, f"start of {name} to serving", spent_s, "s",
                   floor=START_FLOOR_S, target=START_TARGET_S, lower_is_better=True)
            for name, spent_s in stack.start_s.items()
        ]  # fmt: skip
        rows = await _throughput(stack, "gRPC rows", load.row_requests, [frames(number) for number in range(RUNS)])
        framed = await _throughput(
            stack, "gRPC frames", load.frame_requests, [frames(number) for number in range(RUNS, 2 * RUNS)]
        )
        return [*starts, *rows, *framed, *await latency.measure(stack, planned)]


async def _throughput(
    stack: Stack, name: str, requests_of: Callable[[Iterator[Frame]], Requests], runs: list[Iterator[Frame]]
) -> list[Figure]:
    """Events/s from the first write until the last alert is stored, and the CPU time of each service."""
    rates, durable_rates, rows = [], [], 0
    before = stack.cpu_s()
    for frames in runs:
        requests = requests_of(frames)
        begun_s = monotonic()
        sequence = await load.publish(stack.addresses["ingest"], requests)
        durable_rates.append(requests.rows / (monotonic() - begun_s))
        await load.drained(stack.addresses["detection"], sequence)
        rates.append(requests.rows / (monotonic() - begun_s))
        rows += requests.rows
    spent_us = {service: (after - before[service]) / rows * 1e6 for service, after in stack.cpu_s().items()}
    note = "CPU us/event: " + ", ".join(f"{service} {spent:.2f}" for service, spent in spent_us.items())
    whole, durable = Samples(tuple(rates)), Samples(tuple(durable_rates))
    return [
        figure_of(PART, f"{name} -> alerts stored", whole, "events/s", floor=RATE_FLOOR, target=RATE_TARGET, note=note),
        figure_of(PART, f"{name} -> durable", durable, "events/s", note=f"{ROWS_A_REQUEST} a request, encoded before"),
    ]
