"""Waiting for what another process does and does not announce."""

import asyncio
from collections.abc import Callable

import anyio


async def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    with anyio.fail_after(seconds):
        while not holds():  # noqa: ASYNC110 - nothing here is told when it does
            await asyncio.sleep(0.02)
