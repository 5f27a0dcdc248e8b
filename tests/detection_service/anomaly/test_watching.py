import numpy as np
import pytest

from detection_service.anomaly.watching import MINUTE_NS, watched
from detection_service.anomaly.windows import Block, Windows
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.portrait import FEATURES
from tapewatch.alert import Alert, Severity

CONFIGURATION = EngineConfiguration()
WINDOWS = Windows(
    np.zeros((4, len(FEATURES))),
    np.array([10, 11, 11, 11]),
    np.array([0, 0, 1, 0]),
    np.array([0, 0, 0, 1]),
    (CONFIGURATION.reference.group_of("A"), CONFIGURATION.reference.group_of("B")),
    (Block(0, "V", "I"), Block(0, "V", "J")),
)


def alert(rule_id: str = "spoofing", severity: Severity = Severity.HIGH, account: str = "A", minute: int = 11) -> Alert:
    return Alert(
        *("1" * 32, 1, rule_id, "1", rule_id, severity, 0.5, "V", "I"),
        *(minute * MINUTE_NS, minute * MINUTE_NS + 1, "why", (account,)),
    )


@pytest.mark.parametrize(
    ("alerts", "gravity"),
    [
        ([], [0, 0, 0, 0]),
        ([alert()], [0, 3.5, 0, 0]),
        ([alert(account="B")], [0, 0, 3.5, 0]),
        ([alert(), alert(severity=Severity.LOW), alert(severity=Severity.MEDIUM, minute=10)], [2.5, 3.5, 0, 0]),
        ([alert("anomaly")], [0, 0, 0, 0]),
    ],
    ids=["none", "its group, market and minute", "another group", "the gravest", "the model's own"],
)
def test_a_window_is_as_grave_as_the_gravest_alert_of_a_rule_about_it(
    alerts: list[Alert], gravity: list[float]
) -> None:
    assert watched(WINDOWS, alerts, CONFIGURATION).gravity.tolist() == gravity
