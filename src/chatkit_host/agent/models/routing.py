"""Which model a name means.

| name                        | without `base_url`                   | with `base_url`             |
|-----------------------------|--------------------------------------|-----------------------------|
| `offline`                   | the offline demo                     | the offline demo            |
| `litellm/NAME`              | LiteLLM                              | LiteLLM, at that address    |
| `responses/NAME`            | OpenAI's Responses API               | a Responses API there       |
| `openai/NAME`, `NAME`       | OpenAI's Responses API               | chat completions there, the |
| `gemini/NAME`               | Gemini's compatible endpoint         | name as it is               |
| `ollama/NAME`               | Ollama on this machine               |                             |
| `PROVIDER/NAME`             | LiteLLM                              |                             |
"""

import importlib.util
import logging
from dataclasses import dataclass

from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelProvider, ModelTracing

from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.breaker import Breaker
from chatkit_host.agent.models.chat_completions import ChatCompletionsModel
from chatkit_host.agent.models.guarded import GuardedModel
from chatkit_host.agent.models.http import HttpPool
from chatkit_host.agent.models.litellm import LiteLLMModel, close_litellm
from chatkit_host.agent.models.offline import OfflineModel
from chatkit_host.agent.models.responses import ResponsesModel
from chatkit_host.agent.models.spoken import SpokenModel
from chatkit_host.agent.models.watch import Patience
from chatkit_host.errors import ModelNotFound

_logger = logging.getLogger(__name__)

OPENAI_URL = "https://api.openai.com/v1"
GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta/openai"
OLLAMA_URL = "http://127.0.0.1:11434/v1"

LITELLM_EXTRA = "pip install 'chatkit-host[litellm]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """`name` is used where an agent names no model. Times are in seconds."""

    name: str = "offline"
    fallback: str | None = None
    """Asked when a model cannot begin to answer."""
    base_url: str | None = None
    api_key: str | None = None
    openai_api_key: str | None = None
    google_api_key: str | None = None
    openai_url: str = OPENAI_URL
    gemini_url: str = GEMINI_URL
    ollama_url: str = OLLAMA_URL
    first_token_seconds: float = 60
    idle_seconds: float = 30
    connect_seconds: float = 10
    retries: int = 2
    retry_seconds: float = 0.5
    offline_word_seconds: float = 0.02

    def __repr__(self) -> str:
        return f"ModelOptions(name={self.name!r}, base_url={self.base_url!r})"


class Models(ModelProvider):
    """Every model by its name, over one pool of connections."""

    def __init__(self, options: ModelOptions) -> None:
        self._options = options
        self._pool = HttpPool()
        self._models: dict[str, SpokenModel] = {}
        self._unguarded: dict[str, SpokenModel] = {}
        self._breakers: dict[str, Breaker] = {}
        self._patience = Patience(
            first_seconds=options.first_token_seconds,
            idle_seconds=options.idle_seconds,
            connect_seconds=options.connect_seconds,
            retries=options.retries,
            retry_seconds=options.retry_seconds,
        )

    def get_model(self, model_name: str | None) -> SpokenModel:
        name = model_name or self._options.name
        if name not in self._models:
            self._models[name] = self._guarded(name)
        return self._models[name]

    def unguarded(self, name: str) -> SpokenModel:
        """The model itself, without its breaker and without a fallback."""
        if name not in self._unguarded:
            if problems := self.check(name):
                _logger.error("%s", problems[0])
                raise ModelNotFound("The configured model is not set up on this server. Tell the operator.")
            self._unguarded[name] = self._made(name)
        return self._unguarded[name]

    def bound(self, lane: Lane) -> ModelProvider:
        """For one turn: the same models, speaking into its lane."""
        return _BoundModels(self, lane)

    def check(self, name: str | None = None) -> list[str]:
        """What is missing before this model can be called, in words for the operator."""
        options = self._options
        name = name or options.name
        provider, _, rest = name.partition("/")
        if name == "offline":
            return []
        if provider == "litellm":
            return _litellm_problems(name)
        if options.base_url is not None:
            return []
        match provider, rest:
            case "ollama", _ if rest:
                return []
            case "gemini", _ if rest:
                return [] if options.google_api_key else [f"The model {name} needs GOOGLE_API_KEY."]
            case (("openai" | "responses"), _) if rest:
                return [] if options.openai_api_key else [f"The model {name} needs OPENAI_API_KEY."]
            case _, "":
                needed = f"The model {name} needs OPENAI_API_KEY, or the base URL of the endpoint that serves it."
                return [] if options.openai_api_key else [needed]
            case _:
                return _litellm_problems(name)

    async def probe(self, name: str | None = None) -> None:
        """Sends a one-line request; raises `TurnFailed` when the model does not answer it."""
        model = self.get_model(name)
        await model.get_response(
            None, "Say OK.", ModelSettings(), [], None, [], ModelTracing.DISABLED, previous_response_id=None
        )

    async def close(self) -> None:
        await self._pool.close()
        if any(isinstance(model, LiteLLMModel) for model in self._unguarded.values()):
            await close_litellm()

    async def aclose(self) -> None:
        """Called by the Agents SDK after a run it owns the provider of; ours outlives runs, see `close`."""

    def _guarded(self, name: str) -> SpokenModel:
        model, fallback = self.unguarded(name), self._options.fallback
        if name == "offline":
            return model
        breaker = self._breakers.setdefault(self._endpoint(name), Breaker())
        other = self.unguarded(fallback) if fallback is not None and fallback != name else None
        return GuardedModel(model, breaker, other)

    def _endpoint(self, name: str) -> str:
        """What fails together."""
        provider, slash, _ = name.partition("/")
        if self._options.base_url is not None and provider != "litellm":
            return self._options.base_url
        return provider if slash else "openai"

    def _made(self, name: str) -> SpokenModel:
        options = self._options
        provider, _, rest = name.partition("/")
        if name == "offline":
            return OfflineModel(word_seconds=options.offline_word_seconds)
        if provider == "litellm":
            return self._litellm(rest)
        if options.base_url is not None:
            if provider == "responses" and rest:
                return self._responses(rest, options.base_url, options.api_key)
            return self._chat(name, options.base_url, options.api_key)
        match provider, rest:
            case "gemini", _ if rest:
                return self._chat(rest, options.gemini_url, options.google_api_key)
            case "ollama", _ if rest:
                return self._chat(rest, options.ollama_url, None)
            case (("openai" | "responses"), _) if rest:
                return self._responses(rest, options.openai_url, options.openai_api_key)
            case _, "":
                return self._responses(name, options.openai_url, options.openai_api_key)
            case _:
                return self._litellm(name)

    def _chat(self, name: str, base_url: str, api_key: str | None) -> SpokenModel:
        return ChatCompletionsModel(name, base_url=base_url, api_key=api_key, pool=self._pool, patience=self._patience)

    def _responses(self, name: str, base_url: str, api_key: str | None) -> SpokenModel:
        return ResponsesModel(name, base_url=base_url, api_key=api_key, pool=self._pool, patience=self._patience)

    def _litellm(self, name: str) -> SpokenModel:
        options = self._options
        key = options.api_key
        if key is None and options.base_url is None:
            provider = name.partition("/")[0]
            key = {"openai": options.openai_api_key, "gemini": options.google_api_key}.get(provider)
        return LiteLLMModel(name, base_url=options.base_url, api_key=key, patience=self._patience)


class _BoundModels(ModelProvider):
    def __init__(self, models: Models, lane: Lane) -> None:
        self._models = models
        self._lane = lane

    def get_model(self, model_name: str | None) -> Model:
        return self._models.get_model(model_name).bound(self._lane)


def _litellm_problems(name: str) -> list[str]:
    if importlib.util.find_spec("litellm") is not None:
        return []
    return [f"The model {name} is reached through LiteLLM, which is not installed: {LITELLM_EXTRA}"]
