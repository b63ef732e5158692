"""Which events a client wants: the filters of GET /events, by dockerd's rules.

Of a filter's values one has to fit, of `label` every one. A filter that there is not lets all pass,
as it does in dockerd 28.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from seacan.engine.events.log import Event
from seacan.errors import SeacanError
from seacan.images import references

Filters = Mapping[str, Sequence[str]]

# The kinds whose filter is a start of the id or the name, whatever kind the event is of.
_BY_NAME: Final = (
    "daemon",
    "container",
    "plugin",
    "volume",
    "network",
    "node",
    "service",
    "secret",
    "config",
)
# Actions that go on after a colon: `exec_create: sh -c true`, `health_status: healthy`.
_WITH_DETAIL: Final = frozenset({"health_status", "exec_create", "exec_start"})


def event_filter(wanted: Filters) -> Callable[[Event], bool]:
    """Return whether an event passes all of `wanted`."""
    tests = [test for name, values in wanted.items() if values for test in _tests(name, values)]
    return lambda event: all(test(event) for test in tests)


def _tests(name: str, values: Sequence[str]) -> list[Callable[[Event], bool]]:
    match name:
        case "type":
            return [lambda event: event.kind in values]
        case "scope":  # there is no swarm, whose events would have another
            return [lambda event: "local" in values]
        case "event" if _WITH_DETAIL.intersection(values):
            return [lambda event: _starts(event.action, values)]
        case "event":
            return [lambda event: event.action in values]
        case "label":
            return [lambda event: all(_has_label(event.attributes, value) for value in values)]
        case "image":
            return [lambda event: _is_of_image(event, values)]
        case _ if name in _BY_NAME:
            return [
                lambda event: (
                    _starts(event.actor_id, values)
                    or _starts(event.attributes.get("name", ""), values)
                )
            ]
    return []


def _starts(text: str, values: Sequence[str]) -> bool:
    return text.startswith(tuple(values))


def _has_label(attributes: Mapping[str, str], value: str) -> bool:
    key, equals, wanted = value.partition("=")
    return key in attributes and (not equals or attributes[key] == wanted)


def _is_of_image(event: Event, values: Sequence[str]) -> bool:
    """Tell whether it is about one of these images, or a container of it; a tag may be left out."""
    name = event.attributes.get("name" if event.kind == "image" else "image", "")
    return any(
        text in values
        for text in (event.actor_id, name, _without_tag(event.actor_id), _without_tag(name))
    )


def _without_tag(name: str) -> str:
    try:
        return references.parse(name).familiar_name
    except SeacanError:
        return name
