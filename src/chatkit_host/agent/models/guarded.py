"""A model behind its endpoint's breaker, with another one to ask when it cannot answer."""

import copy
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from chatkit_host.agent.lane import Lane
from chatkit_host.agent.models.breaker import Breaker
from chatkit_host.agent.models.spoken import Answer, ModelRequest, SpokenModel, without_implied
from chatkit_host.errors import ModelError, ModelRateLimited, ModelTimeout, ModelUnavailable

_logger = logging.getLogger(__name__)

_OF_THE_ENDPOINT = (ModelUnavailable, ModelRateLimited, ModelTimeout)
"""What tells that the endpoint is in trouble, not the request."""


class GuardedModel(SpokenModel):
    """Asks the fallback only while the model itself has said nothing: no answer begins in one voice and ends in another."""

    def __init__(self, model: SpokenModel, breaker: Breaker, fallback: SpokenModel | None = None) -> None:
        super().__init__(model.name)
        self._model = model
        self._breaker = breaker
        self._fallback = fallback

    async def _answer(self, request: ModelRequest, lane: Lane, answer: Answer) -> AsyncGenerator[None]:
        failure: ModelError | None = None
        if self._breaker.lets_through():
            has_spoken = False
            try:
                async with aclosing(self._model._answer(request, lane, answer)) as bursts:
                    async for burst in bursts:
                        if not has_spoken:
                            has_spoken = True
                            self._breaker.answered()
                        yield burst
                return
            except ModelError as error:
                if isinstance(error, _OF_THE_ENDPOINT):
                    self._breaker.failed()
                if has_spoken or self._fallback is None:
                    raise
                failure = error
        if self._fallback is None:
            raise ModelUnavailable
        why = "its breaker is open" if failure is None else failure.code
        _logger.warning("the model failed before it said anything (%s): the fallback answers", why)
        settings = without_implied(copy.copy(request.settings), self._fallback.name)
        async with aclosing(self._fallback._answer(replace(request, settings=settings), lane, answer)) as bursts:
            async for burst in bursts:
                yield burst
