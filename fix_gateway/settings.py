"""Section ``fix`` of the settings: where the gateway listens, its sessions, where events go."""

from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tapewatch.fix.codec import MESSAGE_BYTES_MAX
from tapewatch.fix.session_config import SessionConfig
from tapewatch.runtime.settings import Section


class FixSessionSettings(Section):
    """One session; `sender` is our CompID, `target` the counterparty's."""

    begin_string: Literal["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1"] = Field(
        "FIX.4.4", description="version of the session layer (tag 8)"
    )
    sender: str = Field("TAPEWATCH", min_length=1, description="our CompID")
    target: str = Field(min_length=1, description="the counterparty's CompID")
    role: Literal["acceptor", "initiator"] = Field("acceptor", description="who connects: the other side, or we")
    connect: str | None = Field(None, description="HOST:PORT an initiator connects to")
    profile: str = Field("fix44", description="mapping profile: the name of a shipped one or a YAML file")
    mode: Literal["strict", "ingest"] = Field("ingest", description="strict rejects, ingest records and flags")
    application_version: str = Field("9", description="tag 1137 for FIXT.1.1; 9 is FIX 5.0 SP2")
    heartbeat_s: int = Field(30, ge=0, le=3600, description="heartbeat an initiator proposes")
    reset_on_logon: bool = Field(False, description="numbers begin at 1 with every logon")
    send_next_expected: bool = Field(False, description="send NextExpectedMsgSeqNum (789) in the Logon")
    username: str = Field("", description="tag 553: sent by an initiator, demanded by an acceptor that has a password")
    password: str = Field("", repr=False, description="tag 554; empty demands none")
    sending_time_tolerance_s: int = Field(120, ge=0, description="how far SendingTime may be from our clock; 0 any")
    resend_chunk: int = Field(2500, ge=0, description="messages a ResendRequest asks for at once; 0 all")

    @model_validator(mode="after")
    def _initiator_needs_address(self) -> Self:
        if self.role == "initiator" and not self.connect:
            raise ValueError("connect: expected HOST:PORT for role initiator, found none")
        return self

    def config(self) -> SessionConfig:
        """The session's configuration for the session layer."""
        return SessionConfig(
            begin_string=self.begin_string,
            sender=self.sender,
            target=self.target,
            role=self.role,
            heartbeat_s=self.heartbeat_s,
            application_version=self.application_version,
            reset_on_logon=self.reset_on_logon,
            mode=self.mode,
            send_next_expected=self.send_next_expected,
            username=self.username,
            password=self.password,
            sending_time_tolerance_s=self.sending_time_tolerance_s,
            resend_chunk=self.resend_chunk,
            message_bytes_max=MESSAGE_BYTES_MAX,
        )


class FixSettings(Section):
    """Section `fix`. In the file FIX listens on `listen` and gRPC health on `status_listen`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    fix_listen: str = Field("127.0.0.1:9876", alias="listen", description="HOST:PORT for FIX counterparties")
    listen: str = Field("127.0.0.1:50055", alias="status_listen", description="HOST:PORT of gRPC health")
    store: Path = Field(Path("tapewatch-data/fix"), description="directory of the sessions' numbers and messages")
    ingest: str = Field("127.0.0.1:50051", description="HOST:PORT of the ingest service")
    connections_max: int = Field(1000, ge=1, description="connections at once, logged on or not")
    connections_an_address_max: int = Field(100, ge=1, description="connections at once from one address")
    sessions: tuple[FixSessionSettings, ...] = Field(
        (FixSessionSettings(target="XTWS"),), description="who may log on, and whom we log on to"
    )

    @model_validator(mode="after")
    def _sessions_differ(self) -> Self:
        sources = [session.config().source for session in self.sessions]
        twice = sorted({source for source in sources if sources.count(source) > 1})
        if twice:
            raise ValueError(f"sessions: expected each once, found {', '.join(twice)} twice")
        return self
