"""The flags about registries, by dockerd's names; --certs-dir is our own."""

import argparse
from collections.abc import Callable
from pathlib import Path

from seacan import errors, paths
from seacan.images.remote import settings
from seacan.images.remote.settings import RegistrySettings


def add_to(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--insecure-registry", action="append", default=[], metavar="HOST", type=_insecure,
        help="HOST[:PORT] or NET/BITS that may lack TLS or a known CA (repeatable)")  # fmt: skip
    add("--registry-mirror", action="append", default=[], metavar="URL", type=_mirror,
        help="ask here first for images of Docker Hub (repeatable)")  # fmt: skip
    add("--certs-dir", type=_absolute, default=paths.DEFAULT_CERTIFICATES, metavar="DIR",
        help="certificates and hosts.toml by registry, before /etc/docker/certs.d"
        " (default %(default)s)")  # fmt: skip
    add("--max-concurrent-downloads", type=_count, default=3, metavar="N",
        help="layers fetched at a time (default %(default)s)")  # fmt: skip
    add("--max-concurrent-uploads", type=_count, default=5, metavar="N",
        help="layers sent at a time (default %(default)s)")  # fmt: skip
    add("--max-download-attempts", type=_count, default=5, metavar="N",
        help="tries for each layer (default %(default)s)")  # fmt: skip
    add("--http-proxy", default="", metavar="URL", help="(default: HTTP_PROXY)")
    add("--https-proxy", default="", metavar="URL", help="(default: HTTPS_PROXY)")
    add("--no-proxy", default="", metavar="NAMES",
        help="hosts and networks to reach directly (default: NO_PROXY)")  # fmt: skip


def settings_of(given: argparse.Namespace) -> RegistrySettings:
    return RegistrySettings(
        insecure=tuple(given.insecure_registry),
        mirrors=tuple(given.registry_mirror),
        directories=(given.certs_dir, paths.DOCKER_CERTIFICATES),
        max_downloads=given.max_concurrent_downloads,
        max_uploads=given.max_concurrent_uploads,
        max_attempts=given.max_download_attempts,
        http_proxy=given.http_proxy,
        https_proxy=given.https_proxy,
        no_proxy=given.no_proxy,
    )


def _absolute(text: str) -> Path:
    return Path.cwd() / text


def _insecure(text: str) -> str:
    return _checked(settings.check_insecure, text)


def _mirror(text: str) -> str:
    return _checked(settings.check_mirror, text)


def _checked(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except errors.SeacanError as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1000):
        raise argparse.ArgumentTypeError(f"not a number from 1 to 999: {text!r}")
    return int(text)
