"""Imports of a server that is to listen soon, and to hold no more in memory than it uses."""

import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

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


@contextmanager
def imports_that_stay() -> Iterator[None]:
    """What is imported meanwhile is looked through once, for what is of no more use, and never again.

    A full collection that walks it takes a tenth of a second, again and again.
    """
    gc.disable()
    try:
        yield
        gc.collect()
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def loaded_when_used(module: str) -> Iterator[None]:
    """What is imported meanwhile and takes names from `module` gets the real ones when it first asks them for something.

    For names that a library only looks into: they cannot be called, subclassed or compared with. A module that is loaded already
    stays as it is.
    """
    unloaded = _Unloaded(module)
    with _in_place_of(module, unloaded):
        yield
    unloaded.is_to_load = True
    package, _, name = module.rpartition(".")
    if package in sys.modules and not hasattr(sys.modules[package], name):
        setattr(sys.modules[package], name, unloaded)  # as if it had been imported


@contextmanager
def not_installed(module: str) -> Iterator[None]:
    """What is imported meanwhile does without `module`, which it takes for an option. Loaded already, it stays as it is."""
    with _in_place_of(module, None):
        yield


@contextmanager
def _in_place_of(module: str, other: ModuleType | None) -> Iterator[None]:
    if module in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[module] = other
    try:
        yield
    finally:
        del modules[module]


class _Unloaded(ModuleType):
    is_to_load = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python itself asks of modules
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name) if self.is_to_load else _Name(self.__name__, name)


class _Name:
    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(import_module(self._module), self._name), name)
