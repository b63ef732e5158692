"""`Project`: an application as all commands work on it.

`services`, `networks`, `volumes`, `secrets`, `configs` and `models` have the form that `config
--format json` prints: long syntax, sizes in bytes and durations as texts, what says nothing left
out. A secret or config from a variable has its value as `content`, too, which is not printed.
"""

from __future__ import annotations

from seacan.compose.model import shapes
from seacan.compose.model.checks import check_project
from seacan.compose.model.loading import VALUE
from seacan.compose.model.shape import typed
from seacan.errors import InvalidArgument, NotFound
from seacan.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from seacan.compose.model.notices import Notices

    Section = dict[str, dict[str, Any]]


@record
class Project:
    """`disabled`: the services whose profiles are not chosen. `directory` is absolute."""

    name: str
    directory: str
    files: list[str]
    env_files: list[str]  # those that were named on the command line
    environment: Mapping[str, str]
    services: Section
    disabled: Section
    networks: Section
    volumes: Section
    secrets: Section
    configs: Section
    models: Section
    extensions: dict[str, Any]
    profiles: list[str]
    separator: str = "-"  # in names of containers and images

    def service(self, name: str) -> dict[str, Any]:
        """Return the service `name`. Raises NotFound."""
        try:
            return self.services[name]
        except KeyError:
            why = ": disabled" if name in self.disabled else ""
            raise NotFound(f"no such service: {name}{why}") from None


def project_of(
    model: dict[str, Any],
    *,
    name: str,
    directory: str,
    files: list[str],
    env_files: list[str],
    environment: Mapping[str, str],
    profiles: list[str],
    separator: str = "-",
    consistent: bool = True,
) -> Project:
    """Return the project that a normalized model describes. Raises InvalidArgument."""
    model = {**model, "name": name}
    for kind in ("secrets", "configs"):
        _move_values(model.get(kind) or {})
    found = typed(model, shapes.PROJECT)
    services = found.get("services", {})
    enabled = {key: one for key, one in services.items() if has_profile(one, profiles)}
    project = Project(
        name=name,
        directory=directory,
        files=files,
        env_files=env_files,
        environment=environment,
        services=enabled,
        disabled={key: one for key, one in services.items() if key not in enabled},
        networks=found.get("networks", {}),
        volumes=found.get("volumes", {}),
        secrets=found.get("secrets", {}),
        configs=found.get("configs", {}),
        models=found.get("models", {}),
        extensions={key: value for key, value in found.items() if key.startswith("x-")},
        profiles=profiles,
        separator=separator,
    )
    if consistent:
        check_project(project)
    return project


def _move_values(resources: dict[str, Any]) -> None:
    for resource in resources.values():
        if resource and VALUE in resource:
            resource["content"] = resource.pop(VALUE)


def has_profile(service: Mapping[str, Any], profiles: Iterable[str]) -> bool:
    """Whether `profiles` ask for `service`; one without a profile is always asked for."""
    own = service.get("profiles")
    return not own or any(profile == "*" or profile in own for profile in profiles)


def with_environment_files(project: Project, notices: Notices) -> Project:
    """Return `project` with the variables of files among those of its services."""
    services = {
        name: _with_environment(service, project, notices)
        for name, service in project.services.items()
    }
    return replace(project, services=services)


def with_label_files(project: Project, notices: Notices, *, keep: bool) -> Project:
    """Return `project` with the labels of files among those of its services.

    `keep`: the names of the files stay, as they do in digests of containers.
    """
    services = {
        name: _with_labels(service, notices, keep) for name, service in project.services.items()
    }
    return replace(project, services=services)


def _with_environment(
    service: dict[str, Any], project: Project, notices: Notices
) -> dict[str, Any]:
    own = {
        name: project.environment.get(name) if value is None else value
        for name, value in service.get("environment", {}).items()
    }
    known = {name: value for name, value in own.items() if value is not None}

    def lookup(name: str) -> str | None:
        return project.environment.get(name, own.get(name))

    for file in service.get("env_file", ()):
        _read_env_file(file, known, lookup, notices)
    environment = {**known, **own}
    others = {key: value for key, value in service.items() if key != "env_file"}
    return {**others, "environment": environment} if environment else others


def _read_env_file(file: Any, known: dict[str, str], lookup: Any, notices: Notices) -> None:
    import os

    from seacan.compose.model.dotenv import read_file, read_raw_file

    path = file["path"]
    if not os.path.exists(path):
        if file["required"]:
            raise InvalidArgument(
                f"env file {path} not found: stat {path}: no such file or directory"
            )
        return
    file_format = file.get("format")
    if file_format == "raw":
        read_raw_file(path, known, lookup)
    elif file_format in (None, "", ".env"):
        read_file(path, known, lookup, notices.unset_variable)
    else:
        raise InvalidArgument(f'unsupported env_file format "{file_format}"')


def _with_labels(service: dict[str, Any], notices: Notices, keep: bool) -> dict[str, Any]:
    files = service.get("label_file")
    if not files:
        return service
    from seacan.compose.model.dotenv import read_file

    labels: dict[str, str] = {}
    for file in files:
        read_file(file, labels, labels.get, notices.unset_variable)
    others = {key: value for key, value in service.items() if keep or key != "label_file"}
    return {**others, "labels": {**labels, **service.get("labels", {})}}


def with_services_enabled(project: Project, names: Iterable[str]) -> Project:
    """Return `project` with the profiles of services that are asked for by name."""
    profiles = list(project.profiles)
    for name in names:
        profiles += project.disabled.get(name, {}).get("profiles", ())
    services = {**project.services, **project.disabled}
    enabled = {key: one for key, one in services.items() if has_profile(one, profiles)}
    return replace(
        project,
        services=enabled,
        disabled={key: one for key, one in services.items() if key not in enabled},
        profiles=profiles,
    )


def with_selected_services(
    project: Project, names: Iterable[str], *, dependencies: bool = True
) -> Project:
    """Return `project` with the services `names` (patterns) and those that they depend on.

    Without names it is the same. Raises NotFound.
    """
    wanted = list(names)
    if not wanted:
        return project
    selected = _matching(project, wanted)
    if dependencies:
        _add_dependencies(project, selected)
    services = {}
    for name in sorted(selected):
        service = project.services[name]
        others = service.get("depends_on", {})
        kept = {other: value for other, value in others.items() if other in selected}
        services[name] = {**service, "depends_on": kept} if others else service
        if not kept:
            services[name].pop("depends_on", None)
    disabled = {name: service for name, service in project.services.items() if name not in selected}
    return replace(project, services=services, disabled={**project.disabled, **disabled})


def _matching(project: Project, patterns: list[str]) -> set[str]:
    from fnmatch import fnmatchcase

    selected: set[str] = set()
    for pattern in patterns:
        found = [name for name in project.services if fnmatchcase(name, pattern)]
        if not found:
            raise NotFound(f"no such service: {pattern}")
        selected.update(found)
    return selected


def _add_dependencies(project: Project, selected: set[str]) -> None:
    left = sorted(selected)
    while left:
        for other, dependency in project.services[left.pop()].get("depends_on", {}).items():
            if other in project.services and other not in selected:
                selected.add(other)
                left.append(other)
            elif other not in project.services and dependency.get("required", True):
                raise NotFound(f"no such service: {other}")


def without_unused_resources(project: Project) -> Project:
    """Return `project` with those networks, volumes and so on alone that a service uses."""
    services = project.services.values()
    used = {
        "networks": {key for one in services for key in one.get("networks") or ()},
        "volumes": {
            mount.get("source")
            for one in services
            for mount in one.get("volumes", ())
            if mount.get("type") == "volume"
        },
        "secrets": {
            entry.get("source")
            for one in services
            for entry in (*one.get("secrets", ()), *one.get("build", {}).get("secrets", ()))
        },
        "configs": {entry.get("source") for one in services for entry in one.get("configs", ())},
        "models": {key for one in services for key in one.get("models") or ()},
    }
    kept = {
        kind: {key: one for key, one in getattr(project, kind).items() if key in keys}
        for kind, keys in used.items()
    }
    return replace(project, **kept)


def scale_of(service: Mapping[str, Any]) -> int:
    """Return how many containers a service is to have."""
    replicas = service.get("deploy", {}).get("replicas", 1)
    return int(service.get("scale", replicas))
