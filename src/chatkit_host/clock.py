"""Time as an input: aware UTC everywhere."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the current time, aware and in UTC."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """The same moment, aware and in UTC. The ChatKit SDK stamps naive local time; that is what a naive value means here."""
    return moment.astimezone(UTC)
