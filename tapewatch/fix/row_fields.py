"""The columns every event of an order shares, read from a message by the rules of a profile."""

import math
from typing import cast

from tapewatch.fix.codec import TimestampError, day_text, parse_timestamp_ns
from tapewatch.fix.message import FieldMap, Message
from tapewatch.fix.profile import SUFFIX_SEPARATOR, Profile

Row = dict[str, object]
Values = dict[int, str]

SIDES: dict[str, str] = {
    "1": "BUY",
    "2": "SELL",
    "3": "BUY",
    "4": "SELL",
    "5": "SELL",
    "6": "SELL",
    "D": "BUY",
    "E": "SELL",
    "H": "SELL",
}
"""Side (54): buy, sell, buy minus, sell plus, sell short, short exempt, subscribe, redeem, undisclosed sell."""

NO_ID = frozenset({"", "0", "NONE", "N/A", "[N/A]"})
"""What venues write where an id has to stand but there is none."""

ORDER_TYPES = {
    "1": "MARKET",
    "2": "LIMIT",
    "3": "STOP",
    "4": "STOP_LIMIT",
    "5": "MARKET_ON_CLOSE",
    "B": "LIMIT_ON_CLOSE",
    "K": "MARKET_TO_LIMIT",
    "P": "PEGGED",
}
TIMES_IN_FORCE = {
    "0": "DAY",
    "1": "GTC",
    "2": "AT_OPENING",
    "3": "IOC",
    "4": "FOK",
    "5": "GTX",
    "6": "GTD",
    "7": "AT_CLOSE",
}
CAPACITIES = {"A": "AGENCY", "G": "PROPRIETARY", "I": "INDIVIDUAL", "P": "PRINCIPAL", "R": "RISKLESS_PRINCIPAL"}

COPIED: tuple[tuple[int, str, dict[str, str]], ...] = (
    (40, "order_type", ORDER_TYPES),
    (59, "time_in_force", TIMES_IN_FORCE),
    (528, "capacity", CAPACITIES),
    (847, "algorithm", {}),
    (15, "currency", {}),
    (58, "text", {}),
)
"""Tag, column and the names of the standard's codes; a code the standard does not know stays as the venue gave it."""


def number(text: str | None) -> float | None:
    """A FIX decimal as a double; None where absent or no finite number (the row then says nothing)."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def first(values: Values, tags: tuple[int, ...]) -> str:
    """The value of the first tag that has one which is an id, or the empty string."""
    for tag in tags:
        value = values.get(tag)
        if value is not None and value not in NO_ID:
            return value
    return ""


def instrument_of(values: Values, profile: Profile) -> str:
    """The instrument by the profile's tags, with its suffixes, under the name the profile gives it."""
    found = first(values, profile.instrument_tags)
    if found and profile.instrument_suffix_tags:
        suffixes = [values[tag] for tag in profile.instrument_suffix_tags if values.get(tag)]
        found = SUFFIX_SEPARATOR.join([found, *suffixes])
    return profile.instrument_names.get(found, found)


def venue_of(values: Values, profile: Profile) -> str:
    """The venue a tag names, under the name the profile gives it, else the profile's own; may be empty."""
    found = first(values, profile.venue_tags)
    return profile.venue_names.get(found, found) or profile.default_venue


def client_ids(values: Values, profile: Profile) -> tuple[str, str]:
    """ClOrdID and OrigClOrdID of a report, empty where absent or a placeholder, in the profile's order."""
    current, original = requested_ids(values)
    return (original, current) if profile.swap_client_ids and original else (current, original)


def requested_ids(values: Values) -> tuple[str, str]:
    """ClOrdID and OrigClOrdID as they stand."""
    return first(values, (11,)), first(values, (41,))


def event_time_ns(values: Values) -> int:
    """TransactTime (60), else when it was first sent (122), else SendingTime (52); raises TimestampError."""
    stated = values.get(60)
    if stated is not None:
        try:
            return parse_timestamp_ns(stated)
        except TimestampError:
            pass
    return parse_timestamp_ns(values.get(122) or values.get(52, ""))


def roles(fields: FieldMap) -> dict[str, str]:
    """PartyRole (452) -> PartyID (448), the first of each role."""
    found: dict[str, str] = {}
    party = ""
    for tag, value in fields.fields:
        if tag == 448:
            party = value
        elif tag == 452 and party:
            found.setdefault(value, party)
    return found


def party(found: dict[str, str], wanted: tuple[str, ...]) -> str:
    """The party of the first role that is there, or the empty string."""
    return next((found[role] for role in wanted if role in found), "")


def base_row(message: Message, profile: Profile, source: str, receive_time_ns: int) -> Row:
    """Where and when: time, venue, instrument and source; raises TimestampError where no time can be read."""
    values = message.values
    is_request = message.msg_type in REQUEST_TYPES
    row: Row = {
        "event_time_ns": event_time_ns(values),
        "kind": "",
        "venue": venue_of(values, profile) or values.get(56 if is_request else 49, ""),
        "instrument": instrument_of(values, profile),
        "source": source,
        "source_epoch": message.epoch,
        "source_sequence": message.sequence or 0,
    }
    if receive_time_ns:
        row["receive_time_ns"] = receive_time_ns
    return row


REQUEST_TYPES = frozenset({"D", "F", "G", "q", "s", "AB", "AC", "i", "S"})


def add_owner(row: Row, fields: FieldMap, message: Message, profile: Profile) -> None:
    """Account and trader: by tag, by party role, else by session where the profile says so."""
    values = fields.values
    is_request = message.msg_type in REQUEST_TYPES
    trader_tags = profile.request_trader_tags if is_request else profile.report_trader_tags
    account, trader = first(values, profile.account_tags), first(values, trader_tags)
    contra = values.get(375, "")
    if 453 in values:
        found = roles(fields)
        account = account or party(found, profile.account_party_roles)
        trader = party(found, profile.trader_party_roles) or trader
        contra = contra or party(found, CONTRA_ROLES)
    account = account or _session_account(message, profile, str(row["source"]), is_request)
    if account:
        row["account"] = account
    if trader:
        row["trader"] = trader
    if contra:
        row["contra_account"] = contra


CONTRA_ROLES = ("17", "37")
"""Contra firm, contra trader."""


def _session_account(message: Message, profile: Profile, source: str, is_request: bool) -> str:
    listed = profile.accounts_by_session.get(source)
    if listed or profile.session_account == "none":
        return listed or ""
    is_sender = is_request == (profile.session_account == "client")
    return message.values.get(49 if is_sender else 56, "")


def add_order(row: Row, values: Values, profile: Profile, *, is_request: bool = False) -> None:
    """Side, the client's id, and what is copied."""
    side = SIDES.get(values.get(54, ""))
    if side is not None:
        row["side"] = side
    client_id = (requested_ids(values) if is_request else client_ids(values, profile))[0]
    if client_id:
        row["client_order_id"] = client_id
    for tag, column, names in COPIED:
        value = values.get(tag)
        if value is not None:
            row[column] = names.get(value, value)


def set_number(row: Row, column: str, text: str | None) -> None:
    """Sets a column where the text is a number."""
    value = number(text)
    if value is not None:
        row[column] = value


def with_reason(row: Row, reason: str) -> None:
    """Puts our reason before the venue's text."""
    row["text"] = f"{reason}: {row['text']}" if row.get("text") else reason


def dedupe_key(values: Values, profile: Profile, row: Row) -> str:
    """The key by which a report with an execution id is known when it is sent again."""
    day = day_text(cast(int, row["event_time_ns"]))
    return "|".join([day, *[values.get(tag, "") for tag in profile.dedup_tags]])
