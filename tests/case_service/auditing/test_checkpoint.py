from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from case_service.auditing.checkpoint import Checkpoint, Purpose, Signer, chosen, keys_of
from case_service.auditing.journal import append_checkpoints, read_checkpoints
from case_service.auditing.keys import make_keys, read_private_key, read_public_keys
from tapewatch.runtime.errors import StartError

SIGNER = Signer(Ed25519PrivateKey.generate())
KEYS = keys_of([SIGNER.public_key])
HASHES = [f"{number:064x}" for number in range(1, 8)]


def chain() -> list[Checkpoint]:
    """Three: of records 1 to 3, 4 to 7, and once more at 7."""
    first = SIGNER.signed(None, 3, HASHES[:3], 10, Purpose.PERIODIC)
    second = SIGNER.signed(first, 7, HASHES[3:], 20, Purpose.PERIODIC)
    return [first, second, SIGNER.signed(second, 7, [], 20, Purpose.EXPORT)]


def test_a_chain_of_checkpoints_is_good_whatever_order_it_is_found_in() -> None:
    assert chosen(reversed(chain()), KEYS) == (chain(), "")
    assert b"".join(each.marks for each in chain()) == bytes(28), "the first digits of these hashes are zeros"


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 6, "marks": bytes(12)},
        {"hash": "f" * 64},
        {"time_ns": 21},
        {"purpose": Purpose.DEMAND},
        {"marks": bytes(15) + b"\1"},
        {"signature": bytes(64)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_a_checkpoint_is_found(change: dict[str, object]) -> None:
    first, second, third = chain()
    good, problem = chosen([first, replace(second, **change), third], KEYS)  # type: ignore[arg-type] # fields by name
    assert good == [first]
    assert problem.startswith("checkpoint 2 at record")


def test_a_checkpoint_taken_out_or_signed_by_another_key_is_found() -> None:
    first, _, third = chain()
    assert "checkpoint 3 at record 7: expected number 2 behind record 3" in chosen([first, third], KEYS)[1]
    other = Signer(Ed25519PrivateKey.generate())
    forged = other.signed(first, 7, HASHES[3:], 20, Purpose.PERIODIC)
    assert f"expected a signature by {SIGNER.key_id}, found one by {other.key_id}" in chosen([first, forged], KEYS)[1]
    posing = replace(forged, key_id=SIGNER.key_id)
    assert "found none of it" in chosen([first, posing], KEYS)[1]


def test_one_that_was_changed_in_one_place_counts_from_the_other_and_is_told() -> None:
    first, second, third = chain()
    good, problem = chosen([first, replace(second, hash="f" * 64), third, second], KEYS)
    assert good == [first, second, third]
    assert problem.startswith("checkpoint 2 at record 7")


def test_a_signature_is_worth_nothing_without_the_one_before_it() -> None:
    first, _, _ = chain()
    other_first = SIGNER.signed(None, 3, HASHES[4:], 10, Purpose.PERIODIC)
    second = SIGNER.signed(other_first, 7, HASHES[3:], 20, Purpose.PERIODIC)
    assert "checkpoint 2" in chosen([first, second], KEYS)[1]


def test_the_file_of_checkpoints_gives_back_what_was_appended_and_forgets_a_line_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "checkpoints.jsonl"
    assert read_checkpoints(path) == []
    first, second, third = chain()
    append_checkpoints(path, [first])
    with path.open("a") as file:
        file.write('{"number":2,"seq')
    assert read_checkpoints(path) == [first]
    append_checkpoints(path, [second, third])
    assert read_checkpoints(path) == chain()


@pytest.mark.parametrize("line", ["{}", "[]", "not json", '{"number":1}'])
def test_a_line_that_is_no_checkpoint_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "checkpoints.jsonl"
    append_checkpoints(path, chain()[:1])
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(StartError, match=r"checkpoints\.jsonl:2: .*it was changed or damaged"):
        read_checkpoints(path)


def test_keys_are_made_once_and_the_private_one_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.pem"
    public = make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_private_key(path).public_key() == public
    assert list(read_public_keys([path.with_name("audit.pem.pub")]).values()) == [public]
    with pytest.raises(FileExistsError):
        make_keys(path)
    path.chmod(0o644)
    with pytest.raises(StartError, match="expected a file that only its owner may read: chmod 600"):
        read_private_key(path)


def test_a_file_that_holds_no_key_is_said_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    path.write_text("a secret of another kind")
    path.chmod(0o600)
    with pytest.raises(StartError, match="expected an Ed25519 private key in PEM") as caught:
        read_private_key(path)
    assert "secret" not in str(caught.value)
    with pytest.raises(StartError, match="expected an Ed25519 public key in PEM"):
        read_public_keys([path])
    with pytest.raises(StartError, match="expected a readable file, found No such file"):
        read_public_keys([tmp_path / "absent"])
