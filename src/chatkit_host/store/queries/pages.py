"""Pages by cursor: what follows one record in one direction."""

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from chatkit.types import Page
from pydantic import BaseModel

from chatkit_host.errors import InvalidInput
from chatkit_host.store.database import AnySelect

Record = TypeVar("Record", bound=BaseModel)


def check_limit(limit: int) -> None:
    if limit < 1:
        raise InvalidInput("A page has at least one entry.")


def following(
    statement: AnySelect,
    keys: Sequence[sa.ColumnElement[Any]],
    position: Sequence[Any] | None,
    order: str,
    limit: int,
) -> AnySelect:
    """`statement` ordered by `keys` from after `position` on, and one row more than `limit` to tell whether there is more."""
    if position is not None:
        here = sa.tuple_(*(sa.literal(value, key.type) for key, value in zip(keys, position, strict=True)))
        there = sa.tuple_(*keys)
        statement = statement.where(there < here if order == "desc" else there > here)
    return statement.order_by(*(key.desc() if order == "desc" else key.asc() for key in keys)).limit(limit + 1)


def page_of(records: list[Any], limit: int) -> Page[Any]:
    """The page of up to `limit` records, from a list that has one more when there are more."""
    data = records[:limit]
    has_more = len(records) > limit
    return Page(data=data, has_more=has_more, after=data[-1].id if has_more else None)
