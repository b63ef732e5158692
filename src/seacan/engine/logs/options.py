"""HostConfig.LogConfig: which log a container keeps, and how long it may grow.

Refused at create, in the words with which dockerd refuses some there and some at the start.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from seacan.byte_sizes import size_bytes
from seacan.engine.logs import attributes as log_attributes
from seacan.engine.logs import receivers as log_receivers
from seacan.engine.logs.values import boolean, integer
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerCreate, LogConfig

DEFAULT_DRIVER: Final = "json-file"
NON_BLOCKING: Final = "non-blocking"

_FILE: Final = ("max-size", "max-file", "compress")
_ATTRIBUTES: Final = ("labels", "labels-regex", "env", "env-regex", "tag")
_CACHE: Final = ("cache-disabled", *(f"cache-{name}" for name in _FILE))
# What every driver takes: read before the driver's own.
_ANY: Final = ("mode", "max-buffer-size", *_CACHE)
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "json-file": (*_FILE, *_ATTRIBUTES),
    "local": _FILE,
    **{driver: (*_ATTRIBUTES, *own) for driver, own in log_receivers.OPTIONS.items()},
}
DRIVERS: Final = tuple(_OWN)  # beside none

_FAILED: Final = "failed to initialize logging driver"


class FileLimits(msgspec.Struct, frozen=True):
    """`max_size_bytes` of -1 is no limit, and then there is one file."""

    max_size_bytes: int
    max_files: int
    compress: bool = False


# dockerd's json-file has none; a log that fills the disk takes the host with it.
_JSON_FILE: Final = FileLimits(100_000_000, 5)
_LOCAL: Final = FileLimits(20 * 1024 * 1024, 5, compress=True)


def merge(given: LogConfig, defaults: LogConfig) -> LogConfig:
    """Return what a container gets of what it asked for and the daemon's defaults."""
    driver = given.get("Type") or defaults.get("Type") or DEFAULT_DRIVER
    default_options = defaults.get("Config") or {}
    if driver != (defaults.get("Type") or DEFAULT_DRIVER):
        default_options = {k: v for k, v in default_options.items() if k in _CACHE}
    return {"Type": driver, "Config": {**default_options, **(given.get("Config") or {})}}


def with_log_config(request: ContainerCreate, defaults: LogConfig) -> ContainerCreate:
    """Return `request` with the LogConfig that its container gets."""
    host_config = request.get("HostConfig") or {}
    merged = merge(host_config.get("LogConfig") or {}, defaults)
    return {**request, "HostConfig": {**host_config, "LogConfig": merged}}


def check(log_config: LogConfig) -> None:
    """Refuse an unknown driver or option, or a value out of range. Raises InvalidArgument."""
    driver, options = log_config.get("Type") or DEFAULT_DRIVER, log_config.get("Config") or {}
    if driver == "none":
        return
    if driver not in _OWN:
        raise InvalidArgument(
            f'error looking up logging plugin {driver}: plugin "{driver}" not found'
        )
    buffer_bytes(options)
    if text := options.get("cache-disabled"):
        try:
            boolean(text)
        except InvalidArgument as err:
            raise InvalidArgument(f"invalid value for option cache-disabled: {text}") from err
    own = {name: value for name, value in options.items() if name not in _ANY}
    for name in own:
        if name not in _OWN[driver]:
            raise InvalidArgument(_unknown(driver, name))
    log_attributes.check(own)
    if driver in log_receivers.OPTIONS:
        log_receivers.check(driver, own)
    file_limits(log_config)


def _unknown(driver: str, name: str) -> str:
    if driver == "local":
        return f"unknown log opt '{name}' for log driver local"
    quoted = f'"{name}"' if driver == "gelf" else f"'{name}'"
    return f"unknown log opt {quoted} for {driver} log driver"


def buffer_bytes(options: Mapping[str, str]) -> int | None:
    """Return how much waits for a receiver before entries are dropped; None: none are."""
    mode = options.get("mode", "")
    if mode not in ("", "blocking", NON_BLOCKING):
        raise InvalidArgument(f"logger: logging mode not supported: {mode}")
    text = options.get("max-buffer-size")
    if mode != NON_BLOCKING:
        if text is not None:
            raise InvalidArgument(
                "logger: max-buffer-size option is only supported with 'mode=non-blocking'"
            )
        return None
    if text is None:
        return 1_000_000
    try:
        return size_bytes(text, thousand=1024)
    except InvalidArgument as err:
        raise InvalidArgument(f"error parsing option max-buffer-size: {err}") from err


def file_limits(log_config: LogConfig) -> FileLimits | None:
    """Return the limits of the file that `logs` reads; None if there is none."""
    driver, options = log_config.get("Type") or DEFAULT_DRIVER, log_config.get("Config") or {}
    if driver == "none":
        return None
    try:
        if driver == "json-file":
            return _json_file(options)
        if driver == "local":
            return _local(options, "")
        if boolean(options.get("cache-disabled") or "false"):
            return None
        return _local(options, "cache-")
    except InvalidArgument as err:
        raise InvalidArgument(f"{_FAILED}: {err}") from err


def _json_file(options: Mapping[str, str]) -> FileLimits:
    size, files = _JSON_FILE.max_size_bytes, _JSON_FILE.max_files
    if options.get("max-size") == "-1":
        size, files = -1, 1
    elif "max-size" in options:
        size, files = size_bytes(options["max-size"], thousand=1000), 1
        if size <= 0:
            raise InvalidArgument("max-size must be a positive number")
    if "max-file" in options:
        files = _count(options["max-file"])
        if files < 1:
            raise InvalidArgument("max-file cannot be less than 1")
    compress = "compress" in options and boolean(options["compress"])
    if compress and (files == 1 or "max-size" not in options):
        raise InvalidArgument(
            "compress cannot be true when max-file is less than 2 or max-size is not set"
        )
    return FileLimits(size, files, compress)


def _local(options: Mapping[str, str], prefix: str) -> FileLimits:
    size, files, compress = _LOCAL.max_size_bytes, _LOCAL.max_files, _LOCAL.compress
    if (text := options.get(f"{prefix}max-size")) is not None:
        try:
            size = size_bytes(text, thousand=1000)
        except InvalidArgument as err:
            raise InvalidArgument(f"invalid value for max-size: {text}: {err}") from err
    if (text := options.get(f"{prefix}max-file")) is not None:
        try:
            files = _count(text)
        except InvalidArgument as err:
            raise InvalidArgument(f"invalid value for max-file: {text}: {err}") from err
        if files < 0:
            raise InvalidArgument("max file count cannot be less than 0")
    if (text := options.get(f"{prefix}compress")) is not None:
        try:
            compress = boolean(text)
        except InvalidArgument as err:
            raise InvalidArgument(f"error reading compress log option: {err}") from err
    if compress and files <= 1:
        raise InvalidArgument("compression cannot be enabled when max file count is 1")
    return FileLimits(size, max(files, 1), compress)


def _count(text: str) -> int:
    count = integer(text)
    if count > 100_000:
        raise InvalidArgument(f"max-file {text}: more than 100000")
    return count
