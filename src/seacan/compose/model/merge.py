"""One file over another: how two values at one place become one.

Mappings are joined key by key, lists one after the other, and anything else is replaced; the
specification has other rules for some keys, which `_RULES` names. Then `without_repeats` keeps of
entries for one thing (a variable, a mount target) the last. Source: compose specification, merge.
"""

from __future__ import annotations

from seacan.compose.model.path_table import Path, PathTable, joined, rewrite
from seacan.compose.model.scalars import go_text
from seacan.compose.model.short_syntax import volume
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Rule = Callable[[Any, Any, Path], Any]


def merge(base: Any, over: Any, path: Path = ()) -> Any:
    """Return `over` on top of `base`, which is changed. Raises InvalidArgument if they differ."""
    rule = _RULES.find(path)
    if rule is not None:
        return rule(base, over, path)
    if over is None:
        return base
    if isinstance(base, dict):
        if not isinstance(over, dict):
            raise InvalidArgument(f"cannot override {joined(path)}")
        return _join(base, over, path)
    if isinstance(base, list):
        if not isinstance(over, list):
            raise InvalidArgument(f"cannot override {joined(path)}")
        return base + over
    return over


def merge_service(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return a service that extends `base`."""
    merged: dict[str, Any] = merge(base, over, ("services", "*"))
    return merged


def _join(base: Any, over: Any, path: Path) -> Any:
    for key, value in over.items():
        base[key] = merge(base[key], value, (*path, key)) if key in base else value
    return base


def _replace(_: Any, over: Any, __: Path) -> Any:
    return over


def _lines(value: Any) -> list[Any]:
    """Return `NAME=value` for what may be written as a mapping, too."""
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            items = item if isinstance(item, list) else [item]
            lines += [key if one is None else f"{key}={go_text(one)}" for one in items]
        return sorted(lines)
    return [value] if isinstance(value, str) else list(value or ())


def _join_lines(base: Any, over: Any, _: Path) -> list[Any]:
    return _lines(base) + _lines(over)


def _join_hosts(base: Any, over: Any, _: Path) -> list[Any]:
    before = _lines(base)
    return before + [line for line in _lines(over) if line not in before]


def _named(value: Any, default: dict[str, Any] | None = None) -> dict[str, Any]:
    if isinstance(value, list):
        return {name: default and dict(default) for name in value}
    return dict(value or {})


def _join_names(base: Any, over: Any, path: Path) -> Any:
    return _join(_named(base), _named(over), path)


def _join_dependencies(base: Any, over: Any, path: Path) -> Any:
    default = {"condition": "service_started", "required": True}
    return _join(_named(base, default), _named(over, default), path)


def _join_builds(base: Any, over: Any, path: Path) -> Any:
    first, second = (
        {"context": value} if isinstance(value, str) else value or {} for value in (base, over)
    )
    return _join(first, second, path)


def _join_logging(base: Any, over: Any, path: Path) -> Any:
    """Options of another driver do not fit the new one."""
    drivers = {value["driver"] for value in (base, over) if value and "driver" in value}
    return _join(base or {}, over or {}, path) if len(drivers) < 2 else over


def _join_address_pools(base: Any, over: Any, path: Path) -> Any:
    if not isinstance(base, list) or not isinstance(over, list):
        raise InvalidArgument(f"{joined(path)}: must be a list")
    pools = {pool.get("subnet"): pool for pool in base}
    for pool in over:
        subnet = pool.get("subnet")
        pools[subnet] = _join(pools[subnet], pool, path) if subnet in pools else pool
    return list(pools.values())


_RULES = PathTable(
    {
        "networks.*.ipam.config": _join_address_pools,
        "services.*.build": _join_builds,
        "services.*.build.extra_hosts": _join_hosts,
        "services.*.command": _replace,
        "services.*.depends_on": _join_dependencies,
        "services.*.entrypoint": _replace,
        "services.*.extra_hosts": _join_hosts,
        "services.*.healthcheck.test": _replace,
        "services.*.logging": _join_logging,
        "services.*.models": _join_names,
        "services.*.networks": _join_names,
        "services.*.ulimits.*": _replace,
        **{
            path: _join_lines
            for path in """
                networks.*.labels volumes.*.labels services.*.annotations services.*.build.args
                services.*.build.additional_contexts services.*.build.labels
                services.*.deploy.labels services.*.dns services.*.dns_opt services.*.dns_search
                services.*.env_file services.*.label_file services.*.environment services.*.labels
                services.*.volumes.*.volume.labels services.*.sysctls services.*.tmpfs
            """.split()
        },
    }
)


def without_repeats(model: dict[str, Any]) -> dict[str, Any]:
    """Return `model` with one entry for each thing in its lists, the last. Raises InvalidArgument.

    It stands where the first of them stood.
    """
    rewrite(model, _UNIQUE)
    return model


def _keep_last(key_of: Callable[[Any, Path], str]) -> Callable[[Any, Path], Any]:
    def keep(value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            return value
        return list({key_of(entry, path): entry for entry in value}.values())

    return keep


def _name(entry: Any, path: Path) -> str:
    if not isinstance(entry, str):
        raise InvalidArgument(f"{joined(path)}: unexpected value {entry!r}")
    return entry.partition("=")[0]


def _file(entry: Any, path: Path) -> str:
    if isinstance(entry, dict) and "path" not in entry:
        raise InvalidArgument(f"environment path attribute {joined(path)} is missing")
    return str(entry["path"] if isinstance(entry, dict) else entry)


def _target(entry: Any, path: Path) -> str:
    if isinstance(entry, str):
        return str(volume(entry)["target"])
    if not isinstance(entry, dict) or not isinstance(entry.get("target"), str):
        raise InvalidArgument(f"service volume {joined(path)} is missing a mount target")
    return str(entry["target"])


def _device(entry: Any, path: Path) -> str:
    if isinstance(entry, str):
        source, colon, rest = entry.partition(":")
        return rest.partition(":")[0] if colon else source
    if not isinstance(entry, dict) or not isinstance(entry.get("target"), str):
        raise InvalidArgument(f"service device {joined(path)} is missing a mount target")
    return str(entry["target"])


def _mounted_at(default: str) -> Callable[[Any, Path], str]:
    def target(entry: Any, path: Path) -> str:
        if isinstance(entry, dict):
            return str(entry.get("target", f"{default}/{entry.get('source')}"))
        return f"{default}/{entry}"

    return target


def _port(entry: Any, path: Path) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    if "target" not in entry:
        raise InvalidArgument(f"service ports {joined(path)} is missing a target port")
    host = entry.get("host_ip", "0.0.0.0")
    published = entry.get("published")
    return f"{host}:{published}:{entry['target']}/{entry.get('protocol', 'tcp')}"


def _itself(entry: Any, _: Path) -> str:
    return str(entry)


_UNIQUE = PathTable(
    {
        "services.*.devices": _keep_last(_device),
        "services.*.configs": _keep_last(_mounted_at("")),
        "services.*.env_file": _keep_last(_file),
        "services.*.expose": _keep_last(_itself),
        "services.*.ports": _keep_last(_port),
        "services.*.secrets": _keep_last(_mounted_at("/run/secrets")),
        "services.*.volumes": _keep_last(_target),
        **{
            path: _keep_last(_name)
            for path in """
                networks.*.labels networks.*.ipam.options services.*.annotations
                services.*.build.args services.*.build.additional_contexts
                services.*.build.platform services.*.build.tags services.*.build.labels
                services.*.cap_add services.*.cap_drop services.*.deploy.labels services.*.dns
                services.*.dns_opt services.*.dns_search services.*.environment services.*.labels
                services.*.links services.*.networks.*.aliases services.*.networks.*.link_local_ips
                services.*.profiles services.*.sysctls services.*.tmpfs
            """.split()
        },
    }
)
