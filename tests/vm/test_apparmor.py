"""AppArmor profiles, on a kernel that has AppArmor."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Internal

pytestmark = pytest.mark.vm

SECURITYFS: Final = Path("/sys/kernel/security")
PROFILE: Final = "seacan-test"
TEXT: Final = f"""
profile {PROFILE} flags=(attach_disconnected, mediate_deleted) {{
  file,
  capability,
  signal,
  unix,
  ptrace,
  deny /etc/passwd r,
}}
profile {PROFILE}-other flags=(attach_disconnected, mediate_deleted) {{
  file,
  capability,
  signal,
  deny /etc/group r,
}}
"""
CURRENT: Final = "cat /proc/self/attr/apparmor/current"


@pytest.fixture(scope="module", autouse=True)
def _profiles() -> Iterator[None]:
    """Load the profiles into the kernel of the machine, which ends after the tests."""
    if not (SECURITYFS / "apparmor").exists():
        subprocess.run(["mount", "-t", "securityfs", "securityfs", SECURITYFS], check=True)
    _parse("--replace")
    yield
    _parse("--remove")


def _parse(action: str) -> None:
    command = ["apparmor_parser", action, "--skip-cache"]
    subprocess.run(command, input=TEXT, text=True, check=True, stderr=subprocess.DEVNULL)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    (box.rootfs / "etc/group").write_text("root:x:0:\n")
    yield box
    assert box.leftovers() == []


def test_process_is_in_its_profile(box: Box) -> None:
    box.process["apparmorProfile"] = PROFILE
    out = box.run("sh", "-c", f"{CURRENT}; cat /etc/passwd; cat /etc/group").out
    assert out.splitlines() == [
        f"{PROFILE} (enforce)",
        "cat: can't open '/etc/passwd': Permission denied",
        "root:x:0:",
    ]


@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_process_without_rights_and_with_a_filter(box: Box, no_new_privileges: bool) -> None:
    box.process["apparmorProfile"] = PROFILE
    box.process["user"] = {"uid": 1000, "gid": 1000}
    box.process["capabilities"] = {}
    box.process["noNewPrivileges"] = no_new_privileges
    box.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}
    assert box.sh(CURRENT) == f"{PROFILE} (enforce)\n"


def test_no_profile_and_unconfined(box: Box) -> None:
    assert box.sh(CURRENT) == "unconfined\n"
    box.process["apparmorProfile"] = "unconfined"
    assert box.sh(CURRENT) == "unconfined\n"


def test_profile_that_is_not_loaded(box: Box) -> None:
    box.process["apparmorProfile"] = "absent"
    with pytest.raises(Internal, match=r"apparmorProfile: absent: no such profile is loaded"):
        box.run("true")


def test_joining_process(box: Box) -> None:
    box.process["apparmorProfile"] = PROFILE
    with box.started("sleep", "60") as container:

        def current(**changes: Any) -> str:
            return box.execute(container, "sh", "-c", CURRENT, **changes).out

        assert current() == f"{PROFILE} (enforce)\n"
        assert current(apparmorProfile="") == f"{PROFILE} (enforce)\n"
        assert current(apparmorProfile=f"{PROFILE}-other") == f"{PROFILE}-other (enforce)\n"
        assert current(apparmorProfile="unconfined") == "unconfined\n"
        with pytest.raises(Internal, match="no such profile is loaded"):
            current(apparmorProfile="absent")


def test_label_is_the_kernels_whatever_the_image_has_for_proc(box: Box) -> None:
    """CVE-2019-16884, CVE-2025-52881: a write to the image's files looked like success."""
    attributes = box.rootfs / "proc/self/attr/apparmor"
    attributes.mkdir(parents=True)
    for path in (attributes / "exec", attributes.parent / "exec"):
        path.touch()
    box.config["mounts"] = [m for m in box.config["mounts"] if m["destination"] != "/proc"]
    box.linux["maskedPaths"] = box.linux["readonlyPaths"] = []
    box.process["apparmorProfile"] = PROFILE
    with box.started("sleep", "60") as container:
        attribute = Path(f"/proc/{container.pid}/attr/apparmor/current")
        assert attribute.read_text() == f"{PROFILE} (enforce)\n"
        joined = box.execute(container, "cat", "/etc/passwd")
        assert joined.out == "cat: can't open '/etc/passwd': Permission denied\n"
    assert (attributes / "exec").read_text() == ""


def test_hooks_inside_are_confined_and_those_outside_are_not(box: Box) -> None:
    box.process["apparmorProfile"] = PROFILE
    for kind in ("createRuntime", "createContainer", "startContainer", "poststop"):
        out = f"/tmp/{kind}" if kind == "startContainer" else f"{box.path}/{kind}"
        hook = {"path": "/bin/sh", "args": ["sh", "-c", f"{CURRENT} > {out}"], "env": ["PATH=/bin"]}
        box.config.setdefault("hooks", {})[kind] = [hook]
    assert box.sh("cat /tmp/startContainer") == f"{PROFILE} (enforce)\n"
    for kind in ("createRuntime", "createContainer", "poststop"):
        assert (box.path / kind).read_text() == "unconfined\n"


def test_machine_has_apparmor() -> None:
    assert os.environ["SEACAN_VM"] == "1"
    assert Path("/sys/module/apparmor/parameters/enabled").read_text() == "Y\n"
