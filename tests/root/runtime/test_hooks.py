"""Hooks of the bundle: where they run, what they get, and what becomes of the container."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tests.root.runtime.boxes import DEADLINE_S, Box, wait_until

from seacan.engine.bundle.seccomp_profile import default_profile
from seacan.errors import Conflict
from seacan.kernel import processes
from seacan.runtime.container import load
from seacan.runtime.failures import HookFailed
from seacan.supervisor.own import OwnContainer
from seacan.supervisor.process import ChildSide
from seacan.supervisor.protocol import RootfsRequest

pytestmark = pytest.mark.root

RUNTIMES: Final = ("prestart", "createRuntime", "poststart", "poststop")
CREATING: Final = ("prestart", "createRuntime", "createContainer")
NAMESPACES: Final = ("mnt", "pid", "uts", "ipc", "net", "cgroup")


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"], **more}


def place(box: Box, kind: str) -> tuple[Path, str]:
    """Return where a hook of `kind` may write, as the host and as the hook names it."""
    if kind == "startContainer":
        return box.rootfs / "tmp" / kind, f"/tmp/{kind}"
    return box.path / kind, str(box.path / kind)


def add(box: Box, kind: str, *hooks: dict[str, Any]) -> None:
    box.config.setdefault("hooks", {}).setdefault(kind, []).extend(hooks)


def own_namespaces() -> set[str]:
    return {os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES}


def namespaces_seen(path: Path) -> set[str]:
    return set(path.read_text().split())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("prestart", "created"),
        ("createRuntime", "created"),
        ("createContainer", "created"),
        ("startContainer", "created"),
        ("poststart", "running"),
        ("poststop", "stopped"),
    ],
)
def test_state_and_namespaces(box: Box, kind: str, status: str) -> None:
    host, name = place(box, kind)
    links = " ".join(f"/proc/self/ns/{namespace}" for namespace in NAMESPACES)
    script = f"cat > {name}.state; for n in {links}; do readlink $n; done > {name}.namespaces"
    add(box, kind, shell(script))
    box.config["annotations"] = {"org.example.a": "b" * 100_000}
    with box.started("sleep", "60") as container:
        pid = container.pid
        inside = {os.readlink(f"/proc/{pid}/ns/{namespace}") for namespace in NAMESPACES}
    state = json.loads(Path(f"{host}.state").read_text())
    assert state == {
        "ociVersion": "1.2.0",
        "id": box.id,
        "status": status,
        "pid": {"createContainer": 1, "startContainer": 1, "poststop": 0}.get(kind, pid),
        "bundle": str(box.path),
        "annotations": {"org.example.a": "b" * 100_000},
    }
    expected = own_namespaces() if kind in RUNTIMES else inside
    assert namespaces_seen(Path(f"{host}.namespaces")) == expected
    assert not own_namespaces() & inside


def test_order(box: Box) -> None:
    log = box.path / "log"
    for kind in ("poststop", "poststart", "createContainer", "createRuntime", "prestart"):
        add(box, kind, shell(f"echo {kind} 0 >> {log}"), shell(f"echo {kind} 1 >> {log}"))
    box.mount(str(log), "bind", str(log), "bind")
    log.touch()
    add(box, "startContainer", shell(f"echo startContainer >> {log}"))
    with box.created("sh", "-c", f"echo process >> {log}; sleep 60") as container:
        created = log.read_text().splitlines()
        container.start()
        wait_until(lambda: "process\n" in log.read_text())
    assert created == [f"{kind} {index}" for kind in CREATING for index in (0, 1)]
    later = log.read_text().splitlines()[len(created) :]
    # The process runs by the time of poststart, and may write before or after.
    assert later.index("startContainer") == 0
    later.remove("process")
    assert later[1:] == ["poststart 0", "poststart 1", "poststop 0", "poststop 1"]


def test_hooks_of_the_runtime_find_the_containers_namespaces_and_mounts(box: Box) -> None:
    script = 'read -r state; pid=${state#*pid\\":}; pid=${pid%%,*}'
    look = f"{script}; nsenter -t $pid -u hostname > {box.path}/name"
    mounts = f"grep ' {box.rootfs}/proc ' /proc/$pid/mountinfo > {box.path}/mounts"
    add(box, "createRuntime", shell(f"{look} && {mounts}"))
    box.sh("true")
    assert (box.path / "name").read_text() == "box\n"
    assert " - proc " in (box.path / "mounts").read_text()


def test_create_container_hook_mounts_into_the_root(box: Box, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("of the host")
    (box.rootfs / "tmp/data").touch()
    add(box, "createContainer", shell(f"mount --bind {tmp_path}/data {box.rootfs}/tmp/data"))
    assert box.sh("cat /tmp/data") == "of the host"


def test_start_container_hook_is_the_containers_file_and_has_its_rights(box: Box) -> None:
    (box.rootfs / "bin/only-inside").write_text(
        "#!/bin/sh\nid -u > /tmp/out; grep Cap /proc/self/status >> /tmp/out\n"
    )
    (box.rootfs / "bin/only-inside").chmod(0o755)
    box.process["user"] = {"uid": 1000, "gid": 1000}
    box.process["capabilities"] = {}
    add(box, "startContainer", {"path": "/bin/only-inside", "env": ["PATH=/bin"]})
    uid, *sets = box.sh("cat /tmp/out").splitlines()
    assert uid == "1000"
    assert {line.split()[1] for line in sets} == {"0" * 16}


def test_start_container_hook_under_the_default_filter(box: Box) -> None:
    box.linux["seccomp"] = default_profile(frozenset(), os.uname().machine, (5, 10))
    box.process["capabilities"] = {}
    add(
        box, "startContainer", shell("cat > /tmp/state; grep Seccomp: /proc/self/status > /tmp/out")
    )
    assert box.sh("cat /tmp/out").split() == ["Seccomp:", "2"]
    assert json.loads((box.rootfs / "tmp/state").read_text())["id"] == box.id


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer", "startContainer", "poststop"])
def test_environment_and_descriptors_are_those_asked_for(
    box: Box, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    host, name = place(box, kind)
    leak = os.open("/", os.O_RDONLY)
    os.set_inheritable(leak, True)
    script = f"tr '\\0' '\\n' < /proc/self/environ > {name}.env; ls /proc/self/fd > {name}.fds"
    (box.rootfs / "bin/tr").symlink_to("busybox")
    try:
        add(box, kind, shell(script, env=["PATH=/usr/bin:/bin", "A=b=c"]))
        box.sh("true")
    finally:
        os.close(leak)
    seen = Path(f"{host}.env").read_text().splitlines()
    assert {line for line in seen if not line.startswith(("PWD=", "SHLVL=", "_=", "OLDPWD="))} == {
        "PATH=/usr/bin:/bin",
        "A=b=c",
    }
    assert Path(f"{host}.fds").read_text().split() == ["0", "1", "2", "3"]  # 3 is the listing's own


def test_hooks_begin_in_the_bundle_or_the_root(box: Box) -> None:
    for kind in ("createRuntime", "createContainer", "startContainer", "poststop"):
        add(box, kind, shell(f"pwd > {place(box, kind)[1]}; umask >> {place(box, kind)[1]}"))
    box.process["cwd"] = "/etc"
    box.process["user"] = {"uid": 0, "gid": 0, "umask": 0o077}
    box.sh("true")
    seen = {kind: place(box, kind)[0].read_text().split() for kind in box.config["hooks"]}
    assert seen == {
        "createRuntime": [str(box.path), "0022"],
        "createContainer": [str(box.rootfs), "0022"],
        "startContainer": ["/etc", "0077"],
        "poststop": [str(box.path), "0022"],
    }


def test_hooks_of_the_runtime_stay_in_its_cgroup(box: Box) -> None:
    add(box, "createRuntime", shell(f"cat /proc/self/cgroup > {box.path}/out"))
    box.sh("true")
    assert (box.path / "out").read_text() == Path("/proc/self/cgroup").read_text()


@pytest.mark.parametrize("kind", [*CREATING, "startContainer"])
def test_failure_undoes_the_container(box: Box, kind: str) -> None:
    log = box.path / "log"
    add(box, kind, shell("true"), shell("echo of no use >&2; exit 3"))
    add(box, kind, shell(f"echo later >> {log}; echo later > /tmp/later"))
    add(box, "poststop", shell(f"cat >> {log}"))
    text = f"error running {kind} hook #1: /bin/sh: exit status 3: of no use"
    with pytest.raises(HookFailed) as caught:
        box.run("true")
    assert str(caught.value) == text
    assert json.loads(log.read_text())["status"] == "stopped"  # once, and no hook after the failed
    assert not (box.rootfs / "tmp/later").exists()
    assert box.leftovers() == []


@pytest.mark.parametrize("kind", [*CREATING, "startContainer"])
def test_timeout_ends_a_hook_and_what_it_started(box: Box, kind: str) -> None:
    mark = f"6{int(time.time() * 1000) % 1_000_000}"
    script = f"sleep {mark} & echo so far; sleep {mark}"
    add(box, kind, shell(script, timeout=2))
    begin = time.monotonic()
    with pytest.raises(HookFailed, match=f"{kind} hook #0: /bin/sh: still running after 2 s: so"):
        box.run("true")
    assert 2 <= time.monotonic() - begin < DEADLINE_S
    wait_until(lambda: not running(mark))


def running(mark: str) -> list[int]:
    """Return the processes that have `mark` as an argument."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            line = Path(f"/proc/{entry}/cmdline").read_bytes() if entry.isdecimal() else b""
        except OSError:
            continue
        if mark.encode() in line.split(b"\0"):
            found.append(int(entry))
    return found


def test_hook_that_cannot_be_executed(box: Box) -> None:
    add(box, "createRuntime", {"path": "/absent/hook"})
    with pytest.raises(HookFailed, match=r"/absent/hook: exit status 127: no such file or dir"):
        box.run("true")


def test_hook_that_neither_reads_nor_keeps_quiet(box: Box) -> None:
    """More state than a pipe takes, more output than is kept, and a process left in the back."""
    box.config["annotations"] = {"org.example.a": "b" * 1_000_000}
    script = "head -c 1000000 /dev/zero | tr '\\0' x; echo the end; exec <&-; sleep 0.2 & exit 1"
    add(box, "createRuntime", shell(script))
    with pytest.raises(HookFailed, match=r"exit status 1: x{2000}x*the end$"):
        box.run("true")


def test_hook_that_leaves_somebody_talking(box: Box) -> None:
    add(box, "createRuntime", shell(f"yes & echo $! > {box.path}/pid; echo this; exit 1"))
    with pytest.raises(HookFailed, match="exit status 1"):
        box.run("true")
    pid = int((box.path / "pid").read_text())
    wait_until(lambda: processes.start_time(pid) is None)  # of SIGPIPE


@pytest.mark.parametrize("kind", ["poststart", "poststop"])
def test_late_failures_are_warnings(box: Box, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    log = box.path / "log"
    add(box, kind, shell("echo why >&2; exit 3"), shell(f"echo next >> {log}"))
    assert box.run("sh", "-c", "exit 7").code == 7
    assert log.read_text() == "next\n"
    warning = capfd.readouterr().err
    assert f'level=warn msg="{kind} hook #0 failed" path=/bin/sh' in warning
    assert 'error="exit status 3: why"' in warning


def test_poststop_needs_no_bundle(box: Box) -> None:
    add(box, "poststop", shell(f"echo x >> {box.path}/out"))
    with box.started("true") as container:
        (box.path / "config.json").unlink()
        os.waitpid(container.pid, 0)
        load(box.root, box.id).delete()
    assert (box.path / "out").read_text() == "x\n"  # the second delete, of the box, had none to run


def test_start_by_another_process_tells_of_a_failing_hook(box: Box) -> None:
    add(box, "startContainer", shell("echo why >&2; exit 3"))
    add(box, "poststop", shell(f"echo x >> {box.path}/stopped"))
    with box.created("true") as container:
        done = subprocess.run(
            command(box, "start", box.id),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == 1
        assert "startContainer hook #0: /bin/sh: exit status 3: why" in done.stderr
        assert not os.path.exists(container.state_dir)
    assert (box.path / "stopped").read_text() == "x\n"


def test_caller_that_ignores_the_end_of_children(box: Box) -> None:
    add(box, "createRuntime", shell("exit 0"))
    add(box, "poststop", shell(f"echo done > {box.path}/out"))
    box.write("true")
    script = ["sh", "-c", "trap '' CHLD; exec \"$@\"", "sh"]
    run = command(box, "run", "-b", str(box.path), box.id)
    subprocess.run([*script, *run], check=True, timeout=DEADLINE_S)
    assert (box.path / "out").read_text() == "done\n"


def command(box: Box, *args: str) -> list[str]:
    return [sys.executable, "-m", "seacan.runtime.main", "--root", str(box.root), *args]


@contextmanager
def creating(box: Box) -> Iterator[subprocess.Popen[bytes]]:
    """A `create` whose hook goes on until the file `go` is there."""
    with subprocess.Popen(
        command(box, "create", "-b", str(box.path), box.id),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until((box.path / "hook").exists)
        try:
            yield process
        finally:
            (box.path / "go").touch()


@pytest.mark.parametrize("kind", CREATING)
def test_runtime_killed_while_a_hook_runs(box: Box, kind: str) -> None:
    wait = f"touch {box.path}/hook; while [ ! -e {box.path}/go ]; do sleep 0.01; done"
    add(box, kind, shell(wait))
    add(box, "poststop", shell(f"echo x >> {box.path}/stopped"))
    box.write("true")
    with creating(box) as process:
        container = load(box.root, box.id)
        assert container.status() == "creating"
        with pytest.raises(Conflict, match="not created yet"):
            container.start()
        with pytest.raises(Conflict, match="not stopped: creating"):
            container.delete()
        process.send_signal(signal.SIGKILL)
        assert process.wait(DEADLINE_S) == -signal.SIGKILL
        wait_until(lambda: processes.start_time(container.pid) is None)
        assert load(box.root, box.id).status() == "stopped"
        subprocess.run(command(box, "delete", "--force", box.id), check=True, timeout=DEADLINE_S)
    assert (box.path / "stopped").read_text() == "x\n"
    assert box.leftovers() == []


def test_delete_while_a_hook_runs(box: Box) -> None:
    """The creator finds its child gone, and leaves the rest to who deleted it."""
    wait = f"touch {box.path}/hook; while [ ! -e {box.path}/go ]; do sleep 0.01; done"
    add(box, "createRuntime", shell(wait))
    add(box, "poststop", shell(f"echo x >> {box.path}/stopped"))
    box.write("true")
    with creating(box) as process:
        load(box.root, box.id).delete(force=True)
        (box.path / "go").touch()
        assert process.wait(DEADLINE_S) == 1
    assert (box.path / "stopped").read_text() == "x\n"


def test_hooks_under_a_shim(box: Box) -> None:
    """It starts the container in one process, which ends, and deletes it in another."""
    for kind in ("createRuntime", "poststart", "poststop"):
        add(box, kind, shell(f"echo {kind} >> {box.path}/log"))
    box.write("true")
    for name in ("upper", "work"):
        (box.path / name).mkdir()
    own = OwnContainer(box.root, box.id, box.path, box.linux["cgroupsPath"])
    starter = os.fork()
    if starter == 0:
        status = 1
        try:
            layers = RootfsRequest(
                directory=str(box.path),
                lower=["rootfs"],
                upper="upper",
                work="work",
                shares_mounts=False,
            )
            own.start(layers, ChildSide((0, 1, 2), None))
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(starter, 0)[1]) == 0
    os.waitpid(-1, 0)  # the first process, which is a child of this one
    own.delete()
    own.delete()
    log = (box.path / "log").read_text().split()
    assert log == ["createRuntime", "poststart", "poststop"]
