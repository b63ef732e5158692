"""Legacy volume plugins, with the docker CLI and a plugin of the test's own."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, wait_until
from tests.fakes.volume_plugin import VolumePlugin, serving

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NONE = ("--network", "none")


@pytest.fixture
def daemon(engine: Engine) -> Daemon:
    if engine.daemon is None:
        pytest.skip("another engine looks for plugins where all the host has them")
    return engine.daemon


@pytest.fixture
def plugin(daemon: Daemon, docker: Docker, tmp_path: Path) -> Iterator[VolumePlugin]:
    with serving(VolumePlugin(tmp_path / "volumes"), daemon.plugins / "box.sock") as plugin:
        yield plugin
        docker.remove_containers()
        for name in docker.ok("volume", "ls", "-q", "--filter", "driver=box").split():
            docker.ok("volume", "rm", "-f", name)


def _run(docker: Docker, script: str, *flags: str) -> str:
    return docker.ok("run", "--rm", *NONE, *flags, "busybox", "sh", "-c", script)


def test_create_inspect_ls_rm(docker: Docker, plugin: VolumePlugin) -> None:
    assert docker.ok("volume", "create", "-d", "box", "-o", "size=1", "vol") == "vol"
    assert plugin.options == {"vol": {"size": "1"}}
    (shown,) = json.loads(docker.ok("volume", "inspect", "vol"))
    assert (shown["Driver"], shown["Options"], shown["Scope"], shown["Status"]) == (
        *("box", {"size": "1"}, "local"),
        {"full": "no"},
    )
    assert docker.ok("volume", "ls", "--format", "{{.Driver}} {{.Name}}") == "box vol"
    assert docker.ok("volume", "rm", "vol") == "vol"
    assert plugin.options == {}


def test_a_container_has_it_mounted_while_it_runs(docker: Docker, plugin: VolumePlugin) -> None:
    flags = ("-v", "vol:/v", "--volume-driver", "box")
    container = docker.ok("run", "-d", *NONE, *flags, "busybox", "sh", "-c",
                          "echo x >/v/file; exec sleep 1000")  # fmt: skip
    assert plugin.mounts == {"vol": [container]}
    assert _run(docker, "while ! [ -e /v/file ]; do sleep 0.1; done; cat /v/file",
                "-v", "vol:/v") == "x"  # fmt: skip
    (mount,) = json.loads(docker.inspect(container, "{{json .Mounts}}"))
    assert (mount["Driver"], mount["Source"]) == ("box", str(plugin.root / "vol"))
    docker.ok("rm", "-f", container)
    assert plugin.mounts == {"vol": []}
    assert (plugin.root / "vol/file").read_text() == "x\n"


def test_it_is_filled_with_what_the_image_has(docker: Docker, plugin: VolumePlugin) -> None:
    mount = "type=volume,src=vol,dst=/etc,volume-driver=box,volume-opt=a=b"
    assert "root:" in _run(docker, "cat /etc/passwd", "--mount", mount)
    assert plugin.options == {"vol": {"a": "b"}}
    assert (plugin.root / "vol/passwd").exists()
    assert plugin.mounts == {"vol": []}


def test_anonymous_ones_are_the_drivers(docker: Docker, plugin: VolumePlugin) -> None:
    container = docker.ok("create", *NONE, "-v", "/v", "--volume-driver", "box", "busybox", "true")
    assert len(plugin.options) == 1
    docker.ok("rm", "-v", container)
    assert plugin.options == {}


def test_its_errors_are_told(docker: Docker, plugin: VolumePlugin) -> None:
    plugin.errors["VolumeDriver.Create"] = "the box is full"
    result = docker("volume", "create", "-d", "box", "vol")
    assert result.err.strip() == (
        "Error response from daemon: create vol: VolumeDriver.Create: the box is full"
    )
    plugin.errors.clear()
    docker.ok("volume", "create", "-d", "box", "vol")
    plugin.errors["VolumeDriver.Mount"] = "the box is shut"
    result = docker("run", "--rm", *NONE, "-v", "vol:/v", "busybox", "true")
    assert (result.status, "VolumeDriver.Mount: the box is shut" in result.err) == (125, True)
    plugin.errors.clear()
    assert "Unmount vol" not in plugin.calls[plugin.calls.index("Mount vol") + 1 :]
    assert docker.ok("volume", "ls", "-q") == "vol"
    plugin.errors["VolumeDriver.Remove"] = "the box is stuck"
    result = docker("volume", "rm", "vol")
    assert (result.status, "VolumeDriver.Remove: the box is stuck" in result.err) == (1, True)
    assert docker.ok("volume", "ls", "-q") == "vol"


def test_another_driver_has_the_name(docker: Docker, plugin: VolumePlugin) -> None:
    docker.ok("volume", "create", "-d", "box", "vol")
    result = docker("volume", "create", "vol")
    assert (
        "create vol: driver 'box' already has volume 'vol': "
        "conflict: volume name must be unique" in result.err
    )


def test_what_the_plugin_made_for_others_can_be_used(docker: Docker, plugin: VolumePlugin) -> None:
    plugin.options["theirs"] = {}
    (plugin.root / "theirs").mkdir()
    assert docker.ok("volume", "ls", "--format", "{{.Driver}} {{.Name}}") == "box theirs"
    assert docker.ok("volume", "inspect", "-f", "{{.Driver}}", "theirs") == "box"
    _run(docker, "echo x >/v/file", "-v", "theirs:/v")
    assert (plugin.root / "theirs/file").read_text() == "x\n"
    docker.ok("volume", "rm", "theirs")
    assert plugin.options == {}


def test_it_is_told_of_an_end_that_nobody_saw(
    docker: Docker, plugin: VolumePlugin, daemon: Daemon
) -> None:
    docker.ok("volume", "create", "-d", "box", "vol")
    container = docker.ok("run", "-d", *NONE, "-v", "vol:/v", "busybox", "sleep", "1000")
    daemon.kill()
    daemon.start()
    assert plugin.mounts == {"vol": [container]}
    docker.ok("kill", container)
    docker.ok("wait", container)
    assert plugin.mounts == {"vol": []}


def test_a_start_that_fails_later_gives_it_back_once(docker: Docker, plugin: VolumePlugin) -> None:
    assert docker("run", "--rm", *NONE, "-v", "vol:/v", "--volume-driver", "box",
                  "busybox", "/none").status == 127  # fmt: skip
    assert plugin.calls.count("Mount vol") == plugin.calls.count("Unmount vol")
    assert plugin.mounts == {"vol": []}


def test_it_does_not_keep_a_container_from_going(docker: Docker, plugin: VolumePlugin) -> None:
    container = docker.ok("create", *NONE, "-v", "/v", "--volume-driver", "box", "busybox", "true")
    plugin.errors["VolumeDriver.Remove"] = "the box is stuck"
    docker.ok("rm", "-v", container)
    assert len(docker.ok("volume", "ls", "-q").split()) == 1
    plugin.errors.clear()


def test_one_that_is_gone(docker: Docker, daemon: Daemon, tmp_path: Path) -> None:
    with serving(VolumePlugin(tmp_path / "volumes"), daemon.plugins / "gone.sock"):
        docker.ok("volume", "create", "-d", "gone", "vol")
    assert "gone" in docker.ok("volume", "ls")
    result = docker("volume", "rm", "vol")
    assert 'error looking up volume plugin gone: plugin "gone" not found' in result.err
    docker.ok("volume", "rm", "-f", "vol")
    assert docker.ok("volume", "ls", "-q") == ""


@pytest.mark.parametrize(("verb", "stride"), [("start", 1), ("kill", 2)])
def test_nothing_stays_mounted_where_the_daemon_dies(
    docker: Docker, daemon: Daemon, plugin: VolumePlugin, verb: str, stride: int
) -> None:
    """A plugin counts who has a volume mounted, and cannot know who is gone."""
    for step in itertools.count(0, stride):
        flags = ("-v", "vol:/v", "--volume-driver", "box")
        container = docker.ok("create", *NONE, *flags, "busybox", "sleep", "600")
        if verb == "kill":
            docker.ok("start", container)
        has_died = daemon.dies_in(step, "POST", f"/containers/{container}/{verb}")
        if not has_died:
            daemon.kill()  # it counts still
        daemon.start()

        def is_told(container: str = container) -> bool:
            is_running = docker.inspect(container, "{{.State.Running}}") == "true"
            return plugin.mounts.get("vol", []) == [container] * is_running

        wait_until(is_told, "it to be mounted as long as the container runs")  # which may end now
        docker.ok("rm", "-f", container)
        assert not plugin.mounts.get("vol")
        if not has_died:
            break
    assert step >= 2
