"""What a model server sends, in each of its wire formats: frames that speak, then the frames that end the answer."""

import itertools
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.model_server import Answer

_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Frames:
    spoken: list[bytes]
    end: list[bytes]


def words(text: str) -> list[str]:
    """Deltas of about a word; `|` splits inside one and is not sent, so that a surrogate pair can be cut in two."""
    return [piece for word in re.findall(r"\S+\s*|\s+", text) for piece in word.split("|") if piece]


def _sse(payload: dict[str, Any], event: str | None = None) -> bytes:
    # `json` and not orjson: it writes a lone surrogate as its escape, as real servers do.
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload)}\n\n".encode()


def _usage(answer: "Answer") -> tuple[int, int]:
    return 12, len(words(answer.text)) + 5 * len(answer.tool_calls)


def chat_frames(answer: "Answer", model: str, with_usage: bool) -> Frames:
    if answer.raw is not None:
        return Frames(answer.raw, [])
    response_id = f"chatcmpl-provider{next(_ids)}"

    def chunk(delta: dict[str, Any] | None, finish_reason: str | None = None, **more: Any) -> bytes:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
        head = {"id": response_id, "object": "chat.completion.chunk", "created": int(time.time()), "model": model}
        return _sse({**head, "choices": choices, **more})

    spoken = [chunk({"role": "assistant", "content": ""})]
    spoken += [chunk({answer.reasoning_field: piece}) for piece in words(answer.reasoning)]
    spoken += [chunk({"content": piece}) for piece in words(answer.text)]
    spoken += [chunk({"refusal": piece}) for piece in words(answer.refusal)]
    if answer.annotations:
        nested = [
            {"type": a["type"], a["type"]: {k: v for k, v in a.items() if k != "type"}} for a in answer.annotations
        ]
        spoken.append(chunk({"annotations": nested}))
    for index, call in enumerate(answer.tool_calls):
        call_id = call.get("id", f"call_provider{next(_ids)}")
        arguments = call["arguments"] if isinstance(call["arguments"], str) else json.dumps(call["arguments"])
        first = {"index": index, "id": call_id, "type": "function", "function": {"name": call["name"], "arguments": ""}}
        spoken.append(chunk({"tool_calls": [first]}))
        third = max(1, len(arguments) // 3)
        for start in range(0, len(arguments), third):
            piece = {"index": index, "function": {"arguments": arguments[start : start + third]}}
            spoken.append(chunk({"tool_calls": [piece]}))
    end = [chunk({}, answer.finish_reason or ("tool_calls" if answer.tool_calls else "stop"))]
    if with_usage:
        sent, received = _usage(answer)
        usage = {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}
        end.append(chunk(None, usage=usage))
    return Frames(spoken, [*end, b"data: [DONE]\n\n"])


def responses_frames(answer: "Answer", model: str) -> Frames:
    if answer.raw is not None:
        return Frames(answer.raw, [])
    numbers = itertools.count()
    response: dict[str, Any] = {
        "id": f"resp_provider{next(_ids)}",
        "object": "response",
        "created_at": time.time(),
        "status": "in_progress",
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "usage": None,
    }
    spoken: list[bytes] = []
    output: list[dict[str, Any]] = []

    def event(kind: str, into: list[bytes] = spoken, **more: Any) -> None:
        into.append(_sse({"type": kind, "sequence_number": next(numbers), **more}, kind))

    event("response.created", response=response)
    event("response.in_progress", response=response)
    if answer.reasoning:
        item = {"id": f"rs_provider{next(_ids)}", "type": "reasoning", "summary": [], "encrypted_content": None}
        place = {"item_id": item["id"], "output_index": len(output), "summary_index": 0}
        event("response.output_item.added", output_index=len(output), item=item)
        event("response.reasoning_summary_part.added", **place, part={"type": "summary_text", "text": ""})
        for piece in words(answer.reasoning):
            event("response.reasoning_summary_text.delta", **place, delta=piece)
        event("response.reasoning_summary_text.done", **place, text=answer.reasoning)
        done = {
            **item,
            "summary": [{"type": "summary_text", "text": answer.reasoning}],
            "encrypted_content": "encrypted-thought",
        }
        event("response.output_item.done", output_index=len(output), item=done)
        output.append(done)
    if answer.text or answer.refusal:
        item = {"id": f"msg_provider{next(_ids)}", "type": "message", "role": "assistant", "status": "in_progress"}
        place = {"item_id": item["id"], "output_index": len(output), "content_index": 0}
        text = answer.text.replace("|", "")
        part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": answer.annotations}
        if answer.refusal:
            part = {"type": "refusal", "refusal": answer.refusal}
        event("response.output_item.added", output_index=len(output), item={**item, "content": []})
        event("response.content_part.added", **place, part={"type": "output_text", "text": "", "annotations": []})
        for piece in words(answer.text):
            event("response.output_text.delta", **place, delta=piece, logprobs=[])
        for piece in words(answer.refusal):
            event("response.refusal.delta", **place, delta=piece)
        for number, annotation in enumerate(answer.annotations):
            event("response.output_text.annotation.added", **place, annotation_index=number, annotation=annotation)
        if answer.text:
            event("response.output_text.done", **place, text=text, logprobs=[])
        event("response.content_part.done", **place, part=part)
        item = {**item, "status": "completed", "content": [part]}
        event("response.output_item.done", output_index=len(output), item=item)
        output.append(item)
    for call in answer.tool_calls:
        item = {
            "id": f"fc_provider{next(_ids)}",
            "type": "function_call",
            "status": "in_progress",
            "call_id": call.get("id", f"call_provider{next(_ids)}"),
            "name": call["name"],
            "arguments": "",
        }
        arguments = call["arguments"] if isinstance(call["arguments"], str) else json.dumps(call["arguments"])
        place = {"item_id": item["id"], "output_index": len(output)}
        event("response.output_item.added", output_index=len(output), item=item)
        event("response.function_call_arguments.delta", **place, delta=arguments)
        event("response.function_call_arguments.done", **place, arguments=arguments)
        item = {**item, "status": "completed", "arguments": arguments}
        event("response.output_item.done", output_index=len(output), item=item)
        output.append(item)
    sent, received = _usage(answer)
    usage = {
        "input_tokens": sent,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": received,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sent + received,
    }
    status, reason = "completed", None
    if answer.finish_reason in ("length", "content_filter"):
        status = "incomplete"
        reason = {"reason": "max_output_tokens" if answer.finish_reason == "length" else "content_filter"}
    end: list[bytes] = []
    ended = {**response, "status": status, "output": output, "usage": usage, "incomplete_details": reason}
    event(f"response.{status}", end, response=ended)
    return Frames(spoken, end)


def gemini_frames(answer: "Answer", model: str) -> Frames:
    if answer.raw is not None:
        return Frames(answer.raw, [])

    def chunk(parts: list[dict[str, Any]], finish_reason: str | None = None, **more: Any) -> bytes:
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if finish_reason is not None:
            candidate["finishReason"] = finish_reason
        return _sse({"candidates": [candidate], "modelVersion": model, "responseId": "provider", **more})

    spoken = [chunk([{"text": piece, "thought": True}]) for piece in words(answer.reasoning)]
    spoken += [chunk([{"text": piece}]) for piece in words(answer.text)]
    for call in answer.tool_calls:
        part = {"functionCall": {"name": call["name"], "args": call["arguments"]}, "thoughtSignature": "c2lnbmF0dXJl"}
        spoken.append(chunk([part]))
    sent, received = _usage(answer)
    usage = {"promptTokenCount": sent, "candidatesTokenCount": received, "totalTokenCount": sent + received}
    reasons = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}
    reason = reasons.get(answer.finish_reason or "", "STOP")
    return Frames(spoken, [chunk([{"text": ""}], reason, usageMetadata=usage)])
