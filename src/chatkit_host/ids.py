"""Identifiers: a prefix that tells the kind, and a UUIDv7 (RFC 9562), so that they sort by time and cannot be guessed."""

import hashlib
import os
import threading
import time
from datetime import datetime
from typing import Literal, NewType, get_args

Owner = NewType("Owner", str)
"""Whose record it is: derived from the verified identity, never from a request's body."""

ThreadId = NewType("ThreadId", str)
ItemId = NewType("ItemId", str)
TurnId = NewType("TurnId", str)
TaskId = NewType("TaskId", str)

Kind = Literal[
    "thread",
    "message",
    "tool_call",
    "task",
    "workflow",
    "attachment",
    "sdk_hidden_context",
    "turn",
    "todo",
    "request",
    "api_key",
    "version",
]

_PREFIXES: dict[Kind, str] = {
    "thread": "thr",
    "message": "msg",
    "tool_call": "tc",
    "task": "tsk",
    "workflow": "wf",
    "attachment": "atc",
    "sdk_hidden_context": "shcx",
    "turn": "turn",
    "todo": "task",
    "request": "req",
    "api_key": "key",
    "version": "ver",
}
assert set(_PREFIXES) == set(get_args(Kind))

_lock = threading.Lock()
_last_milliseconds = 0
_counter = 0
_random = b""
"""Bytes that no identifier has used yet: asking the system for a few costs more than all else here."""


def _forget() -> None:
    global _random
    _random = b""


os.register_at_fork(after_in_child=_forget)


def first_id(kind: Kind, moment: datetime) -> str:
    """What sorts before all identifiers that were made at `moment` or later."""
    return f"{_PREFIXES[kind]}_{int(moment.timestamp() * 1000):012x}"


def id_of(kind: Kind, name: str) -> str:
    """The identifier that always stands for this name, as long as one of `new_id`; it tells no time."""
    return f"{_PREFIXES[kind]}_{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def new_id(kind: Kind) -> str:
    """A new identifier such as `thr_019ab3c4d5e67f8a9b0c1d2e3f405162`: 74 random or counting bits, increasing within a process."""
    global _last_milliseconds, _counter, _random
    with _lock:
        if len(_random) < 10:
            _random = os.urandom(4000)
        start, rest, _random = _random[:2], _random[2:10], _random[10:]
        now = time.time_ns() // 1_000_000
        if now > _last_milliseconds:
            _last_milliseconds = now
            _counter = int.from_bytes(start) & 0x07FF
        else:
            _counter += 1
            if _counter > 0x0FFF:
                _last_milliseconds += 1
                _counter = 0
        milliseconds, counter = _last_milliseconds, _counter
    tail = int.from_bytes(rest) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return f"{_PREFIXES[kind]}_{milliseconds:012x}7{counter:03x}{tail:016x}"
