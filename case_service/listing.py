"""List requests read: filter, search, order and page token to what the store is asked for, and back to a token."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement

from case_service.filter import ALERT_FIELDS, CASE_FIELDS, Expression, Kind, parse
from case_service.ordering import ALERT_ORDERS, CASE_ORDERS, parse_order
from case_service.paging import PageTokens, page_size_of
from case_service.search import parse_search
from case_service.store.databases.search import HasWords
from case_service.store.filters import alert_conditions, case_conditions
from case_service.store.reading import Asked, Page


class ListRequest(Protocol):
    """The fields that list requests have in common."""

    page_size: int
    page_token: str
    filter: str
    order_by: str
    search: str


@dataclass(frozen=True, slots=True)
class Listing:
    """How one method lists: its resource, and what can be asked of it."""

    method: str
    resource: str
    fields: Mapping[str, Kind]
    orders: AbstractSet[str]
    conditions_of: Callable[[Iterable[Expression]], list[ColumnElement[bool]]]

    def asked(self, request: ListRequest, tokens: PageTokens, limits: Sequence[ColumnElement[bool]] = ()) -> Asked:
        """What a request asks for; within `limits`. InvalidArgument names the field that is wrong."""
        conditions = self.conditions_of(parse(request.filter, self.fields))
        words = parse_search(request.search)
        if words:
            conditions.append(HasWords(self.resource, words))
        return Asked(
            conditions=[*conditions, *limits],
            count=page_size_of(request.page_size),
            order=parse_order(request.order_by, self.orders),
            after=tokens.read_keys(request.page_token, self.method, _said(request)),
        )

    def next_page_token(self, request: ListRequest, tokens: PageTokens, page: Page[object]) -> str:
        """The token of the page behind this one; "" behind the last."""
        return tokens.make_keys(self.method, _said(request), page.last) if page.more else ""


def _said(request: ListRequest) -> str:
    """What a token is bound to."""
    return "\0".join((request.filter, request.order_by, request.search))


ALERTS = Listing("ListAlerts", "alerts", ALERT_FIELDS, ALERT_ORDERS, alert_conditions)
CASES = Listing("ListCases", "cases", CASE_FIELDS, CASE_ORDERS, case_conditions)
