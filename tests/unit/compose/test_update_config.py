from pathlib import Path

import pytest
from tests.unit.compose.projects import project_of_text

from seacan.compose.model.project import Project
from seacan.compose.update_config import (
    CONTINUE,
    START_FIRST,
    UpdateConfig,
    update_config_of,
    why_all_at_once,
    why_stop_first,
)
from seacan.errors import InvalidArgument


def project(directory: Path, text: str) -> Project:
    return project_of_text(directory, f"services: {{a: {{image: x, {text}}}}}")


def config(directory: Path, text: str) -> UpdateConfig | None:
    return update_config_of("a", project(directory, f"deploy: {text}").services["a"])


def test_what_is_not_given_is_as_specified(tmp_path: Path) -> None:
    assert config(tmp_path, "{replicas: 2}") is None
    assert config(tmp_path, "{update_config: {}}") == UpdateConfig()
    assert UpdateConfig().parallelism == 1


def test_all_of_it(tmp_path: Path) -> None:
    text = (
        "{update_config: {parallelism: 0, delay: 1m30s, monitor: 500ms, failure_action: continue, "
        "max_failure_ratio: 0.25, order: start-first}}"
    )
    assert config(tmp_path, text) == UpdateConfig(0, 90.0, 0.5, CONTINUE, 0.25, START_FIRST)


def test_an_unknown_action_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidArgument, match=r"a\.deploy\.update_config\.failure_action: \"stop\""
    ):
        config(tmp_path, "{update_config: {failure_action: stop}}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ports: ['80']", ""),
        ("ports: ['8000-8010:80']", ""),
        ("ports: ['8080:80']", "port 8080 of the host"),
        ("mac_address: '02:00:00:00:00:01'", "02:00:00:00:00:01"),
        ("networks: {default: {ipv4_address: 10.1.2.3}}", "10.1.2.3"),
        ("networks: {default: {aliases: [b]}}", ""),
    ],
)
def test_what_one_container_alone_can_have(tmp_path: Path, text: str, reason: str) -> None:
    why = why_stop_first(project(tmp_path, text).services["a"])
    assert why.startswith(reason)
    assert bool(why) == bool(reason)


@pytest.mark.parametrize(
    "sharing",
    ["network_mode: 'service:a'", "ipc: 'service:a'", "pid: 'service:a'", "volumes_from: ['a:ro']"],
)
def test_one_that_others_share_something_with(tmp_path: Path, sharing: str) -> None:
    text = f"services: {{a: {{image: x}}, b: {{image: x, {sharing}}}}}"
    shared = project_of_text(tmp_path, text)
    assert "service b" in why_all_at_once(shared, "a")
    assert why_all_at_once(shared, "b") == ""
