"""A real MCP server in a process of its own, which tests may kill and start again on the same port.

`python mcp_server.py PORT FILE` runs it; each call of its tool appends a line to FILE, so that effects can be counted.
"""

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path


class McpServer:
    def __init__(self, workdir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._effects = workdir / "effects.txt"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    @property
    def effects(self) -> list[str]:
        """What the tool was called with, each time."""
        return self._effects.read_text().splitlines() if self._effects.exists() else []

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self.port), str(self._effects)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, "the MCP server did not start"
                time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def main(port: int, effects: Path) -> None:
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("Stock")

    @server.tool()
    def order(article: str) -> str:
        """Orders an article."""
        with effects.open("a") as file:
            file.write(article + "\n")
        return f"ordered {article}"

    @server.tool()
    async def wait(seconds: float) -> str:
        """Takes its time."""
        await asyncio.sleep(seconds)
        return f"waited {seconds}"

    server.run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
