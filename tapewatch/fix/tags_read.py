"""Which tags of a message its mapping reads, by the profile: what is not among them was left unread."""

from tapewatch.fix.message import Message
from tapewatch.fix.order_mapping import EXEC_TRANS_TYPE
from tapewatch.fix.profile import Profile
from tapewatch.fix.row_fields import COPIED, REQUEST_TYPES

SESSION_TAGS = frozenset({8, 9, 10, 34, 35, 43, 49, 52, 56, 97, 122, 90, 91, 89, 93, 212, 213, 347, 369, 1128, 1129})
"""Header and trailer: of the session, not of the event."""

TIME = frozenset({60, 122, 52})
PARTIES = frozenset({453, 448, 452})
COPIED_TAGS = frozenset(tag for tag, _, _ in COPIED)
ORDER = frozenset({54, 11}) | COPIED_TAGS
TERMS = frozenset({40, 44, 99, 151, 1138, 210, 111, 38, 14})
CLOSED = frozenset({38, 14, 84, 44, 39, 151})
LEAVES = frozenset({151})
AGGRESSOR = frozenset({1057, 851})
REPORTED_BY_KIND: dict[str, frozenset[int]] = {
    "NEW": TERMS | {378},
    "REPLACE": TERMS | {41, 378},
    "CANCEL": CLOSED | {41},
    "EXPIRE": CLOSED,
    "FILL": frozenset({31, 32}) | AGGRESSOR,
    "BUST": frozenset({31, 32, 19}) | AGGRESSOR,
    "CORRECT": frozenset({31, 32, 19}) | AGGRESSOR,
    "REJECT": TERMS | {103},
    "STATUS": TERMS,
}
BY_TYPE: dict[str, frozenset[int]] = {
    "9": ORDER | {41, 434, 102},
    "D": ORDER | TERMS,
    "AB": ORDER | TERMS,
    "G": ORDER | TERMS | {41},
    "AC": ORDER | TERMS | {41},
    "F": ORDER | TERMS | {41},
    "q": ORDER | TERMS,
    "s": ORDER | TERMS | {552},
    "S": frozenset({117, 299, 132, 133, 134, 135}),
    "i": frozenset({117, 295, 299, 132, 133, 134, 135}),
    "AE": ORDER | AGGRESSOR | {487, 552, 31, 32, 571},
    "W": frozenset({268, 269, 270, 271, 272, 273, 278, 279, 1003, 880, 2446, 54}),
    "X": frozenset({268, 269, 270, 271, 272, 273, 278, 279, 1003, 880, 2446, 54}),
    "f": frozenset({326}),
    "h": frozenset({340}),
}
OWNED = REQUEST_TYPES | {"8", "9", "AE"}


def tags_read(profile: Profile, message: Message, kind: str) -> frozenset[int]:
    """The tags the mapping of a message looks at; ``kind`` is that of its first event row ("" for none).

    A tag of the result may be looked at only where another is absent: OrderID before ClOrdID, say.
    """
    msg_type = message.msg_type
    if msg_type != "8" and msg_type not in BY_TYPE:
        return frozenset()
    tags = TIME | frozenset((*profile.venue_tags, *profile.instrument_tags, *profile.instrument_suffix_tags))
    if msg_type in OWNED:
        tags |= _owner_tags(profile, msg_type)
    if msg_type in OWNED - {"S", "i", "s"}:
        tags |= frozenset(profile.order_id_tags)
    if msg_type == "8":
        return tags | _report_tags(profile, kind) | (frozenset() if 150 in message.values else {39})
    if msg_type == "AE":
        tags |= {*profile.trade_report_id_tags, *profile.trade_id_tags, *profile.trade_report_reference_tags}
    return tags | BY_TYPE[msg_type]


def _owner_tags(profile: Profile, msg_type: str) -> frozenset[int]:
    traders = profile.request_trader_tags if msg_type in REQUEST_TYPES else profile.report_trader_tags
    return PARTIES | {375} | frozenset((*profile.account_tags, *traders))


def _report_tags(profile: Profile, kind: str) -> frozenset[int]:
    tags = ORDER | {150, 32} | frozenset((*profile.execution_id_tags, *profile.dedup_tags))
    tags |= REPORTED_BY_KIND.get(kind, frozenset())
    if profile.dialect == EXEC_TRANS_TYPE:
        tags |= {EXEC_TRANS_TYPE}
    if profile.swap_client_ids or not profile.order_id_tags:
        tags |= {41}
    if kind in ("FILL", "BUST", "CORRECT"):
        tags |= frozenset(profile.trade_id_tags)
    if kind in ("FILL", "CORRECT") and profile.reports == "orders":
        tags |= LEAVES
    if kind == "REPLACE":
        tags |= frozenset(profile.previous_order_id_tags)
    if kind in ("CANCEL", "EXPIRE"):
        tags |= frozenset(mark.tag for mark in profile.self_trade_prevention)
    return tags
