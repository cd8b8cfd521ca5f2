"""The conversation as the model gets it: what the user said, and what the model itself said, called and was told."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from chatkit.types import (
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    SDKHiddenContextItem,
    StructuredInputItem,
    ThreadItem,
    UserMessageItem,
    UserMessageTextContent,
    WidgetItem,
)

from chatkit_host.engine.ports import ModelItem, PastTurn, Words

_CHARACTERS_PER_TOKEN = 4
_TOOL_RESULT_CHARACTERS = 8_000
"""Of an earlier turn's tool result, this much is told again."""
_INTERRUPTED = "Interrupted: it is not known whether this had its effect. Check before doing it again."
_INTERNAL = (HiddenContextItem, SDKHiddenContextItem)


def model_input(past: Sequence[PastTurn], current: UserMessageItem | None, *, tokens: int) -> list[ModelItem]:
    """The conversation so far and the message to answer, once, in at most about `tokens` tokens.

    Whole turns are left out oldest first, so a tool call never loses its result; the newest turn always stays.
    """
    outputs = {
        item.call_id: item.output
        for turn in past
        for item in turn.items
        if isinstance(item, ClientToolCallItem) and item.status == "completed"
    }
    asking = None if current is None else next((turn for turn in reversed(past) if _has(turn, current)), None)
    turns: list[list[ModelItem]] = []
    for turn in _from_a_question(past):
        # What the turn of the current message has said before is what a retry replaces.
        told = _turn(turn, outputs) if current is None or turn is not asking else [user_message(current)]
        if told:
            turns.append(told)
    if current is not None and asking is None:
        turns.append([user_message(current)])
    kept: list[list[ModelItem]] = []
    room = tokens * _CHARACTERS_PER_TOKEN
    for told in reversed(turns):
        room -= sum([_size(item) for item in told])
        if kept and room < 0:
            break
        kept.append(told)
    return [item for told in reversed(kept) for item in told]


def user_message(message: UserMessageItem) -> ModelItem:
    """Text with tags in place; quoted text before it; what a tag or an attachment stands for after it, marked as data."""
    match message.content:
        case [UserMessageTextContent(text=text)] if not (message.quoted_text or message.attachments):
            return {"role": "user", "content": text}
        case _:
            pass
    words = [part.text if isinstance(part, UserMessageTextContent) else f"@{part.text}" for part in message.content]
    sections = ["".join(words)]
    if message.quoted_text:
        sections.insert(
            0, f"The user refers to this passage:\n> {message.quoted_text.replace(chr(10), chr(10) + '> ')}"
        )
    for part in message.content:
        if not isinstance(part, UserMessageTextContent):
            sections.append(f"[@{part.text} is {json.dumps({'id': part.id, **part.data}, default=str)[:2000]}]")
    for attachment in message.attachments:
        sections.append(f"[Attached file: {json.dumps(attachment.name)}, {attachment.mime_type}]")
    return {"role": "user", "content": "\n\n".join(section for section in sections if section)}


def recorded(items: Iterable[Any]) -> list[ModelItem]:
    """Run items of the Agents SDK (as input items) in the form that is stored: no provider's ids, nothing that only one provider
    understands."""
    kept: list[ModelItem] = []
    for item in items:
        match item:
            case {"type": "message" | None, "role": "assistant"} | {"role": "assistant"}:
                text = text_of(item.get("content"))
                if text:
                    kept.append({"role": "assistant", "content": text})
            case {"type": "function_call", "call_id": str(call_id), "name": str(name)}:
                kept.append(
                    {
                        "type": "function_call",
                        "call_id": call_id,
                        "name": name,
                        "arguments": str(item.get("arguments") or "{}"),
                    }
                )
            case {"type": "function_call_output", "call_id": str(call_id)}:
                kept.append({"type": "function_call_output", "call_id": call_id, "output": text_of(item.get("output"))})
            case _:
                pass
    return kept


def _from_a_question(past: Sequence[PastTurn]) -> Sequence[PastTurn]:
    """Without the rest of a turn whose question lies before what was loaded."""
    if len(past) > 1 and past[0].transcript is not None:
        return past if any(map(_is_question, past[0].items)) else past[1:]
    return past


def _has(turn: PastTurn, message: UserMessageItem) -> bool:
    return message.id in [item.id for item in turn.items]


def _is_question(item: ThreadItem | Words) -> bool:
    return item.role == "user" if isinstance(item, Words) else isinstance(item, UserMessageItem)


def _is_answer(item: ThreadItem | Words) -> bool:
    return item.role == "assistant" if isinstance(item, Words) else isinstance(item, AssistantMessageItem)


def _turn(turn: PastTurn, outputs: dict[str, Any]) -> list[ModelItem]:
    _, status, items, transcript = turn
    if transcript is None:
        return _told(items)
    asked = [item for item in items if _is_question(item)]
    told = _told(asked) + _whole_pairs(turn, transcript, outputs)
    if status != "completed":
        told += _said_besides(turn, transcript)
    if len(asked) < len(items):
        told += _told([item for item in items if isinstance(item, _INTERNAL)])
    return told


def _said_besides(turn: PastTurn, transcript: Sequence[ModelItem]) -> list[ModelItem]:
    """What the user was shown of an answer that broke off and the transcript does not have."""
    recorded = [str(entry.get("content")) for entry in transcript if entry.get("role") == "assistant"]
    said = _told(filter(_is_answer, turn.items))
    return [entry for entry in said if entry["content"] not in recorded]


def _whole_pairs(turn: PastTurn, transcript: Sequence[ModelItem], outputs: dict[str, Any]) -> list[ModelItem]:
    """The transcript with each call and its result, under call ids that are unique in the whole conversation.

    A call without a result is left out, unless the turn broke off during it: then it may have had its effect.
    """
    if not any("call_id" in entry for entry in transcript):
        return [{**entry} for entry in transcript]
    answered = {entry["call_id"] for entry in transcript if entry.get("type") == "function_call_output"}
    called = {entry["call_id"] for entry in transcript if entry.get("type") == "function_call"}
    pairs: list[ModelItem] = []
    for entry in transcript:
        match entry:
            case {"type": "function_call", "call_id": call_id}:
                unique = _unique(turn, call_id)
                if call_id in outputs:
                    pairs += [{**entry, "call_id": unique}, _result(unique, outputs[call_id])]
                elif call_id in answered:
                    pairs.append({**entry, "call_id": unique})
                elif turn.status != "completed":
                    pairs += [{**entry, "call_id": unique}, _result(unique, _INTERRUPTED)]
            case {"type": "function_call_output", "call_id": call_id, "output": output}:
                if call_id in called and call_id not in outputs:
                    pairs.append(_result(_unique(turn, call_id), output))
            case _:
                pairs.append({**entry})
    return pairs


def _told(items: Iterable[ThreadItem | Words]) -> list[ModelItem]:
    """Items that no transcript explains: imported, or written by a server of the user's own."""
    told: list[ModelItem] = []
    for item in items:
        if not isinstance(item, Words):
            told += _item(item)
        elif item.text or item.role == "user":
            told.append({"role": item.role, "content": item.text})
    return told


def _item(item: ThreadItem) -> list[ModelItem]:
    match item:
        case UserMessageItem():
            return [user_message(item)]
        case AssistantMessageItem():
            text = "".join(part.text for part in item.content)
            return [{"role": "assistant", "content": text}] if text else []
        case ClientToolCallItem(status="completed"):
            call = {"type": "function_call", "call_id": item.call_id, "name": item.name}
            return [{**call, "arguments": json.dumps(item.arguments)}, _result(item.call_id, item.output)]
        case StructuredInputItem(status="answered" | "skipped"):
            answers = {
                question.question: question.answer.values if question.answer and not question.answer.skipped else None
                for question in item.inputs
            }
            return [{"role": "user", "content": f"[The user filled in a form: {json.dumps(answers)}]"}]
        case WidgetItem():
            shown = item.copy_text or f"a {getattr(item.widget, 'type', 'widget')}"
            return [{"role": "assistant", "content": f"[Shown to the user: {shown[:2000]}]"}]
        case HiddenContextItem() | SDKHiddenContextItem():
            content = item.content if isinstance(item.content, str) else json.dumps(item.content, default=str)
            return [{"role": "user", "content": f"[Note by the application, not by the user: {content}]"}]
        case _:
            return []


def _result(call_id: str, output: Any) -> ModelItem:
    text = output if isinstance(output, str) else json.dumps(output, default=str)
    if len(text) > _TOOL_RESULT_CHARACTERS:
        text = text[:_TOOL_RESULT_CHARACTERS] + " … [shortened]"
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def _unique(turn: PastTurn, call_id: str) -> str:
    """Some models count their calls from zero in every answer; the SDK drops what looks like a repetition."""
    return "call_" + hashlib.sha256(f"{turn.turn_id}/{call_id}".encode()).hexdigest()[:24]


def text_of(content: Any) -> str:
    """The words in what a message holds or a tool returned: text, parts with text, or else its JSON."""
    match content:
        case str():
            return content
        case list():
            return "".join(text_of(part) for part in content)
        case {"text": str(text)} | {"refusal": str(text)}:
            return text
        case None:
            return ""
        case _:
            return json.dumps(content, default=str)


def _size(item: ModelItem) -> int:
    size = 16
    for value in item.values():
        if isinstance(value, str):
            size += len(value)
    return size
