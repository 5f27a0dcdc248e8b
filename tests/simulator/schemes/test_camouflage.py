from statistics import median, pstdev

import pytest

from simulator.randomness import SECOND_NS
from simulator.schemes.camouflage import AXES, LAYERS_KEPT_SHARE, NONE, Camouflage
from simulator.schemes.play import Play
from tests.simulator.fakes import play_of, quiet_market


def _play(name: str = "layering", **axes: float) -> Play:
    _, seat, _, accounts = quiet_market()
    return play_of(seat, accounts, Camouflage(**axes), name)


def test_an_axis_without_a_number_is_full_and_all_means_every_axis() -> None:
    assert Camouflage.parse("size,timing=0.5") == Camouflage(size=1.0, timing=0.5)
    assert Camouflage.parse("all=0.25") == Camouflage(*[0.25] * len(AXES))
    assert Camouflage.parse("all,slow=0") == Camouflage(1.0, 1.0, 1.0, 1.0, 0.0, 1.0)
    assert Camouflage.parse("") == NONE


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("sise", "found 'sise'"), ("size=x", "a number from 0 to 1 for size"), ("slow=1.5", "slow from 0 .* found 1.5")],
)
def test_what_is_no_axis_or_no_share_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Camouflage.parse(text)


def test_only_the_axes_that_make_sense_for_a_scheme_are_kept() -> None:
    assert Camouflage.parse("all").only(("size", "slow")) == Camouflage(size=1.0, slow=1.0)


def test_hidden_sizes_are_as_ordinary_ones_whatever_the_scheme_wants() -> None:
    bare = [_play().quantity(40.0) for _ in range(200)]
    play = _play(size=1.0)
    hidden = [play.quantity(40.0) for _ in range(400)]
    typical = play.instrument.typical_quantity
    assert min(bare) > 30 * typical
    assert 0.5 * typical <= median(hidden) <= 2 * typical


def test_hidden_timing_is_wider_at_the_same_mean() -> None:
    bare, hidden = _play(), _play(timing=1.0)
    regular = [bare.wait(10.0) / SECOND_NS for _ in range(6_000)]
    irregular = [hidden.wait(10.0) / SECOND_NS for _ in range(6_000)]
    assert pstdev(irregular) > 2 * pstdev(regular)
    assert sum(irregular) / sum(regular) == pytest.approx(1.0, abs=0.15)


def test_slow_camouflage_takes_longer_over_cancels_but_never_for_minutes() -> None:
    assert _play(slow=1.0).haste(1.0) == pytest.approx(8.0)
    assert _play(slow=1.0).haste(60.0) == pytest.approx(180.0)
    assert _play().haste(60.0) == 60.0


def test_fewer_layers_are_shown_but_no_fewer_than_the_practice_needs() -> None:
    bare, hidden = _play().count("layers", 2), _play(layers=1.0).count("layers", 2)
    assert hidden == max(2, round(bare * LAYERS_KEPT_SHARE)) < bare
