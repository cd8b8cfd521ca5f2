"""Finds the tasks that a phrase means: “it”, “the second one”, “both”, “the milk task”, “all completed tasks”."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatkit_host.agent.models.offline_history import History, ShownTask
from chatkit_host.agent.models.offline_request import Change, understand

_ONE = re.compile(r"^(?:it|that|this|that one|this one|the one|that task|this task|the task|that item)$")
_MANY = re.compile(
    r"^(?:them|these|those|both|both of them|all of them|them all|these tasks|those tasks|both tasks|all of those)$"
)
_EVERYTHING = re.compile(
    r"^(?:(?:all|every|everything)(?: (?:of )?(?:my|the))?(?P<status> (?:completed|finished|done|pending|open))?"
    r"(?: (?:tasks?|to-?dos?|items?|ones))?|(?:my|the) (?:whole |entire )?list|(?:the |my )?(?P<only>completed|finished|done|pending|open)"
    r" (?:tasks|to-?dos|items|ones))(?: (?:from|on|in) (?:my|the) list)?$"
)
_ID = re.compile(r"\btask_[0-9a-f]{16,}\b")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINAL = re.compile(
    rf"^(?:the )?(?P<word>{'|'.join(_ORDINALS)}|last|\d+(?:st|nd|rd|th))(?: (?:one|task|to-?do|item|entry))?(?: (?:on|in|of) .*)?$"
)
_NUMBERED = re.compile(
    rf"^(?:the )?(?:task|to-?do|item|number|no\.?|#|entry)? ?(?:number |no\.? ?|#)?(?P<number>\d+|{'|'.join(_NUMBER_WORDS)})$"
)
_FILLER = frozenset(
    re.findall(
        r"\w+",
        "the a an my our your that this those these task tasks todo todos item items one ones thing entry called named titled "
        "to of about with for off list from please on in",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    tasks: tuple[ShownTask, ...] = ()
    is_clear: bool = True
    needs_list: bool = False


_SEE_THE_LIST = Meant(needs_list=True)


def resolve(request: Change, history: History) -> Meant:
    phrase = _plain(request.reference)
    if found := _ID.findall(phrase):
        return Meant(tasks=tuple(ShownTask(id=task_id, title=task_id) for task_id in found))
    if _ONE.match(phrase):
        return Meant(tasks=_before_now(history), is_clear=len(_before_now(history)) <= 1)
    if _MANY.match(phrase):
        return Meant(tasks=_before_now(history))
    shown = _shown(history)
    if (position := _position(phrase)) is not None:
        if not shown:
            return Meant() if history.has_listed_now else _SEE_THE_LIST
        return Meant(tasks=(shown[position],)) if -len(shown) <= position < len(shown) else Meant()
    if not history.has_listed_now:
        return _SEE_THE_LIST
    if every := _EVERYTHING.match(phrase):
        return Meant(tasks=_of_status(history.listed, (every["status"] or every["only"] or "").strip(), request))
    return _named(phrase, history.listed, request)


def _before_now(history: History) -> tuple[ShownTask, ...]:
    return history.mentioned


def _shown(history: History) -> tuple[ShownTask, ...]:
    """What the user counts in: the candidates of our question, or else the list, or else what was just added."""
    if history.was_asked_which:
        earlier = understand(history.previous_request)
        if isinstance(earlier, Change):
            phrase = _plain(earlier.reference)
            candidates = history.mentioned if _ONE.match(phrase) else _named(phrase, history.listed, earlier).tasks
            if candidates:
                return candidates
    return history.listed or history.mentioned


def _position(phrase: str) -> int | None:
    if match := _ORDINAL.match(phrase):
        word = match["word"]
        if word == "last":
            return -1
        return _ORDINALS.index(word) if word in _ORDINALS else int(re.sub(r"\D", "", word)) - 1
    if match := _NUMBERED.match(phrase):
        number = match["number"]
        value = _NUMBER_WORDS.index(number) + 1 if number in _NUMBER_WORDS else int(number)
        return value - 1 if value else 10**6
    return None


def _of_status(tasks: Sequence[ShownTask], status: str, request: Change) -> tuple[ShownTask, ...]:
    if status in ("completed", "finished", "done"):
        return tuple(task for task in tasks if task.completed)
    if status in ("pending", "open"):
        return tuple(task for task in tasks if not task.completed)
    return tuple(task for task in tasks if not _is_already_so(task, request))


def _named(phrase: str, tasks: Sequence[ShownTask], request: Change) -> Meant:
    exact = tuple(task for task in tasks if _plain(task.title) == phrase)
    if len(exact) == 1:
        return Meant(tasks=exact)
    wanted = [word for word in _words(phrase) if word not in _FILLER]
    if not wanted:
        return Meant()
    found = exact or tuple(task for task in tasks if _has_all(wanted, _words(task.title)))
    if len(found) > 1 and (open_ones := tuple(task for task in found if not _is_already_so(task, request))):
        found = open_ones
    return Meant(tasks=found, is_clear=len(found) <= 1)


def _is_already_so(task: ShownTask, request: Change) -> bool:
    return request.tool == "complete_task" and task.completed is request.changes.get("completed", True)


def _has_all(wanted: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(_alike(word, other) for other in words) for word in wanted)


def _alike(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return word == other or (len(short) >= 4 and long.startswith(short)) or _stem(word) == _stem(other)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower().replace("’", "'")).strip(' .,!?"“”')
