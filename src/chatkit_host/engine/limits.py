"""What a turn may take, and how its worker keeps in touch."""

from dataclasses import dataclass, field

from chatkit_host.engine.log import LogLimits
from chatkit_host.engine.ports import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimits:
    seconds: float = 600.0
    """The longest a turn may take."""
    lease_seconds: float = 15.0
    """How long a turn belongs to a worker that is not heard from."""
    heartbeat_seconds: float = 15.0
    """How long a reader hears nothing before it is told that the connection lives."""
    log: LogLimits = field(default_factory=LogLimits)
    replay_seconds: float = 86_400.0
    """How long after its end a turn's events are kept."""
    quota: Quota | None = None
    """What one user may start."""
