"""The API of networks: what reaches the engine, and what comes back."""

from typing import Any

import pytest
from tests.api.conftest import Api


def test_a_network_is_created(api: Api) -> None:
    answer = api.ask("POST", "/networks/create", {"Name": "net", "Labels": {"a": "b"}})
    assert (answer.status, answer.json["Warning"]) == (201, "")
    assert api.ask("GET", f"/networks/{answer.json['Id']}").json["Name"] == "net"
    listed = api.ask("GET", "/networks?filters=%7B%22type%22%3A%5B%22custom%22%5D%7D").json
    assert [network["Name"] for network in listed] == ["net"]
    for label, count in (("a", 1), ("a=b", 1), ("a=c", 0), ("x", 0)):
        listed = api.ask("GET", f'/networks?filters={{"label":["{label}"]}}').json
        assert len(listed) == count, label
    assert api.ask("GET", "/networks/").json == api.ask("GET", "/networks").json
    assert api.ask("DELETE", "/networks/net").status == 204
    assert api.ask("GET", "/networks/net").status == 404


def test_ipv4_is_what_newer_clients_may_go_without(api: Api) -> None:
    body = {"Name": "net", "EnableIPv4": False, "EnableIPv6": True}
    for version in ("1.47", "1.48"):
        assert api.ask("POST", f"/v{version}/networks/create", body).status == 201
    asked = [request.get("EnableIPv4") for request in api.engine.networks.created]
    assert asked == [None, False]


@pytest.mark.parametrize(
    ("filters", "pruned"),
    [("", ["net"]), ('{"label":["a"]}', ["net"]), ('{"label!":["a"]}', None),
     ('{"until":["1m"]}', ["net"]), ('{"until":["2000-01-01T00:00:00Z"]}', None)],
)  # fmt: skip
def test_networks_are_pruned(api: Api, filters: str, pruned: Any) -> None:
    api.ask("POST", "/networks/create", {"Name": "net", "Labels": {"a": "b"}})
    answer = api.ask("POST", f"/networks/prune?filters={filters}")
    assert (answer.status, answer.json) == (200, {"NetworksDeleted": pruned})


def test_a_link_is_removed(api: Api) -> None:
    assert api.ask("DELETE", "/containers/first/alias?link=1").status == 204
    assert api.engine.containers.calls == [("remove_link", "first/alias")]


def test_a_container_is_connected_and_disconnected(api: Api) -> None:
    settings = {"Aliases": ["a"], "IPAMConfig": {"IPv4Address": "10.0.0.9"}}
    body: dict[str, Any] = {"Container": "first", "EndpointConfig": settings}
    assert api.ask("POST", "/networks/net/connect", body).status == 200
    body = {"Container": "first", "Force": True}
    assert api.ask("POST", "/networks/net/disconnect", body).status == 200
    assert api.engine.containers.calls[-2:] == [
        ("connect", "first", "net", settings),
        ("disconnect", "first", "net"),
    ]


@pytest.mark.parametrize("action", ["connect", "disconnect"])
def test_bodies_that_make_no_sense(api: Api, action: str) -> None:
    assert api.ask("POST", f"/networks/net/{action}", {"Container": 3}).status == 400
