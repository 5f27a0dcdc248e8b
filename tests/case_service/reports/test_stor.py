"""The report to the authority: what is known, what is missing, and that nothing strangers wrote breaks it."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import grpc
import grpc.aio
import jsonschema
import pytest
import xmlschema

from case_service.reports.fields import FORM
from case_service.reports.pdf.fonts import Faces, shown
from case_service.reports.structured import JSON_SCHEMA, NAMESPACE, XSD, schema_text, xml_safe
from surveillance.v1 import report_pb2
from tapewatch.runtime.errors import error_info
from tests.case_service.reports.fakes import Reported, reported

SCRIPTS = "عربي 中文 ไทย हिन्दी"
HOSTILE = (
    f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;]]> \x01\x1b[31m\ufffe "quoted" <b>\u202e {SCRIPTS}'
)


async def trail(found: Reported) -> list[tuple[str, str]]:
    answer = await found.running.cases.call("ListAuditRecords", subject=found.case_id)
    return [(each.actor, each.action) for each in answer.records]


def fields_of(document: dict[str, object]) -> dict[str, dict[str, Any]]:
    sections: Any = document["sections"]
    return {each["key"]: each for section in sections for group in section["groups"] for each in group["fields"]}


async def test_known_given_and_missing_fields_are_told_apart_and_nothing_is_invented(tmp_path: Path) -> None:
    async with reported(tmp_path, answers={"entity_name": "Example Broker plc"}) as found:
        made = await found.report("JSON", submitter_name="Ann Lee", person_1_name="Owner Three Ltd")
        document = json.loads(made.content)
        assert await trail(found) == [
            ("detection", "OpenCase"),
            ("evidence", "PinEvidence"),
            ("ann", "CommentCase"),
            ("ann", "ReadReport"),
        ]
    jsonschema.validate(document, json.loads(schema_text(JSON_SCHEMA)))
    fields = fields_of(document)
    told = {key: (fields[key]["status"], fields[key]["value"]) for key in fields}
    assert told["submitter_name"] == ("GIVEN", "Ann Lee")
    assert told["entity_name"] == ("GIVEN", "Example Broker plc")
    assert told["instrument_code"] == ("KNOWN", "XS0000000009")
    assert told["person_1_accounts"] == ("KNOWN", "account-3")
    assert told["person_1_address"] == ("MISSING", None)
    assert told["entity_lei"] == ("NOT_GIVEN", None)
    assert list(made.missing) == document["missing"]
    assert {key for key in fields if fields[key]["status"] == "MISSING"} == set(made.missing)
    assert [section["number"] for section in document["sections"]] == [1, 2, 3, 4, 5, 6]
    rows = document["sections"][1]["tables"][0]["rows"]
    assert [row[0] for row in rows[:2]] == ["o79 *", "o78"]


async def test_xml_is_by_its_schema_whatever_strangers_wrote(tmp_path: Path) -> None:
    async with reported(tmp_path, explanation=f"Cancelled {HOSTILE}") as found:
        made = await found.report("XML", other_information=HOSTILE)
    text = made.content.decode()
    assert "<!" not in text
    assert "\x01" not in text
    xmlschema.XMLSchema(schema_text(XSD)).validate(text)
    root = ElementTree.fromstring(made.content)
    values = {each.get("key"): each.text for each in root.iter(f"{{{NAMESPACE}}}field")}
    assert values["other_information"] == xml_safe(HOSTILE).strip()
    assert "&e;" in (values["reasons"] or "")


async def test_pdf_has_its_fonts_inside_and_is_made_for_any_script(tmp_path: Path) -> None:
    async with reported(tmp_path, explanation=f"Cancelled {HOSTILE}") as found:
        made = await found.report("PDF", submitter_name="Анна Ковалёва", other_information=HOSTILE)
    assert made.content.startswith(b"%PDF-")
    assert (made.file_name, made.media_type) == ("stor-case-1.pdf", "application/pdf")
    assert len(re.findall(rb"/FontFile[23]", made.content)) >= 3
    assert not re.search(rb"/JavaScript|/JS |/Launch|/EmbeddedFile|/URI", made.content)


@pytest.mark.parametrize(
    ("answers", "reason"), [({"period": "never"}, "UNKNOWN_FIELD"), ({"person_2_name": "nobody"}, "UNKNOWN_FIELD")]
)
async def test_an_answer_to_what_the_system_fills_in_is_refused(
    tmp_path: Path, answers: dict[str, str], reason: str
) -> None:
    async with reported(tmp_path) as found:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await found.report("JSON", **answers)
        info = error_info(caught.value)
        assert info is not None
        assert (caught.value.code(), info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
        with pytest.raises(grpc.aio.AioRpcError, match="format: expected REPORT_FORMAT_PDF"):
            await found.stub.GetReport(report_pb2.GetReportRequest(case_id="1", actor="ann"))


def test_the_form_has_the_six_sections_and_says_what_was_not_checked() -> None:
    assert [section.number for section in FORM] == [1, 2, 3, 4, 5, 6]
    keys = [field.key for section in FORM for field in section.fields]
    assert len(keys) == len(set(keys))
    assert [section.number for section in FORM if section.is_checked] == [1, 2]


def test_characters_without_a_font_are_shown_by_their_code_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("case_service.reports.pdf.fonts.FOLDERS", ())
    unknown = Faces(tmp_path).need("A\u0416\u0627\u0939\u4e2d\u26a0\U00012000")
    assert unknown == {"\u4e2d", "\U00012000"}
    assert shown("Ж 中\x1b[0m\nB", unknown) == "Ж [U+4E2D][U+001B][0m\nB"
