"""daemon.json: dockerd's keys, as the flags that they stand for.

    {"debug": true, "log-opts": {"max-size": "1m"}}   →   --debug=true --log-opt=max-size=1m

A key is so honoured, or refused by name, as its flag is; what neither knows is an error, and so is
what is said both here and by a flag. Source: dockerd(8); moby, daemon/config.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from seacan.daemon.refused_flags import REFUSED, STATED
from seacan.errors import InvalidArgument

_LIMIT_BYTES: Final = 1 << 20

# Keys that are called otherwise than their flag.
_PLURALS: Final = {
    "hosts": "host",
    "labels": "label",
    "log-opts": "log-opt",
    "storage-opts": "storage-opt",
    "exec-opts": "exec-opt",
    "dns-opts": "dns-opt",
    "insecure-registries": "insecure-registry",
    "registry-mirrors": "registry-mirror",
    "default-address-pools": "default-address-pool",
    "default-ulimits": "default-ulimit",
    "runtimes": "add-runtime",
    "authorization-plugins": "authorization-plugin",
    "node-generic-resources": "node-generic-resource",
    "default-network-opts": "default-network-opt",
    "cdi-spec-dirs": "cdi-spec-dir",
    "containerd-plugin-namespace": "containerd-plugins-namespace",
    "host-gateway-ips": "host-gateway-ip",
    "features": "feature",
}
_SAME: Final = frozenset(
    (
        *("data-root", "exec-root", "cgroup-parent", "log-driver", "pidfile", "debug", "log-level"),
        *("bip6", "ipv6", "fixed-cidr", "fixed-cidr-v6", "default-gateway", "default-gateway-v6"),
        *("host-gateway-ip", "group", "bridge", "bip", "mtu", "ip", "icc", "ip-masq", "ip-forward"),
        *("iptables", "ip6tables", "experimental"),
        *("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"),
        *("http-proxy", "https-proxy", "no-proxy"),
        *("tls", "tlsverify", "tlscacert", "tlscert", "tlskey"),
        *("default-shm-size", "init", "no-new-privileges", "seccomp-profile", "default-ipc-mode"),
        *("default-cgroupns-mode", "dns", "dns-search", "default-runtime"),
        *("live-restore", "shutdown-timeout", "metrics-addr", "userns-remap"),
        # Our own, which dockerd has not.
        *("certs-dir", "plugin-directory", "published-ports", "bridge-names"),
        *STATED,
        *REFUSED,
    )
)
# What a value has to be, where it is no text alone.
_BOOLEANS: Final = frozenset(
    (
        *("debug", "experimental", "icc", "init", "ip-forward", "ip-forward-no-drop", "ip-masq"),
        *("iptables", "ip6tables", "ipv6", "live-restore", "no-new-privileges", "raw-logs"),
        *("selinux-enabled", "tls", "tlsverify", "userland-proxy", "cri-containerd", "rootless"),
        *("allow-direct-routing", "bridge-names"),
    )
)
_NUMBERS: Final = frozenset(
    (
        *("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"),
        *("mtu", "shutdown-timeout", "network-control-plane-mtu", "network-diagnostic-port"),
        *("cpu-rt-period", "cpu-rt-runtime", "oom-score-adjust"),
        *("swarm-raft-election-tick", "swarm-raft-heartbeat-tick"),
    )
)
_LISTS: Final = frozenset(
    (
        *("hosts", "labels", "storage-opts", "exec-opts", "dns", "dns-opts", "dns-search"),
        *("insecure-registries", "registry-mirrors", "authorization-plugins"),
        *("host-gateway-ips", "cdi-spec-dirs", "node-generic-resources"),
        "allow-nondistributable-artifacts",
    )
)
# Of this, only what says nothing is taken.
_EMPTY: Final = ("default-init",)
# No flag has what it says; builder_config.py reads it.
BUILDER: Final = "builder"
_RUNTIME_ARGUMENTS: Final = "runtimeArgs"  # of one of the runtimes
# A nested object, whose keys are taken as if they stood outside.
_NESTED: Final = "proxies"


def read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    """Return what the file says, by key. Raises InvalidArgument; a missing one may say nothing."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if must_exist:
            raise InvalidArgument(f"open {path}: no such file or directory") from None
        return {}
    except OSError as err:
        raise InvalidArgument(f"open {path}: {err.strerror}") from err
    if len(data) > _LIMIT_BYTES:
        raise InvalidArgument(f"{path} is longer than {_LIMIT_BYTES} bytes")
    try:
        said = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError) as err:
        raise InvalidArgument(f"invalid JSON: {err}") from err
    if not isinstance(said, dict):
        raise InvalidArgument("invalid JSON: not an object")
    return _flat(said)


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    nested = said.pop(_NESTED, None) or {}
    if not isinstance(nested, dict):
        raise InvalidArgument(f"{_NESTED}: not an object")
    known = {*_SAME, *_PLURALS, *_EMPTY, BUILDER}
    if unknown := sorted({**said, **nested}.keys() - known):
        raise InvalidArgument(
            "the following directives don't match any configuration option: " + ", ".join(unknown)
        )
    for name in _EMPTY:
        if said.pop(name, None):
            raise InvalidArgument(f"{name} is not supported by seacand")
    return {**said, **nested}


def flag_of(key: str) -> str:
    return _PLURALS.get(key, key)


def words_of(said: Mapping[str, Any]) -> list[str]:
    """Return the flags that the keys stand for. Raises InvalidArgument for a value of no use.

    An empty text and a number of 0 say nothing, as with dockerd: what they would set is as it was.
    """
    words = []
    for key, value in said.items():
        if value is None or key == BUILDER:
            continue
        make, wanted = _kind_of(key)
        try:
            words += [f"--{flag_of(key)}={text}" for text in make(value)]
            if key == "runtimes":
                words += _runtime_words(value)
        except (TypeError, KeyError, AttributeError):
            raise InvalidArgument(
                f"{key}: not a value for it: {json.dumps(value)}{wanted}"
            ) from None
    return words


def _kind_of(key: str) -> tuple[Callable[[Any], Iterator[str]], str]:
    """Return what makes texts of a value, and words for what the value has to be."""
    if key in _SHAPES:
        return _SHAPES[key], ""
    if key in _BOOLEANS:
        return _boolean, " (it is true or false)"
    if key in _NUMBERS:
        return _number, " (it is a number)"
    if key in _LISTS:
        return _texts, " (it is a list of texts)"
    return _text, " (it is a text)"


def _boolean(value: object) -> Iterator[str]:
    if not isinstance(value, bool):
        raise TypeError
    yield str(value).lower()


def _number(value: object) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    if value:
        yield str(value)


def _text(value: object) -> Iterator[str]:
    if not isinstance(value, str):
        raise TypeError
    if value:
        yield value


def _texts(value: object) -> Iterator[str]:
    if not isinstance(value, list):
        raise TypeError
    for text in value:
        if not isinstance(text, str):
            raise TypeError
        yield text


def _options(value: Mapping[str, str]) -> Iterator[str]:
    for name, text in value.items():
        if not isinstance(text, str):
            raise TypeError
        yield f"{name}={text}"


def _options_by_driver(value: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for driver, options in value.items():
        for option in _options(options):
            yield f"{driver}={option}"


def _features(value: Mapping[str, bool]) -> Iterator[str]:
    for name, is_on in value.items():
        if not isinstance(is_on, bool):
            raise TypeError
        yield f"{name}={str(is_on).lower()}"


def _pools(value: list[Mapping[str, Any]]) -> Iterator[str]:
    for pool in value:
        yield f"base={pool['base']},size={int(pool['size'])}"


def _ulimits(value: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for name, ulimit in value.items():
        soft, hard = int(ulimit.get("Soft", 0)), int(ulimit.get("Hard", 0))
        yield f"{name}={soft}:{hard}"


def _runtimes(value: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, runtime in value.items():
        for key in runtime.keys() - {"path", _RUNTIME_ARGUMENTS}:
            if runtime[key]:
                raise InvalidArgument(f"runtimes: {name}: {key} is not supported by seacand")
        yield f"{name}={runtime['path']}"


def _runtime_words(runtimes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the flags for what runtimes are called with."""
    for name, runtime in runtimes.items():
        for flag in _texts(runtime.get(_RUNTIME_ARGUMENTS) or []):
            yield f"--runtime-arg={name}={flag}"


_SHAPES: Final[Mapping[str, Callable[[Any], Iterator[str]]]] = {
    "log-opts": _options,
    "features": _features,
    "default-network-opts": _options_by_driver,
    "default-address-pools": _pools,
    "default-ulimits": _ulimits,
    "runtimes": _runtimes,
}
