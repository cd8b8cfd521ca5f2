"""A model endpoint that keeps failing is left alone, and another model answers for it."""

import pytest
from support.model_runs import Path, RecordingLane
from support.model_server import Answer as Spoken
from support.model_server import ModelServer

from chatkit_host.agent.models.breaker import FAILURES, PAUSE_SECONDS, Breaker
from chatkit_host.agent.models.routing import ModelOptions, Models
from chatkit_host.agent.models.spoken import SpokenModel
from chatkit_host.errors import ModelError, ModelIncomplete, ModelRefusedCredentials, ModelUnavailable


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def models_at(server: ModelServer, name: str, **options: object) -> Models:
    known = {"base_url": server.base_url, "api_key": "k", "retries": 0, "retry_seconds": 0.0}
    return Models(ModelOptions(name=name, **{**known, **options}))  # type: ignore[arg-type]


async def ask(model: SpokenModel) -> str:
    from agents.model_settings import ModelSettings
    from agents.models.interface import ModelTracing

    lane = RecordingLane()
    bound = model.bound(lane)  # type: ignore[arg-type]
    async for _ in bound.stream_response(None, "say 3 words", ModelSettings(), [], None, [], ModelTracing.DISABLED):
        pass
    return "".join(words for kind, words in lane.calls if kind == "text")


def test_a_breaker_opens_after_five_failures_in_a_row_and_lets_one_try_after_a_pause() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.answered()
    for _ in range(FAILURES):
        assert breaker.lets_through()
        breaker.failed()

    assert not breaker.lets_through()
    clock.now += PAUSE_SECONDS - 0.1
    assert not breaker.lets_through()
    clock.now += 0.2
    assert breaker.lets_through()
    assert not breaker.lets_through(), "one tries for all"
    breaker.failed()
    assert not breaker.lets_through()
    clock.now += PAUSE_SECONDS + 0.1
    assert breaker.lets_through()
    breaker.answered()
    assert breaker.lets_through()


async def test_an_endpoint_that_keeps_failing_is_not_asked_any_more(server: ModelServer) -> None:
    models = models_at(server, "fault-500")
    for _ in range(FAILURES):
        with pytest.raises(ModelUnavailable):
            await ask(models.get_model(None))
    asked = len(server.requests)

    with pytest.raises(ModelUnavailable):
        await ask(models.get_model(None))
    with pytest.raises(ModelUnavailable):
        await ask(models.get_model("demo"))  # at the same endpoint

    assert len(server.requests) == asked == FAILURES
    await models.close()


async def test_refused_credentials_are_no_reason_to_leave_an_endpoint_alone(server: ModelServer) -> None:
    models = models_at(server, "fault-401")
    for _ in range(FAILURES + 1):
        with pytest.raises(ModelRefusedCredentials):
            await ask(models.get_model(None))

    assert len(server.requests) == FAILURES + 1
    await models.close()


@pytest.mark.parametrize(
    "fault", ["fault-500", "fault-429", "fault-401", "fault-404", "fault-reset-first", "fault-html"]
)
async def test_the_fallback_answers_when_the_model_cannot_begin(server: ModelServer, fault: str) -> None:
    models = models_at(server, fault, fallback="demo")

    said = await ask(models.get_model(None))

    assert len(said.split()) == 3
    assert [request.body["model"] for request in server.requests] == [fault, "demo"]
    await models.close()


@pytest.mark.parametrize("fault", ["fault-reset-mid", "fault-truncated"])
async def test_no_answer_begins_in_one_voice_and_ends_in_another(server: ModelServer, fault: str) -> None:
    server.queue(Spoken(text="one two three four five six"))
    models = models_at(server, fault, fallback="demo")

    with pytest.raises(ModelIncomplete):
        await ask(models.get_model(None))

    assert [request.body["model"] for request in server.requests] == [fault]
    await models.close()


async def test_while_an_endpoint_is_left_alone_the_fallback_answers_at_once(server: ModelServer) -> None:
    models = models_at(server, "fault-500", fallback="offline")
    for _ in range(FAILURES + 2):
        assert await ask(models.get_model(None))

    assert len(server.requests) == FAILURES
    await models.close()


async def test_when_the_fallback_fails_too_its_error_is_told(server: ModelServer) -> None:
    models = models_at(server, "fault-500", fallback="fault-401")

    with pytest.raises(ModelError) as raised:
        await ask(models.get_model(None))

    assert isinstance(raised.value, ModelRefusedCredentials)
    await models.close()


async def test_every_path_is_guarded(path: Path) -> None:
    models = path.models("demo")

    assert type(models.get_model(None)).__name__ == "GuardedModel"
    assert len((await ask(models.get_model(None))).split()) == 3
    await models.close()
