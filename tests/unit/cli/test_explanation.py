"""`seacan explain`: its text, and whom it asks."""

import os
from pathlib import Path

import pytest
from tests.unit.cli.test_run import done
from tests.unit.client.scripted import refusal, scripted_daemon

from seacan.cli.commands import explain
from seacan.cli.daemon_choice import DaemonChoice
from seacan.cli.flags import parse
from seacan.cli.output.explanation import text
from seacan.cli.session import Session
from seacan.errors import Unsupported
from seacan.spec.explanation import Explanation, Process

ID = "ab" * 32


def process(pid: int, *children: Process, inside: int = 0) -> Process:
    return {
        "Pid": pid,
        "Parent": pid - 1,
        "Name": "sh",
        "Command": ["sh", "-c", "echo " + "x" * 100],
        "User": 0,
        "NamespacePids": [pid, inside] if inside else [pid],
        "Children": list(children),
    }


def explanation() -> Explanation:
    names = [f"CAP_{name}" for name in ("CHOWN", "KILL", "SETUID", "NET_RAW") * 6]
    return {
        "Pid": 7,
        "Container": {"Id": ID, "Name": "web", "Image": "busybox"},
        "Processes": {
            "Ancestors": [process(1)],
            "Tree": process(7, process(8, inside=2), inside=1),
            "Omitted": 3,
            "See": ["ps"],
        },
        "Namespaces": {
            "List": [
                {"Kind": "net", "Inode": 11, "HostInode": 10, "IsShared": False},
                {"Kind": "user", "Inode": 12, "HostInode": 12, "IsShared": True},
            ],
            "See": ["lsns"],
        },
        "Cgroups": {
            "List": [
                {"Version": 1, "Controllers": ["cpu"], "Path": "/a", "Directory": "/c/cpu/a"},
                {"Version": 1, "Controllers": ["pids"], "Path": "/a", "Directory": "/c/pids/a"},
            ],
            "Limits": [
                {"Resource": "cpu", "Limit": 0.5, "Used": 1.25, "File": "/c/cpu/a/x"},
                {"Resource": "memory", "Limit": None, "Used": 1048576.0, "File": "/c/m"},
                {"Resource": "pids", "Limit": 9.0, "Used": 2.0, "File": "/c/p"},
            ],
            "See": ["cat /c/cpu/a/x"],
        },
        "Capabilities": {
            "Effective": names,
            "Permitted": names,
            "Inheritable": [],
            "Bounding": names,
            "Ambient": [],
            "NoNewPrivileges": True,
            "See": ["getpcaps 7"],
        },
        "Seccomp": {
            "Mode": "filter",
            "Filters": 1,
            "Blocked": ["mount"] * 40,
            "Conditional": ["clone"],
            "See": ["grep"],
        },
        "FileSystem": {
            "IsShared": False,
            "RootType": "overlay",
            "Writable": "/data/upper",
            "Layers": [{"Directory": "/data/1", "DiffId": f"sha256:{ID}"}],
            "Mounts": [
                {
                    "Target": "/etc/hosts",
                    "Type": "ext4",
                    "Source": f"/dev/x[/{ID}/hosts]",
                    "Options": ["rw", "nosuid"],
                    "FileSystemOptions": [],
                }
            ],
            "See": ["cat /proc/7/mountinfo"],
        },
        "Network": {
            "IsShared": False,
            "Interfaces": [
                {"Name": "eth0", "Addresses": ["10.0.0.2/24"], "Peer": "veth1", "Bridge": "br"}
            ],
            "Rules": [{"Place": "nft inet t map m", "Text": "tcp . 80 : 10.0.0.2 . 8080"}],
            "Listeners": [{"Protocol": "tcp", "Address": "::", "Port": 8080, "Pids": [8]}],
            "See": ["nsenter"],
        },
    }


def test_the_text_fits_a_terminal_of_80_columns() -> None:
    lines = text(explanation(), 80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    for line in (
        "web, container abababababab",
        "  net      11  its own; the host's is 10",
        "  user     12  the host's",
        "    cpu, pids".replace("    ", "      "),
        "  cpu      at most 0.5 CPUs, used 1.25 s",
        "  memory   no limit, in use 1MiB",
        "  pids     at most 9, in use 2",
        "  inheritable, ambient: none",
        "  gains none by execve (no_new_privs)",
        "  refused: 40 calls",
        "  by their arguments: clone",
        "  rule     nft inet t map m: tcp . 80 : 10.0.0.2 . 8080",
        "  path     br → veth1 → eth0 → 10.0.0.2/24",
        "  socket   tcp [::]:8080 → process 8",
        "  mounts   /etc/hosts ext4 from /dev/x[/abababababab…/hosts] nosuid",
        "  … and 3 more",
        "  → lsns",
    ):
        assert line in lines


def test_what_a_process_calls_itself_cannot_steer_the_terminal() -> None:
    found = explanation()
    found["Processes"]["Tree"]["Command"] = ["\x1b[2J", "ok"]
    assert "\x1b" not in text(found, 80)


def test_a_plain_process_has_less() -> None:
    found = explanation()
    found["Container"] = None
    found["Seccomp"] |= {"Mode": "off", "Blocked": None, "Conditional": None}
    found["Network"] = {
        "IsShared": True, "Interfaces": [], "Rules": [], "Listeners": [], "See": [],
    }  # fmt: skip
    found["FileSystem"] |= {"IsShared": True, "Mounts": [], "Layers": []}
    lines = text(found, 80).splitlines()
    assert lines[0] == "process 7, in no container that a daemon here knows"
    assert "  off: every call" in lines
    assert "  mounts   the host's" in lines
    assert lines[-1] == "  the host's"


@pytest.mark.parametrize("name", ["web", str(os.getpid())], ids=["name", "pid"])
def test_a_daemon_elsewhere_is_refused_with_what_to_do(name: str) -> None:
    values, _ = parse(explain.FLAGS, [])
    with pytest.raises(Unsupported, match=f"run `seacan explain {name}` there"):
        explain.run(
            Session(DaemonChoice(config_path="/none", hosts=["tcp://192.0.2.1:2375"])),
            values,
            [name],
        )


def test_a_number_that_is_neither_process_nor_container(tmp_path: Path) -> None:
    number = "99999999"  # above the kernel's own limit, PID_MAX_LIMIT
    replies = {f"GET /containers/{number}/json": refusal(404, f"No such container: {number}")}
    with scripted_daemon(tmp_path, **replies) as daemon:
        code, _, told = done(daemon.host, "explain", number)
    assert code == 1
    assert told.decode().startswith(f"there is no process {number}, and no container: ")
