"""The flags of seacand, by dockerd's names, and with them what daemon.json says."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from seacan import errors, log, paths
from seacan.daemon import (
    builder_config,
    cgroup_flags,
    config_file,
    container_flags,
    network_flags,
    refused_flags,
    registry_flags,
    sockets,
    subordinate_ids,
    tls_flags,
)
from seacan.daemon.booleans import boolean
from seacan.daemon.tls_flags import Tls
from seacan.engine.builds.cache_rules import Rule
from seacan.engine.context import Settings
from seacan.engine.creation import storage_options
from seacan.engine.logs import options as log_options
from seacan.errors import InvalidArgument
from seacan.paths import DataRoot, ExecRoot
from seacan.spec.engine_api import LogConfig
from seacan.supervisor.protocol import IdMap
from seacan.version import VERSION
from seacan.volumes.plugin_places import Places


class Flags(msgspec.Struct, frozen=True):
    """`said` is what the configuration file says, by key."""

    settings: Settings
    hosts: list[str]
    group: str
    log_level: str
    pidfile: Path | None
    metrics_addresses: list[tuple[str, int]]  # where metrics are shown: one or none
    tls: Tls
    only_validates: bool
    said: Mapping[str, Any]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArgument(message)


def parse(argv: Sequence[str] | None = None) -> Flags:
    """Return the flags; exits with a usage error or for --help as argparse does."""
    try:
        return read(argv)
    except InvalidArgument as err:
        parser = _parser()
        parser.print_usage(sys.stderr)
        parser.exit(2, f"seacand: error: {err}\n")


def read(argv: Sequence[str] | None = None) -> Flags:
    """Return the flags, and what the configuration file says. Raises InvalidArgument."""
    words = sys.argv[1:] if argv is None else list(argv)
    parser = _parser()
    typed = _given(words)
    path = typed.get("config_file", paths.DEFAULT_CONFIG_FILE)
    try:
        said = config_file.read(path, must_exist="config_file" in typed)
        from_file = config_file.words_of(said)
        cache_rules = builder_config.rules_of(said.get(config_file.BUILDER))
        _refuse_both(said, _given(from_file), typed)
    except InvalidArgument as err:
        raise InvalidArgument(
            f"unable to configure the Docker daemon with file {path}: {err}"
        ) from err
    return _flags(parser.parse_args([*from_file, *words]), parser, said, cache_rules)


def _given(words: Sequence[str]) -> dict[str, Any]:
    """Return the flags among `words` alone, without defaults, by their names as attributes."""
    parser = _parser()
    absent: list[Any] = []  # what is gathered is a copy of it, what is not given is it
    unset = argparse.Namespace(**dict.fromkeys(vars(parser.parse_args([])), absent))
    found = vars(parser.parse_args(words, unset))
    return {name: value for name, value in found.items() if value is not absent}


def _refuse_both(
    said: Mapping[str, Any], from_file: Mapping[str, Any], typed: Mapping[str, Any]
) -> None:
    """Raise InvalidArgument, as dockerd, for what is said in the file and by flags."""
    twice = []
    for key in said:
        name = config_file.flag_of(key).replace("-", "_")
        for attribute in (name, f"stated_{name.replace('_', '-')}"):
            if attribute in typed and attribute in from_file and key != "runtimes":
                values = f"(from flag: {typed[attribute]}, from file: {from_file[attribute]})"
                twice.append(f"{key}: {values}")
    if twice:
        raise InvalidArgument(
            "the following directives are specified both as a flag and in the configuration file: "
            + ", ".join(twice)
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="seacand", description="The daemon of seacan.", allow_abbrev=False)
    add = parser.add_argument
    add("-v", "--version", action="version", version=f"seacand version {VERSION}")
    add("--config-file", type=_absolute, default=paths.DEFAULT_CONFIG_FILE, metavar="FILE",
        help="daemon.json (default %(default)s)")  # fmt: skip
    add("--validate", action="store_true", help="say whether flags and file are right, and end")
    add("-H", "--host", action="append", metavar="URL",
        help="listen on unix://PATH, tcp://HOST:PORT or fd:// of systemd (repeatable)")  # fmt: skip
    add("-G", "--group", default="", metavar="NAME",
        help="of the unix socket (default: docker, if there is one)")  # fmt: skip
    add("--data-root", type=_absolute, default=paths.DEFAULT_DATA_ROOT, metavar="DIR",
        help="what lasts: images, containers, state (default %(default)s)")  # fmt: skip
    add("--exec-root", type=_absolute, default=paths.DEFAULT_EXEC_ROOT, metavar="DIR",
        help="what a reboot may take: sockets, running bundles (default %(default)s)")  # fmt: skip
    cgroup_flags.add_to(parser)
    add("--label", action="append", default=[], metavar="NAME=VALUE",
        help="what `info` shows of this daemon (repeatable)")  # fmt: skip
    add("--log-driver", default=log_options.DEFAULT_DRIVER, metavar="DRIVER",
        help="of containers that ask for none (default %(default)s)")  # fmt: skip
    add("--log-opt", action="append", type=_option, default=[], metavar="NAME=VALUE",
        help="option of the log driver, for its containers (repeatable)")  # fmt: skip
    add("--storage-opt", action="append", type=_option, default=[], metavar="NAME=VALUE",
        help="overlay2.size: of containers that ask for no size")  # fmt: skip
    add("--userns-remap", type=_id_map, metavar="USER[:GROUP]",
        help="whose subordinate ids containers get, whose root is not the host's then; "
        "default: of dockremap")  # fmt: skip
    container_flags.add_to(parser)
    tls_flags.add_to(parser)
    network_flags.add_to(parser)
    registry_flags.add_to(parser)
    add("--authorization-plugin", action="append", default=[], metavar="NAME",
        help="legacy plugin that has to allow requests and answers (repeatable)")  # fmt: skip
    add("--plugin-directory", type=_absolute, metavar="DIR",
        help="where legacy plugins are looked for, instead of Docker's directories")  # fmt: skip
    add("--live-restore", type=boolean, nargs="?", const=True, default=True,
        metavar="BOOL", help="containers go on when the daemon ends; false: it stops them first "
        "(default true)")  # fmt: skip
    add("--shutdown-timeout", type=int, default=15, metavar="SECONDS",
        help="without live-restore: how long containers are waited for at the least, -1 for ever "
        "(default %(default)s)")  # fmt: skip
    add("--metrics-addr", type=_address, metavar="HOST:PORT",
        help="show metrics for Prometheus here, to everybody, at /metrics")  # fmt: skip
    add("-p", "--pidfile", type=_absolute, metavar="FILE", help="write the daemon's pid here")
    add("-D", "--debug", type=boolean, nargs="?", const=True, default=False,
        metavar="BOOL", help="the same as --log-level debug")  # fmt: skip
    add("--experimental", type=boolean, nargs="?", const=True, default=False, metavar="BOOL",
        help="tell clients so: the docker CLI offers `build --squash` then (default false)",
        )  # fmt: skip
    add("-l", "--log-level", choices=log.LEVELS, default="info", help="(default %(default)s)")
    refused_flags.add_to(parser)
    return parser


def _flags(
    given: argparse.Namespace,
    parser: argparse.ArgumentParser,
    said: Mapping[str, Any],
    cache_rules: Sequence[Rule],
) -> Flags:
    data_root = DataRoot(given.data_root)
    return Flags(
        settings=Settings(
            data_root=data_root,
            exec_root=ExecRoot(given.exec_root),
            cgroup_parent=cgroup_flags.parent_of(given, data_root.path),
            cgroup_driver=cgroup_flags.driver_of(given),
            network=network_flags.settings(given, data_root.path, parser),
            plugins=_plugin_places(given.plugin_directory),
            log_config=_log_config(given.log_driver, dict(given.log_opt), parser),
            storage_bytes=_storage_bytes(dict(given.storage_opt), parser),
            registries=registry_flags.settings_of(given),
            containers=container_flags.settings_of(given),
            labels=_labels(given.label),
            is_debugging=given.debug,
            is_experimental=given.experimental,
            prefers_buildkit=refused_flags.prefers_buildkit(given.feature),
            authorization_plugins=tuple(dict.fromkeys(given.authorization_plugin)),
            id_map=given.userns_remap,
            live_restore=given.live_restore,
            shutdown_timeout_s=given.shutdown_timeout,
            cache_rules=cache_rules,
        ),
        hosts=given.host or [f"unix://{paths.DEFAULT_SOCKET}"],
        group=given.group,
        log_level="debug" if given.debug else given.log_level,
        pidfile=given.pidfile,
        metrics_addresses=[given.metrics_addr] if given.metrics_addr else [],
        tls=tls_flags.settings_of(given),
        only_validates=given.validate,
        said=said,
    )


def _labels(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the labels, each once. Raises InvalidArgument, as dockerd, for two of a name."""
    labels: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InvalidArgument(f"bad attribute format: {text}")
        if labels.setdefault(name, value) != value:
            raise InvalidArgument(f"conflict labels for {name}={labels[name]} and {text}")
    return tuple(f"{name}={value}" for name, value in labels.items())


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


def _id_map(text: str) -> IdMap | None:
    try:
        return subordinate_ids.parse(text) if text else None
    except InvalidArgument as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _address(text: str) -> tuple[str, int] | None:
    try:
        return sockets.parse_address(text) if text else None
    except InvalidArgument as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _storage_bytes(options: dict[str, str], parser: argparse.ArgumentParser) -> int:
    try:
        return storage_options.parse_default(options)
    except errors.InvalidArgument as err:
        parser.error(f"argument --storage-opt: {err}")
