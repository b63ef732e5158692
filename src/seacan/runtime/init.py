"""The child's half of `create`: from a fork to the first process of the container.

STEPS is the order. It must hold: what needs the host's paths comes before `pivot`, what needs the
capabilities of root before `limit_capabilities`, and nothing but waiting, hooks of the container's
own and execve after the filter.
"""

from __future__ import annotations

import os

from seacan.kernel import procfs, rooted, signals, syscalls
from seacan.kernel.namespaces import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    enter_new_time_namespace,
    set_loopback_up,
)
from seacan.records import record
from seacan.runtime import cgroup_mounts, console, devices, failures, namespaces, rootfs, sysctls
from seacan.runtime.bundle import Bundle
from seacan.runtime.cgroup_mounts import NOWHERE, Places
from seacan.runtime.labels import label_keyring, label_process
from seacan.runtime.launch import Launch
from seacan.runtime.masks import Masks, make_read_only
from seacan.runtime.mounts import Mounts, of_the_host
from seacan.runtime.personality import set_personality
from seacan.runtime.process import (
    DEFAULT_UMASK,
    adjust_oom_score,
    apply_rlimits,
    become_user,
    enter_cwd,
    execute,
    find_executable,
    join_cgroup,
    leave_parent,
    limit_capabilities,
    load_seccomp,
    set_environment,
    start_session,
    take_descriptors,
)
from seacan.runtime.scheduling import set_scheduling
from seacan.runtime.state import state_of
from seacan.trace import mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from seacan.runtime.sources import Sources
    from seacan.runtime.user_namespace import Door
    from seacan.spec.runtime import LinuxDeviceCgroup, LinuxResources, State

NO_CGROUP: Final = "none"  # what the parent says of it, if it could not make one


@record(frozen=False, kw_only=True)
class Init(Launch):
    """The first process of a container; `fifo` is read to wait for its start.

    `failure` is a file for what its startContainer hooks fail with, -1 without such hooks.
    `resources` are the limits of its cgroup, `device_rules` for it if it has none yet;
    `cgroup_places` are where its cgroups are, for the mount that shows them. `door` is there for a
    user namespace (user_namespace.py), and `sources` for that and for mapped ids (sources.py).
    `mount_layers` makes the mount namespace, and the root file system in it, if the caller has not.
    `made` are the namespaces (CLONE_NEW*) that it is in already: ahead.py. With `blocks_signals` it
    is executed with all signals blocked.
    """

    bundle: Bundle
    resources: LinuxResources
    fifo: int = -1
    failure: int = -1
    door: Door | None = None
    sources: Sources | None = None
    device_rules: Sequence[LinuxDeviceCgroup] = ()
    cgroup_places: Places = NOWHERE
    mount_layers: Callable[[], None] | None = None
    made: int = 0
    blocks_signals: bool = False

    def descriptors(self) -> set[int]:
        kept = Launch.descriptors(self) | {self.fifo, self.failure}
        return kept | self.sources.descriptors() if self.sources else kept

    def state(self) -> State:
        """Return the container's state as its own hooks are to see it."""
        config = self.bundle.config
        return state_of(
            config["ociVersion"],
            self.container_id,
            "created",
            os.getpid(),
            self.bundle.path,
            config.get("annotations", {}),
        )


def block_signals(init: Init) -> None:
    if init.blocks_signals:
        signals.pthread_sigmask(signals.SIG_SETMASK, signals.valid_signals())


def mount_layers(init: Init) -> None:
    """Have the root file system mounted, while the parent makes the cgroup."""
    if init.mount_layers is not None:
        init.mount_layers()
        init.made |= CLONE_NEWNS


def await_cgroup(init: Init) -> None:
    """Wait for the parent, who makes it meanwhile, or has found that there can be none."""
    if failures.ask(init.pipe, "cgroup") == NO_CGROUP:
        from seacan.kernel.cgroups.absent import NoCgroup  # for a caller who may not make one

        init.cgroup = NoCgroup()
    elif init.settings.systemd_cgroup:
        init.cgroup.apply(init.resources)  # systemd makes it, with its limits, when it is joined


def find_cgroups(init: Init) -> None:
    if any(entry.get("type") == "cgroup" for entry in init.bundle.config.get("mounts", [])):
        has_namespace = init.bundle.namespace("cgroup") is not None
        init.cgroup_places = cgroup_mounts.find(has_namespace=has_namespace)


def join_namespaces(init: Init) -> None:
    """Join the namespaces that have a path; the one for pids was entered by being forked into it.

    A container with a user namespace has come a longer way: user_namespace.py.
    """
    wanted = init.bundle.linux.get("namespaces", [])
    namespaces.join(entry for entry in wanted if entry["type"] != "pid")


def make_namespaces(init: Init) -> None:
    """Make the others, all at once; those that already exist by now are left out."""
    new = namespaces.new(init.bundle.linux.get("namespaces", []))
    has_time = new & CLONE_NEWTIME
    new &= ~(CLONE_NEWPID | CLONE_NEWUSER | (CLONE_NEWTIME if init.door else 0) | init.made)
    syscalls.unshare(new)
    if new & CLONE_NEWTIME and (offsets := namespaces.time_offsets(init.bundle.linux)):
        procfs.write("self/timens_offsets", offsets)
    if has_time:
        enter_new_time_namespace()
    if new & CLONE_NEWNET:
        set_loopback_up()


def set_names(init: Init) -> None:
    if hostname := init.bundle.config.get("hostname"):
        syscalls.sethostname(hostname)
    if domainname := init.bundle.config.get("domainname"):
        syscalls.setdomainname(domainname)


def write_sysctls(init: Init) -> None:
    sysctls.write(init.bundle.linux.get("sysctl", {}))


def build_root(init: Init) -> None:
    """Make the tree of mounts that will be the root, with devices, and the working directory."""
    config = init.bundle.config
    root, binds = (init.sources.root, init.sources.binds) if init.sources else (-1, {})
    kind, is_private = rootfs.isolation(config)
    path = init.bundle.rootfs
    init.root_fd = rootfs.mount_root(path, kind, root, is_private=is_private)
    hosts = of_the_host(init.bundle.linux.get("namespaces", []))
    mounts = Mounts(
        init.root_fd,
        init.bundle.path,
        init.cgroup_places,
        is_private=is_private,
        label=init.linux.get("mountLabel", ""),
        hosts=hosts,
    )
    for index, entry in enumerate(config.get("mounts", [])):
        mounts.make(entry, binds.get(index))
        if init.trace >= 0:
            mark(init.trace, "init", f"mount {entry.get('type', 'bind')} {entry['destination']}")
    init.root_fd = mounts.root_fd
    devices.make_all(config, init.root_fd)
    mark(init.trace, "init", "make devices")
    os.close(rooted.open_directory(init.root_fd, init.process["cwd"]))
    console.open_console(init)
    mounts.protect()


def limit_devices(init: Init) -> None:
    """Set the rules that would have kept this process from a block device that it had to mount."""
    if init.device_rules:
        init.cgroup.apply({"devices": [*init.device_rules]})


def ask_for_hooks(init: Init) -> None:
    """Have the parent run the hooks that are for its namespaces."""
    if init.bundle.has_hooks("prestart", "createRuntime"):
        failures.ask(init.pipe, "hooks")


def run_create_hooks(init: Init) -> None:
    """Run the hooks that find the host's paths and the container's namespaces, in its root."""
    if init.bundle.has_hooks("createContainer"):
        from seacan.runtime import hooks  # most containers have none

        os.fchdir(init.root_fd)
        umask = os.umask(DEFAULT_UMASK)
        hooks.run("createContainer", init.bundle.config["hooks"], init.state())
        os.umask(umask)


def restrict_root(init: Init) -> None:
    make_read_only(init.root_fd, init.bundle.linux.get("readonlyPaths", []))
    Masks(init.root_fd, init.linux.get("mountLabel", "")).cover(
        init.bundle.linux.get("maskedPaths", [])
    )
    rootfs.protect_root(init.bundle.config, init.root_fd)


def pivot(init: Init) -> None:
    if init.settings.no_pivot:
        rootfs.move(init.bundle.config, init.root_fd, init.bundle.rootfs)
    else:
        rootfs.pivot(init.bundle.config, init.root_fd)


def wait_for_start(init: Init) -> None:
    """Say that the container is created, and sleep until a byte comes through the fifo."""
    failures.ready(init.pipe)
    os.read(init.fifo, 1)


def run_start_hooks(init: Init) -> None:
    """Run the hooks that are for the inside. Whoever starts the container may not be its maker."""
    if init.bundle.has_hooks("startContainer"):
        from seacan.runtime import hooks  # loaded since they were checked: here is no file of it

        try:
            hooks.run("startContainer", init.bundle.config["hooks"], init.state())
        except failures.HookFailed as err:
            os.write(init.failure, str(err).encode())
            raise


STEPS: Final[tuple[Callable[[Init], None], ...]] = (
    take_descriptors,
    label_keyring,
    start_session,
    adjust_oom_score,
    mount_layers,
    await_cgroup,
    join_cgroup,
    set_scheduling,
    find_cgroups,
    join_namespaces,
    make_namespaces,
    set_names,
    write_sysctls,
    build_root,
    limit_devices,
    ask_for_hooks,
    run_create_hooks,
    label_process,
    restrict_root,
    pivot,
    set_environment,
    apply_rlimits,
    set_personality,
    enter_cwd,
    become_user,
    limit_capabilities,
    find_executable,
    leave_parent,
    block_signals,
    load_seccomp,
    wait_for_start,
    run_start_hooks,
    execute,
)
