"""Sub-section `cases.webhooks`: who is told what."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from tapewatch.runtime.settings import Section

EventName = Literal["case.opened", "case.escalated"]


class WebhookSettings(Section):
    """One address that is told of cases."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,40}$", description="names it in the log, and where it goes on after a restart"
    )
    url: str = Field(description="https:// address; http:// only within `networks`")
    secret_file: Path = Field(description="file with the secret it is signed with, `whsec_` and base64 (0600)")
    events: list[EventName] = Field(["case.opened", "case.escalated"], min_length=1, description="what it is told of")
    networks: list[IPv4Network | IPv6Network] = Field(
        [], description="private networks it may be in, such as 10.1.2.0/24; every other private address is refused"
    )
    give_up_hours: float = Field(72.0, gt=0, le=24 * 30, description="for so long one message is tried again")

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"expected https://HOST/PATH, found {parts.scheme or 'no scheme'}")
        if parts.username or parts.password:
            raise ValueError("expected an address without a password: the signature proves who sends")
        return url
