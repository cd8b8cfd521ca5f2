"""Every way to a model, against the same provider."""

import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from support.model_runs import Path
from support.model_server import ModelServer

from chatkit_host.agent.models.litellm import imported_litellm
from chatkit_host.agent.models.routing import ModelOptions, Models

PATHS = ("chat", "responses", "gemini-compatible", "litellm-openai", "litellm-gemini")


# LiteLLM imports most of itself during its first calls, and its modules warn of things that are theirs to fix.
_LITELLM_WARNS = (
    "ignore:Items? .* on TypedDict class:UserWarning",
    "ignore:Pydantic serializer warnings:UserWarning",
    "ignore:Accessing the .* attribute on the instance is deprecated:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "models":
            for warning in _LITELLM_WARNS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _litellm() -> None:
    """Imported once, before any test's time limit runs; its dependencies warn of things that are theirs to fix."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imported_litellm()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def running_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def server(running_server: ModelServer) -> ModelServer:
    running_server.requests.clear()
    running_server.disconnects.clear()
    running_server.token_seconds = 0.0
    return running_server


def options_for(path: str, server: ModelServer, model: str) -> ModelOptions:
    options = ModelOptions(
        name=model,
        api_key="sk-test",
        first_token_seconds=2,
        idle_seconds=0.5,
        retry_seconds=0.01,
        offline_word_seconds=0,
    )
    match path:
        case "chat":
            return replace(options, base_url=server.base_url)
        case "responses":
            return replace(options, name=f"responses/{model}", base_url=server.base_url)
        case "gemini-compatible":
            return replace(options, name=f"gemini/{model}", gemini_url=server.gemini_url, google_api_key="g-test")
        case "litellm-openai":
            return replace(options, name=f"litellm/openai/{model}", base_url=server.base_url)
        case "litellm-gemini":
            return replace(options, name=f"litellm/gemini/{model}", base_url=f"{server.url}/v1beta")
        case _:
            raise ValueError(path)


@pytest.fixture(params=PATHS)
async def path(request: pytest.FixtureRequest, server: ModelServer) -> AsyncIterator[Path]:
    opened: list[Models] = []

    def models(model: str, **changes: float) -> Models:
        opened.append(Models(replace(options_for(request.param, server, model), **changes)))
        return opened[-1]

    yield Path(name=request.param, models=models)
    for one in opened:
        await one.close()
    if request.param.startswith("litellm"):
        _forget_connections()


def _forget_connections() -> None:
    """LiteLLM lets some connections go to the garbage collector; it shall not find them in somebody else's test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
