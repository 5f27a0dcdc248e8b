from tapewatch.bench import simulation


def test_the_simulator_s_rates_are_measured_by_the_clock_and_by_processor_time() -> None:
    figures = simulation.measure(0.0, minutes=0.2)
    assert [figure.name.split(" to ")[0] for figure in figures] == ["whole market"] * 2 + ["four shares"] * 2
    assert all(figure.floor == 200_000 and 0 < figure.low <= figure.value for figure in figures)
