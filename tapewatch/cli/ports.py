"""Ports of this machine: which are taken, which are free."""

import socket
from contextlib import ExitStack

from tapewatch.runtime.addresses import Address

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_S = 2.0


def is_taken(address: str) -> bool:
    """Whether a program listens at HOST:PORT."""
    parsed = Address.parse(address)
    try:
        with socket.create_connection((parsed.host, parsed.port), timeout=CONNECT_TIMEOUT_S):
            return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Distinct ports that were free a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
