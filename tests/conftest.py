"""What every test may use, and the rule that a skip must be an expected one."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parent.parent
RECORDED_DATA = "TAPEWATCH_RECORDED_DATA"
EXPECTED_SKIPS = "TAPEWATCH_EXPECTED_SKIPS"

# Examples are judged by what they show, not by how fast a busy machine makes and runs them.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """Folder of recorded inputs; the test is skipped by name where there is none."""
    folder = Path(os.environ.get(RECORDED_DATA, CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"recorded data is not at {folder}: set {RECORDED_DATA}")
    return folder


def _unexpected(reason: str) -> bool:
    """Whether a list of expected skips is in force and no line of it is part of the reason."""
    listed = os.environ.get(EXPECTED_SKIPS)
    if not listed:
        return False
    lines = Path(listed).read_text(encoding="utf-8").splitlines()
    expected = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return not any(line in reason for line in expected)


def _refuse_unexpected_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if _unexpected(reason):
        report.outcome = "failed"
        report.longrepr = f"unexpected skip ({reason}): mend its cause or list it in ${EXPECTED_SKIPS}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, pytest.TestReport]:
    """Turns a test's unexpected skip into a failure."""
    report: pytest.TestReport = yield
    _refuse_unexpected_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, pytest.CollectReport]:
    """Turns a module's unexpected skip into a failure."""
    report: pytest.CollectReport = yield
    _refuse_unexpected_skip(report)
    return report
