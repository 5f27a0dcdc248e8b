"""Turning `SecuritySettings` into gRPC credentials, and refusing to leave the machine without them."""

from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from tapewatch.runtime.addresses import Address
from tapewatch.runtime.settings import SecuritySettings, SettingsError

__all__ = ["SecuritySettings", "caller_name", "channel_credentials", "checked_address", "server_credentials"]


def checked_address(text: str, security: SecuritySettings, purpose: str) -> Address:
    """Parse an address to bind or call; in local mode only loopback passes.

    `purpose` names the setting or target in the SettingsError.
    """
    try:
        address = Address.parse(text)
    except ValueError as error:
        raise SettingsError(f"{purpose}: {error}") from error
    if security.mode == "local" and not address.is_loopback:
        raise SettingsError(
            f"{purpose}: expected a loopback address (127.0.0.1, [::1] or localhost) because security.mode is local, "
            f"found {text!r}; use a loopback address, or security.mode: mtls with certificates "
            "(`tapewatch certs init`)"
        )
    return address


def server_credentials(security: SecuritySettings) -> grpc.ServerCredentials | None:
    """Credentials that demand a certificate of every client; None in local mode."""
    if security.mode == "local":
        return None
    authority, key, certificate = _material(security)
    return grpc.ssl_server_credentials([(key, certificate)], root_certificates=authority, require_client_auth=True)


def caller_name(context: "grpc.aio.ServicerContext[Any, Any]") -> str:
    """Who the connection of a call proved to be: the common name of its certificate; empty without one."""
    return next(iter(context.auth_context().get("x509_common_name", ())), b"").decode()


def channel_credentials(security: SecuritySettings) -> grpc.ChannelCredentials | None:
    """Credentials that show our certificate and check the server's; None in local mode."""
    if security.mode == "local":
        return None
    authority, key, certificate = _material(security)
    return grpc.ssl_channel_credentials(authority, key, certificate)


def _material(security: SecuritySettings) -> tuple[bytes, bytes, bytes]:
    return (
        _read("authority", security.authority),
        _read("key", security.key),
        _read("certificate", security.certificate),
    )


def _read(setting: str, path: Path | None) -> bytes:
    if path is None:
        raise SettingsError(f"security.{setting}: expected a file because security.mode is mtls, found none")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"security.{setting}: cannot read {path}: {error.strerror}; `tapewatch certs init` makes development "
            "certificates"
        ) from error
    if b"-----BEGIN" not in content:
        raise SettingsError(f"security.{setting}: expected a PEM file, found other content in {path}")
    return content
