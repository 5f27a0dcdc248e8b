"""A profile says, as data, how the messages of a session become event rows: YAML, checked on loading."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PROFILE_FOLDER = Path(__file__).parent / "profiles"
PROFILE_BYTES_MAX = 64 << 10

Tag = int


class ProfileError(Exception):
    """A profile cannot be used; the text says which file, which key and what was expected."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SelfTradePrevention(_Part):
    """A tag (and its values, any when empty) by which a venue marks a cancel as self-trade prevention."""

    tag: Tag
    values: tuple[str, ...] = ()


class Profile(_Part):
    """How messages of a session map to events. Tag lists are tried in order; the first with a value is taken.

    ``requests``: ``intent`` keeps orders and cancels sent by the client as REQUEST, ``new`` takes them for the events
    themselves (a venue that sends no reports), ``auto`` (logs) is ``new`` when the log holds no execution report.
    ``session_account``: the CompID of which side stands for an account no tag names; ``accounts_by_session`` names one
    by source (``FIX.4.4:THEM->US``). ``swap_client_ids``: the venue has 11 and 41 the other way round.
    ``previous_order_id_tags``: where a venue that renames an order on replace puts the old id. ``dedup_tags``: their
    values on one UTC day name an execution report wherever it is sent again. ``market_data``: what book entries of W
    become; ``auto`` is QUOTE when each side has at most one, else BOOK_LEVEL.
    """

    name: str
    description: str = ""
    requests: Literal["intent", "new", "auto"] = "intent"
    account_tags: tuple[Tag, ...] = (1, 109)
    account_party_roles: tuple[str, ...] = ("24", "3", "13", "38")
    session_account: Literal["none", "client", "venue"] = "none"
    accounts_by_session: dict[str, str] = Field(default_factory=dict)
    trader_party_roles: tuple[str, ...] = ("11", "12", "36")
    request_trader_tags: tuple[Tag, ...] = ()
    report_trader_tags: tuple[Tag, ...] = ()
    order_id_tags: tuple[Tag, ...] = (37,)
    previous_order_id_tags: tuple[Tag, ...] = ()
    swap_client_ids: bool = False
    dedup_tags: tuple[Tag, ...] = (37, 17, 20, 150)
    trade_id_tags: tuple[Tag, ...] = (880, 1003)
    trade_report_id_tags: tuple[Tag, ...] = (17, 571)
    trade_report_reference_tags: tuple[Tag, ...] = (19, 572)
    venue_tags: tuple[Tag, ...] = (30, 100, 207, 1301)
    default_venue: str = ""
    instrument_tags: tuple[Tag, ...] = (55, 48)
    self_trade_prevention: tuple[SelfTradePrevention, ...] = ()
    market_data: Literal["auto", "book", "quote"] = "auto"


def shipped_profiles() -> list[str]:
    """The names of the profiles that come with Tapewatch."""
    return sorted(path.stem for path in PROFILE_FOLDER.glob("*.yaml"))


def load_profile(name: str) -> Profile:
    """Loads a profile by the name of a shipped one or the path of a YAML file; raises ProfileError."""
    path = PROFILE_FOLDER / f"{name}.yaml" if name in shipped_profiles() else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        known = ", ".join(shipped_profiles())
        raise ProfileError(f"profile {name!r}: expected one of {known} or a readable file, found {error}") from None
    return parse_profile(text, str(path))


def parse_profile(text: str, origin: str) -> Profile:
    """Reads a profile from YAML; ``origin`` names it in errors."""
    if len(text) > PROFILE_BYTES_MAX:
        raise ProfileError(f"{origin}: expected at most {PROFILE_BYTES_MAX} characters, found {len(text)}")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ProfileError(f"{origin}: expected no YAML aliases")
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProfileError(f"{origin}: expected YAML, found {error}") from None
    if not isinstance(content, dict):
        raise ProfileError(f"{origin}: expected a mapping of profile keys, found {type(content).__name__}")
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(str(part) for part in found["loc"])
        known = ", ".join(Profile.model_fields)
        raise ProfileError(f"{origin}: {place}: {found['msg']}; known keys: {known}") from None
