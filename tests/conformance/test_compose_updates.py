"""Services replaced by and by under `seacan compose`, as their update_config says."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import Setting, kill_at_event
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# Healthy at the second look, so that there is something to wait for; but never if more than GOOD
# containers have been started in all.
APPLICATION = """
services:
  web:
    image: busybox
    command:
      - sh
      - -c
      - |
        trap "exit 0" TERM
        echo "level $$LEVEL"
        echo >>/starts/all
        test $$(wc -l </starts/all) -le $$GOOD || touch /fault
        sleep 1000 & wait
    environment: {LEVEL: "1", GOOD: "99"}
    healthcheck:
      test: test -e /ok -a ! -e /fault || { touch /ok; false; }
      interval: 50ms
      retries: 3
    volumes: [/anonymous, "./starts:/starts"]
    stop_grace_period: 5s
    deploy: {replicas: 3, update_config: {order: start-first}}
"""


@pytest.fixture
def setting(tmp_path: Path, engine: Engine, docker: Docker) -> Iterator[Setting]:
    with Setting(tmp_path, engine, docker, APPLICATION) as setting:
        setting.seacan.ok("up", "-d", "--wait")
        yield setting


def changed(config: str = "order: start-first", *, good: int = 99) -> str:
    """Return the application with another environment, to be updated as `config` says."""
    text = APPLICATION.replace('LEVEL: "1", GOOD: "99"', f'LEVEL: "2", GOOD: "{good}"')
    assert text != APPLICATION
    return text.replace("order: start-first", config)


class History:
    """What happens to the containers of a setting, in order."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._since = time.time()

    def steps(self) -> list[tuple[str, str]]:
        """Return action and id of each start, first health, and end up to now."""
        listed = self._setting.docker.ok(
            "events", "--since", f"{self._since:.6f}", "--until", f"{time.time():.6f}",
            "--filter", f"label=com.docker.compose.project={self._setting.name}",
            "--filter", "type=container", "--format", "{{.Action}}|{{.ID}}",
        )  # fmt: skip
        found: list[tuple[str, str]] = []
        for line in listed.splitlines():
            action, _, container = line.partition("|")
            if action in ("start", "die", "health_status: healthy"):
                found.append((action.rpartition(": ")[2], container))
        return found


def test_one_after_the_other_and_the_new_one_first(setting: Setting) -> None:
    before, history = setting.containers(), History(setting)
    setting.docker.ok("exec", f"{setting.name}-web-2", "touch", "/anonymous/kept")
    setting.write(changed())
    setting.seacan.ok("up", "-d")
    after = setting.containers()
    assert sorted(after) == sorted(before) == ["web-1", "web-2", "web-3"]
    expected = []
    for name in sorted(before):
        new, old = after[name], before[name]
        expected += [("start", new), ("healthy", new), ("die", old)]
    assert history.steps() == expected
    assert setting.docker.ok("exec", f"{setting.name}-web-2", "ls", "/anonymous") == "kept"
    assert "level 2" in setting.seacan.ok("logs", "--no-color", "web")
    # Nothing has changed since: nothing is done.
    setting.seacan.ok("up", "-d")
    assert setting.containers() == after


def test_two_at_a_time_and_the_old_ones_first(setting: Setting) -> None:
    before, history = setting.containers(), History(setting)
    setting.write(changed("parallelism: 2, delay: 100ms"))
    setting.seacan.ok("up", "-d", "--scale", "web=4")
    after = setting.containers()
    assert sorted(after) == ["web-1", "web-2", "web-3", "web-4"]
    steps = history.steps()
    for name in ("web-1", "web-2", "web-3"):
        assert steps.index(("die", before[name])) < steps.index(("start", after[name]))
    first_two = [steps.index(("healthy", after[name])) for name in ("web-1", "web-2")]
    assert steps.index(("die", before["web-3"])) > max(first_two)


def test_a_host_port_is_published_by_one_at_a_time(setting: Setting) -> None:
    port = free_port()
    with_port = changed().replace("image:", f'ports: ["127.0.0.1:{port}:80"]\n    image:')
    with_port = with_port.replace("replicas: 3", "replicas: 1")
    setting.seacan.ok("down", "-v")
    setting.write(with_port)
    setting.seacan.ok("up", "-d")
    before, history = setting.containers(), History(setting)
    setting.write(with_port.replace('LEVEL: "2"', 'LEVEL: "3"'))
    done = setting.seacan("up", "-d")
    assert done.status == 0, done
    assert f"update_config.order: stop-first and not start-first, because port {port}" in done.err
    ends = [step for step in history.steps() if step[0] != "healthy"]
    assert ends == [("die", before["web-1"]), ("start", setting.containers()["web-1"])]


@pytest.mark.parametrize("order", ["start-first", "stop-first"])
def test_one_that_does_not_become_healthy_leaves_all_as_before(
    setting: Setting, order: str
) -> None:
    before = setting.containers()
    setting.write(changed(f"order: {order}", good=0))
    refused = setting.seacan("up", "-d")
    name = setting.name
    assert refused.status == 1
    assert (
        f'update of service "web" stopped: container {name}-web-1 is unhealthy; '
        f"as before: {name}-web-1, {name}-web-2, {name}-web-3"
    ) in refused.err
    assert "it printed last:\n  level 2" in refused.err
    assert setting.containers() == before
    running = setting.seacan.ok("ps", "-q", "--no-trunc", "--status", "running").split()
    assert sorted(running) == sorted(before.values())


@pytest.mark.parametrize("action", ["pause", "continue", "rollback"])
def test_a_late_failure(setting: Setting, action: str) -> None:
    before = setting.containers()
    setting.write(changed(f"order: start-first, failure_action: {action}", good=3 + 1))
    refused = setting.seacan("up", "-d")
    assert refused.status == 1
    words = {"pause": "stopped", "continue": "failed in part", "rollback": "rolled back"}
    assert f'update of service "web" {words[action]}: ' in refused.err
    after = setting.containers()
    assert sorted(after) == sorted(before)
    kept = {name for name in before if before[name] == after[name]}
    assert kept == (set(before) if action == "rollback" else {"web-2", "web-3"})
    running = setting.seacan.ok("ps", "-q", "--no-trunc", "--status", "running").split()
    assert sorted(running) == sorted(after.values())


def test_a_rollback_goes_as_it_says(setting: Setting) -> None:
    before, history = setting.containers(), History(setting)
    rollback = "failure_action: rollback}, rollback_config: {parallelism: 1, order: stop-first"
    setting.write(changed(f"order: start-first, {rollback}", good=3 + 2))
    refused = setting.seacan("up", "-d")
    assert 'update of service "web" rolled back: ' in refused.err
    assert setting.containers() == before
    steps = [step for step in history.steps() if step[0] != "healthy"][-4:]
    assert [action for action, _ in steps] == ["die", "start"] * 2  # the new one, then the old one
    assert [one for _, one in steps[1::2]] == [before["web-1"], before["web-2"]]


def test_failures_within_the_ratio_are_borne(setting: Setting) -> None:
    before = setting.containers()
    setting.write(changed("failure_action: rollback, max_failure_ratio: 0.7", good=3 + 1))
    done = setting.seacan("up", "-d")
    assert done.status == 0
    assert 'update of service "web" failed in part' in done.err
    after = setting.containers()
    assert [name for name in before if before[name] != after[name]] == ["web-1"]


def test_one_that_ends_while_it_is_watched_is_put_back(setting: Setting) -> None:
    before = setting.containers()
    text = changed("order: start-first, monitor: 20s").replace("sleep 1000 & wait", "sleep 0.5")
    setting.write(text.replace("test: test -e /ok", "disable: true\n      test: test -e /ok"))
    refused = setting.seacan("up", "-d")
    assert refused.status == 1
    assert f"container {setting.name}-web-1 exited (0)" in refused.err
    assert setting.containers() == before


def test_attached_an_update_ends_nothing(setting: Setting) -> None:
    before = setting.containers()
    setting.write(changed())
    told = []
    with setting.seacan.popen("up", "--no-color", "--abort-on-container-exit") as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line.strip())
            if told[-1] == "web-3 exited with code 0":  # the old one
                wait_until(lambda: setting.containers()["web-3"] != before["web-3"], "its name")
                setting.docker.ok("kill", f"{setting.name}-web-3")
    assert process.returncode == 137
    names = {line.partition(" ")[0] for line in told if line.endswith("| level 2")}
    assert names == {"web-1", "web-2", "web-3"}


def test_what_restarts_along_is_restarted_when_all_are_new(setting: Setting) -> None:
    dependent = (
        "  front:\n    image: busybox\n    command: sleep 1000\n    stop_signal: SIGKILL\n"
        "    depends_on: {web: {condition: service_healthy, restart: true}}\n"
    )
    setting.write(APPLICATION + dependent)
    setting.seacan.ok("up", "-d")
    front = setting.containers()["front-1"]
    history = History(setting)
    setting.write(changed() + dependent)
    setting.seacan.ok("up", "-d")
    after = setting.containers()
    assert after["front-1"] == front
    assert history.steps()[-2:] == [("die", front), ("start", front)]


def test_one_that_another_shares_a_namespace_with_is_replaced_at_once(setting: Setting) -> None:
    sharing = (
        "  beside: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, "
        "network_mode: 'service:web'}\n"
    )
    setting.write(APPLICATION + sharing)
    setting.seacan.ok("up", "-d")
    setting.write(changed() + sharing)
    done = setting.seacan("up", "-d")
    assert done.status == 0
    assert "update_config: ignored, because service beside shares namespaces" in done.err
    web, beside = (setting.containers()[name] for name in ("web-1", "beside-1"))
    assert setting.docker.inspect(beside, "{{.HostConfig.NetworkMode}}") == f"container:{web}"


@pytest.mark.parametrize(("order", "first"), [("start-first", 1), ("stop-first", 2)])
def test_killed_at_any_moment_the_next_one_finishes(
    setting: Setting, order: str, first: int
) -> None:
    setting.seacan.ok("down", "-v")
    text = changed(f"order: {order}").replace("replicas: 3", "replicas: 2")
    setting.write(text)
    setting.seacan.ok("up", "-d")
    killed = 0
    counts = [*range(first, 13, 3)]
    for number, count in enumerate(counts, 1):
        level = 10 * number
        setting.write(text.replace('LEVEL: "2"', f'LEVEL: "{level}"'))
        if kill_at_event(setting, count, "up", "-d"):
            killed += 1
        elif len(counts) < 12:
            counts.append(first)  # it was faster: once more, and early
        # To the end, or to what has changed once more meanwhile.
        setting.write(text.replace('LEVEL: "2"', f'LEVEL: "{level + count % 2}"'))
        setting.seacan.ok("up", "-d")
        after = setting.containers()
        assert sorted(after) == ["web-1", "web-2"]
        running = setting.seacan.ok("ps", "-q", "--no-trunc", "--status", "running").split()
        assert sorted(running) == sorted(after.values())
    assert killed >= 3
