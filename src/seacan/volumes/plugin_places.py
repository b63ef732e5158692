"""Where legacy plugins (v1) of any kind are found: by a file of their name.

    /run/docker/plugins/NAME.sock       or NAME/NAME.sock: where it listens
    /etc/docker/plugins/NAME.spec       its address; /usr/lib/docker/plugins as well
                        NAME.json       the same, with TLS: {"Addr": …, "TLSConfig": {…}}

Source: docs.docker.com, Docker Plugin API.
"""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from seacan.errors import Internal
from seacan.volumes.plugin_calls import Address, call
from seacan.volumes.volume import is_name

SOCKETS: Final = Path("/run/docker/plugins")
SPECS: Final = (Path("/etc/docker/plugins"), Path("/usr/lib/docker/plugins"))
_SPEC_LIMIT: Final = 64 << 10
_ACTIVATION_S: Final = 60.0


class Places(msgspec.Struct, frozen=True):
    """Where plugins are looked for."""

    sockets: Path = SOCKETS
    specs: Sequence[Path] = SPECS

    def names(self) -> list[str]:
        """Return the names of all plugins that there are."""
        sockets = [*self.sockets.glob("*.sock"), *self.sockets.glob("*/*.sock")]
        names = {path.stem for path in sockets if _is_socket(path)}
        for place in self.specs:
            for pattern in ("*.spec", "*.json", "*/*.spec", "*/*.json"):
                names |= {path.stem for path in place.glob(pattern)}
        return sorted(name for name in names if is_name(name))

    def address(self, name: str) -> Address | None:
        """Return where the plugin `name` listens; None if there is none. Raises Internal."""
        if not is_name(name):
            return None
        for path in _paths(self.sockets, name, ".sock"):
            if _is_socket(path):
                return Address(f"unix://{path}")
        for place in self.specs:
            for path in (*_paths(place, name, ".spec"), *_paths(place, name, ".json")):
                if path.is_file():
                    return _read(path)
        return None


def implements(address: Address, kind: str) -> bool:
    """Ask a plugin whether it is one of `kind`. Raises Unavailable, Internal."""
    answer = call(address, "Plugin.Activate", {}, timeout_s=_ACTIVATION_S)
    return kind in (answer.get("Implements") or ())


def _paths(place: Path, name: str, suffix: str) -> list[Path]:
    return [place / f"{name}{suffix}", place / name / f"{name}{suffix}"]


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


def _read(path: Path) -> Address:
    """Return the address in a file. Raises Internal."""
    try:
        with path.open("rb") as file:
            data = file.read(_SPEC_LIMIT)
        if path.suffix == ".spec":
            return Address(data.decode().strip())
        spec = msgspec.json.decode(data, type=dict[str, Any])
        tls = spec.get("TLSConfig")
        return Address(str(spec.get("Addr") or ""), tls if isinstance(tls, dict) else {})
    except (OSError, ValueError, RecursionError) as err:
        raise Internal(f"read {path}: {err}") from err
