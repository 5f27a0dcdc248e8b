"""Portraits: what they show of conduct, free of scale, the same however events come, and told in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detection_service.anomaly.windows import Windows, collect_windows
from detection_service.anomaly.words import WORDS, table
from detection_service.engine.portrait import FAMILIES, FEATURES
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.conftest import CHECKOUT
from tests.detection_service.scenario import Market

OWNERS = Reference.of(accounts=[{"account": "w1", "owner": "w"}, {"account": "w2", "owner": "w"}])


def portrait(play: Callable[[Market], object], group: str, reference: Reference | None = None) -> dict[str, float]:
    """The last portrait of a group in a market with a crowd."""
    market = Market().crowd()
    play(market)
    market.at(400)
    market.new(group.removeprefix("account:"), "BUY", 90.0, 1)
    found = collect_windows([Frame.from_rows(market.rows)], reference or Reference.of())
    rows = found.rows[found.groups == found.group_names.index(group)]
    return dict(zip(FEATURES, rows[-1].tolist(), strict=True))


def baited(market: Market) -> None:
    market.at(310)
    order = market.new("s", "BUY", 99.9, 5_000)
    market.at(311).deal("other", "s", 100.0, 10)
    market.at(312).cancel(order)


def test_an_order_that_stood_while_the_other_side_traded_is_bait() -> None:
    found = portrait(baited, "account:s")
    assert found["stood_while_traded"] == 1.0
    assert found["bait"] == found["largest_withdrawn"] > 3
    assert 0 < found["bait_speed"] < found["bait"]


def washed(market: Market) -> None:
    for number in range(8):
        market.at(310 + number).deal("w1", "w2", 100.0, 7)


def test_trades_within_one_owner_are_its_own_and_no_partner_s() -> None:
    found = portrait(washed, "account:w1", OWNERS)
    assert found["self_share"] == pytest.approx(16 / 18)
    assert (found["top_partner_share"], found["partner_lift"]) == (0.0, 0.0)
    assert found["came_back"] > 0.7


def played_with(market: Market) -> None:
    for number in range(6):
        pair = ("p", "q") if number % 2 else ("q", "p")
        market.at(310 + number).deal(*pair, 100.0, 10)


def test_trades_back_and_forth_with_one_other_are_told_as_such() -> None:
    found = portrait(played_with, "account:p")
    assert found["back_and_forth"] == found["top_partner_share"] == pytest.approx(6 / 8)
    assert found["concentration"] == pytest.approx(6 / 10)
    assert found["turns"] == pytest.approx(5 / 7)
    assert found["equal_fills"] == pytest.approx(5 / 7)
    assert found["self_share"] == 0.0


def scaled(price: float, quantity: float) -> Windows:
    market = Market()
    for number in range(600):
        market.at(number)
        side = "BUY" if number % 3 else "SELL"
        order = market.new(f"a{number % 4}", side, price * (1 + (number % 5) / 1e3), quantity * (1 + number % 6))
        if number % 2:
            market.cancel(order)
        elif number % 7 == 0:
            market.deal("b", f"a{number % 4}", price, quantity)
    return collect_windows([Frame.from_rows(market.rows)], Reference.of())


def test_portraits_do_not_depend_on_the_scale_of_prices_and_quantities() -> None:
    small, large = scaled(1.0, 8.0), scaled(64.0, 8192.0)
    np.testing.assert_allclose(small.rows, large.rows, rtol=0, atol=0.02)
    assert np.isfinite(small.rows).all()


def test_every_feature_has_words_and_the_page_has_their_table() -> None:
    assert [name for names in FAMILIES.values() for name in names] == [*WORDS] == [*FEATURES]
    page = (CHECKOUT / "docs" / "anomaly.md").read_text(encoding="utf-8")
    assert table() in page, "write it again: .venv/bin/python -m detection_service.anomaly.words"
