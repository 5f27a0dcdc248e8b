"""The tables of a report: orders, alerts, measurements, attachments; each with what is cut off said."""

from collections.abc import Sequence
from dataclasses import dataclass

from case_service.reports.dossier import Dossier
from case_service.reports.words import clock_text, measured_text, number_text, time_text
from tapewatch.alert import Severity

ROWS_MAX = 2_000
Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in files, its heading for people, its share of the width, whether it is aligned right."""

    key: str
    heading: str
    width: float = 1.0
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows as people read them; `left_out` rows did not fit and are in the case file."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    left_out: int = 0


def table(name: str, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> ReportTable:
    """A table of at most ROWS_MAX rows."""
    return ReportTable(name, title, columns, rows[:ROWS_MAX], max(0, len(rows) - ROWS_MAX))


def orders_table(dossier: Dossier) -> ReportTable:
    """The orders of the window, those the alerts name first."""
    columns = (
        Column("order", "Order", 1.6),
        Column("market", "Market", 1.5),
        Column("account", "Account", 1.5),
        Column("side", "Side", 0.65),
        Column("price", "Price", 1.0, is_number=True),
        Column("quantity", "Quantity", 1.1, is_number=True),
        Column("filled", "Traded", 1.1, is_number=True),
        Column("average_price", "Avg price", 1.1, is_number=True),
        Column("entered", "Entered", 1.75),
        Column("last", "Last event", 1.75),
        Column("ending", "Ended", 1.2),
    )
    case = dossier.case
    ordered = sorted(dossier.orders, key=lambda line: (not line.is_named, not line.is_of(case.venue, case.instrument)))
    rows = [
        (
            f"{line.order_id}{' *' if line.is_named else ''}",
            f"{line.instrument} {line.venue}",
            line.account,
            line.side.lower(),
            number_text(line.price),
            number_text(line.quantity),
            number_text(line.filled),
            number_text(line.average_price),
            clock_text(line.entered_ns) or "before",
            clock_text(line.last_ns),
            line.ending,
        )
        for line in ordered
    ]
    day = time_text(dossier.case.start_time_ns)[:10]
    return table("orders", f"Orders in the pinned window of {day} (times in UTC)", columns, rows)


def alerts_table(dossier: Dossier) -> ReportTable:
    """The alerts of the case."""
    columns = (
        Column("alert", "Alert", 1.4),
        Column("rule", "Rule", 1.6),
        Column("typology", "Typology", 1.5),
        Column("severity", "Severity", 1.0),
        Column("score", "Score", 0.7, is_number=True),
        Column("begin", "Begin", 2.3),
        Column("end", "End", 2.3),
        Column("standing", "Stands", 1.2),
    )
    rows = [
        (
            alert.alert_id[:12],
            f"{alert.rule_id} {alert.rule_version}",
            alert.typology.replace("_", " ").lower(),
            Severity(alert.severity).name.lower(),
            f"{alert.score:.2f}",
            time_text(alert.start_time_ns).removesuffix(" UTC"),
            time_text(alert.end_time_ns).removesuffix(" UTC"),
            alert.withdrawn_reason or "yes",
        )
        for alert in dossier.stored.alerts
    ]
    return table("alerts", "Alerts (times in UTC)", columns, rows)


def measurements_table(dossier: Dossier) -> ReportTable:
    """What the rules measured, and the lines it was held against."""
    columns = (
        Column("alert", "Alert", 1.2),
        Column("rule", "Rule", 1.4),
        Column("measure", "Measure", 2.6),
        Column("observed", "Observed", 1.2, is_number=True),
        Column("threshold", "Threshold", 1.2, is_number=True),
        Column("unit", "Unit", 1.0),
    )
    rows = [
        (
            alert.alert_id[:12],
            alert.rule_id,
            each.name.replace("_", " "),
            measured_text(each.observed),
            measured_text(each.threshold),
            "" if each.unit == "1" else each.unit,
        )
        for alert in dossier.stored.alerts
        for each in alert.measurements
    ]
    return table("measurements", "Measurements", columns, rows)


def attachments_table(dossier: Dossier) -> ReportTable:
    """The pinned files with their hashes."""
    columns = (
        Column("name", "File", 1.4),
        Column("size", "Bytes", 0.7, is_number=True),
        Column("sha256", "SHA-256", 4),
    )
    pin = dossier.stored.pin
    rows: list[Sequence[str]] = []
    if pin is not None:
        rows = [(name, number_text(part.size_bytes), part.sha256) for name, part in sorted(pin.parts.items())]
        rows.append(("manifest of the evidence", "", pin.manifest_sha256))
    return table("documents", "Files of the evidence (exported with the case file)", columns, rows)
