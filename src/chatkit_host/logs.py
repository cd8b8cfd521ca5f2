"""Logs: one line each, as JSON or for the eye. What an exception says stays out of them; where it came from does not.

Exceptions of libraries quote requests, answers and keys in their text.
"""

import json
import logging
import sys
import traceback
from typing import Any

_KEPT = (
    *("request_id", "turn_id", "thread_id", "status", "error_code", "seconds", "first_text_seconds"),
    *("input_tokens", "output_tokens", "question", "answer"),
)
_QUIET = ("uvicorn", "httpx", "LiteLLM", "openai.agents", "mcp", "aiosqlite", "asyncio", "chatkit", "alembic")


def configure_logging(level: str, style: str) -> None:
    """`style`: json, text or auto (text on a terminal)."""
    # What no line shows need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLines() if as_text else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _message(record: logging.LogRecord) -> str:
    """Uvicorn puts whole tracebacks, with what the exceptions say, into its messages."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.name.startswith("uvicorn") else message


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            **{name: value for name in _KEPT if (value := getattr(record, name, None)) not in (None, "")},
        }
        if where := _where(record):
            line["exception"] = where
        return json.dumps(line, ensure_ascii=True)


class TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        named = "".join(
            f" {name}={_one_line(value)}" for name in _KEPT if (value := getattr(record, name, None)) not in (None, "")
        )
        message = _one_line(record.getMessage())
        lines = [f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {message}{named}"]
        return "\n".join([*lines, *_where(record)])


def _one_line(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)[1:-1].replace('\\"', '"')


def _where(record: logging.LogRecord) -> list[str]:
    """The exception's type and frames, and those of its causes."""
    error = record.exc_info[1] if record.exc_info else None
    lines: list[str] = []
    while error is not None and len(lines) < 100:
        lines.append(type(error).__qualname__)
        lines += [
            f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines
