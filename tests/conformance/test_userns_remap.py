"""--userns-remap: root of containers is nobody on the host, and all the rest is as without."""

import contextlib
import io
import os
import signal
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.cut_short import assert_starts_are_whole
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

FIRST = 1_700_000_000
# The files are the host's; the daemon sees others there, in a mount namespace of its own.
BEGIN = 'for f in uid gid; do mount --bind "$0/sub" /etc/sub$f || exit; done; exec "$@"'


def _in_place_of_subuid(directory: Path) -> list[str]:
    (directory / "sub").write_text(f"dockremap:{FIRST}:65536\n")
    return ["unshare", "--mount", "sh", "-c", BEGIN, str(directory)]


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    if not Path("/etc/subuid").exists() or not Path("/etc/subgid").exists():
        pytest.skip("there is no /etc/subuid to be hidden")
    with running_daemon("--userns-remap", "default", start_with=_in_place_of_subuid) as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def engine(daemon: Daemon) -> Engine:
    return Engine(daemon.host, daemon)


def _run(docker: Docker, *words: str, script: str = "sleep 600") -> str:
    return docker.ok("run", "-d", *words, "busybox", "sh", "-c", script)


def _status(docker: Docker, container: str) -> dict[str, str]:
    """Return what the host sees of a container's first process."""
    pid = docker.inspect(container, "{{.State.Pid}}")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.partition(":")[0]: line.partition(":")[2].strip() for line in lines}


def test_root_is_root_inside_and_nobody_outside(docker: Docker) -> None:
    container = _run(docker)
    status = _status(docker, container)
    assert status["Uid"].split() == status["Gid"].split() == [str(FIRST)] * 4
    assert docker.ok("exec", container, "id", "-u") == "0"
    assert docker.ok("exec", container, "cat", "/proc/self/uid_map").split() == [
        "0", str(FIRST), "65536"
    ]  # fmt: skip
    assert docker.ok("exec", "-u", "1000", container, "id", "-u") == "1000"
    assert "name=userns" in docker.ok("info", "-f", "{{json .SecurityOptions}}")
    # Of the host it can change nothing, though it is root with all capabilities there are.
    script = "mknod /x b 8 0; echo 1 >/proc/sys/kernel/sysrq; hostname other && hostname"
    options = [f"--security-opt={each}=unconfined" for each in ("seccomp", "systempaths")]
    done = docker("run", "--rm", "--cap-add=ALL", *options, "busybox", "sh", "-c", script)
    assert done.out == "other\n"
    assert "mknod: /x: Operation not permitted" in done.err
    assert "sysrq" in done.err


def test_on_disk_nothing_is_other_than_without(docker: Docker, daemon: Daemon) -> None:
    script = (
        "echo hi >/data/f; chown 7:8 /data/f; echo more >>/etc/profile; mkdir /d; chown 9:9 /d; "
        "mv /home /home2; touch /done; sleep 600"
    )
    container = _run(docker, "-v", f"{docker.name}:/data", script=script)
    upper = daemon.data_root / "containers" / container / "upper"
    wait_until((upper / "done").exists, "the container to have written")
    owners = {name: (upper / name).stat().st_uid for name in ("done", "d", "home2", "etc/profile")}
    assert owners == {"done": 0, "d": 9, "home2": 0, "etc/profile": 0}
    # So what is made of it, or seen by those who are exempt, has the same owners.
    volume = f"{docker.name}:/data"
    for words in (("--userns", "host"), ()):
        shown = docker.ok("run", "--rm", *words, "-v", volume, "busybox", "stat", "-c", "%u %g",
                          "/data/f")  # fmt: skip
        assert shown == "7 8"
    docker.ok("commit", container, docker.name)
    for words in (("--userns", "host"), ()):
        assert docker.ok("run", "--rm", *words, docker.name, "stat", "-c", "%u", "/d") == "9"
    assert "D /home" in docker.ok("diff", container)
    docker.ok("rm", "-f", container)
    docker.ok("rmi", docker.name)
    docker.ok("volume", "rm", docker.name)


@pytest.mark.parametrize("is_running", [True, False])
def test_files_are_copied_with_their_owners(
    docker: Docker, daemon: Daemon, is_running: bool
) -> None:
    container = _run(docker) if is_running else docker.ok("create", "busybox", "true")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo("copied")
        info.uid, info.gid, info.size = 5, 6, 2
        tar.addfile(info, io.BytesIO(b"hi"))
    path = f"/containers/{container}/archive?path=/root"
    status, _, text = daemon.raw("PUT", path, archive.getvalue())
    assert status == 200, text
    data = daemon.raw("GET", f"/containers/{container}/archive?path=/root/copied")[2]
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        (found,) = tar.getmembers()
    assert (found.uid, found.gid, found.size) == (5, 6, 2)
    upper = daemon.data_root / "containers" / container / "upper"
    assert (upper / "root/copied").stat().st_uid == 5
    if is_running:
        shown = docker.ok("exec", container, "stat", "-c", "%u %g", "/root/copied")
        assert shown == "5 6"


def test_networks_and_namespaces_of_others(docker: Docker) -> None:
    donor = _run(docker, "--ipc", "shareable")
    script = "ip -o addr show eth0 && ls /sys/class/net/eth0/address && touch /dev/shm/x && ps"
    joined = docker.ok("run", "--rm", "--network", f"container:{donor}", "--ipc",
                       f"container:{donor}", "--pid", f"container:{donor}", "busybox", "sh", "-c",
                       script)  # fmt: skip
    assert "sleep 600" in joined
    gateway = docker.inspect(donor, "{{.NetworkSettings.Networks.bridge.Gateway}}")
    docker.ok("run", "--rm", "busybox", "ping", "-c1", "-W60", gateway)
    refused = docker("run", "--rm", "--pid", f"container:{donor}", "busybox", "true")
    assert (
        "pid namespace of another container with --userns-remap: share its network" in refused.err
    )
    exempt = _run(docker, "--userns", "host")
    refused = docker("run", "--rm", "--network", f"container:{exempt}", "busybox", "true")
    assert "runs with --userns=host: add that here, too" in refused.err


def test_what_needs_the_hosts_root_is_refused_and_may_be_exempt(docker: Docker) -> None:
    for words, complaint in (
        (["--privileged"], "privileged mode is incompatible with user namespaces"),
        (["--pid", "host"], "cannot share the host PID namespace when user namespaces"),
        (["--network", "host"], "cannot share the host's network namespace when user"),
    ):
        refused = docker("run", "--rm", *words, "busybox", "true")
        assert (refused.status, complaint in refused.err) == (125, True), refused
        shown = docker.ok("run", "--rm", "--userns", "host", *words, "busybox", "cat",
                          "/proc/self/uid_map")  # fmt: skip
        assert shown.split()[:2] == ["0", "0"]
    refused = docker("run", "--rm", "-u", "70000", "busybox", "true")
    assert "an id is not mapped in the user namespace" in refused.err


def test_builds(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox AS one\nRUN id -u >/id && head -1 /proc/self/uid_map >/map && touch /f"
        " && chown 3:4 /f\nRUN touch /g\n"
        "FROM one\nUSER 9\n"
    )
    docker.env["DOCKER_BUILDKIT"] = "0"
    docker.ok("build", "-q", "-t", docker.name, str(tmp_path))
    shown = docker.ok(
        "run", "--rm", docker.name, "sh", "-c", "cat /id /map; stat -c '%u %g' /f; id -u"
    )
    assert shown.split() == ["0", "0", str(FIRST), "65536", "3", "4", "9"]
    # An image that is mounted is read as it is, too.
    mount = f"type=image,source={docker.name},target=/i"
    assert docker.ok("run", "--rm", "--mount", mount, "busybox", "stat", "-c", "%u", "/i/f") == "3"
    docker.ok("rmi", docker.name)


def test_they_outlive_the_daemon(docker: Docker, daemon: Daemon) -> None:
    container = _run(docker, "--init")
    daemon.kill()
    daemon.start()
    assert docker.ok("exec", container, "id", "-u") == "0"
    docker.ok("restart", "-t", "0", container)
    assert _status(docker, container)["Uid"].split()[0] == str(FIRST)


def test_a_start_is_done_or_not_wherever_the_daemon_dies(daemon: Daemon) -> None:
    assert_starts_are_whole(daemon, "bridge", steps=(1, 3))


def test_a_start_leaves_nothing_whenever_its_processes_die(daemon: Daemon, docker: Docker) -> None:
    """The shim has the user namespace; a child of its own mounts the layers with their ids."""
    container = docker.ok("create", "busybox", "sleep", "600")
    begun = time.monotonic()
    docker.ok("start", container)
    whole_s = time.monotonic() - begun
    docker.ok("kill", container)
    wait_until(lambda: not daemon.state(container)["Running"], "its end")
    kept = [f"file {daemon.data_root / 'containers' / container}"]
    for tenth in range(0, 10, 2):
        starting = threading.Thread(target=docker, args=("start", container))
        starting.start()
        time.sleep(whole_s * tenth / 10)
        _kill_all_but_daemon_and_launcher(daemon)
        starting.join()
        _kill_all_but_daemon_and_launcher(daemon)  # it may have been a moment earlier
        wait_until(lambda: not daemon.state(container)["Running"], "what is left to be seen")
        daemon.assert_nothing_left(before=kept)
    docker.ok("start", container)
    assert _status(docker, container)["Uid"].split()[0] == str(FIRST)


def _kill_all_but_daemon_and_launcher(daemon: Daemon) -> None:
    for pid, name in daemon.engine_processes().items():
        if pid != daemon.pid and name != "seacan-launcher":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
