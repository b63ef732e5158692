"""SELinux contexts, on a kernel that runs SELinux: a machine started with security=selinux.

The policy is as small as one can be: it knows the contexts below, and SELinux is permissive. What
is shown is that the labels arrive; what they forbid is for a policy to say.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Internal
from seacan.runtime import labels

IS_BOOTED_WITH_SELINUX: Final = "security=selinux" in Path("/proc/cmdline").read_text().split()
pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif(not IS_BOOTED_WITH_SELINUX, reason="started without security=selinux"),
]

SELINUXFS: Final = Path("/sys/fs/selinux")
HOST, BOX, JOINED = (f"system_u:system_r:{kind}_t" for kind in ("host", "box", "joined"))
FILES: Final = "system_u:object_r:files_t"
CURRENT: Final = "cat /proc/self/attr/current"
# In the kernel's order: security/selinux/include/initial_sid_to_string.h, Linux 6.1.
SIDS: Final = """
kernel security unlabeled fs file file_labels init any_socket port netif netmsg node igmp_packet
icmp_socket tcp_socket sysctl_modprobe sysctl sysctl_fs sysctl_kernel sysctl_net sysctl_net_unix
sysctl_vm sysctl_dev kmod policy scmp_packet devnull
""".split()
CLASSES: Final = {
    "security": "compute_av",
    "process": "transition dyntransition setexec setkeycreate",
    "process2": "nnp_transition nosuid_transition",
    "filesystem": "mount",
    "file": "read",
    "dir": "read",
    "key": "view",
}


def policy() -> str:
    """Return the source of the policy, for checkpolicy(8)."""
    lines = [f"class {name}" for name in CLASSES]
    lines += [f"sid {name}" for name in SIDS]
    lines += [f"class {name} {{ {permissions} }}" for name, permissions in CLASSES.items()]
    types = ("host_t", "box_t", "joined_t", "files_t")
    # Without, there is no change of label on execve from the nosuid mount that the tests are on.
    lines += ["policycap nnp_nosuid_transition;"]
    lines += [f"type {name};" for name in types]
    for role in ("system_r", "object_r"):
        lines += [f"role {role};", f"role {role} types {{ {' '.join(types)} }};"]
    lines += ["allow host_t self:process setexec;", "user system_u roles { system_r object_r };"]
    lines += [f"sid {name} {HOST}" for name in SIDS]
    lines += [f"fs_use_trans {name} system_u:object_r:host_t;" for name in ("tmpfs", "devpts")]
    lines += [f"genfscon {name} / system_u:object_r:host_t" for name in ("proc", "sysfs")]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", autouse=True)
def _policy(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Load the policy into the kernel of the machine, which ends after the tests."""
    directory = tmp_path_factory.mktemp("policy")
    (directory / "source").write_text(policy())
    compile_ = ["checkpolicy", "-U", "allow", "-c", "30", "-o", "binary", "source"]
    subprocess.run(compile_, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    if not labels.has_selinux():
        subprocess.run(["mount", "-t", "selinuxfs", "selinuxfs", SELINUXFS], check=True)
    fd = os.open(SELINUXFS / "load", os.O_WRONLY)
    os.write(fd, (directory / "binary").read_bytes())
    os.close(fd)
    assert Path("/proc/self/attr/current").read_text() == f"{HOST}\0"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    assert box.leftovers() == []


def test_process_has_its_label(box: Box) -> None:
    box.process["selinuxLabel"] = BOX
    box.process["user"] = {"uid": 1000, "gid": 1000}
    box.process["capabilities"] = {}
    assert box.sh(CURRENT) == f"{BOX}\0"


def test_no_label(box: Box) -> None:
    assert box.sh(CURRENT) == f"{HOST}\0"


def test_joining_process(box: Box) -> None:
    box.process["selinuxLabel"] = BOX
    with box.started("sleep", "60") as container:
        assert box.execute(container, "sh", "-c", CURRENT, selinuxLabel="").out == f"{BOX}\0"
        assert box.execute(container, "sh", "-c", CURRENT, selinuxLabel=JOINED).out == f"{JOINED}\0"


def test_label_that_the_policy_does_not_know(box: Box) -> None:
    box.process["selinuxLabel"] = "system_u:system_r:absent_t"
    with pytest.raises(Internal, match=r"process\.selinuxLabel: .*absent_t: invalid argument"):
        box.run("true")


def test_label_is_the_kernels_whatever_the_image_has_for_proc(box: Box) -> None:
    """CVE-2019-16884, CVE-2025-52881: a write to the image's file looked like success."""
    attribute = box.rootfs / "proc/self/attr/exec"
    attribute.parent.mkdir(parents=True)
    attribute.touch()
    box.config["mounts"] = [m for m in box.config["mounts"] if m["destination"] != "/proc"]
    box.linux["maskedPaths"] = box.linux["readonlyPaths"] = []
    box.process["selinuxLabel"] = BOX
    with box.started("sleep", "60") as container:
        assert Path(f"/proc/{container.pid}/attr/current").read_text() == f"{BOX}\0"
    assert attribute.read_text() == ""


def test_session_keyring_has_the_label(box: Box) -> None:
    box.process["selinuxLabel"] = BOX
    with box.started("sleep", "60"):
        lines = Path("/proc/keys").read_text().splitlines()
        key = next(line.split()[0] for line in lines if f"_ses.{box.id}" in line)
        command = ["keyctl", "security", str(int(key, 16))]
        assert subprocess.check_output(command, text=True).strip("\0\n") == BOX


def test_new_file_systems_have_the_mount_label(box: Box) -> None:
    box.linux["mountLabel"] = FILES
    box.linux["maskedPaths"] = ["/sys/firmware", "/etc"]
    with box.started("sleep", "60") as container:
        root = Path(f"/proc/{container.pid}/root")
        for path in ("dev", "dev/null", "dev/pts", "dev/shm", "etc"):
            assert os.getxattr(root / path, "security.selinux") == f"{FILES}\0".encode(), path
        assert os.getxattr(root / "proc", "security.selinux") != f"{FILES}\0".encode()
