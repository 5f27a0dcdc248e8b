"""How long closed cases are kept, by policy."""

from pydantic import Field

from case_service.case import CaseState, Disposition
from tapewatch.runtime.settings import Section

NANOSECONDS_OF_DAY = 86_400_000_000_000
DAYS_MIN = 8
"""Answers to requests are kept for a week: whatever is erased is not among them any more."""
FIVE_YEARS_DAYS, SEVEN_YEARS_DAYS = 1_827, 2_557


class RetentionSettings(Section):
    """Sub-section `cases.retention`."""

    days: float = Field(
        FIVE_YEARS_DAYS, ge=DAYS_MIN, description="a case is kept, since it was closed; five years by default"
    )
    reported_days: float = Field(SEVEN_YEARS_DAYS, ge=DAYS_MIN, description="one that was reported is kept")
    erase_every_hours: float | None = Field(
        None, gt=0, le=24 * 366, description="between erasures of what is due; null: only by `tapewatch cases erase`"
    )

    def end_ns(self, state: int, disposition: int, close_time_ns: int) -> int:
        """From when on a case may be erased, nanoseconds since the Unix epoch; 0 while it is not closed."""
        if state != CaseState.CLOSED:
            return 0
        days = self.reported_days if disposition == Disposition.REPORTED else self.days
        return close_time_ns + round(days * NANOSECONDS_OF_DAY)
