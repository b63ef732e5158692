"""What there is none of, or little: networks, plugins, and all that is in a swarm."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.conftest import Api

MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" '
    "to connect this node to swarm and try again."
)
NO_CHECKPOINTS = "not supported: checkpoints; seacan-runtime makes them of its own containers"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/swarm", 503, MANAGER),
        ("GET", "/v1.24/swarm", 503, MANAGER),
        ("GET", "/swarm/unlockkey", 503, MANAGER),
        ("POST", "/swarm/unlock", 503, MANAGER),
        ("POST", "/swarm/update?version=1", 503, MANAGER),
        ("POST", "/swarm/leave", 503, "This node is not part of a swarm"),
        ("POST", "/swarm/leave?force=1", 503, "This node is not part of a swarm"),
        ("POST", "/swarm/init", 501, "not supported: swarm"),
        ("POST", "/swarm/join", 501, "not supported: swarm"),
        ("GET", "/nodes", 503, MANAGER),
        ("GET", "/nodes/x", 503, MANAGER),
        ("POST", "/nodes/x/update?version=1", 503, MANAGER),
        ("DELETE", "/nodes/x", 503, MANAGER),
        ("GET", "/services", 503, MANAGER),
        ("GET", "/services/x", 503, MANAGER),
        ("GET", "/services/x/logs?stdout=1", 503, MANAGER),
        ("POST", "/services/create", 503, MANAGER),
        ("POST", "/services/x/update?version=1", 503, MANAGER),
        ("DELETE", "/services/x", 503, MANAGER),
        ("GET", "/tasks", 503, MANAGER),
        ("GET", "/tasks/x", 503, MANAGER),
        ("GET", "/tasks/x/logs?stdout=1", 503, MANAGER),
        ("GET", "/secrets", 503, MANAGER),
        ("GET", "/secrets/x", 503, MANAGER),
        ("POST", "/secrets/create", 503, MANAGER),
        ("POST", "/secrets/x/update?version=1", 503, MANAGER),
        ("DELETE", "/secrets/x", 503, MANAGER),
        ("GET", "/configs", 503, MANAGER),
        ("GET", "/configs/x", 503, MANAGER),
        ("POST", "/configs/create", 503, MANAGER),
        ("POST", "/configs/x/update?version=1", 503, MANAGER),
        ("DELETE", "/configs/x", 503, MANAGER),
        ("GET", "/plugins?filters=%7B%22x%22%3A%5B%22y%22%5D%7D", 400, "invalid filter 'x'"),
        ("GET", "/plugins/a/b:1/json", 404, 'plugin "a/b:1" not found'),
        ("DELETE", "/plugins/x", 404, 'plugin "x" not found'),
        ("POST", "/plugins/x/enable?timeout=1", 404, 'plugin "x" not found'),
        ("POST", "/plugins/pull?remote=x", 501, "not supported: plugins"),
        ("GET", "/containers/x/checkpoints", 501, NO_CHECKPOINTS),
        ("POST", "/containers/x/checkpoints", 501, NO_CHECKPOINTS),
        ("POST", "/containers/x/start?checkpoint=a", 501,
         "not supported: start from a checkpoint"),
        ("POST", "/containers/x/start?checkpoint-dir=/a", 501,
         "not supported: start from a checkpoint"),
        ("GET", "/networks/x", 404, "network x not found"),
        ("GET", "/networks/none?scope=swarm", 404, "network none not found"),
        ("GET", "/networks/none?verbose=x", 400,
         'invalid value for verbose: x: strconv.ParseBool: parsing "x": invalid syntax'),
        ("GET", "/networks?filters=%7B%22x%22%3A%5B%22y%22%5D%7D", 400, "invalid filter 'x'"),
        ("GET", "/networks?filters=%7B%22type%22%3A%5B%22y%22%5D%7D", 500,
         "invalid filter: 'type'='y'"),
        ("DELETE", "/networks/none", 403, "none is a pre-defined network and cannot be removed"),
        ("DELETE", "/networks/x", 404, "network x not found"),
        ("GET", "/networks?filters=%7B%22dangling%22%3A%5B%22y%22%5D%7D", 400,
         "invalid value for filter 'dangling', must be \"true\""),
    ],
)  # fmt: skip
def test_refusals(api: Api, method: str, path: str, status: int, message: str) -> None:
    answer = api.ask(method, path)
    assert answer.status == status
    assert answer.message.startswith(message)


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/plugins", []),
        ("POST", "/networks/prune", {"NetworksDeleted": None}),
    ],
)  # fmt: skip
def test_that_there_are_none(api: Api, method: str, path: str, answer: Any) -> None:
    found = api.ask(method, path)
    assert (found.status, found.json) == (200, answer)


def test_a_network(api: Api) -> None:
    found = api.ask("GET", "/networks/none").json
    inside = {
        "Name": "first",
        "EndpointID": "9" * 64,
        "MacAddress": "",
        "IPv4Address": "",
        "IPv6Address": "",
    }
    assert found == {
        "Name": "none",
        "Id": "e" * 64,
        "Created": "2026-11-24T01:33:18.831282888Z",
        "Scope": "local",
        "Driver": "null",
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": None},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {"a" * 64: inside},
        "Options": {},
        "Labels": {},
    }
    assert api.ask("GET", "/networks/" + "f" * 64).json["Containers"] == {}


@pytest.mark.parametrize(("version", "count"), [("1.24", 1), ("1.27", 1), ("1.28", 0), ("1.51", 0)])
def test_lists_of_old_say_what_is_in_networks(api: Api, version: str, count: int) -> None:
    listed = api.ask("GET", f"/v{version}/networks").json
    assert [network["Name"] for network in listed] == ["none", "host"]
    assert len(listed[0]["Containers"]) == count


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"name": ["none"]}, ["none"]),
        ({"name": ["o"]}, ["none", "host"]),
        ({"id": ["ff"]}, ["host"]),
        ({"driver": ["host"]}, ["host"]),
        ({"driver": ["null", "host"]}, ["none", "host"]),
        ({"type": ["builtin"]}, ["none", "host"]),
        ({"type": ["custom"]}, []),
        ({"scope": ["local"]}, ["none", "host"]),
        ({"scope": ["swarm"]}, []),
        ({"dangling": ["true"]}, []),
        ({"dangling": ["false"]}, ["none", "host"]),
        ({"label": ["x"]}, []),
        ({"name": ["none"], "driver": ["host"]}, []),
    ],
)
def test_filters_of_networks(api: Api, filters: dict[str, list[str]], names: list[str]) -> None:
    listed = api.ask("GET", f"/networks?filters={quote(json.dumps(filters))}").json
    assert [network["Name"] for network in listed] == names
