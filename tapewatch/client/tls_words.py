"""What went wrong with TLS, in words: gRPC tells it in OpenSSL's, or only that the connection was closed.

A service that does not like our certificate closes the connection without saying why (TLS 1.3 checks it after we think
that all is well), so then we look at our certificate ourselves.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from tapewatch.runtime.settings import SecuritySettings

RENEW = "make a new one (`tapewatch certs init --force`, or your own authority) and start the service again"
_SAID: Mapping[str, tuple[str, str]] = {
    "certificate has expired": (
        "TLS_CERTIFICATE_EXPIRED",
        f"expected a certificate that is valid, found that the service's has expired; {RENEW}",
    ),
    "certificate is not yet valid": (
        "TLS_CERTIFICATE_NOT_YET_VALID",
        "expected a certificate that is valid, found that the service's begins later; compare "
        "the clocks of both machines",
    ),
    "unable to get local issuer certificate": (
        "TLS_OTHER_AUTHORITY",
        "expected a service whose certificate is signed by the authority in `security.authority` ({authority}), found "
        "another; use the authority that signed it, or check that this is the right service",
    ),
    "certificate signature failure": (
        "TLS_OTHER_AUTHORITY",
        "expected a service whose certificate is signed by the authority in `security.authority` ({authority}), found "
        "one of an authority of the same name; use the files of one `tapewatch certs init` on both sides",
    ),
    "self signed certificate": (
        "TLS_OTHER_AUTHORITY",
        "expected a service whose certificate is signed by the authority in `security.authority` ({authority}), found "
        "one that signed itself; give the service a certificate of that authority",
    ),
    "Hostname Verification Check failed": (
        "TLS_NAME_MISMATCH",
        "expected a certificate for the name or address that was called, found one for others; call the service by a "
        "name its certificate has (localhost, or the service's), or make a certificate that has this one",
    ),
    "WRONG_VERSION_NUMBER": (
        "TLS_AGAINST_PLAINTEXT",
        "expected a service that speaks TLS, found one that does not: it runs with `security.mode: local`; set mtls "
        "there too, or local here",
    ),
}
_NOT_CONNECTED = "failed to connect"
"""What it says begins so unless a connection broke that had been there."""
_CLOSED = ("Socket closed", "Connection reset", "connection closed", "Broken pipe")


def tls_failure(details: str, security: SecuritySettings) -> tuple[str, str] | None:
    """The reason and the sentence for what gRPC says of a connection that failed; None where TLS is not to blame."""
    for mark, (reason, sentence) in _SAID.items():
        if mark in details:
            return reason, sentence.format(authority=security.authority)
    if not details.startswith(_NOT_CONNECTED) or not any(mark in details for mark in _CLOSED):
        return None
    if security.mode == "local":
        return (
            "PLAINTEXT_AGAINST_TLS",
            "found that the service closed the connection at once: it may want TLS; set `security.mode: mtls` with "
            "certificate, key and authority here too",
        )
    return _of_ours(security) or (
        "TLS_CERTIFICATE_REFUSED",
        "found that the service closed the connection at once: it may trust another authority than the one that signed "
        f"our certificate ({security.certificate}); use the files of one `tapewatch certs init` on both sides",
    )


def _of_ours(security: SecuritySettings) -> tuple[str, str] | None:
    """What is wrong with the certificate that we show; None where nothing is."""
    ours, authority = _read(security.certificate), _read(security.authority)
    if ours is None or authority is None:
        return None
    now = datetime.now(UTC)
    if now > ours.not_valid_after_utc:
        return (
            "TLS_CERTIFICATE_EXPIRED",
            f"expected a certificate that is valid, found that ours ({security.certificate}) expired on "
            f"{ours.not_valid_after_utc:%Y-%m-%d %H:%M} UTC; {RENEW}",
        )
    if now < ours.not_valid_before_utc:
        return (
            "TLS_CERTIFICATE_NOT_YET_VALID",
            f"expected a certificate that is valid, found that ours ({security.certificate}) begins on "
            f"{ours.not_valid_before_utc:%Y-%m-%d %H:%M} UTC; check the clock of this machine",
        )
    try:
        ours.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return (
            "TLS_OTHER_AUTHORITY",
            f"expected our certificate ({security.certificate}) to be signed by {security.authority}, found "
            "that another authority did; use the files of one `tapewatch certs init` on both sides",
        )
    return None


def _read(path: Path | None) -> x509.Certificate | None:
    try:
        return None if path is None else x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None  # it was readable when the channel was opened; then nothing can be said of it
