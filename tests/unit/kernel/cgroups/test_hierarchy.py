from seacan.kernel.cgroups.hierarchy import Layout, _below, read_layout
from seacan.kernel.mounts import MountInfo


def mount(point: str, fstype: str, *options: str, root: str = "/") -> MountInfo:
    return MountInfo(root, point, fstype, frozenset(("rw", *options)))


def test_controllers_mounted_together() -> None:
    found = read_layout([mount("/cg/cpu,cpuacct", "cgroup", "cpu", "cpuacct")])
    assert found == Layout({"cpu": "/cg/cpu,cpuacct", "cpuacct": "/cg/cpu,cpuacct"}, None, {})


def test_hybrid_and_named_hierarchies() -> None:
    found = read_layout(
        [
            mount("/cg", "tmpfs", "mode=755"),
            mount("/cg/unified", "cgroup2", "nsdelegate"),
            mount("/cg/systemd", "cgroup", "xattr", "name=systemd"),
            mount("/cg/memory", "cgroup", "memory"),
        ]
    )
    assert found.v2 == "/cg/unified"
    assert found.v1 == {"name=systemd": "/cg/systemd", "memory": "/cg/memory"}


def test_a_mount_of_the_whole_is_preferred() -> None:
    found = read_layout(
        [
            mount("/box/pids", "cgroup", "pids", root="/docker/1"),
            mount("/cg/pids", "cgroup", "pids"),
            mount("/again/pids", "cgroup", "pids"),
        ]
    )
    assert found.v1 == {"pids": "/cg/pids"}


def test_mounts_of_a_part_as_in_a_container() -> None:
    found = read_layout(
        [
            mount("/cg/pids", "cgroup", "pids", root="/docker/1"),
            mount("/box/pids", "cgroup", "pids", root="/docker/1"),
            mount("/cg/memory", "cgroup", "memory"),
        ]
    )
    assert found == Layout(
        {"pids": "/cg/pids", "memory": "/cg/memory"}, None, {"/cg/pids": "/docker/1"}
    )
    assert _below(found, "/cg/pids", "/docker/1") == ""
    assert _below(found, "/cg/pids", "/docker/1/x") == "/x"
    assert _below(found, "/cg/pids", "/docker/10") == "/docker/10"
    assert _below(found, "/cg/memory", "/docker/1") == "/docker/1"
