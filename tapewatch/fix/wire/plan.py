"""What a profile says, as the tables by which compiled code maps messages; made once a session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tapewatch.fix import market_mapping, order_mapping, row_fields
from tapewatch.fix.groups import CUSTOM_TAG_MIN, GROUPS
from tapewatch.fix.profile import Profile
from tapewatch.market.event import Kind

TAGS_KNOWN: Final = 1 << 16
PARTY_ID, PARTY_ROLE = 448, 452
FIXED: Final = (
    PARTY_ID, PARTY_ROLE,
    6, 8, 11, 14, 15, 19, 20, 31, 32, 34, 37, 38, 39, 40, 41, 44, 49, 52, 54, 56, 58, 59, 60, 84, 99, 102, 103, 111,
    117, 122, 132, 133, 134, 135, 150, 151, 210, 269, 270, 271, 272, 273, 278, 279, 299, 375, 378, 434, 453, 487, 528,
    571, 847, 851, 880, 1003, 1057, 1138, 2446,
)  # fmt: skip
"""Tags the rules name themselves; slot 0 is nobody's, theirs begin at 1."""
FIXED_SLOTS: Final = {tag: place for place, tag in enumerate(FIXED, 1)}
PARTY_SLOT, ROLE_SLOT = FIXED_SLOTS[PARTY_ID], FIXED_SLOTS[PARTY_ROLE]
"""Lower than those of any other tag."""
MARKET_DATA_MODES: Final = ("auto", "book", "quote")
SLOTS_MAX: Final = 256
PACKED_BYTES_MAX: Final = 7

PENDING: Final = 20
RESTATED: Final = 21
KIND_CODES: Final = {kind.name: int(kind) for kind in Kind} | {"PENDING": PENDING, "RESTATED": RESTATED}
UNTOLD: Final = frozenset({"recovery"})
"""Keys of a profile that say nothing about the messages taken here."""
TOLD: Final = frozenset({
    "name", "description", "dialect", "requests", "reports", "account_tags", "account_party_roles", "session_account",
    "accounts_by_session", "trader_party_roles", "request_trader_tags", "report_trader_tags", "order_id_tags",
    "previous_order_id_tags", "swap_client_ids", "tells_unsolicited", "execution_id_tags", "dedup_tags",
    "trade_id_tags", "venue_tags", "default_venue", "venue_names", "instrument_tags", "instrument_suffix_tags",
    "instrument_names", "self_trade_prevention", "market_data", "trade_report_id_tags", "trade_report_reference_tags",
})  # fmt: skip
"""Keys the compiled mapping follows. A profile with another that is not at its default is mapped the careful way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`slots`: a slot by tag, 0 for none. Lists of slots end with 0. `names`: of each copied column, by character."""

    slots: bytes
    slot_count: int
    account: tuple[int, ...]
    order: tuple[int, ...]
    previous: tuple[int, ...]
    execution: tuple[int, ...]
    dedup: tuple[int, ...]
    trade: tuple[int, ...]
    trade_report: tuple[int, ...]
    trade_reference: tuple[int, ...]
    venue: tuple[int, ...]
    instrument: tuple[int, ...]
    suffixes: tuple[int, ...]
    report_trader: tuple[int, ...]
    request_trader: tuple[int, ...]
    account_roles: tuple[bytes, ...]
    trader_roles: tuple[bytes, ...]
    self_trade: tuple[tuple[int, tuple[bytes, ...]], ...]
    copied: tuple[tuple[int, str, tuple[bytes | None, ...]], ...]
    venue_names: Mapping[bytes, bytes]
    instrument_names: Mapping[bytes, bytes]


def is_covered(profile: Profile) -> bool:
    """Whether the compiled mapping knows all that a profile says."""
    fields = type(profile).model_fields
    unknown = fields.keys() - TOLD - UNTOLD
    is_plain = all(getattr(profile, name) == fields[name].get_default(call_default_factory=True) for name in unknown)
    tags = set(_all_tags(profile))
    are_roles_short = all(
        packed_text(role.encode()) for role in profile.account_party_roles + profile.trader_party_roles
    )
    has_room = max(tags) < TAGS_KNOWN - 1 and len(tags) < SLOTS_MAX
    return is_plain and profile.requests != "auto" and has_room and are_roles_short


def packed_text(text: bytes) -> int:
    """A text of 1 to 7 bytes as a number, its length and then its bytes; 0 for any other."""
    return int.from_bytes(bytes((len(text),)) + text, "big") if len(text) <= PACKED_BYTES_MAX else 0


def _all_tags(profile: Profile) -> list[int]:
    lists = (
        FIXED,
        profile.account_tags,
        profile.order_id_tags,
        profile.previous_order_id_tags,
        profile.execution_id_tags,
        profile.dedup_tags,
        profile.trade_id_tags,
        profile.trade_report_id_tags,
        profile.trade_report_reference_tags,
        profile.venue_tags,
        profile.instrument_tags,
        profile.instrument_suffix_tags,
        profile.report_trader_tags,
        profile.request_trader_tags,
        tuple(mark.tag for mark in profile.self_trade_prevention),
    )
    return [tag for tags in lists for tag in tags]


def plan_of(profile: Profile) -> Plan:
    """The tables of a profile that is covered."""
    tags = list(dict.fromkeys(_all_tags(profile)))
    places = {tag: place for place, tag in enumerate(tags, 1)}
    slots = bytearray(TAGS_KNOWN)
    for tag, place in places.items():
        slots[tag] = place

    def of(tags: tuple[int, ...]) -> tuple[int, ...]:
        return (*(places[tag] for tag in tags), 0)

    return Plan(
        slots=bytes(slots),
        slot_count=len(tags) + 1,
        account=of(profile.account_tags),
        order=of(profile.order_id_tags),
        previous=of(profile.previous_order_id_tags),
        execution=of(profile.execution_id_tags),
        dedup=of(profile.dedup_tags),
        trade=of(profile.trade_id_tags),
        trade_report=of(profile.trade_report_id_tags),
        trade_reference=of(profile.trade_report_reference_tags),
        venue=of(profile.venue_tags),
        instrument=of(profile.instrument_tags),
        suffixes=of(profile.instrument_suffix_tags),
        report_trader=of(profile.report_trader_tags),
        request_trader=of(profile.request_trader_tags),
        account_roles=tuple(map(_text, profile.account_party_roles)),
        trader_roles=tuple(map(_text, profile.trader_party_roles)),
        self_trade=tuple((places[m.tag], tuple(map(_text, m.values))) for m in profile.self_trade_prevention),
        copied=tuple((places[tag], column, by_character(names)) for tag, column, names in row_fields.COPIED),
        venue_names={_text(found): _text(name) for found, name in profile.venue_names.items()},
        instrument_names={_text(found): _text(name) for found, name in profile.instrument_names.items()},
    )


def _text(text: str) -> bytes:
    return text.encode()


def by_character(names: Mapping[str, str]) -> tuple[bytes | None, ...]:
    """The names of codes of one character, by that character."""
    assert all(len(code) == 1 for code in names), f"expected codes of one character, found {sorted(names)}"
    return tuple(_text(names[chr(code)]) if chr(code) in names else None for code in range(128))


def kinds_by_character(kinds: Mapping[str, str]) -> bytes:
    """The numbers of kinds by the character that stands for them; 0 where none does."""
    assert all(len(code) == 1 for code in kinds), f"expected codes of one character, found {sorted(kinds)}"
    return bytes(KIND_CODES[kinds[chr(code)]] if chr(code) in kinds else 0 for code in range(128))


BY_EXEC_TYPE: Final = kinds_by_character(order_mapping.BY_EXEC_TYPE)
BY_TRANSACTION: Final = kinds_by_character(order_mapping.BY_TRANSACTION)
BY_TRADE_REPORT: Final = kinds_by_character(market_mapping.TRADE_REPORT_KINDS)
PRINT_ID_SLOTS: Final = (*(FIXED_SLOTS[tag] for tag in market_mapping.PRINT_ID_TAGS), 0)
SIDES: Final = bytes({"BUY": 1, "SELL": 2}.get(row_fields.SIDES.get(chr(code), ""), 0) for code in range(128))
EXPIRE_REASONS: Final = by_character(order_mapping.EXPIRE_REASONS)
STATUS_REASONS: Final = by_character(order_mapping.STATUS_REASONS)
PENDING_REASONS: Final = by_character(order_mapping.PENDING_REASONS)
RESTATEMENT_REASONS: Final = {
    _text(cause): _text(reason) for cause, reason in order_mapping.RESTATEMENT_REASONS.items()
}
RENEWALS: Final = frozenset(map(_text, order_mapping.RENEWALS))
REQUESTS: Final = {_text(kind): _text(wanted) for kind, wanted in order_mapping.REQUESTS.items()}
NO_ID: Final = tuple(sorted(_text(text) for text in row_fields.NO_ID if text))
CONTRA_ROLES: Final = tuple(map(_text, row_fields.CONTRA_ROLES))


def members_of(count_tag: int) -> bytes:
    """Of each tag below those that may stand in any group, whether it may stand in an entry of that one."""
    return bytes(tag in GROUPS[count_tag] for tag in range(CUSTOM_TAG_MIN))
