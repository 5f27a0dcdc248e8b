"""What detection makes of the marks of the journal: alerts of the health rules. Apart from the engine, which a
correction run may replace: what was observed of a source is not corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.engine.triggers import SOURCE
from detection_service.health.canary import CANARY_DUE, Canaries
from detection_service.health.observation import Observation
from detection_service.health.watch import HealthWatch
from tapewatch.alert import Alert


class Health:
    """`canaries` tells how each rule did, `alerts_by_rule` counts the alerts opened."""

    def __init__(self) -> None:
        self.canaries = Canaries()
        self.alerts_by_rule: Counter[str] = Counter()
        self._watch = HealthWatch()
        self._configured: EngineConfiguration | None = None

    def take(self, mark: Mapping[str, Any], engine: Engine) -> list[Alert]:
        """The alert revisions a mark gives under the configuration in force."""
        self._follow(engine)
        if mark["mark"] == CANARY_DUE:
            observations = list(self.canaries.play(mark, engine))
        else:
            observations = [Observation.of_mark(mark)]
        made = [alert for observation in observations for alert in self._watch.take(observation)]
        self.alerts_by_rule.update(alert.rule_id for alert in made if alert.revision == 1)
        return made

    def _follow(self, engine: Engine) -> None:
        configuration = engine.configuration
        if configuration is self._configured:
            return
        known = configuration.known
        rules = {
            rule_id: (known[rule_id], values)
            for rule_id, values in configuration.parameters().items()
            if known[rule_id].triggers & SOURCE
        }
        self._watch.configure(rules, engine.config_digest)
        self._configured = configuration

    def state(self) -> dict[str, Any]:
        """Plain values from which `restore` makes the same."""
        return {
            "watch": self._watch.state(),
            "canaries": self.canaries.state(),
            "alerts_by_rule": dict(self.alerts_by_rule),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Becomes what `state` was taken of; begins afresh from the empty state of a snapshot that knew none."""
        if not state:
            return
        self._watch.restore(state["watch"])
        self.canaries.restore(state["canaries"])
        self.alerts_by_rule = Counter(state["alerts_by_rule"])
