"""Compose files to one model: each over those before it, with what it extends and includes.

    read → variables → extends → what it resets → include → merge → schema → long syntax

A Loader is made for one project directory and one environment; an included application has its own.
Source: compose specification, merge, include, extends; compose-go 2.9 for the order of steps.
"""

from __future__ import annotations

import os

from seacan.compose.model import canonical, schema
from seacan.compose.model.checks import check_model
from seacan.compose.model.interpolation import interpolate
from seacan.compose.model.merge import merge, merge_service, without_repeats
from seacan.compose.model.path_table import matches
from seacan.errors import InvalidArgument
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.model.documents import Document, Documents, Path
    from seacan.compose.model.notices import Notices

LIMIT_INCLUDES = 100  # files, each included by the one before
LIMIT_EXTENDS = 100  # services, each extended by the one before
_IMPORTED = ("services", "volumes", "networks", "secrets", "configs", "models")


@record
class Choices:
    """What of loading may be left out, for `config --no-…`."""

    interpolate: bool = True
    resolve_paths: bool = True


@record
class Extension:
    """A service that another one extends, and the file that it is in."""

    file: str
    service: str


class Loader:
    """Loads the files of one application. `included`: the files that led to it by `include`.

    `models`: what included applications came to, of all loaders of a run. What is included along
    many ways is loaded once, since there are more ways than can be gone.
    """

    def __init__(
        self,
        directory: str,
        environment: Mapping[str, str],
        documents: Documents,
        notices: Notices,
        choices: Choices,
        *,
        included: tuple[str, ...] = (),
        models: dict[Any, dict[str, Any]] | None = None,
    ) -> None:
        self._directory = directory
        self._environment = environment
        self._documents = documents
        self._notices = notices
        self._choices = choices
        self._included = included
        self._models = {} if models is None else models
        self.included: list[str] = []  # what files included, as they named it
        self._begun: list[tuple[str, int]] = []  # file and number of the documents so far

    def load(self, files: list[str]) -> dict[str, Any]:
        """Return the model of `files`, which is not normalized yet. Raises InvalidArgument."""
        model: dict[str, Any] = {}
        for file in files:
            for at, document in enumerate(self._documents.of(file)):
                self._begun.append((file, at))
                model = self._with_document(model, file, document)
        if not model:
            raise InvalidArgument("empty compose file")
        canonical.with_defaults(model)
        check_model(model)
        if self._choices.resolve_paths:
            canonical.with_absolute_paths(model, self._directory)
        self._look_up_environment(model)
        return model

    def _with_document(
        self, model: dict[str, Any], file: str, document: Document
    ) -> dict[str, Any]:
        over = self._raw(file, document)
        try:
            self._extend_services(over, file, document.reset)
            _reset(model, document.reset)
            self._include(over, file)
            model = without_repeats(merge(model, over))
            self._validate(model, file)
            if model.pop("version", None) is not None:
                self._notices.warn(
                    f"{file}: the attribute `version` is obsolete, it will be ignored, please "
                    "remove it to avoid potential confusion"
                )
            return self._long(model)
        except (TypeError, AttributeError, KeyError):
            self._validate(over, file)  # it makes no sense: said in the words of the schema
            raise

    def _long(self, model: dict[str, Any]) -> dict[str, Any]:
        lenient = not self._choices.interpolate
        canonical.to_long_syntax(model, self._notices, lenient=lenient)
        return without_repeats(canonical.without_empty_entries(model))

    def _raw(self, file: str, document: Document) -> dict[str, Any]:
        if not isinstance(document.value, dict):
            raise InvalidArgument(f"{file}: top-level object must be a mapping")
        if not self._choices.interpolate:
            raw: dict[str, Any] = _copy(document.value)
            return raw
        raw = interpolate(document.value, self._environment.get, self._notices)
        return raw

    def _validate(self, model: dict[str, Any], file: str) -> None:
        misfit = schema.misfit(model)
        if misfit is None:
            return
        places = self._places()
        place = misfit.place
        while place and place not in places:
            place = place[:-1]
        where, line = places.get(place, (file, 1))
        path = ".".join(misfit.path)
        raise InvalidArgument(f"validating {file}: {path} {misfit.text} ({where}:{line})")

    def _places(self) -> dict[Path, tuple[str, int]]:
        """Return the file and line of each value, where it was written last."""
        places: dict[Path, tuple[str, int]] = {}
        for file, at in self._begun:
            lines = self._documents.lines(file)[at]
            places.update((path, (file, line)) for path, line in lines.items())
        return places

    # extends

    def _extend_services(self, model: dict[str, Any], file: str, reset: list[Path]) -> None:
        services = model.get("services")
        if services is None:
            return
        if not isinstance(services, dict):
            raise InvalidArgument("services must be a mapping")
        for name in services:
            services[name] = self._extended(name, services, file, reset, ())

    def _extended(
        self,
        name: str,
        services: dict[str, Any],
        file: str,
        reset: list[Path],
        above: tuple[Extension, ...],
    ) -> Any:
        """Return the service `name` on top of that which it extends."""
        service = services[name]
        if service is not None and not isinstance(service, dict):
            raise InvalidArgument(f"services.{name} must be a mapping")
        if service is None or "extends" not in service:
            return service
        reference, base_file = _reference(name, service["extends"])
        base_services, base_reset, where = services, reset, file
        if base_file is not None:
            where = self._documents.place(base_file, self._directory)
            base_services, base_reset = self._base_services(where, name, reference, file)
        elif reference not in services:
            raise InvalidArgument(
                f'cannot extend service "{name}" in {file}: service "{reference}" not found'
            )
        above = _without_circle(above, Extension(where, name))
        base = self._extended(reference, base_services, where, base_reset, above)
        if base is None:
            return service
        base = _copy(base)
        _reset({"services": {name: base}}, reset)
        merged = merge_service(base, service)
        merged.pop("extends", None)
        services[name] = merged
        return merged

    def _base_services(
        self, path: str, name: str, reference: str, file: str
    ) -> tuple[dict[str, Any], list[Path]]:
        """Return the services of another file, in long syntax, and what that file resets."""
        model: dict[str, Any] = {}
        reset: list[Path] = []
        for document in self._documents.of(path):
            over = self._raw(path, document)
            try:
                _reset(model, document.reset)
                model = self._long(without_repeats(merge(model, over)))
            except (TypeError, AttributeError, KeyError):
                self._validate(over, path)
                raise
            reset = document.reset
        services = model.get("services")
        if not isinstance(services, dict):
            raise InvalidArgument(f'cannot extend service "{name}" in {path}: no services section')
        if reference not in services:
            raise InvalidArgument(
                f'cannot extend service "{name}" in {file}: service "{reference}" not found in '
                f"{path}"
            )
        canonical.with_absolute_paths(model, os.path.dirname(path))
        return services, reset

    # include

    def _include(self, model: dict[str, Any], file: str) -> None:
        entries = model.pop("include", None)
        if entries is None:
            return
        if not isinstance(entries, list):
            raise InvalidArgument(f"`include` must be a list, got {entries}")
        for entry in entries:
            self._import(self._included_model(entry, file), model)

    def _included_model(self, entry: Any, file: str) -> dict[str, Any]:
        chosen = {"path": entry} if isinstance(entry, str) else entry
        if not isinstance(chosen, dict) or not _listed(chosen.get("path")):
            raise InvalidArgument(f"`include` must name a path, got {entry}")
        paths = _listed(chosen["path"])
        self.included += paths
        files = [self._documents.place(path, self._directory) for path in paths]
        above = (*self._included, file)
        if files[0] in above:
            circle = "\n include ".join((*above[1:], files[0]))
            raise InvalidArgument(f"include cycle detected:\n{above[0]}\n include {circle}")
        if len(above) > LIMIT_INCLUDES:
            raise InvalidArgument(f"{file}: included through more than {LIMIT_INCLUDES} files")
        directory = self._path(chosen.get("project_directory") or os.path.dirname(files[0]))
        environment = self._included_environment(directory, _listed(chosen.get("env_file")))
        key = (directory, tuple(files), frozenset(environment.items()))
        if key not in self._models:
            loader = Loader(
                directory,
                environment,
                self._documents,
                self._notices,
                Choices(interpolate=self._choices.interpolate),
                included=above,
                models=self._models,
            )
            self._models[key] = loader.load(files)
        loaded: dict[str, Any] = _copy(self._models[key])
        return loaded

    def _included_environment(self, directory: str, env_files: list[str]) -> dict[str, str]:
        """Return the environment with the variables of the included application's own files."""
        from seacan.compose.model.dotenv import read_file

        files = [self._path(file) for file in env_files]
        default = os.path.join(directory, ".env")
        if not files and os.path.isfile(default):
            files = [default]
        own: dict[str, str] = {}
        for file in files:
            if not os.path.exists(file):
                raise InvalidArgument(f"stat {file}: no such file or directory")
            read_file(file, own, self._environment.get, self._notices.unset_variable)
        return {**own, **self._environment}

    def _path(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._directory, os.path.expanduser(path)))

    def _import(self, source: dict[str, Any], target: dict[str, Any]) -> None:
        for kind in _IMPORTED:
            if source.get(kind) is None:
                continue
            resources = target.setdefault(kind, {}) or {}
            for name, resource in source[kind].items():
                if resources.setdefault(name, resource) != resource:
                    raise InvalidArgument(f"{kind}.{name} conflicts with imported resource")
            target[kind] = resources

    def _look_up_environment(self, model: dict[str, Any]) -> None:
        """Fill in what variables of this environment stand for, before it is another's."""
        for service in (model.get("services") or {}).values():
            lines = service.get("environment") if isinstance(service, dict) else None
            if isinstance(lines, list):
                service["environment"] = [
                    f"{line}={self._environment[line]}" if line in self._environment else line
                    for line in lines
                ]
        for kind in ("secrets", "configs"):
            for resource in (model.get(kind) or {}).values():
                variable = (resource or {}).get("environment")
                if variable is not None and variable in self._environment:
                    resource[VALUE] = self._environment[variable]


VALUE = "x-#value"  # of a secret or config that is a variable; the schema lets it pass


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _reference(name: str, extends: Any) -> tuple[str, str | None]:
    """Return the service that is extended, and its file if that is another."""
    if isinstance(extends, str):
        return extends, None
    service = extends.get("service") if isinstance(extends, dict) else None
    file = extends.get("file") if isinstance(extends, dict) else None
    if not isinstance(service, str) or not isinstance(file, (str, type(None))):
        raise InvalidArgument(f"extends.{name}.service is required")
    return service, file


def _without_circle(above: tuple[Extension, ...], added: Extension) -> tuple[Extension, ...]:
    if added in above:
        lines = [f"  {above[0].service} in {above[0].file}"]
        lines += [f"  extends {one.service} in {one.file}" for one in (*above[1:], added)]
        raise InvalidArgument("\n".join(("Circular reference:", *lines)))
    if len(above) == LIMIT_EXTENDS:
        raise InvalidArgument(
            f"{added.file}: {added.service} is extended through more than {LIMIT_EXTENDS} services"
        )
    return (*above, added)


def _reset(value: Any, patterns: list[Path], path: Path = ()) -> None:
    """Forget what earlier files have at `patterns`."""
    if not patterns or not isinstance(value, dict):
        return
    for key in list(value):
        below = (*path, key)
        if any(matches(below, pattern) for pattern in patterns):
            del value[key]
        else:
            _reset(value[key], patterns, below)
