"""Settings of reports: who reports, the key of pseudonyms, fonts."""

from pathlib import Path

from pydantic import Field, field_validator

from case_service.reports.fields import STANDING
from tapewatch.runtime.settings import Section


class ReportSettings(Section):
    """Sub-section `reports` of the section `cases`."""

    answers: dict[str, str] = Field(
        {}, description="what is the same in every report, by field: entity_name, entity_lei, contact_email, ..."
    )
    pseudonym_key: Path = Field(
        Path("tapewatch-data/cases/pseudonym.key"),
        description="key of pseudonymised exports, 32 random bytes; made at first use",
    )
    fonts: list[Path] = Field([], description="TrueType or OpenType files for characters that the shipped fonts lack")

    @field_validator("answers")
    @classmethod
    def _standing(cls, answers: dict[str, str]) -> dict[str, str]:
        if wrong := sorted(answers.keys() - STANDING):
            raise ValueError(f"expected fields among {', '.join(sorted(STANDING))}, found {wrong[0]!r}")
        return answers
