"""One peer as a server process: `python -m benchmarks.peers NAME MODEL_SERVER MODEL`."""

import socket
import sys
from typing import Any

import uvicorn

from benchmarks.wire import ready


def application(name: str, base_url: str, model: str) -> Any:
    # Each in its own branch: what one peer imports must not count for another.
    if name == "limit":
        from benchmarks.peers.limit import Limit

        return Limit(base_url, model)
    if name.startswith("official"):
        from benchmarks.peers.official import official

        return official(name.removeprefix("official_"), base_url, model)
    if name == "example_0":
        from benchmarks.peers.example_0 import example_0

        return example_0(base_url, model)
    from benchmarks.peers.example_1 import example_1

    return example_1(base_url, model)


async def main(name: str, base_url: str, model: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        application(name, base_url, model), loop="uvloop", http="httptools", log_level="warning", access_log=False
    )
    await _Server(config).serve(sockets=[listening])


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        ready(sockets[0].getsockname()[1])


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*sys.argv[1:]))
