"""What makes a model wrong although it fits the schema.

`check_model` looks at the model before its parts have their types, `check_project` at the whole.
All raise InvalidArgument. Source: compose specification; docker compose 2.40 for the sentences.
"""

from __future__ import annotations

from seacan.compose.model.order import dependencies_of, in_turn
from seacan.compose.model.path_table import Path, PathTable, joined, rewrite
from seacan.compose.model.short_syntax import is_ip_address
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from seacan.compose.model.project import Project

_ACTIONS_WITHOUT_TARGET = ("rebuild", "restart")


def check_model(model: dict[str, Any]) -> None:
    rewrite(model, _CHECKS)


def _check_volume(value: Any, path: Path) -> Any:
    if value and value.get("external"):
        for key in value:
            if key not in ("name", "external") and not key.startswith("x-"):
                raise InvalidArgument(
                    f'{joined(path)}: conflicting parameters "external" and "{key}" specified'
                )
    return value


def _check_one_of(*keys: str) -> Callable[[Any, Path], Any]:
    def check(value: Any, path: Path) -> Any:
        names = "|".join(keys)
        count = sum(key in (value or ()) for key in keys)
        if count > 1:
            raise InvalidArgument(f"{joined(path)}: {names} attributes are mutually exclusive")
        if not count and not ("driver" in (value or ()) or "external" in (value or ())):
            raise InvalidArgument(f"{joined(path)}: one of {names} must be set")
        return value

    return check


def _check_address(value: Any, path: Path) -> Any:
    address = value.get("host_ip") if isinstance(value, dict) else None
    if address is not None and not is_ip_address(str(address)):
        raise InvalidArgument(f"{joined(path)}: invalid ip address: {address}")
    return value


def _check_path(value: Any, path: Path) -> Any:
    if value == "":
        raise InvalidArgument(f"{joined(path)}: value can't be blank")
    return value


def _check_devices(value: Any, path: Path) -> Any:
    if "count" in value and "device_ids" in value:
        raise InvalidArgument(f'{joined(path)}: "count" and "device_ids" attributes are exclusive')
    return value


_CHECKS = PathTable(
    {
        "volumes.*": _check_volume,
        "configs.*": _check_one_of("file", "environment", "content"),
        "secrets.*": _check_one_of("file", "environment"),
        "services.*.ports.*": _check_address,
        "services.*.develop.watch.*.path": _check_path,
        "services.*.deploy.resources.reservations.devices.*": _check_devices,
        "services.*.gpus.*": _check_devices,
    }
)


def check_project(project: Project) -> None:
    """Raise InvalidArgument for the first service that contradicts itself or the project."""
    for name, service in sorted(project.services.items()):
        for check in (
            _check_image,
            _check_build,
            _check_networks,
            _check_health,
            _check_dependencies,
            _check_resources,
            _check_scale,
            _check_limits,
            _check_watch,
            _check_targets,
        ):
            for problem in check(project, name, service):
                raise InvalidArgument(problem)
    for name, secret in sorted(project.secrets.items()):
        if not (secret.get("external") or secret.get("file") or secret.get("environment")):
            raise InvalidArgument(
                f'secret "{name}" must declare either `file` or `environment`: '
                "invalid compose project"
            )
    check_cycles(project)


def _check_image(_: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    if not (service.get("image") or "build" in service or "provider" in service):
        yield (
            f'service "{name}" has neither an image nor a build context specified: '
            "invalid compose project"
        )


def _check_build(project: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    build = service.get("build") or {}
    if build.get("dockerfile") and build.get("dockerfile_inline"):
        yield (
            f'service "{name}" declares mutualy exclusive dockerfile and dockerfile_inline: '
            "invalid compose project"
        )
    for context, source in build.get("additional_contexts", {}).items():
        target = source.removeprefix("service:")
        if target != source and "build" not in project.services.get(target, {}):
            kind = "non-buildable" if target in project.services else "unknown"
            yield (
                f'service "{name}" declares {kind} service "{target}" as additional contexts '
                f"{context}"
            )
    platform, platforms = service.get("platform"), build.get("platforms")
    if platform and platforms and platform not in platforms:
        yield (
            f'service.build.platforms MUST include service.platform "{platform}": '
            "invalid compose project"
        )
    for secret in build.get("secrets", ()):
        if secret.get("source") not in project.secrets:
            yield _undefined(name, "build secret", secret.get("source", ""))


def _undefined(name: str, kind: str, what: str) -> str:
    return f'service "{name}" refers to undefined {kind} {what}: invalid compose project'


def _check_networks(project: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    networks, mode = service.get("networks") or {}, service.get("network_mode", "")
    if mode and networks:
        yield (
            f"service {name} declares mutually exclusive `network_mode` and `networks`: "
            "invalid compose project"
        )
    for network in networks:
        if network not in project.networks:
            yield _undefined(name, "network", network)
    shared = mode.removeprefix("service:")
    if shared != mode and shared not in project.services:
        yield f"service \"{shared}\" not found for network_mode 'service:{shared}'"


def _check_health(_: Project, __: str, service: dict[str, Any]) -> Iterator[str]:
    test = (service.get("healthcheck") or {}).get("test")
    if test and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
        yield 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"'


def _check_dependencies(project: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    for other, dependency in service.get("depends_on", {}).items():
        is_optional = other in project.disabled and not dependency["required"]
        if other not in project.services and not is_optional:
            yield (
                f'service "{name}" depends on undefined service "{other}": invalid compose project'
            )


def _check_resources(project: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    for mount in service.get("volumes", ()):
        source = mount.get("source")
        if mount.get("type") == "volume" and source and source not in project.volumes:
            yield _undefined(name, "volume", source)
    for kind, defined in (
        ("config", project.configs),
        ("model", project.models),
        ("secret", project.secrets),
    ):
        used = service.get(f"{kind}s") or ()
        for entry in used:
            source = entry if isinstance(entry, str) else entry.get("source", "")
            if source not in defined:
                yield _undefined(name, kind, source)


def _check_scale(_: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    scale, replicas = service.get("scale"), service.get("deploy", {}).get("replicas")
    if scale is not None and replicas is not None and scale != replicas:
        yield _distinct(name, "scale", "deploy.replicas")
    for key, count in (("scale", scale), ("deploy.replicas", replicas)):
        if count is not None and count < 0:
            yield f"services.{name}.{key}: must be greater than or equal to 0"
    count = replicas if scale is None else scale
    if count is not None and count > 1 and service.get("container_name"):
        key = "deploy.replicas" if scale is None else "scale"
        yield (
            f"services.{key}: can't set container_name and {name} as container name must be "
            "unique: invalid compose project"
        )


def _distinct(name: str, one: str, other: str) -> str:
    return (
        f"services.{name}: can't set distinct values on '{one}' and '{other}': "
        "invalid compose project"
    )


def _check_limits(_: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    resources = service.get("deploy", {}).get("resources", {})
    for key, kind, limit in (
        ("cpus", "limits", "cpus"),
        ("mem_limit", "limits", "memory"),
        ("mem_reservation", "reservations", "memory"),
        ("pids_limit", "limits", "pids"),
    ):
        if key in service and kind in resources and resources[kind].get(limit) != service[key]:
            yield _distinct(name, key, f"deploy.resources.{kind}.{limit}")


def _check_watch(_: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    for trigger in service.get("develop", {}).get("watch", ()):
        if not trigger.get("target") and trigger["action"] not in _ACTIONS_WITHOUT_TARGET:
            yield (
                f"services.{name}.develop.watch: target is required for non-rebuild actions: "
                "invalid compose project"
            )


def _check_targets(_: Project, name: str, service: dict[str, Any]) -> Iterator[str]:
    mounts: dict[str, str] = {}
    targets = [
        ("tmpfs", at, text.partition(":")[0]) for at, text in enumerate(service.get("tmpfs", ()))
    ]
    targets += [
        ("volumes", at, mount.get("target", ""))
        for at, mount in enumerate(service.get("volumes", ()))
    ]
    for kind, at, target in targets:
        place = f"services.{name}.{kind}[{at}]"
        if target in mounts:
            yield f"{place}: target {target} already mounted as {mounts[target]}"
        mounts[target] = place


def check_container_names(project: Project) -> None:
    """Raise InvalidArgument if two services want the same name for their container."""
    taken: dict[str, str] = {}
    for name, service in sorted(project.services.items()):
        wanted = service.get("container_name")
        if wanted and taken.setdefault(wanted, name) != name:
            raise InvalidArgument(
                f'services.{name}: container name "{wanted}" is already in use by service '
                f"{taken[wanted]}"
            )


def check_cycles(project: Project) -> None:
    """Raise InvalidArgument if services depend on each other in a circle."""
    in_turn(dependencies_of(project.services))
