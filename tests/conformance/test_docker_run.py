"""`docker run`: what each option does, seen from inside the container."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def test_hello_world(docker: Docker) -> None:
    assert "Hello" in docker.ok("run", "--rm", "hello-world")


def test_streams_are_kept_apart(docker: Docker) -> None:
    result = docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert (result.status, result.out, result.err) == (0, "out\n", "err\n")


def test_stdin_reaches_its_end(docker: Docker) -> None:
    assert docker("run", "--rm", "-i", "busybox", "cat", stdin="a\nb").out == "a\nb"


def test_a_megabyte_goes_in_and_out_unchanged(docker: Docker) -> None:
    data = bytes(range(32, 127)) * 11_000
    assert docker("run", "--rm", "-i", "busybox", "cat", stdin=data).out == data.decode()


def test_stdin_is_empty_without_i(docker: Docker) -> None:
    assert docker("run", "--rm", "busybox", "cat", stdin="ignored").out == ""


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("true",), 0),
        (("false",), 1),
        (("sh", "-c", "exit 42"), 42),
        (("sh", "-c", "exit 255"), 255),
        (("sh", "-c", "kill -9 $$; true"), 0),  # the first process is safe from itself
        (("sh", "-c", "sh -c 'kill -9 $$'; exit $?"), 137),
        (("nosuchcommand",), 127),
        (("/nosuch/command",), 127),
        (("/etc",), 126),
        (("/etc/passwd",), 126),
    ],
)
def test_exit_status(docker: Docker, command: tuple[str, ...], status: int) -> None:
    assert docker("run", "--rm", "busybox", *command).status == status


def test_a_status_of_a_signal_is_128_and_its_number(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    docker.ok("kill", "-s", "KILL", container)
    assert docker.ok("wait", container) == "137"


@pytest.mark.parametrize(
    ("options", "command", "expected"),
    [
        (("-e", "A=1 2", "-e", "B="), 'echo "$A|${B-unset}"', "1 2|"),
        (("-e", "PATH=/bin"), "echo $PATH", "/bin"),
        ((), "echo $PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ((), "echo $HOME $$", "/root 1"),
        (("-w", "/tmp"), "pwd", "/tmp"),
        (("-w", "/made/for/this"), "pwd", "/made/for/this"),
        (("-u", "4321"), "id -u; id -g; grep Groups /proc/self/status", "4321\n0\nGroups:\t0"),
        (("-u", "4321:1234"), "id -u; id -g", "4321\n1234"),
        (("-u", "root"), "id -u", "0"),
        (("-u", "4321", "--group-add", "77"), "grep Groups /proc/self/status", "Groups:\t0 77"),
        (("-h", "box.example"), "hostname; cat /etc/hostname", "box.example\nbox.example"),
        (("--domainname", "example.org"), "cat /proc/sys/kernel/domainname", "example.org"),
        ((), "mkdir /dev/net; mknod /dev/net/tun c 10 200; : < /dev/net/tun && echo opened",
         "opened"),
        (("--tmpfs", "/scratch"), "grep ' /scratch ' /proc/mounts | cut -d, -f1-4",
         "tmpfs /scratch tmpfs rw,nosuid,nodev,noexec"),
        (("--tmpfs", "/scratch:size=64k,exec"), "df -k /scratch | tail -1 | awk '{print $2}'",
         "64"),
        (("--shm-size", "1m"), "df -k /dev/shm | tail -1 | awk '{print $2}'", "1024"),
        ((), "df -k /dev/shm | tail -1 | awk '{print $2}'", "65536"),
        (("--read-only",), "touch /x 2>&1; echo $?",
         "touch: /x: Read-only file system\n1"),
        (("--read-only", "--tmpfs", "/tmp"), "touch /tmp/x; echo $?", "0"),
        (("--ulimit", "nofile=100:200"), "ulimit -n; ulimit -Hn", "100\n200"),
        (("--ulimit", "core=0"), "ulimit -c", "0"),
        (("--init",), "cat /proc/1/comm", "docker-init"),
        (("--pid", "host"), "test -e /proc/2/comm; echo $?", "0"),
        (("--network", "none"), "ls /sys/class/net", "lo"),
        (("--uts", "host"), "test $(hostname) = $(cat /proc/sys/kernel/hostname); echo $?", "0"),
        (("--sysctl", "kernel.msgmax=4096"), "cat /proc/sys/kernel/msgmax", "4096"),
        (("--oom-score-adj", "500"), "cat /proc/self/oom_score_adj", "500"),
        (("--entrypoint", "echo"), "-n x", "-c -n x"),
        (("--security-opt", "no-new-privileges"), "grep NoNewPrivs /proc/self/status",
         "NoNewPrivs:\t1"),
        ((), "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status", "NoNewPrivs:\t0\nSeccomp:\t2"),
        (("--security-opt", "seccomp=unconfined"), "grep Seccomp: /proc/self/status",
         "Seccomp:\t0"),
        (("--cap-drop", "ALL"), "grep CapEff /proc/self/status", "CapEff:\t0000000000000000"),
        (("--cap-drop", "ALL", "--cap-add", "chown"), "grep CapEff /proc/self/status",
         "CapEff:\t0000000000000001"),
        (("--cap-add", "NET_ADMIN"), "grep CapEff /proc/self/status", "CapEff:\t00000000a80435fb"),
        (("-u", "4321"), "grep -E 'CapEff|CapBnd' /proc/self/status",
         "CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb"),
    ],
)  # fmt: skip
def test_option(docker: Docker, options: tuple[str, ...], command: str, expected: str) -> None:
    words = ("-c", command) if "--entrypoint" in options else ("sh", "-c", command)
    out = docker.ok("run", "--rm", *options, "busybox", *words)
    assert out.startswith(expected)


def test_environment_file(docker: Docker, tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# a comment\nA=1\n\nB=two words\n")
    out = docker.ok("run", "--rm", "--env-file", str(file), "busybox", "sh", "-c", 'echo "$A $B"')
    assert out == "1 two words"


def test_bind_mounts(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("of the host")
    script = "cat /a/in; echo x > /a/out; echo x > /b/out; cat /made/file 2>&1"
    result = docker(
        "run", "--rm", "-v", f"{tmp_path}:/a", "-v", f"{tmp_path}:/b:ro",
        "-v", f"{tmp_path}/in:/made/file", "busybox", "sh", "-c", script,
    )  # fmt: skip
    assert result.out == "of the host" * 2
    assert "/b/out: Read-only file system" in result.err
    assert (tmp_path / "out").read_text() == "x\n"


def test_a_missing_source_of_v_is_made_and_one_of_mount_is_refused(
    docker: Docker, tmp_path: Path
) -> None:
    docker.ok("run", "--rm", "-v", f"{tmp_path}/new:/a", "busybox", "true")
    assert (tmp_path / "new").is_dir()
    mount = f"type=bind,source={tmp_path}/other,target=/a"
    refused = docker("run", "--rm", "--mount", mount, "busybox", "true")
    assert refused.status == 125
    assert "bind source path does not exist" in refused.err


def test_cpus(docker: Docker) -> None:
    busy = "i=0; while [ $i -lt 1000000000 ]; do i=$((i+1)); done"
    container = docker.ok("run", "-d", "--cpus", "0.2", "busybox", "sh", "-c", busy)
    pid = int(docker.inspect(container, "{{.State.Pid}}"))
    start, before = time.monotonic(), _cpu_ticks(pid)
    time.sleep(2)
    share = (_cpu_ticks(pid) - before) / 100 / (time.monotonic() - start)
    assert share < 0.3
    assert docker.inspect(container, "{{.HostConfig.NanoCpus}}") == "200000000"


def _cpu_ticks(pid: int) -> int:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def test_a_container_that_runs_out_of_memory(docker: Docker) -> None:
    hog = "x=x; while true; do x=$x$x; done"
    container = docker.ok("create", "-m", "16m", "busybox", "sh", "-c", hog)
    docker.ok("start", container)
    assert docker.ok("wait", container) == "137"
    state = "{{.State.OOMKilled}} {{.State.ExitCode}} {{.HostConfig.Memory}}"
    assert docker.inspect(container, state) == "true 137 16777216"


def test_pids_limit(docker: Docker) -> None:
    many = "for i in 1 2 3 4 5 6 7 8 9; do sleep 2 & done"
    result = docker("run", "--rm", "--pids-limit", "5", "busybox", "sh", "-c", many)
    assert "can't fork" in result.err


def test_privileged(docker: Docker) -> None:
    script = "mount -t tmpfs none /mnt && echo mounted; grep Seccomp: /proc/self/status"
    out = docker.ok(
        "run", "--rm", "--privileged", "busybox", "sh", "-c", f"mkdir -p /mnt; {script}"
    )
    assert out == "mounted\nSeccomp:\t0"
    refused = docker("run", "--rm", "busybox", "sh", "-c", f"mkdir -p /mnt; {script}")
    assert "permission denied" in refused.err
    assert refused.out == "Seccomp:\t2\n"


def test_device(docker: Docker) -> None:
    words = ("busybox", "sh", "-c", "head -c 1 /dev/loop-control; mknod /x c 10 237; cat /x")
    assert "Operation not permitted" in docker("run", "--rm", *words).err
    given = docker.ok(
        "run", "--rm", "--device", "/dev/fuse:/dev/given:r", "busybox", "stat", "-c", "%F %t %T",
        "/dev/given",
    )  # fmt: skip
    assert given == "character special file a e5"


def test_a_seccomp_profile_of_ones_own(docker: Docker, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(
        '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":'
        '[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}'
    )
    option = f"seccomp={profile}"
    result = docker("run", "--rm", "--security-opt", option, "busybox", "mkdir", "/x")
    assert (result.status, "Function not implemented" in result.err) == (1, True)


def test_rm_removes(docker: Docker) -> None:
    docker.ok("run", "--rm", "--name", docker.name, "busybox", "true")
    assert "No such container" in docker("start", docker.name).err


def test_detached(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    assert len(container) == 64
    assert docker.inspect(container, "{{.State.Status}}") == "running"


def test_cidfile_and_labels(docker: Docker, tmp_path: Path) -> None:
    file = tmp_path / "cid"
    docker.ok("run", "--cidfile", str(file), "--label", "a=b", "--label", "c", "busybox", "true")
    labels = docker.inspect(file.read_text(), '{{index .Config.Labels "a"}}|{{.Config.Labels.c}}')
    assert labels == "b|"


def test_ctrl_c_of_the_client_is_passed_on(docker: Docker) -> None:
    client = docker.popen("run", "--rm", "busybox", "sh", "-c", "trap 'exit 7' INT; echo ready; "
                          "while true; do sleep 0.1; done")  # fmt: skip
    assert client.stdout is not None
    assert client.stdout.readline() == "ready\n"
    client.send_signal(signal.SIGINT)
    assert client.wait(timeout=60) == 7
    client.communicate()


def test_a_client_that_dies_leaves_its_container_running(docker: Docker) -> None:
    client = docker.popen("run", "--name", docker.name, "busybox", "sh", "-c",
                          "echo ready; sleep 1000")  # fmt: skip
    assert client.stdout is not None
    assert client.stdout.readline() == "ready\n"
    client.kill()
    client.communicate()
    assert docker.inspect(docker.name, "{{.State.Running}}") == "true"


def test_output_to_a_reader_that_goes_away(docker: Docker) -> None:
    with docker.popen("run", "--rm", "busybox", "seq", "1", "1000000") as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "1\n"
        client.stdout.close()
        try:
            client.wait(timeout=120)
        except subprocess.TimeoutExpired:
            client.kill()
            raise
