"""What is told of a turn that has ended: to the log, and to whoever counts."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chatkit.types import AssistantMessageItem, ThreadItem, UserMessageItem

from chatkit_host.engine.ports import TerminalStatus
from chatkit_host.ids import ThreadId, TurnId

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnReport:
    turn_id: TurnId
    thread_id: ThreadId
    status: TerminalStatus
    error_code: str | None
    seconds: float
    """From its acceptance to its end."""
    first_text_seconds: float | None
    """To the first text; None when there was none."""
    usage: Mapping[str, int]
    question: str = field(repr=False)
    answer: str = field(repr=False)


def words_of(item: ThreadItem) -> str:
    """What the user or the assistant says in it; nothing for other items."""
    if not isinstance(item, UserMessageItem | AssistantMessageItem):
        return ""
    return "".join(part.text for part in item.content)


Report = Callable[[TurnReport], None]


def log_report(report: TurnReport, *, with_words: bool) -> None:
    """`with_words`: with what the user and the assistant said."""
    told: dict[str, object] = {
        "turn_id": report.turn_id,
        "thread_id": report.thread_id,
        "status": report.status,
        "error_code": report.error_code,
        "seconds": round(report.seconds, 3),
        "first_text_seconds": None if report.first_text_seconds is None else round(report.first_text_seconds, 3),
        "input_tokens": report.usage.get("input_tokens"),
        "output_tokens": report.usage.get("output_tokens"),
    }
    if with_words:
        told |= {"question": report.question, "answer": report.answer}
    _log.info("turn ended", extra=told)
