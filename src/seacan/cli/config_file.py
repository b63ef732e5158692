"""Docker's config.json: read, and changed in one piece, all that seacan does not know kept."""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def config_path(directory: str) -> str:
    """Return the file in `directory`, else in DOCKER_CONFIG, else in ~/.docker."""
    directory = directory or os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    return os.path.join(directory, "config.json")


def read_config(path: str) -> dict[str, Any]:
    """Return its content, empty if there is none. Raises InvalidArgument if it is broken."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    import json

    try:
        config = json.loads(data)
    except ValueError as err:
        raise InvalidArgument(f"read {path}: {err}") from err
    if not isinstance(config, dict):
        raise InvalidArgument(f"read {path}: no JSON object")
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
