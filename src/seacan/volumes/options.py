"""Options of the driver `local`: what is mounted at a volume, and from where.

    type    of the file system, as mount(8) has it; `none` for a bind
    device  where it is: a device, a directory, SERVER:/PATH
    o       options, with commas between them
    size    how much its files may take, where nothing is mounted

Source: docker volume create, driver-specific options; what dockerd refuses was asked of dockerd 28.
"""

import re
import socket
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from seacan.byte_sizes import size_bytes
from seacan.errors import InvalidArgument, Unavailable

_KNOWN: Final = ("type", "device", "o", "size")
_NEEDS: Final = (("device", "type"), ("type", "device"), ("o", "device"), ("o", "type"))
_OF_NETWORK: Final = ("nfs", "nfs4", "cifs")
_ADDRESS: Final = "addr="


def check(name: str, options: Mapping[str, str], has_quotas: Callable[[], bool]) -> None:
    """Raise InvalidArgument, in Docker's words, for options that no volume can have.

    `has_quotas` tells whether the file system holds directories to a size.
    """
    try:
        _check(options, has_quotas)
    except InvalidArgument as err:
        raise InvalidArgument(f"create {name}: {err}") from None


def _check(options: Mapping[str, str], has_quotas: Callable[[], bool]) -> None:
    for option in options:
        if option not in _KNOWN:
            raise InvalidArgument(f'invalid option: "{option}"')
    if options.get("type") == "cifs" and _port(options.get("device", "")):
        raise InvalidArgument("port not allowed in CIFS device URL, include 'port' in 'o='")
    if limit_bytes(options):
        if not has_quotas():
            raise InvalidArgument("quota size requested but no quota support")
        if is_mounted(options):
            raise InvalidArgument("quota size requested of what is mounted from elsewhere")
    for option, needed in _NEEDS:
        if option in options and needed not in options:
            raise InvalidArgument(f'missing required option: "{needed}"')


def _port(device: str) -> int | None:
    try:
        return urlsplit(device).port
    except ValueError as err:
        raise InvalidArgument(f"error parsing mount device url: {err}") from None


def is_mounted(options: Mapping[str, str] | None) -> bool:
    """Tell whether something is to be mounted at a volume of these options."""
    return bool(options and (options.get("type") or options.get("device")))


def limit_bytes(options: Mapping[str, str] | None) -> int:
    """Return how much a volume's files may take, 0 for no limit. Raises InvalidArgument."""
    return size_bytes((options or {}).get("size", "0"), thousand=1024)


def resolved(options: Mapping[str, str]) -> tuple[str, str, list[str]]:
    """Return type, device and options for the kernel, which knows no names of hosts.

    Blocks. Raises InvalidArgument without a device, Unavailable for a name that is not found.
    """
    kind, device, text = (options.get(name, "") for name in ("type", "device", "o"))
    if not device:
        raise InvalidArgument("missing device in volume options")
    words = _words(kind, text)
    if kind in _OF_NETWORK:
        words = [
            f"{_ADDRESS}{_lookup(word.removeprefix(_ADDRESS))}"
            if word.startswith(_ADDRESS)
            else word
            for word in words
        ]
        if kind == "cifs" and not any(word.startswith(("ip=", _ADDRESS)) for word in words):
            words.append(f"ip={_lookup(urlsplit(device).hostname or '')}")
    return kind, device, words


def _words(kind: str, text: str) -> list[str]:
    if kind == "cifs":  # a comma of a password is written twice: linux, fs/smb/client/fs_context.c
        words = [word.replace("\0", ",") for word in text.replace(",,", "\0").split(",")]
    else:  # one in an SELinux context is quoted: mount(8)
        words = re.findall(r'(?:"[^"]*"|[^,])+', text)
    return [word for word in words if word]


def _lookup(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as err:
        raise Unavailable(f"error resolving passed in network volume address: {err}") from None
    return str(found[0][4][0])


def without_password(text: str) -> str:
    return re.sub(r"\b(password\d?|pass)=[^,:\s]*", r"\1=********", text)
