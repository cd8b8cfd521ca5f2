"""An MCP server with the tool of `support.noting_agent`, in a process of its own that may be killed, paused and started again.

`python noting_mcp_server.py PORT NOTES` runs it.
"""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self


class NotingMcpServer:
    def __init__(self, notes: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._notes = notes
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/mcp"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._port), str(self._notes)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                assert time.monotonic() < end, "the MCP server did not start"
                time.sleep(0.05)

    def send(self, sign: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sign)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def main(port: int, notes: Path) -> None:
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("Notes")

    @server.tool()
    async def note(cell: str) -> str:
        """Takes a note."""
        with (notes / f"{cell}.noted").open("a") as file:
            file.write("noted\n")
        while (notes / f"{cell}.wait").exists():  # noqa: ASYNC110 - it is another process that removes it
            await asyncio.sleep(0.02)
        return "noted"

    server.run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
