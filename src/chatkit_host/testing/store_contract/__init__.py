"""What a chatkit `Store` must do: what its methods promise, and what the SDK relies on without saying so.

Calls are made as the SDK makes them, by position. Each case makes users, threads and items of its own, so that all of
them can share one database.
"""

from collections.abc import Collection

from chatkit_host.testing.store_contract import (
    attachments,
    changes,
    concurrency,
    identifiers,
    item_kinds,
    item_pages,
    items,
    owners,
    server,
    texts,
    thread_lists,
    threads,
)
from chatkit_host.testing.store_contract.case import CASES, StoreCase, Topic

__all__ = ["StoreCase", "Topic", "store_cases"]

_ALL = (
    *(threads, thread_lists, items, item_pages, changes, item_kinds, texts),
    *(attachments, owners, concurrency, identifiers, server),
)


def store_cases(*, without: Collection[Topic] = ()) -> list[StoreCase]:
    """Every case, less the topics that your Store does not mean to fulfil (`owners` for a single user, `attachments`, ...)."""
    order = [module.__name__ for module in _ALL]
    cases = [case for case in CASES if case.topic not in without]
    return sorted(cases, key=lambda case: order.index(case.module))
