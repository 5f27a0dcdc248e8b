"""Execution reports, cancel rejects and requests to event rows."""

from collections.abc import Callable

from tapewatch.fix.message import FieldMap, Message
from tapewatch.fix.profile import Profile
from tapewatch.fix.row_fields import (
    Row,
    Values,
    add_order,
    add_owner,
    client_ids,
    dedupe_key,
    first,
    instrument_of,
    number,
    requested_ids,
    set_number,
    with_reason,
)

EXEC_TRANS_TYPE = 20
BY_TRANSACTION = {"1": "BUST", "2": "CORRECT", "3": "STATUS"}
"""ExecTransType (20), which decides before ExecType."""

BY_EXEC_TYPE = {
    "0": "NEW",
    "1": "FILL",
    "2": "FILL",
    "3": "EXPIRE",
    "4": "CANCEL",
    "5": "REPLACE",
    "6": "PENDING",
    "7": "EXPIRE",
    "8": "REJECT",
    "9": "EXPIRE",
    "A": "PENDING",
    "B": "EXPIRE",
    "C": "EXPIRE",
    "D": "RESTATED",
    "E": "PENDING",
    "F": "FILL",
    "G": "CORRECT",
    "H": "BUST",
    "I": "STATUS",
    "L": "STATUS",
}
"""ExecType (150); OrdStatus (39) has the same letters and stands in where 150 is absent."""

EXPIRE_REASONS = {
    "3": "done for day",
    "7": "stopped",
    "9": "suspended",
    "B": "calculated",
    "C": "expired",
}
STATUS_REASONS = {"L": "triggered"}
PENDING_REASONS = {"A": "pending new", "6": "pending cancel", "E": "pending replace"}
RENEWALS = frozenset({"0", "1"})
RESTATEMENT_REASONS = {
    "0": "carried, corporate action",
    "1": "carried, renewed",
    "2": "unsolicited, verbal change",
    "3": "unsolicited, repriced",
    "4": "unsolicited, broker option",
    "5": "unsolicited, quantity reduced",
    "6": "unsolicited, trading halt",
    "7": "unsolicited, system failure",
    "8": "unsolicited, market option",
    "9": "unsolicited, not best",
    "10": "warehouse recap",
    "11": "unsolicited, peg refresh",
}
MARKET_ORDER = "1"
SELF_TRADE_REASON = "self-trade prevention"
UNSOLICITED = "unsolicited"
EXECUTION_KINDS = frozenset({"FILL", "BUST", "CORRECT"})

REQUESTS = {"D": "NEW", "G": "REPLACE", "AC": "REPLACE", "F": "CANCEL", "q": "MASS_CANCEL", "AB": "NEW"}


def map_report(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """An execution report (8): one row; the note says what could not be told from it."""
    values = message.values
    kind, code, note = _report_kind(values, profile)
    row["kind"] = kind
    _add_report_ids(row, values, profile, kind)
    add_order(row, values, profile)
    add_owner(row, message, message, profile)
    DETAILS[kind](row, values, profile, code)
    row["kind"] = KIND_OF.get(str(row["kind"]), row["kind"])
    if note is None and kind == "NEW" and number(values.get(14)) and 32 not in values:
        note = f"14={values[14]} executed, but no 31 and 32: the fill itself is not reported"
    if note is None and profile.reports == "fills" and row["kind"] not in EXECUTION_KINDS:
        note = f"a report of {row['kind']}, where the profile says that only fills are copied"
    return [row], note


KIND_OF = {"PENDING": "STATUS", "RESTATED": "REPLACE"}


def _report_kind(values: Values, profile: Profile) -> tuple[str, str, str | None]:
    """Kind, the code that decided, and a note where the code is unknown."""
    by_transaction = BY_TRANSACTION.get(values.get(20, "")) if profile.dialect == EXEC_TRANS_TYPE else None
    code = values.get(150)
    if by_transaction is not None:
        return by_transaction, code or values.get(39, ""), None
    last_quantity = number(values.get(32))
    if code is None:
        return _kind_without_exec_type(values, last_quantity)
    kind = BY_EXEC_TYPE.get(code)
    if kind == "FILL" and last_quantity == 0:
        return "STATUS", code, f"150={code} with 32=0: no execution"
    if kind is None:
        return ("FILL" if last_quantity else "STATUS"), code, f"150={code} is unknown"
    return kind, code, None


def _kind_without_exec_type(values: Values, last_quantity: float | None) -> tuple[str, str, str | None]:
    code = values.get(39, "")
    if last_quantity:
        return "FILL", code, None
    kind = BY_EXEC_TYPE.get(code, "STATUS")
    if kind == "FILL":
        return "STATUS", code, f"39={code} without 150 and 32: no execution can be told"
    return kind, code, None if kind != "STATUS" else f"no 150 and 39={code or 'absent'}: recorded as status"


def _add_report_ids(row: Row, values: Values, profile: Profile, kind: str) -> None:
    client_id, original = client_ids(values, profile)
    order_id = first(values, profile.order_id_tags)
    if not order_id:
        order_id = original if kind in ("CANCEL", "PENDING") and original else client_id
        if kind == "REPLACE" and original:
            row["previous_order_id"] = original
    elif kind == "REPLACE" and profile.previous_order_id_tags:
        previous = first(values, profile.previous_order_id_tags)
        if previous and previous != order_id:
            row["previous_order_id"] = previous
    if order_id:
        row["order_id"] = order_id
    execution_id = first(values, profile.execution_id_tags)
    if execution_id:
        row["execution_id"] = execution_id
        row["event_key"] = dedupe_key(values, profile, row)


def _add_terms(row: Row, values: Values) -> None:
    """Limit (none for a market order), total, open, shown quantity and stop price."""
    if values.get(40) != MARKET_ORDER:
        set_number(row, "price", values.get(44))
    set_number(row, "stop_price", values.get(99))
    set_number(row, "leaves_quantity", values.get(151))
    set_number(row, "display_quantity", values.get(1138) or values.get(210) or values.get(111))
    total = number(values.get(38))
    if total is None:
        executed, leaves = number(values.get(14)), number(values.get(151))
        total = None if executed is None or leaves is None else executed + leaves
    if total is not None:
        row["quantity"] = total


def _new(row: Row, values: Values, profile: Profile, code: str) -> None:
    _add_terms(row, values)


def _status(row: Row, values: Values, profile: Profile, code: str) -> None:
    _add_terms(row, values)
    if code in STATUS_REASONS:
        with_reason(row, STATUS_REASONS[code])


def _replace(row: Row, values: Values, profile: Profile, code: str) -> None:
    _add_terms(row, values)
    if _is_unsolicited(values, profile):
        with_reason(row, UNSOLICITED)


def _cancel(row: Row, values: Values, profile: Profile, code: str) -> None:
    _add_closed(row, values)
    if _is_self_trade(values, profile):
        with_reason(row, SELF_TRADE_REASON)
    elif _is_unsolicited(values, profile):
        with_reason(row, UNSOLICITED)


def _is_unsolicited(values: Values, profile: Profile) -> bool:
    return profile.tells_unsolicited and not client_ids(values, profile)[1]


def _expire(row: Row, values: Values, profile: Profile, code: str) -> None:
    _add_closed(row, values)
    is_self_trade = code == "C" and _is_self_trade(values, profile)
    with_reason(row, SELF_TRADE_REASON if is_self_trade else EXPIRE_REASONS.get(code, "expired"))


def _add_closed(row: Row, values: Values) -> None:
    """An order that ended: what was taken off (84, else 38 - 14) and nothing left."""
    total, executed = number(values.get(38)), number(values.get(14))
    taken_off = number(values.get(84))
    if taken_off is None and total is not None:
        taken_off = max(total - (executed or 0.0), 0.0)
    if taken_off is not None:
        row["quantity"] = taken_off
    set_number(row, "price", values.get(44))
    is_open = values.get(39) in ("0", "1", "5")
    row["leaves_quantity"] = (number(values.get(151)) or 0.0) if is_open else 0.0


def _is_self_trade(values: Values, profile: Profile) -> bool:
    for mark in profile.self_trade_prevention:
        value = values.get(mark.tag)
        if value is not None and (not mark.values or value in mark.values):
            return True
    return False


def _fill(row: Row, values: Values, profile: Profile, code: str) -> None:
    set_number(row, "price", values.get(31))
    set_number(row, "quantity", values.get(32))
    if profile.reports == "orders":  # where the rest of an order is never cancelled, nothing is known to rest
        set_number(row, "leaves_quantity", values.get(151))
    trade_id = first(values, profile.trade_id_tags)
    if trade_id:
        row["trade_id"] = trade_id
    aggressor = aggressor_of(values)
    if aggressor is not None:
        row["aggressor"] = aggressor


def aggressor_of(values: Values) -> bool | None:
    """AggressorIndicator (1057), else LastLiquidityInd (851): 1 added, 2 removed liquidity."""
    stated = values.get(1057)
    if stated in ("Y", "N"):
        return stated == "Y"
    return {"1": False, "2": True}.get(values.get(851, ""))


def _bust(row: Row, values: Values, profile: Profile, code: str) -> None:
    _correct(row, values, profile, code)
    row.pop("leaves_quantity", None)


def _correct(row: Row, values: Values, profile: Profile, code: str) -> None:
    _fill(row, values, profile, code)
    reference = first(values, (19,))
    if reference:
        row["reference_execution_id"] = reference


def _reject(row: Row, values: Values, profile: Profile, code: str) -> None:
    _add_terms(row, values)
    row["leaves_quantity"] = 0.0
    if 103 in values:
        with_reason(row, f"reason 103={values[103]}")


def _pending(row: Row, values: Values, profile: Profile, code: str) -> None:
    with_reason(row, PENDING_REASONS.get(code, "pending"))


def _restated(row: Row, values: Values, profile: Profile, code: str) -> None:
    cause = values.get(378, "")
    row["kind"] = "NEW" if cause in RENEWALS else "REPLACE"
    _add_terms(row, values)
    with_reason(row, RESTATEMENT_REASONS.get(cause, f"unsolicited, 378={cause or 'absent'}"))


Detail = Callable[[Row, Values, Profile, str], None]
DETAILS: dict[str, Detail] = {
    "NEW": _new,
    "REPLACE": _replace,
    "CANCEL": _cancel,
    "EXPIRE": _expire,
    "FILL": _fill,
    "BUST": _bust,
    "CORRECT": _correct,
    "REJECT": _reject,
    "STATUS": _status,
    "PENDING": _pending,
    "RESTATED": _restated,
}


def map_cancel_reject(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """OrderCancelReject (9): the order lives on."""
    values = message.values
    row["kind"] = "CANCEL_REJECT"
    client_id, original = client_ids(values, profile)
    order_id = first(values, profile.order_id_tags) or original or client_id
    if order_id:
        row["order_id"] = order_id
    add_order(row, values, profile)
    add_owner(row, message, message, profile)
    refused = {"1": "cancel", "2": "replace"}.get(values.get(434, ""), "request")
    with_reason(row, f"{refused} refused, 102={values.get(102, 'absent')}")
    return [row], None


def map_request(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """Orders and requests to cancel or replace: kept as intent, or the events themselves."""
    values = message.values
    wanted = REQUESTS[message.msg_type]
    is_event = profile.requests == "new" and wanted != "MASS_CANCEL"
    client_id, original = requested_ids(values)
    row["kind"] = wanted if is_event else "REQUEST"
    if not is_event:
        row["x_request"] = wanted
    order_id = first(values, profile.order_id_tags)
    if is_event and not order_id:
        order_id = original if wanted == "CANCEL" else client_id
    if order_id:
        row["order_id"] = order_id
    if original and (wanted == "REPLACE" or (wanted == "CANCEL" and not is_event)):
        row["previous_order_id"] = original
    add_order(row, values, profile, is_request=True)
    add_owner(row, message, message, profile)
    _add_terms(row, values)
    if is_event and wanted == "CANCEL":
        row["leaves_quantity"] = 0.0
        row.pop("quantity", None)
    return [row], None


def map_cross(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """NewOrderCross (s): a row a side."""
    rows: list[Row] = []
    outside = message.outside(552)
    for part, side in enumerate(message.entries(552)):
        both = FieldMap([*side.fields, *outside.fields])
        values = both.values
        each = _intent(row, profile, part)
        if profile.requests == "new":
            each["order_id"] = first(values, (11,))
        add_order(each, values, profile, is_request=True)
        add_owner(each, both, message, profile)
        _add_terms(each, values)
        rows.append(each)
    return rows, None if rows else "35=s has no sides (552)"


def map_quotes(message: Message, profile: Profile, row: Row) -> tuple[list[Row], str | None]:
    """Quote (S) and MassQuote (i): a row for each side quoted."""
    entries: list[FieldMap] = [message] if message.msg_type == "S" else message.entries(295)
    rows: list[Row] = []
    for entry in entries:
        values = entry.values
        quote_id = first(values, (299,)) or first(message.values, (117,))
        for side, price_tag, quantity_tag in (("BUY", 132, 134), ("SELL", 133, 135)):
            if price_tag not in values and quantity_tag not in values:
                continue
            each = _intent(row, profile, len(rows))
            each["side"] = side
            each["instrument"] = instrument_of(values, profile) or row["instrument"]
            each["client_order_id"] = f"{quote_id}:{side}"
            add_owner(each, message, message, profile)
            set_number(each, "price", values.get(price_tag))
            set_number(each, "quantity", values.get(quantity_tag))
            rows.append(each)
    return rows, None if rows else f"35={message.msg_type} quotes no side"


def _intent(row: Row, profile: Profile, part: int) -> Row:
    each = dict(row, source_part=part)
    if profile.requests == "new":
        each["kind"] = "NEW"
    else:
        each.update(kind="REQUEST", x_request="NEW")
    return each
