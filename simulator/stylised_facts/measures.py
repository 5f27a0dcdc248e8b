"""The facts measured on one instrument's recording: one number each, and the curves behind some of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.stylised_facts.recording import SECOND_NS, Doubles, Recording
from simulator.stylised_facts.statistics import (
    NOTHING,
    POINTS_MIN,
    Array,
    autocorrelation,
    branching_ratio,
    decay_exponent,
    excess_kurtosis,
    fano,
    hill,
)

COUNT_WINDOW_SECONDS = 10
RETURN_SECONDS = 10
KURTOSIS_SECONDS = (1, 10, 60, 300)
VOLATILITY_LAGS = np.array([1, 2, 3, 4, 6, 8, 11, 16, 22, 32])
SIGN_LAGS = np.array([1, 2, 3, 5, 8, 13, 21, 34, 55])
FLEETING_SECONDS = 2.0
HALF_SECOND = 0.5
LASTING_SECONDS = 5.0
DONE_SECONDS = 600.0
KURTOSIS_FLOOR = 0.1
PROFILE_BINS = 24
PROFILE_BINS_PER_SPREAD = 3
SESSION_PARTS = 10
FANO_WINDOW_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """The facts of one instrument by name (NaN where it can not tell), and curves by name as (x, y)."""

    facts: dict[str, float]
    curves: dict[str, tuple[Array, Array]]


def measure(recording: Recording, has_session: bool = False) -> Measured:
    """Measure every fact; the shape of a day only where the recording is of a whole session."""
    curves: dict[str, tuple[Array, Array]] = {}
    facts = {name: value for part in _PARTS for name, value in part(recording, curves)}
    facts["u_shape"] = _u_shape(recording) if has_session else NOTHING
    return Measured(facts, curves)


Facts = Iterator[tuple[str, float]]
Curves = dict[str, tuple[Array, Array]]


def _orders(recording: Recording, curves: Curves) -> Facts:
    """How many orders a trade, how long they live, how large they are."""
    lives, untraded = recording.order_life, recording.order_untraded
    yield "orders_per_trade", recording.entered / len(recording.trade_ns) if len(recording.trade_ns) else NOTHING
    yield "cancelled_share", _mean(untraded)
    yield "fleeting_share", _mean((lives <= FLEETING_SECONDS) & untraded)
    yield "cancels_over_half_second", _mean(lives[untraded] > HALF_SECOND)
    yield "orders_over_five_seconds", _mean(lives >= LASTING_SECONDS)
    yield "orders_done_in_ten_minutes", _mean(lives <= DONE_SECONDS)
    yield "trade_size_tail", hill(recording.trade_size)
    yield "order_size_tail", hill(recording.order_size)
    behind = recording.order_distance[recording.order_distance > 0]
    yield "distance_tail", hill(behind / recording.tick, 0.2)
    if len(lives):
        curves["life"] = np.sort(lives[untraded]), np.linspace(1.0, 0.0, np.count_nonzero(untraded))
        curves["trade size"] = _tail(recording.trade_size / np.median(recording.trade_size))


def _arrivals(recording: Recording, curves: Curves) -> Facts:
    """How bursty trades and messages are."""
    window_ns = COUNT_WINDOW_SECONDS * SECOND_NS
    yield "trades_fano", fano(recording.trade_ns, window_ns)
    windows = np.array(FANO_WINDOW_SECONDS)
    curves["bursts"] = windows, np.array([fano(recording.trade_ns, int(one * SECOND_NS)) for one in windows])
    yield "trades_branching", branching_ratio(recording.trade_ns, 3 * window_ns)
    signs = recording.trade_sign[recording.trade_sign != 0].astype(np.float64)
    correlations = autocorrelation(signs, SIGN_LAGS)
    yield "sign_correlation", float(correlations[0])
    yield "sign_decay", decay_exponent(SIGN_LAGS, correlations)
    curves["signs"] = SIGN_LAGS, correlations


def _book(recording: Recording, curves: Curves) -> Facts:
    """The spread in time, and where the depth is."""
    spreads, weights = _spreads(recording)
    yield "spread_ticks", float(np.average(spreads, weights=weights)) / recording.tick if len(spreads) else NOTHING
    yield "spread_skew", _quantile(spreads, weights, 0.99) / _quantile(spreads, weights, 0.5)
    profile = _profile(recording, _quantile(spreads, weights, 0.5))
    curves["depth"] = np.arange(len(profile)) / PROFILE_BINS_PER_SPREAD, profile
    yield "depth_peak", float(np.argmax(profile)) / PROFILE_BINS_PER_SPREAD if profile.any() else NOTHING


def _returns(recording: Recording, curves: Curves) -> Facts:
    """Tails, independence and clustering of returns of the middle price."""
    returns = log_returns(recording, RETURN_SECONDS)
    yield "return_tail", hill(returns)
    kurtoses = [excess_kurtosis(log_returns(recording, seconds)) for seconds in KURTOSIS_SECONDS]
    for seconds, kurtosis in zip(KURTOSIS_SECONDS, kurtoses, strict=True):
        yield f"kurtosis_{seconds}s", kurtosis
    yield (
        "kurtosis_fall",
        kurtoses[1] / (max(KURTOSIS_FLOOR, kurtoses[-1]) if kurtoses[-1] == kurtoses[-1] else NOTHING),
    )
    curves["kurtosis"] = np.array(KURTOSIS_SECONDS), np.array(kurtoses)
    minute = log_returns(recording, 60)
    yield "return_correlation", float(autocorrelation(minute, np.array([1]))[0])
    correlations = autocorrelation(np.abs(returns), VOLATILITY_LAGS)
    yield "volatility_correlation", float(np.mean(correlations[:3]))
    yield "volatility_decay", decay_exponent(VOLATILITY_LAGS, correlations)
    curves["absolute returns"] = VOLATILITY_LAGS * RETURN_SECONDS, correlations
    curves["returns"] = VOLATILITY_LAGS * RETURN_SECONDS, autocorrelation(returns, VOLATILITY_LAGS)
    if len(returns) >= POINTS_MIN and np.any(returns):
        curves["return size"] = _tail(np.abs(returns) / np.std(returns))
    yield "volume_volatility", _volume_volatility(recording, minute)


_PARTS = (_orders, _arrivals, _book, _returns)


def mids(recording: Recording, seconds: float) -> Doubles:
    """Return the middle price at the end of every whole step of so many seconds."""
    if len(recording.quote_ns) < 2:
        return np.zeros(0)
    ends = np.arange(recording.quote_ns[0], recording.quote_ns[-1], int(seconds * SECOND_NS))[1:]
    places = np.searchsorted(recording.quote_ns, ends, side="right") - 1
    middle: Doubles = (recording.quote_bid[places] + recording.quote_ask[places]) / 2
    return middle


def log_returns(recording: Recording, seconds: float) -> Doubles:
    """Return the changes of the logarithm of the middle price over so many seconds."""
    return np.diff(np.log(mids(recording, seconds)))


def _mean(values: Array) -> float:
    return float(np.mean(values)) if len(values) >= POINTS_MIN else NOTHING


def _spreads(recording: Recording) -> tuple[Doubles, Doubles]:
    """Return the spreads and how long each stood."""
    spreads: Doubles = (recording.quote_ask - recording.quote_bid)[:-1]
    return spreads, np.diff(recording.quote_ns).astype(np.float64)


def _quantile(values: Doubles, weights: Doubles, share: float) -> float:
    if not len(values) or not weights.sum():
        return NOTHING
    order = np.argsort(values)
    passed = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(passed, share)])


def _profile(recording: Recording, spread: float) -> Doubles:
    """Return the mean quantity by distance from the best price, in steps of a part of the usual spread."""
    if spread != spread:
        return np.zeros(PROFILE_BINS)
    step_ticks = max(1, round(spread / PROFILE_BINS_PER_SPREAD / recording.tick))
    totals: dict[int, float] = defaultdict(float)
    for levels in recording.snapshots:
        for distance, quantity in levels:
            totals[round(distance / recording.tick) // step_ticks] += quantity
    return np.array([totals[place] for place in range(PROFILE_BINS)]) / max(1, len(recording.snapshots))


def _volume_volatility(recording: Recording, minute_returns: Doubles) -> float:
    """Return the correlation of a minute's volume with the size of its price change."""
    if len(minute_returns) < POINTS_MIN or not len(recording.trade_ns):
        return NOTHING
    start_ns, step_ns = recording.quote_ns[0], 60 * SECOND_NS
    places = (recording.trade_ns - start_ns) // step_ns
    volumes = np.bincount(np.maximum(places, 0), recording.trade_size, minlength=len(minute_returns) + 2)
    return float(np.corrcoef(volumes[1 : len(minute_returns) + 1], np.abs(minute_returns))[0, 1])


def _u_shape(recording: Recording) -> float:
    """Return volume in the first and last tenth of the session over that of the fifth in the middle."""
    parts = np.minimum((recording.trade_ns - recording.message_ns[0]) / SECOND_NS / recording.seconds, 0.9999)
    volumes = np.bincount((parts * SESSION_PARTS).astype(np.int64), recording.trade_size, minlength=SESSION_PARTS)
    middle = volumes[SESSION_PARTS // 2 - 1] + volumes[SESSION_PARTS // 2]
    return float((volumes[0] + volumes[-1]) / middle) if middle else NOTHING


def _tail(values: Array) -> tuple[Array, Array]:
    """Return (x, share of values above x)."""
    ordered = np.sort(values[values > 0])
    return ordered, 1.0 - np.arange(len(ordered)) / max(1, len(ordered))
