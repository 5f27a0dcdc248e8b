"""A report as XML and as JSON, by the published schemas `stor.xsd` and `stor.schema.json`.

XML has no document type, entities or processing instructions; characters that XML 1.0 does not allow are written as
U+FFFD, so that whatever strangers put into names and texts, the document stays well formed.
"""

import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any, Final
from xml.etree import ElementTree

from case_service.reports.fields import REGULATION
from case_service.reports.stor import Filled, Group, Section, Stor
from case_service.reports.tables import ReportTable
from case_service.reports.words import time_text

NAMESPACE: Final = "urn:tapewatch:stor:1"
JSON_NAMESPACE: Final = "urn:tapewatch:stor-json:1"
VERSION: Final = "1"
XSD, JSON_SCHEMA = "stor.xsd", "stor.schema.json"
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def schema_text(name: str) -> str:
    """One of the published schemas."""
    return (resources.files("case_service.reports") / "schemas" / name).read_text(encoding="utf-8")


def xml_safe(text: str) -> str:
    """The text with what XML 1.0 does not allow shown as U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def to_json(stor: Stor) -> bytes:
    """The report as JSON."""
    document = {
        "schema": JSON_NAMESPACE,
        **_head(stor),
        "missing": stor.missing,
        "sections": [_section_json(section) for section in stor.sections],
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False).encode()


def _head(stor: Stor) -> dict[str, Any]:
    return {
        "version": VERSION,
        "template": REGULATION,
        "case_id": stor.case_id,
        "case_number": stor.case_number,
        "made_time_ns": stor.made_ns,
        "made_time": time_text(stor.made_ns),
        "made_by": stor.made_by,
        "evidence_sha256": stor.evidence_sha256,
    }


def _section_json(section: Section) -> dict[str, Any]:
    return {
        "number": section.number,
        "title": section.title,
        "wording_checked": section.is_checked,
        "groups": [
            {"heading": group.heading, "fields": [_field_json(field) for field in group.fields]}
            for group in section.groups
        ],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "columns": [{"key": column.key, "heading": column.heading} for column in table.columns],
                "rows": [list(row) for row in table.rows],
                "rows_left_out": table.left_out,
            }
            for table in section.tables
        ],
    }


def _field_json(field: Filled) -> dict[str, Any]:
    return {
        "key": field.key,
        "label": field.label,
        "status": field.status.value,
        "value": field.value or None,
        "source": field.source,
        "hint": field.hint,
        "wording_checked": field.is_checked,
    }


def to_xml(stor: Stor) -> bytes:
    """The report as XML in UTF-8."""
    head = {key: xml_safe(str(value)) for key, value in _head(stor).items()}
    root = ElementTree.Element("stor", {"xmlns": NAMESPACE, **head})
    missing = ElementTree.SubElement(root, "missing")
    for key in stor.missing:
        ElementTree.SubElement(missing, "field", {"key": key})
    for section in stor.sections:
        _section_xml(root, section)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'.encode()


def _section_xml(root: ElementTree.Element, section: Section) -> None:
    known = {"number": str(section.number), "title": section.title, "wording_checked": _truth(section.is_checked)}
    made = ElementTree.SubElement(root, "section", known)
    for group in section.groups:
        _group_xml(made, group)
    for table in section.tables:
        _table_xml(made, table)


def _group_xml(parent: ElementTree.Element, group: Group) -> None:
    made = ElementTree.SubElement(parent, "group", {"heading": xml_safe(group.heading)})
    for field in group.fields:
        known = {"key": field.key, "label": field.label, "status": field.status.value}
        said = {"source": field.source, "hint": xml_safe(field.hint), "wording_checked": _truth(field.is_checked)}
        ElementTree.SubElement(made, "field", known | said).text = xml_safe(field.value)


def _table_xml(parent: ElementTree.Element, table: ReportTable) -> None:
    known = {"name": table.name, "title": table.title, "rows_left_out": str(table.left_out)}
    made = ElementTree.SubElement(parent, "table", known)
    for column in table.columns:
        ElementTree.SubElement(made, "column", {"key": column.key, "heading": column.heading})
    for row in table.rows:
        _row_xml(made, [column.key for column in table.columns], row)


def _row_xml(parent: ElementTree.Element, keys: Sequence[str], row: Sequence[str]) -> None:
    made = ElementTree.SubElement(parent, "row")
    for key, value in zip(keys, row, strict=True):
        ElementTree.SubElement(made, "cell", {"column": key}).text = xml_safe(value)


def _truth(value: bool) -> str:
    return "true" if value else "false"
