"""Which client a name leads to, and what is said when something is missing."""

import pytest

from chatkit_host.agent.models.chat_completions import ChatCompletionsModel
from chatkit_host.agent.models.litellm import LiteLLMModel
from chatkit_host.agent.models.offline import OfflineModel
from chatkit_host.agent.models.responses import ResponsesModel
from chatkit_host.agent.models.routing import ModelOptions, Models
from chatkit_host.errors import ModelNotFound

KEYS = {"openai_api_key": "sk-o", "google_api_key": "g"}
HERE = {"base_url": "http://127.0.0.1:8000/v1"}


@pytest.mark.parametrize(
    ("name", "options", "kind", "sent_name", "url"),
    [
        ("offline", {}, OfflineModel, "offline", None),
        ("offline", HERE, OfflineModel, "offline", None),
        ("openai/gpt-5.1", KEYS, ResponsesModel, "gpt-5.1", "https://api.openai.com/v1"),
        ("gpt-5.1", KEYS, ResponsesModel, "gpt-5.1", "https://api.openai.com/v1"),
        (
            "gemini/gemini-3-pro",
            KEYS,
            ChatCompletionsModel,
            "gemini-3-pro",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        ("ollama/llama3.2", {}, ChatCompletionsModel, "llama3.2", "http://127.0.0.1:11434/v1"),
        ("openai/gpt-oss-120b", HERE, ChatCompletionsModel, "openai/gpt-oss-120b", HERE["base_url"]),
        ("qwen", HERE, ChatCompletionsModel, "qwen", HERE["base_url"]),
        ("responses/qwen", HERE, ResponsesModel, "qwen", HERE["base_url"]),
        ("litellm/anthropic/claude", HERE, LiteLLMModel, "anthropic/claude", HERE["base_url"]),
        ("anthropic/claude", {}, LiteLLMModel, "anthropic/claude", None),
    ],
)
def test_a_name_leads_to_a_model(
    name: str, options: dict[str, str], kind: type, sent_name: str, url: str | None
) -> None:
    model = Models(ModelOptions(**options)).unguarded(name)  # pyright: ignore[reportArgumentType] - all of them texts
    assert type(model) is kind
    assert model.name == sent_name
    assert getattr(model, "_base_url", None) == url


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("openai/gpt-5.1", "The model openai/gpt-5.1 needs OPENAI_API_KEY."),
        ("gemini/gemini-3-pro", "The model gemini/gemini-3-pro needs GOOGLE_API_KEY."),
        ("gpt-5.1", "The model gpt-5.1 needs OPENAI_API_KEY, or the base URL of the endpoint that serves it."),
    ],
)
def test_what_is_missing_is_told_to_the_operator_alone(
    name: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    models = Models(ModelOptions(name=name))
    assert models.check() == [problem]
    with pytest.raises(ModelNotFound) as raised:
        models.get_model(None)
    assert "KEY" not in raised.value.message
    assert problem in caplog.text


def test_without_litellm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (problem,) = Models(ModelOptions()).check("anthropic/claude")
    assert "pip install 'chatkit-host[litellm]'" in problem


def test_keys_are_not_shown() -> None:
    options = ModelOptions(name="x", api_key="sk-1", openai_api_key="sk-2", google_api_key="sk-3")
    assert "sk-" not in repr(options)


def test_a_model_is_made_once() -> None:
    models = Models(ModelOptions())
    assert models.get_model(None) is models.get_model("offline")
