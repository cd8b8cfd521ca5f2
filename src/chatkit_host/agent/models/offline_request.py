"""Understands the sentences that the offline demo understands."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

_POLITE = re.compile(
    r"^(?:(?:please|hey|hi|hello|ok|okay|now|then|also|and|so|well|yes)\b[,!]?\s+"
    r"|(?:can|could|would|will) you (?:please )?(?:help me )?(?:to )?"
    r"|i(?:'d| would) like (?:you )?to |i want (?:you )?to |let'?s |i need you to )+",
    re.IGNORECASE,
)
_THANKS = re.compile(r"^(?:thanks?|thank you|thx|great|perfect|cheers|nice)\b[\w ,]*[.!]*$", re.IGNORECASE)
_GREETING = re.compile(r"^(?:hi|hello|hey|good (?:morning|afternoon|evening)|howdy)\b[\w ,']*[.!?]*$", re.IGNORECASE)

_THING = r"(?:tasks?|to-?dos?|to do|items?|reminders?|entry|things?)"
_LIST = re.compile(
    rf"^(?:(?:list|show|display|give|read|see|view|get|print|tell)\b(?!.*\bto\b\s+(?:my|the)\s+list)"
    rf"|what(?:'s| is| are| do| did| have)?\b.*\b(?:list|{_THING}|have to do|need to do|left|to do|done|completed|finished|pending)\b"
    rf"|(?:do i have|have i got|is there|are there|how many)\b.*\b(?:{_THING}|left|to do)\b"
    rf"|(?:which|any)\b.*\b{_THING}\b|my (?:{_THING}|list)\b|(?:{_THING}|to-?do list|list)[.!?]*$"
    rf"|(?:all|pending|open|completed|finished|done) {_THING}\b)",
    re.IGNORECASE,
)
_STATUS_PENDING = re.compile(
    r"\b(?:pending|open|unfinished|incomplete|remaining|left|outstanding|undone|not done|have to do|need to do|still)\b",
    re.IGNORECASE,
)
_STATUS_COMPLETED = re.compile(r"\b(?:completed?|finished|done)\b", re.IGNORECASE)

_DELETE = re.compile(
    r"^(?:delete|remove|erase|drop|cancel|get rid of|discard|clear|throw away)\s+(?P<ref>.+)$", re.IGNORECASE
)
_REOPEN = (
    re.compile(r"^(?:re-?open|uncheck|un-?complete|undo)\s+(?P<ref>.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:mark|set)\s+(?P<ref>.+?)\s+(?:as\s+)?(?:not (?:done|completed?|finished)|undone|incomplete|pending|open)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?P<ref>.+?) (?:is|are)(?:n'?t| not) (?:done|completed?|finished)(?: yet)?$", re.IGNORECASE),
)
_COMPLETE = (
    re.compile(
        r"^(?:mark|set|tick|check)\s+(?:off\s+)?(?P<ref>.+?)\s+(?:as\s+|off\s+as\s+)?(?:done|completed?|finished)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:complete|finish|check off|tick off|close|tick|check)\s+(?P<ref>.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:i(?:'ve| have)?(?: just| already)?|we(?:'ve| have)?) (?:finished|completed|done|did)(?: with)?\s+(?P<ref>.+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^i(?:'m| am) (?:done|finished) with\s+(?P<ref>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<ref>.+?) (?:is|are) (?:now )?(?:done|completed?|finished)(?: now)?$", re.IGNORECASE),
    re.compile(r"^(?P<ref>(?:it|that|this|them|both|all)) (?:done|completed)$", re.IGNORECASE),
)
_RENAME = (
    re.compile(r"^(?:rename|retitle|reword)\s+(?P<ref>.+?)\s+(?:to|as|into)\s+(?P<title>.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:change|update|edit|set)\s+(?:the )?(?:title|name|text) of\s+(?P<ref>.+?)\s+(?:to|into)\s+(?P<title>.+)$",
        re.IGNORECASE,
    ),
)
_PRIORITY_CHANGE = (
    re.compile(
        r"^(?:change|update|set|make|raise|lower|give)\s+(?:the )?priority (?:of|for)\s+(?P<ref>.+?)\s+(?:to|as)\s+"
        r"(?P<priority>high|medium|normal|low)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:change|update|set|make|mark|give)\s+(?P<ref>.+?)\s+(?:to |as |a |an )*(?P<priority>high|medium|normal|low|urgent)"
        r"(?: ?-?priority)?$",
        re.IGNORECASE,
    ),
)
_DUE_CHANGE = (
    re.compile(
        r"^(?:change|update|set|move)\s+(?:the )?(?:due date|deadline) (?:of|for)\s+(?P<ref>.+?)\s+(?:to|on)\s+(?P<due>.+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?P<ref>.+?) (?:is|are) due (?:on |by )?(?P<due>.+)$", re.IGNORECASE),
    re.compile(r"^(?:make|set|move)\s+(?P<ref>.+?)\s+(?:due|to be due|to)\s+(?:on |by )?(?P<due>.+)$", re.IGNORECASE),
)
_CHANGE = re.compile(r"^(?:change|update|edit)\s+(?P<ref>.+?)\s+(?:to|into)\s+(?P<title>.+)$", re.IGNORECASE)
_BARE_CHANGE = re.compile(r"^(?:change|update|edit|rename)\s+(?P<ref>.+)$", re.IGNORECASE)

_ADD = re.compile(
    rf"^(?:(?:add|create|make|put|new|note down|write down|jot down|insert)\b"
    rf"|(?:remember|don'?t forget|do not forget|i (?:need|have|ought) to remember) to\b"
    rf"|remind me (?:to|about|of)\b|i (?:need|have|must|should)\b(?: to)?\b|(?:note|{_THING})\s*:)"
    rf"[\s:,]*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ADD_HEAD = re.compile(
    r"^(?:me )?(?:(?:a|an|another|the|these|this|some|one|two|three|four|five|\d+|following)\s+)*"
    rf"(?:more )?(?:new )?(?:following )?{_THING}\b"
    r"\s*(?:[:,-]|called|named|titled|saying|which says|that says|to|for|about)?\s*(?:to\b(?!-))?\s*",
    re.IGNORECASE,
)
_ADD_TAIL = re.compile(
    rf"\s*\b(?:(?:to|on|onto|in|into|down on) (?:my|the|our) (?:to-?do |to do |task )?(?:list|{_THING})|as (?:a |an )?(?:new )?{_THING})"
    r"(?:,? please)?$",
    re.IGNORECASE,
)
_PRIORITY = re.compile(
    r"[\s,(]*\b(?:(?:with|as|at|of)\s+)?(?:a\s+)?(?P<a>high|medium|normal|low)(?:est)?[ -]priority\b\)?"
    r"|[\s,(]*\b(?:with )?priority\s*(?:to|of|is|=|:)?\s*(?P<b>high|medium|normal|low)\b\)?",
    re.IGNORECASE,
)
_DAY = r"today|tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d{4}-\d{2}-\d{2}"
_DUE = re.compile(rf"[\s,(]*\b(?:(?:due|by|on|for|until)\s+)*(?:next )?(?P<day>{_DAY})\b\)?", re.IGNORECASE)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_STARTERS = frozenset(
    re.findall(
        r"\w+",
        "answer apply arrange ask bake book borrow bring brush buy call cancel change charge check clean close collect "
        "complete cook cut deliver deposit design do download draft draw drink drive drop eat email exercise feed fetch file "
        "fill find finish fix fold get give go hang help hire hoover install invite iron join learn leave listen look mail "
        "make meditate meet message mop mow move order organise organize pack paint park pay phone pick plan plant play "
        "practice practise prepare print publish put read refill register renew repair replace reply report request research "
        "return review ring run save schedule sell send set ship shop sign start stop study submit sweep take talk teach tell "
        "test text tidy train translate try update upgrade upload vacuum visit wait walk wash watch water wipe work wrap write",
    )
)
_PRONOUN = re.compile(r"^(?:it|that|this|them|these|those|both|that one|this one|the task|the one)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    titles: tuple[str, ...]
    priority: str | None = None
    due_date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    status: Literal["all", "pending", "completed"] = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something to do to tasks that exist: `reference` is how the user called them."""

    tool: Literal["complete_task", "delete_task", "update_task"]
    reference: str
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return self.tool == "update_task" and not self.changes

    @property
    def is_pronoun(self) -> bool:
        return _PRONOUN.match(self.reference.strip()) is not None


@dataclass(frozen=True, slots=True)
class Greeting: ...


@dataclass(frozen=True, slots=True)
class Thanks: ...


@dataclass(frozen=True, slots=True)
class Other: ...


Request = Add | Listing | Change | Greeting | Thanks | Other


def understand(text: str, today: date | None = None) -> Request:
    text = re.sub(r"\s+", " ", text).strip().replace("’", "'")
    if _GREETING.match(text):
        return Greeting()
    if _THANKS.match(text):
        return Thanks()
    said = _POLITE.sub("", text).rstrip(" .!?")
    said = re.sub(r",? (?:please|for me|thanks|thank you)$", "", said, flags=re.IGNORECASE)
    if not said or re.match(r"^(?:help|what can you do|who are you)\b", said, re.IGNORECASE):
        return Other()
    return _change(said, today) or _listing(said) or _added(said, today) or Other()


def _change(said: str, today: date | None) -> Change | None:
    if match := _DELETE.match(said):
        return Change(tool="delete_task", reference=_without_list(match["ref"]))
    for pattern in _REOPEN:
        if match := pattern.match(said):
            return Change(tool="complete_task", reference=match["ref"], changes={"completed": False})
    if _is_question(said):
        return None
    for pattern in _PRIORITY_CHANGE:
        if match := pattern.match(said):
            return _update(match["ref"], priority=_priority(match["priority"]))
    for pattern in _COMPLETE:
        if (match := pattern.match(said)) and not _ADD_ONLY.match(said):
            return Change(tool="complete_task", reference=match["ref"])
    for pattern in _RENAME:
        if match := pattern.match(said):
            return _update(match["ref"], title=_title(match["title"]))
    for pattern in _DUE_CHANGE:
        if (match := pattern.match(said)) and (due := _due_date(match["due"], today)):
            return _update(match["ref"], due_date=due)
    if match := _CHANGE.match(said):
        return _update(match["ref"], title=_title(match["title"]))
    if match := _BARE_CHANGE.match(said):
        return _update(match["ref"])
    return None


_ADD_ONLY = re.compile(r"^(?:add|create|remember|remind|i need|i have to|i must|i should)\b", re.IGNORECASE)


def _is_question(said: str) -> bool:
    return re.match(r"^(?:what|which|how many|do i|have i|are there|is there|any)\b", said, re.IGNORECASE) is not None


def _update(reference: str, **changes: str) -> Change:
    return Change(tool="update_task", reference=reference, changes=changes)


def _listing(said: str) -> Listing | None:
    if not _LIST.match(said) or _ADD_ONLY.match(said):
        return None
    if re.match(r"^(?:tell|give|show|read|get|see)\b", said, re.IGNORECASE) and not re.search(
        rf"\b(?:list|{_THING}|everything|all|them|to do)\b", said, re.IGNORECASE
    ):
        return None
    if _STATUS_PENDING.search(said):
        return Listing(status="pending")
    if _STATUS_COMPLETED.search(said):
        return Listing(status="completed")
    return Listing()


def _added(said: str, today: date | None) -> Add | None:
    match = _ADD.match(said)
    if match is None:
        return None
    rest = match["rest"].strip()
    named = re.search(r"[\"“'](?P<title>[^\"”]+)[\"”']\s*$", rest)
    rest, priority = _taken(_PRIORITY, rest)
    due_date = None
    if (day := _DUE.search(rest)) and (due_date := _due_date(day["day"], today)):
        rest = rest[: day.start()] + rest[day.end() :]
    rest = _ADD_TAIL.sub("", rest.strip())
    rest = _ADD_HEAD.sub("", rest, count=1).strip()
    titles = [named["title"]] if named and named["title"] in rest else _several(_ADD_TAIL.sub("", rest))
    cleaned = tuple(title for part in titles if (title := _title(part)))
    return Add(titles=cleaned, priority=priority, due_date=due_date)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str | None]:
    match = pattern.search(text)
    if match is None:
        return text, None
    return text[: match.start()] + text[match.end() :], _priority(match["a"] or match["b"])


def _priority(word: str) -> str:
    return {"normal": "medium", "urgent": "high"}.get(word.lower(), word.lower())


def _several(text: str) -> list[str]:
    """“buy milk and call mom” is two tasks, “buy milk and eggs” is one, “milk, eggs and bread” is three."""
    parts = [part for part in re.split(r"\s*[;,]\s*(?:and |then )?|\s+and then\s+", text) if part]
    has_commas = len(parts) > 1
    titles: list[str] = []
    for number, part in enumerate(parts):
        pieces = re.split(r"\s+and\s+(?:to\s+)?", part)
        is_last = number == len(parts) - 1
        joined = pieces[0]
        for piece in pieces[1:]:
            if piece.split(" ", 1)[0].lower() in _STARTERS or (has_commas and is_last):
                titles.append(joined)
                joined = piece
            else:
                joined = f"{joined} and {piece}"
        titles.append(joined)
    return titles


def _title(text: str) -> str:
    text = text.strip().strip("\"“”'").strip(" .,:;")
    return text[:1].upper() + text[1:]


def _due_date(text: str, today: date | None) -> str | None:
    word = text.strip().lower().removeprefix("next ")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
        try:
            return date.fromisoformat(word).isoformat()
        except ValueError:
            return None
    if today is None:
        return None
    if word == "today":
        return today.isoformat()
    if word == "tomorrow":
        return (today + timedelta(days=1)).isoformat()
    if word in _WEEKDAYS:
        return (today + timedelta(days=(_WEEKDAYS.index(word) - today.weekday() - 1) % 7 + 1)).isoformat()
    return None


def _without_list(reference: str) -> str:
    return re.sub(r"\s+(?:from|off|in|on) (?:my|the) (?:to-?do |task )?list$", "", reference, flags=re.IGNORECASE)
