"""Rules of the house that a tool can check: the documents are true, the public names are meant, and nobody takes a short cut."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatkit_host import errors
from chatkit_host.settings import Settings, environment_name

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "chatkit_host").rglob("*.py"))


def settings_table() -> str:
    """The README's table, from the settings themselves."""
    source = (ROOT / "src/chatkit_host/settings.py").read_text()
    settings = next(
        node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    words: dict[str, str] = {}
    for field, text in zip(settings.body, settings.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            words[field.target.id] = ast.literal_eval(text.value)
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        shown = "" if default in (None, ()) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        rows.append(f"| `{environment_name(name)}` | {shown} | {words[name]} |")
    return "\n".join(rows)


def test_the_readme_lists_every_setting_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text()

    assert settings_table() in readme


def test_importing_the_package_is_cheap() -> None:
    script = (
        "import sys, time; start = time.perf_counter(); import chatkit_host; seconds = time.perf_counter() - start;"
        "heavy = {'litellm', 'agents', 'openai', 'sqlalchemy', 'fastapi', 'pydantic'} & set(sys.modules);"
        "print(seconds, heavy)"
    )

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    seconds, heavy = shown.split(maxsplit=1)
    assert heavy.strip() == "set()"
    assert float(seconds) < 0.3


def test_the_public_names_are_these() -> None:
    import chatkit_host

    assert sorted(chatkit_host.__all__) == [
        "ClientToolCall",
        "DatabaseStore",
        "RequestContext",
        "TurnContext",
        "create_app",
    ]
    for name in chatkit_host.__all__:
        assert getattr(chatkit_host, name).__name__ == name


def test_every_error_has_a_code_of_its_own_and_a_sentence() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HostError)]
    codes = [kind.code for kind in kinds if "code" in vars(kind) and kind is not errors.InternalFailure]

    assert len(codes) == len(set(codes))
    for kind in kinds:
        error = kind("turn_1") if kind is errors.TurnRunning else kind()
        assert 400 <= error.status <= 599
        assert error.message.endswith("."), kind


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_short_cuts(path: Path) -> None:
    tree = ast.parse(path.read_text())
    room = path.relative_to(ROOT / "src/chatkit_host").parts[0]

    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="_log"), attr="commit")):
                pass  # the turn's log, which asks the store
            case ast.Call(func=ast.Attribute(attr="commit"), args=[]) if room != "store":
                raise AssertionError(f"{path.name}:{node.lineno} commits outside the store")
            case ast.ImportFrom(module="chatkit.server" | "chatkit.agents" as module) if room not in (
                "agent",
                "app.py",
                "model_side.py",
                "testing",
            ):
                raise AssertionError(f"{path.name}:{node.lineno} imports {module}")
            case ast.JoinedStr() if re.search(r"data: \{", ast.unparse(node)):
                raise AssertionError(f"{path.name}:{node.lineno} formats an event stream by hand")
            case _:
                pass


def test_lock_files_name_no_download_addresses() -> None:
    for lock in [*(ROOT / "requirements").glob("*.txt"), ROOT / "web" / "package-lock.json"]:
        assert not re.search(r"https?://|--index-url|--find-links", lock.read_text())
