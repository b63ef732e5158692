"""The flags of seacand, by dockerd's names."""

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seacan import errors, log, paths
from seacan.daemon import network_flags, registry_flags, tls_flags
from seacan.daemon.tls_flags import Tls
from seacan.engine import log_options, storage_options
from seacan.engine.context import Settings
from seacan.paths import DataRoot, ExecRoot
from seacan.spec.engine_api import LogConfig
from seacan.version import VERSION
from seacan.volumes.plugins import Places


@dataclass(frozen=True, slots=True)
class Flags:
    settings: Settings
    hosts: list[str]
    log_level: str
    pidfile: Path | None
    tls: Tls


def parse(argv: Sequence[str] | None = None) -> Flags:
    """Return the flags; exits with a usage error or for --help as argparse does."""
    parser = argparse.ArgumentParser(prog="seacand", description="The daemon of seacan.")
    add = parser.add_argument
    add("-v", "--version", action="version", version=f"seacand version {VERSION}")
    add("-H", "--host", action="append", metavar="URL",
        help="listen on unix://PATH or tcp://ADDRESS:PORT (repeatable)")  # fmt: skip
    add("--data-root", type=_absolute, default=paths.DEFAULT_DATA_ROOT, metavar="DIR",
        help="what lasts: images, containers, state (default %(default)s)")  # fmt: skip
    add("--exec-root", type=_absolute, default=paths.DEFAULT_EXEC_ROOT, metavar="DIR",
        help="what a reboot may take: sockets, running bundles (default %(default)s)")  # fmt: skip
    add("--cgroup-parent", metavar="PATH",
        help="cgroup below which containers get theirs (default: from the data root)")  # fmt: skip
    add("--log-driver", default=log_options.DEFAULT_DRIVER, metavar="DRIVER",
        help="of containers that ask for none (default %(default)s)")  # fmt: skip
    add("--log-opt", action="append", type=_option, default=[], metavar="NAME=VALUE",
        help="option of the log driver, for its containers (repeatable)")  # fmt: skip
    add("--storage-opt", action="append", type=_option, default=[], metavar="NAME=VALUE",
        help="overlay2.size: of containers that ask for no size")  # fmt: skip
    tls_flags.add_to(parser)
    network_flags.add_to(parser)
    registry_flags.add_to(parser)
    add("--plugin-directory", type=_absolute, metavar="DIR",
        help="where legacy plugins are looked for, instead of Docker's directories")  # fmt: skip
    add("-p", "--pidfile", type=_absolute, metavar="FILE", help="write the daemon's pid here")
    add("-D", "--debug", action="store_true", help="the same as --log-level debug")
    add("-l", "--log-level", choices=log.LEVELS, default="info", help="(default %(default)s)")
    add("--live-restore", action="store_true",
        help="containers go on without the daemon: always so, whether given or not")  # fmt: skip
    given = parser.parse_args(argv)
    data_root = DataRoot(given.data_root)
    return Flags(
        settings=Settings(
            data_root=data_root,
            exec_root=ExecRoot(given.exec_root),
            cgroup_parent=_cgroup_parent(given.cgroup_parent, data_root.path, parser),
            network=network_flags.settings(given, data_root.path, parser),
            plugins=_plugin_places(given.plugin_directory),
            log_config=_log_config(given.log_driver, dict(given.log_opt), parser),
            storage_bytes=_storage_bytes(dict(given.storage_opt), parser),
            registries=registry_flags.settings_of(given),
        ),
        hosts=given.host or [f"unix://{paths.DEFAULT_SOCKET}"],
        log_level="debug" if given.debug else given.log_level,
        pidfile=given.pidfile,
        tls=tls_flags.settings_of(given),
    )


def _plugin_places(directory: Path | None) -> Places:
    return Places(directory, (directory,)) if directory else Places()


def _absolute(text: str) -> Path:
    # Without resolving links: the path is shown, and compared, as it was given.
    return Path.cwd() / text


def _option(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"not NAME=VALUE: {text!r}")
    return name, value


def _log_config(driver: str, options: dict[str, str], parser: argparse.ArgumentParser) -> LogConfig:
    log_config = LogConfig(Type=driver, Config=options)
    try:
        log_options.check(log_config)
    except errors.SeacanError as err:
        parser.error(f"failed to set log opts: {err}")
    return log_config


def _storage_bytes(options: dict[str, str], parser: argparse.ArgumentParser) -> int:
    try:
        return storage_options.parse_default(options)
    except errors.InvalidArgument as err:
        parser.error(f"argument --storage-opt: {err}")


def _cgroup_parent(given: str | None, data_root: Path, parser: argparse.ArgumentParser) -> str:
    """Return the parent of all containers' cgroups: each data root has its own."""
    if given is None:
        if data_root == paths.DEFAULT_DATA_ROOT:
            return "/seacan"
        return f"/seacan-{hashlib.sha256(str(data_root).encode()).hexdigest()[:12]}"
    if ".." in given.split("/") or not given.strip("/"):
        parser.error(f"argument --cgroup-parent: not a cgroup below the root: {given!r}")
    return "/" + given.strip("/")
