"""Folds the chunks of a chat completion into what was said, what is to be called, and how it ended.

Plain dicts in, plain data out. Servers that call themselves compatible agree on little beyond `choices[0].delta.content`; the
dialects handled here are named where they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from chatkit_host.agent.failures import from_payload
from chatkit_host.agent.models.tool_calls import ToolCalls
from chatkit_host.errors import ContentRefused, ModelIncomplete, ModelOutputInvalid, TurnFailed
from chatkit_host.text import SafeDeltas

Channel = Literal["text", "reasoning", "refusal"]
Said = tuple[Channel, str]

LENGTH_LIMIT = "The answer reached its length limit."

_FILTERED = ("content_filter", "safety", "recitation", "prohibited", "blocklist", "spii", "sensitive")


class ChatFold:
    """Feed it chunks in order, then ask `failure` whether they amount to an answer."""

    def __init__(self, used_call_ids: Iterable[str] = ()) -> None:
        self.finish_reason: str | None = None
        self.is_over = False
        """A chunk was no chunk: nothing after it is to be read."""
        self.usage: Mapping[str, Any] | None = None
        self.reasoning_field: Literal["reasoning_content", "reasoning", "reasoning_details"] | None = None
        self.thinking_blocks: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self._calls = ToolCalls(used_call_ids)
        self._safe: defaultdict[Channel, SafeDeltas] = defaultdict(SafeDeltas)
        self._has_spoken = False
        self._broken: TurnFailed | None = None

    def read(self, chunks: Iterable[Mapping[str, Any] | str]) -> list[Said]:
        """What these chunks say, in order, with neighbours on the same channel joined. A string is text and nothing else."""
        channel: Channel | None = None
        pieces: list[str] = []
        said: list[Said] = []
        try:
            for chunk in chunks:
                for heard, delta in self._text(chunk) if isinstance(chunk, str) else self._chunk(chunk):
                    if heard != channel:
                        self._join(said, channel, pieces)
                        channel, pieces = heard, []
                    pieces.append(delta)
        except TurnFailed as failure:
            # What was said before it in the same read is still heard, and after the terminal reason it means nothing.
            self.is_over = True
            self._broken = None if self.finish_reason else failure
        self._join(said, channel, pieces)
        return said

    def more_text(self, text: str) -> str:
        """The same as `read`, of text alone: what of it is said."""
        self._text(text)
        return self._safe["text"].feed(text)

    def finish(self) -> list[Said]:
        """What was held back while half of a surrogate pair was awaited."""
        said: list[Said] = []
        for channel, safe in self._safe.items():
            if rest := safe.finish():
                said.append((channel, rest))
        return said

    def failure(self) -> TurnFailed | None:
        """Why this is not a finished answer. Only without one may its tool calls run."""
        if self._broken is not None:
            return self._broken
        reason = (self.finish_reason or "").lower()
        if not reason or reason in ("error", "abort", "aborted", "cancelled", "unknown"):
            return ModelIncomplete()
        if "length" in reason or "max_tokens" in reason:
            return ModelIncomplete(LENGTH_LIMIT)
        if any(word in reason for word in _FILTERED):
            return ContentRefused()
        if "malformed" in reason:
            return ModelOutputInvalid()
        if not self._has_spoken and not self._calls:
            return ModelIncomplete()
        return None

    def tool_calls(self) -> list[dict[str, Any]]:
        """`{"call_id", "name", "arguments", "thought_signature"?}` in the order of their first fragment."""
        return self._calls.finish()

    def _join(self, said: list[Said], channel: Channel | None, pieces: list[str]) -> None:
        if channel is not None and (text := self._safe[channel].feed("".join(pieces))):
            said.append((channel, text))

    def _chunk(self, chunk: Mapping[str, Any]) -> list[Said]:
        if chunk.get("error") or chunk.get("object") == "error" or chunk.get("type") == "error":
            raise from_payload(chunk)
        if usage := chunk.get("usage"):
            self.usage = usage
        choices = chunk.get("choices")
        if not choices:
            return []
        try:
            choice = next((choice for choice in choices if not choice.get("index")), None)
            if choice is None:
                return []
            if choice.get("finish_reason"):
                self.finish_reason = str(choice["finish_reason"])
            # A server that does not stream answers with the whole `message` instead.
            delta = choice.get("delta") or choice.get("message")
            return self._delta(delta) if delta else []
        except (AttributeError, TypeError):
            raise ModelOutputInvalid from None

    def _delta(self, delta: Mapping[str, Any]) -> list[Said]:
        said: list[Said] = []
        if thought := self._thought(delta):
            said.append(("reasoning", thought))
        if content := delta.get("content"):
            text = content if isinstance(content, str) else _text_of_parts(content)
            if _is_gemini_thought(delta):
                said.append(("reasoning", text.replace("<thought>", "").replace("</thought>", "")))
            else:
                said += self._text(text)
        if refusal := delta.get("refusal"):
            self._has_spoken = True
            said.append(("refusal", refusal))
        if fragments := delta.get("tool_calls"):
            for fragment in fragments:
                self._calls.add(fragment)
        if annotations := delta.get("annotations"):
            self.annotations.extend(_flat_annotation(annotation) for annotation in annotations)
        return said

    def _text(self, text: str) -> Sequence[Said]:
        self._has_spoken = self._has_spoken or bool(text and not text.isspace())
        return (("text", text),) if text else ()

    def _thought(self, delta: Mapping[str, Any]) -> str:
        if blocks := delta.get("thinking_blocks"):
            self._think_in_blocks(blocks)
        # DeepSeek and older vLLM; then OpenRouter, Ollama and newer vLLM. Some send both with the same text.
        for field in ("reasoning_content", "reasoning"):
            if isinstance(thought := delta.get(field), str) and thought:
                self.reasoning_field = self.reasoning_field or field
                return thought
        if details := delta.get("reasoning_details"):
            self.reasoning_field = self.reasoning_field or "reasoning_details"
            return "".join(detail.get("text") or detail.get("summary") or "" for detail in details)
        return ""

    def _think_in_blocks(self, blocks: Iterable[Mapping[str, Any]]) -> None:
        """LiteLLM's form of Anthropic's signed thoughts, which must be sent back as they came."""
        for fragment in blocks:
            last = self.thinking_blocks[-1] if self.thinking_blocks else None
            joins = last is not None and last.get("type") == fragment.get("type") == "thinking"
            if last is None or not joins or last.get("signature"):
                self.thinking_blocks.append(dict(fragment))
                continue
            last["thinking"] = (last.get("thinking") or "") + (fragment.get("thinking") or "")
            if signature := fragment.get("signature"):
                last["signature"] = signature


def _text_of_parts(parts: Iterable[Any]) -> str:
    """Mistral and a few gateways send content as a list of parts."""
    return "".join(
        part if isinstance(part, str) else part.get("text") or "" for part in parts if isinstance(part, (str, Mapping))
    )


def _is_gemini_thought(delta: Mapping[str, Any]) -> bool:
    extra = delta.get("extra_content")
    return bool(extra and (extra.get("google") or {}).get("thought"))


def _flat_annotation(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Chat completions nest what the Responses API has flat: `{"type": "url_citation", "url_citation": {"url", ...}}`."""
    kind = annotation.get("type")
    inner = annotation.get(kind) if isinstance(kind, str) else None
    return {"type": kind, **inner} if isinstance(inner, Mapping) else dict(annotation)
