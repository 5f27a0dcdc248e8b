"""Pages by key: the rows behind a row are asked for by its values, so that pages stay right while rows come and go."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, literal, or_, tuple_

from case_service.ordering import Key

Position = tuple[int | float, ...]
"""The values of a row by the keys of its order."""


def page_of(
    query: Select[*tuple[Any, ...]], table: Table, order: Sequence[Key], after: Position | None
) -> Select[*tuple[Any, ...]]:
    """The rows of a query behind a position (all of them for None), in an order that ends with a unique key."""
    if after is not None:
        query = query.where(_behind(table, order, after))
    return query.order_by(
        *(table.c[each.field].desc() if each.descending else table.c[each.field].asc() for each in order)
    )


def position_of(row: Any, order: Sequence[Key]) -> Position:
    """Where a row stands in an order."""
    return tuple(getattr(row, each.field) for each in order)


def _behind(table: Table, order: Sequence[Key], after: Position) -> ColumnElement[bool]:
    columns = [table.c[each.field] for each in order]
    values = [literal(value, column.type) for column, value in zip(columns, after, strict=True)]
    if len({each.descending for each in order}) == 1:  # one comparison of rows, which an index of them answers
        compare = _beyond(order[0])
        return compare(columns[0], values[0]) if len(columns) == 1 else compare(tuple_(*columns), tuple_(*values))
    steps = [
        and_(*(columns[each] == values[each] for each in range(place)), _beyond(order[place])(column, values[place]))
        for place, column in enumerate(columns)
    ]
    bound = operator.le if order[0].descending else operator.ge
    return and_(bound(columns[0], values[0]), or_(*steps))


def _beyond(key: Key) -> Callable[[Any, Any], ColumnElement[bool]]:
    return operator.lt if key.descending else operator.gt
