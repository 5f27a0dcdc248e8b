"""HOST:PORT addresses, and which of them never leave this machine."""

import ipaddress
import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"^(?:\[(?P<bracketed>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})$")


@dataclass(frozen=True, slots=True)
class Address:
    """A host (name or IP, no brackets) and a port; port 0 asks for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `HOST:PORT` or `[IPV6]:PORT`; ValueError otherwise."""
        match = _ADDRESS.match(text)
        if match is None or int(match["port"]) > 65_535:
            raise ValueError(f"expected HOST:PORT (like 127.0.0.1:50051 or [::1]:50051), found {text!r}")
        return cls(match["bracketed"] or match["host"], int(match["port"]))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; names other than `localhost` are taken to be elsewhere."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"
