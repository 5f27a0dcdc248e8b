import pytest

from tapewatch.runtime.access import Caller, Role
from tapewatch.runtime.errors import Unauthenticated
from tests.tapewatch.runtime.tokens.attacks import ATTACKS
from tests.tapewatch.runtime.tokens.fakes import (
    NOW_S,
    PRIVATE,
    RSA,
    Clock,
    HeldKeys,
    jwk,
    jwks,
    signed,
    verifier,
)

ANALYST = frozenset({Role.ANALYST})


async def refused(token: str, **settings: object) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier(**settings).caller(token)  # type: ignore[arg-type] # settings of TokenSettings
    return caught.value.reason


@pytest.mark.parametrize("key_id", PRIVATE)
async def test_a_good_token_of_each_algorithm_names_its_caller(key_id: str) -> None:
    assert await verifier().caller(signed(key_id)) == Caller("alice", ANALYST, None, "", NOW_S + 600)


@pytest.mark.parametrize(("make", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_bad_token_is_refused_for_what_is_wrong_with_it(make: object, reason: str) -> None:
    assert await refused(make()) == reason  # type: ignore[operator] # a maker of tokens


async def test_no_refusal_repeats_the_token() -> None:
    for make, _ in ATTACKS.values():
        token = make()
        with pytest.raises(Unauthenticated) as caught:
            await verifier().caller(token)
        parts = [part for part in token.split(".") if len(part) > 12]
        assert [part for part in parts if part in caught.value.message] == []


async def test_the_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    clock = Clock()
    judge = verifier(clock)
    token = signed(nbf=NOW_S + 30, exp=NOW_S + 60)
    await judge.caller(token)
    clock.now_s = NOW_S + 60 + 29
    await judge.caller(token)
    clock.now_s = NOW_S + 60 + 30
    with pytest.raises(Unauthenticated, match="get a new one"):
        await judge.caller(token)


async def test_a_checked_token_is_not_checked_again_until_its_key_is_gone() -> None:
    keys = HeldKeys()
    judge = verifier(keys=keys)
    token = signed("rsa-1")
    first = await judge.caller(token)
    assert await judge.caller(token) is first
    keys.keys["rsa-1"] = HeldKeys(jwks(jwk(PRIVATE["ec-1"][1].public_key(), "rsa-1"))).keys["rsa-1"]
    with pytest.raises(Unauthenticated, match="the algorithm of the key"):
        await judge.caller(token)
    del keys.keys["rsa-1"]
    with pytest.raises(Unauthenticated, match="a key of the issuer"):
        await judge.caller(token)


async def test_the_issuers_own_names_of_roles_desks_and_people_are_understood() -> None:
    judge = verifier(
        roles={"supervisor": ["tw-leads"], "analyst": []},
        roles_claim="realm_access.roles",
        desks_claim="desk",
        name_claim="preferred_username",
    )
    token = signed(
        realm_access={"roles": ["tw-leads", "analyst", "viewer", "unknown"]},
        desk="equities rates",
        preferred_username="al",
    )
    roles = frozenset({Role.SUPERVISOR, Role.VIEWER})
    assert await judge.caller(token) == Caller("al", roles, frozenset({"equities", "rates"}), "", NOW_S + 600)


async def test_a_person_without_desks_sees_none_and_a_service_sees_all() -> None:
    assert (await verifier().caller(signed(desks=None))).desks == frozenset()
    assert (await verifier().caller(signed(desks={"a": 1}))).desks == frozenset()
    service = await verifier().caller(signed(sub="detection", roles=["service"], desks=None))
    assert service == Caller("detection", frozenset({Role.SERVICE}), None, "", NOW_S + 600)


async def test_keys_that_are_too_weak_or_not_for_signatures_are_left_out() -> None:
    weak = jwk(RSA.public_key(), "weak")
    weak["n"] = weak["n"][:171]  # 1024 bits of it
    document = jwks(
        weak,
        jwk(RSA.public_key(), "for-secrets", use="enc"),
        jwk(RSA.public_key(), "other-algorithm", alg="PS256"),
        {"kty": "oct", "k": "AAAA", "kid": "shared"},
        {"kty": "RSA", "kid": "no-numbers"},
        jwk(RSA.public_key(), "good", use="sig", alg="RS256"),
    )
    assert HeldKeys(document).keys.keys() == {"good"}
