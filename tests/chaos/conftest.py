from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chaos import FORM
from support.forked_servers import ForkedServers
from support.model_server import ModelServer


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longer forms take minutes each; the short ones say for themselves how long they may take."""
    if FORM != "short":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.timeout(4 * 3600), append=False)


@pytest.fixture(scope="session")
def forked() -> Iterator[ForkedServers]:
    with ForkedServers() as servers:
        yield servers


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server
