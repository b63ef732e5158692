"""hosts.toml: where the images of a registry are to be had, in containerd's format.

    server = "https://registry.example"
    [host."https://mirror.example"]
      capabilities = ["pull", "resolve"]

Source: containerd, docs/hosts.md.
"""

import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument
from seacan.files import read_bounded
from seacan.images.remote.certificates import Tls

_LIMIT_BYTES: Final = 1 << 20
_ALL: Final = ("pull", "resolve", "push")
_KNOWN: Final = frozenset(
    {"capabilities", "ca", "client", "skip_verify", "override_path", "header", "server", "host"}
)


class Host(msgspec.Struct, frozen=True):
    """One place to ask, best first."""

    url: str  # https://HOST[:PORT][/PATH]
    capabilities: tuple[str, ...]
    tls: Tls | None  # None: as for any other host
    override_path: bool  # the URL's path takes the place of /v2
    is_server: bool  # the registry itself, wherever that is; else a mirror
    headers: dict[str, str] = field(default_factory=dict)


def find(directories: Sequence[Path], host: str) -> list[Host] | None:
    """Return the hosts for a registry, itself the last; None without a file for it.

    Raises InvalidArgument.
    """
    for directory in directories:
        for name in (host, _underscored(host), "_default"):
            path = directory / name / "hosts.toml"
            try:
                data = read_bounded(_open(path), _LIMIT_BYTES, str(path))
            except (FileNotFoundError, NotADirectoryError):
                continue
            return list(_hosts(path, data, host))
    return None


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def _underscored(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return f"{name}_{port}_" if colon else host


def _hosts(path: Path, data: bytes, host: str) -> Iterator[Host]:
    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as err:
        raise InvalidArgument(f"read {path}: {err}") from err
    tables = document.get("host", {})
    if not isinstance(tables, dict):
        raise InvalidArgument(f"read {path}: host is no table")
    for url, table in tables.items():
        yield _host(path, url, table, is_server=False)
    server = document.get("server") or f"https://{host}"
    own = {key: value for key, value in document.items() if key != "host"}
    yield _host(path, server, own, is_server=True)


def _host(path: Path, url: Any, table: Any, *, is_server: bool) -> Host:
    if not isinstance(table, dict) or not isinstance(url, str):
        raise InvalidArgument(f"read {path}: host {url!r} is no table")
    if unknown := sorted(set(table) - _KNOWN):
        raise InvalidArgument(f"read {path}: not supported: {unknown[0]}")
    url = url if "://" in url else f"https://{url}"
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InvalidArgument(f"read {path}: no URL of a registry: {url!r}")
    capabilities = tuple(table.get("capabilities") or _ALL)
    if unknown := sorted(set(capabilities) - set(_ALL)):
        raise InvalidArgument(f"read {path}: unknown capability {unknown[0]!r}")
    headers = {}
    for name, value in (table.get("header") or {}).items():
        headers[name] = ", ".join(value) if isinstance(value, list) else str(value)
    return Host(
        url=url.rstrip("/"),
        capabilities=capabilities,
        tls=_tls(path.parent, table),
        override_path=table.get("override_path") is True,
        is_server=is_server,
        headers=headers,
    )


def _tls(directory: Path, table: dict[str, Any]) -> Tls | None:
    if not {"ca", "client", "skip_verify"} & set(table):
        return None
    shown = []
    for pair in _listed(table.get("client")):
        files = [directory / name for name in _listed(pair)]
        shown.append((files[0], files[-1]))  # one file may have both
    return Tls(
        verify=table.get("skip_verify") is not True,
        authorities=tuple(directory / name for name in _listed(table.get("ca"))),
        shown=tuple(shown),
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
