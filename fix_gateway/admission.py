"""Who may connect, before anything is known but the address: places, rate, networks."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from fix_gateway.refusal import Refusal, refusal
from fix_gateway.settings import FixSettings

ADDRESSES_REMEMBERED_MAX = 10_000
MINUTE_S = 60.0

Network = IPv4Network | IPv6Network
Seconds = Callable[[], float]


class Admission:
    """Counts connections and their rate by address; ``seconds`` is a clock that never goes back."""

    def __init__(self, settings: FixSettings, seconds: Seconds) -> None:
        self._settings = settings
        self._seconds = seconds
        acceptors = [session for session in settings.sessions if session.role == "acceptor"]
        is_open = not all(session.allow for session in acceptors)
        self._networks = () if is_open else tuple(network for session in acceptors for network in session.allow)
        self._connections: Counter[str] = Counter()
        self._rooms: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def enter(self, host: str) -> Refusal | None:
        """Takes a connection from an address, or says why not. One that is taken must ``leave``."""
        problem = self._problem(host)
        if problem is None:
            self._connections[host] += 1
        return problem

    def leave(self, host: str) -> None:
        """A connection that was taken is gone."""
        self._connections[host] -= 1
        if not self._connections[host]:
            del self._connections[host]

    def _problem(self, host: str) -> Refusal | None:
        settings = self._settings
        if self._networks and not is_within(host, self._networks):
            return refusal("address", host, "not an address that any session allows")
        if self._connections.total() >= settings.connections_max:
            return refusal(
                "connections", host, f"{settings.connections_max} connections are open, the most there may be"
            )
        if self._connections[host] >= settings.connections_an_address_max:
            most = settings.connections_an_address_max
            return refusal(
                "connections_an_address", host, f"{most} connections are open from there, the most there may be"
            )
        if not self._has_room(host):
            most = settings.logons_an_address_a_minute_max
            return refusal("logon_rate", host, f"more than {most} connections a minute from there")
        return None

    def _has_room(self, host: str) -> bool:
        """Takes one of the address's connections of this minute; a bucket that fills at the allowed rate."""
        most = float(self._settings.logons_an_address_a_minute_max)
        now_s = self._seconds()
        room, since_s = self._rooms.pop(host, (most, now_s))
        room = min(most, room + (now_s - since_s) * most / MINUTE_S)
        has_room = room >= 1.0
        self._rooms[host] = (room - has_room, now_s)
        if len(self._rooms) > ADDRESSES_REMEMBERED_MAX:
            self._rooms.popitem(last=False)
        return has_room


def is_within(host: str, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; an IPv4 address that comes as IPv6 counts as IPv4."""
    address = _parsed(host)
    return address is not None and any(address in network for network in networks)


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
