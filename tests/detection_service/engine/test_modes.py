"""The core gives the same alerts compiled and interpreted."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tapewatch.engine_mode import VARIABLE, mode
from tests.conftest import CHECKOUT
from tests.detection_service.engine.every_scheme import digest, every_scheme, played

SEED = 20260302


def test_revisions_are_the_same_compiled_and_interpreted() -> None:
    if mode() != "compiled":
        pytest.skip("the engine is not compiled: there is nothing to compare")
    interpreting = subprocess.Popen(
        [sys.executable, "-m", "tests.detection_service.engine.every_scheme", str(SEED)],
        cwd=CHECKOUT,
        env=os.environ | {VARIABLE: "interpreted"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with interpreting:
        stream = every_scheme(SEED)
        made = played(stream.rows(), stream.configuration)
        printed, complaint = interpreting.communicate(timeout=100)
    assert interpreting.returncode == 0, complaint
    assert printed.split() == ["interpreted", str(len(made)), digest(made)], f"seed {SEED}"
