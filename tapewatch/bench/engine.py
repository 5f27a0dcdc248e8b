"""The engine from encoded frames to alerts, on one core: how fast, where the time goes, and what it depends on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from time import process_time

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.frame_view import FrameView
from tapewatch.bench import market
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of, repeated, single
from tapewatch.cli.detection_run import few_collections
from tapewatch.engine_mode import VARIABLE
from tapewatch.market.frame import Frame

PART = "engine"
RATE_FLOOR = RATE_TARGET = 1_000_000
COST_RATIO_MAX = 2.0
ORDERS_FEW, ORDERS_MANY = 100_000, 1_000_000
CHURN_EVENTS = 150_000
RANDOM_EVENTS = 100_000
DENSITY = 10.0
PROFILE_RUNS = 3
INTERPRETED_EVENTS = 10_000
INTERPRETED_TIMEOUT_S = 120.0


def measure(seconds: float) -> list[Figure]:
    """All figures of the engine; `seconds` bounds the repeats of each measurement."""
    ordinary = market.session()
    frames = market.encoded(market.frames_of(ordinary.reports))
    configuration = EngineConfiguration(reference=ordinary.reference, orders_expected=1 << 16)
    rate = _rate(frames, len(ordinary.reports), configuration, seconds)
    stream = f"{len(ordinary.reports):,} events of a simulated market"
    return [
        figure_of(PART, "all rules", rate, "events/s", floor=RATE_FLOOR, target=RATE_TARGET, note=stream),
        *profile("ordinary", frames, configuration),
        *_at_random(seconds),
        *_dense(rate, seconds),
        *_live_orders(),
        _interpreted(rate),
    ]


def _rate(frames: Sequence[bytes], events: int, configuration: EngineConfiguration, seconds: float) -> Samples:
    """Events a second of CPU time, from the first frame on; making the engine, some 15 ms, is not in it."""

    def run() -> float:
        engine = Engine(configuration)
        begun_s = process_time()
        _evaluate(engine, frames)
        return events / (process_time() - begun_s)

    return repeated(run, seconds)


def _evaluate(engine: Engine, frames: Sequence[bytes]) -> None:
    with few_collections():
        for frame in frames:
            engine.process(frame)


def profile(stream: str, frames: Sequence[bytes], configuration: EngineConfiguration) -> list[Figure]:
    """Where the time of a stream goes, as shares of the whole, and how often the rules are asked.

    The quickest of PROFILE_RUNS runs of each: what other processes do to a shared cache only ever adds.
    """
    events = sum(Frame.decode(frame).row_count for frame in frames)
    triggers = _move(frames, configuration)

    steps = (
        lambda: [FrameView(Frame.decode(frame)) for frame in frames],
        lambda: _move(frames, configuration),
        lambda: _evaluate(Engine(configuration), frames),
    )
    runs = [[_cpu_s(step) for step in steps] for _ in range(PROFILE_RUNS)]
    decoding, moving, all_of_it = accumulate(map(min, zip(*runs, strict=True)), max)  # each contains the one before
    rules = all_of_it - moving
    shares = (("decode", decoding), ("core", moving - decoding), ("rules and alerts", rules))
    return [
        *(
            single(PART, f"{stream}: {name}", spent / all_of_it, "share", note=f"{spent / events * 1e9:.0f} ns/event")
            for name, spent in shares
        ),
        single(
            PART, f"{stream}: rules asked", triggers / events * 1_000, "/1000 events",
            note=f"{rules / triggers * 1e6:.0f} us each" if triggers else "",
        ),
    ]  # fmt: skip


def _cpu_s(work: Callable[[], object]) -> float:
    begun_s = process_time()
    work()
    return process_time() - begun_s


def _move(frames: Sequence[bytes], configuration: EngineConfiguration) -> int:
    """The core alone, no rule asked; how often one would have been."""
    core = Engine(configuration).core
    triggers = 0
    for frame in frames:
        core.begin(FrameView(Frame.decode(frame)))
        while core.run():
            triggers += 1
    return triggers


def _at_random(seconds: float) -> list[Figure]:
    frames = market.encoded(market.accounts_at_random(RANDOM_EVENTS))
    configuration = EngineConfiguration(orders_expected=1 << 16)
    rate = _rate(frames, RANDOM_EVENTS, configuration, seconds)
    note = f"{market.ACCOUNTS} accounts enter, cancel and trade at random"
    return [
        figure_of(PART, "pathological stream", rate, "events/s", note=note),
        *profile("pathological", frames, configuration),
    ]


def _dense(ordinary: Samples, seconds: float) -> list[Figure]:
    """Cost an event of a market ten times as dense, over that of the ordinary one."""
    dense = market.session(minutes=market.SESSION_MINUTES / DENSITY, activity=DENSITY)
    frames = market.encoded(market.frames_of(dense.reports))
    configuration = EngineConfiguration(reference=dense.reference, orders_expected=1 << 16)
    rate = _rate(frames, len(dense.reports), configuration, seconds)
    ratio = max(ordinary.values) / max(rate.values)
    note = f"{rate.median:,.0f} events/s at {DENSITY:g}x, {len(dense.reports):,} events"
    name = f"cost at density {DENSITY:g}x over 1x"
    return [
        single(PART, name, ratio, "times", target=COST_RATIO_MAX, lower_is_better=True, note=note),
        *profile(f"density {DENSITY:g}x", frames, configuration),
    ]


def _live_orders() -> list[Figure]:
    """Cost an event with a hundred thousand and with a million live orders."""
    costs = {live: _churn_cost(live) for live in (ORDERS_FEW, ORDERS_MANY)}
    figures = [
        figure_of(PART, f"cost at {live:,} live orders", cost, "ns/event", lower_is_better=True,
                  note="cancels of random orders and new ones")
        for live, cost in costs.items()
    ]  # fmt: skip
    ratio = min(costs[ORDERS_MANY].values) / min(costs[ORDERS_FEW].values)
    name = f"cost at {ORDERS_MANY:,} over {ORDERS_FEW:,}"
    return [*figures, single(PART, name, ratio, "times", target=COST_RATIO_MAX, lower_is_better=True)]


def _churn_cost(live: int) -> Samples:
    """ns an event; the engine goes on from run to run, each with orders of its own."""
    engine = Engine(EngineConfiguration(orders_expected=live))
    for frame in market.standing_orders(live):
        engine.process(frame)
    if engine.status()["live_orders"] != live:
        raise BenchError(f"expected {live} live orders, found {engine.status()['live_orders']}")
    frames = market.encoded(market.churn(live, CHURN_EVENTS))
    third = len(frames) // 3

    def run(part: Sequence[bytes]) -> float:
        begun_s = process_time()
        for frame in part:
            engine.process(frame)
        return (process_time() - begun_s) / (len(part) * market.ROWS_A_FRAME) * 1e9

    return Samples(tuple(run(frames[start : start + third]) for start in range(0, 3 * third, third)))


def _interpreted(compiled: Samples) -> Figure:
    """The same engine without compiled code, in a process of its own."""
    command = [sys.executable, "-m", "tapewatch.bench.interpreted", str(INTERPRETED_EVENTS)]
    environment = {**os.environ, VARIABLE: "interpreted"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=INTERPRETED_TIMEOUT_S, check=False
    )
    if ended.returncode:
        raise BenchError(f"the interpreted engine ended with exit code {ended.returncode}: {ended.stderr[-300:]}")
    rate = json.loads(ended.stdout)["events_per_second"]
    note = f"compiled is {compiled.median / rate:.1f} times as fast"
    return single(PART, "all rules, interpreted", rate, "events/s", note=note)


def rate_of_opening(events: int) -> float:
    """Events/s of the first events of the ordinary market, whichever way the engine runs."""
    frames = market.encoded(market.frames_of(market.session().reports[:events]))
    return _rate(frames, events, EngineConfiguration(), 0.0).median
