"""The report to the authority as PDF, in the template's six sections."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from case_service.reports.dossier import Dossier
from case_service.reports.fields import REGULATION
from case_service.reports.pdf.chart import draw
from case_service.reports.pdf.page import ALERT, INK, SOFT, Page, document, written
from case_service.reports.stor import Filled, Section, Status, Stor
from case_service.reports.words import counted, time_text

MARK = "CONFIDENTIAL \u2013 not to be disclosed to the person concerned"
MISSING = "MISSING \u2013 to be filled in by a person"
UNCHECKED = (
    "Heading and fields of this section follow the template from secondary sources; check them against the text."
)
STATEMENT = (
    "Tapewatch filled in what its records and reference data show, and what people gave; whether there is a suspicion, "
    "and whether to report it, is a person's decision. Nothing below was inferred about a person."
)


def stor_pdf(stor: Stor, dossier: Dossier, folder: Path, fonts: Sequence[Path]) -> bytes:
    """The report's bytes."""
    reference = f"Case {stor.case_number} \u00b7 {stor.case_id[:16]} \u00b7 made {time_text(stor.made_ns)[:19]} UTC"
    page = document("".join(_texts(stor)), folder, fonts, MARK, reference)
    page.opening("Suspicious transaction and order report", f"In the sections of {REGULATION}")
    _summary(page, stor)
    for section in stor.sections:
        _section(page, section, dossier)
    page.set_title(f"Suspicious transaction and order report, case {stor.case_number}")
    page.set_creator("Tapewatch")
    return written(page)


def _texts(stor: Stor) -> Iterable[str]:
    """All that strangers or people wrote."""
    for field in stor.fields():
        yield from (field.value, field.hint)
    for section in stor.sections:
        yield from (group.heading for group in section.groups)
        yield from (cell for table in section.tables for row in table.rows for cell in row)
    yield stor.made_by


def _summary(page: Page, stor: Stor) -> None:
    page.write_style(8.5, "", INK)
    page.paragraph(STATEMENT, 4.3)
    page.ln(1.5)
    missing = stor.missing
    page.write_style(9.0, "B", ALERT if missing else INK)
    told = f"{counted(len(missing), 'field')} still to be filled in before it can be submitted."
    page.paragraph(told if missing else "Every field that a person must fill in is filled in.")
    evidence = stor.evidence_sha256 or "none is pinned to the case"
    page.write_style(7.5, "", SOFT)
    page.paragraph(f"Made by {stor.made_by or 'unnamed'}. Evidence (SHA-256 of its manifest): {evidence}.", 4.0)


def _section(page: Page, section: Section, dossier: Dossier) -> None:
    page.heading(f"Section {section.number}", section.title, "" if section.is_checked else UNCHECKED)
    for group in section.groups:
        if group.heading:
            page.subheading(group.heading)
        for field in group.fields:
            _field(page, field)
    if section.number == 2:
        draw(page, dossier)
    for table in section.tables:
        page.table_of(table)


def _field(page: Page, field: Filled) -> None:
    if field.status is Status.MISSING:
        page.pair(field.label, MISSING, _hint(field), is_missing=True)
    elif field.status is Status.NOT_GIVEN:
        page.pair(field.label, "", f"Not given. {_hint(field)}".strip())
    else:
        page.pair(field.label, field.value, _source(field))


def _hint(field: Filled) -> str:
    return f"{field.hint[:1].upper()}{field.hint[1:]}." if field.hint else ""


def _source(field: Filled) -> str:
    return "" if field.status is Status.GIVEN else f"From {field.source}."
