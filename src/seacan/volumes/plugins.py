"""Legacy plugins (v1) that make volumes, asked over their socket.

Source: docs.docker.com, Docker volume plugins.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from seacan import log
from seacan.errors import Internal, NotFound, SeacanError
from seacan.volumes.driver import Seen
from seacan.volumes.filling import Filling
from seacan.volumes.plugin_calls import Address, call
from seacan.volumes.plugin_places import Places, implements
from seacan.volumes.volume import LOCAL, Volume

_LONG_S: Final = 120.0
_SHORT_S: Final = 60.0


class Plugin:
    """Meets the Protocol `Driver`."""

    def __init__(self, name: str, address: Address, remove_tree: Callable[[Path], None]) -> None:
        self.name = name
        self._address = address
        self._remove_tree = remove_tree
        self._scope = ""

    def activate(self) -> bool:
        """Tell whether it makes volumes. Raises Unavailable, Internal."""
        return implements(self._address, "VolumeDriver")

    def _ask(self, method: str, **fields: object) -> dict[str, Any]:
        timeout_s = _LONG_S if method in ("Create", "Mount") else _SHORT_S
        return call(self._address, f"VolumeDriver.{method}", fields, timeout_s=timeout_s)

    def check(self, volume: Volume) -> None:
        """Let the plugin judge when it makes it."""

    @contextmanager
    def making(self, volume: Volume) -> Iterator[None]:
        try:
            self._ask("Create", Name=volume.name, Opts=dict(volume.options or {}))
        except SeacanError as err:
            raise type(err)(f"create {volume.name}: {err}") from None
        try:
            yield
        except BaseException:
            self._tolerate("Remove", Name=volume.name)
            raise

    @contextmanager
    def removing(self, volume: Volume) -> Iterator[None]:
        try:
            self._ask("Remove", Name=volume.name)
        except SeacanError as err:
            raise type(err)(f"remove {volume.name}: {err}") from None
        yield

    def needs_mount(self, volume: Volume) -> bool:
        return True

    def take(self, volume: Volume, user: str) -> Path:
        try:
            path = self._ask("Mount", Name=volume.name, ID=user).get("Mountpoint")
            if not isinstance(path, str) or not path.startswith("/"):
                raise Internal(f"VolumeDriver.Mount: no absolute path: {path!r}")
        except SeacanError as err:
            raise type(err)(f"error while mounting volume '{volume.name}': {err}") from None
        return Path(path)

    def leave(self, volume: Volume, user: str) -> None:
        self._tolerate("Unmount", Name=volume.name, ID=user)

    def filling(self, volume: Volume, path: Path) -> Filling:
        return Filling(path, self._remove_tree)

    def look(self, volume: Volume) -> Seen:
        """Return what it says of a volume. Raises NotFound, Unavailable."""
        try:
            found = self._ask("Get", Name=volume.name).get("Volume")
        except Internal:
            found = None
        if not isinstance(found, dict):
            raise NotFound(f"get {volume.name}: no such volume")
        return self._seen(found)

    def list(self) -> dict[str, Seen]:
        """Return what it says of its volumes, by name. Raises Unavailable, Internal."""
        found = self._ask("List").get("Volumes") or []
        return {
            str(one["Name"]): self._seen(one)
            for one in found
            if isinstance(one, dict) and one.get("Name")
        }

    def _seen(self, found: Mapping[str, Any]) -> Seen:
        status = found.get("Status")
        return Seen(
            str(found.get("Mountpoint") or ""),
            self._scope_of(),
            status if isinstance(status, dict) else {},
        )

    def _scope_of(self) -> str:
        if not self._scope:
            try:
                capabilities = self._ask("Capabilities").get("Capabilities")
            except Internal:  # it need not know the question
                capabilities = None
            scope = capabilities.get("Scope") if isinstance(capabilities, dict) else ""
            self._scope = "global" if str(scope).lower() == "global" else "local"
        return self._scope

    def _tolerate(self, method: str, **fields: object) -> None:
        """Ask for what nobody can be told that it failed."""
        try:
            self._ask(method, **fields)
        except SeacanError as err:
            log.warn("volume plugin", plugin=self.name, error=err)


class Plugins:
    """One that was activated is not asked again while it stays at its address."""

    def __init__(self, places: Places, remove_tree: Callable[[Path], None]) -> None:
        self._places = places
        self._remove_tree = remove_tree
        self._known: dict[tuple[str, str], Plugin] = {}

    def find(self, name: str) -> Plugin:
        """Return the plugin of that name. Raises NotFound, Unavailable."""
        address = self._places.address(name)
        if address is None:
            raise NotFound(f'error looking up volume plugin {name}: plugin "{name}" not found')
        key = name, address.url
        if key not in self._known:
            plugin = Plugin(name, address, self._remove_tree)
            try:
                makes_volumes = plugin.activate()
            except SeacanError as err:
                raise type(err)(f"error looking up volume plugin {name}: {err}") from None
            if not makes_volumes:
                raise NotFound(
                    f"error looking up volume plugin {name}: "
                    "plugin does not implement the requested driver: "
                    f'plugin="{name}", requested implementation="VolumeDriver"'
                )
            self._known[key] = plugin
        return self._known[key]

    def all(self, warnings: list[str]) -> list[Plugin]:
        """Return the plugins that make volumes; what is wrong with one goes into `warnings`."""
        found = []
        for name in self._places.names():
            if name == LOCAL:
                continue
            try:
                found.append(self.find(name))
            except NotFound:  # it is for something else
                continue
            except SeacanError as err:
                warnings.append(str(err))
        return found
