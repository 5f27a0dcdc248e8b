"""The listening socket: every connection is admitted by its address, then secured, then given to a gate."""

import asyncio
import contextlib
import socket
import ssl

from fix_gateway.gate import Doorkeeper, Gate
from fix_gateway.refusal import refusal
from tapewatch.runtime.addresses import Address

BACKLOG = 1024
ACCEPT_RETRY_S = 0.2


class Door:
    """Accepts until closed. ``tls``: None takes FIX as it is; ``logon_timeout_s`` covers handshake and Logon."""

    def __init__(self, keeper: Doorkeeper, tls: ssl.SSLContext | None, logon_timeout_s: float) -> None:
        self._keeper = keeper
        self._tls = tls
        self._logon_timeout_s = logon_timeout_s
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._gates: set[Gate] = set()
        self._arriving: set[asyncio.Task[None]] = set()

    @property
    def gate_count(self) -> int:
        """How many connections there are, arriving, waiting for their Logon or of a session."""
        return len(self._gates) + len(self._arriving)

    def open(self, address: Address) -> int:
        """Binds and begins to accept; returns the port. Raises OSError."""
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(self._socket), name="fix:accept")
        return int(self._socket.getsockname()[1])

    def shut(self) -> None:
        """Takes no more connections."""
        if self._accepting is not None:
            self._accepting.cancel()
        if self._socket is not None:
            self._socket.close()

    async def close(self) -> None:
        """Takes no more connections and ends those there are."""
        self.shut()
        for task in self._arriving:
            task.cancel()
        for gate in list(self._gates):
            gate.close()
        tasks = [*self._arriving, *([self._accepting] if self._accepting else [])]
        await asyncio.gather(*tasks, return_exceptions=True)

    def leave(self, gate: Gate, host: str) -> None:
        """A gate's connection is gone."""
        self._gates.discard(gate)
        self._keeper.leave(host)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, peer = await loop.sock_accept(listening)
            except OSError as error:  # no more descriptors, or the peer is gone already
                self._keeper.report(refusal("connections", "?", f"cannot be accepted: {error}"))
                await asyncio.sleep(ACCEPT_RETRY_S)
                continue
            host = str(peer[0])
            problem = self._keeper.enter(host)
            if problem is not None:
                self._keeper.report(problem)
                accepted.close()
                continue
            arriving = asyncio.create_task(self._arrive(accepted, host))
            self._arriving.add(arriving)
            arriving.add_done_callback(self._arriving.discard)

    async def _arrive(self, accepted: socket.socket, host: str) -> None:
        """Secures the connection, where there is TLS, and puts a gate before it."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._logon_timeout_s
        gate = Gate(self._keeper, host, deadline_s, self.leave)
        is_in = False
        try:
            async with asyncio.timeout_at(deadline_s):
                await loop.connect_accepted_socket(lambda: gate, accepted, ssl=self._tls)
            is_in = True
            if not gate.is_gone:
                self._gates.add(gate)
        except TimeoutError:
            text = f"no TLS handshake in {self._logon_timeout_s:g} s"
            self._keeper.report(refusal("logon_timeout", host, text))
        except OSError as error:
            text = f"no TLS handshake: {str(error) or 'the connection was lost'}"
            self._keeper.report(refusal("tls", host, text))
        finally:
            if not is_in:
                with contextlib.suppress(OSError):
                    accepted.close()
                gate.free()
