"""Finds the user's agent or server by a target such as `my_agent.py:agent` or `package.module:server`."""

import functools
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from chatkit_host.errors import HostError


class TargetNotFound(HostError):
    """The target names no agent and no ChatKitServer. Write it as `my_agent.py:agent` or `package.module:server`."""

    code = "target_not_found"


@functools.cache
def load_target(target: str) -> Any:
    """An Agents SDK `Agent`, a `ChatKitServer`, or a callable without parameters that makes one. Loaded once per process."""
    place, _, name = target.rpartition(":") if ":" in target else (target, "", "")
    module = _module_from_file(Path(place)) if place.endswith(".py") else _module_by_name(place)
    names = [name] if name else ["agent", "server"]
    for candidate in names:
        if hasattr(module, candidate):
            return _made(getattr(module, candidate))
    raise TargetNotFound(f"{place} has no {' and no '.join(repr(name) for name in names)}.")


def _module_from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise TargetNotFound(f"There is no file {path}.")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


def _module_by_name(name: str) -> ModuleType:
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            raise TargetNotFound(f"There is no module {name!r}.") from error
        raise


def _made(found: Any) -> Any:
    from agents import Agent
    from chatkit.server import ChatKitServer

    if isinstance(found, Agent | ChatKitServer):
        return found
    if isinstance(found, type) and issubclass(found, ChatKitServer):
        raise TargetNotFound(f"{found.__name__} is a class; name an instance of it, or a function that makes one.")
    if callable(found):
        made = found()
        if isinstance(made, Agent | ChatKitServer):
            return made
    raise TargetNotFound
