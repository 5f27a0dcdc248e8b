"""What the engine holds, and the longest it stops for: growing, and while a snapshot is taken."""

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.snapshot import LAYOUT
from tapewatch.bench.figure import BenchError, Figure, figure_of, repeated, single
from tapewatch.bench.mix import Flow, Mix
from tapewatch.cli.detection_run import few_collections

PART = "engine"
TABLE = "Memory and pauses"
LIVE = 1_000_000
FRAME_SIZES = (512, 4_096)
GROWTHS = 3
"""The engine grows at the same frames each time; the quickest of each frame's times is its own, not the machine's."""
ORDER_BYTES_MAX = 128.0
GROWTH_PAUSE_MAX_MS = 5.0
SNAPSHOT_MAX_S = 1.0
MEGABYTE = 1e6


def figures(live: int = LIVE) -> list[Figure]:
    """Of an engine that grows from nothing to so many live orders."""
    found: list[Figure] = []
    with few_collections():
        for size in FRAME_SIZES:
            engine, grown = _growth(live, size)
            found += grown
    return [_order_bytes(engine), _resident(live), *found, *_snapshot(engine)]


def _growth(live: int, rows_a_frame: int) -> tuple[Engine, list[Figure]]:
    mix = Mix(live=live)
    frames = [frame.encode() for frame in Flow(mix).standing(rows_a_frame=rows_a_frame)]
    configuration = EngineConfiguration(reference=mix.reference())
    runs = []
    for _ in range(GROWTHS):
        gc.collect()  # an engine is a cycle of objects: the one before is given back only now
        engine = Engine(configuration)
        runs.append(_frame_times_s(engine, frames))
    if engine.core.orders.live != live:
        raise BenchError(f"expected {live} live orders, found {engine.core.orders.live}")
    frame_ms = [(min(took for took, _ in each) * 1e3, each[0][1]) for each in zip(*runs, strict=True)]
    growing_ms = [took for took, opened in frame_ms if not opened]
    usual_ms, longest_ms = median(growing_ms), max(growing_ms)
    opening_ms, opened = max(each for each in frame_ms if each[1])
    note = f"growing to {live:,} live orders in {len(frames):,} frames; the usual one takes {usual_ms:.2f} ms"
    name = f"longest frame of {rows_a_frame:,} rows"
    opening = f"{opened} instruments are met in it for the first time"
    return engine, [
        single(PART, name, longest_ms, "ms", lower_is_better=True, table=TABLE, note=note),
        single(PART, f"{name}, beyond the usual", longest_ms - usual_ms, "ms", target=GROWTH_PAUSE_MAX_MS,
               lower_is_better=True, table=TABLE),
        single(PART, f"{name} with new instruments", opening_ms, "ms", lower_is_better=True, table=TABLE, note=opening),
    ]  # fmt: skip


def _frame_times_s(engine: Engine, frames: Sequence[bytes]) -> list[tuple[float, int]]:
    """CPU seconds of each frame, and how many instruments it was the first to name."""
    times = []
    for frame in frames:
        known = len(engine.core.markets)
        begun_s = process_time()
        engine.process(frame)
        times.append((process_time() - begun_s, len(engine.core.markets) - known))
    return times


def _order_bytes(engine: Engine) -> Figure:
    """Records used, given back or not, and the index with its empty places; pages taken ahead are nobody's yet."""
    orders = engine.core.orders
    records, index = orders.arena.used * orders.arena.record_size, orders.index.memory()
    note = f"{orders.live:,} live orders: records {records / MEGABYTE:.0f} MB, index {index / MEGABYTE:.0f} MB"
    value = (records + index) / max(1, orders.live)
    return single(PART, "memory a live order", value, "bytes", target=ORDER_BYTES_MAX, lower_is_better=True,
                  table=TABLE, note=note)  # fmt: skip


def group_bytes(engine: Engine) -> Figure:
    """Bytes an active group in a market: its activity, windows, fills and withdrawals."""
    core = engine.core
    groups = sum(len(core.activities_of(market)) for market in core.markets)
    arenas = {
        "activity": core.activities.memory() + core.activity_index.memory(),
        "windows": core.flows.arena.memory(),
        "fills": core.fills.arena.memory(),
        "withdrawals": core.withdrawals.arena.memory(),
    }
    each = ", ".join(f"{name} {held / groups:,.0f}" for name, held in arenas.items())
    return single(PART, "memory an active group in a market", sum(arenas.values()) / groups, "bytes",
                  lower_is_better=True, table=TABLE, note=f"{groups:,} of them; {each}")  # fmt: skip


def longest_of_mix(longest_ns: float, rows_a_frame: int, usual_ns: float) -> Figure:
    """The longest frame of the mix, once warm."""
    note = f"on the mix, warm, rules and alerts included; the usual one takes {usual_ns * rows_a_frame / 1e6:.1f} ms"
    return single(PART, f"longest frame of {rows_a_frame:,} rows of the mix", longest_ns / 1e6, "ms",
                  lower_is_better=True, table=TABLE, note=note)  # fmt: skip


def _resident(live: int) -> Figure:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    value = pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
    return single(PART, "resident memory of the process", value, "MB", lower_is_better=True, table=TABLE,
                  note=f"engine with {live:,} live orders, bench and its frames")  # fmt: skip


def _snapshot(engine: Engine) -> list[Figure]:
    live = engine.core.orders.live
    snapshot = engine.snapshot()

    def stand() -> float:
        begun_s = perf_counter()
        engine.freeze()
        return perf_counter() - begun_s

    def take() -> float:
        begun_s = perf_counter()
        engine.freeze().pieces(LAYOUT)
        return perf_counter() - begun_s

    def restore() -> float:
        fresh = Engine(engine.configuration)
        begun_s = perf_counter()
        fresh.restore(snapshot)
        spent_s = perf_counter() - begun_s
        if fresh.core.orders.live != live:
            raise BenchError(f"expected {live} live orders after the restore, found {fresh.core.orders.live}")
        return spent_s

    note = f"{live:,} live orders, {len(snapshot) / MEGABYTE:.0f} MB"
    waits = "events wait so long for one, the event loop does not; what is written of it later is not in it"
    target = SNAPSHOT_MAX_S * max(1.0, live / LIVE)
    figures = [("snapshot", take, target, note), ("snapshot: events wait", stand, None, waits),
               ("restore", restore, None, note)]  # fmt: skip
    return [
        figure_of(PART, name, repeated(run, 0.0), "s", target=goal, lower_is_better=True, table=TABLE, note=told)
        for name, run, goal, told in figures
    ]
