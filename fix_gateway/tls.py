"""TLS of FIX connections: contexts from the settings, and the names a peer's certificate proves."""

import asyncio
import ssl
from pathlib import Path

from fix_gateway.settings import ConnectTlsSettings, ListenTlsSettings
from tapewatch.fix.transport import ClientTls
from tapewatch.runtime.settings_document import SettingsError


def server_context(tls: ListenTlsSettings) -> ssl.SSLContext:
    """What the FIX address proves itself with, TLS 1.2 or newer. Raises SettingsError for files that do not serve."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_own(context, tls.certificate, tls.key, "fix.tls")
    if tls.authority is not None:
        _load_authority(context, tls.authority, "fix.tls")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_tls(source: str, tls: ConnectTlsSettings, host: str) -> ClientTls:
    """How we prove the venue, and ourselves to it. Raises SettingsError for files that do not serve."""
    place = f"fix.sessions {source}: tls"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.authority is not None:
        _load_authority(context, tls.authority, place)
    else:
        context.load_default_certs()
    if tls.certificate is not None and tls.key is not None:
        _load_own(context, tls.certificate, tls.key, place)
    return ClientTls(context, tls.server_name or host)


def certificate_names(transport: asyncio.BaseTransport) -> frozenset[str]:
    """Subject alternative names and common names of the peer's verified certificate; empty without one."""
    certificate = transport.get_extra_info("peercert") or {}
    names = [value for _, value in certificate.get("subjectAltName", ())]
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    return frozenset(names + [value for key, value in subject if key == "commonName"])


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path, place: str) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        text = f"{place}: cannot use {certificate} with {key}: {error}; expected a PEM certificate and its key"
        raise SettingsError(text) from error


def _load_authority(context: ssl.SSLContext, authority: Path, place: str) -> None:
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        text = f"{place}: cannot use the authority {authority}: {error}; expected a PEM certificate"
        raise SettingsError(text) from error
