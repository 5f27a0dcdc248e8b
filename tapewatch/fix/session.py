"""skeleton"""
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Who talks to whom and how; ``sender`` is always us, ``target`` the other side."""

    begin_string: str
    sender: str
    target: str
    role: Literal["acceptor", "initiator"] = "initiator"
    heartbeat_s: int = 30
    application_version: str = "9"
    reset_on_logon: bool = False
    mode: Literal["strict", "ingest"] = "ingest"
