"""FIX 4.4 drop copy of the venue: what it would send to a firm that wants a copy of every execution report."""

from simulator.matching import MARKET
from simulator.report import Report
from tapewatch.fix.codec import Field
from tapewatch.fix.timestamps import format_timestamp

BEGIN_STRING = "FIX.4.4"
EXECUTION_REPORT = "8"
ORDER_CANCEL_REJECT = "9"
TRADING_SESSION_STATUS = "h"
SECURITY_STATUS = "f"
SECURITY_STATES = {"PRE_OPEN": "21", "HALT": "2", "CONTINUOUS": "3", "OPEN": "17", "CLOSE": "18"}
"""SecurityTradingStatus (326) of a phase; a call before the close has none in FIX 4.4 and is a TradSesStatus (340)."""
PRE_CLOSE = "5"
TIMESTAMP_DIGITS = 9

EXECUTION_TYPES = {"NEW": "0", "REPLACE": "5", "CANCEL": "4", "FILL": "F", "REJECT": "8", "EXPIRE": "C"}
ORDER_STATUS_CLOSED = {"CANCEL": "4", "REJECT": "8", "EXPIRE": "C", "FILL": "2"}
ORDER_STATUS_NEW = "0"
ORDER_STATUS_PARTIALLY_FILLED = "1"
SIDES = {"BUY": "1", "SELL": "2"}
TIMES_IN_FORCE = {"DAY": "0", "IOC": "3"}
ENTERING_TRADER_ROLE = "36"
PROPRIETARY_ID_SOURCE = "D"
REJECT_REASON_OTHER = "99"
RESPONSE_TO_CANCEL = "1"


class _OrderState:
    """What the reports of an order refer to: its current request id, total and what is filled."""

    __slots__ = ("client_order_id", "filled_notional", "filled_quantity", "price", "quantity")

    def __init__(self, report: Report) -> None:
        self.client_order_id = report.client_order_id
        self.quantity = report.quantity or 0.0
        self.price = report.price
        self.filled_quantity = 0.0
        self.filled_notional = 0.0


class DropCopy:
    """Turns the venue's reports, in order, into FIX messages; remembers open orders only."""

    def __init__(self) -> None:
        self._orders: dict[str, _OrderState] = {}

    @property
    def open_orders(self) -> int:
        """How many orders are remembered."""
        return len(self._orders)

    def message(self, report: Report) -> tuple[str, list[Field]]:
        """Return (MsgType, fields in wire order) of a report, without the standard header and trailer."""
        if report.kind == "PHASE":
            return _phase(report)
        state = self._orders.get(report.order_id)
        if state is None:
            state = self._orders[report.order_id] = _OrderState(report)
        previous = state.client_order_id
        state.client_order_id = report.client_order_id
        if report.kind == "CANCEL_REJECT":
            fields = _cancel_reject(report, previous)
        else:
            _advance(state, report)
            fields = _execution_report(report, state, previous)
        if not report.leaves_quantity:
            del self._orders[report.order_id]
        return (ORDER_CANCEL_REJECT if report.kind == "CANCEL_REJECT" else EXECUTION_REPORT), fields


def _advance(state: _OrderState, report: Report) -> None:
    if report.kind == "FILL" and report.quantity is not None and report.price is not None:
        state.filled_quantity += report.quantity
        state.filled_notional += report.quantity * report.price
    elif report.kind in ("NEW", "REPLACE") and report.quantity is not None:
        state.quantity = report.quantity
        state.price = report.price


def _execution_report(report: Report, state: _OrderState, previous: str) -> list[Field]:
    average = round(state.filled_notional / state.filled_quantity, 6) if state.filled_quantity else 0.0
    fields: list[Field] = [(37, report.order_id), (11, report.client_order_id)]
    if previous != report.client_order_id:
        fields.append((41, previous))
    if report.trader:
        fields += [(453, 1), (448, report.trader), (447, PROPRIETARY_ID_SOURCE), (452, ENTERING_TRADER_ROLE)]
    fields += [
        (17, report.execution_id), (150, EXECUTION_TYPES[report.kind]), (39, _status(report, state)),
        (1, report.account), (55, report.instrument), (207, report.venue), (54, SIDES[report.side]),
        (38, state.quantity), (40, "1" if report.order_type == MARKET else "2"),
    ]  # fmt: skip
    if state.price is not None:
        fields.append((44, state.price))
    fields += [(15, report.currency), (59, TIMES_IN_FORCE[report.time_in_force])]
    if report.kind == "FILL" and report.price is not None and report.quantity is not None:
        fields += [(32, report.quantity), (31, report.price)]
    fields += [(151, report.leaves_quantity or 0.0), (14, state.filled_quantity), (6, average)]
    fields.append((60, format_timestamp(report.event_time_ns, TIMESTAMP_DIGITS)))
    if report.kind == "REJECT":
        fields.append((103, REJECT_REASON_OTHER))
    if report.display_quantity is not None:
        fields.append((1138, report.display_quantity))
    if report.text is not None:
        fields.append((58, report.text))
    if report.trade_id is not None and report.contra_account is not None:
        fields += [(382, 1), (375, report.contra_account), (880, report.trade_id)]
        if report.aggressor is not None:
            fields.append((1057, report.aggressor))
    return fields


def _phase(report: Report) -> tuple[str, list[Field]]:
    where: list[Field] = [
        (55, report.instrument), (207, report.venue), (60, format_timestamp(report.event_time_ns, TIMESTAMP_DIGITS)),
    ]  # fmt: skip
    if report.phase == "AUCTION":
        return TRADING_SESSION_STATUS, [(336, report.venue), (340, PRE_CLOSE), *where]
    return SECURITY_STATUS, [*where, (326, SECURITY_STATES[report.phase or ""])]


def _cancel_reject(report: Report, previous: str) -> list[Field]:
    return [
        (37, report.order_id), (11, report.client_order_id), (41, previous), (39, ORDER_STATUS_NEW),
        (1, report.account), (60, format_timestamp(report.event_time_ns, TIMESTAMP_DIGITS)),
        (434, RESPONSE_TO_CANCEL), (102, REJECT_REASON_OTHER), (58, report.text or ""),
        (55, report.instrument), (207, report.venue),
    ]  # fmt: skip


def _status(report: Report, state: _OrderState) -> str:
    if not report.leaves_quantity:
        return ORDER_STATUS_CLOSED[report.kind]
    return ORDER_STATUS_PARTIALLY_FILLED if state.filled_quantity else ORDER_STATUS_NEW
