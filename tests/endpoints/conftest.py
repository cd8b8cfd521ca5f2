"""The way to model endpoints, on real sockets: on both event loops, and nothing may be left open."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.wire import LOOPS, Authority, nothing_left

from chatkit_host.agent.models.http import HttpPool


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    async with nothing_left():
        yield


@pytest.fixture
async def pool() -> AsyncIterator[HttpPool]:
    pool = HttpPool()
    yield pool
    await pool.close()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("known"))


@pytest.fixture(scope="session")
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server("localhost")


@pytest.fixture
def _is_known(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
