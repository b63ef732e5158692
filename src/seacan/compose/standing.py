"""What of a project is up and what is not, for whoever's command failed half way."""

from __future__ import annotations

from seacan.compose.containers import containers_of
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seacan.compose.containers import Found
    from seacan.compose.model.project import Project
    from seacan.compose.worksite import Worksite


class Standing:
    """In a `with` that fails or is interrupted, tells which containers run and which do not."""

    def __init__(self, site: Worksite, project: Project) -> None:
        self._site = site
        self._project = project

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if not isinstance(error, SeacanError | KeyboardInterrupt):
            return
        try:
            containers = containers_of(self._site.client, self._project.name)
        except SeacanError:  # the daemon is gone: `error` says so
            return
        own = [one for one in containers if one.service in self._project.services]
        if own:
            self._site.notices.warn(standing(self._project.services, own))


def standing(services: Iterable[str], containers: Iterable[Found]) -> str:
    """Return `up: …; not up: …; not made: …` for containers of `services`."""
    up, down = [], []
    for container in containers:
        fault = _fault(container)
        if fault:
            down.append(f"{container.name} ({fault})")
        else:
            up.append(container.name)
    made = {container.service for container in containers}
    missing = sorted(name for name in services if name not in made)
    parts = (("up", up), ("not up", down), ("not made", missing))
    return "; ".join(f"{words}: {', '.join(names)}" for words, names in parts if names)


def _fault(container: Found) -> str:
    """Return in a word or two why the container is not up; "" if it is."""
    status = str(container.summary.get("Status", ""))
    if container.state == "running":
        return "unhealthy" if "(unhealthy)" in status else ""
    code, closed, _ = status.removeprefix("Exited (").partition(")")
    is_code = closed and code.isdecimal()
    return f"exited {code}" if is_code else container.state
