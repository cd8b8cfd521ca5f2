"""What the offline demo says and does: a pure function from a conversation to a reply or tool calls. No model, no clock, no chance.

One request takes up to three steps. First it may have to see the list; then it acts on the tasks that were meant; then it
tells what came of it. Which step is next follows from the tool results since the user last spoke.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from chatkit_host.agent.models.offline_history import History, ShownTask, read_history
from chatkit_host.agent.models.offline_reference import Meant, resolve
from chatkit_host.agent.models.offline_request import Add, Change, Greeting, Listing, Other, Thanks, understand

NOTICE = (
    "I am the offline demo of this server, not a language model: I only understand simple sentences about your tasks. "
    "Try “add buy milk and call mom”, “what is on my list?”, “mark the first one done”, “rename buy milk to buy oat milk” "
    "or “delete the milk task”. To talk to a real model, set CHATKIT_HOST_MODEL (for example to `openai/gpt-5.1` or "
    "`ollama/llama3.2`) and restart the server."
)
GREETING = (
    "Hello! I am the offline demo assistant, not a language model, and I look after your tasks. "
    "You can ask me to add, list, complete, rename or delete them."
)
THANKS = "You're welcome!"
_NO_TOOL = "I cannot do that here: this agent has no tool for it."
_ASK = "Which one do you mean?"

_VERBS = {"complete_task": "complete", "delete_task": "delete", "update_task": "change"}


@dataclass(frozen=True, slots=True)
class Reply:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCalls:
    calls: tuple[ToolCall, ...]


def decide(
    messages: Sequence[Mapping[str, Any]], tool_names: Collection[str], today: date | None = None
) -> Reply | ToolCalls:
    """`messages` are chat completion messages (`role`, `content`, `tool_calls`, `tool_call_id`); `today` anchors “tomorrow”."""
    history = read_history(messages)
    request = understand(history.request, today)
    if history.was_asked_which and isinstance(request, Other):
        earlier = understand(history.previous_request, today)
        if isinstance(earlier, Change):
            request = replace(earlier, reference=history.request)
    match request:
        case Add():
            return _add(request, history, tool_names)
        case Listing():
            return _list(request, history, tool_names)
        case Change():
            return _change(request, history, tool_names)
        case Greeting():
            return Reply(GREETING)
        case Thanks():
            return Reply(THANKS)
        case Other():
            return Reply(NOTICE)


def _add(request: Add, history: History, tool_names: Collection[str]) -> Reply | ToolCalls:
    if history.results:
        return _report(history)
    if "add_task" not in tool_names:
        return Reply(_NO_TOOL)
    if not request.titles:
        return Reply("What should the task say? Try “add buy milk”.")
    extras = _given(priority=request.priority, due_date=request.due_date)
    return ToolCalls(tuple(ToolCall("add_task", {"title": title, **extras}) for title in request.titles))


def _list(request: Listing, history: History, tool_names: Collection[str]) -> Reply | ToolCalls:
    if not history.results:
        if "list_tasks" not in tool_names:
            return Reply(_NO_TOOL)
        return ToolCalls((ToolCall("list_tasks", {"status": request.status}),))
    if errors := _errors(history):
        return Reply(errors)
    tasks = history.listed
    kind = "" if request.status == "all" else f"{request.status} "
    if not tasks:
        return Reply(f"You have no {kind}tasks.")
    noun = "task" if len(tasks) == 1 else "tasks"
    return Reply(f"You have {len(tasks)} {kind}{noun}:\n\n{_numbered(tasks)}")


def _change(request: Change, history: History, tool_names: Collection[str]) -> Reply | ToolCalls:
    if any(result.name != "list_tasks" for result in history.results):
        return _report(history)
    if request.tool not in tool_names:
        return Reply(_NO_TOOL)
    if request.is_empty:
        return Reply("What should I change about it? Try “rename buy milk to buy oat milk”.")
    if errors := _errors(history):
        return Reply(errors)
    meant = resolve(request, history)
    match meant:
        case Meant(needs_list=True):
            if "list_tasks" not in tool_names:
                return Reply(_NO_TOOL)
            return ToolCalls((ToolCall("list_tasks", {"status": "all"}),))
        case Meant(tasks=()):
            return Reply(_nothing(request, history))
        case Meant(is_clear=False):
            verb = "reopen" if request.changes.get("completed") is False else _VERBS[request.tool]
            return Reply(f"{_ASK} I found {len(meant.tasks)} to {verb}:\n\n{_numbered(meant.tasks)}")
        case Meant(tasks=tasks):
            return ToolCalls(tuple(ToolCall(request.tool, {"task_id": task.id, **request.changes}) for task in tasks))


def _nothing(request: Change, history: History) -> str:
    if not history.listed and history.has_listed_now:
        return "Your list is empty."
    if request.is_pronoun:
        return "I am not sure which task you mean. Say its name, or ask me to list your tasks first."
    return "I could not find that task on your list."


def _report(history: History) -> Reply:
    """What the tools did, as they told it."""
    if errors := _errors(history):
        return Reply(errors)
    done: dict[str, list[str]] = {}
    for result in history.results:
        if result.name != "list_tasks":
            for task in result.tasks:
                done.setdefault(result.status or result.name, []).append(f"“{task.title}”")
    words = {
        "created": "I added {} to your list.",
        "completed": "Done: I marked {} as completed.",
        "reopened": "I marked {} as not completed.",
        "pending": "I marked {} as not completed.",
        "deleted": "I deleted {}.",
        "updated": "I updated {}.",
    }
    sentences = [words.get(status, "Done: {}.").format(_joined(titles)) for status, titles in done.items()]
    return Reply(" ".join(sentences) or "Done.")


def _errors(history: History) -> str:
    messages = list(dict.fromkeys(result.error for result in history.results if result.error))
    return f"That did not work: {' '.join(messages)}" if messages else ""


def _numbered(tasks: Sequence[ShownTask]) -> str:
    return "\n".join(f"{number}. {_line(task)}" for number, task in enumerate(tasks, start=1))


def _line(task: ShownTask) -> str:
    remarks: list[str] = []
    if task.completed:
        remarks.append("done")
    if task.priority in ("high", "low"):
        remarks.append(f"{task.priority} priority")
    if task.due_date:
        remarks.append(f"due {task.due_date}")
    return f"{task.title} ({', '.join(remarks)})" if remarks else task.title


def _joined(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
