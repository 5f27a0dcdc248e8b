"""What the venue says about an order: one record per event, turned into a row of the event table on demand."""

from typing import NamedTuple


class Report(NamedTuple):
    """One event of the venue, its fields named as the columns of the event table; None where there is no value."""

    event_time_ns: int
    kind: str
    venue: str
    instrument: str
    account: str
    trader: str
    order_id: str
    client_order_id: str
    execution_id: str
    side: str
    price: float | None
    quantity: float | None
    leaves_quantity: float | None
    order_type: str
    time_in_force: str
    currency: str
    display_quantity: float | None = None
    trade_id: str | None = None
    contra_account: str | None = None
    aggressor: bool | None = None
    text: str | None = None
    phase: str | None = None

    @staticmethod
    def of_phase(time_ns: int, venue: str, instrument: str, phase: str) -> "Report":
        """Return the report that an instrument has entered a phase; all that belongs to an order is empty."""
        return Report(
            time_ns, "PHASE", venue, instrument, "", "", "", "", "", "", None, None, None, "", "", "", phase=phase
        )

    def row(self) -> dict[str, object]:
        """Return the event as a row of the event table, without the columns that have no value."""
        return {column: value for column, value in zip(self._fields, self, strict=True) if value not in (None, "")}


COLUMNS = Report._fields
"""Column names of the event table that the simulator fills, in order."""
