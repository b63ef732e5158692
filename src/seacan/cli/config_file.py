"""Docker's config.json: read, and changed in one piece, all that seacan does not know kept."""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What seacan reads of it, by kind; those in which something is looked up by name are objects.
_KINDS: dict[str, type] = {
    **dict.fromkeys(("currentContext", "credsStore", "detachKeys"), str),
    **dict.fromkeys(("auths", "credHelpers", "HttpHeaders", "proxies", "aliases"), dict),
    "cliPluginsExtraDirs": list,
}

_warned_of: set[str] = set()


def config_path(directory: str) -> str:
    """Return the file in `directory`, else in DOCKER_CONFIG, else in ~/.docker."""
    directory = directory or os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    return os.path.join(directory, "config.json")


def read_config(path: str) -> dict[str, Any]:
    """Return its content, empty if there is none, or if it is broken: that is warned of, once."""
    try:
        return _content(path)
    except InvalidArgument as err:
        if path not in _warned_of:
            from seacan.cli.session import complain

            _warned_of.add(path)
            complain(f"WARNING: Error parsing config file ({path}): {err}")
        return {}


def write_config(path: str, config: dict[str, Any]) -> None:
    """Replace it. Raises InvalidArgument, also for a broken one: nobody could restore that."""
    try:
        _content(path)
    except InvalidArgument as err:
        raise InvalidArgument(f"config file {path} is not changed: {err}") from err
    write_json(path, config)


def _content(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as err:
        raise InvalidArgument((err.strerror or str(err)).lower()) from err
    import json

    try:
        config = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError) as err:
        raise InvalidArgument(f"invalid JSON: {err}") from err
    if not isinstance(config, dict):
        raise InvalidArgument("not an object")
    for key, value in config.items():
        kind = str if key.endswith("Format") else _KINDS.get(key, object)
        if value is not None and not isinstance(value, kind):
            raise InvalidArgument(f"{key}: not a value for it: {json.dumps(value)}")
    return config


def write_json(path: str, value: object) -> None:
    """Replace the file, readable by its owner alone. Raises InvalidArgument."""
    import json

    path = os.path.realpath(path)  # a link stays one
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "w", encoding="utf-8") as file:
                json.dump(value, file, indent="\t", ensure_ascii=False)
                file.flush()
                os.fsync(fd)
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as err:
        raise InvalidArgument(f"write {path}: {(err.strerror or str(err)).lower()}") from err
