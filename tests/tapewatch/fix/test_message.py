from tapewatch.fix.message import FieldMap

TRADE = FieldMap([
    (35, "AE"), (32, "100"), (552, "2"),
    (54, "1"), (37, "B1"), (453, "2"), (448, "ACC1"), (447, "D"), (452, "24"), (802, "1"), (523, "X"), (803, "2"),
    (448, "TRD1"), (452, "12"), (1, "A1"), (9001, "custom"),
    (54, "2"), (37, "S1"), (1, "A2"),
    (60, "20260105-09:00:00"),
])  # fmt: skip


def test_the_entries_of_a_group_hold_their_nested_groups() -> None:
    buy, sell = TRADE.entries(552)
    assert (buy.get(37), buy.get(1), sell.get(37), sell.get(1)) == ("B1", "A1", "S1", "A2")
    assert [party.get(448) for party in buy.entries(453)] == ["ACC1", "TRD1"]
    assert sell.entries(453) == []


def test_a_custom_tag_does_not_end_a_group() -> None:
    assert TRADE.entries(552)[0].get(9001) == "custom"


def test_the_fields_outside_a_group_are_only_those() -> None:
    assert [tag for tag, _ in TRADE.outside(552).fields] == [35, 32, 60]


def test_an_absent_zero_or_senseless_count_is_no_group() -> None:
    assert FieldMap([(35, "W")]).entries(268) == []
    assert FieldMap([(268, "0"), (55, "A")]).entries(268) == []
    assert FieldMap([(268, "x"), (269, "0")]).entries(268) == []
    assert FieldMap([(268, "3")]).entries(268) == []
    assert FieldMap([(268, "1"), (8, "FIX.4.4")]).entries(268) == []


def test_a_count_above_the_entries_gives_the_entries_that_are_there() -> None:
    assert len(FieldMap([(268, "5"), (269, "0"), (270, "1"), (269, "1"), (270, "2")]).entries(268)) == 2


def test_the_first_value_of_a_repeated_tag_is_taken() -> None:
    assert FieldMap([(58, "a"), (58, "b")]).get(58) == "a"


def test_only_plain_numbers_are_integers() -> None:
    fields = FieldMap([(34, "+5"), (36, "1_0"), (7, "-3"), (16, ""), (45, "9" * 30)])
    assert [fields.integer(tag) for tag in (34, 36, 7, 16, 45, 99)] == [None, None, -3, None, None, None]
