from pathlib import Path

import support
from support import scripted_server

SECRET = "Zk3vQ9rT1xB7mW5pL8dF2hJ6nC4sG0yA"
TARGET = f"{scripted_server.__file__}:server"
SCRIPTED = {
    "SCRIPTED_SERVER": "full",
    "SCRIPTED_STORE": "database",
    "PYTHONPATH": str(Path(support.__path__[0]).parent),
}
"""A server on which each of ChatKit's operations can succeed."""
