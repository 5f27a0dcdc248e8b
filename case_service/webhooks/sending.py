"""One message to one address: where it may go, and what became of it."""

import http.client
import socket
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 1_024
Network = IPv4Network | IPv6Network


class NotDelivered(Exception):  # noqa: N818 # an outcome, told in words
    """The receiver did not take it, or may not be asked; the text says why."""


def send(
    url: str, body: bytes, headers: Mapping[str, str], networks: Sequence[Network], trusted: ssl.SSLContext
) -> int:
    """Post a message and return the status, 200 to 299; NotDelivered otherwise. Blocks for some seconds at most.

    The name is resolved once and the connection made to that very address, so that no second answer of the name's
    server can lead elsewhere; redirections are not followed.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with _connected(parts, _address(parts, port, networks), port, trusted) as channel:
            return _posted(channel, parts, port, body, headers)
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(f"{parts.hostname}:{port}: {str(error) or type(error).__name__}") from error


def _address(parts: SplitResult, port: int, networks: Sequence[Network]) -> str:
    """The address to connect to: public, or in one of the networks that are allowed."""
    found = [str(each[4][0]) for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)]
    for text in found:
        address = ip_address(text.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        is_ours = any(address in network for network in networks)
        if not is_ours and (not address.is_global or address.is_multicast):
            raise NotDelivered(
                f"{parts.hostname}: expected a public address, found {address}; where it is meant, name its network in "
                "`networks`"
            )
        if parts.scheme == "http" and not is_ours:
            raise NotDelivered(f"{parts.hostname}: expected https beyond the networks named, found http")
    return found[0]


def _connected(parts: SplitResult, address: str, port: int, trusted: ssl.SSLContext) -> socket.socket:
    channel = socket.create_connection((address, port), TIMEOUT_S)
    if parts.scheme == "http":
        return channel
    try:
        return trusted.wrap_socket(channel, server_hostname=parts.hostname)
    except BaseException:
        channel.close()
        raise


def _posted(channel: socket.socket, parts: SplitResult, port: int, body: bytes, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection(str(parts.hostname), port, timeout=TIMEOUT_S)
    connection.sock = channel
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", target, body, {"content-type": "application/json", **headers})
    with connection.getresponse() as response:
        response.read(ANSWER_BYTES_MAX)
        if not 200 <= response.status < 300:
            raise NotDelivered(f"{parts.hostname}:{port}: expected a status of 200 to 299, found {response.status}")
        return response.status
