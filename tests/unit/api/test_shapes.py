"""The shapes against what dockerd 28.5.2 answered: the same fields, of the same kinds."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.containers import make_container
from tests.fakes.images import make_image

from seacan.api.shapes.containers import inspect_container
from seacan.api.shapes.create import adapt_create, deprecated
from seacan.api.shapes.images import inspect_image, list_image
from seacan.api.shapes.listing import list_container
from seacan.api.shapes.times import in_words, seconds_since_epoch
from seacan.api.versions import NEWEST, Version
from seacan.engine.containers.container import Container, Health, HealthStatus, ProbeResult, Status
from seacan.engine.containers.listing import Listed
from seacan.engine.containers.sizes import Sizes
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerCreate

GOLDEN = Path(__file__).parents[2] / "golden/api/dockerd-28.5.2.json"
KINDS = {"boolean": bool, "number": int, "string": str}


def difference(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Return where `ours` is not of the kind that `theirs` tells."""
    if ours is None or theirs == "null":
        return []
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [f"{at} is no object"]
        found = [f"{at}.{name} is only here" for name in ours.keys() - theirs.keys()]
        found += [f"{at}.{name} is missing" for name in theirs.keys() - ours.keys()]
        for name in sorted(ours.keys() & theirs.keys()):
            found += difference(ours[name], theirs[name], f"{at}.{name}")
        return found
    if isinstance(theirs, list):
        if not isinstance(ours, list):
            return [f"{at} is no array"]
        return [d for one in ours for kind in theirs for d in difference(one, kind, f"{at}[]")]
    return [] if isinstance(ours, KINDS[theirs]) else [f"{at} is no {theirs}"]


@pytest.mark.parametrize(
    ("mode", "shown"), [("bridge", "02:42:00:00:00:99"), ("none", None), ("other", None)]
)
def test_the_address_asked_of_the_first_network_is_the_containers(
    mode: str, shown: str | None
) -> None:
    container = make_container()
    container.host_config["NetworkMode"] = mode
    container.networks = {name: {"MacAddress": "02:42:00:00:00:99"} for name in ("bridge", "none")}
    assert inspect_container(container)["Config"].get("MacAddress") == shown


@pytest.mark.parametrize("version", [Version(1, 24), Version(1, 51)])
def test_fields_are_dockerds(version: Version) -> None:
    golden = json.loads(GOLDEN.read_text())
    prefix = f"GET /v{version}"
    container, image = make_container(), make_image()

    inspected = inspect_container(container)
    shown = inspect_image(image, version)
    shown["Config"]["Labels"] = None

    assert difference(inspected, golden[f"{prefix}/containers/ID/json"]) == []
    entry = _listed(container, version)
    assert difference([entry], golden[f"{prefix}/containers/json"]) == []
    assert difference(shown, golden[f"{prefix}/images/NAME/json"]) == []
    listed = list_image(image, version, containers=1) | {"Labels": None}
    assert difference([listed], golden[f"{prefix}/images/json"]) == []


def test_what_is_set_is_shown() -> None:
    container = make_container(status=Status.EXITED, exit_code=3, oom_killed=True, error="why")
    container.host_config |= {"Init": False, "Tmpfs": {"/x": ""}, "Mounts": []}
    container.config |= {"StopTimeout": 0, "StopSignal": "SIGINT", "ExposedPorts": {}}

    shown = inspect_container(container)

    assert shown["State"] | {"StartedAt": "", "FinishedAt": ""} == {
        "Status": "exited", "Running": False, "Paused": False, "Restarting": False,
        "OOMKilled": True, "Dead": False, "Pid": 0, "ExitCode": 3, "Error": "why",
        "StartedAt": "", "FinishedAt": "",
    }  # fmt: skip
    assert shown["HostConfig"]["Init"] is False
    assert shown["HostConfig"]["Tmpfs"] == {"/x": ""}
    assert "Mounts" not in shown["HostConfig"]
    assert (shown["Config"]["StopTimeout"], shown["Config"]["StopSignal"]) == (0, "SIGINT")
    assert "ExposedPorts" not in shown["Config"]


def test_what_the_first_start_makes_is_not_there_before() -> None:
    paths = ("LogPath", "HostnamePath", "HostsPath", "ResolvConfPath")
    created = inspect_container(make_container())
    assert [created[name] for name in paths] == ["", "", "", ""]
    started = inspect_container(make_container(started_at="2026-11-24T01:33:18.831282888Z"))
    assert all(started[name].startswith("/nowhere/") for name in paths)


def test_where_a_volume_is_kept_is_told_by_inspect_alone() -> None:
    container = make_container()
    kept, bound = {"Type": "volume", "Source": "/v"}, {"Type": "bind", "Source": "/b"}
    container.mounts = [kept, bound]
    assert inspect_container(container)["Mounts"] == [kept, bound]
    assert _listed(container)["Mounts"] == [{"Type": "volume", "Source": ""}, bound]


def test_lists_that_a_client_left_out_are_null() -> None:
    shown = inspect_container(make_container())["HostConfig"]
    assert (shown["Dns"], shown["Ulimits"], shown["PortBindings"]) == (None, None, None)


def test_entries_are_whole_though_a_client_left_fields_out() -> None:
    container = make_container()
    container.host_config |= {
        "PortBindings": {"80/tcp": [{"HostPort": "8080"}], "81/tcp": None, "82/tcp": []},
        "Devices": [{"PathOnHost": "/dev/null"}],
        "Ulimits": [{"Name": "core"}],
    }
    shown = inspect_container(container)["HostConfig"]
    assert shown["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}], "81/tcp": None, "82/tcp": [],
    }  # fmt: skip
    assert shown["Devices"] == [
        {"PathOnHost": "/dev/null", "PathInContainer": "", "CgroupPermissions": ""}
    ]
    assert shown["Ulimits"] == [{"Name": "core", "Hard": 0, "Soft": 0}]


def test_what_is_empty_in_a_mount_or_a_health_check_is_left_out() -> None:
    container = make_container()
    container.host_config["Mounts"] = [
        {"Type": "tmpfs", "Source": "", "Target": "/m", "ReadOnly": False, "Consistency": None,
         "TmpfsOptions": {"SizeBytes": 1, "Mode": 0}},
        {"Type": "bind", "Source": "/s", "Target": "/t", "ReadOnly": True, "BindOptions": {}},
        {"Type": "volume", "Target": "/v", "VolumeOptions": {
            "NoCopy": False, "Labels": {"a": ""}, "DriverConfig": {"Name": "", "Options": {}}}},
    ]  # fmt: skip
    container.config["Healthcheck"] = {"Test": ["CMD", "true"], "Interval": 0, "Retries": None}
    container.networks = {"none": {"IPAMConfig": {"IPv4Address": "", "LinkLocalIPs": []}}}
    shown = inspect_container(container)
    assert shown["HostConfig"]["Mounts"] == [
        {"Type": "tmpfs", "Target": "/m", "TmpfsOptions": {"SizeBytes": 1}},
        {"Type": "bind", "Source": "/s", "Target": "/t", "ReadOnly": True, "BindOptions": {}},
        {"Type": "volume", "Target": "/v",
         "VolumeOptions": {"Labels": {"a": ""}, "DriverConfig": {}}},
    ]  # fmt: skip
    assert shown["Config"]["Healthcheck"] == {"Test": ["CMD", "true"]}
    assert shown["NetworkSettings"]["Networks"]["none"]["IPAMConfig"] == {}


@pytest.mark.parametrize(("version", "nothing"), [("1.42", None), ("1.43", [])])
def test_an_image_without_digests(version: str, nothing: object) -> None:
    asked = Version(*map(int, version.split(".")))
    assert list_image(make_image(), asked, containers=1)["RepoDigests"] == nothing


def test_command_and_status_in_words() -> None:
    container = make_container()
    listed = _listed(container)
    assert (listed["Command"], listed["Status"]) == ("sh -c 'echo hello'", "Created")

    exited = make_container(
        status=Status.EXITED, exit_code=3, finished_at="2000-01-01T00:00:00.123456789Z"
    )
    assert _listed(exited)["Status"].startswith("Exited (3) 2")
    assert _listed(exited)["Status"].endswith(" years ago")

    running = make_container(status=Status.RUNNING, started_at="2999-01-01T00:00:00Z")
    assert _listed(running)["Status"] == "Up Less than a second"
    running.state.health = Health()
    assert _listed(running)["Status"].endswith(" (health: starting)")
    running.state.health.status = HealthStatus.UNHEALTHY
    assert _listed(running)["Status"].endswith(" (unhealthy)")
    paused = make_container(status=Status.PAUSED, started_at="2999-01-01T00:00:00Z")
    assert _listed(paused)["Status"] == "Up Less than a second (Paused)"
    state = inspect_container(paused)["State"]
    assert (state["Status"], state["Running"], state["Paused"]) == ("paused", True, True)

    again = make_container(
        status=Status.RESTARTING, exit_code=3, finished_at="2999-01-01T00:00:00Z"
    )
    assert _listed(again)["State"] == "restarting"
    assert _listed(again)["Status"] == "Restarting (3) Less than a second ago"


def test_state_of_what_is_to_be_started_again() -> None:
    state = inspect_container(make_container(status=Status.RESTARTING))["State"]
    assert (state["Status"], state["Running"], state["Restarting"]) == ("restarting", True, True)
    assert "Health" not in state


def test_health() -> None:
    container = make_container(status=Status.RUNNING)
    start, end = "2026-11-24T01:33:18.831282888Z", "2026-11-24T01:33:19.831282888Z"
    container.state.health = Health(HealthStatus.HEALTHY, 0, [ProbeResult(start, end, 0, "hi")])
    assert inspect_container(container)["State"]["Health"] == {
        "Status": "healthy",
        "FailingStreak": 0,
        "Log": [{"Start": start, "End": end, "ExitCode": 0, "Output": "hi"}],
    }


def test_sizes() -> None:
    container = make_container()
    shown = inspect_container(container, Sizes(0, 5))
    assert (shown["SizeRw"], shown["SizeRootFs"]) == (0, 5)
    listed = list_container(Listed(container, "busybox", Sizes(0, 5)), Version(1, 51), 0.0)
    assert "SizeRw" not in listed  # as dockerd leaves it out of a list
    assert listed["SizeRootFs"] == 5
    assert "SizeRootFs" not in _listed(container)


def test_an_image_that_lost_its_name_is_listed_by_its_id() -> None:
    assert list_container(Listed(make_container(), "sha256:x"), Version(1, 51), 0.0)["Image"] == (
        "sha256:x"
    )


def _listed(container: Container, version: Version = NEWEST) -> dict[str, Any]:
    return list_container(Listed(container, container.image), version, time.time())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (120, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (5400, "2 hours"),
        (86400 * 2, "2 days"),
        (86400 * 14, "2 weeks"),
        (86400 * 60, "2 months"),
        (86400 * 730, "2 years"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_times() -> None:
    assert seconds_since_epoch("1970-01-01T00:00:01.500000000Z") == 1.5
    assert seconds_since_epoch("1970-01-01T01:00:00+01:00") == 0
    assert seconds_since_epoch("") == 0


def test_images_of_older_versions() -> None:
    dangling = make_image(name="")
    assert list_image(dangling, Version(1, 42), containers=0)["RepoTags"] == ["<none>:<none>"]
    assert list_image(dangling, Version(1, 43), containers=0)["RepoTags"] == []
    assert list_image(dangling, Version(1, 50), containers=5)["Containers"] == -1


def test_an_old_client_did_not_mean_what_it_did_not_know() -> None:
    request: ContainerCreate = {
        "Image": "x",
        "HostConfig": {
            "AutoRemove": True,
            "Annotations": {"a": "b"},
            "ConsoleSize": [1, 2],
            "PidsLimit": -1,
            "Mounts": [
                {"Type": "bind", "ReadOnly": True, "BindOptions": {"CreateMountpoint": True}},
                {"Type": "tmpfs", "VolumeOptions": {"NoCopy": True}, "TmpfsOptions": {"Mode": 1}},
            ],
        },
    }

    old = adapt_create(request, Version(1, 24))["HostConfig"]
    new = adapt_create(request, Version(1, 51))["HostConfig"]

    assert old is not None
    assert new is not None
    assert (old["AutoRemove"], old["Annotations"], old["ConsoleSize"]) == (False, None, None)
    assert old["IpcMode"] == "shareable"
    assert old["Mounts"] == [
        {"Type": "bind", "ReadOnly": True, "VolumeOptions": None, "TmpfsOptions": None,
         "BindOptions": {"ReadOnlyNonRecursive": True}},
        {"Type": "tmpfs", "VolumeOptions": None, "TmpfsOptions": {"Mode": 1}},
    ]  # fmt: skip
    assert request["HostConfig"] is not None
    assert new == request["HostConfig"] | {"PidsLimit": None}


def test_what_is_said_elsewhere_since_is_warned_of() -> None:
    request: ContainerCreate = {"Image": "x", "MacAddress": "02:42:00:00:00:01"}
    (warning,) = deprecated(request, Version(1, 44))
    assert warning.startswith("The container-wide MacAddress field is now deprecated.")
    assert deprecated(request, Version(1, 43)) == []
    assert deprecated({"Image": "x", "MacAddress": ""}, Version(1, 51)) == []


def test_addresses_of_interfaces_were_of_the_container() -> None:
    """Clients that copy what they have read, to make a container anew, copy its address too."""
    request: ContainerCreate = {
        "NetworkingConfig": {"EndpointsConfig": {"n": {"MacAddress": "02:42:00:00:00:01"}}},
    }
    copied = adapt_create(request, Version(1, 43))["NetworkingConfig"]
    assert copied == {"EndpointsConfig": {"n": {"MacAddress": None}}}
    assert adapt_create(request, Version(1, 44))["NetworkingConfig"] == request["NetworkingConfig"]


@pytest.mark.parametrize("mode", ["none", "host", "container:x"])
def test_an_address_is_for_an_interface(mode: str) -> None:
    request: ContainerCreate = {
        "MacAddress": "02:42:00:00:00:01", "HostConfig": {"NetworkMode": mode},
    }  # fmt: skip
    with pytest.raises(InvalidArgument, match="conflicting options: mac-address and the network"):
        adapt_create(request, Version(1, 43))
    adapt_create(request, Version(1, 44))


def test_what_protects_is_not_dropped_unheard() -> None:
    forced: ContainerCreate = {
        "HostConfig": {
            "Mounts": [{"Type": "bind", "BindOptions": {"ReadOnlyForceRecursive": True}}]
        }
    }
    with pytest.raises(InvalidArgument, match=r"needs API v1\.44 or newer"):
        adapt_create(forced, Version(1, 43))
