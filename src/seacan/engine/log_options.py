"""HostConfig.LogConfig: which log a container keeps, and how long it may grow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.engine_api import LogConfig

_SIZE: Final = re.compile(r"(\d{1,12})([kmg]?)b?", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_LATER: Final = ("compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """A json-file log: `max_size_bytes` of -1 is no limit, and then there is one file."""

    max_size_bytes: int = -1
    max_files: int = 1


def parse(log_config: LogConfig) -> LogOptions | None:
    """Return how to log, None for not at all.

    Raises Unsupported for another driver or an option that is still missing, InvalidArgument for
    one that Docker's json-file does not know or for a value out of range.
    """
    driver = log_config.get("Type") or "json-file"
    options = log_config.get("Config") or {}
    if driver == "none":
        return None
    if driver != "json-file":
        raise Unsupported(f"logging driver {driver} is not supported: use json-file or none")
    for name in options:
        if name in _LATER:
            raise Unsupported(f"log opt {name} is not supported")
        if name not in ("max-size", "max-file"):
            raise InvalidArgument(f"unknown log opt '{name}' for json-file log driver")
    return _limits(options)


def _limits(options: Mapping[str, str]) -> LogOptions:
    size, files = options.get("max-size", "-1"), options.get("max-file", "1")
    if not (files.isascii() and files.isdecimal() and 1 <= len(files) <= 5 and int(files)):
        raise InvalidArgument(f"invalid value for max-file: {files}")
    if size == "-1" and int(files) > 1:
        raise InvalidArgument("max-file cannot be set without max-size")
    return LogOptions(-1 if size == "-1" else _size_bytes(size), int(files))


def _size_bytes(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match or not int(match[1]):
        raise InvalidArgument(f"invalid value for max-size: {text}")
    return int(match[1]) * _UNITS[match[2].lower()]
