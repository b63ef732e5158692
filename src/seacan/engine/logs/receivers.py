"""The drivers that send a log elsewhere: their options checked, and what the shim is told."""

import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from seacan.byte_sizes import size_bytes
from seacan.engine.containers.container import Container
from seacan.engine.logs import addresses as log_addresses
from seacan.engine.logs import attributes as log_attributes
from seacan.engine.logs.addresses import Address
from seacan.engine.logs.values import boolean, duration_s, integer, unsigned
from seacan.errors import Internal, InvalidArgument, Unsupported
from seacan.supervisor.protocol import ReceiverRequest

JOURNAL_SOCKET: Final = "/run/systemd/journal/socket"

OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "syslog": (
        "syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert",
        "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify",
    ),
    "journald": (),
    "gelf": (
        "gelf-address", "gelf-compression-level", "gelf-compression-type",
        "gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay",
    ),
    "fluentd": (
        "fluentd-address", "fluentd-async", "fluentd-async-reconnect-interval",
        "fluentd-buffer-limit", "fluentd-max-retries", "fluentd-request-ack",
        "fluentd-retry-wait", "fluentd-sub-second-precision", "fluentd-write-timeout",
    ),
}  # fmt: skip

_FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "", "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
)  # fmt: skip
_SYSLOG_FORMATS: Final = ("", "rfc3164", "rfc5424", "rfc5424micro")
# How far a receiver may be behind before the process is not read any more.
_BLOCKING_BYTES: Final = 256 * 1024
_FOR_EVER: Final = 2**31 - 1

Options = Mapping[str, str]


class Sending(msgspec.Struct, frozen=True):
    """How a driver sends, as its options have it."""

    address: Address | None  # None: the machine's own, looked for at the start
    settings: dict[str, Any]  # that the options give; _SETTINGS has those of the container
    tries: int = 1
    retry_wait_s: float = 1.0
    is_checked: bool = True
    buffer_bytes: int | None = None  # what waits at most; None: the process waits
    tls_files: Mapping[str, str] | None = None


def check(driver: str, options: Options) -> None:
    """Raise InvalidArgument as dockerd does at create, Unsupported for what is not done."""
    _CHECKS[driver](options)


def request(
    container: Container, driver: str, options: Options, buffer_bytes: int | None
) -> ReceiverRequest:
    """Return what the shim is told; `buffer_bytes` is what may wait in mode non-blocking.

    Blocks: names are looked up. Raises Internal in dockerd's words if there is no receiver.
    """
    sending = _CHECKS[driver](options)
    address = sending.address or _own_receiver(driver)
    limit = sending.buffer_bytes if buffer_bytes is None else buffer_bytes
    return ReceiverRequest(
        driver=driver,
        network=address.network,
        addresses=address.resolve(),
        port=address.port,
        tls={"name": address.host, **(sending.tls_files or {})},
        is_blocking=limit is None,
        buffer_bytes=_BLOCKING_BYTES if limit is None else limit,
        tries=sending.tries,
        retry_wait_s=sending.retry_wait_s,
        is_checked=sending.is_checked,
        settings={**sending.settings, **_SETTINGS[driver](container, options)},
    )


def _own_receiver(driver: str) -> Address:
    if driver == "syslog":
        return log_addresses.own_syslog()
    if not Path(JOURNAL_SOCKET).is_socket():
        raise Internal(f"{log_addresses.FAILED}: journald is not enabled on this host")
    return Address("unixgram", JOURNAL_SOCKET)


# -- syslog ---------------------------------------------------------------------------------------


def _syslog(options: Options) -> Sending:
    address = log_addresses.syslog(options.get("syslog-address", ""))
    facility = _facility(options.get("syslog-facility", ""))
    if options.get("syslog-format", "") not in _SYSLOG_FORMATS:
        raise InvalidArgument("Invalid syslog format")
    files = {
        name: options[f"syslog-tls-{option}"]
        for name, option in (("ca", "ca-cert"), ("cert", "cert"), ("key", "key"))
        if options.get(f"syslog-tls-{option}")
    }
    if "syslog-tls-skip-verify" in options:
        files["skip-verify"] = "1"
    return Sending(
        address,
        {"facility": facility, "format": options.get("syslog-format", "")},
        tls_files=files,
    )


def _facility(text: str) -> int:
    if text and text in _FACILITIES:
        return _FACILITIES.index(text)
    if not text:
        return _FACILITIES.index("daemon")
    try:
        number = integer(text)
    except InvalidArgument:
        number = -1
    if not 0 <= number < len(_FACILITIES):
        raise InvalidArgument("invalid syslog facility")
    return number


def _syslog_settings(container: Container, options: Options) -> dict[str, Any]:
    return {"tag": log_attributes.tag(container, options), "hostname": socket.gethostname()}


# -- journald -------------------------------------------------------------------------------------


def _journald(_options: Options) -> Sending:
    return Sending(None, {})


def _journald_settings(container: Container, options: Options) -> dict[str, Any]:
    tag = log_attributes.tag(container, options)
    fields = {
        "CONTAINER_ID": container.id[:12],
        "CONTAINER_ID_FULL": container.id,
        "CONTAINER_NAME": container.name,
        "CONTAINER_TAG": tag,
        "IMAGE_NAME": container.image,
        "SYSLOG_IDENTIFIER": tag,
        **log_attributes.extra(container, options, _journal_name),
    }
    return {"fields": fields}


def _journal_name(name: str) -> str:
    """Return `name` as the journal has fields: capitals, digits, and no underscore before them."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper(), flags=re.ASCII).lstrip("_")


# -- gelf -----------------------------------------------------------------------------------------


def _gelf(options: Options) -> Sending:
    address = log_addresses.gelf(options.get("gelf-address", ""))
    for name, value in options.items():
        if name.startswith("gelf-compression") and address.network != "udp":
            raise InvalidArgument("compression is only supported on UDP")
        if name.startswith("gelf-tcp") and address.network != "tcp":
            raise InvalidArgument(f'"{name}" is only valid for TCP')
        if not _GELF_VALUES.get(name, _is_any)(value):
            if name.startswith("gelf-tcp"):
                raise InvalidArgument(f'"{name}" must be a positive integer')
            raise InvalidArgument(
                f'unknown value "{value}" for log opt "{name}" for gelf log driver'
            )
    return Sending(
        address,
        {
            "compression": options.get("gelf-compression-type", "gzip"),
            "level": integer(options.get("gelf-compression-level", "1")),
        },
        tries=integer(options.get("gelf-tcp-max-reconnect", "3")),
        retry_wait_s=float(integer(options.get("gelf-tcp-reconnect-delay", "1"))),
    )


def _is_any(_value: str) -> bool:
    return True


def _is_between(low: int, high: int) -> Callable[[str], bool]:
    def is_right(value: str) -> bool:
        try:
            return low <= integer(value) <= high
        except InvalidArgument:
            return False

    return is_right


_GELF_VALUES: Final[Mapping[str, Callable[[str], bool]]] = {
    "gelf-compression-level": _is_between(-1, 9),
    "gelf-compression-type": ("gzip", "zlib", "none").__contains__,
    "gelf-tcp-max-reconnect": _is_between(0, _FOR_EVER),
    "gelf-tcp-reconnect-delay": _is_between(0, 86400),
}


def _gelf_settings(container: Container, options: Options) -> dict[str, Any]:
    extra = {
        "_container_id": container.id,
        "_container_name": container.name,
        "_image_id": container.image_id,
        "_image_name": container.image,
        "_command": log_attributes.command(container),
        "_tag": log_attributes.tag(container, options),
        "_created": container.created_at,
        **log_attributes.extra(container, options, _gelf_name),
    }
    return {"hostname": socket.gethostname(), "extra": extra}


def _gelf_name(name: str) -> str:
    return name if name.startswith("_") else f"_{name}"


# -- fluentd --------------------------------------------------------------------------------------


def _fluentd(options: Options) -> Sending:
    address = log_addresses.fluentd(options.get("fluentd-address", ""))
    limit = size_bytes(options.get("fluentd-buffer-limit") or "1m", thousand=1024)
    retry_wait_s = duration_s(options.get("fluentd-retry-wait") or "1s")
    tries = unsigned(options.get("fluentd-max-retries") or str(_FOR_EVER))
    if tries > _FOR_EVER:
        raise InvalidArgument("invalid fluentd-max-retries: value out of range")
    is_async = boolean(options.get("fluentd-async") or "false")
    _refuse_fluentd(options)
    return Sending(
        address,
        {"has_subseconds": boolean(options.get("fluentd-sub-second-precision") or "false")},
        tries=tries,
        retry_wait_s=max(retry_wait_s, 0.01),
        is_checked=not is_async,
        buffer_bytes=limit if is_async else None,
    )


def _refuse_fluentd(options: Options) -> None:
    """Refuse what dockerd refuses, and what is not done here."""
    name = "fluentd-async-reconnect-interval"
    text = options.get(name)
    if text and (interval_s := _duration(name, "", text)):
        if not 0.1 <= interval_s <= 10:
            raise InvalidArgument(
                f'invalid value for {name}: value ("{text}") must be between 100ms and 10s'
            )
        raise Unsupported(f"log opt {name} is not supported")
    name = "fluentd-write-timeout"
    text = options.get(name)
    if text and (timeout_s := _duration(name, "value must be a duration: ", text)):
        if timeout_s < 0:
            raise InvalidArgument(
                f"invalid value for {name}: value must be a duration that is non-negative"
            )
        raise Unsupported(f"log opt {name} is not supported")
    if boolean(options.get("fluentd-request-ack") or "false"):
        raise Unsupported("log opt fluentd-request-ack is not supported")


def _duration(name: str, words: str, text: str) -> float:
    try:
        return duration_s(text)
    except InvalidArgument as err:
        raise InvalidArgument(f"invalid value for {name}: {words}{err}") from err


def _fluentd_settings(container: Container, options: Options) -> dict[str, Any]:
    fields = {
        "container_id": container.id,
        "container_name": f"/{container.name}",
        **log_attributes.extra(container, options),
    }
    return {"tag": log_attributes.tag(container, options), "fields": fields}


_CHECKS: Final[Mapping[str, Callable[[Options], Sending]]] = {
    "syslog": _syslog,
    "journald": _journald,
    "gelf": _gelf,
    "fluentd": _fluentd,
}
_SETTINGS: Final[Mapping[str, Callable[[Container, Options], dict[str, Any]]]] = {
    "syslog": _syslog_settings,
    "journald": _journald_settings,
    "gelf": _gelf_settings,
    "fluentd": _fluentd_settings,
}
