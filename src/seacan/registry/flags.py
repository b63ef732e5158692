"""The flags of `seacan registry serve` and `verify`, as the process of the registry reads them."""

import argparse
import math
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from seacan import log, paths
from seacan.errors import InvalidArgument
from seacan.files import read_bounded
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.registry.garbage import HOUR_S, Ages
from seacan.registry.settings import Address, Passwords, Proxy, Settings, Tls, Tokens

_UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": HOUR_S, "d": 24 * HOUR_S}
_PASSWORD_BYTES: Final = 64 << 10


class Flags(msgspec.Struct, frozen=True):
    command: str  # serve, verify
    settings: Settings
    log_level: str


def parse(argv: Sequence[str] | None = None) -> Flags:
    """Return the flags; exits with a usage error or for --help as argparse does."""
    parser = argparse.ArgumentParser(prog="seacan registry", description="An OCI registry.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="read every blob, follow every row")
    serve = commands.add_parser("serve", help="serve a directory as a registry")
    for command in (serve, verify):
        command.add_argument("--root", type=_absolute, default=default_root(), metavar="DIR")
        command.add_argument("--log-level", choices=log.LEVELS, default="info")
    _add_serve_flags(serve)
    given = parser.parse_args(argv)
    if given.command == "verify":
        return Flags("verify", Settings(given.root, Address("", 0)), given.log_level)
    return Flags("serve", _settings(given, serve), given.log_level)


def _add_serve_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--addr", type=address, default=Address("127.0.0.1", 5000), metavar="HOST:PORT")
    add("--metrics-addr", type=address, metavar="HOST:PORT")
    add("--tls-cert", type=_absolute, metavar="FILE")
    add("--tls-key", type=_absolute, metavar="FILE")
    add("--read-only", action="store_true")
    add("--proxy", type=_url, metavar="URL")
    add("--proxy-username", default="", metavar="NAME")
    add("--proxy-password-file", type=_absolute, metavar="FILE")
    add("--proxy-tag-lifetime", type=seconds, default=60.0, metavar="TIME")
    add("--proxy-lifetime", type=seconds, default=7 * 24 * HOUR_S, metavar="TIME")
    add("--htpasswd", type=_absolute, metavar="FILE")
    add("--allow", action="append", default=[], metavar="WHO:ACTIONS:REPOSITORIES")
    add("--token-realm", default="", metavar="URL")
    add("--token-service", default="", metavar="NAME")
    add("--token-issuer", default="", metavar="NAME")
    add("--token-keys", type=_absolute, metavar="FILE")
    add("--gc-interval", type=_interval, default=HOUR_S, metavar="TIME")
    add("--gc-grace", type=seconds, default=HOUR_S, metavar="TIME")
    add("--upload-lifetime", type=seconds, default=24 * HOUR_S, metavar="TIME")


def _settings(given: argparse.Namespace, parser: argparse.ArgumentParser) -> Settings:
    if (given.tls_cert is None) != (given.tls_key is None):
        parser.error("--tls-cert and --tls-key come together")
    return Settings(
        root=given.root,
        address=given.addr,
        metrics_address=given.metrics_addr,
        tls=Tls(given.tls_cert, given.tls_key) if given.tls_cert else None,
        auth=_auth(given, parser),
        proxy=_proxy(given, parser),
        is_read_only=given.read_only,
        ages=Ages(
            grace_s=given.gc_grace,
            upload_s=given.upload_lifetime,
            manifest_s=given.proxy_lifetime if given.proxy else math.inf,
        ),
        collect_every_s=given.gc_interval,
    )


def _auth(given: argparse.Namespace, parser: argparse.ArgumentParser) -> Passwords | Tokens | None:
    names = [given.token_service, given.token_issuer, given.token_keys]
    if any(names):
        if not all([*names, given.token_realm]):
            parser.error("--token-realm, -service, -issuer and -keys come together")
        if given.htpasswd or given.allow:
            parser.error("--token-keys and --htpasswd, --allow exclude each other")
        return Tokens(given.token_realm, given.token_service, given.token_issuer, given.token_keys)
    if given.htpasswd is None:
        if given.allow or given.token_realm:
            parser.error("--allow and --token-realm need --htpasswd")
        return None
    return Passwords(given.htpasswd, given.allow, given.token_realm)


def _proxy(given: argparse.Namespace, parser: argparse.ArgumentParser) -> Proxy | None:
    if bool(given.proxy_username) != bool(given.proxy_password_file):
        parser.error("--proxy-username and --proxy-password-file come together")
    if not given.proxy:
        if given.proxy_username:
            parser.error("--proxy-username needs --proxy")
        return None
    who = NOBODY
    if given.proxy_username:
        who = Credentials(given.proxy_username, _password(given.proxy_password_file, parser))
    return Proxy(given.proxy, given.proxy_tag_lifetime, who)


def _password(path: Path, parser: argparse.ArgumentParser) -> str:
    try:
        data = read_bounded(os.open(path, os.O_RDONLY), _PASSWORD_BYTES, str(path))
        password = data.decode().removesuffix("\n")
    except (OSError, UnicodeError, InvalidArgument) as err:
        parser.error(f"read password {path}: {err}")
    if not password or "\n" in password:
        parser.error(f"read password {path}: not one line")
    return password


def default_root() -> Path:
    """Return where the registry of this user is kept: nobody but root may write to /var/lib."""
    if os.geteuid() == 0:
        return paths.DEFAULT_REGISTRY_ROOT
    data_home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data_home) / "seacan" / "registry"


def address(text: str) -> Address:
    """Return the address that `HOST:PORT`, `[IPV6]:PORT` or `:PORT`, for all, stands for."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.%\w]+)\]|([^:\[\]]*)):([0-9]{1,5})", text)
    if match is None or int(match[3]) > 65535:
        raise argparse.ArgumentTypeError(f"not HOST:PORT: {text!r}")
    everywhere = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
    return Address(match[1] or match[2] or everywhere, int(match[3]))


def seconds(text: str) -> float:
    """Return the seconds of `90`, `1.5h`, `30m`, `2d`."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"not a time such as 90s, 30m, 1h, 2d: {text!r}")
    return float(match[1]) * _UNITS_S[match[2] or "s"]


def _interval(text: str) -> float:
    if not (time_s := seconds(text)):
        raise argparse.ArgumentTypeError("not ever and again without a pause")
    return time_s


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise argparse.ArgumentTypeError(f"not http(s)://HOST[:PORT], without a name: {text!r}")
    if parts.path.strip("/") or parts.query:
        raise argparse.ArgumentTypeError(f"a registry's address has no path: {text!r}")
    return text


def _absolute(text: str) -> Path:
    return Path.cwd() / text
