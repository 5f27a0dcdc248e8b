"""The case file as PDF: what the case is about, what was seen, what people did."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from case_service.reports.dossier import Dossier
from case_service.reports.narrative import background, orders_described
from case_service.reports.pdf.chart import draw
from case_service.reports.pdf.page import document, written
from case_service.reports.tables import (
    Column,
    ReportTable,
    alerts_table,
    attachments_table,
    measurements_table,
    orders_table,
    table,
)
from case_service.reports.words import market_text, number_text, time_text
from tapewatch.alert import Severity

MARK = "CONFIDENTIAL \u2013 case file"


def case_pdf(dossier: Dossier, folder: Path, fonts: Sequence[Path], made_by: str) -> bytes:
    """The case file's bytes."""
    case = dossier.case
    tables = _tables(dossier)
    reference = f"Case {case.number} \u00b7 {case.case_id[:16]} \u00b7 made {time_text(dossier.made_ns)[:19]} UTC"
    page = document("".join(_texts(dossier, tables, made_by)), folder, fonts, MARK, reference)
    page.opening(f"Case {case.number}", case.title)
    for label, value in _facts(dossier, made_by):
        page.pair(label, value)
    page.heading("", "What was seen")
    for alert in dossier.stored.alerts:
        stands = f"Withdrawn: {alert.withdrawn_reason}. " if alert.withdrawn_reason else ""
        page.pair(f"{alert.rule_id} {alert.rule_version}", f"{stands}{alert.explanation}")
    draw(page, dossier)
    page.write_style()
    page.paragraph(orders_described(dossier))
    for each in tables[:4]:
        page.table_of(each)
    page.heading("", "Background")
    page.write_style()
    page.paragraph(background(dossier))
    for each in tables[4:]:
        page.table_of(each)
    page.set_title(f"Case {case.number}")
    page.set_creator("Tapewatch")
    return written(page)


def _facts(dossier: Dossier, made_by: str) -> list[tuple[str, str]]:
    case = dossier.case
    pin = dossier.stored.pin
    ending = case.work.disposition.name.replace("_", " ").lower() if case.work.disposition else ""
    return [
        ("Id", case.case_id),
        ("State", case.work.state.name.replace("_", " ").lower() + (f", {ending}" if ending else "")),
        ("Reason of the disposition", case.work.disposition_reason),
        ("Priority", f"{case.priority}, {Severity(case.severity).name.lower()}, score {case.score:.2f}"),
        ("Worked by", case.work.assignee),
        ("Market", market_text(case.venue, case.instrument)),
        ("Events from", time_text(case.start_time_ns)),
        ("Events to", time_text(case.end_time_ns)),
        ("Accounts", ", ".join(case.accounts)),
        ("Beneficial owners", ", ".join(case.owners)),
        ("Opened", time_text(case.create_time_ns)),
        ("Due", time_text(case.due_time_ns)),
        ("Evidence", "none is pinned" if pin is None else f"{pin.events} events, manifest {pin.manifest_sha256}"),
        ("Known gaps of the evidence", "" if pin is None else pin.problem),
        ("Made by", made_by),
    ]


def _tables(dossier: Dossier) -> list[ReportTable]:
    return [
        alerts_table(dossier),
        measurements_table(dossier),
        orders_table(dossier),
        _parameters(dossier),
        _related(dossier),
        _comments(dossier),
        _history(dossier),
        attachments_table(dossier),
    ]


def _parameters(dossier: Dossier) -> ReportTable:
    columns = (
        Column("rule", "Rule", 1.3),
        Column("parameter", "Parameter", 1.8),
        Column("value", "Value", 0.9, is_number=True),
        Column("unit", "Unit", 0.8),
        Column("reason", "Why this value", 3.4),
        Column("same", "As for the alert", 1.2),
    )
    digest = dossier.context.get("config_digest", "")
    rows = [
        (
            known["rule"]["rule_id"],
            each["name"].replace("_", " "),
            number_text(float(each["value"])),
            "" if each["unit"] == "1" else each["unit"],
            each["reason"],
            "yes" if known["alert_config_digest"] == digest else "not proven",
        )
        for known in dossier.context.get("rules", ())
        for each in known["rule"]["parameters"]
    ]
    return table("parameters", "Rules and their parameters when the evidence was pinned", columns, rows)


def _related(dossier: Dossier) -> ReportTable:
    columns = (
        Column("alert", "Alert", 1.1),
        Column("rule", "Rule", 1.3),
        Column("market", "Market", 1.3),
        Column("begin", "Begin (UTC)", 2.0),
        Column("why", "Why it is related", 2.6),
    )
    rows = [
        (
            each.alert.alert_id[:12],
            each.alert.rule_id,
            market_text(each.alert.venue, each.alert.instrument),
            time_text(each.alert.start_time_ns).removesuffix(" UTC"),
            each.why,
        )
        for each in dossier.stored.related
    ]
    return table("related", "Related alerts outside the case", columns, rows)


def _comments(dossier: Dossier) -> ReportTable:
    columns = (Column("time", "Time (UTC)", 1.6), Column("author", "Author", 1.0), Column("text", "Comment", 5.0))
    rows = [(time_text(each.time_ns)[:19], each.author, each.text) for each in dossier.case.comments]
    return table("comments", "Comments", columns, rows)


def _history(dossier: Dossier) -> ReportTable:
    columns = (
        Column("record", "Record", 0.7, is_number=True),
        Column("time", "Time (UTC)", 1.5),
        Column("actor", "Who", 1.0),
        Column("action", "What", 1.4),
        Column("reason", "Why", 3.0),
        Column("hash", "Hash", 1.2),
    )
    rows = [
        (str(each.sequence), time_text(each.time_ns)[:19], each.actor, each.action, each.reason, each.hash[:12])
        for each in dossier.stored.records
    ]
    return table("history", "History (audit trail)", columns, rows)


def _texts(dossier: Dossier, tables: Iterable[ReportTable], made_by: str) -> Iterable[str]:
    yield dossier.case.title
    yield from (value for _, value in _facts(dossier, made_by))
    yield from (f"{alert.explanation}{alert.withdrawn_reason}" for alert in dossier.stored.alerts)
    yield background(dossier)
    yield orders_described(dossier)
    yield from (cell for each in tables for row in each.rows for cell in row)
