"""What a log says of its container: the tag, and the labels and variables that were asked for."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from seacan.engine import expressions
from seacan.engine.containers.container import Container
from seacan.errors import InvalidArgument

DEFAULT_TAG: Final = "{{.ID}}"

_ACTION: Final = re.compile(r"\{\{([^{}]*+)\}\}")
_FIELDS: Final[Mapping[str, Callable[[Container], str]]] = {
    "ID": lambda c: c.id[:12],
    "FullID": lambda c: c.id,
    "ContainerID": lambda c: c.id,
    "Name": lambda c: c.name,
    "ContainerName": lambda c: f"/{c.name}",
    # The first twelve characters with the name of the digest, as dockerd has it.
    "ImageID": lambda c: c.image_id[:12],
    "ImageFullID": lambda c: c.image_id,
    "ContainerImageID": lambda c: c.image_id,
    "ImageName": lambda c: c.image,
    "ContainerImageName": lambda c: c.image,
    "Command": lambda c: command(c),
    "DaemonName": lambda c: "docker",
}


def command(container: Container) -> str:
    return " ".join([container.path, *container.args])


def check(options: Mapping[str, str]) -> None:
    """Refuse a tag or an expression that cannot be made use of. Raises InvalidArgument."""
    template = options.get("tag", "")
    for action in _ACTION.findall(template):
        _field(action, template)
    if "{{" in _ACTION.sub("", template):
        raise InvalidArgument(f"{_FAILED}: template: log-tag:1: unclosed action")
    for name in ("labels-regex", "env-regex"):
        _test(options.get(name, ""))


def tag(container: Container, options: Mapping[str, str], default: str = DEFAULT_TAG) -> str:
    """Return the tag, of Docker's fields such as {{.Name}}."""
    template = options.get("tag") or default

    def value(match: re.Match[str]) -> str:
        return _field(match[1], template)(container)

    return _ACTION.sub(value, template)


_FAILED: Final = "failed to initialize logging driver"


def _field(action: str, template: str) -> Callable[[Container], str]:
    name = action.strip()
    found = _FIELDS.get(name.removeprefix("."))
    if not name.startswith(".") or found is None:
        raise InvalidArgument(
            f"{_FAILED}: log opt tag: {template}: {{{{{action}}}}} is not supported: "
            f"use one of {', '.join(f'{{{{.{field}}}}}' for field in _FIELDS)}"
        )
    return found


def extra(
    container: Container, options: Mapping[str, str], rename: Callable[[str], str] = str
) -> dict[str, str]:
    """Return the labels and variables asked for; `rename` makes their names fit the driver."""
    labels = container.config.get("Labels") or {}
    variables = dict(
        pair.split("=", 1) for pair in container.config.get("Env") or [] if "=" in pair
    )
    chosen = _chosen(labels, options, "labels") | _chosen(variables, options, "env")
    return {rename(name): value for name, value in chosen.items()}


def _chosen(values: Mapping[str, str], options: Mapping[str, str], kind: str) -> dict[str, str]:
    named = {name for name in options.get(kind, "").split(",") if name}
    is_wanted = _test(options.get(f"{kind}-regex", ""))
    return {name: value for name, value in values.items() if name in named or is_wanted(name)}


def _test(text: str) -> Callable[[str], bool]:
    if not text:
        return lambda _: False
    try:
        return expressions.finder(text)
    except InvalidArgument as err:
        raise InvalidArgument(f"{_FAILED}: {err}") from err
