"""The listening socket: every connection is admitted by its address, then secured, then given to a gate."""

import asyncio
import contextlib
import socket
import ssl
from functools import partial

from fix_gateway.gate import Doorkeeper, Gate
from fix_gateway.refusal import refusal
from tapewatch.runtime.addresses import Address

BACKLOG = 1024
ACCEPT_RETRY_S = 0.2
ACCEPTED_AT_ONCE = 64


class Door:
    """Accepts until closed. ``tls``: None takes FIX as it is; ``logon_timeout_s`` covers handshake and Logon."""

    def __init__(self, keeper: Doorkeeper, tls: ssl.SSLContext | None, logon_timeout_s: float) -> None:
        self._keeper = keeper
        self._tls = tls
        self._logon_timeout_s = logon_timeout_s
        self._socket: socket.socket | None = None
        self._rest: asyncio.TimerHandle | None = None
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
        self._listen(self._socket)
        return int(self._socket.getsockname()[1])

    def shut(self) -> None:
        """Takes no more connections."""
        if self._rest is not None:
            self._rest.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    async def close(self) -> None:
        """Takes no more connections and ends those there are."""
        self.shut()
        for task in self._arriving:
            task.cancel()
        for gate in list(self._gates):
            gate.close()
        await asyncio.gather(*self._arriving, return_exceptions=True)

    def leave(self, gate: Gate, host: str) -> None:
        """A gate's connection is gone."""
        self._gates.discard(gate)
        self._keeper.leave(host)

    def _listen(self, listening: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        """Takes those who wait. Waiting for one by ``sock_accept`` would lose it if cancelled as it came."""
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, peer = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # no more descriptors, or the peer is gone already
                self._keeper.report(refusal("connections", "?", f"cannot be accepted: {error}"))
                loop.remove_reader(listening)
                self._rest = loop.call_later(ACCEPT_RETRY_S, self._listen, listening)
                return
            self._admit(accepted, str(peer[0]))

    def _admit(self, accepted: socket.socket, host: str) -> None:
        problem = self._keeper.enter(host)
        if problem is not None:
            self._keeper.report(problem)
            accepted.close()
            return
        accepted.setblocking(False)
        gate = Gate(self._keeper, host, asyncio.get_running_loop().time() + self._logon_timeout_s, self.leave)
        arriving = asyncio.create_task(self._arrive(accepted, gate))
        self._arriving.add(arriving)
        arriving.add_done_callback(partial(self._arrived, accepted, gate))

    async def _arrive(self, accepted: socket.socket, gate: Gate) -> None:
        """Secures the connection, where there is TLS, and puts the gate before it."""
        try:
            async with asyncio.timeout_at(gate.deadline_s):
                await asyncio.get_running_loop().connect_accepted_socket(lambda: gate, accepted, ssl=self._tls)
            if not gate.is_gone:
                self._gates.add(gate)
        except TimeoutError:
            text = f"no TLS handshake in {self._logon_timeout_s:g} s"
            self._keeper.report(refusal("logon_timeout", gate.host, text))
            raise
        except OSError as error:
            text = f"no TLS handshake: {str(error) or 'the connection was lost'}"
            self._keeper.report(refusal("tls", gate.host, text))
            raise

    def _arrived(self, accepted: socket.socket, gate: Gate, arriving: asyncio.Task[None]) -> None:
        """Ends a connection that did not come in; also one cancelled before its task had begun."""
        self._arriving.discard(arriving)
        if arriving.cancelled() or arriving.exception() is not None:
            with contextlib.suppress(OSError):
                accepted.close()
            gate.free()
