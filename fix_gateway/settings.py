"""Section ``fix`` of the settings: where the gateway listens, its sessions, where events go."""

from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, IPvAnyNetwork, model_validator

from fix_gateway.credentials import password_of
from fix_gateway.schedule_settings import ScheduleSettings
from tapewatch.fix.codec import MESSAGE_BYTES_MAX
from tapewatch.fix.profile import load_profile
from tapewatch.fix.session_config import SessionConfig, source_name
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.settings import Section

MEBIBYTE = 1 << 20
RESEND_CHUNK = 2500


class ListenTlsSettings(Section):
    """TLS of the FIX address. With `authority`, every counterparty must show a certificate of it."""

    certificate: Path = Field(description="our certificate and its chain, PEM")
    key: Path = Field(description="its private key, PEM")
    authority: Path | None = Field(
        None, description="who signs the counterparties' certificates, PEM; none demands none"
    )


class ConnectTlsSettings(Section):
    """TLS of a session we open."""

    authority: Path | None = Field(None, description="who signs the venue's certificate, PEM; none: the system's list")
    certificate: Path | None = Field(None, description="our certificate, PEM, where the venue wants one")
    key: Path | None = Field(None, description="its private key, PEM")
    server_name: str | None = Field(
        None, description="name in the venue's certificate; by default the host of `connect`"
    )

    @model_validator(mode="after")
    def _certificate_has_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("expected certificate and key together, found one of them")
        return self


class AuditSettings(Section):
    """The raw audit log of each session."""

    enabled: bool = Field(True, description="keep every byte received and sent, hash-chained")
    segment_bytes: int = Field(16 * MEBIBYTE, ge=MEBIBYTE, description="size of a file of the log")
    retention_bytes: int | None = Field(
        16 << 30, ge=2 * MEBIBYTE, description="a session's oldest files go beyond this; null keeps all"
    )


class FixSessionSettings(Section):
    """One session; `sender` is our CompID, `target` the counterparty's."""

    begin_string: Literal["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1"] = Field(
        "FIX.4.4", description="version of the session layer (tag 8)"
    )
    sender: str = Field("TAPEWATCH", min_length=1, description="our CompID")
    target: str = Field(min_length=1, description="the counterparty's CompID")
    role: Literal["acceptor", "initiator"] = Field("acceptor", description="who connects: the other side, or we")
    connect: str | None = Field(None, description="HOST:PORT an initiator connects to")
    tls: ConnectTlsSettings | None = Field(None, description="TLS of an initiator; none connects without")
    reconnect_first_s: float = Field(0.1, gt=0, description="wait of an initiator after a lost connection; doubles")
    reconnect_max_s: float = Field(5.0, gt=0, description="the longest such wait; each is drawn from its second half")
    profile: str = Field("fix44", description="mapping profile: the name of a shipped one or a YAML file")
    mode: Literal["strict", "ingest"] = Field("ingest", description="strict rejects, ingest records and flags")
    application_version: str = Field("9", description="tag 1137 for FIXT.1.1; 9 is FIX 5.0 SP2")
    heartbeat_s: int = Field(30, ge=0, le=3600, description="heartbeat an initiator proposes")
    reset_on_logon: bool = Field(False, description="numbers begin at 1 with every logon")
    reset_on_logout: bool = Field(False, description="numbers begin at 1 again after a logout")
    reset_on_disconnect: bool = Field(False, description="numbers begin at 1 again after any end of a connection")
    schedule: ScheduleSettings | None = Field(None, description="when the session is open; none: always")
    user_tags: tuple[int, ...] = Field((), description="strict: tags of the session's own that are no reason to reject")
    any_user_tag: bool = Field(False, description="strict: no tag from 5000 on is a reason to reject")
    message_types: tuple[str, ...] | None = Field(
        None, description="strict: types (35) taken, others get a BusinessMessageReject; null takes all"
    )
    send_next_expected: bool = Field(False, description="send NextExpectedMsgSeqNum (789) in the Logon")
    username: str = Field("", description="tag 553: sent by an initiator, demanded by an acceptor that has a password")
    password: str = Field("", repr=False, description="tag 554; empty demands none")
    password_file: Path | None = Field(None, description="file whose first line is the password")
    password_env: str | None = Field(None, description="environment variable that holds the password")
    allow: tuple[IPvAnyNetwork, ...] = Field((), description="networks an acceptor's peer may come from; none: any")
    certificate_name: str | None = Field(
        None, description="DNS name, URI or common name that the peer's certificate must have"
    )
    messages_a_second_max: int = Field(0, ge=0, description="a peer that sends faster is read no faster; 0: any rate")
    sending_time_tolerance_s: int = Field(120, ge=0, description="how far SendingTime may be from our clock; 0 any")
    resend_chunk: int | None = Field(
        None, ge=0, description="messages a ResendRequest asks for at once, 0 all; by default 2500, 0 in strict mode"
    )

    @property
    def source(self) -> str:
        """The session's name: ``FIX.4.4:THEM->US``."""
        return source_name(self.begin_string, self.target, self.sender)

    @model_validator(mode="after")
    def _role_has_its_own(self) -> Self:
        if self.role == "initiator" and not self.connect:
            raise ValueError("connect: expected HOST:PORT for role initiator, found none")
        if self.role == "initiator" and (self.allow or self.certificate_name):
            raise ValueError("allow, certificate_name: expected for role acceptor only; an initiator has `tls`")
        if self.role == "acceptor" and (self.connect or self.tls):
            raise ValueError("connect, tls: expected for role initiator only; an acceptor's TLS is `fix.tls`")
        return self

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        stated = [bool(self.password), self.password_file is not None, self.password_env is not None]
        if sum(stated) > 1:
            raise ValueError("expected one of password, password_file and password_env, found several")
        return self

    @model_validator(mode="after")
    def _reconnects_in_order(self) -> Self:
        if self.reconnect_first_s > self.reconnect_max_s:
            raise ValueError("expected reconnect_first_s not to exceed reconnect_max_s")
        return self

    def config(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> SessionConfig:
        """The session's configuration for the session layer; reads password and profile.

        Raises SettingsError and ProfileError.
        """
        return SessionConfig(
            begin_string=self.begin_string,
            sender=self.sender,
            target=self.target,
            role=self.role,
            heartbeat_s=self.heartbeat_s,
            application_version=self.application_version,
            reset_on_logon=self.reset_on_logon,
            mode=self.mode,
            reset_on_logout=self.reset_on_logout,
            reset_on_disconnect=self.reset_on_disconnect,
            schedule=None if self.schedule is None else self.schedule.schedule(),
            user_tags=frozenset(self.user_tags),
            any_user_tag=self.any_user_tag,
            message_types=None if self.message_types is None else frozenset(self.message_types),
            send_next_expected=self.send_next_expected,
            resends=load_profile(self.profile).recovery == "resend",
            username=self.username,
            password=password_of(self.source, self.password, self.password_file, self.password_env),
            sending_time_tolerance_s=self.sending_time_tolerance_s,
            resend_chunk=self._resend_chunk(),
            message_bytes_max=message_bytes_max,
        )

    def _resend_chunk(self) -> int:
        if self.resend_chunk is not None:
            return self.resend_chunk
        return 0 if self.mode == "strict" else RESEND_CHUNK


class FixSettings(Section):
    """Section `fix`. In the file FIX listens on `listen` and gRPC (health, FixService) on `status_listen`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    fix_listen: str = Field("127.0.0.1:9876", alias="listen", description="HOST:PORT for FIX counterparties")
    listen: str = Field("127.0.0.1:50055", alias="status_listen", description="HOST:PORT of gRPC: health, sessions")
    tls: ListenTlsSettings | None = Field(None, description="TLS of `listen`; none takes FIX as it is")
    plaintext: bool = Field(False, description="allow FIX without TLS on addresses beyond this machine")
    store: Path = Field(
        Path("tapewatch-data/fix"), description="directory of the sessions' numbers, messages and audit"
    )
    ingest: str = Field("127.0.0.1:50051", description="HOST:PORT of the ingest service")
    connections_max: int = Field(1000, ge=1, description="connections at once, logged on or not")
    connections_an_address_max: int = Field(100, ge=1, description="connections at once from one address")
    logons_an_address_a_minute_max: int = Field(1200, ge=1, description="connections a minute from one address")
    logon_timeout_s: float = Field(10.0, gt=0, le=300, description="a connection without a Logon is closed after this")
    message_bytes_max: int = Field(MESSAGE_BYTES_MAX, ge=1024, le=16 * MEBIBYTE, description="longest message taken")
    audit: AuditSettings = Field(AuditSettings(), description="the raw audit log of each session")
    sessions: tuple[FixSessionSettings, ...] = Field(
        (FixSessionSettings(target="XTWS"),), description="who may log on, and whom we log on to"
    )

    @model_validator(mode="after")
    def _sessions_differ(self) -> Self:
        sources = [session.source for session in self.sessions]
        twice = sorted({source for source in sources if sources.count(source) > 1})
        if twice:
            raise ValueError(f"sessions: expected each once, found {', '.join(twice)} twice")
        return self

    @model_validator(mode="after")
    def _others_cannot_listen_in(self) -> Self:
        if self.tls is None and not self.plaintext and not Address.parse(self.fix_listen).is_loopback:
            raise ValueError(
                f"listen: expected `tls` because {self.fix_listen} is not a loopback address, found none; add it, or "
                "`plaintext: true` where something in front of it encrypts"
            )
        return self

    @model_validator(mode="after")
    def _certificates_are_asked_for(self) -> Self:
        named = [session.source for session in self.sessions if session.certificate_name]
        if named and (self.tls is None or self.tls.authority is None):
            raise ValueError(
                f"sessions: {', '.join(named)} has certificate_name, which needs `fix.tls` with an authority; add it"
            )
        return self
