"""Random steps with containers and networks: all is as the model has it, and nothing leaks."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.daemon import Daemon, running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance, pytest.mark.slow]

CONTAINERS = ("one", "two", "three")
NETWORKS = ("red", "blue")
ALL = ("bridge", *NETWORKS)
container = st.sampled_from(CONTAINERS)
network = st.sampled_from(ALL)


class Steps(RuleBasedStateMachine):
    """`connected` is what each container asks for, `running` those that run."""

    daemon: Daemon  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.connected: dict[str, set[str]] = {}
        self.running: set[str] = set()
        self.networks: set[str] = {"bridge"}

    def ask(self, method: str, path: str, body: object = None) -> int:
        return self.daemon.request(method, path, body)[0]

    def shown(self, name: str) -> dict[str, Any]:
        answer = self.daemon.request("GET", f"/containers/{name}/json")[1]
        networks: dict[str, Any] = answer["NetworkSettings"]["Networks"]
        return networks

    @initialize()
    def make(self) -> None:
        for name in NETWORKS:
            assert self.ask("POST", "/networks/create", {"Name": name}) == 201
            self.networks.add(name)
        for name in CONTAINERS:
            body = {
                "Image": "busybox",
                "Cmd": ["sleep", "600"],
                "HostConfig": {
                    "NetworkMode": "bridge",
                    "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1"}]},
                },
            }
            assert self.ask("POST", f"/containers/create?name={name}", body) == 201
            self.connected[name] = {"bridge"}

    @rule(name=container)
    def start(self, name: str) -> None:
        is_possible = self.connected[name] <= self.networks
        status = self.ask("POST", f"/containers/{name}/start")
        if name in self.running:
            assert status == 304
        elif is_possible:
            assert status == 204
            self.running.add(name)
        else:
            assert status == 404

    @rule(name=container)
    def kill(self, name: str) -> None:
        status = self.ask("POST", f"/containers/{name}/kill")
        assert status == (204 if name in self.running else 409)
        self.running.discard(name)

    @rule(name=container, to=network)
    def connect(self, name: str, to: str) -> None:
        status = self.ask("POST", f"/networks/{to}/connect", {"Container": name})
        if to not in self.networks:
            assert status == 404
        elif to in self.connected[name]:
            assert status == 403
        else:
            assert status == 200
            self.connected[name].add(to)

    @rule(name=container, away=network)
    def disconnect(self, name: str, away: str) -> None:
        status = self.ask("POST", f"/networks/{away}/disconnect", {"Container": name})
        if away in self.connected[name]:
            assert status == 200
            self.connected[name].discard(away)
        else:
            assert status == (500 if away in self.networks else 404)

    @rule(name=st.sampled_from(NETWORKS))
    def remove_network(self, name: str) -> None:
        is_used = any(name in self.connected[c] for c in self.running)
        status = self.ask("DELETE", f"/networks/{name}")
        if name not in self.networks:
            assert status == 404
        elif is_used:
            assert status == 403
        else:
            assert status == 204
            self.networks.discard(name)

    @rule(name=st.sampled_from(NETWORKS))
    def create_network(self, name: str) -> None:
        status = self.ask("POST", "/networks/create", {"Name": name})
        assert status == (409 if name in self.networks else 201)
        self.networks.add(name)

    @precondition(lambda self: len(self.running) > 1)
    @rule()
    def kill_the_daemon(self) -> None:
        self.daemon.kill()
        self.daemon.start()

    @invariant()
    def state_is_the_models(self) -> None:
        addresses = []
        for name, connected in self.connected.items():
            shown = self.shown(name)
            assert set(shown) == connected
            has = {network for network, settings in shown.items() if settings["IPAddress"]}
            assert has == (connected if name in self.running else set())
            addresses += [settings["IPAddress"] for settings in shown.values()]
            if name in self.running:
                assert self.inside(name) == {s["IPAddress"] for s in shown.values()}
        given = [address for address in addresses if address]
        assert len(given) == len(set(given))

    def inside(self, name: str) -> set[str]:
        """Return the addresses that the kernel has in a container."""
        pid = self.daemon.state(name)["Pid"]
        command = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-o", "-4", "addr", "show"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = {line.split()[3].partition("/")[0] for line in lines.splitlines()}
        return found - {"127.0.0.1"}

    def teardown(self) -> None:
        self.daemon.remove_containers()
        self.daemon.request("POST", "/networks/prune")
        self.daemon.assert_nothing_left()


def test_five_hundred_steps(busybox_tar: Path) -> None:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)

        class OnDaemon(Steps):
            pass

        OnDaemon.daemon = daemon
        run_state_machine_as_test(
            OnDaemon,
            settings=settings(
                max_examples=10,
                stateful_step_count=50,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
