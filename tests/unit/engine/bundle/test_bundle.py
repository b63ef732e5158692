"""Request → config.json, against what was written before and against what dockerd gives to runc.

`SEACAN_GOLDEN=1` rewrites NAME.config.json; read the difference. record_dockerd.py, beside them,
writes NAME.dockerd.json.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.engine.hosts import BUSYBOX, CONTAINER_ID, HOST, make

from seacan.engine.bundle import devices, mounts
from seacan.engine.bundle.bundle import (
    BundleInputs,
    check_exec,
    exec_user,
    make_config,
    make_exec_process,
)
from seacan.engine.bundle.sharing import Shared
from seacan.engine.bundle.users import Accounts, find_user
from seacan.engine.creation.requests import Normalised, normalise
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerCreate

GOLDEN = Path(__file__).parents[3] / "golden" / "bundle"
NAMES = sorted(path.name.removesuffix(".request.json") for path in GOLDEN.glob("*.request.json"))

# Of the image busybox.
ACCOUNTS = Accounts(
    b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    b"root:x:0:\nnogroup:x:65534:\n",
)
NETWORK_FILES = {
    f"/etc/{name}": f"/containers/ID/{name}" for name in ("resolv.conf", "hostname", "hosts")
}


def inputs_of(normalised: Normalised) -> BundleInputs:
    host_config = normalised.host_config
    user = normalised.config.get("User") or ""
    found = devices.find(host_config)
    is_alone = normalised.config.get("NetworkDisabled")
    if host_config.get("Privileged"):
        found = replace(found, nodes=())  # whatever the host has
    return BundleInputs(
        config=normalised.config,
        host_config=host_config,
        mounts=mounts.with_propagation(normalised.mounts, Path("/nowhere")),
        user=find_user(user, host_config.get("GroupAdd") or [], ACCOUNTS),
        devices=found,
        cgroup_path="/docker/ID",
        shared=Shared(network_files={} if is_alone else NETWORK_FILES),
        host=HOST,
        init="/usr/bin/docker-init",
    )


def request(name: str) -> ContainerCreate:
    body: ContainerCreate = json.loads((GOLDEN / f"{name}.request.json").read_text())
    return body


def config_of(name: str) -> dict[str, Any]:
    normalised = normalise(request(name), BUSYBOX, CONTAINER_ID, HOST)
    config: dict[str, Any] = json.loads(json.dumps(make_config(inputs_of(normalised))))
    return config


@pytest.mark.parametrize("name", NAMES)
def test_config_is_as_it_was(name: str) -> None:
    path, config = GOLDEN / f"{name}.config.json", config_of(name)
    if os.environ.get("SEACAN_GOLDEN"):
        path.write_text(json.dumps(config, indent=1) + "\n")
    assert config == json.loads(path.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_config_is_what_dockerd_gives_to_runc(name: str) -> None:
    dockers = json.loads((GOLDEN / f"{name}.dockerd.json").read_text())
    ours = config_of(name)
    assert ours.pop("ociVersion").startswith("1.2.")
    assert dockers.pop("ociVersion").startswith("1.2.")
    assert comparable(ours) == comparable(dockers)


def comparable(config: dict[str, Any]) -> dict[str, Any]:
    """Take away the differences that are meant, and those that say the same in other words."""
    process, linux = config["process"], config["linux"]
    # runc adds HOME, if it is missing; we say it. Docker's other entries count.
    process["env"] = [entry for entry in process["env"] if not entry.startswith("HOME=")]
    # Docker has no field for the domain name, the OCI has since 1.1.
    domain = linux.get("sysctl", {}).pop("kernel.domainname", None)
    if domain:
        config["domainname"] = domain
    # Docker's rules begin twice; only the rules from the last one for everything on count.
    # No number is every number, as is -1.
    rules = linux["resources"]["devices"]
    start = max(n for n, rule in enumerate(rules) if "type" not in rule)
    linux["resources"]["devices"] = [
        {name: value for name, value in rule.items() if value != -1} for rule in rules[start:]
    ]
    # Two binds at one depth may come in any order.
    config["mounts"].sort(key=lambda mount: mount["destination"])
    compared: dict[str, Any] = without_empty(config)
    return compared


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        items = {name: without_empty(item) for name, item in value.items()}
        return {
            name: item
            for name, item in items.items()
            if item not in (None, [], {}) and not (item is False and name != "allow")
        }
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def test_mounts_come_after_those_they_lie_below() -> None:
    destinations = [mount["destination"] for mount in config_of("mounts")["mounts"]]
    for number, destination in enumerate(destinations):
        assert not any(d.startswith(f"{destination}/") for d in destinations[:number])


def test_no_capability_is_inheritable_or_ambient() -> None:  # CVE-2022-24769
    for name in NAMES:
        sets = config_of(name)["process"]["capabilities"]
        assert not {"inheritable", "ambient"} & set(sets)


def test_home_is_the_users_unless_the_image_or_the_request_has_one() -> None:
    plain = make_config(inputs_of(make()))
    assert "HOME=/root" in plain["process"]["env"]
    own = make_config(inputs_of(make(Env=["HOME=/x"])))
    assert [e for e in own["process"]["env"] if e.startswith("HOME=")] == ["HOME=/x"]


def test_a_limit_above_the_daemons_own_is_refused_where_it_cannot_be_raised() -> None:
    limits = {"Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20001}]}
    with pytest.raises(InvalidArgument, match="ulimit nofile: the daemon may not raise the hard"):
        make_config(inputs_of(make(hc=limits)))


def test_an_older_init_does_not_show_without_being_asked_for() -> None:
    assert make_config(inputs_of(make(hc={"Init": False})))["process"]["args"] == ["true"]


def test_a_bind_that_follows_the_host_makes_the_root_a_slave() -> None:
    config = make_config(inputs_of(make(hc={"Binds": ["/tmp:/a:rslave"]})))
    assert config["linux"]["rootfsPropagation"] == "rslave"


@pytest.mark.parametrize(
    ("host_config", "profile", "of_privileged_exec"),
    [
        ({}, "docker-default", "unconfined"),
        ({"Privileged": True}, "unconfined", "unconfined"),
        ({"SecurityOpt": ["apparmor=mine"]}, "mine", "unconfined"),
        ({"Privileged": True, "SecurityOpt": ["apparmor=mine"]}, "mine", "unconfined"),
        ({"SecurityOpt": ["apparmor=unconfined"]}, "unconfined", "unconfined"),
    ],
)
def test_the_apparmor_profile(
    host_config: dict[str, Any], profile: str, of_privileged_exec: str
) -> None:
    host = replace(HOST, has_apparmor=True)
    normalised = make(host=host, hc=host_config)
    config = make_config(replace(inputs_of(normalised), host=host))
    assert config["process"]["apparmorProfile"] == profile
    user = find_user("", [], ACCOUNTS)
    for request, expected in (
        ({"Cmd": ["id"]}, profile),
        ({"Cmd": ["id"], "Privileged": True}, of_privileged_exec),
    ):
        process = make_exec_process(config, request, user, normalised.config, host)  # type: ignore[arg-type]
        assert process["apparmorProfile"] == expected


def test_no_apparmor_profile_without_apparmor() -> None:
    assert "apparmorProfile" not in make_config(inputs_of(make()))["process"]


# --- exec -------------------------------------------------------------------------------------


def exec_process(normalised: Normalised, **request: Any) -> dict[str, Any]:
    inputs = inputs_of(normalised)
    user = find_user(exec_user(normalised.config, request), [], ACCOUNTS)  # type: ignore[arg-type]
    return dict(
        make_exec_process(make_config(inputs), request, user, normalised.config, HOST)  # type: ignore[arg-type]
    )


def test_an_exec_is_the_containers_process_with_another_command() -> None:
    container = make(Env=["A=1", "B=1"], WorkingDir="/srv", Tty=True, hc={"CapDrop": ["ALL"]})
    process = exec_process(container, Cmd=["ls", "-l"], Env=["B=2", "A"])
    assert process["args"] == ["ls", "-l"]
    assert process["cwd"] == "/srv"
    assert process["terminal"] is False
    assert process["capabilities"] == {"bounding": [], "effective": [], "permitted": []}
    assert "B=2" in process["env"]
    assert not any(entry.startswith(("A=", "TERM=")) for entry in process["env"])


def test_an_exec_has_its_own_terminal_user_and_directory() -> None:
    process = exec_process(
        make(),
        Cmd=["sh"],
        Tty=True,
        ConsoleSize=[24, 80],
        User="nobody",
        WorkingDir="/tmp/..",
        Privileged=True,
    )
    assert process["terminal"] is True
    assert process["consoleSize"] == {"height": 24, "width": 80}
    assert process["user"] == {"uid": 65534, "gid": 65534, "additionalGids": [65534]}
    assert process["cwd"] == "/"
    assert process["env"][2:] == ["TERM=xterm", "HOME=/"]
    assert process["capabilities"]["bounding"] == list(HOST.capabilities)


def test_an_exec_is_the_containers_user_unless_it_names_one() -> None:
    assert exec_process(make(User="nobody"), Cmd=["id"])["user"]["uid"] == 65534


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Cmd": []}, "No exec command specified"),
        ({"Cmd": ["x"], "Env": ["=x"]}, "invalid environment variable: =x"),
        (
            {"Cmd": ["x"], "WorkingDir": "x"},
            "the working directory 'x' is invalid, it needs to be an absolute path",
        ),
    ],
)
def test_wrong_execs_are_refused(request_: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_exec(request_)
    assert str(caught.value) == message
