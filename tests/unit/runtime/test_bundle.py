import copy
import json
from pathlib import Path
from typing import Any

import pytest

from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.runtime import bundle

CONFIG: dict[str, Any] = {
    "ociVersion": "1.2.0",
    "process": {"args": ["sh"], "cwd": "/", "env": ["A=b"]},
    "root": {"path": "rootfs"},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]},
}


_IDS = [{"containerID": 0, "hostID": 1000, "size": 1}]


def changed(path: str, value: object) -> dict[str, Any]:
    """Return CONFIG with `value` at the dotted `path`."""
    config: Any = copy.deepcopy(CONFIG)
    place = config
    *parents, last = path.split(".")
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
    assert isinstance(config, dict)
    return config


def with_mount(**entry: object) -> dict[str, Any]:
    return changed("mounts", [{"destination": "/x", **entry}])


def test_plain_configuration_is_accepted() -> None:
    assert bundle.check_config(CONFIG) == CONFIG


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("process.rlimits", None),
        ("linux.seccomp", None),
        ("hooks", {"prestart": []}),
        ("process.apparmorProfile", "unconfined"),
        ("process.commandLine", "of another platform"),
        ("process.user", {"username": "of another platform"}),
        ("process.consoleSize", {}),
        ("process.scheduler", {"policy": "SCHED_FIFO", "priority": 1, "nice": 19}),
        ("process.ioPriority", {"class": "IOPRIO_CLASS_IDLE", "priority": 0}),
        ("process.execCPUAffinity", {"initial": "", "final": "0-3, 7"}),
        ("linux.memoryPolicy", {"mode": "MPOL_PREFERRED"}),
        ("linux.personality", {"domain": "LINUX"}),
        ("linux.rootfsPropagation", "rslave"),
        ("somethingNew", {"deep": [1.5]}),
        ("process.somethingNew", 1),
    ],
)
def test_nulls_empty_and_unknown_properties_are_accepted(path: str, value: object) -> None:
    bundle.check_config(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("linux.netDevices", {"eth0": {"name": "x"}}),
        ("linux.intelRdt", {"closID": "x"}),
    ],
)
def test_what_is_not_done_is_refused(path: str, value: object) -> None:
    with pytest.raises(Unsupported):
        bundle.check_config(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("ociVersion", "2.0.0", "ociVersion"),
        ("ociVersion", 1, "ociVersion: not a string"),
        ("root", {}, "root.path: missing"),
        ("process", None, "process: missing"),
        ("process.args", [], "process.args: empty"),
        ("process.args", ["a\0b"], r"process.args\[0\]: holds a null"),
        ("process.args", ["\ud800"], r"process.args\[0\]: holds"),
        ("process.args", "sh", "process.args: not an array"),
        ("process.cwd", "relative", "process.cwd"),
        ("process.env", ["NAME"], "process.env"),
        ("process.env", ["=x"], "process.env"),
        ("process.terminal", 1, "process.terminal: not true or false"),
        ("process.user", {"uid": 2**32 - 1}, "process.user.uid"),
        ("process.user", {"uid": -1}, "process.user.uid"),
        ("process.user", {"uid": True}, "process.user.uid"),
        ("process.user", {"uid": "0"}, "process.user.uid"),
        ("process.user", {"gid": 2**32}, "process.user.gid"),
        ("process.user", {"additionalGids": [2**33]}, r"process.user.additionalGids\[0\]"),
        ("process.oomScoreAdj", 1001, "process.oomScoreAdj"),
        ("process.rlimits", [{"type": "RLIMIT_FUN", "soft": 1, "hard": 1}], "RLIMIT_FUN"),
        ("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}], "soft is above"),
        ("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2}], "is missing"),
        ("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}] * 2, "there twice"),
        ("linux.namespaces", [{"type": "pid"}], "needs a mount namespace"),
        ("linux.namespaces", [{"type": "mount"}, {"type": "fun"}], "unknown type: 'fun'"),
        ("linux.namespaces", [{"type": "mount"}] * 2, "mount is there twice"),
        ("linux.namespaces", [{"type": "mount"}, {"type": "pid", "path": "x"}], "not an absolute"),
        ("hostname", "box", "hostname: cannot be set without a uts namespace"),
        ("linux.sysctl", {"kernel.panic": "1"}, "kernel.panic: not in a separate"),
        ("linux.sysctl", {"net.ipv4.ip_forward": "1"}, "needs a network namespace"),
        ("linux.sysctl", {"net.../../kernel.panic": "1"}, "linux.sysctl"),
        ("linux.maskedPaths", ["proc"], "linux.maskedPaths"),
        ("linux.readonlyPaths", ["proc"], "linux.readonlyPaths"),
        ("linux.rootfsPropagation", "fast", "linux.rootfsPropagation"),
        ("linux.devices", [{"type": "x", "path": "/dev/x"}], "unknown type: 'x'"),
        ("linux.devices", [{"type": "c", "path": "x"}], "not the absolute path of a file"),
        ("linux.devices", [{"type": "p", "path": "/dev/.."}], "not the absolute path of a file"),
        ("linux.devices", [{"type": "p", "path": "/dev/"}], "not the absolute path of a file"),
        ("linux.devices", [{"type": "c", "path": "/d", "minor": 1}], "major is not from 0"),
        ("linux.devices", [{"type": "b", "path": "/d", "major": 1}], "minor is not from 0"),
        ("linux.devices", [{"type": "u", "path": "/d", "major": -1, "minor": 1}], "major is not"),
        ("linux.devices", [{"type": "c", "path": "/d", "major": 4096, "minor": 1}], "major is not"),
        ("linux.resources", {"pids": {"limit": 2**63}}, "linux.resources.pids.limit"),
        (
            "process",
            {**CONFIG["process"], "terminal": True, "consoleSize": {"height": 1}},
            "process.consoleSize: height or width is missing",
        ),
        ("linux.personality", {}, "linux.personality.domain: unknown"),
        ("linux.personality", {"domain": "BSD"}, "linux.personality.domain: unknown: 'BSD'"),
        ("linux.personality", {"domain": "LINUX", "flags": ["X"]}, "personality.flags: unknown: X"),
        ("hooks", {"prestart": [{}]}, r"hooks.prestart\[0\].path: not an absolute path"),
        ("hooks", {"poststop": [{"path": "sh"}]}, r"hooks.poststop\[0\].path: not an absolute"),
        ("hooks", {"createRuntime": [{"path": "/x"}, {"path": 1}]}, r"createRuntime\[1\].path"),
        ("hooks", {"poststart": [{"path": "/x", "timeout": 0}]}, r"timeout: not above 0: 0"),
        ("hooks", {"poststart": [{"path": "/x", "timeout": 0.5}]}, r"timeout: not a whole"),
        ("hooks", {"startContainer": [{"path": "/x", "env": ["A"]}]}, "env: not NAME=VALUE"),
        ("hooks", {"createContainer": [{"path": "/x", "args": [""]}]}, "args: the first is empty"),
        ("hooks", {"createContainer": {"path": "/x"}}, "hooks.createContainer: not an array"),
        ("mounts", [{"type": "tmpfs"}], "without a destination"),
        ("mounts", {}, "mounts: not an array"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: object, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        bundle.check_config(changed(path, value))


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"type": "bind"}, "without a source"),
        ({"options": ["rbind"]}, "without a source"),
        ({"source": "/a"}, "neither a type nor a bind"),
        ({"type": "bind", "source": "/a", "options": ["tmpcopyup"]}, "tmpcopyup is an option of"),
        ({"type": "proc", "options": ["tmpcopyup"]}, "tmpcopyup is an option of tmpfs alone"),
        ({"type": "tmpfs", "options": ["tmpcopyup", "remount"]}, "remount cannot be combined"),
        ({"source": "/a", "options": ["bind", "remount", "idmap"]}, "remount cannot be combined"),
        ({"source": "/a", "options": ["bind", "idmap"]}, "idmap needs uidMappings"),
        ({"source": "/a", "options": ["bind"], "uidMappings": _IDS}, "must be there together"),
        ({"source": "/a", "options": ["bind"], "gidMappings": _IDS}, "must be there together"),
        ({"type": "tmpfs", "uidMappings": _IDS, "gidMappings": _IDS}, "of bind mounts alone"),
    ],
)
def test_mount_that_says_too_little_or_too_much(entry: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        bundle.check_config(with_mount(**entry))


@pytest.mark.parametrize(
    "entry",
    [
        {"options": ["remount", "ro"]},
        {"source": "/a", "options": ["bind", "sync", "mode=755", "size=1k"]},
        {"options": ["bind", "remount", "ro"]},
        {"type": "tmpfs", "options": ["tmpcopyup", "sync", "iversion", "size=1"]},
        {"source": "/a", "options": ["rbind", "async", "nolazytime", "noiversion", "rro"]},
        {"source": "/a", "options": ["bind"], "uidMappings": _IDS, "gidMappings": _IDS},
    ],
)
def test_mount_that_is_accepted(entry: dict[str, object]) -> None:
    bundle.check_config(with_mount(**entry))


def test_exec_process_is_judged_the_same() -> None:
    with pytest.raises(InvalidArgument, match=r"process\.scheduler\.policy: missing"):
        bundle.check_process({"args": ["sh"], "cwd": "/", "scheduler": {}})
    with pytest.raises(InvalidArgument, match=r"process\.cwd"):
        bundle.check_process({"args": ["sh"]})


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", '"x"'])
def test_file_that_is_no_configuration(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InvalidArgument):
        bundle.load(tmp_path)


def test_bundle_without_configuration_or_root(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"config\.json: no such file or directory"):
        bundle.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    with pytest.raises(InvalidArgument, match=r"root\.path: not a directory"):
        bundle.load(tmp_path)
    (tmp_path / "rootfs").mkdir()
    assert bundle.load(tmp_path).rootfs == str(tmp_path / "rootfs")
