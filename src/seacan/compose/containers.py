"""The containers of a project, as the daemon lists them, and what their labels say of each."""

from __future__ import annotations

from seacan.compose import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.client.client import Client

_ID_DIGITS = 12  # of an id in a name
_HEX = frozenset("0123456789abcdef")


class Found:
    """One container of a project. `summary`: its item of `GET /containers/json`."""

    def __init__(self, summary: Mapping[str, Any]) -> None:
        self.summary = summary
        self.id: str = summary["Id"]
        self.labels: Mapping[str, str] = summary.get("Labels") or {}
        self.state: str = summary.get("State", "")

    @property
    def name(self) -> str:
        """Its own name, not that by which a link calls it."""
        all_names = [name.removeprefix("/") for name in self.summary.get("Names") or ()]
        return next((name for name in all_names if "/" not in name), self.id[:12])

    @property
    def service(self) -> str:
        return self.labels.get(names.SERVICE, "")

    @property
    def project(self) -> str:
        return self.labels.get(names.PROJECT, "")

    @property
    def number(self) -> int:
        text = self.labels.get(names.NUMBER, "")
        return int(text) if text.isdecimal() else 0

    @property
    def is_one_off(self) -> bool:
        return self.labels.get(names.ONE_OFF) == "True"

    @property
    def is_aside(self) -> bool:
        """Whether its name begins with an id, as while one follows another (replacing.py)."""
        own = self.name
        return own[_ID_DIGITS : _ID_DIGITS + 1] == "_" and _HEX.issuperset(own[:_ID_DIGITS])

    @property
    def short_name(self) -> str:
        """Its usual name without the project's, which is how logs call it."""
        usual = f"{self.project}-{self.service}-{self.number}"
        own = self.name[_ID_DIGITS + 1 :] if self.is_aside else self.name
        return own.removeprefix(f"{self.project}-") if own == usual else own


def containers_of(
    client: Client,
    project: str,
    *,
    services: Iterable[str] = (),
    all_states: bool = True,
    one_off: bool | None = False,
) -> list[Found]:
    """Return the containers of a project, by name. `one_off`: those of `run`, or None for all."""
    labels = [f"{names.PROJECT}={project}", names.CONFIG_HASH]
    if one_off is not None:
        labels.append(f"{names.ONE_OFF}={one_off}")
    listed = client.containers.list(all_states=all_states, filters={"label": labels})
    wanted = set(services)
    found = [Found(summary) for summary in listed]
    return sorted(
        (one for one in found if not wanted or one.service in wanted),
        key=lambda one: (one.service, one.number, one.name),
    )


def is_orphan(container: Found, services: Iterable[str]) -> bool:
    """Whether `container` belongs to none of `services`; one of `run` does when it has ended."""
    if container.is_one_off:
        return container.state in ("exited", "dead")
    return container.service not in services
