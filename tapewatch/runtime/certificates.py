"""A development certificate authority and one certificate a service, for `security.mode: mtls`.

Production certificates come from the operator's own authority; these let a machine or a compose file start with mutual
TLS from the first day. Keys are ECDSA P-256, which gRPC's TLS takes (it does not take Ed25519 everywhere).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tapewatch.runtime.durable import write_private
from tapewatch.runtime.settings import SERVICE_NAMES
from tapewatch.runtime.settings_document import SettingsError

__all__ = ["DAYS_MAX", "SERVICE_NAMES", "init_certificates"]

AUTHORITY_NAME = "authority"
DAYS_MAX = 825
"""The longest life most TLS stacks accept for a certificate."""
CLOCK_ALLOWANCE = timedelta(minutes=5)
_NAME = re.compile(r"^[a-z][a-z0-9-]{0,40}$")

_Signer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def init_certificates(
    directory: Path, names: Sequence[str], days: int, now: datetime, *, force: bool = False
) -> list[Path]:
    """Make `authority.pem` and, for each name, `NAME.pem` and `NAME.key`; return the files written.

    What exists is kept: an existing authority signs the names that are missing. `force` replaces everything. Every
    certificate is for both sides of a connection and valid for its name, localhost and the loopback addresses, from
    `now` (with a time zone) for `days`. Raises SettingsError for bad arguments or an authority without its key.
    """
    _check(names, days, now)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer, written = _authority(directory, days, now, force=force)
    for name in names:
        paths = (directory / f"{name}.pem", directory / f"{name}.key")
        if not force and all(path.exists() for path in paths):
            continue
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _service_certificate(name, key, signer, days, now)
        write_private(paths[0], certificate.public_bytes(serialization.Encoding.PEM))
        write_private(paths[1], _pem(key))
        written += paths
    return written


def _check(names: Sequence[str], days: int, now: datetime) -> None:
    if now.tzinfo is None:
        raise SettingsError(f"expected a time with a time zone, found {now.isoformat()}")
    if not 1 <= days <= DAYS_MAX:
        raise SettingsError(f"expected certificates for 1 to {DAYS_MAX} days, found {days}")
    for name in names:
        if not _NAME.match(name) or name == AUTHORITY_NAME:
            raise SettingsError(
                f"expected service names of lower-case letters, digits and hyphens (not {AUTHORITY_NAME!r}), "
                f"found {name!r}"
            )


def _authority(directory: Path, days: int, now: datetime, *, force: bool) -> tuple[_Signer, list[Path]]:
    certificate_path, key_path = directory / f"{AUTHORITY_NAME}.pem", directory / f"{AUTHORITY_NAME}.key"
    if not force and (certificate_path.exists() or key_path.exists()):
        return _read_authority(certificate_path, key_path), []
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tapewatch development authority")])
    certificate = (
        _builder(subject, subject, key, days, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
    write_private(key_path, _pem(key))
    return (certificate, key), [certificate_path, key_path]


def _read_authority(certificate_path: Path, key_path: Path) -> _Signer:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"cannot use the existing authority ({certificate_path}, {key_path}): {error}; restore the missing file, "
            "or use --force to replace the authority and every certificate it signed"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise SettingsError(f"expected {key_path} to be the key of {certificate_path}, found another; or use --force")
    return certificate, key


def _service_certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: _Signer, days: int, now: datetime
) -> x509.Certificate:
    authority, authority_key = signer
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name), x509.DNSName("localhost")]
    addresses = [x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1"))]
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        _builder(subject, authority.subject, key, days, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_ALLOWANCE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
