"""A model is taken only whole, of this schema, and signed by a trusted key where keys are named."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from detection_service import controls
from detection_service.anomaly.model import ModelError
from detection_service.anomaly.model_file import ModelFile, admitted, read, register, registered
from detection_service.anomaly.signing import SignatureError, Trust, make_key, read_public_key, sign
from detection_service.anomaly.training import train
from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.rules.scenarios.ordinary_model import made_up, ordinary_model

MODEL = ModelFile(ordinary_model(), 3)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "model.key")
    return tmp_path / "model.key"


def trust(key: Path) -> Trust:
    return Trust.in_files([key.with_name(f"{key.name}.pub")])


def test_a_model_signed_by_a_trusted_key_is_taken(key: Path) -> None:
    content = json.loads(json.dumps(MODEL.signed(key).to_json()))
    assert admitted(content, trust(key)).model_id == MODEL.model.model_id
    assert admitted(content, Trust()).model_id == MODEL.model.model_id


def test_a_private_key_is_for_its_owner_alone_and_never_replaced(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make_key(key)


def test_an_unsigned_model_is_refused_where_keys_are_named(key: Path) -> None:
    with pytest.raises(
        ModelError, match=r"expected a model signed by [0-9a-f]{16}, found none: `tapewatch models sign"
    ):
        admitted(MODEL.to_json(), trust(key))
    assert admitted(MODEL.to_json(), Trust()).model_id == MODEL.model.model_id


def test_a_model_signed_by_another_key_is_refused(key: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "another.key")
    with pytest.raises(ModelError, match=r"found one signed by [0-9a-f]{16}"):
        admitted(MODEL.signed(tmp_path / "another.key").to_json(), trust(key))


def test_a_signature_of_another_model_is_refused(key: Path) -> None:
    other = ModelFile(train(made_up(300, seed=2)))
    content = {**MODEL.to_json(), "signature": other.signed(key).signature}
    with pytest.raises(ModelError, match=f"is not of model {MODEL.model.model_id}: do not use it"):
        admitted(content, trust(key))


def _with(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda content: {**content, **changes}


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (_with(sample=999), "found content of"),
        (_with(training={}), "found content of"),
        (_with(depth=2), "do not hold together"),
        (_with(schema="tapewatch-isolation-forest-1"), "expected a model of schema"),
        (_with(schema="pickle"), "expected a model of schema"),
        (_with(features=["a"]), "train one anew"),
        (_with(signature="x"), "expected a version number and a signature"),
        (_with(version="1"), "expected a version number and a signature"),
        (_with(arrays={}), "content is damaged"),
        (lambda content: [content], "expected a model as a JSON object, found list"),
    ],
)
def test_a_tampered_model_is_refused_though_it_bears_a_signature(
    key: Path, tamper: Callable[[dict[str, Any]], Any], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        admitted(tamper(MODEL.signed(key).to_json()), trust(key))


@pytest.mark.parametrize("value", ["", "AAAA", "not base64", None])
def test_a_damaged_signature_is_refused(key: Path, value: object) -> None:
    signed = MODEL.signed(key)
    content = {**signed.to_json(), "signature": {**(signed.signature or {}), "value": value}}
    with pytest.raises(ModelError, match="is not of model"):
        admitted(content, trust(key))


def test_a_running_engine_refuses_an_unsigned_model_and_keeps_the_one_in_force(key: Path) -> None:
    engine = Engine(EngineConfiguration({"anomaly": {}}, trust=trust(key)))
    signed, unsigned = MODEL.signed(key).to_json(), ModelFile(train(made_up(300, seed=2))).to_json()
    controls.take(engine, json.dumps({"control": "model", "content": signed}).encode())
    with pytest.raises(controls.ControlError, match="expected a model signed by"):
        controls.take(engine, json.dumps({"control": "model", "content": unsigned}).encode())
    assert engine.model_id == MODEL.model.model_id


def test_keys_of_another_kind_are_refused(tmp_path: Path, key: Path) -> None:
    other = tmp_path / "rsa.key"
    pem = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other.write_bytes(pem)
    with pytest.raises(SignatureError, match="expected an Ed25519 private key, found RSAPrivateKey"):
        sign("id", other)
    for path in (key, other):
        with pytest.raises(SignatureError, match="expected an Ed25519 public key in PEM"):
            read_public_key(path)
    with pytest.raises(SignatureError, match="expected an Ed25519 private key in PEM without a password"):
        sign("id", key.with_name("model.key.pub"))


def test_a_pickle_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.")
    with pytest.raises(ModelError, match="expected a model as JSON, found something else"):
        read(path)


def test_a_registry_numbers_its_models_and_knows_them_again(tmp_path: Path) -> None:
    other = train(made_up(300, seed=2))
    for number, model in enumerate((MODEL.model, other, MODEL.model)):
        path, file = register(model, tmp_path / "models")
        file.write(path)
        assert file.version == (1, 2, 1)[number]
    assert [(file.version, file.model.model_id) for _, file in registered(tmp_path / "models")] == [
        (1, MODEL.model.model_id),
        (2, other.model_id),
    ]
    (tmp_path / "models" / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"bad\.json: expected a model of schema"):
        registered(tmp_path / "models")
