from pathlib import Path
from typing import Any

import pytest
from tests.unit.compose.projects import found, project_of_text

from seacan.compose.config_hash import network_hash, service_hash, volume_hash
from seacan.compose.containers import Found
from seacan.compose.plan import (
    Policy,
    Present,
    Verb,
    network_step,
    plan_service,
    volume_step,
)
from seacan.errors import Conflict

NOTHING = Present({}, {}, "sha256:1")


def service(directory: Path, text: str = "{image: x}") -> dict[str, Any]:
    return project_of_text(directory, f"services: {{a: {text}}}").services["a"]


def existing(number: int, one: dict[str, Any], **changes: Any) -> Found:
    labels = {"config-hash": service_hash(one), "image": "sha256:1"} | changes
    state = labels.pop("state", "exited")
    return found("a", number, state=state, **labels)


def planned(
    one: dict[str, Any], containers: list[Found], policy: Policy = Policy.DIVERGED
) -> list[tuple[str, int]]:
    actions = plan_service(one, containers, NOTHING, policy)
    return sorted((action.verb.value, action.number) for action in actions)


def test_what_is_as_it_should_be_stays(tmp_path: Path) -> None:
    one = service(tmp_path)
    assert planned(one, [existing(1, one)]) == [("keep", 1)]
    assert planned(one, [existing(1, one)], Policy.FORCE) == [("recreate", 1)]


@pytest.mark.parametrize("change", [{"config-hash": "other"}, {"image": "sha256:2"}])
def test_what_has_changed_is_made_anew(tmp_path: Path, change: dict[str, str]) -> None:
    one = service(tmp_path)
    assert planned(one, [existing(1, one, **change)]) == [("recreate", 1)]
    assert planned(one, [existing(1, one, **change)], Policy.NEVER) == [("keep", 1)]


def test_scaling_up_takes_the_next_numbers(tmp_path: Path) -> None:
    one = service(tmp_path, "{image: x, scale: 4}")
    containers = [existing(1, one), existing(3, one)]
    assert planned(one, containers) == [("create", 4), ("create", 5), ("keep", 1), ("keep", 3)]


def test_scaling_down_removes_what_would_be_made_anew_first(tmp_path: Path) -> None:
    one = service(tmp_path, "{image: x, scale: 1}")
    containers = [existing(1, one, **{"config-hash": "other"}), existing(2, one), existing(3, one)]
    assert planned(one, containers) == [("keep", 2), ("remove", 1), ("remove", 3)]


def test_of_two_with_one_number_one_goes(tmp_path: Path) -> None:
    """Somebody has died while one replaced the other."""
    one = service(tmp_path, "{image: x, network_mode: none}")
    old = existing(1, one, **{"config-hash": "other", "state": "running"})
    new = aside(existing(1, one, state="running"))
    # The one that serves under its name is replaced once more: nobody knows how the other is.
    assert planned(one, [old, new]) == [("recreate", 1), ("remove", 1)]
    (action,) = [
        action
        for action in plan_service(one, [old, new], NOTHING, Policy.DIVERGED)
        if action.verb is Verb.REMOVE
    ]
    assert action.container is new
    # But if it has been stopped already, the other has taken over.
    stopped = existing(1, one, **{"config-hash": "other"})
    assert planned(one, [stopped, new]) == [("keep", 1), ("remove", 1)]


def aside(container: Found) -> Found:
    names = [f"/{'0' * 12}_{container.name}"]
    other = Found({**container.summary, "Id": "f" * 64, "Names": names})
    assert other.is_aside
    assert other.short_name == container.short_name
    return other


def test_one_that_runs_outside_its_network_is_made_anew(tmp_path: Path) -> None:
    one = service(tmp_path)
    present = Present({"default": "n1"}, {}, "sha256:1")
    running = existing(1, one, state="running")
    assert plan_service(one, [running], present, Policy.DIVERGED)[0].verb is Verb.RECREATE
    stopped = existing(1, one)
    assert plan_service(one, [stopped], present, Policy.DIVERGED)[0].verb is Verb.KEEP


def test_one_without_its_volume_is_made_anew(tmp_path: Path) -> None:
    text = "services: {a: {image: x, volumes: ['vol:/v']}}\nvolumes: {vol: {}}"
    one = project_of_text(tmp_path, text).services["a"]
    present = Present({}, {"vol": "app_v"}, "sha256:1")
    container = existing(1, one)
    assert plan_service(one, [container], present, Policy.DIVERGED)[0].verb is Verb.RECREATE
    mounted = {**container.summary, "Mounts": [{"Type": "volume", "Name": "app_v"}]}
    (action,) = plan_service(one, [Found(mounted)], present, Policy.DIVERGED)
    assert action.verb is Verb.KEEP


def labels(kind: str, digest: str, project: str = "app") -> dict[str, dict[str, str]]:
    return {
        "Labels": {
            f"com.docker.compose.{kind}": "n",
            "com.docker.compose.project": project,
            "com.docker.compose.config-hash": digest,
        }
    }


def test_networks() -> None:
    network = {"name": "app_n"}
    digest = network_hash(network)
    assert network_step("app", "n", network, None).verb is Verb.CREATE
    assert network_step("app", "n", network, labels("network", digest)).verb is Verb.KEEP
    assert network_step("app", "n", network, labels("network", "x")).verb is Verb.RECREATE
    other = network_step("app", "n", network, labels("network", digest, "other"))
    assert 'was not created for project "app"' in other.warning
    with pytest.raises(Conflict, match="has incorrect label"):
        network_step("app", "n", network, {"Labels": {}})


def test_volumes() -> None:
    volume = {"name": "app_n"}
    digest = volume_hash(volume)
    assert volume_step("app", volume, None).verb is Verb.CREATE
    assert volume_step("app", volume, labels("volume", digest)).verb is Verb.KEEP
    assert volume_step("app", volume, labels("volume", "x")).verb is Verb.RECREATE
    assert "was not created by compose" in volume_step("app", volume, {"Labels": {}}).warning
