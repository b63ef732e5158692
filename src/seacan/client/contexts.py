"""Contexts: endpoints with names, in the files that Docker's client keeps them in.

    DIRECTORY/                           ~/.docker/contexts
      meta/SHA256 of the name/meta.json  {"Name", "Metadata": {"Description", …}, "Endpoints":
                                         {"docker": {"Host", "SkipTLSVerify"}, …}}
      tls/SHA256 of the name/docker/     ca.pem, cert.pem, key.pem; 0600

What others keep there (kubernetes, Metadata of plugins) stays as it is.
Source: docker/cli, cli/context/store.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil

from seacan.client.endpoint import Endpoint, TlsFiles, parse_host
from seacan.client.order import natural_key
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    # By endpoint, by name of the file.
    TlsData = Mapping[str, Mapping[str, bytes]]

DOCKER = "docker"
CA_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.pem", "cert.pem", "key.pem"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")


def check_name(name: str) -> None:
    """Raise InvalidArgument if no context may be called so."""
    if not name:
        raise InvalidArgument("context name cannot be empty")
    if name == "default":
        raise InvalidArgument('"default" is a reserved context name')
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f'context name "{name}" is invalid, names are validated against regexp '
            f'"^{_NAME.pattern}$"'
        )


class Contexts:
    def __init__(self, directory: str) -> None:
        self._directory = directory

    def metadata_path(self, name: str) -> str:
        return os.path.join(self._directory, "meta", _digest(name))

    def tls_path(self, name: str) -> str:
        return os.path.join(self._directory, "tls", _digest(name))

    def get(self, name: str) -> dict[str, Any]:
        """Return the content of meta.json. Raises NotFound, InvalidArgument if it is broken."""
        path = os.path.join(self.metadata_path(name), "meta.json")
        try:
            return _read_metadata(path)
        except FileNotFoundError:
            raise NotFound(
                f'context "{name}": context not found: open {path}: no such file or directory'
            ) from None

    def list(self) -> list[dict[str, Any]]:
        """Return what there is of all, by name, numbers within them as such."""
        try:
            digests = os.listdir(os.path.join(self._directory, "meta"))
        except FileNotFoundError:
            return []
        found = []
        for digest in digests:
            path = os.path.join(self._directory, "meta", digest, "meta.json")
            try:
                found.append(_read_metadata(path))
            except (FileNotFoundError, NotADirectoryError):
                continue  # it was removed just now
        return sorted(found, key=lambda metadata: natural_key(str(metadata.get("Name", ""))))

    def write(self, metadata: Mapping[str, Any]) -> None:
        """Keep `metadata`, of a new context or in place of an old one, in one piece."""
        directory = self.metadata_path(metadata["Name"])
        os.makedirs(directory, exist_ok=True)
        data = json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()
        _replace(os.path.join(directory, "meta.json"), data, 0o644)

    def remove(self, name: str) -> None:
        """Remove it, and its keys, if it is there."""
        for path in (self.metadata_path(name), self.tls_path(name)):
            if os.path.isdir(path):
                shutil.rmtree(path)

    def tls_data(self, name: str) -> dict[str, dict[str, bytes]]:
        """Return all certificates and keys of a context."""
        found: dict[str, dict[str, bytes]] = {}
        for endpoint in _listed(self.tls_path(name)):
            directory = os.path.join(self.tls_path(name), endpoint)
            for file in _listed(directory):
                with open(os.path.join(directory, file), "rb") as opened:
                    found.setdefault(endpoint, {})[file] = opened.read()
        return found

    def write_tls(self, name: str, data: TlsData) -> None:
        """Replace the certificates and keys of the endpoints that `data` has; none removes them."""
        for endpoint, files in data.items():
            directory = os.path.join(self.tls_path(name), endpoint)
            if os.path.isdir(directory):
                shutil.rmtree(directory)
            for file, content in files.items():
                os.makedirs(directory, mode=0o700, exist_ok=True)
                _replace(os.path.join(directory, file), content, 0o600)

    def endpoint(self, name: str) -> Endpoint:
        """Return where the daemon of a context is. Raises NotFound, InvalidArgument."""
        found = (self.get(name).get("Endpoints") or {}).get(DOCKER)
        if found is None:
            raise NotFound("cannot find docker endpoint in context")
        endpoint = parse_host(found.get("Host") or "unix://")
        endpoint.tls = self._tls_files(name, verifies=not found.get("SkipTLSVerify"))
        return endpoint

    def _tls_files(self, name: str, *, verifies: bool) -> TlsFiles | None:
        directory = os.path.join(self.tls_path(name), DOCKER)
        files = _listed(directory)
        if not files and verifies:
            return None
        ca, certificate, key = (
            os.path.join(directory, file) if file in files else ""
            for file in (CA_FILE, CERTIFICATE_FILE, KEY_FILE)
        )
        return TlsFiles(ca, certificate, key, verifies=verifies)


def _digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()


def _listed(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []


def _read_metadata(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        data = file.read()
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidArgument(f"parsing {path}: {err}") from err
    if not isinstance(found, dict):
        raise InvalidArgument(f"parsing {path}: no JSON object")
    for what, value, kind in _parts(found):
        if value is not None and not isinstance(value, kind):
            raise InvalidArgument(f"parsing {path}: {what} is none: {json.dumps(value)[:100]}")
    return found


def _parts(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any, type]]:
    """Yield the parts of meta.json that are used here, each with what it has to be."""
    yield "Name", metadata.get("Name"), str
    yield "Metadata", metadata.get("Metadata"), dict
    endpoints = metadata.get("Endpoints")
    yield "Endpoints", endpoints, dict
    docker = (endpoints or {}).get(DOCKER)
    yield f"Endpoints.{DOCKER}", docker, dict
    yield f"Endpoints.{DOCKER}.Host", (docker or {}).get("Host"), str


def _replace(path: str, data: bytes, mode: int) -> None:
    temporary = f"{path}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
