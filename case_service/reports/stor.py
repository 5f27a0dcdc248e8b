"""Builds a suspicious transaction and order report: every field known, given or missing, and never invented."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from case_service.reports import fields as form
from case_service.reports.dossier import Dossier
from case_service.reports.fields import Field, FormSection, person_key
from case_service.reports.narrative import (
    background,
    instrument,
    nature_proposed,
    orders_described,
    reasons,
)
from case_service.reports.tables import ReportTable, alerts_table, attachments_table, measurements_table, orders_table
from case_service.reports.words import market_text, time_text
from tapewatch.runtime.errors import InvalidArgument

ANSWER_CHARACTERS_MAX = 10_000
SYSTEM, PERSON_SAYS, REFERENCE = "the system's records", "given by a person", "reference data"


class Status(Enum):
    """Where the value of a field comes from, or that there is none."""

    KNOWN = "KNOWN"
    GIVEN = "GIVEN"
    MISSING = "MISSING"
    NOT_GIVEN = "NOT_GIVEN"


@dataclass(frozen=True, slots=True)
class Filled:
    """A field with its value; `source` says where that is from, `hint` what may help who fills it in."""

    key: str
    label: str
    status: Status
    value: str = ""
    source: str = ""
    hint: str = ""
    is_checked: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a heading where there is one."""

    heading: str
    fields: Sequence[Filled]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report."""

    number: int
    title: str
    is_checked: bool
    groups: Sequence[Group]
    tables: Sequence[ReportTable] = ()


@dataclass(frozen=True, slots=True)
class Stor:
    """A report. Times in nanoseconds UTC by the service's clock; `evidence_sha256` is empty without pinned evidence."""

    case_id: str
    case_number: int
    made_ns: int
    made_by: str
    evidence_sha256: str
    sections: Sequence[Section]

    @property
    def missing(self) -> list[str]:
        """Keys of the fields a person has yet to fill in, in order."""
        return [field.key for field in self.fields() if field.status is Status.MISSING]

    def fields(self) -> Iterable[Filled]:
        """All fields, in order."""
        return (field for section in self.sections for group in section.groups for field in group.fields)


def build(dossier: Dossier, answers: Mapping[str, str], made_by: str) -> Stor:
    """The report of a case; InvalidArgument for an answer to a field that is none, or that the system fills."""
    persons = dossier.persons[: form.PERSONS_MAX]
    _check(answers, form.answerable(max(1, len(persons))))
    known = _known(dossier)
    pin = dossier.stored.pin
    sections = [
        _section(form.SUBMITTER, known, answers),
        _section(form.TRANSACTION, known, answers, [orders_table(dossier)]),
        _section(form.SUSPICION, known, answers, [alerts_table(dossier), measurements_table(dossier)]),
        _persons(persons, answers),
        _section(form.ADDITIONAL, known, answers),
        _section(form.DOCUMENTS, known, answers, [attachments_table(dossier)]),
    ]
    return Stor(
        case_id=dossier.case.case_id,
        case_number=dossier.case.number,
        made_ns=dossier.made_ns,
        made_by=made_by,
        evidence_sha256="" if pin is None else pin.manifest_sha256,
        sections=sections,
    )


def _check(answers: Mapping[str, str], answerable: frozenset[str]) -> None:
    for key, text in answers.items():
        if key not in answerable:
            raise InvalidArgument(
                "UNKNOWN_FIELD",
                f"answers: expected fields of the report that people fill in, found {key[:80]!r}; known: "
                f"{', '.join(sorted(answerable))}",
                field="answers",
            )
        if len(text) > ANSWER_CHARACTERS_MAX:
            raise InvalidArgument(
                "FIELD_INVALID",
                f"answers[{key}]: expected at most {ANSWER_CHARACTERS_MAX} characters, found {len(text)}",
                field="answers",
            )


Known = Mapping[str, tuple[str, str, str]]
"""Field to value (empty where unknown), source and hint."""


def _known(dossier: Dossier) -> Known:
    case = dossier.case
    name, code, kind = instrument(dossier)
    return {
        "instrument_name": (name, REFERENCE, f"the venue's symbol is {case.instrument}"),
        "instrument_code": (code, REFERENCE, "the ISIN where there is one"),
        "instrument_type": ("", "", f"the reference data say: {kind}" if kind else "the CFI code"),
        "period": (f"{time_text(case.start_time_ns)} to {time_text(case.end_time_ns)}", SYSTEM, ""),
        "market": (market_text(case.venue, case.instrument), SYSTEM, ""),
        "orders_described": (orders_described(dossier), SYSTEM, ""),
        "nature": ("", "", nature_proposed(dossier)),
        "reasons": (reasons(dossier), SYSTEM, ""),
        "background": (background(dossier), SYSTEM, ""),
        "documents": ("See the list below; each file is named with its SHA-256.", SYSTEM, ""),
    }


def _section(
    section: FormSection, known: Known, answers: Mapping[str, str], tables: Sequence[ReportTable] = ()
) -> Section:
    filled = [_filled(field, field.key, known.get(field.key, ("", "", "")), answers) for field in section.fields]
    return Section(section.number, section.title, section.is_checked, [Group("", filled)], tables)


def _persons(persons: Sequence[tuple[str, Sequence[str]]], answers: Mapping[str, str]) -> Section:
    groups = []
    for place, (name, accounts) in enumerate(persons or [("", [])], start=1):
        known = {
            "person_name": ("", "", f"known to the system as {name}" if name else "no account is known to the system"),
            "person_accounts": (", ".join(accounts), SYSTEM, ""),
        }
        filled = [
            _filled(field, person_key(field.key, place), known.get(field.key, ("", "", "")), answers)
            for field in form.PERSON.fields
        ]
        groups.append(Group(f"Person {place}: {name}" if name else f"Person {place}", filled))
    return Section(form.PERSON.number, form.PERSON.title, form.PERSON.is_checked, groups)


def _filled(field: Field, key: str, known: tuple[str, str, str], answers: Mapping[str, str]) -> Filled:
    value, source, hint = known
    answer = answers.get(key, "").strip()
    if answer:
        return Filled(key, field.label, Status.GIVEN, answer, PERSON_SAYS, "", field.is_checked)
    if value:
        return Filled(key, field.label, Status.KNOWN, value, source, hint, field.is_checked)
    status = Status.NOT_GIVEN if field.is_optional else Status.MISSING
    return Filled(key, field.label, status, "", "", hint, field.is_checked)
