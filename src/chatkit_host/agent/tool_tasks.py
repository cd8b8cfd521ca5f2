"""A tool call as a task that a person can read: title, arguments, result; trimmed, and without secrets."""

import json
import re
from typing import Any

from chatkit.types import CustomTask

from chatkit_host.text import safe_text

_SHOWN_CHARACTERS = 1000
_SECRET_NAME = re.compile(r"pass(word|wd|phrase)|secret|token|api[-_]?key|authori[sz]ation|credential|cookie", re.I)
_SECRET_VALUE = re.compile(
    r"\b(sk-[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|Bearer\s+\S{8,}|AKIA[A-Z0-9]{12,})"
)
REDACTED = "•••"


def started_task(name: str, arguments: str) -> CustomTask:
    return CustomTask(title=_title(name), content=_section("Arguments", arguments), status_indicator="loading")


def finished_task(name: str, arguments: str, result: str, *, failed: bool) -> CustomTask:
    sections = [_section("Arguments", arguments), _section("Error" if failed else "Result", result)]
    return CustomTask(
        title=_title(name) + (" (failed)" if failed else ""),
        content="\n\n".join(section for section in sections if section) or None,
        status_indicator="complete",
    )


def redacted(text: str) -> str:
    """Tool text for people and logs: values under telling names, and what looks like a key or a token, are blanked."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _SECRET_VALUE.sub(REDACTED, safe_text(text))
    return _SECRET_VALUE.sub(REDACTED, safe_text(json.dumps(_without_secrets(value), ensure_ascii=False)))


def looks_failed(result: str) -> bool:
    """Our own tools answer a failure with `{"error": ...}`; the SDK words it as below."""
    return result.startswith(('{"error"', "An error occurred while running the tool"))


def _title(name: str) -> str:
    words = re.sub(r"[_\-.]+", " ", safe_text(name)).strip()
    return (words[:1].upper() + words[1:])[:80] or "Tool"


def _section(heading: str, text: str) -> str | None:
    shown = redacted(text).strip()
    if shown in ("", "{}"):
        return None
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + " …"
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    return f"{heading}:\n{fence}json\n{shown}\n{fence}"


def _without_secrets(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: REDACTED if _SECRET_NAME.search(key) else _without_secrets(item) for key, item in value.items()
            }
        case list():
            return [_without_secrets(item) for item in value]
        case _:
            return value
