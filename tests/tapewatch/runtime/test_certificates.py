import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from tapewatch.runtime.certificates import DAYS_MAX, SERVICE_NAMES, init_certificates
from tapewatch.runtime.settings import SettingsError

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_every_file_is_returned_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "certificates"
    written = init_certificates(directory, SERVICE_NAMES, 30, NOW)
    assert sorted(written) == sorted(directory.iterdir())
    assert len(written) == 2 * (1 + len(SERVICE_NAMES))
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_certificate_is_valid_for_its_name_and_loopback_on_both_sides(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    made = certificate(tmp_path / "ingest.pem")
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ingest", "localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("::1")]
    policy = PolicyBuilder().store(Store([certificate(tmp_path / "authority.pem")])).time(NOW)
    policy.build_server_verifier(x509.DNSName("ingest")).verify(made, [])
    policy.build_client_verifier().verify(made, [])


def test_a_certificate_lasts_the_days_asked_for(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    made = certificate(tmp_path / "ingest.pem")
    assert made.not_valid_after_utc == NOW + timedelta(days=30)
    assert made.not_valid_before_utc <= NOW


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    before = contents(tmp_path)
    assert init_certificates(tmp_path, ["ingest"], 30, NOW) == []
    assert contents(tmp_path) == before


def test_an_existing_authority_signs_a_new_name(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    before = contents(tmp_path)
    written = init_certificates(tmp_path, ["ingest", "cases"], 30, NOW)
    assert [path.name for path in written] == ["cases.pem", "cases.key"]
    assert {name: contents(tmp_path)[name] for name in before} == before
    certificate(tmp_path / "cases.pem").verify_directly_issued_by(certificate(tmp_path / "authority.pem"))


def test_force_replaces_everything(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    before = contents(tmp_path)
    init_certificates(tmp_path, ["ingest"], 30, NOW, force=True)
    after = contents(tmp_path)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())


@pytest.mark.parametrize("lost", ["authority.key", "authority.pem"])
def test_half_an_authority_is_refused_and_left_alone(tmp_path: Path, lost: str) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    (tmp_path / lost).unlink()
    before = contents(tmp_path)
    with pytest.raises(SettingsError, match=r"cannot use the existing authority.*--force"):
        init_certificates(tmp_path, ["cases"], 30, NOW)
    assert contents(tmp_path) == before


def test_an_authority_with_anothers_key_is_refused(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["ingest"], 30, NOW)
    (tmp_path / "ingest.key").replace(tmp_path / "authority.key")
    with pytest.raises(SettingsError, match="to be the key of"):
        init_certificates(tmp_path, ["cases"], 30, NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"names": ["../evil"]}, "expected service names"),
        ({"names": ["authority"]}, "expected service names"),
        ({"days": 0}, "1 to"),
        ({"days": DAYS_MAX + 1}, "1 to"),
        ({"now": NOW.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    arguments: dict[str, Any] = {"names": ["ingest"], "days": 30, "now": NOW, **changes}
    with pytest.raises(SettingsError, match=said):
        init_certificates(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()
