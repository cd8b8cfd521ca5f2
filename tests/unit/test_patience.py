"""Waiting for a database that is away."""

import pytest

from chatkit_host.engine.patience import patiently
from chatkit_host.errors import DatabaseUnavailable, NotFound


class Away:
    def __init__(self, times: int, error: Exception) -> None:
        self.times = times
        self.error = error
        self.asked = 0

    async def look(self) -> str:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return "here"


async def test_what_comes_back_is_waited_for() -> None:
    database = Away(2, DatabaseUnavailable())

    assert await patiently(database.look, seconds=5) == "here"
    assert database.asked == 3


async def test_patience_has_an_end() -> None:
    database = Away(1000, DatabaseUnavailable())

    with pytest.raises(DatabaseUnavailable):
        await patiently(database.look, seconds=0.25)
    assert database.asked == 2


async def test_an_answer_that_is_not_liked_is_an_answer() -> None:
    database = Away(1, NotFound())

    with pytest.raises(NotFound):
        await patiently(database.look)
    assert database.asked == 1
