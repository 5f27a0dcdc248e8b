"""The core gives the same alerts compiled and interpreted."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from detection_service.engine.engine import Engine
from tapewatch.engine_mode import VARIABLE, mode
from tapewatch.market.frame import Frame
from tests.conftest import CHECKOUT
from tests.detection_service.engine.event_file import digest, generated
from tests.detection_service.rules.schemes import OWNERS
from tests.detection_service.scenario import configured

SEED, ROWS = 20260302, 20_000


def test_alerts_and_counters_are_the_same_compiled_and_interpreted() -> None:
    if mode() != "compiled":
        pytest.skip("the engine is not compiled: there is nothing to compare")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.detection_service.engine.event_file", str(SEED), str(ROWS)],
        cwd=CHECKOUT,
        env=os.environ | {VARIABLE: "interpreted"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    count, found = digest(SEED, ROWS)
    assert ran.stdout.split() == ["interpreted", str(count), found], f"seed {SEED}"


def test_the_file_compared_has_alerts_of_most_rules_in_it() -> None:
    engine = Engine(configured(accounts=OWNERS))
    engine.process(Frame.from_rows(generated(SEED, ROWS)))
    assert {"spoofing", "layering", "ping_pong", "wash_owner", "wash_self"} <= set(engine.status()["alerts_by_rule"])
