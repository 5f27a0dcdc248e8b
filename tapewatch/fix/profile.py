"""A profile says, as data, how the messages of a session become event rows: YAML, checked on loading."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

PROFILE_FOLDER = Path(__file__).parent / "profiles"
PROFILE_BYTES_MAX = 64 << 10
TAGS_MAX = 16
NAMES_MAX = 10_000
SUFFIX_SEPARATOR = " "
"""Between the instrument and what `instrument_suffix_tags` add to it."""

Tag = Annotated[int, Field(gt=0)]


class ProfileError(Exception):
    """A profile cannot be used; the text says which file and line, which key, what was expected and found."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class SelfTradePrevention(_Part):
    """A tag (and its values, any when empty) by which a venue marks a cancel as self-trade prevention."""

    tag: Tag
    """the tag that marks it"""
    values: tuple[str, ...] = ()
    """the values that mark it; none listed: any value does"""


class Profile(_Part):
    """How messages of a session map to events. Tag lists are tried in order; the first with a value is taken."""

    name: str = Field(min_length=1)
    """the profile's name; of a shipped one, its file's"""
    description: str = ""
    """what kind of venue or session it suits"""

    dialect: Literal[20, 150] = 20
    """20: ExecTransType decides before ExecType wherever it is sent; 150: ExecType alone, 20 is not read"""
    requests: Literal["intent", "new", "auto"] = "intent"
    """orders and cancels a client sent: REQUEST events (intent), or the events themselves where a venue sends no
    reports (new); auto, for logs, is new when the log holds no execution report"""
    reports: Literal["orders", "fills"] = "orders"
    """fills: the session copies executions alone, so rules about orders do not apply, nothing is known to rest, and any
    other report is flagged"""
    recovery: Literal["resend", "reconcile"] = "resend"
    """how a gap is closed: by ResendRequest, or, where the venue has none, from elsewhere: the gap is then recorded"""

    account_tags: tuple[Tag, ...] = Field((1, 109), max_length=TAGS_MAX)
    """tags that name the account"""
    account_party_roles: tuple[str, ...] = Field(("24", "3", "13", "38"), max_length=TAGS_MAX)
    """PartyRoles (452) whose party is the account where no tag names it"""
    session_account: Literal["none", "client", "venue"] = "none"
    """the CompID of which side stands for an account that nothing else names"""
    accounts_by_session: dict[str, str] = Field(default_factory=dict, max_length=NAMES_MAX)
    """the account of a session by its source (`FIX.4.4:THEM->US`), before `session_account`"""
    trader_party_roles: tuple[str, ...] = Field(("11", "12", "36"), max_length=TAGS_MAX)
    """PartyRoles (452) whose party is the trader"""
    request_trader_tags: tuple[Tag, ...] = Field((), max_length=TAGS_MAX)
    """tags that name the trader in what a client sends"""
    report_trader_tags: tuple[Tag, ...] = Field((), max_length=TAGS_MAX)
    """tags that name the trader in what a venue sends"""

    order_id_tags: tuple[Tag, ...] = Field((37,), max_length=TAGS_MAX)
    """tags that name an order for its life; none listed: orders are chained by the client's ids, 11 after 41"""
    previous_order_id_tags: tuple[Tag, ...] = Field((), max_length=TAGS_MAX)
    """where a venue that renames an order on replace puts the old id"""
    swap_client_ids: bool = False
    """reports of the venue have ClOrdID (11) and OrigClOrdID (41) the other way round; requests as usual"""
    tells_unsolicited: bool = True
    """whether a cancel or replace without OrigClOrdID (41) is one nobody asked for; false where 41 is never filled"""
    execution_id_tags: tuple[Tag, ...] = Field((17,), max_length=TAGS_MAX)
    """tags that name an execution report"""
    dedup_tags: tuple[Tag, ...] = Field((37, 17, 20, 150), min_length=1, max_length=TAGS_MAX)
    """their values on one UTC day name an execution report wherever it is sent again"""
    trade_id_tags: tuple[Tag, ...] = Field((880, 1003), max_length=TAGS_MAX)
    """tags that name a match, the same on both sides"""
    trade_report_id_tags: tuple[Tag, ...] = Field((17, 571), max_length=TAGS_MAX)
    """tags that name the execution in a trade capture report"""
    trade_report_reference_tags: tuple[Tag, ...] = Field((19, 572), max_length=TAGS_MAX)
    """tags that name the execution a trade capture report cancels or replaces"""

    venue_tags: tuple[Tag, ...] = Field((30, 100, 207, 1301), max_length=TAGS_MAX)
    """tags that name the venue"""
    default_venue: str = ""
    """the venue where no tag names one; else it is the venue side's CompID"""
    venue_names: dict[str, str] = Field(default_factory=dict, max_length=NAMES_MAX)
    """the venue's code -> the name events get (a MIC); what is not listed stays as it came"""
    instrument_tags: tuple[Tag, ...] = Field((55, 48), max_length=TAGS_MAX)
    """tags that name the instrument"""
    instrument_suffix_tags: tuple[Tag, ...] = Field((), max_length=TAGS_MAX)
    """tags whose values are added to the instrument, a space between, where 55 names only the root of a future (200)
    or option (200, 201, 202)"""
    instrument_names: dict[str, str] = Field(default_factory=dict, max_length=NAMES_MAX)
    """the instrument as found, suffixes included -> the name events get; what is not listed stays as it came"""

    self_trade_prevention: tuple[SelfTradePrevention, ...] = Field((), max_length=TAGS_MAX)
    """tags by which the venue marks a cancel or expiry as self-trade prevention"""
    market_data: Literal["auto", "book", "quote"] = "auto"
    """what book entries of W become: levels (book), the best of each side (quote); auto is quote when each side has
    at most one"""


def shipped_profiles() -> list[str]:
    """The names of the profiles that come with Tapewatch."""
    return sorted(path.stem for path in PROFILE_FOLDER.glob("*.yaml"))


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a profile's YAML file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Profile.model_json_schema(),
        "title": "Tapewatch FIX mapping profile",
    }


def load_profile(name: str) -> Profile:
    """Loads a profile by the name of a shipped one or the path of a YAML file; raises ProfileError."""
    path = PROFILE_FOLDER / f"{name}.yaml" if name in shipped_profiles() else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        known = ", ".join(shipped_profiles())
        close = difflib.get_close_matches(name, shipped_profiles(), n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ProfileError(
            f"profile {name!r}: expected one of {known} or a readable file, found {error}{hint}"
        ) from None
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
        raise ProfileError("\n".join(_described(found, text, origin) for found in error.errors())) from None


def _described(found: ErrorDetails, text: str, origin: str) -> str:
    """One mistake: file and line, key, what is wrong, what was found or which key may have been meant."""
    location = found["loc"]
    place = f"{origin}:{_line(text, location)}: {'.'.join(str(part) for part in location)}"
    if found["type"] == "extra_forbidden":
        known = list((Profile if len(location) == 1 else SelfTradePrevention).model_fields)
        close = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        meant = f"did you mean {close[0]}?" if close else "nothing is named like it."
        return f"{place}: unknown key; {meant} Known keys: {', '.join(known)}"
    return f"{place}: {found['msg']}, found {str(found['input'])[:80]!r}"


def _line(text: str, location: tuple[int | str, ...]) -> int:
    """The 1-based line of a path of keys in the YAML text, or of its nearest ancestor there."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
