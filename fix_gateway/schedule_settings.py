"""When a session is open, as its settings say it."""

from datetime import time
from typing import Literal, Self

from pydantic import Field, model_validator

from tapewatch.fix.schedule import DAYS, Schedule
from tapewatch.runtime.settings import Section

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class ScheduleSettings(Section):
    """Hours of a session; numbers begin again with every session."""

    start: time = Field(description="wall-clock time at which a session begins, such as 08:00")
    end: time = Field(description="wall-clock time at which it ends; not later than start: on the next day")
    zone: str = Field("UTC", description="IANA time zone, such as America/New_York")
    days: tuple[Day, ...] = Field((), description="days on which sessions begin; none: every day")
    start_day: Day | None = Field(None, description="with end_day: one session a week, begun on this day")
    end_day: Day | None = Field(None, description="day on which the weekly session ends")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.schedule()
        return self

    def schedule(self) -> Schedule:
        """The schedule for the session layer. Raises ValueError with what is wrong."""
        return Schedule(
            start=self.start,
            end=self.end,
            zone=self.zone,
            days=frozenset(map(DAYS.index, self.days or DAYS)),
            start_day=None if self.start_day is None else DAYS.index(self.start_day),
            end_day=None if self.end_day is None else DAYS.index(self.end_day),
        )
