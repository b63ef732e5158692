"""What this user is to registries: in config.json, or with a credential helper.

    "auths": {"registry.example": {"auth": base64 of NAME:PASSWORD, "identitytoken": …}}
    "credsStore": NAME, "credHelpers": {"registry.example": NAME}    docker-credential-NAME

Source: docker/cli, docs/reference/commandline/login.md; docker/docker-credential-helpers.
"""

from __future__ import annotations

from seacan.cli.config_file import read_config, write_config
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HUB = "https://index.docker.io/v1/"  # Docker Hub's name in config.json
_HUB_NAMES = ("", "docker.io", "index.docker.io", "registry-1.docker.io")
_TOKEN_USER = "<token>"  # a helper says so of an identity token
_NOT_FOUND = "credentials not found in native keychain"
_HELPER_TIMEOUT_S = 120.0


def server_key(name: str) -> str:
    """Return the key of a registry, which may be written as a URL."""
    host = host_of(name)
    return HUB if host in _HUB_NAMES else host


def host_of(name: str) -> str:
    for scheme in ("http://", "https://"):
        name = name.removeprefix(scheme)
    return name.partition("/")[0]


def domain_of(image: str) -> str:
    """Return the registry in an image's name, "" for Docker Hub's; the daemon judges the rest."""
    first, slash, _ = image.partition("/")
    is_host = "." in first or ":" in first or first == "localhost" or first.lower() != first
    return first if slash and is_host else ""


class Credentials:
    """Those of one config.json."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._config = read_config(path)

    def header(self, image: str) -> dict[str, str]:
        """Return X-Registry-Auth for an image; none if nothing is known of its registry."""
        known = self.get(server_key(domain_of(image)))
        if not known:
            return {}
        import base64
        import json

        return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(known).encode()).decode()}

    def all_header(self) -> dict[str, str]:
        """Return X-Registry-Config: what is known of all registries; none if that is nothing."""
        names = {*(self._config.get("auths") or {}), *(self._config.get("credHelpers") or {})}
        known = {name: found for name in sorted(names) if (found := self.get(name))}
        if not known:
            return {}
        import base64
        import json

        return {"X-Registry-Config": base64.urlsafe_b64encode(json.dumps(known).encode()).decode()}

    def get(self, key: str) -> dict[str, str]:
        """Return what is known of a registry, in the API's names; empty if nothing."""
        if helper := self.helper(key):
            found = _ask_helper(helper, "get", key, missing_is_empty=True)
            if not found:
                return {}
            name, secret = str(found.get("Username", "")), str(found.get("Secret", ""))
            if name == _TOKEN_USER:
                return {"identitytoken": secret, "serveraddress": key}
            return {"username": name, "password": secret, "serveraddress": key}
        return self._kept(key)

    def helper(self, key: str) -> str:
        """Return the name of the helper for a registry, "" if there is none."""
        helpers = self._config.get("credHelpers") or {}
        return str(helpers.get(key) or self._config.get("credsStore") or "")

    def _kept(self, key: str) -> dict[str, str]:
        auths = self._config.get("auths") or {}
        entry = auths.get(key)
        if entry is None:  # older clients kept URLs
            entry = next((auths[url] for url in auths if host_of(url) == key), None)
        if not entry:
            return {}
        known = {"serveraddress": key}
        if pair := entry.get("auth"):
            known["username"], known["password"] = _decode_pair(pair, self.path)
        for name in ("identitytoken", "registrytoken"):
            if entry.get(name):
                known[name] = entry[name]
        return known if len(known) > 1 else {}

    def store(self, key: str, known: dict[str, str]) -> None:
        """Keep what login has shown to be right, where it belongs."""
        auths = self._config.setdefault("auths", {})
        if helper := self.helper(key):
            token = known.get("identitytoken")
            entry = {
                "ServerURL": key,
                "Username": _TOKEN_USER if token else known.get("username", ""),
                "Secret": token or known.get("password", ""),
            }
            import json

            _ask_helper(helper, "store", json.dumps(entry))
            auths[key] = {}
        else:
            import base64

            pair = f"{known.get('username', '')}:{known.get('password', '')}"
            auths[key] = {"auth": base64.b64encode(pair.encode()).decode()}
            if token := known.get("identitytoken"):
                # The token takes the place of the password.
                pair = f"{known.get('username', '')}:"
                auths[key] = {
                    "auth": base64.b64encode(pair.encode()).decode(),
                    "identitytoken": token,
                }
        write_config(self.path, self._config)

    def erase(self, key: str) -> bool:
        """Forget a registry; return whether anything was known of it."""
        auths = self._config.get("auths") or {}
        keys = [name for name in auths if name == key or host_of(name) == key]
        was_known = bool(keys)
        if helper := self.helper(key):
            was_known = bool(_ask_helper(helper, "get", key, missing_is_empty=True)) or was_known
            _ask_helper(helper, "erase", key, missing_is_empty=True)
        for name in keys:
            del auths[name]
        if keys:
            write_config(self.path, self._config)
        return was_known


def _decode_pair(text: str, path: str) -> tuple[str, str]:
    import base64

    try:
        name, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError as err:
        raise InvalidArgument(f"read {path}: an auth that is no base64: {err}") from err
    if not colon:
        raise InvalidArgument(f"read {path}: invalid auth configuration")
    return name, password.rstrip("\0")


def _ask_helper(
    name: str, verb: str, text: str, *, missing_is_empty: bool = False
) -> dict[str, Any]:
    """Return what `docker-credential-NAME VERB` answers. Raises InvalidArgument."""
    import json
    import subprocess

    program = f"docker-credential-{name}"
    if "/" in name:
        raise InvalidArgument(f"invalid credential helper: {name!r}")
    try:
        done = subprocess.run(
            [program, verb],
            input=text.encode(),
            capture_output=True,
            timeout=_HELPER_TIMEOUT_S,
            check=False,
        )
    except OSError as err:
        raise InvalidArgument(
            f'error getting credentials - err: exec: "{program}": '
            + (err.strerror or str(err)).lower()
        ) from err
    except subprocess.TimeoutExpired as err:
        raise InvalidArgument(f"{program} {verb}: no answer in {_HELPER_TIMEOUT_S:.0f} s") from err
    answer = done.stdout.decode(errors="replace").strip()
    if done.returncode:
        if missing_is_empty and _NOT_FOUND in answer:
            return {}
        raise InvalidArgument(
            f"error getting credentials - err: exit status {done.returncode}, out: `{answer}`"
        )
    if verb != "get":
        return {}
    try:
        found = json.loads(answer)
    except ValueError as err:
        raise InvalidArgument(f"{program} {verb}: its answer is no JSON") from err
    return found if isinstance(found, dict) else {}
