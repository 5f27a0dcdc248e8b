"""Security definitions and lists (d, y) to rows of the reference table `instruments`."""

from tapewatch.fix.message import FieldMap, Message, readable
from tapewatch.fix.profile import Profile
from tapewatch.fix.row_fields import Values, first, instrument_of, number, venue_of

InstrumentRow = dict[str, str]
"""Columns of tapewatch.market.reference, those that are known."""

DEFINITION_TYPES = frozenset({"d", "y"})
NOT_SECURITIES = frozenset({"3", "4", "5"})
"""SecurityResponseType (323): a list of types, a list of securities follows, a rejection."""
ISIN_SOURCE = "4"
ASSET_CLASSES = {
    "CS": "EQUITY",
    "PS": "EQUITY",
    "ETF": "EQUITY",
    "FUT": "FUTURE",
    "OPT": "OPTION",
    "OOF": "OPTION",
    "WAR": "OPTION",
    "FOR": "FX",
    "FXSPOT": "FX",
    "FXFWD": "FX",
    "FXSWAP": "FX",
    "FXNDF": "FX",
    "CORP": "BOND",
    "TBOND": "BOND",
    "TNOTE": "BOND",
    "TBILL": "BOND",
    "MLEG": "SPREAD",
    "CRYPTO": "CRYPTO",
}
"""SecurityType (167); another stays as the venue gave it."""
BY_CFI = {"E": "EQUITY", "F": "FUTURE", "O": "OPTION", "H": "OPTION", "D": "BOND", "I": "FX", "J": "FORWARD"}
"""The first letter of CFICode (461), where there is no SecurityType."""
COPIED = ((15, "currency"), (107, "product"), (311, "underlying"))
NUMBERS = (((231,), "multiplier"), ((969,), "tick_size"), ((561, 562), "lot_size"))
"""ContractMultiplier; MinPriceIncrement; RoundLot, else MinTradeVol."""


def map_instruments(message: Message, profile: Profile) -> list[InstrumentRow]:
    """The instruments a SecurityDefinition (d) or SecurityList (y) names; none for any other message.

    The instrument and venue are those the profile gives to events, so that reference data and events meet.
    """
    if message.msg_type not in DEFINITION_TYPES or message.values.get(323, "") in NOT_SECURITIES:
        return []
    entries = message.entries(146) if message.msg_type == "y" else [message]
    outside = message.outside(146) if message.msg_type == "y" else FieldMap([])
    found = [_row({**outside.values, **entry.values}, entry, message, profile) for entry in entries]
    return [row for row in found if row["instrument"]]


def _row(values: Values, entry: FieldMap, message: Message, profile: Profile) -> InstrumentRow:
    row = {
        "instrument": readable(instrument_of(values, profile)),
        "venue": venue_of(values, profile) or message.values.get(49, ""),
    }
    asset_class = ASSET_CLASSES.get(values.get(167, ""), values.get(167, "")) or BY_CFI.get(values.get(461, "")[:1], "")
    known = {"asset_class": asset_class, "isin": _isin(values, entry)}
    known |= {column: first(values, (tag,)) for tag, column in COPIED}
    for tags, column in NUMBERS:
        text = first(values, tags)
        known[column] = text if number(text) else ""
    row.update((column, readable(value)) for column, value in known.items() if value)
    return row


def _isin(values: Values, entry: FieldMap) -> str:
    if values.get(22) == ISIN_SOURCE:
        return values.get(48, "")
    for other in entry.entries(454):
        if other.values.get(456) == ISIN_SOURCE:
            return other.values.get(455, "")
    return ""
