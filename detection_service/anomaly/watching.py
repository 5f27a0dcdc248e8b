"""Events seen through the rules and as portraits at once: a baseline without what rules tell of, and rankings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.anomaly.windows import Windows, gathered, taken
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from tapewatch.alert import Alert, Severity
from tapewatch.market.frame import Frame

MINUTE_NS: Final = 60_000_000_000
OWN_RULE: Final = "anomaly"
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """What some events gave: `windows`, and for each how grave the gravest alert on its group there and then is, as
    severity + score (0 without one) in `gravity`."""

    windows: Windows
    gravity: Array

    def clean(self, severity: Severity = Severity.MEDIUM) -> Windows:
        """The windows no alert of at least a severity is about."""
        return self.windows.taken(self.gravity < severity)


def watch(frames: Iterable[Frame | bytes], configuration: EngineConfiguration) -> Watched:
    """Runs the rules over frames in event order, and collects portraits as it goes."""
    engine = Engine(configuration)
    core = engine.core
    core.collected = []
    alerts: dict[str, Alert] = {}
    parts = []
    for frame in frames:
        alerts |= {alert.alert_id: alert for alert in engine.process(frame)}
        parts.append(taken(core))
    alerts |= {alert.alert_id: alert for alert in engine.finish()}
    windows = gathered(core, parts)
    return watched(windows, alerts.values(), configuration)


def watched(windows: Windows, alerts: Iterable[Alert], configuration: EngineConfiguration) -> Watched:
    """Windows, and what alerts on the same events are about them; those the model raised itself say nothing."""
    gravity = np.zeros(len(windows))
    numbers = {name: number for number, name in enumerate(windows.group_names)}
    blocks = np.array([(block.venue, block.instrument) for block in windows.blocks], dtype=object).reshape(-1, 2)
    for alert in alerts:
        if alert.rule_id == OWN_RULE:
            continue
        groups = {numbers.get(configuration.reference.group_of(account), -1) for account in alert.accounts}
        here = np.flatnonzero((blocks[:, 0] == alert.venue) & (blocks[:, 1] == alert.instrument))
        about = (
            np.isin(windows.groups, [*groups])
            & np.isin(windows.block, here)
            & ((windows.minutes + 1) * MINUTE_NS > alert.start_time_ns)
            & (windows.minutes * MINUTE_NS <= alert.end_time_ns)
        )
        gravity[about] = np.maximum(gravity[about], alert.severity + alert.score)
    return Watched(windows, gravity)
