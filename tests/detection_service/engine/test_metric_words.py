"""Every window metric has a meaning and a unit, and the page of metrics says them."""

from __future__ import annotations

import re

from detection_service.engine import metric_words
from detection_service.engine.metrics import GROUP_METRICS, MARKET_METRICS, OWNER_METRICS
from tests.conftest import CHECKOUT


def test_every_metric_has_words_and_there_are_words_for_nothing_else() -> None:
    for subject, names in (("group", (*GROUP_METRICS, *MARKET_METRICS)), ("owner", OWNER_METRICS)):
        assert [name for name in names if metric_words.words_of(name, subject) is None] == []
    named = {
        *(f"{name}_{window}" for name in metric_words.GROUP for window in metric_words.GROUP_WINDOWS.split()),
        *(f"{name}_{window}" for name in metric_words.MARKET for window in metric_words.GROUP_WINDOWS.split()),
        *metric_words.GROUP_PLAIN,
        *metric_words.MARKET_PLAIN,
    }
    assert named == {*GROUP_METRICS, *MARKET_METRICS}
    of_owners = {f"{name}_{window}" for name in metric_words.OWNER for window in metric_words.OWNER_WINDOWS.split()}
    assert {*of_owners, *metric_words.OWNER_PLAIN} == {*OWNER_METRICS}


def test_the_page_of_metrics_is_the_one_of_the_words() -> None:
    page = (CHECKOUT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metric_words.page(), (
        "write it again: .venv/bin/python -m detection_service.engine.metric_words > docs/metrics.md"
    )
    assert re.search(r"\| `cancels_WINDOW` \| cancels \|", page)
