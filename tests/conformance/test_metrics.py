"""What --metrics-addr shows, read by Prometheus' own client, under dockerd's names."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon("--metrics-addr", "127.0.0.1:0") as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def address(daemon: Daemon) -> str:
    found = re.search(r"metrics are shown.* at=tcp://(\S+)", daemon.log.read_text())
    assert found is not None
    return f"http://{found[1]}"


def scrape(address: str) -> dict[str, float]:
    """Return values by name and labels, such as `x_total{a=b}`."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = [*text_string_to_metric_families(answer.read().decode())]
    return {
        f"{s.name}{{{','.join(f'{k}={v}' for k, v in sorted(s.labels.items()))}}}": s.value
        for family in families
        for s in family.samples
    }


def test_actions_states_and_health(daemon: Daemon, address: str) -> None:
    before = scrape(address)
    body = {
        "Image": "busybox",
        "Cmd": ["sleep", "1000"],
        "Healthcheck": {"Test": ["CMD", "false"], "Interval": 50_000_000, "Retries": 1},
    }
    status, answer = daemon.request("POST", "/containers/create", body)
    assert status == 201, answer
    container = answer["Id"]
    daemon.request("POST", f"/containers/{container}/start")

    def is_unhealthy() -> bool:
        health = daemon.state(container)["Health"]
        return bool(health["Status"] == "unhealthy")

    wait_until(is_unhealthy, "the health check to fail")
    during = scrape(address)
    name = "engine_daemon_container_states_containers"
    assert during[f"{name}{{state=running}}"] == 1
    assert during[f"{name}{{state=paused}}"] == 0
    daemon.request("GET", f"/containers/{container}/changes")
    daemon.request("DELETE", f"/containers/{container}?force=1")
    wait_until(
        lambda: "engine_daemon_network_actions_seconds_count{action=release}" in scrape(address),
        "its network to be given back",
    )
    after = scrape(address)

    def grown(name: str) -> float:
        return after[name] - before[name]

    for action in ("create", "start", "changes", "delete"):
        assert grown(f"engine_daemon_container_actions_seconds_count{{action={action}}}") == 1
        assert grown(f"engine_daemon_container_actions_seconds_sum{{action={action}}}") > 0
    assert after["engine_daemon_network_actions_seconds_count{action=allocate}"] == 1
    assert grown("engine_daemon_health_checks_total{}") >= 1
    assert grown("engine_daemon_health_checks_failed_total{}") >= 1
    assert grown("engine_daemon_events_total{}") >= 5
    assert after[f"{name}{{state=running}}"] == 0


def test_the_engine_and_its_process(daemon: Daemon, address: str) -> None:
    found, info = scrape(address), daemon.request("GET", "/info")[1]
    (engine,) = (name for name in found if name.startswith("engine_daemon_engine_info"))
    for word in (
        f"daemon_id={info['ID']}",
        f"version={info['ServerVersion']}",
        f"kernel={info['KernelVersion']}",
        "graphdriver=overlay2",
        "os_type=linux",
    ):
        assert word in engine
    assert found["engine_daemon_engine_cpus_cpus{}"] == info["NCPU"]
    assert found["engine_daemon_engine_memory_bytes{}"] == info["MemTotal"]
    assert found["engine_daemon_events_subscribers_total{}"] == 0
    assert found["process_resident_memory_bytes{}"] > 1 << 20
    assert found["process_open_fds{}"] > 3
    assert found["process_start_time_seconds{}"] > 1.6e9


def test_nothing_else_is_there(address: str) -> None:
    for path in ("/", "/info", "/containers/json", "/v1.51/metrics"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{address}{path}", timeout=60)
        with caught.value:
            assert caught.value.code == 404
    request = urllib.request.Request(f"{address}/metrics", method="POST", data=b"")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    with caught.value:
        assert caught.value.code == 404
