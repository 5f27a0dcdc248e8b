import os
import stat
from pathlib import Path

import pytest

from tapewatch.runtime.access import Caller, Role
from tapewatch.runtime.errors import Unauthenticated
from tapewatch.runtime.settings import SettingsError, TokenSettings
from tapewatch.runtime.tokens.issuing import (
    ISSUER,
    KEY_ALGORITHMS,
    granted,
    init_keys,
    issue,
    key_ids,
    retire_key,
    rotate_keys,
)
from tapewatch.runtime.tokens.verification import TokenVerifier
from tests.tapewatch.runtime.tokens.fakes import NOW_S, Clock

ANN = granted("ann", ["analyst", "viewer"], ["equities"], 1.5)


def judge(directory: Path) -> TokenVerifier:
    return TokenVerifier(TokenSettings(issuer=ISSUER, keys=directory / "jwks.json"), clock_s=Clock())


@pytest.mark.parametrize("algorithm", KEY_ALGORITHMS)
async def test_an_issued_token_is_taken(tmp_path: Path, algorithm: str) -> None:
    assert init_keys(tmp_path, algorithm) is not None
    roles = frozenset({Role.ANALYST, Role.VIEWER})
    found = await judge(tmp_path).caller(issue(tmp_path, ANN, NOW_S))
    assert found == Caller("ann", roles, frozenset({"equities"}), "", NOW_S + 5_400)


async def test_tokens_of_an_older_key_count_until_it_is_retired(tmp_path: Path) -> None:
    first = init_keys(tmp_path, "EdDSA")
    old, verifier = issue(tmp_path, ANN, NOW_S), judge(tmp_path)
    second = rotate_keys(tmp_path, "ES256")
    new = issue(tmp_path, ANN, NOW_S)
    assert key_ids(tmp_path) == [second, first]
    assert await verifier.caller(old) == await verifier.caller(new)
    retire_key(tmp_path, str(first))
    await verifier.caller(new)
    with pytest.raises(Unauthenticated, match="a key of the issuer"):
        await verifier.caller(old)
    assert sorted(os.listdir(tmp_path)) == sorted([f"{second}.pem", "jwks.json"])


def test_the_key_that_signs_cannot_be_retired(tmp_path: Path) -> None:
    key_id = init_keys(tmp_path, "EdDSA")
    with pytest.raises(SettingsError, match="a key that does not sign"):
        retire_key(tmp_path, str(key_id))


def test_what_exists_is_kept_and_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    key_id = init_keys(tmp_path, "EdDSA")
    assert init_keys(tmp_path, "EdDSA") is None
    assert key_ids(tmp_path) == [key_id]
    assert stat.S_IMODE((tmp_path / f"{key_id}.pem").stat().st_mode) == 0o600
    assert "PRIVATE" not in (tmp_path / "jwks.json").read_text()
    assert '"d"' not in (tmp_path / "jwks.json").read_text()


@pytest.mark.parametrize(
    ("name", "roles", "hours", "said"),
    [
        ("ann", ["boss"], 1, "found boss"),
        ("ann", [], 1, "found none"),
        ("", ["viewer"], 1, "printable name"),
        ("a\nb", ["viewer"], 1, "printable name"),
        ("ann", ["viewer"], 0, "more than 0 hours"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(name: str, roles: list[str], hours: float, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        granted(name, roles, [], hours)


def test_a_directory_without_keys_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tapewatch tokens init"):
        issue(tmp_path, ANN, NOW_S)
    with pytest.raises(SettingsError, match="one of the algorithms ES256, EdDSA, found 'HS256'"):
        init_keys(tmp_path, "HS256")
