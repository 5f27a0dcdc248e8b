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
from detection_service.engine.session import pass_by
from detection_service.engine.triggers import SESSION
from tapewatch.bench import flatness, footprint, market, rule_cost
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of, repeated, single
from tapewatch.bench.mix import ROWS_A_FRAME, Mix
from tapewatch.bench.warm import Stretch, WarmEngine
from tapewatch.cli.detection_run import few_collections
from tapewatch.engine_mode import VARIABLE
from tapewatch.market.frame import Frame

PART = "engine"
RATE_FLOOR = RATE_TARGET = 1_000_000
RATE_STRETCH = 2_000_000
SETTLING = Stretch(1_000_000)
"""Of the mix, before anything counts: more than a minute and a half of event time."""
USUAL = Stretch(262_144)
MIX = Mix()
RANDOM_EVENTS = 50_000
PROFILE_RUNS = 3
INTERPRETED_EVENTS = 10_000
INTERPRETED_TIMEOUT_S = 120.0


def measure(seconds: float) -> list[Figure]:
    """All figures of the engine; `seconds` bounds the repeats of the rates."""
    ordinary = market.session()
    frames = market.encoded(market.frames_of(ordinary.reports))
    configuration = EngineConfiguration(reference=ordinary.reference)
    rate = _rate(frames, len(ordinary.reports), configuration, seconds)
    stream = f"{len(ordinary.reports):,} events of a simulated market, from the first on"
    return [
        *on_mix(seconds),
        figure_of(PART, "simulated market", rate, "events/s", floor=RATE_FLOOR, target=RATE_TARGET, note=stream),
        *profile("simulated", frames, configuration),
        *_at_random(seconds),
        _interpreted(rate),
        *rule_cost.figures(frames, len(ordinary.reports), configuration),
        *flatness.figures(),
        *footprint.figures(),
    ]


def on_mix(seconds: float, mix: Mix = MIX, settling: Stretch = SETTLING, usual: Stretch = USUAL) -> list[Figure]:
    """The steady rate on the realistic mix, what its groups hold and its longest frame."""
    longest_ns: list[float] = []
    with few_collections():
        warm = WarmEngine(mix, (settling,), usual)

        def run() -> float:
            cost_ns, longest = warm.cost_ns(warm.frames())
            longest_ns.append(longest)
            return 1e9 / cost_ns

        rate = repeated(run, seconds)
    rules = len(warm.configuration.rules) - len(warm.engine.status()["not_applicable"])
    note = (
        f"{mix.live:,} live orders, {mix.instruments} instruments, {mix.accounts:,} accounts; {rules} rules apply; "
        f"{rate.median / RATE_STRETCH:.2f} of the stretch, {RATE_STRETCH:,}"
    )
    return [
        figure_of(PART, "realistic mix", rate, "events/s", floor=RATE_FLOOR, target=RATE_TARGET, note=note),
        footprint.group_bytes(warm.engine),
        footprint.longest_of_mix(max(longest_ns), ROWS_A_FRAME, 1e9 / rate.median),
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
    core, calendar = Engine(configuration).core, configuration.calendar()
    asks = 0
    for frame in frames:
        core.begin(FrameView(Frame.decode(frame)))
        while triggers := core.run():
            asks += 1
            if triggers & SESSION:
                pass_by(core.market, calendar, core.now)  # the market's session goes on, or the event would come again
    return asks


def _at_random(seconds: float) -> list[Figure]:
    frames = market.encoded(market.accounts_at_random(RANDOM_EVENTS))
    configuration = EngineConfiguration()
    rate = _rate(frames, RANDOM_EVENTS, configuration, seconds)
    note = f"{market.ACCOUNTS} accounts enter, cancel and trade at random"
    return [
        figure_of(PART, "pathological stream", rate, "events/s", note=note),
        *profile("pathological", frames, configuration),
    ]


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
