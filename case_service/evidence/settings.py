"""Settings of evidence: where it is kept, what is asked for it, how far around a case it reaches."""

from pathlib import Path

from pydantic import Field

from tapewatch.runtime.settings import Section


class EvidenceSettings(Section):
    """Sub-section `evidence` of the section `cases`."""

    directory: Path = Field(
        Path("tapewatch-data/cases/evidence"), description="where pinned evidence is kept, by content; made when absent"
    )
    ingest: str | None = Field(
        "127.0.0.1:50051", description="HOST:PORT of the ingest service; null: nothing is pinned"
    )
    detection: str | None = Field(
        "127.0.0.1:50052", description="HOST:PORT of detection, asked for rules as they are; null: not asked"
    )
    automatic: bool = Field(True, description="pin when a case is opened or gains an alert, not only when asked")
    before_s: float = Field(
        60.0, ge=0, le=86_400, description="seconds of event time pinned before a case's first event"
    )
    after_s: float = Field(60.0, ge=0, le=86_400, description="seconds of event time pinned after a case's last event")
    lookback_hours: float = Field(
        24.0, ge=0, le=24 * 30, description="how far before that events are read to know the opening book"
    )
    events_max: int = Field(
        500_000, ge=1, le=5_000_000, description="events read for one case; beyond it the lookback is shortened"
    )
