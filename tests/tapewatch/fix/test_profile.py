from pathlib import Path

import pytest

from tapewatch.fix.profile import PROFILE_BYTES_MAX, ProfileError, load_profile, parse_profile, shipped_profiles


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_loads_and_is_named_like_its_file(name: str) -> None:
    assert load_profile(name).name == name


def test_the_plain_profiles_are_there() -> None:
    assert {"fix42", "fix44", "fix50sp2", "log", "market_data", "trade_capture"} <= set(shipped_profiles())


def test_a_profile_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nswap_client_ids: true\nself_trade_prevention: [{tag: 2964}]\n")
    profile = load_profile(str(path))
    assert profile.swap_client_ids
    assert profile.self_trade_prevention[0].tag == 2964


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nacount_tags: [1]\n", "2: acount_tags: unknown key; did you mean account_tags?"),
        ("name: x\nrequests: maybe\n", "2: requests: Input should be 'intent', 'new' or 'auto', found 'maybe'"),
        ("name: x\ndialect: 150\nself_trade_prevention:\n- {tag: 9}\n- {tg: 8}\n", "5: self_trade_prevention.1.tg"),
        ("name: x\naccount_tags: [1, -1]\n", "2: account_tags.1: Input should be greater than 0, found '-1'"),
        ("description: x\n", "1: name: Field required"),
        ("- a\n- b\n", "expected a mapping of profile keys, found list"),
        ("name: [", "expected YAML"),
        ("name: &a x\ndescription: *a\n", "no YAML aliases"),
        ("name: " + "x" * PROFILE_BYTES_MAX, "expected at most"),
    ],
)
def test_a_profile_that_cannot_be_used_says_where_and_why(text: str, said: str) -> None:
    with pytest.raises(ProfileError) as refusal:
        parse_profile(text, "mine.yaml")
    assert str(refusal.value).startswith("mine.yaml:")
    assert said in str(refusal.value)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"profile 'nope': expected one of .*fix42, fix44.* or a readable file"):
        load_profile("nope")
