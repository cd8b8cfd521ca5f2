"""Imports of a server that is to listen soon."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

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


def build_models_of(module: ModuleType) -> None:
    """Those that requests use, before one has to wait for it. May be called in a thread."""
    for each in vars(module).values():
        is_its_own = getattr(each, "__module__", None) == module.__name__
        if is_its_own and isinstance(each, type) and issubclass(each, pydantic.BaseModel):
            each.model_rebuild()
