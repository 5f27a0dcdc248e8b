"""Reference data says who owns what, and refuses what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapewatch.market.reference import Reference, ReferenceDataError, read_table

LINKED = Reference.of(
    [
        {"account": "a1", "owner": "Ann"},
        {"account": "a2", "owner": "Ann"},
        {"account": "b1", "owner": "Bob", "linked_accounts": "a2; c1"},
        {"account": "d1"},
    ]
)


def test_accounts_of_one_owner_and_declared_links_are_one_group() -> None:
    assert len({LINKED.group_of(account) for account in ("a1", "a2", "b1", "c1")}) == 1


def test_an_account_without_links_is_a_group_of_its_own() -> None:
    assert LINKED.group_of("d1") == LINKED.group_of("d1")
    assert len({LINKED.group_of(account) for account in ("a1", "d1", "stranger")}) == 3


def test_behind_a_linked_account_stand_all_owners_of_its_group() -> None:
    assert LINKED.owners_behind("c1") == {"Ann", "Bob", "c1"}
    assert LINKED.owners_behind("d1") == {"d1"}
    assert LINKED.owners_behind("stranger") == {"stranger"}


def test_an_owner_named_as_an_account_is_not_that_account() -> None:
    reference = Reference.of([{"account": "x", "owner": "y"}, {"account": "y", "owner": "z"}])
    assert reference.group_of("x") != reference.group_of("y")


def test_groups_do_not_depend_on_the_order_of_rows() -> None:
    turned = Reference.of(reversed(LINKED.accounts))
    assert [turned.group_of(name) for name in ("a1", "b1", "c1")] == [
        LINKED.group_of(name) for name in ("a1", "b1", "c1")
    ]


def test_json_gives_back_the_same_tables_and_digest() -> None:
    reference = Reference.of([{"account": "a"}], [{"instrument": "ACME"}], [{"instrument": "ACME", "time_ns": "5"}])
    again = Reference.from_json(reference.to_json())
    assert again == reference
    assert again.digest() == reference.digest() != Reference.of().digest()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"acounts": []}, "unknown reference table 'acounts'; expected accounts"),
        ({"accounts": [{"account": "a", "color": "red"}]}, "accounts, row 1: unknown column 'color'"),
        ({"accounts": [{"owner": "Ann"}]}, "accounts, row 1: account is empty"),
        ({"accounts": "a"}, "accounts: expected a list of objects, found 'a'"),
        ({"accounts": [5]}, "accounts: expected a list of objects"),
    ],
)
def test_what_is_not_reference_data_is_refused_saying_where(content: dict[str, object], message: str) -> None:
    with pytest.raises(ReferenceDataError, match=message):
        Reference.from_json(content)


def test_a_table_is_read_from_a_file_and_its_faults_name_file_and_row(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text("account,owner\na1,Ann\na2,\n")
    assert read_table("accounts", path) == [{"account": "a1", "owner": "Ann"}, {"account": "a2"}]
    path.write_text("account,owner\n,Ann\n")
    with pytest.raises(ReferenceDataError, match=r"accounts\.csv, row 1: account is empty"):
        read_table("accounts", path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError, match=r"none\.csv: expected a CSV file of accounts"):
        read_table("accounts", tmp_path / "none.csv")


WORTH = Reference.of(
    [
        {"account": "a", "desk": "old", "valid_to": "2026-01-01"},
        {"account": "a", "desk": "new", "valid_from": "2026-01-01"},
    ],
    [{"instrument": "ACME", "float_quantity": "5"}, {"instrument": "ACME", "venue": "XTST", "float_quantity": "6"}],
    fx_rates=[{"currency": "EUR", "rate": "1.1"}],
)
NEW_YEAR_NS = 1_767_225_600_000_000_000


def test_a_row_is_found_by_name_venue_and_time() -> None:
    assert WORTH.instrument("XTST", "ACME")["float_quantity"] == "6"
    assert WORTH.instrument("XOTH", "ACME")["float_quantity"] == "5"
    assert WORTH.instrument("XTST", "OTHER") == {}
    assert WORTH.account("a", NEW_YEAR_NS - 1)["desk"] == "old"
    assert WORTH.account("a", NEW_YEAR_NS)["desk"] == "new"


def test_a_currency_nobody_rates_counts_as_the_common_one() -> None:
    assert (WORTH.rate("EUR"), WORTH.rate("USD"), WORTH.rate("")) == (1.1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        (
            "positions",
            {"account": "a", "instrument": "x", "quantity": "many"},
            "quantity: expected a number, found 'many'",
        ),
        ("fx_rates", {"currency": "EUR"}, "row 1: rate is empty"),
        ("fx_rates", {"currency": "EUR", "rate": "1", "valid_to": "soon"}, "expected nanoseconds since 1970 or"),
        ("restricted", {"reason": "why"}, "row 1: expected account or instrument, found neither"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(table: str, row: dict[str, str], message: str) -> None:
    with pytest.raises(ReferenceDataError, match=message):
        Reference.from_json({table: [row]})


FORBIDDEN = Reference.of(
    [{"account": "a1", "owner": "Ann"}, {"account": "a2", "owner": "Ann"}],
    restricted=[
        {"instrument": "ACME", "reason": "tender offer", "valid_to": "2026-01-01"},
        {"account": "a1", "instrument": "ACME", "reason": "insider list"},
        {"account": "b", "reason": "frozen"},
    ],
)


@pytest.mark.parametrize(
    ("account", "instrument", "time_ns", "reason"),
    [
        ("stranger", "ACME", NEW_YEAR_NS - 1, "tender offer"),
        ("stranger", "ACME", NEW_YEAR_NS, None),
        ("stranger", "OTHER", NEW_YEAR_NS - 1, None),
        ("a1", "ACME", NEW_YEAR_NS - 1, "insider list"),
        ("a2", "ACME", NEW_YEAR_NS, "insider list"),
        ("a1", "OTHER", NEW_YEAR_NS, None),
        ("b", "OTHER", NEW_YEAR_NS, "frozen"),
    ],
)
def test_a_restriction_holds_for_its_instrument_its_account_and_its_time(
    account: str, instrument: str, time_ns: int, reason: str | None
) -> None:
    assert FORBIDDEN.restriction(account, instrument, time_ns).get("reason") == reason
