"""`seacan explain` of containers: what it says beside what /proc and the API say."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def seacan(host: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "seacan.cli.main", "-H", host, *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def explained(host: str, name: str) -> Any:
    done = seacan(host, "explain", "--json", name)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_container_from_port_to_process(own_daemon: Daemon) -> None:
    container = own_daemon.run(
        "httpd -f -p 80 & wait",
        NetworkMode="bridge",
        Memory=64 << 20,
        NanoCpus=500_000_000,
        PidsLimit=50,
        PortBindings={"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
    )
    try:
        _, details = own_daemon.request("GET", f"/containers/{container}/json")
        pid = details["State"]["Pid"]
        found = explained(own_daemon.host, container)
        as_text = seacan(own_daemon.host, "explain", str(pid)).stdout
    finally:
        own_daemon.request("DELETE", f"/containers/{container}?force=1")
    assert found["Container"]["Id"] == container
    assert found["Processes"]["Tree"]["NamespacePids"] == [pid, 1]
    shared = {each["Kind"] for each in found["Namespaces"]["List"] if each["IsShared"]}
    assert shared & {"mnt", "pid", "net", "uts", "ipc"} == set()
    assert "user" in shared
    limits = {each["Resource"]: each["Limit"] for each in found["Cgroups"]["Limits"]}
    assert limits == {"cpu": 0.5, "memory": 64 << 20, "pids": 50}
    assert len(found["Capabilities"]["Effective"]) == 14
    assert found["Capabilities"]["Inheritable"] == []
    assert found["Seccomp"]["Mode"] == "filter"
    assert {"mount", "bpf", "clone3"} <= set(found["Seccomp"]["Blocked"])
    _assert_files(own_daemon, container, found["FileSystem"])
    _assert_network(details["NetworkSettings"], found["Network"])
    assert as_text.startswith(f"{details['Name'][1:]}, container {container[:12]}\n")


def _assert_files(own_daemon: Daemon, container: str, files: Any) -> None:
    _, image = own_daemon.request("GET", "/images/busybox/json")
    assert [layer["DiffId"] for layer in files["Layers"]] == image["RootFS"]["Layers"][::-1]
    for layer in files["Layers"]:
        assert os.path.isdir(layer["Directory"])
    assert files["Writable"] == f"{own_daemon.data_root}/containers/{container}/upper"
    assert {"/", "/proc", "/dev", "/sys", "/etc/hosts"} <= {m["Target"] for m in files["Mounts"]}


def _assert_network(settings: Any, network: Any) -> None:
    port = settings["Ports"]["80/tcp"][0]["HostPort"]
    address = settings["Networks"]["bridge"]["IPAddress"]
    assert len(network["Rules"]) == 1
    assert network["Rules"][0]["Text"] == f"127.0.0.1 . tcp . {port} : {address} . 80"
    (interface,) = network["Interfaces"]
    assert interface["Name"] == "eth0"
    assert interface["Addresses"][0].partition("/")[0] == address
    assert interface["Peer"].startswith("veth")
    assert interface["Bridge"]
    listening = [(each["Protocol"], each["Port"]) for each in network["Listeners"]]
    assert listening in ([], [("tcp", 80)])  # it may not have come so far yet


def test_a_container_that_does_not_run(own_daemon: Daemon) -> None:
    body = {"Image": "busybox", "Cmd": ["true"]}
    _, created = own_daemon.request("POST", "/containers/create", body)
    try:
        done = seacan(own_daemon.host, "explain", created["Id"])
    finally:
        own_daemon.request("DELETE", f"/containers/{created['Id']}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"container {created['Id']} is not running\n"
    done = seacan(own_daemon.host, "explain", "nobody")
    assert "No such container: nobody" in done.stderr


def test_a_process_without_a_daemon(tmp_path: Path) -> None:
    found = explained(f"unix://{tmp_path}/nobody.sock", str(os.getpid()))
    assert found["Container"] is None
    assert found["Pid"] == os.getpid()
