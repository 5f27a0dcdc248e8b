"""The `/metrics` endpoint for Prometheus."""

from prometheus_client import CollectorRegistry, start_http_server

from tapewatch.runtime.addresses import Address
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.security import checked_address
from tapewatch.runtime.settings import SecuritySettings


class MetricsEndpoint:
    """Serves a registry over HTTP from a thread of its own: loopback in local mode, client certificates in mtls."""

    def __init__(self, listen: str, security: SecuritySettings, registry: CollectorRegistry) -> None:
        address = checked_address(listen, security, "metrics.listen")
        mtls = security.mode == "mtls"
        try:
            self._server, self._thread = start_http_server(
                address.port,
                address.host,
                registry,
                certfile=str(security.certificate) if mtls else None,
                keyfile=str(security.key) if mtls else None,
                client_cafile=str(security.authority) if mtls else None,
                client_auth_required=mtls,
            )
        except OSError as error:
            raise StartError(
                f"cannot serve metrics on {address}: {error.strerror or error}. Stop the process that has the address, "
                "or choose another with `metrics.listen` or TAPEWATCH__METRICS__LISTEN (empty for none)"
            ) from error
        self.address = Address(address.host, self._server.server_port)

    def close(self) -> None:
        """Stop serving; blocks for at most one poll of the server's loop (half a second)."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
