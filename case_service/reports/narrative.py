"""What the system can say of a case in plain sentences: only what its records show."""

import math

from case_service.case import CaseState, Disposition
from case_service.reports.dossier import Dossier
from case_service.reports.words import counted, date_text, listed, market_text, number_text, time_text
from tapewatch.alert import Severity


def instrument(dossier: Dossier) -> tuple[str, str, str]:
    """Name, code and type of the instrument by the reference data; empty where they do not say."""
    row = dossier.context.get("instrument") or {}
    kind = ", ".join(row[name] for name in ("asset_class", "product", "currency") if row.get(name))
    return "", row.get("isin", ""), kind


def nature_proposed(dossier: Dossier) -> str:
    """What the rules take it for; a person decides."""
    typologies = sorted({alert.typology.replace("_", " ").lower() for alert in dossier.stored.alerts})
    if not typologies:
        return ""
    return f"the rules take it for {' and '.join(typologies)}; say whether that is attempted or done, and of what kind"


def orders_described(dossier: Dossier) -> str:
    """How many orders, how much of them was traded and taken back."""
    lines = dossier.orders
    if not lines:
        pin = dossier.stored.pin
        why = "no evidence is pinned to the case yet" if pin is None else "the pinned window holds none of its accounts"
        return f"The orders cannot be listed: {why}. The alerts name {_named(dossier)}."
    case = dossier.case
    here = [line for line in lines if line.is_of(case.venue, case.instrument)]
    sides = {side: [line for line in here if line.side == side] for side in ("BUY", "SELL")}
    parts = [
        f"{counted(len(found), 'order')} to {side.lower()} {number_text(_sum(line.quantity for line in found))} "
        f"({number_text(_sum(line.filled for line in found))} traded, "
        f"{sum(line.ending == 'cancelled' for line in found)} withdrawn)"
        for side, found in sides.items()
        if found
    ]
    named = sum(line.is_named for line in lines)
    elsewhere = f" {counted(len(lines) - len(here), 'order')} elsewhere." if len(here) < len(lines) else ""
    return (
        f"In {market_text(case.venue, case.instrument)}, in the pinned window: {' and '.join(parts) or 'none'}."
        f"{elsewhere} The alerts name {counted(named, 'order')}, marked * in the list."
    )


def _named(dossier: Dossier) -> str:
    orders = {order for alert in dossier.stored.alerts for order in alert.order_ids}
    trades = {trade for alert in dossier.stored.alerts for trade in alert.trade_ids}
    return f"{counted(len(orders), 'order')} and {counted(len(trades), 'trade')}"


def _sum(values: object) -> float:
    return math.fsum(value for value in values if not math.isnan(value))  # type: ignore[attr-defined]  # floats


def reasons(dossier: Dossier) -> str:
    """Each standing alert's own sentence, and how it came to attention."""
    standing = [alert for alert in dossier.stored.alerts if not alert.withdrawn_reason]
    sentences = [f"({place}) {alert.explanation}" for place, alert in enumerate(standing, start=1)]
    rules = listed(sorted({f"{alert.rule_id} {alert.rule_version}" for alert in standing}), 8)
    came = (
        f"It came to attention through automated surveillance (rules: {rules}) "
        f"on {time_text(dossier.case.create_time_ns)}."
    )
    withdrawn = len(dossier.stored.alerts) - len(standing)
    taken_back = [f"{counted(withdrawn, 'alert')} no longer stand after corrections."] if withdrawn else []
    return "\n".join([*sentences, came, *taken_back])


def background(dossier: Dossier) -> str:
    """Earlier cases, related alerts, links between accounts, what people did."""
    stored = dossier.stored
    parts = [_earlier(dossier)]
    if stored.related:
        rules = listed(sorted({each.alert.rule_id for each in stored.related}), 6)
        parts.append(f"{counted(len(stored.related), 'related alert')} outside this case ({rules}).")
    for link in dossier.links[:10]:
        often = f" ({counted(link.count, 'time')})" if link.count else ""
        parts.append(f"{link.account} and {link.other}: {link.why}{often}.")
    if len(dossier.links) > 10:
        parts.append(f"{len(dossier.links) - 10} more links between accounts are in the case file.")
    case = dossier.case
    parts.append(
        f"The case is {case.work.state.name.replace('_', ' ').lower()}, highest severity "
        f"{Severity(case.severity).name.lower()}, worked by {case.work.assignee or 'nobody yet'}."
    )
    return "\n".join(part for part in parts if part)


def _earlier(dossier: Dossier) -> str:
    earlier = dossier.stored.earlier
    if not earlier:
        return "No other case names the same accounts or owners."
    told = [
        f"{each.number} ({date_text(each.create_time_ns)}, {_ended(each.state, each.disposition)})" for each in earlier
    ]
    return f"{counted(len(earlier), 'other case')} about the same accounts or owners: {listed(told, 8)}."


def _ended(state: int, disposition: int) -> str:
    if CaseState(state) is not CaseState.CLOSED:
        return CaseState(state).name.replace("_", " ").lower()
    return f"closed: {Disposition(disposition).name.replace('_', ' ').lower()}"
