"""Each field of a container's Config: done, or refused by name; none ignored."""

import ast
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from tests.unit.engine.bundle.test_bundle import inputs_of
from tests.unit.engine.creation.test_fields import DEFINITIONS, TESTS
from tests.unit.engine.hosts import make

from seacan.engine.bundle.bundle import make_config
from seacan.errors import SeacanError

# A value that config.json shows.
IN_BUNDLE: Final[dict[str, Any]] = {
    "Cmd": ["x"],
    "Domainname": "example.com",
    "Entrypoint": ["x"],
    "Env": ["A=b"],
    "Hostname": "x",
    "NetworkDisabled": True,
    "Tty": True,
    "User": "nobody",
    "WorkingDir": "/x",
}
REFUSED: Final[dict[str, Any]] = {"ArgsEscaped": True, "OnBuild": ["RUN true"]}


class Shown(NamedTuple):
    """A test, and by which word it asks for the field."""

    file: str
    test: str
    word: str


# What others see of it, and the test that shows that.
ELSEWHERE: Final = {
    # These three are for clients to read: whom to attach, the request to attach says.
    **{
        field: Shown(
            "unit/engine/creation/test_requests.py",
            "test_a_minimal_request_is_filled_as_docker_inspects_it",
            field,
        )
        for field in ("AttachStdin", "AttachStdout", "AttachStderr")
    },
    "ExposedPorts": Shown(
        "conformance/test_docker_networks.py", "test_ranges_and_all_exposed_ports", "--expose"
    ),
    "Healthcheck": Shown(
        "unit/engine/running/test_health.py", "test_every_field_counts", "Healthcheck"
    ),
    "Image": Shown("api/test_routes.py", "test_create", "Image"),
    "Labels": Shown("conformance/test_docker_control.py", "test_filters_of_ps", "--label"),
    "MacAddress": Shown(
        "unit/engine/networks/test_endpoint_settings.py",
        "test_the_address_of_the_container_is_that_of_its_first_network",
        "MacAddress",
    ),
    "OpenStdin": Shown(
        "conformance/test_api_streams.py",
        "test_a_client_whose_input_ends_is_let_go_where_stdin_stays_open",
        '"-i"',
    ),
    "Shell": Shown("unit/engine/running/test_health.py", "test_every_field_counts", "Shell"),
    "StdinOnce": Shown(
        "conformance/test_api_streams.py",
        "test_input_that_is_ended_once_reaches_its_end",
        "StdinOnce",
    ),
    "StopSignal": Shown(
        "conformance/test_docker_lifecycle.py",
        "test_stop_with_the_containers_own_signal_and_time",
        "--stop-signal",
    ),
    "StopTimeout": Shown(
        "conformance/test_docker_lifecycle.py",
        "test_stop_with_the_containers_own_signal_and_time",
        "--stop-timeout",
    ),
    "Volumes": Shown(
        "unit/engine/volumes/test_points.py",
        "test_a_volume_for_each_path_where_nothing_else_is_mounted",
        "Volumes",
    ),
}


def test_no_field_of_config_is_forgotten() -> None:
    described = set(DEFINITIONS["ContainerConfig"]["properties"])
    tables = (set(IN_BUNDLE), set(REFUSED), set(ELSEWHERE))
    assert set.union(*tables) == described
    assert sum(map(len, tables)) == len(described)


def _source(file: Path, test: str) -> str:
    """Return a test with its parameters. Raises KeyError if there is none of that name."""
    text = file.read_text()
    functions = {node.name: node for node in ast.parse(text).body if hasattr(node, "name")}
    found: Any = functions[test]
    first = min(node.lineno for node in (found, *found.decorator_list))
    return "\n".join(text.splitlines()[first - 1 : found.end_lineno])


@pytest.mark.parametrize("field", ELSEWHERE)
def test_what_is_shown_elsewhere(field: str) -> None:
    shown = ELSEWHERE[field]
    assert shown.word in _source(TESTS / shown.file, shown.test)


@pytest.mark.parametrize("field", IN_BUNDLE)
def test_what_the_runtime_is_told(field: str) -> None:
    given = make_config(inputs_of(make(**{field: IN_BUNDLE[field]})))
    assert given != make_config(inputs_of(make()))


@pytest.mark.parametrize("field", REFUSED)
def test_what_is_refused(field: str) -> None:
    with pytest.raises(SeacanError, match=field):
        make(**{field: REFUSED[field]})
