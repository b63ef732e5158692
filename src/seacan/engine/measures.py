"""What the daemon counts and times while it works; metrics.py shows it."""

from collections.abc import Sequence
from typing import Final

from seacan.metrics import Counter, Family, Timer

_PREFIX: Final = "engine_daemon"


def _timer(name: str, what: str, label: str, *known: str) -> Timer:
    return Timer(f"{_PREFIX}_{name}_seconds", f"The time that {what} took.", label, *known)


class Measures:
    """By dockerd's names."""

    def __init__(self) -> None:
        self.container_actions = _timer(
            "container_actions", "an action of a container", "action",
            "changes", "commit", "create", "delete", "start",
        )  # fmt: skip
        self.network_actions = _timer("network_actions", "an action of a network", "action")
        self.image_actions = _timer("image_actions", "an action of an image", "action")
        self.host_info = _timer("host_info_functions", "a look at the host", "function")
        self.health_checks = Counter(f"{_PREFIX}_health_checks_total", "Health checks made.", "")
        self.health_checks_failed = Counter(
            f"{_PREFIX}_health_checks_failed_total", "Health checks that failed.", ""
        )

    def families(self) -> Sequence[Family]:
        return [*vars(self).values()]
