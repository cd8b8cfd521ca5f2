"""Whether a turn's message is in the database: a turn may be asked about a moment before that is certain."""

import asyncio

from chatkit_host.errors import LeaseLost


class Acceptance:
    def __init__(self) -> None:
        self._is_decided = asyncio.Event()
        self._is_refused = False

    @classmethod
    def given(cls) -> "Acceptance":
        acceptance = cls()
        acceptance.give()
        return acceptance

    def give(self) -> None:
        self._is_decided.set()

    def refuse(self) -> None:
        self._is_refused = True
        self._is_decided.set()

    @property
    def is_given(self) -> bool:
        return self._is_decided.is_set() and not self._is_refused

    @property
    def is_open(self) -> bool:
        """It is not known yet."""
        return not self._is_decided.is_set()

    async def wait(self) -> None:
        """Until the message is in the database. `LeaseLost`: it never will be."""
        if not self._is_decided.is_set():
            await self._is_decided.wait()
        if self._is_refused:
            raise LeaseLost
