"""Imports of a server that is to listen soon."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pydantic


@contextmanager
def models_built_when_used() -> Iterator[None]:
    """Pydantic's models that are defined meanwhile are built when they are first used. Many of a library's never are."""
    before = pydantic.BaseModel.model_config
    pydantic.BaseModel.model_config = pydantic.ConfigDict(defer_build=True)
    try:
        yield
    finally:
        pydantic.BaseModel.model_config = before


def build(models: Iterable[type[pydantic.BaseModel]]) -> None:
    """Before somebody has to wait for it. May be called in a thread."""
    for each in models:
        each.model_rebuild()
