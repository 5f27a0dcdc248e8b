"""Accounts that belong together, each link with why: what reference data, alerts and events show, nothing guessed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_service.evidence.event_file import Row

LINKS_MAX = 500
SAME = {"device": "device", "ip_subnet": "network", "firm": "firm", "desk": "desk"}
"""Columns of the reference data on accounts that two accounts may share, in words."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two accounts and why they belong together; `count` is how often that shows, 0 where it is not counted."""

    account: str
    other: str
    why: str
    count: int = 0


def links(accounts: Sequence[str], context: Mapping[str, Any], rows: Sequence[Row]) -> list[Link]:
    """The links of a case's accounts: by reference data, by common traders, by trades with each other."""
    own = set(accounts)
    found = [*_of_reference(context), *_of_traders(own, rows), *_of_trades(own, rows)]
    return found[:LINKS_MAX]


def _of_reference(context: Mapping[str, Any]) -> Iterator[Link]:
    for account, others in sorted(context.get("owned", {}).items()):
        for other in others:
            yield Link(account, other, "same beneficial owner, or declared linked, in the reference data")
    rows: list[dict[str, str]] = context.get("accounts", [])
    for place, row in enumerate(rows):
        for other_row in rows[place + 1 :]:
            for column, word in SAME.items():
                if row.get(column) and row.get(column) == other_row.get(column):
                    why = f"same {word} {row[column]!r} in the reference data"
                    yield Link(row["account"], other_row["account"], why)


def _of_traders(own: set[str], rows: Iterable[Row]) -> Iterator[Link]:
    by_trader: dict[str, Counter[str]] = {}
    for row in rows:
        if row.get("trader") and row.get("account"):
            by_trader.setdefault(row["trader"], Counter())[row["account"]] += 1
    for trader, accounts in sorted(by_trader.items()):
        for account in sorted(own & accounts.keys()):
            for other in sorted(accounts.keys() - {account}):
                if other not in own or account < other:
                    why = f"trader {trader!r} entered events for both in the window"
                    yield Link(account, other, why, min(accounts[account], accounts[other]))


def _of_trades(own: set[str], rows: Iterable[Row]) -> Iterator[Link]:
    """Counterparties by `contra_account`, and by a trade's two fills where the source shows both; each trade once."""
    trades: dict[tuple[str, str], set[str]] = {}
    sides: dict[str, set[str]] = {}
    for row in rows:
        account, trade = row.get("account"), row.get("trade_id") or row["event_id"]
        if row["kind"] != "FILL" or not account:
            continue
        sides.setdefault(trade, set()).add(account)
        if row.get("contra_account"):
            trades.setdefault(_pair(account, row["contra_account"], own), set()).add(trade)
    for trade, accounts in sides.items():
        if len(accounts) == 2:
            one, other = sorted(accounts)
            trades.setdefault(_pair(one, other, own), set()).add(trade)
    for (account, other), found in sorted(trades.items(), key=lambda item: (-len(item[1]), item[0])):
        if account in own and account != other:
            yield Link(account, other, "traded with each other in the window", len(found))


def _pair(one: str, other: str, own: set[str]) -> tuple[str, str]:
    """The case's account first; of two of them, the lesser."""
    if (one in own) != (other in own):
        return (one, other) if one in own else (other, one)
    return (one, other) if one <= other else (other, one)
